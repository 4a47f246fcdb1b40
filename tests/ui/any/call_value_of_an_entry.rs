//! At its entry, a function has returned nothing.

use probe_abi::{Entry, User, c_int};

fn probe(call: &Entry<User<unsafe extern "C" fn() -> c_int>>) {
    let _ = call.value();
}

fn main() {}
