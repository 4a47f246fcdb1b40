//! PowerPC of 32 bits, big-endian.
//!
//! * Calls: Power Architecture 32-bit Application Binary Interface Supplement 1.0, Linux, "Register
//!   Usage" and "Parameter Passing". A 64-bit argument starts at an odd register: `r3`, `r5`, `r7`, `r9`.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/powerpc/include/asm/syscall.h`.
//! * `ctx`: the UAPI's `pt_regs` is a prefix of the kernel's.
//!
//! The ABI has no frame pointer.
#![doc = include_str!("../bindings/powerpc.md")]

crate::regs::roles! {
    arch: "powerpc";
    arguments: gpr[3], gpr[4], gpr[5], gpr[6], gpr[7], gpr[8], gpr[9], gpr[10];
    stack_arguments: gpr[1] + 8;
    syscall_arguments: orig_gpr3, gpr[4], gpr[5], gpr[6], gpr[7], gpr[8];
    syscall_number: gpr[0];
    return_value: gpr[3];
    return_address: Register(link);
    instruction_pointer: nip;
    stack_pointer: gpr[1];
    frame_pointer: None;
}
