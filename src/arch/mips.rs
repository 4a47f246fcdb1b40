//! MIPS of 32 bits (o32), little-endian and big-endian.
//!
//! * Calls: System V ABI, MIPS RISC Processor Supplement, third edition, "Function Calling Sequence": four
//!   arguments in registers, a 64-bit one in an even pair; the caller leaves 16 bytes on the stack for
//!   them, and the others follow.
//! * Syscalls: syscall(2), "Architecture calling conventions", mips/o32: arguments 4 to 7 are on the
//!   user's stack, and the syscall entry (`arch/mips/kernel/scall32-o32.S`) copies them into the first
//!   slots of `pt_regs`.
//! * `ctx`: the kernel's `struct pt_regs`, which the UAPI's struct of that name is *not*: it has
//!   64-bit registers at offset 0.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/mips.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/mips.rs"));
include!(concat!(env!("OUT_DIR"), "/mips.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![regs[4], regs[5], regs[6], regs[7]],
    stack: StackArea::at(16),
    pairs: Some(Pairs {
        start: Start::Even,
        order: Order::Memory,
        last_register: LastRegister::Empty,
        stack_alignment: 8,
    }),
    return_value: slots![regs[2], regs[3]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "mips",
    word: 4,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(regs[2]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![
        regs[4], regs[5], regs[6], regs[7], args[4], args[5], args[6], args[7]
    ],
    syscalls: SYSCALLS,
    syscall_pairs: Some(SyscallPairs {
        start: Start::Even,
        order: Order::Memory,
    }),
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[SyscallPrefix::arguments("")],
    return_address: Register(slot!(regs[31])),
    return_address_behind: 0,
    instruction_pointer: slot!(cp0_epc),
    stack_pointer: slot!(regs[29]),
    frame_pointer: Some(slot!(regs[30])),
};
