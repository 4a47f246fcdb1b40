//! When a function returns, its arguments are gone.

use probe_abi::{User, c_int, c_void, prototype};

prototype! {
    struct Close(User<unsafe extern "C" fn(fd: c_int) -> c_int>);
}

fn probe(ctx: *const c_void) {
    let _ = unsafe { Close::returned(ctx) }.fd();
}

fn main() {}
