//! Rust's own functions have no fixed calling convention.

use probe_abi::{Entry, User, c_int, c_void};

type Rust = User<fn(c_int)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Rust>::from_ctx(ctx) };
}

fn main() {}
