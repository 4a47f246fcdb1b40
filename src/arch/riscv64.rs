//! RISC-V of 64 bits, little-endian.
//!
//! * Calls: RISC-V ABIs Specification (psABI), "Integer Register Convention" and "Integer Calling
//!   Convention".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/riscv/include/asm/syscall.h`.
//!   Argument 0 is only in `orig_a0` by the time that a syscall function runs.
//! * `ctx`: the UAPI's `user_regs_struct` is a prefix of the kernel's `struct pt_regs`; from `status`
//!   on it is the kernel's alone.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/riscv64.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/riscv64.rs"));
include!(concat!(env!("OUT_DIR"), "/riscv64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![a0, a1, a2, a3, a4, a5, a6, a7],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![a0],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "riscv64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(a7),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_a0, a1, a2, a3, a4, a5],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    // Since Linux 6.6, `arch/riscv/include/asm/syscall_wrapper.h`.
    wraps_syscalls: None,
    syscall_symbols: &[SyscallPrefix::registers("__riscv_"), SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(ra)),
    return_address_behind: 0,
    instruction_pointer: slot!(pc),
    stack_pointer: slot!(sp),
    frame_pointer: Some(slot!(s0)),
};
