//! The prototype has fewer parameters; what is behind `...` is none.

use probe_abi::{Entry, User, c_int};

fn probe(call: &Entry<User<unsafe extern "C" fn(c_int, ...)>>) {
    let _ = call.read_arg::<1>();
}

fn main() {}
