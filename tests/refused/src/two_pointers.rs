//! `same insn cannot be used with different pointers`

use probe_abi::{c_ulong, c_void, pt_regs};

use crate::helpers::read_kernel;

#[inline(never)]
fn flags(regs: &pt_regs) -> c_ulong {
    regs.arg::<1>() & 0xff
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn two_pointers_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    match read_kernel::<pt_regs>(regs.arg::<0>()) {
        Some(syscall) => flags(&syscall),
        None => flags(regs),
    }
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn two_pointers_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let own = regs.arg::<1>();
    let flags = match read_kernel::<pt_regs>(regs.arg::<0>()) {
        Some(syscall) => syscall.arg::<1>(),
        None => own,
    };
    flags & 0xff
}
