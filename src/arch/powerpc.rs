//! PowerPC of 32 bits, big-endian.
//!
//! * Calls: Power Architecture 32-bit Application Binary Interface Supplement 1.0, Linux, "Register
//!   Usage" and "Parameter Passing". A 64-bit argument starts at an odd register: `r3`, `r5`, `r7`, `r9`.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/powerpc/include/asm/syscall.h`.
//! * `ctx`: the UAPI's `pt_regs` is a prefix of the kernel's.
//!
//! The ABI has no frame pointer.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/powerpc.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/powerpc.rs"));
include!(concat!(env!("OUT_DIR"), "/powerpc.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        gpr[3], gpr[4], gpr[5], gpr[6], gpr[7], gpr[8], gpr[9], gpr[10]
    ],
    stack: StackArea::at(8),
    pairs: Some(Pairs {
        start: Start::Even,
        order: Order::HighFirst,
        last_register: LastRegister::Empty,
        stack_alignment: 8,
    }),
    return_value: slots![gpr[3], gpr[4]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "powerpc",
    word: 4,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(gpr[0]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_gpr3, gpr[4], gpr[5], gpr[6], gpr[7], gpr[8]],
    syscalls: SYSCALLS,
    syscall_pairs: Some(SyscallPairs {
        start: Start::Even,
        order: Order::Memory,
    }),
    // Since Linux 6.1, `arch/powerpc/Kconfig`: unless the kernel has `SPU_BASE`.
    wraps_syscalls: None,
    syscall_symbols: &[SyscallPrefix::either("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(link)),
    return_address_behind: 0,
    instruction_pointer: slot!(nip),
    stack_pointer: slot!(gpr[1]),
    frame_pointer: None,
};
