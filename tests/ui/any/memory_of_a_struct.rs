//! Of a struct it has to be said that any bytes are one.

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
