//! Six arguments are in registers.

use probe_abi::{Entry, User, c_int};

type Seven = User<unsafe extern "C" fn(c_int, c_int, c_int, c_int, c_int, c_int, c_int)>;

fn probe(call: &Entry<Seven>) {
    let _ = call.arg::<5>();
    let _ = call.read_arg::<6>();
    let _ = call.arg::<6>();
}

fn main() {}
