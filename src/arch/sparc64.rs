//! SPARC V9 of 64 bits, big-endian.
//!
//! * Calls: SPARC Compliance Definition 2.4.1, "Low-Level System Information", "Function Calling
//!   Sequence". The stack pointer is biased: the stack is at `%sp + 2047`. The slot of argument 6 is
//!   176 bytes above that, behind the register window's save area and six slots for register arguments:
//!   2223 in all.
//! * Return address: the `call` instruction leaves its own address in `%o7`. The function returns to
//!   the address 8 bytes above, behind the `call` and its delay slot.
//! * Registers: as gcc and binutils number them. From `f32` on only even registers exist.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/sparc/include/asm/syscall.h`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's: globals and outs; locals and ins are in the
//!   register window. A frame pointer (`%i6`) is therefore not in it.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/sparc64.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/sparc64.rs"));
include!(concat!(env!("OUT_DIR"), "/sparc64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![
        u_regs[8], u_regs[9], u_regs[10], u_regs[11], u_regs[12], u_regs[13]
    ],
    stack: StackArea::at(2223),
    pairs: None,
    return_value: slots![u_regs[8]],
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("g0", 0, slot!(u_regs[0])).or(&["r0"]),
        register("g1", 1, slot!(u_regs[1])).or(&["r1"]),
        register("g2", 2, slot!(u_regs[2])).or(&["r2"]),
        register("g3", 3, slot!(u_regs[3])).or(&["r3"]),
        register("g4", 4, slot!(u_regs[4])).or(&["r4"]),
        register("g5", 5, slot!(u_regs[5])).or(&["r5"]),
        register("g6", 6, slot!(u_regs[6])).or(&["r6"]),
        register("g7", 7, slot!(u_regs[7])).or(&["r7"]),
        register("o0", 8, slot!(u_regs[8])).or(&["r8"]),
        register("o1", 9, slot!(u_regs[9])).or(&["r9"]),
        register("o2", 10, slot!(u_regs[10])).or(&["r10"]),
        register("o3", 11, slot!(u_regs[11])).or(&["r11"]),
        register("o4", 12, slot!(u_regs[12])).or(&["r12"]),
        register("o5", 13, slot!(u_regs[13])).or(&["r13"]),
        register("o6", 14, slot!(u_regs[14])).or(&["r14", "sp"]),
        register("o7", 15, slot!(u_regs[15])).or(&["r15"]),
        unnumbered("y", slot!(y)),
        unnumbered("pc", slot!(tpc)),
        unnumbered("npc", slot!(tnpc)),
    ],
    &elsewhere(
        16,
        names![
            l0 r16, l1 r17, l2 r18, l3 r19, l4 r20, l5 r21, l6 r22, l7 r23, i0 r24, i1 r25, i2 r26,
            i3 r27, i4 r28, i5 r29, i6 r30 fp, i7 r31
        ],
    ),
    &elsewhere(
        32,
        numbered!(
            ["f"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31
        ),
    ),
    &elsewhere(64, names![f32]),
    &elsewhere(66, names![f34]),
    &elsewhere(68, names![f36]),
    &elsewhere(70, names![f38]),
    &elsewhere(72, names![f40]),
    &elsewhere(74, names![f42]),
    &elsewhere(76, names![f44]),
    &elsewhere(78, names![f46]),
    &elsewhere(80, names![f48]),
    &elsewhere(82, names![f50]),
    &elsewhere(84, names![f52]),
    &elsewhere(86, names![f54]),
    &elsewhere(88, names![f56]),
    &elsewhere(90, names![f58]),
    &elsewhere(92, names![f60]),
    &elsewhere(94, names![f62]),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "sparc64",
    word: 8,
    elf_machine: 43, // EM_SPARCV9
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: None,
    syscall_number: slot!(u_regs[1]),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![
        u_regs[8], u_regs[9], u_regs[10], u_regs[11], u_regs[12], u_regs[13]
    ],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    wraps_syscalls: Some(false),
    syscall_symbols: &[SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    // `TSTATE_AM` in `arch/sparc/include/uapi/asm/pstate.h`; `start_thread32` in `asm/processor_64.h`.
    compat: Compat::Mode {
        slot: slot!(tstate),
        mask: 0x800,
        wide: 0,
        narrow: 0x800,
    },
    return_address: Register(slot!(u_regs[15])),
    return_address_behind: 8,
    instruction_pointer: slot!(tpc),
    stack_pointer: slot!(u_regs[14]),
    frame_pointer: None,
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "%",
        constant: "",
        memory: MemorySyntax::Sum,
        no_base: "",
    },
};
