//! When a function returns, its arguments are gone.

use probe_abi::{Return, User, c_int};

fn probe(returned: &Return<User<unsafe extern "C" fn(c_int)>>) {
    let _ = returned.arg::<0>();
}

fn main() {}
