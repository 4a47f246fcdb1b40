//! The Rust side: a uprobe on `malloc`. What becomes of a call is C's to say, in my_module.bpf.c; where its
//! argument is, is probe-abi's.

// As a BPF program. Its tests are programs of this computer: see the end.
#![cfg_attr(not(test), no_std, no_main)]

use core::ptr;

use probe_abi::{User, c_int, c_void, prototype, pt_regs, size_t};

prototype! {
    /// The C library's.
    struct Malloc(User<unsafe extern "C" fn(size: size_t) -> *mut c_void>);
}

// my_module.bpf.c
unsafe extern "C" {
    /// Keeps the registers if they are those of the largest call so far.
    safe fn keep_largest(regs: &pt_regs);
}

/// A helper would refuse to read for a program that is under no GPL-compatible licence.
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn called(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uprobe on `malloc`, and C does not keep the reference.
    let call = unsafe { Malloc::entry(ctx) };
    keep_largest(call.regs());
    0
}

/// Called in my_module.bpf.c: how much memory the call asks for. It is 0 where that cannot be read: on x86 it is on
/// the stack.
#[unsafe(no_mangle)]
extern "C" fn asked_for(regs: &pt_regs) -> size_t {
    // SAFETY: these are the registers of a call of `malloc`, and the reference does not leave this function.
    let call = unsafe { Malloc::entry(ptr::from_ref(regs).cast()) };
    call.read().size().unwrap_or(0)
}

/// Nothing here panics: the verifier refuses a program that could get here, because it would not end.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

// A kernel runs no test harness, so mistakes that no verifier sees are found where the program is written: README.md has
// the command, for which build.rs compiles the C too.
#[cfg(test)]
mod tests {
    use super::*;

    /// As my_module.bpf.c has it.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Largest {
        size: size_t,
        regs: [u8; size_of::<pt_regs>()],
    }

    unsafe extern "C" {
        static largest: Largest;
    }

    #[test]
    fn c_keeps_the_largest_call() {
        const HIGH: size_t = 1 << (size_t::BITS - 1);
        for (size, kept) in [(3, 3), (7, 7), (5, 7), (HIGH, HIGH), (9, HIGH)] {
            let call = Malloc::call((size,));
            assert_eq!(called(call.ctx()), 0);
            // SAFETY: this is the only test that has C write to it.
            let now = unsafe { (&raw const largest).read() };
            assert_eq!(now.size, kept, "{size}");
            // No two calls have the same stack pointer.
            assert_eq!(now.regs == call.bytes(), size == kept, "{size}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let call = Malloc::call((7,));
        assert_eq!(asked_for(call.regs()), 7);
        let regs = *call.regs();
        // And with it its stack.
        drop(call);
        let in_a_register = probe_abi::ARCH != "x86";
        assert_eq!(asked_for(&regs), if in_a_register { 7 } else { 0 });
    }
}
