//! PowerPC of 64 bits, little-endian (ELFv2) and big-endian (ELFv1, and ELFv2 in kernels since 6.5).
//!
//! * Calls, ELFv2: 64-Bit ELF V2 ABI Specification, "Register Roles" and "Parameter Passing in Registers". ELFv1:
//!   64-bit PowerPC ELF ABI Supplement 1.9, "Parameter Passing". The registers are the same. Argument 8 is
//!   the ninth doubleword of the parameter save area, which starts 32 bytes above the stack pointer in ELFv2, and
//!   48 bytes in ELFv1: 96 and 112.
//! * Which of the two: little-endian code is ELFv2. Big-endian user code is ELFv1 with glibc, and ELFv2 with musl.
//!   Big-endian kernels since Linux 6.5 are ELFv2, unless they are configured otherwise
//!   (`CONFIG_PPC64_BIG_ENDIAN_ELF_ABI_V2`); older ones are ELFv1. [`pt_regs`] has the convention of kernels since 6.5,
//!   and [`UserCode`] has that of glibc.
//! * Registers: 64-Bit ELF V2 ABI Specification, "DWARF Register Number Mapping". The fields of the condition register,
//!   which have numbers of their own there, are not among them.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/powerpc/include/asm/syscall.h`.
//! * `ctx`: the UAPI's `pt_regs` is a prefix of the kernel's.
//!
//! In ELFv2 a function's symbol is its global entry point. Calls within a module enter at the local entry point, often
//! 8 bytes later: attach a uprobe there. The ABI has no frame pointer.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/powerpc64.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

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

const GO: GoConvention = GoConvention {
    little_endian: Some("ppc64le"),
    big_endian: Some("ppc64"),
    registers_since: Some(18),
    registers: slots![
        gpr[3], gpr[4], gpr[5], gpr[6], gpr[7], gpr[8], gpr[9], gpr[10], gpr[14], gpr[15], gpr[16],
        gpr[17]
    ],
    stack: 32,
    g: Some(GoG::Always(slot!(gpr[30]))),
    context: slot!(gpr[11]),
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
            ["f" "vs"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29
            30 31
        ),
    ),
    &elsewhere(
        77,
        names![
            v0 vs32, v1 vs33, v2 vs34, v3 vs35, v4 vs36, v5 vs37, v6 vs38, v7 vs39, v8 vs40,
            v9 vs41, v10 vs42, v11 vs43, v12 vs44, v13 vs45, v14 vs46, v15 vs47, v16 vs48, v17 vs49,
            v18 vs50, v19 vs51, v20 vs52, v21 vs53, v22 vs54, v23 vs55, v24 vs56, v25 vs57,
            v26 vs58, v27 vs59, v28 vs60, v29 vs61, v30 vs62, v31 vs63
        ],
    ),
    &elsewhere(109, names![vrsave, vscr]),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "powerpc64",
    word: 8,
    elf_machine: 21, // EM_PPC64
    kernel: CALLS,
    asmlinkage: CALLS,
    user: Convention {
        stack: StackArea {
            little_endian: 96,
            big_endian: 112,
        },
        ..CALLS
    },
    go: Some(GO),
    syscall_number: slot!(gpr[0]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_gpr3, gpr[4], gpr[5], gpr[6], gpr[7], gpr[8]],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    // Since Linux 6.1, unless the kernel runs tasks of 32 bits (`COMPAT`) or has `SPU_BASE`: `arch/powerpc/Kconfig`.
    wraps_syscalls: None,
    syscall_symbols: &[SyscallPrefix::either("")],
    compat_syscall_symbols: &[],
    // `MSR_SF` in `arch/powerpc/include/asm/reg.h`.
    compat: Compat::Mode {
        slot: slot!(msr),
        mask: 0x8000_0000_0000_0000,
        wide: 0x8000_0000_0000_0000,
        narrow: 0,
    },
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

/// The slots for registers of powerpc have the same names.
const MOVED: Moved = &[];

pub mod compat {
    //! powerpc on a powerpc64 kernel: function arguments in a program of 32 bits, for a uprobe, and its syscalls.
    //!
    //! The convention is that of big-endian programs. Linux distributions have had no other programs of 32 bits.

    use crate::arch::powerpc as other;

    include!("../compat.rs");
}
