//! arm of 32 bits, little-endian, or big-endian if the kernel is built so.
//!
//! * Calls: Procedure Call Standard for the Arm Architecture (AAPCS32), "Core registers" and "Parameter
//!   Passing". Four arguments in registers; a 64-bit argument starts at an even register.
//! * Registers: DWARF for the Arm Architecture (AADWARF32), "DWARF register names". gcc still describes a
//!   variable in `d0` to `d15` by the older numbers of `s0` to `s31`.
//! * Syscalls: syscall(2), "Architecture calling conventions", EABI: seven arguments, number in `r7`;
//!   `arch/arm/include/asm/syscall.h`. `r0` is also the register of the return value, so argument 0 is
//!   read from `uregs[17]`, the kernel's `ARM_ORIG_r0`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's: `r0` to `r15`, `cpsr`, `ORIG_r0`.
//!
//! The instruction pointer is `r15`. `r12`, which assembly calls `ip`, is a scratch register. The frame pointer is
//! `r11`, the one of A32 code; Thumb code uses `r7`.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/arm.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

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

const GO: GoConvention = GoConvention {
    little_endian: Some("arm"),
    big_endian: None,
    registers_since: None,
    registers: &[],
    stack: 4,
    g: Some(GoG::Always(slot!(uregs[10]))),
    context: slot!(uregs[7]),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("r0", 0, slot!(uregs[0])).or(&["a1"]),
        register("r1", 1, slot!(uregs[1])).or(&["a2"]),
        register("r2", 2, slot!(uregs[2])).or(&["a3"]),
        register("r3", 3, slot!(uregs[3])).or(&["a4"]),
        register("r4", 4, slot!(uregs[4])).or(&["v1"]),
        register("r5", 5, slot!(uregs[5])).or(&["v2"]),
        register("r6", 6, slot!(uregs[6])).or(&["v3"]),
        register("r7", 7, slot!(uregs[7])).or(&["v4"]),
        register("r8", 8, slot!(uregs[8])).or(&["v5"]),
        register("r9", 9, slot!(uregs[9])).or(&["v6", "sb"]),
        register("r10", 10, slot!(uregs[10])).or(&["v7", "sl"]),
        register("r11", 11, slot!(uregs[11])).or(&["v8", "fp"]),
        register("r12", 12, slot!(uregs[12])).or(&["ip"]),
        register("r13", 13, slot!(uregs[13])).or(&["sp"]),
        register("r14", 14, slot!(uregs[14])).or(&["lr"]),
        register("r15", 15, slot!(uregs[15])).or(&["pc"]),
        unnumbered("cpsr", slot!(uregs[16])),
    ],
    &elsewhere(
        64,
        numbered!(
            ["s"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31
        ),
    ),
    &elsewhere(
        256,
        names![
            d0 q0, d1, d2 q1, d3, d4 q2, d5, d6 q3, d7, d8 q4, d9, d10 q5, d11, d12 q6, d13, d14 q7,
            d15, d16 q8, d17, d18 q9, d19, d20 q10, d21, d22 q11, d23, d24 q12, d25, d26 q13, d27,
            d28 q14, d29, d30 q15, d31
        ],
    ),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "arm",
    word: 4,
    elf_machine: 40, // EM_ARM
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(uregs[7]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![
        uregs[17], uregs[1], uregs[2], uregs[3], uregs[4], uregs[5], uregs[6]
    ],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: Some(SyscallPairs {
        start: Start::Even,
        order: Order::Memory,
    }),
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[SyscallPrefix::registers("__arm64_")],
    compat: Compat::None,
    return_address: Register(slot!(uregs[14])),
    return_address_behind: 0,
    instruction_pointer: slot!(uregs[15]),
    stack_pointer: slot!(uregs[13]),
    frame_pointer: Some(slot!(uregs[11])),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "",
        constant: "#",
        memory: MemorySyntax::Brackets,
        no_base: "",
    },
};
