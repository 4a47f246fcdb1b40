//! A function that returns nothing has no value.

use probe_abi::{Return, User, c_int};

fn probe(returned: &Return<User<unsafe extern "C" fn(c_int)>>) {
    let _: c_int = returned.value();
}

fn main() {}
