use probe_abi::{Ptr, c_int};

fn probe(value: Ptr<c_int>) -> *const c_int {
    value
}

fn main() {}
