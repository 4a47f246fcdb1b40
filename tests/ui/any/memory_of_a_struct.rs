//! A user has to say of a struct that any bytes are a value of it.

use probe_abi::{Ptr, c_int};

#[derive(Clone, Copy)]
#[repr(C)]
struct Point {
    x: c_int,
    y: c_int,
}

fn probe(point: Ptr<Point>) {
    let _ = point.read_kernel();
}

fn main() {}
