//! `dereference of modified ctx ptr R1 off=104 disallowed`

use probe_abi::{c_ulong, c_void, pt_regs};

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn modified_ctx_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { &*ctx.cast::<pt_regs>() };
    if regs.rip & 1 == 0 {
        regs.rdi
    } else {
        regs.rsi
    }
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn modified_ctx_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    if regs.instruction_pointer() & 1 == 0 {
        regs.arg::<0>()
    } else {
        regs.arg::<1>()
    }
}
