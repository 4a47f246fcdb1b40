//! aarch64 (arm64), little-endian, and big-endian where a kernel is built so.
//!
//! * Calls: Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64), "General-purpose
//!   Registers" and "Parameter passing".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/arm64/include/asm/syscall.h`. `x0`
//!   is also the return value's, so argument 0 is read from `orig_x0`.
//! * `ctx`: the UAPI's `user_pt_regs` is a prefix of the kernel's `struct pt_regs`; `orig_x0` is
//!   the kernel's alone.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/aarch64.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/aarch64.rs"));
include!(concat!(env!("OUT_DIR"), "/aarch64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6], regs[7]
    ],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![regs[0]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "aarch64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(regs[8]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_x0, regs[1], regs[2], regs[3], regs[4], regs[5]],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    // Since Linux 4.19, `arch/arm64/include/asm/syscall_wrapper.h`.
    wraps_syscalls: Some(true),
    syscall_symbols: &[SyscallPrefix::registers("__arm64_"), SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(regs[30])),
    return_address_behind: 0,
    instruction_pointer: slot!(pc),
    stack_pointer: slot!(sp),
    frame_pointer: Some(slot!(regs[29])),
};
