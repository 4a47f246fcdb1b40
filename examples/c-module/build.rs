//! Compiles src/my_module.bpf.c, for bpf-linker to link with the Rust. For tests, which run on your computer, it
//! compiles the C to an ordinary object.

use probe_abi_build::{Machine, Module};

fn main() {
    probe_abi_build::run(|| {
        let machine = Machine::selected()?;
        Module::new("src/my_module.bpf.c").link(&machine)
    });
}
