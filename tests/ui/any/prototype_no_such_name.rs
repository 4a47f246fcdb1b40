//! The prototype has no parameter of that name.

use probe_abi::{User, c_int, prototype};

prototype! {
    struct Close(User<unsafe extern "C" fn(fd: c_int) -> c_int>);
}

fn probe(call: &Close) {
    let _ = call.file();
}

fn main() {}
