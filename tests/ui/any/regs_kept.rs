use probe_abi::{c_ulong, c_void, pt_regs};

fn kept_in_a_variable(ctx: *const c_void) -> c_ulong {
    let mut last = None;
    unsafe { pt_regs::with_ctx(ctx, |regs| last = Some(regs)) };
    last.map_or(0, |regs| regs.arg::<0>())
}

fn returned(ctx: *const c_void) -> &'static pt_regs {
    unsafe { pt_regs::with_ctx(ctx, |regs| regs) }
}

fn main() {}
