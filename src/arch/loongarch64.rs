//! LoongArch of 64 bits, little-endian.
//!
//! * Calls: LoongArch ELF psABI, "Register Convention" and "Procedure Calling Convention".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/loongarch/include/asm/syscall.h`. `a0`
//!   is also the return value's, and holds `-ENOSYS` while a syscall runs: argument 0 is read from
//!   `orig_a0`.
//! * `ctx`: the kernel's `struct pt_regs`, which is shorter than the UAPI's `user_pt_regs`.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/loongarch64.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/loongarch64.rs"));
include!(concat!(env!("OUT_DIR"), "/loongarch64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        regs[4], regs[5], regs[6], regs[7], regs[8], regs[9], regs[10], regs[11]
    ],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![regs[4]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "loongarch64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(regs[11]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_a0, regs[5], regs[6], regs[7], regs[8], regs[9]],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(regs[1])),
    return_address_behind: 0,
    instruction_pointer: slot!(csr_era),
    stack_pointer: slot!(regs[3]),
    frame_pointer: Some(slot!(regs[22])),
};
