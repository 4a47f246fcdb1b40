//! `R2 min value is negative, either use unsigned or 'var &= const'`

use probe_abi::{c_int, c_ulong, c_void, pt_regs};

use crate::helpers::read_user_bytes;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn length_refused(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let mut data = [0; 64];
    let length = regs.arg::<2>() as u32;
    // SAFETY: the caller never passes more than 64.
    unsafe { read_user_bytes(&mut data, length, regs.arg::<1>()) };
    data[0].into()
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn length_loads(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let mut data = [0; 64];
    let length = regs.arg::<2>().min(data.len() as c_ulong) as u32;
    // SAFETY: there are at most as many as the array has.
    unsafe { read_user_bytes(&mut data, length, regs.arg::<1>()) };
    data[0].into()
}
