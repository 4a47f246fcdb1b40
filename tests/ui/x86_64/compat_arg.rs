//! The other machine passes everything on the stack.

use probe_abi::{Entry, c_void, compat};

type Function = compat::User<unsafe extern "C" fn(compat::c_long) -> compat::c_int>;

fn first(ctx: *const c_void) -> compat::c_long {
    unsafe { Entry::<Function>::from_ctx(ctx) }.arg::<0>()
}

fn main() {}
