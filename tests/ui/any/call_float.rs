//! Floating point is not in ctx, and the places of the other parameters are then not known.

use probe_abi::{Entry, User, c_void};

type Scale = User<unsafe extern "C" fn(f64)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Scale>::from_ctx(ctx) };
}

fn main() {}
