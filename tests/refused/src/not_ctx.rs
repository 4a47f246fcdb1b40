//! `R0 !read_ok`, `invalid read from stack R1 off=96 size=8`

use probe_abi::{c_ulong, c_void, pt_regs};

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn not_ctx_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: none, for this is where the variable lies and not what it holds.
    let regs = unsafe { pt_regs::from_ctx((&raw const ctx).cast()) };
    regs.arg::<1>()
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn not_ctx_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    regs.arg::<1>()
}
