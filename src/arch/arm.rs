//! arm of 32 bits, little-endian, and big-endian where a kernel is built so.
//!
//! * Calls: Procedure Call Standard for the Arm Architecture (AAPCS32), "Core registers" and "Parameter
//!   Passing". Four arguments in registers; a 64-bit one starts at an even register.
//! * Syscalls: syscall(2), "Architecture calling conventions", EABI: seven arguments, number in `r7`;
//!   `arch/arm/include/asm/syscall.h`. `r0` is also the return value's, so argument 0 is read from
//!   `uregs[17]`, the kernel's `ARM_ORIG_r0`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's: `r0` to `r15`, `cpsr`, `ORIG_r0`.
//!
//! The instruction pointer is `r15`; `r12`, which assembly calls `ip`, is a scratch register. The frame
//! pointer is that of A32 code, `r11`; Thumb code uses `r7`.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/arm.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/arm.rs"));
include!(concat!(env!("OUT_DIR"), "/arm.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![uregs[0], uregs[1], uregs[2], uregs[3]],
    stack: StackArea::at(0),
    pairs: Some(Pairs {
        start: Start::Even,
        order: Order::Memory,
        last_register: LastRegister::Empty,
        stack_alignment: 8,
    }),
    return_value: slots![uregs[0], uregs[1]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "arm",
    word: 4,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(uregs[7]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![
        uregs[17], uregs[1], uregs[2], uregs[3], uregs[4], uregs[5], uregs[6]
    ],
    syscalls: SYSCALLS,
    syscall_pairs: Some(SyscallPairs {
        start: Start::Even,
        order: Order::Memory,
    }),
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[SyscallPrefix::registers("__arm64_")],
    return_address: Register(slot!(uregs[14])),
    return_address_behind: 0,
    instruction_pointer: slot!(uregs[15]),
    stack_pointer: slot!(uregs[13]),
    frame_pointer: Some(slot!(uregs[11])),
};
