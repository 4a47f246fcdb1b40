//! `R2 bitwise operator &= on pointer prohibited`
//!
//! In a debug build.

use probe_abi::{c_ulong, c_void, pt_regs};

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn debug_alignment_refused(ctx: *const c_void) -> c_ulong {
    let regs = ctx.cast::<pt_regs>();
    // SAFETY: the kernel calls this with its pt_regs.
    unsafe { (&raw const (*regs).orig_rax).read_volatile() }
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn debug_alignment_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    regs.syscall_number()
}
