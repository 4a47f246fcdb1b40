//! The Rust side: a uprobe on `malloc`. The C side, in my_module.bpf.c, decides about a call. probe-abi knows the place
//! of its argument.

// For a BPF program. The tests are programs of your computer: see the end.
#![cfg_attr(not(test), no_std, no_main)]

use core::ptr;

use probe_abi::{User, c_int, c_void, prototype, pt_regs, size_t};

prototype! {
    /// The C library's `malloc`.
    struct Malloc(User<unsafe extern "C" fn(size: size_t) -> *mut c_void>);
}

// my_module.bpf.c
unsafe extern "C" {
    /// Keeps the registers if they are those of the largest call so far.
    safe fn keep_largest(regs: &pt_regs);
}

/// A helper reads nothing for a program whose licence is not compatible with the GPL.
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

/// How much memory the call asks for. my_module.bpf.c calls this function. It returns 0 if the size cannot be read: on
/// x86 the size is on the stack.
#[unsafe(no_mangle)]
extern "C" fn asked_for(regs: &pt_regs) -> size_t {
    // SAFETY: these are the registers of a call of `malloc`, and the reference does not leave this function.
    let call = unsafe { Malloc::entry(ptr::from_ref(regs).cast()) };
    call.read().size().unwrap_or(0)
}

/// Never called: the verifier refuses a program that could get here, because the program would not end.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

// A kernel cannot run a test harness. These tests find mistakes that no verifier sees, on your computer. README.md has
// the command, for which build.rs compiles the C too.
#[cfg(test)]
mod tests {
    use super::*;

    /// The struct of my_module.bpf.c.
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
            // SAFETY: no other test has C write to it.
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
        // Without the call, its stack is not in memory.
        drop(call);
        let in_a_register = probe_abi::ARCH != "x86";
        assert_eq!(asked_for(&regs), if in_a_register { 7 } else { 0 });
    }
}
