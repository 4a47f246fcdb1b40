//! x86 of 32 bits (i386), little-endian.
//!
//! * Calls of user code: System V ABI, Intel386 Architecture Processor Supplement, "Function Calling
//!   Sequence": every argument on the stack. That is [`UserCode`], from
//!   [`pt_regs::user_code`].
//! * Calls of kernel code: the kernel is compiled with `-mregparm=3` (`arch/x86/Makefile`): three
//!   arguments in registers. That is [`pt_regs::arg`].
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/x86/include/asm/syscall.h`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's; fields have the UAPI's names.
//!
//! In C a 64-bit integer inside a struct is aligned to 4 bytes here; Rust's `u64`, and so the alias
//! `c_ulonglong`, to 8. bindgen says so at compile time where it matters. The instruction pointer in
//! a kprobe is one byte past the probed instruction.
//!
//! A kernel function with variable arguments takes all of them on the stack (GCC manual, x86 function
//! attributes, `regparm`): read those as [`UserCode`] does.
#![doc = include_str!("../bindings/x86.md")]

crate::regs::roles! {
    arch: "x86";
    arguments: eax, edx, ecx;
    stack_arguments: esp + 4;
    user_code: UserCode;
    syscall_arguments: ebx, ecx, edx, esi, edi, ebp;
    syscall_number: orig_eax;
    return_value: eax;
    return_address: Stack(esp);
    instruction_pointer: eip;
    stack_pointer: esp;
    frame_pointer: Some(ebp);
}

/// The registers under the calling convention of user code, which passes every argument on the stack.
///
/// `arg` does not compile here, and [`stack_arg_address`](Self::stack_arg_address) starts at 0. All
/// that is not about arguments is as in [`pt_regs`], to which this dereferences.
#[derive(Debug)]
#[repr(transparent)]
pub struct UserCode(pt_regs);

impl UserCode {
    #[inline(always)]
    fn of(regs: &pt_regs) -> &Self {
        // SAFETY: a transparent wrapper has the layout of what it wraps.
        unsafe { &*core::ptr::from_ref(regs).cast() }
    }
}

impl core::ops::Deref for UserCode {
    type Target = pt_regs;

    #[inline(always)]
    fn deref(&self) -> &pt_regs {
        &self.0
    }
}

crate::regs::arguments! {
    UserCode: ;
    stack esp + 4;
}
