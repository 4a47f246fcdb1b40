//! Generates the types of a C header, as they lie in the memory of the machine that is traced.

use probe_abi_build::{Machine, Types};

fn main() {
    probe_abi_build::run(|| {
        let machine = Machine::selected()?;
        Types::from_header("include/transfer.h")
            .allow(["transfer"])
            .write(&machine, "types.rs")
    });
}
