//! s390x (IBM Z, 64 bits), big-endian.
//!
//! * Calls: ELF Application Binary Interface, s390x Supplement, "Register Roles", "The Stack Frame" and
//!   "Parameter Passing": five arguments in registers, the others above the caller's 160-byte
//!   register save area.
//! * Registers: the same supplement, "DWARF Register Number Mapping".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/s390/include/asm/syscall.h`. Argument
//!   0 is only in `orig_gpr2`, and the number is the low half of `int_code`.
//! * `ctx`: the UAPI's `user_pt_regs` is a prefix of the kernel's `struct pt_regs`; only the kernel's
//!   struct has `orig_gpr2` and `int_code`.
//!
//! The ABI names no frame pointer; gcc and clang use `r11` if they need one.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/s390x.md"))]

use crate::{
    machine::{ReturnAddress::Register, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/s390x.rs"));
include!(concat!(env!("OUT_DIR"), "/s390x.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![gprs[2], gprs[3], gprs[4], gprs[5], gprs[6]],
    stack: StackArea::at(160),
    pairs: None,
    return_value: slots![gprs[2]],
};

const GO: GoConvention = GoConvention {
    little_endian: None,
    big_endian: Some("s390x"),
    registers_since: Some(26),
    registers: slots![
        gprs[2], gprs[3], gprs[4], gprs[5], gprs[6], gprs[7], gprs[8], gprs[9]
    ],
    stack: 8,
    g: Some(GoG::Always(slot!(gprs[13]))),
    context: slot!(gprs[12]),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("r0", 0, slot!(gprs[0])),
        register("r1", 1, slot!(gprs[1])),
        register("r2", 2, slot!(gprs[2])),
        register("r3", 3, slot!(gprs[3])),
        register("r4", 4, slot!(gprs[4])),
        register("r5", 5, slot!(gprs[5])),
        register("r6", 6, slot!(gprs[6])),
        register("r7", 7, slot!(gprs[7])),
        register("r8", 8, slot!(gprs[8])),
        register("r9", 9, slot!(gprs[9])),
        register("r10", 10, slot!(gprs[10])),
        register("r11", 11, slot!(gprs[11])),
        register("r12", 12, slot!(gprs[12])),
        register("r13", 13, slot!(gprs[13])),
        register("r14", 14, slot!(gprs[14])),
        register("r15", 15, slot!(gprs[15])),
        register("pswm", 64, slot!(psw.mask)),
        register("pswa", 65, slot!(psw.addr)).or(&["pc"]),
    ],
    &elsewhere(
        16,
        numbered!(["f" "v"] 0 2 4 6 1 3 5 7 8 10 12 14 9 11 13 15),
    ),
    &elsewhere(
        32,
        numbered!(["cr" "c"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
    ),
    &elsewhere(48, numbered!(["a"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)),
    &elsewhere(
        68,
        numbered!(["v"] 16 18 20 22 17 19 21 23 24 26 28 30 25 27 29 31),
    ),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "s390x",
    word: 8,
    elf_machine: 22, // EM_S390
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(int_code),
    syscall_number_mask: 0xffff,
    syscall_arguments: slots![orig_gpr2, gprs[3], gprs[4], gprs[5], gprs[6], gprs[7]],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    // `arch/s390/include/asm/syscall_wrapper.h`, in all kernels that were read: since Linux 6.1 at the latest.
    wraps_syscalls: Some(true),
    syscall_symbols: &[
        SyscallPrefix::registers("__s390x_"),
        SyscallPrefix::arguments(""),
    ],
    compat_syscall_symbols: &[],
    // `PSW_MASK_EA` in `arch/s390/include/uapi/asm/ptrace.h`. Kernels before 7.x have tasks of 31 bits.
    compat: Compat::Mode {
        slot: slot!(psw.mask),
        mask: 0x1_0000_0000,
        wide: 0x1_0000_0000,
        narrow: 0,
    },
    return_address: Register(slot!(gprs[14])),
    return_address_behind: 0,
    instruction_pointer: slot!(psw.addr),
    stack_pointer: slot!(gprs[15]),
    frame_pointer: Some(slot!(gprs[11])),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "%",
        constant: "",
        memory: MemorySyntax::IndexFirst,
        no_base: "r0",
    },
};
