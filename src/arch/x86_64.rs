//! x86_64 (amd64), little-endian.
//!
//! * Calls: System V ABI, AMD64 Architecture Processor Supplement, 3.2.2 "The Stack Frame" and 3.2.3
//!   "Parameter Passing".
//! * Syscalls: the same, A.2.1 "Calling Conventions": `r10` in place of `rcx`, which the `syscall`
//!   instruction overwrites.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's; fields have the UAPI's names.
//!
//! The instruction pointer in a kprobe is one byte past the probed instruction. `cs` and `ss` are whole
//! slots, `csx` and `ssx` in kernels that know FRED: only their low 16 bits are the selectors, and where
//! the processor has FRED the others describe the event that entered the kernel.
#![doc = include_str!("../bindings/x86_64.md")]

crate::regs::roles! {
    arch: "x86_64";
    arguments: rdi, rsi, rdx, rcx, r8, r9;
    stack_arguments: rsp + 8;
    syscall_arguments: rdi, rsi, rdx, r10, r8, r9;
    syscall_number: orig_rax;
    return_value: rax;
    return_address: Stack(rsp);
    instruction_pointer: rip;
    stack_pointer: rsp;
    frame_pointer: Some(rbp);
}
