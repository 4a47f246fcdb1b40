//! aarch64 (arm64), little-endian, or big-endian if the kernel is built so.
//!
//! * Calls: Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64), "General-purpose
//!   Registers" and "Parameter passing".
//! * Registers: DWARF for the Arm 64-bit Architecture (AADWARF64), "DWARF register names".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/arm64/include/asm/syscall.h`. `x0`
//!   is also the register of the return value, so argument 0 is read from `orig_x0`.
//! * `ctx`: the UAPI's `user_pt_regs` is a prefix of the kernel's `struct pt_regs`; only the kernel's
//!   struct has `orig_x0`.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/aarch64.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/aarch64.rs"));
include!(concat!(env!("OUT_DIR"), "/aarch64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6], regs[7]
    ],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![regs[0]],
};

const GO: GoConvention = GoConvention {
    little_endian: Some("arm64"),
    big_endian: None,
    registers_since: Some(18),
    registers: slots![
        regs[0], regs[1], regs[2], regs[3], regs[4], regs[5], regs[6], regs[7], regs[8], regs[9],
        regs[10], regs[11], regs[12], regs[13], regs[14], regs[15]
    ],
    stack: 8,
    g: Some(GoG::Always(slot!(regs[28]))),
    context: slot!(regs[26]),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("x0", 0, slot!(regs[0])).parts(["w0", "", "", ""]),
        register("x1", 1, slot!(regs[1])).parts(["w1", "", "", ""]),
        register("x2", 2, slot!(regs[2])).parts(["w2", "", "", ""]),
        register("x3", 3, slot!(regs[3])).parts(["w3", "", "", ""]),
        register("x4", 4, slot!(regs[4])).parts(["w4", "", "", ""]),
        register("x5", 5, slot!(regs[5])).parts(["w5", "", "", ""]),
        register("x6", 6, slot!(regs[6])).parts(["w6", "", "", ""]),
        register("x7", 7, slot!(regs[7])).parts(["w7", "", "", ""]),
        register("x8", 8, slot!(regs[8])).parts(["w8", "", "", ""]),
        register("x9", 9, slot!(regs[9])).parts(["w9", "", "", ""]),
        register("x10", 10, slot!(regs[10])).parts(["w10", "", "", ""]),
        register("x11", 11, slot!(regs[11])).parts(["w11", "", "", ""]),
        register("x12", 12, slot!(regs[12])).parts(["w12", "", "", ""]),
        register("x13", 13, slot!(regs[13])).parts(["w13", "", "", ""]),
        register("x14", 14, slot!(regs[14])).parts(["w14", "", "", ""]),
        register("x15", 15, slot!(regs[15])).parts(["w15", "", "", ""]),
        register("x16", 16, slot!(regs[16]))
            .or(&["ip0"])
            .parts(["w16", "", "", ""]),
        register("x17", 17, slot!(regs[17]))
            .or(&["ip1"])
            .parts(["w17", "", "", ""]),
        register("x18", 18, slot!(regs[18])).parts(["w18", "", "", ""]),
        register("x19", 19, slot!(regs[19])).parts(["w19", "", "", ""]),
        register("x20", 20, slot!(regs[20])).parts(["w20", "", "", ""]),
        register("x21", 21, slot!(regs[21])).parts(["w21", "", "", ""]),
        register("x22", 22, slot!(regs[22])).parts(["w22", "", "", ""]),
        register("x23", 23, slot!(regs[23])).parts(["w23", "", "", ""]),
        register("x24", 24, slot!(regs[24])).parts(["w24", "", "", ""]),
        register("x25", 25, slot!(regs[25])).parts(["w25", "", "", ""]),
        register("x26", 26, slot!(regs[26])).parts(["w26", "", "", ""]),
        register("x27", 27, slot!(regs[27])).parts(["w27", "", "", ""]),
        register("x28", 28, slot!(regs[28])).parts(["w28", "", "", ""]),
        register("x29", 29, slot!(regs[29]))
            .or(&["fp"])
            .parts(["w29", "", "", ""]),
        register("x30", 30, slot!(regs[30]))
            .or(&["lr"])
            .parts(["w30", "", "", ""]),
        register("sp", 31, slot!(sp)).parts(["wsp", "", "", ""]),
        unnumbered("pc", slot!(pc)),
        unnumbered("pstate", slot!(pstate)).or(&["cpsr"]),
    ],
    &elsewhere(
        64,
        numbered!(
            ["v" "b" "h" "s" "d" "q" "z"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22
            23 24 25 26 27 28 29 30 31
        ),
    ),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "aarch64",
    word: 8,
    elf_machine: 183, // EM_AARCH64
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(regs[8]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_x0, regs[1], regs[2], regs[3], regs[4], regs[5]],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    // Since Linux 4.19, `arch/arm64/include/asm/syscall_wrapper.h`.
    wraps_syscalls: Some(true),
    syscall_symbols: &[
        SyscallPrefix::registers("__arm64_"),
        SyscallPrefix::arguments(""),
    ],
    compat_syscall_symbols: &[],
    // `compat_user_mode` in `arch/arm64/include/asm/ptrace.h`: `PSR_MODE32_BIT`.
    compat: Compat::Mode {
        slot: slot!(pstate),
        mask: 0x1f,
        wide: 0,
        narrow: 0x10,
    },
    return_address: Register(slot!(regs[30])),
    return_address_behind: 0,
    instruction_pointer: slot!(pc),
    stack_pointer: slot!(sp),
    frame_pointer: Some(slot!(regs[29])),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "",
        constant: "",
        memory: MemorySyntax::Brackets,
        no_base: "",
    },
};

/// The slots for registers of arm, in a task of 32 bits: Arm Architecture Reference Manual for A-profile, "Mapping of the
/// general-purpose registers between the Execution states"; `arch/arm64/include/asm/ptrace.h` (`compat_sp`, `compat_lr`).
const MOVED: Moved = &[
    ("uregs[0]", slot!(regs[0])),
    ("uregs[1]", slot!(regs[1])),
    ("uregs[2]", slot!(regs[2])),
    ("uregs[3]", slot!(regs[3])),
    ("uregs[4]", slot!(regs[4])),
    ("uregs[5]", slot!(regs[5])),
    ("uregs[6]", slot!(regs[6])),
    ("uregs[7]", slot!(regs[7])),
    ("uregs[8]", slot!(regs[8])),
    ("uregs[9]", slot!(regs[9])),
    ("uregs[10]", slot!(regs[10])),
    ("uregs[11]", slot!(regs[11])),
    ("uregs[12]", slot!(regs[12])),
    ("uregs[13]", slot!(regs[13])),
    ("uregs[14]", slot!(regs[14])),
    ("uregs[15]", slot!(pc)),
    ("uregs[16]", slot!(pstate)),
    ("uregs[17]", slot!(orig_x0)),
];

pub mod compat {
    //! arm on an aarch64 kernel: the syscalls of a task of 32 bits.
    //!
    //! aarch64 kernels do not attach uprobes to such a program (`arch_uprobe_analyze_insn` in
    //! `arch/arm64/kernel/probes/uprobes.c`). For most syscalls the kernel has one function for tasks of 32 and of 64
    //! bits.

    use crate::arch::arm as other;

    include!("../compat.rs");
}
