//! MIPS of 64 bits (n64), little-endian and big-endian.
//!
//! * Calls: MIPSpro 64-Bit Porting and Transition Guide, "Calling Convention Implementations": eight
//!   arguments in registers, and no stack space for them.
//! * Registers: names of n64, where `$8` is `a4`; as gcc numbers them (`gcc/config/mips/mips.h`).
//! * Syscalls: syscall(2), "Architecture calling conventions", mips/n64.
//! * `ctx`: the kernel's `struct pt_regs`; the UAPI's struct of that name agrees with it in `regs`, but
//!   *not* in the order of the fields after `regs`.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/mips64.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

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

const GO: GoConvention = GoConvention {
    little_endian: Some("mips64le"),
    big_endian: Some("mips64"),
    registers_since: None,
    registers: &[],
    stack: 8,
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
        register("a4", 8, slot!(regs[8])).or(&["8", "r8", "ta0"]),
        register("a5", 9, slot!(regs[9])).or(&["9", "r9", "ta1"]),
        register("a6", 10, slot!(regs[10])).or(&["10", "r10", "ta2"]),
        register("a7", 11, slot!(regs[11])).or(&["11", "r11", "ta3"]),
        register("t0", 12, slot!(regs[12])).or(&["12", "r12"]),
        register("t1", 13, slot!(regs[13])).or(&["13", "r13"]),
        register("t2", 14, slot!(regs[14])).or(&["14", "r14"]),
        register("t3", 15, slot!(regs[15])).or(&["15", "r15"]),
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
    name: "mips64",
    word: 8,
    elf_machine: 8, // EM_MIPS
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(regs[2]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![regs[4], regs[5], regs[6], regs[7], regs[8], regs[9]],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    // `__NR_O32_Linux`, in `arch/mips/kernel/scall64-o32.S`. Any task may use any of the numbers.
    compat: Compat::Numbers {
        first: 4000,
        last: 4999,
    },
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

/// The slots for registers of mips that have no slot of the same name: the arguments of a syscall that are on the task's stack
/// (`trace_a_syscall` in `arch/mips/kernel/scall64-o32.S`).
const MOVED: Moved = &[
    ("args[4]", slot!(regs[8])),
    ("args[5]", slot!(regs[9])),
    ("args[6]", slot!(regs[10])),
    ("args[7]", slot!(regs[11])),
];

pub mod compat {
    //! o32 on a mips64 kernel: function arguments in such a program, for a uprobe, and its syscalls.
    //!
    //! No register shows that a program is of o32: a loader reads it from the ELF header of the file (`EI_CLASS`, and
    //! `EF_MIPS_ABI2` for n32). The number of a syscall shows it: the numbers from 4000 to 4999 are o32's, and the
    //! numbers from 6000 on are n32's, which has the registers of n64. Arguments 4 to 7 of a syscall are in its
    //! registers if the task is traced, as it is in `sys_enter` (`arch/mips/kernel/scall64-o32.S`).

    use crate::arch::mips as other;

    include!("../compat.rs");
}
