//! The Rust side: a uprobe for any function whose first argument is a number. What becomes of a call is
//! C's to say, in my_module.bpf.c; what argument N is, is probe-abi's.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use probe_abi::{c_int, c_uint, c_ulong, c_void, pt_regs};

// my_module.bpf.c
unsafe extern "C" {
    /// Keeps the registers if they are those of the largest call so far.
    safe fn keep_largest(regs: &pt_regs);
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn called(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uprobe, and C does not keep the reference.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    keep_largest(regs);
    0
}

/// Called in my_module.bpf.c: an argument of the function that was called, counted from 0. It is 0 where
/// it is not in a register but on the stack, as all are in x86's user code: see examples/tracer.
#[unsafe(no_mangle)]
extern "C" fn argument(regs: &pt_regs, index: c_uint) -> c_ulong {
    regs.user_code().arg_at(index as usize).unwrap_or(0)
}

/// Nothing here panics: the verifier refuses a program that could get here, because it would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
