use probe_abi_build::{Machine, Types};

fn main() {
    probe_abi_build::run(|| {
        let machine = Machine::selected()?;
        machine.emit();
        Types::from_header("node.h")
            .allow(["node"])
            .write(&machine, "types.rs")
    });
}
