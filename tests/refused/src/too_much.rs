//! `BPF program is too large. Processed 1000001 insn`

use probe_abi::{c_ulong, c_void, pt_regs};

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn too_much_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let mut hash: c_ulong = 0;
    for word in 0..regs.arg::<2>() {
        hash = (hash ^ word).wrapping_mul(31);
    }
    hash
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn too_much_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let mut hash: c_ulong = 0;
    for word in 0..regs.arg::<2>().min(256) {
        hash = (hash ^ word).wrapping_mul(31);
    }
    hash
}
