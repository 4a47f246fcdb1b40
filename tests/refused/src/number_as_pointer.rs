//! `R1 invalid mem access 'scalar'`

use probe_abi::{c_int, c_void, pt_regs};

use crate::helpers::read_user;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn number_as_pointer_refused(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let count = regs.arg::<1>() as *const c_int;
    // SAFETY: none, for the address is one of the traced process.
    unsafe { *count }
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn number_as_pointer_loads(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let count = regs.arg::<1>();
    read_user::<c_int>(count).unwrap_or(0)
}
