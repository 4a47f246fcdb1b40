//! User code passes every argument on the stack.

use probe_abi::{User, c_int, prototype};

prototype! {
    struct Close(User<unsafe extern "C" fn(fd: c_int) -> c_int>);
}

fn probe(call: &Close) {
    let _ = call.read().fd();
    let _ = call.fd();
}

fn main() {}
