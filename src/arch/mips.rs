//! MIPS of 32 bits (o32), little-endian and big-endian.
//!
//! * Calls: System V ABI, MIPS RISC Processor Supplement, third edition, "Function Calling Sequence": four
//!   arguments in registers, a 64-bit argument in an even pair; the caller leaves 16 bytes on the stack
//!   for them, and the other arguments follow.
//! * Registers: as gcc numbers them (`gcc/config/mips/mips.h`); the supplement has no numbers.
//! * Syscalls: syscall(2), "Architecture calling conventions", mips/o32: arguments 4 to 7 are on the
//!   user's stack, and the syscall entry (`arch/mips/kernel/scall32-o32.S`) copies them into the first
//!   slots of `pt_regs`.
//! * `ctx`: the kernel's `struct pt_regs`. The UAPI's struct of that name is *not* the same: it has
//!   64-bit registers at offset 0.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/mips.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

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

const GO: GoConvention = GoConvention {
    little_endian: Some("mipsle"),
    big_endian: Some("mips"),
    registers_since: None,
    registers: &[],
    stack: 4,
    g: Some(GoG::Always(slot!(regs[30]))),
    context: slot!(regs[22]),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("zero", 0, slot!(regs[0])).or(&["0", "r0"]),
        register("at", 1, slot!(regs[1])).or(&["1", "r1"]),
        register("v0", 2, slot!(regs[2])).or(&["2", "r2"]),
        register("v1", 3, slot!(regs[3])).or(&["3", "r3"]),
        register("a0", 4, slot!(regs[4])).or(&["4", "r4"]),
        register("a1", 5, slot!(regs[5])).or(&["5", "r5"]),
        register("a2", 6, slot!(regs[6])).or(&["6", "r6"]),
        register("a3", 7, slot!(regs[7])).or(&["7", "r7"]),
        register("t0", 8, slot!(regs[8])).or(&["8", "r8"]),
        register("t1", 9, slot!(regs[9])).or(&["9", "r9"]),
        register("t2", 10, slot!(regs[10])).or(&["10", "r10"]),
        register("t3", 11, slot!(regs[11])).or(&["11", "r11"]),
        register("t4", 12, slot!(regs[12])).or(&["12", "r12"]),
        register("t5", 13, slot!(regs[13])).or(&["13", "r13"]),
        register("t6", 14, slot!(regs[14])).or(&["14", "r14"]),
        register("t7", 15, slot!(regs[15])).or(&["15", "r15"]),
        register("s0", 16, slot!(regs[16])).or(&["16", "r16"]),
        register("s1", 17, slot!(regs[17])).or(&["17", "r17"]),
        register("s2", 18, slot!(regs[18])).or(&["18", "r18"]),
        register("s3", 19, slot!(regs[19])).or(&["19", "r19"]),
        register("s4", 20, slot!(regs[20])).or(&["20", "r20"]),
        register("s5", 21, slot!(regs[21])).or(&["21", "r21"]),
        register("s6", 22, slot!(regs[22])).or(&["22", "r22"]),
        register("s7", 23, slot!(regs[23])).or(&["23", "r23"]),
        register("t8", 24, slot!(regs[24])).or(&["24", "r24"]),
        register("t9", 25, slot!(regs[25])).or(&["25", "r25"]),
        register("k0", 26, slot!(regs[26])).or(&["26", "r26", "kt0"]),
        register("k1", 27, slot!(regs[27])).or(&["27", "r27", "kt1"]),
        register("gp", 28, slot!(regs[28])).or(&["28", "r28"]),
        register("sp", 29, slot!(regs[29])).or(&["29", "r29"]),
        register("fp", 30, slot!(regs[30])).or(&["30", "r30", "s8"]),
        register("ra", 31, slot!(regs[31])).or(&["31", "r31"]),
        register("hi", 64, slot!(hi)),
        register("lo", 65, slot!(lo)),
        unnumbered("pc", slot!(cp0_epc)),
    ],
    &elsewhere(
        32,
        numbered!(
            ["f"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31
        ),
    ),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "mips",
    word: 4,
    elf_machine: 8, // EM_MIPS
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(regs[2]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![
        regs[4], regs[5], regs[6], regs[7], args[4], args[5], args[6], args[7]
    ],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: Some(SyscallPairs {
        start: Start::Even,
        order: Order::Memory,
    }),
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[SyscallPrefix::arguments("")],
    compat: Compat::None,
    return_address: Register(slot!(regs[31])),
    return_address_behind: 0,
    instruction_pointer: slot!(cp0_epc),
    stack_pointer: slot!(regs[29]),
    frame_pointer: Some(slot!(regs[30])),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "$",
        constant: "",
        memory: MemorySyntax::Displacement,
        no_base: "",
    },
};
