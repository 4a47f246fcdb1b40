//! A test calls a function with a value for each parameter.

use probe_abi::{User, c_int, prototype};

prototype! {
    struct Dup2(User<unsafe extern "C" fn(from: c_int, to: c_int) -> c_int>);
}

fn main() {
    let _ = Dup2::call((1,));
}
