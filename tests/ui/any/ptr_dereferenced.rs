use probe_abi::{Ptr, c_int};

fn probe(value: Ptr<c_int>) -> c_int {
    *value
}

fn main() {}
