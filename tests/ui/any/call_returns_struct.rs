//! A function that returns a struct may get the address of the struct as one more argument.

use probe_abi::{Entry, User, c_int, c_void};

#[repr(C)]
struct Point {
    x: c_int,
    y: c_int,
}

type Origin = User<unsafe extern "C" fn(c_int) -> Point>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Origin>::from_ctx(ctx) };
}

fn main() {}
