//! `invalid bpf_context access off=256 size=8`, `invalid bpf_context access off=80 size=8`

use probe_abi::{arch::aarch64, c_int, c_ulong, c_void, pt_regs};

/// On x86_64, whose `pt_regs` has 168 bytes.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn no_such_slot_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: none, for this is another machine's `pt_regs`.
    let regs = unsafe { aarch64::pt_regs::from_ctx(ctx) };
    regs.instruction_pointer()
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn no_such_slot_written_refused(ctx: *mut c_void) -> c_int {
    let regs = ctx.cast::<pt_regs>();
    // SAFETY: none, for ctx cannot be written to.
    unsafe { (*regs).rax = 0 };
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn no_such_slot_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    regs.instruction_pointer()
}
