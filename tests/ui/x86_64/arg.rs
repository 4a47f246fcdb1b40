use probe_abi::{c_ulong, pt_regs};

fn probe(regs: &pt_regs) -> c_ulong {
    regs.arg::<6>()
}

fn main() {}
