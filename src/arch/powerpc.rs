//! PowerPC of 32 bits, big-endian.
//!
//! * Calls: Power Architecture 32-bit Application Binary Interface Supplement 1.0, Linux, "Register
//!   Usage" and "Parameter Passing". A 64-bit argument starts at an odd register: `r3`, `r5`, `r7`, `r9`.
//! * Registers: as gcc and binutils number them, the same as on powerpc64; the supplement has other numbers for `lr`,
//!   `ctr` and `xer`.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/powerpc/include/asm/syscall.h`.
//! * `ctx`: the UAPI's `pt_regs` is a prefix of the kernel's.
//!
//! The ABI has no frame pointer.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/powerpc.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

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

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("r0", 0, slot!(gpr[0])).or(&["0"]),
        register("r1", 1, slot!(gpr[1])).or(&["1", "sp"]),
        register("r2", 2, slot!(gpr[2])).or(&["2"]),
        register("r3", 3, slot!(gpr[3])).or(&["3"]),
        register("r4", 4, slot!(gpr[4])).or(&["4"]),
        register("r5", 5, slot!(gpr[5])).or(&["5"]),
        register("r6", 6, slot!(gpr[6])).or(&["6"]),
        register("r7", 7, slot!(gpr[7])).or(&["7"]),
        register("r8", 8, slot!(gpr[8])).or(&["8"]),
        register("r9", 9, slot!(gpr[9])).or(&["9"]),
        register("r10", 10, slot!(gpr[10])).or(&["10"]),
        register("r11", 11, slot!(gpr[11])).or(&["11"]),
        register("r12", 12, slot!(gpr[12])).or(&["12"]),
        register("r13", 13, slot!(gpr[13])).or(&["13"]),
        register("r14", 14, slot!(gpr[14])).or(&["14"]),
        register("r15", 15, slot!(gpr[15])).or(&["15"]),
        register("r16", 16, slot!(gpr[16])).or(&["16"]),
        register("r17", 17, slot!(gpr[17])).or(&["17"]),
        register("r18", 18, slot!(gpr[18])).or(&["18"]),
        register("r19", 19, slot!(gpr[19])).or(&["19"]),
        register("r20", 20, slot!(gpr[20])).or(&["20"]),
        register("r21", 21, slot!(gpr[21])).or(&["21"]),
        register("r22", 22, slot!(gpr[22])).or(&["22"]),
        register("r23", 23, slot!(gpr[23])).or(&["23"]),
        register("r24", 24, slot!(gpr[24])).or(&["24"]),
        register("r25", 25, slot!(gpr[25])).or(&["25"]),
        register("r26", 26, slot!(gpr[26])).or(&["26"]),
        register("r27", 27, slot!(gpr[27])).or(&["27"]),
        register("r28", 28, slot!(gpr[28])).or(&["28"]),
        register("r29", 29, slot!(gpr[29])).or(&["29"]),
        register("r30", 30, slot!(gpr[30])).or(&["30"]),
        register("r31", 31, slot!(gpr[31])).or(&["31"]),
        register("lr", 65, slot!(link)),
        register("ctr", 66, slot!(ctr)),
        unnumbered("cr", slot!(ccr)),
        register("xer", 76, slot!(xer)),
        unnumbered("pc", slot!(nip)).or(&["nip"]),
        unnumbered("msr", slot!(msr)),
    ],
    &elsewhere(
        32,
        numbered!(
            ["f"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31
        ),
    ),
    &elsewhere(
        77,
        numbered!(
            ["v"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31
        ),
    ),
    &elsewhere(109, names![vrsave, vscr]),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "powerpc",
    word: 4,
    elf_machine: 20, // EM_PPC
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: None,
    syscall_number: slot!(gpr[0]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_gpr3, gpr[4], gpr[5], gpr[6], gpr[7], gpr[8]],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: Some(SyscallPairs {
        start: Start::Even,
        order: Order::Memory,
    }),
    // Since Linux 6.1, unless the kernel has `SPU_BASE`: `arch/powerpc/Kconfig`.
    wraps_syscalls: None,
    syscall_symbols: &[SyscallPrefix::either("")],
    compat_syscall_symbols: &[],
    compat: Compat::None,
    return_address: Register(slot!(link)),
    return_address_behind: 0,
    instruction_pointer: slot!(nip),
    stack_pointer: slot!(gpr[1]),
    frame_pointer: None,
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "%",
        constant: "i",
        memory: MemorySyntax::DisplacementOrPair,
        no_base: "r0",
    },
};
