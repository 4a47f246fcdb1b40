//! The low half of the last parameter is in `a7`, and its high half is on the stack.

use probe_abi::{Entry, User, c_int};

type Split = User<unsafe extern "C" fn(i64, i64, i64, c_int, i64)>;

fn probe(call: &Entry<Split>) {
    let _ = call.arg::<3>();
    let _ = call.arg::<4>();
}

fn main() {}
