//! The program of `memset` that is refused: without a `memset`, it has compiler-builtins'.

#![no_std]
#![no_main]

#[path = "../helpers.rs"]
#[allow(dead_code)]
mod helpers;

use probe_abi::{c_int, c_void, pt_regs};

use crate::helpers::read_user_str;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn memset_refused(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let mut path = [0; 64];
    read_user_str(&mut path, regs.arg::<1>());
    path[0].into()
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 4] = *b"GPL\0";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
