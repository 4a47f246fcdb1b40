use probe_abi::{c_ulong, pt_regs};

fn argument<const N: usize>(regs: &pt_regs) -> c_ulong {
    regs.arg::<N>()
}

fn main() {}
