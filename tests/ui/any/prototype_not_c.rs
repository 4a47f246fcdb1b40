//! The message is at the parameter.

use probe_abi::{User, c_int, prototype};

prototype! {
    struct Print(User<unsafe extern "C" fn(text: &str, limit: Option<u32>) -> c_int>);
}

fn main() {}
