//! The message is at the parameter.

use probe_abi::{User, c_void, prototype};

prototype! {
    struct Malloc(User<unsafe extern "C" fn(size: usize) -> *mut c_void>);
}

fn main() {}
