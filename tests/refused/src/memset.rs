//! `misaligned stack access off (0x0; 0x7)+-64+0 size 8`
//!
//! In a debug build. The program that is refused is in an object of its own, which has no `memset`.

use probe_abi::{c_int, c_void, pt_regs};

use crate::helpers::read_user_str;

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn memset_loads(ctx: *const c_void) -> c_int {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let mut path = [0; 64];
    read_user_str(&mut path, regs.arg::<1>());
    path[0].into()
}

/// The compiler calls it to fill an array.
///
/// # Safety
///
/// As for C's function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(start: *mut u8, byte: i32, length: usize) {
    for index in 0..length {
        // SAFETY: the caller's. Volatile, or the compiler sees what this is and calls itself.
        unsafe { start.add(index).write_volatile(byte as u8) };
    }
}
