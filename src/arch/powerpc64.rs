//! PowerPC of 64 bits, little-endian (ELFv2) and big-endian (ELFv1, and ELFv2 in kernels since 6.5).
//!
//! * Calls, ELFv2: 64-Bit ELF V2 ABI Specification, "Register Roles" and "Parameter Passing in Registers". ELFv1:
//!   64-bit PowerPC ELF ABI Supplement 1.9, "Parameter Passing". The registers are the same. Argument 8 is
//!   the ninth doubleword of the parameter save area, which starts 32 bytes above the stack pointer in ELFv2, and
//!   48 bytes in ELFv1: 96 and 112.
//! * Which of the two: little-endian code is ELFv2. Big-endian user code is ELFv1 where the C library is glibc;
//!   musl's is ELFv2. Big-endian kernels are ELFv2 since Linux 6.5, unless they are configured otherwise
//!   (`CONFIG_PPC64_BIG_ENDIAN_ELF_ABI_V2`), and ELFv1 before. [`pt_regs`] has the convention of kernels since 6.5,
//!   and [`UserCode`] that of glibc.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/powerpc/include/asm/syscall.h`.
//! * `ctx`: the UAPI's `pt_regs` is a prefix of the kernel's.
//!
//! In ELFv2 a function's symbol is its global entry point; calls within a module enter at the local
//! one, often 8 bytes later, and a uprobe belongs there. The ABI has no frame pointer.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/powerpc64.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/powerpc64.rs"));
include!(concat!(env!("OUT_DIR"), "/powerpc64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        gpr[3], gpr[4], gpr[5], gpr[6], gpr[7], gpr[8], gpr[9], gpr[10]
    ],
    stack: StackArea::at(96),
    pairs: None,
    return_value: slots![gpr[3]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "powerpc64",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: Convention {
        stack: StackArea {
            little_endian: 96,
            big_endian: 112,
        },
        ..CALLS
    },
    syscall_number: slot!(gpr[0]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_gpr3, gpr[4], gpr[5], gpr[6], gpr[7], gpr[8]],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    // Since Linux 6.1, `arch/powerpc/Kconfig`: unless the kernel runs tasks of 32 bits (`COMPAT`)
    // or has `SPU_BASE`.
    wraps_syscalls: None,
    syscall_symbols: &[SyscallPrefix::either("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(link)),
    return_address_behind: 0,
    instruction_pointer: slot!(nip),
    stack_pointer: slot!(gpr[1]),
    frame_pointer: None,
};
