//! x86_64 (amd64), little-endian.
//!
//! * Calls: System V ABI, AMD64 Architecture Processor Supplement, 3.2.2 "The Stack Frame" and 3.2.3
//!   "Parameter Passing".
//! * Registers: the same, 3.6.2 "DWARF Register Number Mapping".
//! * Syscalls: the same, A.2.1 "Calling Conventions": `r10` in place of `rcx`, which the `syscall`
//!   instruction overwrites.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's; fields have the UAPI's names.
//!
//! The instruction pointer in a kprobe is one byte past the start of the probed instruction. `cs` and `ss` are whole
//! slots. Kernels that support FRED call them `csx` and `ssx`: only the low 16 bits are the selectors. If the processor
//! has FRED, the other bits describe the event that entered the kernel.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/x86_64.md"))]

use crate::{
    machine::{ReturnAddress::Stack, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/x86_64.rs"));
include!(concat!(env!("OUT_DIR"), "/x86_64.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![rdi, rsi, rdx, rcx, r8, r9],
    stack: StackArea::at(8),
    pairs: None,
    return_value: slots![rax],
};

const GO: GoConvention = GoConvention {
    little_endian: Some("amd64"),
    big_endian: None,
    registers_since: Some(17),
    registers: slots![rax, rbx, rcx, rdi, rsi, r8, r9, r10, r11],
    stack: 8,
    g: Some(GoG::WithRegisters(slot!(r14))),
    context: slot!(rdx),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("rax", 0, slot!(rax)).parts(["eax", "ax", "al", "ah"]),
        register("rdx", 1, slot!(rdx)).parts(["edx", "dx", "dl", "dh"]),
        register("rcx", 2, slot!(rcx)).parts(["ecx", "cx", "cl", "ch"]),
        register("rbx", 3, slot!(rbx)).parts(["ebx", "bx", "bl", "bh"]),
        register("rsi", 4, slot!(rsi)).parts(["esi", "si", "sil", ""]),
        register("rdi", 5, slot!(rdi)).parts(["edi", "di", "dil", ""]),
        register("rbp", 6, slot!(rbp)).parts(["ebp", "bp", "bpl", ""]),
        register("rsp", 7, slot!(rsp)).parts(["esp", "sp", "spl", ""]),
        register("r8", 8, slot!(r8)).parts(["r8d", "r8w", "r8b", ""]),
        register("r9", 9, slot!(r9)).parts(["r9d", "r9w", "r9b", ""]),
        register("r10", 10, slot!(r10)).parts(["r10d", "r10w", "r10b", ""]),
        register("r11", 11, slot!(r11)).parts(["r11d", "r11w", "r11b", ""]),
        register("r12", 12, slot!(r12)).parts(["r12d", "r12w", "r12b", ""]),
        register("r13", 13, slot!(r13)).parts(["r13d", "r13w", "r13b", ""]),
        register("r14", 14, slot!(r14)).parts(["r14d", "r14w", "r14b", ""]),
        register("r15", 15, slot!(r15)).parts(["r15d", "r15w", "r15b", ""]),
        register("rip", 16, slot!(rip)).parts(["eip", "", "", ""]),
        register("rflags", 49, slot!(eflags)).or(&["eflags"]),
        register("cs", 51, slot!(cs)),
        register("ss", 52, slot!(ss)),
    ],
    &elsewhere(
        17,
        numbered!(["xmm" "ymm" "zmm"] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
    ),
    &elsewhere(
        33,
        [
            &["st0", "st(0)"],
            &["st1", "st(1)"],
            &["st2", "st(2)"],
            &["st3", "st(3)"],
            &["st4", "st(4)"],
            &["st5", "st(5)"],
            &["st6", "st(6)"],
            &["st7", "st(7)"],
        ],
    ),
    &elsewhere(41, numbered!(["mm"] 0 1 2 3 4 5 6 7)),
    &elsewhere(50, names![es]),
    &elsewhere(53, names![ds, fs, gs]),
    &elsewhere(58, [&["fs.base"], &["gs.base"]]),
    &elsewhere(62, names![tr, ldtr, mxcsr, fcw, fsw]),
    &elsewhere(
        67,
        numbered!(["xmm" "ymm" "zmm"] 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31),
    ),
    &elsewhere(118, numbered!(["k"] 0 1 2 3 4 5 6 7)),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "x86_64",
    word: 8,
    elf_machine: 62, // EM_X86_64
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    go: Some(GO),
    syscall_number: slot!(orig_rax),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![rdi, rsi, rdx, r10, r8, r9],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: None,
    // Since Linux 4.17, `arch/x86/include/asm/syscall_wrapper.h`.
    wraps_syscalls: Some(true),
    syscall_symbols: &[
        SyscallPrefix::registers("__x64_"),
        SyscallPrefix::arguments(""),
    ],
    compat_syscall_symbols: &[],
    // `user_64bit_mode` in `arch/x86/include/asm/ptrace.h`: `__USER_CS`, or 0xe033 in a Xen guest (`FLAT_USER_CS64`).
    // `__USER32_CS` is one selector for code of 32 bits; a process can make other selectors (modify_ldt(2)).
    compat: Compat::Mode {
        slot: slot!(cs),
        mask: 0xff,
        wide: 0x33,
        narrow: 0x23,
    },
    return_address: Stack(slot!(rsp)),
    return_address_behind: 0,
    instruction_pointer: slot!(rip),
    stack_pointer: slot!(rsp),
    frame_pointer: Some(slot!(rbp)),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "%",
        constant: "$",
        memory: MemorySyntax::Scaled,
        no_base: "",
    },
};

/// The slots for registers of x86: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 3.4.1
/// "General-Purpose Registers".
const MOVED: Moved = &[
    ("ebx", slot!(rbx)),
    ("ecx", slot!(rcx)),
    ("edx", slot!(rdx)),
    ("esi", slot!(rsi)),
    ("edi", slot!(rdi)),
    ("ebp", slot!(rbp)),
    ("eax", slot!(rax)),
    ("orig_eax", slot!(orig_rax)),
    ("eip", slot!(rip)),
    ("xcs", slot!(cs)),
    ("eflags", slot!(eflags)),
    ("esp", slot!(rsp)),
    ("xss", slot!(ss)),
];

pub mod compat {
    //! i386 on an x86_64 kernel: function arguments in a program of 32 bits, for a uprobe, and its syscalls.
    //!
    //! Such a task makes its syscalls by `int $0x80`, `sysenter` or `syscall`, with the numbers and the registers of
    //! x86 (`arch/x86/entry/entry_64_compat.S`). A program of 64 bits can make these syscalls too, by `int $0x80`. Then
    //! [`is_compat`](super::SysEnter::is_compat) is false, because the code is of 64 bits. A kprobe on a function that
    //! [`compat_syscall_function`](Machine::compat_syscall_function) finds always sees one of these syscalls.

    use crate::arch::x86 as other;

    include!("../compat.rs");
}
