//! RISC-V of 64 bits, little-endian.
//!
//! * Calls: RISC-V ABIs Specification (psABI), "Integer Register Convention" and "Integer Calling
//!   Convention".
//! * Registers: the same, "DWARF Register Numbers".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/riscv/include/asm/syscall.h`.
//!   While a syscall's function runs, only `orig_a0` has argument 0.
//! * `ctx`: the UAPI's `user_regs_struct` is a prefix of the kernel's `struct pt_regs`; only the
//!   kernel's struct has `status` and the slots after it.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/riscv64.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/riscv64.rs"));
include!(concat!(env!("OUT_DIR"), "/riscv64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![a0, a1, a2, a3, a4, a5, a6, a7],
    stack: StackArea::at(0),
    pairs: None,
    return_value: slots![a0],
};

const GO: GoConvention = GoConvention {
    little_endian: Some("riscv64"),
    big_endian: None,
    registers_since: Some(19),
    registers: slots![
        a0, a1, a2, a3, a4, a5, a6, a7, s0, s1, s2, s3, s4, s5, s6, s7
    ],
    stack: 8,
    g: Some(GoG::Always(slot!(s11))),
    context: slot!(s10),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("ra", 1, slot!(ra)).or(&["x1"]),
        register("sp", 2, slot!(sp)).or(&["x2"]),
        register("gp", 3, slot!(gp)).or(&["x3"]),
        register("tp", 4, slot!(tp)).or(&["x4"]),
        register("t0", 5, slot!(t0)).or(&["x5"]),
        register("t1", 6, slot!(t1)).or(&["x6"]),
        register("t2", 7, slot!(t2)).or(&["x7"]),
        register("s0", 8, slot!(s0)).or(&["x8", "fp"]),
        register("s1", 9, slot!(s1)).or(&["x9"]),
        register("a0", 10, slot!(a0)).or(&["x10"]),
        register("a1", 11, slot!(a1)).or(&["x11"]),
        register("a2", 12, slot!(a2)).or(&["x12"]),
        register("a3", 13, slot!(a3)).or(&["x13"]),
        register("a4", 14, slot!(a4)).or(&["x14"]),
        register("a5", 15, slot!(a5)).or(&["x15"]),
        register("a6", 16, slot!(a6)).or(&["x16"]),
        register("a7", 17, slot!(a7)).or(&["x17"]),
        register("s2", 18, slot!(s2)).or(&["x18"]),
        register("s3", 19, slot!(s3)).or(&["x19"]),
        register("s4", 20, slot!(s4)).or(&["x20"]),
        register("s5", 21, slot!(s5)).or(&["x21"]),
        register("s6", 22, slot!(s6)).or(&["x22"]),
        register("s7", 23, slot!(s7)).or(&["x23"]),
        register("s8", 24, slot!(s8)).or(&["x24"]),
        register("s9", 25, slot!(s9)).or(&["x25"]),
        register("s10", 26, slot!(s10)).or(&["x26"]),
        register("s11", 27, slot!(s11)).or(&["x27"]),
        register("t3", 28, slot!(t3)).or(&["x28"]),
        register("t4", 29, slot!(t4)).or(&["x29"]),
        register("t5", 30, slot!(t5)).or(&["x30"]),
        register("t6", 31, slot!(t6)).or(&["x31"]),
        unnumbered("pc", slot!(pc)),
    ],
    &elsewhere(0, names![zero x0]),
    &elsewhere(
        32,
        names![
            ft0 f0, ft1 f1, ft2 f2, ft3 f3, ft4 f4, ft5 f5, ft6 f6, ft7 f7, fs0 f8, fs1 f9, fa0 f10,
            fa1 f11, fa2 f12, fa3 f13, fa4 f14, fa5 f15, fa6 f16, fa7 f17, fs2 f18, fs3 f19,
            fs4 f20, fs5 f21, fs6 f22, fs7 f23, fs8 f24, fs9 f25, fs10 f26, fs11 f27, ft8 f28,
            ft9 f29, ft10 f30, ft11 f31
        ],
    ),
    &elsewhere(
        96,
        numbered!(
            ["v"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            31
        ),
    ),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "riscv64",
    word: 8,
    elf_machine: 243, // EM_RISCV
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(a7),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![orig_a0, a1, a2, a3, a4, a5],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    // Since Linux 6.6, `arch/riscv/include/asm/syscall_wrapper.h`.
    wraps_syscalls: None,
    syscall_symbols: &[
        SyscallPrefix::registers("__riscv_"),
        SyscallPrefix::arguments(""),
    ],
    compat_syscall_symbols: &[],
    // Since Linux 5.19: `SR_UXL` in `arch/riscv/include/asm/csr.h` is `SR_UXL_32`.
    compat: Compat::Mode {
        slot: slot!(status),
        mask: 0x1_0000_0000,
        wide: 0,
        narrow: 0x1_0000_0000,
    },
    return_address: Register(slot!(ra)),
    return_address_behind: 0,
    instruction_pointer: slot!(pc),
    stack_pointer: slot!(sp),
    frame_pointer: Some(slot!(s0)),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "",
        constant: "",
        memory: MemorySyntax::Displacement,
        no_base: "",
    },
};

/// The slots for registers of riscv32 have the same names.
const MOVED: Moved = &[];

pub mod compat {
    //! riscv32 on a riscv64 kernel, since Linux 5.19: function arguments in a program of 32 bits, for a uprobe, and its
    //! syscalls.

    use crate::arch::riscv32 as other;

    include!("../compat.rs");
}
