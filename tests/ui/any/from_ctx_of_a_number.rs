use probe_abi::{c_ulong, pt_regs};

fn probe(ctx: u64) -> c_ulong {
    unsafe { pt_regs::from_ctx(ctx) }.arg::<0>()
}

fn main() {}
