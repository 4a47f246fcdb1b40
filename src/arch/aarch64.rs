//! aarch64 (arm64), little-endian, and big-endian where a kernel is built so.
//!
//! * Calls: Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64), "General-purpose
//!   Registers" and "Parameter passing".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/arm64/include/asm/syscall.h`. `x0`
//!   is also the return value's, so argument 0 is read from `orig_x0`.
//! * `ctx`: the UAPI's `user_pt_regs` is a prefix of the kernel's `struct pt_regs`; `orig_x0` is
//!   the kernel's alone.
#![doc = include_str!("../bindings/aarch64.md")]

crate::regs::roles! {
    arch: "aarch64";
    arguments: regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6], regs[7];
    stack_arguments: sp + 0;
    syscall_arguments: orig_x0, regs[1], regs[2], regs[3], regs[4], regs[5];
    syscall_number: regs[8];
    return_value: regs[0];
    return_address: Register(regs[30]);
    instruction_pointer: pc;
    stack_pointer: sp;
    frame_pointer: Some(regs[29]);
}
