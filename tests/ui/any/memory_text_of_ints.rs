//! A string is made of `char`.

use probe_abi::{Ptr, c_int};

fn probe(numbers: Ptr<c_int>) {
    let _ = numbers.read_user_str(&mut [0; 8]);
}

fn main() {}
