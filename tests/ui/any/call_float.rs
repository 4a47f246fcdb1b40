//! Floating point is not in ctx, and where the other parameters are is not known then.

use probe_abi::{Entry, User, c_void};

type Scale = User<unsafe extern "C" fn(f64)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Scale>::from_ctx(ctx) };
}

fn main() {}
