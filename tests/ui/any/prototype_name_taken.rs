//! A parameter has the name of a method that each prototype has.

use probe_abi::{User, c_int, prototype};

prototype! {
    struct Pipe(User<unsafe extern "C" fn(read: c_int, write: c_int) -> c_int>);
}

fn main() {}
