//! The message is at the parameter.

use probe_abi::{User, c_int, prototype};

prototype! {
    struct Scale(User<unsafe extern "C" fn(count: c_int, factor: f64) -> c_int>);
}

fn main() {}
