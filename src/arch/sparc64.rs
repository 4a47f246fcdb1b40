//! SPARC V9 of 64 bits, big-endian.
//!
//! * Calls: SPARC Compliance Definition 2.4.1, "Low-Level System Information", "Function Calling
//!   Sequence". The stack pointer is biased: the stack is at `%sp + 2047`, and the sixth argument slot
//!   176 bytes above that, behind the register window's save area and six slots for register arguments:
//!   2223 in all.
//! * Return address: the `call` instruction leaves its own address in `%o7`; the function returns
//!   behind it and its delay slot, 8 bytes on.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/sparc/include/asm/syscall.h`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's: globals and outs; locals and ins are in the
//!   register window. A frame pointer (`%i6`) is therefore not in it.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/sparc64.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/sparc64.rs"));
include!(concat!(env!("OUT_DIR"), "/sparc64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        u_regs[8], u_regs[9], u_regs[10], u_regs[11], u_regs[12], u_regs[13]
    ],
    stack: StackArea::at(2223),
    pairs: None,
    return_value: slots![u_regs[8]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "sparc64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(u_regs[1]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![
        u_regs[8], u_regs[9], u_regs[10], u_regs[11], u_regs[12], u_regs[13]
    ],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(u_regs[15])),
    return_address_behind: 8,
    instruction_pointer: slot!(tpc),
    stack_pointer: slot!(u_regs[14]),
    frame_pointer: None,
};
