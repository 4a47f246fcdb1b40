//! The other machine's `long` has 32 bits.

use probe_abi::{Entry, c_long, c_void, compat};

type Function = compat::User<unsafe extern "C" fn(compat::c_long) -> compat::c_int>;

fn first(ctx: *const c_void) -> Result<c_long, i32> {
    unsafe { Entry::<Function>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
