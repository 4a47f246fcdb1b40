//! `infinite loop detected at insn 10`

use probe_abi::{c_int, c_void, pt_regs};

use crate::helpers::read_user;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn endless_refused(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let lock = regs.arg::<0>();
    while read_user::<c_int>(lock) == Some(1) {}
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn endless_loads(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let lock = regs.arg::<0>();
    for _ in 0..16 {
        if read_user::<c_int>(lock) != Some(1) {
            break;
        }
    }
    0
}
