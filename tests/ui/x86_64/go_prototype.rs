//! Each message is at the parameter, or at the function that is not of Go.

use probe_abi::{Go, GoInt, User, c_int, c_void, prototype};

prototype! {
    struct Wait(Go<fn(seconds: GoInt)>);
    struct Scale(Go<fn(size: usize, factor: f64, text: Option<u8>) -> GoInt>);
    struct Close(User<fn(fd: c_int) -> c_int>);
}

fn seconds(ctx: *const c_void) -> GoInt {
    unsafe { Wait::entry(ctx) }.seconds()
}

fn returned(ctx: *const c_void) {
    let _ = unsafe { Wait::returned(ctx) };
}

fn main() {}
