//! x86_64 (amd64), little-endian.
//!
//! * Calls: System V ABI, AMD64 Architecture Processor Supplement, 3.2.2 "The Stack Frame" and 3.2.3
//!   "Parameter Passing".
//! * Syscalls: the same, A.2.1 "Calling Conventions": `r10` in place of `rcx`, which the `syscall`
//!   instruction overwrites.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's; fields have the UAPI's names.
//!
//! The instruction pointer in a kprobe is one byte past the probed instruction. `cs` and `ss` are whole
//! slots, `csx` and `ssx` in kernels that know FRED: only their low 16 bits are the selectors, and where
//! the processor has FRED the others describe the event that entered the kernel.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/x86_64.md"))]

use crate::machine::{ReturnAddress::Stack, *};

include!(concat!(env!("OUT_DIR"), "/x86_64.rs"));
include!(concat!(env!("OUT_DIR"), "/x86_64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![rdi, rsi, rdx, rcx, r8, r9],
    stack: StackArea::at(8),
    pairs: None,
    return_value: slots![rax],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "x86_64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(orig_rax),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![rdi, rsi, rdx, r10, r8, r9],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    // Since Linux 4.17, `arch/x86/include/asm/syscall_wrapper.h`.
    wraps_syscalls: Some(true),
    syscall_symbols: &[SyscallPrefix::registers("__x64_"), SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Stack(slot!(rsp)),
    return_address_behind: 0,
    instruction_pointer: slot!(rip),
    stack_pointer: slot!(rsp),
    frame_pointer: Some(slot!(rbp)),
};
