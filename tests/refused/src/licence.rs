//! `cannot call GPL-restricted function from non-GPL compatible program`
//!
//! The program that is refused is in an object of its own, because an object has one licence.

use probe_abi::{c_int, c_void, pt_regs};

use crate::helpers::read_user;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn licence_loads(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    read_user(regs.arg::<1>()).unwrap_or(0)
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
