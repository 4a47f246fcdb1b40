//! LoongArch of 64 bits, little-endian.
//!
//! * Calls: LoongArch ELF psABI, "Register Convention" and "Procedure Calling Convention".
//! * Registers: the same, "DWARF Register Numbers".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/loongarch/include/asm/syscall.h`. `a0`
//!   is also the register of the return value, and holds `-ENOSYS` while a syscall runs: argument 0 is
//!   read from `orig_a0`.
//! * `ctx`: the kernel's `struct pt_regs`, which is shorter than the UAPI's `user_pt_regs`.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/loongarch64.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/loongarch64.rs"));
include!(concat!(env!("OUT_DIR"), "/loongarch64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        regs[4], regs[5], regs[6], regs[7], regs[8], regs[9], regs[10], regs[11]
    ],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![regs[4]],
};

const GO: GoConvention = GoConvention {
    little_endian: Some("loong64"),
    big_endian: None,
    registers_since: Some(22),
    registers: slots![
        regs[4], regs[5], regs[6], regs[7], regs[8], regs[9], regs[10], regs[11], regs[12],
        regs[13], regs[14], regs[15], regs[16], regs[17], regs[18], regs[19]
    ],
    stack: 8,
    g: Some(GoG::Always(slot!(regs[22]))),
    context: slot!(regs[29]),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("zero", 0, slot!(regs[0])).or(&["r0"]),
        register("ra", 1, slot!(regs[1])).or(&["r1"]),
        register("tp", 2, slot!(regs[2])).or(&["r2"]),
        register("sp", 3, slot!(regs[3])).or(&["r3"]),
        register("a0", 4, slot!(regs[4])).or(&["r4"]),
        register("a1", 5, slot!(regs[5])).or(&["r5"]),
        register("a2", 6, slot!(regs[6])).or(&["r6"]),
        register("a3", 7, slot!(regs[7])).or(&["r7"]),
        register("a4", 8, slot!(regs[8])).or(&["r8"]),
        register("a5", 9, slot!(regs[9])).or(&["r9"]),
        register("a6", 10, slot!(regs[10])).or(&["r10"]),
        register("a7", 11, slot!(regs[11])).or(&["r11"]),
        register("t0", 12, slot!(regs[12])).or(&["r12"]),
        register("t1", 13, slot!(regs[13])).or(&["r13"]),
        register("t2", 14, slot!(regs[14])).or(&["r14"]),
        register("t3", 15, slot!(regs[15])).or(&["r15"]),
        register("t4", 16, slot!(regs[16])).or(&["r16"]),
        register("t5", 17, slot!(regs[17])).or(&["r17"]),
        register("t6", 18, slot!(regs[18])).or(&["r18"]),
        register("t7", 19, slot!(regs[19])).or(&["r19"]),
        register("t8", 20, slot!(regs[20])).or(&["r20"]),
        register("r21", 21, slot!(regs[21])),
        register("fp", 22, slot!(regs[22])).or(&["r22", "s9"]),
        register("s0", 23, slot!(regs[23])).or(&["r23"]),
        register("s1", 24, slot!(regs[24])).or(&["r24"]),
        register("s2", 25, slot!(regs[25])).or(&["r25"]),
        register("s3", 26, slot!(regs[26])).or(&["r26"]),
        register("s4", 27, slot!(regs[27])).or(&["r27"]),
        register("s5", 28, slot!(regs[28])).or(&["r28"]),
        register("s6", 29, slot!(regs[29])).or(&["r29"]),
        register("s7", 30, slot!(regs[30])).or(&["r30"]),
        register("s8", 31, slot!(regs[31])).or(&["r31"]),
        unnumbered("pc", slot!(csr_era)).or(&["era"]),
    ],
    &elsewhere(
        32,
        names![
            fa0 f0 vr0 xr0, fa1 f1 vr1 xr1, fa2 f2 vr2 xr2, fa3 f3 vr3 xr3, fa4 f4 vr4 xr4,
            fa5 f5 vr5 xr5, fa6 f6 vr6 xr6, fa7 f7 vr7 xr7, ft0 f8 vr8 xr8, ft1 f9 vr9 xr9,
            ft2 f10 vr10 xr10, ft3 f11 vr11 xr11, ft4 f12 vr12 xr12, ft5 f13 vr13 xr13,
            ft6 f14 vr14 xr14, ft7 f15 vr15 xr15, ft8 f16 vr16 xr16, ft9 f17 vr17 xr17,
            ft10 f18 vr18 xr18, ft11 f19 vr19 xr19, ft12 f20 vr20 xr20, ft13 f21 vr21 xr21,
            ft14 f22 vr22 xr22, ft15 f23 vr23 xr23, fs0 f24 vr24 xr24, fs1 f25 vr25 xr25,
            fs2 f26 vr26 xr26, fs3 f27 vr27 xr27, fs4 f28 vr28 xr28, fs5 f29 vr29 xr29,
            fs6 f30 vr30 xr30, fs7 f31 vr31 xr31
        ],
    ),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "loongarch64",
    word: 8,
    elf_machine: 258, // EM_LOONGARCH
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(regs[11]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_a0, regs[5], regs[6], regs[7], regs[8], regs[9]],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    compat: Compat::None,
    return_address: Register(slot!(regs[1])),
    return_address_behind: 0,
    instruction_pointer: slot!(csr_era),
    stack_pointer: slot!(regs[3]),
    frame_pointer: Some(slot!(regs[22])),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "$",
        constant: "",
        memory: MemorySyntax::Pair,
        no_base: "",
    },
};
