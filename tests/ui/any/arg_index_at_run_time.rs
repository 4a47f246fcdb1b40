use probe_abi::{c_ulong, pt_regs};

fn argument(regs: &pt_regs, index: usize) -> c_ulong {
    regs.arg::<index>()
}

fn main() {}
