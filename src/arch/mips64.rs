//! MIPS of 64 bits (n64), little-endian and big-endian.
//!
//! * Calls: MIPSpro 64-Bit Porting and Transition Guide, "Calling Convention Implementations": eight
//!   arguments in registers, and no stack space for them.
//! * Syscalls: syscall(2), "Architecture calling conventions", mips/n64.
//! * `ctx`: the kernel's `struct pt_regs`; the UAPI's struct of that name agrees with it in `regs`, but
//!   *not* in the order of what follows.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/mips64.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/mips64.rs"));
include!(concat!(env!("OUT_DIR"), "/mips64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        regs[4], regs[5], regs[6], regs[7], regs[8], regs[9], regs[10], regs[11]
    ],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![regs[2]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "mips64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(regs[2]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![regs[4], regs[5], regs[6], regs[7], regs[8], regs[9]],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(regs[31])),
    return_address_behind: 0,
    instruction_pointer: slot!(cp0_epc),
    stack_pointer: slot!(regs[29]),
    frame_pointer: Some(slot!(regs[30])),
};
