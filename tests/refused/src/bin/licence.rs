//! The program of `licence` that is refused.

#![no_std]
#![no_main]

#[path = "../helpers.rs"]
#[allow(dead_code)]
mod helpers;

use probe_abi::{c_int, c_void, pt_regs};

use crate::helpers::read_user;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn licence_refused(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    read_user(regs.arg::<1>()).unwrap_or(0)
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 4] = *b"MIT\0";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
