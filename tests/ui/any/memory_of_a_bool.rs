//! Traced memory may have a byte that is no `bool`.

use probe_abi::Ptr;

fn probe(flag: Ptr<bool>) {
    let _ = flag.read_user();
}

fn main() {}
