//! `last insn is not an exit or jmp`

use probe_abi::{c_int, c_void, pt_regs};

const WEIGHTS: [c_int; 4] = [2, 3, 5, 7];

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn may_panic_refused(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let index = regs.arg::<0>() as usize;
    WEIGHTS[index] + 1
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn may_panic_loads(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let index = regs.arg::<0>() as usize;
    match WEIGHTS.get(index) {
        Some(weight) => weight.wrapping_add(1),
        None => 0,
    }
}
