//! RISC-V of 32 bits, little-endian.
//!
//! * Calls: RISC-V ABIs Specification (psABI), "Integer Register Convention" and "Integer Calling
//!   Convention".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/riscv/include/asm/syscall.h`.
//!   Argument 0 is only in `orig_a0` by the time that a syscall function runs.
//! * `ctx`: the UAPI's `user_regs_struct` is a prefix of the kernel's `struct pt_regs`; from `status`
//!   on it is the kernel's alone.
#![doc = include_str!("../bindings/riscv32.md")]

crate::regs::roles! {
    arch: "riscv32";
    arguments: a0, a1, a2, a3, a4, a5, a6, a7;
    stack_arguments: sp + 0;
    syscall_arguments: orig_a0, a1, a2, a3, a4, a5;
    syscall_number: a7;
    return_value: a0;
    return_address: Register(ra);
    instruction_pointer: pc;
    stack_pointer: sp;
    frame_pointer: Some(s0);
}
