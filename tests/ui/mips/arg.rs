use probe_abi::{c_ulong, pt_regs};

fn probe(regs: &pt_regs) -> c_ulong {
    regs.arg::<4>()
}

fn main() {}
