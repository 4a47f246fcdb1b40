use probe_abi::{c_ulong, c_void, pt_regs};

fn probe(ctx: *const c_void) -> c_ulong {
    pt_regs::from_ctx(ctx).arg::<0>()
}

fn with(ctx: *const c_void) -> c_ulong {
    pt_regs::with_ctx(ctx, |regs| regs.arg::<0>())
}

fn main() {}
