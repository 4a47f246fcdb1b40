//! `R3 !read_ok`

use probe_abi::{c_ulong, c_void, pt_regs};

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn never_written_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let is_limited = regs.arg::<0>() & 1 == 1;
    let limit = is_limited.then(|| regs.arg::<1>());
    limit.min(Some(regs.arg::<2>())).unwrap_or(0)
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn never_written_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let is_limited = regs.arg::<0>() & 1 == 1;
    let limit = if is_limited { regs.arg::<1>() } else { 0 };
    limit.min(regs.arg::<2>())
}
