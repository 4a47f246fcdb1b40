//! An integer of 128 bits is passed in ways of its own.

use probe_abi::{Entry, User, c_void};

type Add = User<unsafe extern "C" fn(u128)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Add>::from_ctx(ctx) };
}

fn main() {}
