//! Generates the types of a C header in the layout that they have in the traced machine's memory.

use probe_abi_build::{Machine, Types};

fn main() {
    probe_abi_build::run(|| {
        let machine = Machine::selected()?;
        Types::from_header("include/transfer.h")
            .allow(["transfer"])
            .write(&machine, "types.rs")
    });
}
