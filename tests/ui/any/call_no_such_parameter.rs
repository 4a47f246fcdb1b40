//! The prototype has fewer parameters. An argument behind `...` is not a parameter.

use probe_abi::{Entry, User, c_int};

fn probe(call: &Entry<User<unsafe extern "C" fn(c_int, ...)>>) {
    let _ = call.read_arg::<1>();
}

fn main() {}
