//! A struct by value is passed in ways that depend on its fields.

use probe_abi::{Entry, User, c_int, c_void};

#[repr(C)]
struct Point {
    x: c_int,
    y: c_int,
}

type Draw = User<unsafe extern "C" fn(Point)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Draw>::from_ctx(ctx) };
}

fn main() {}
