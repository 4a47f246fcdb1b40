//! x86 of 32 bits (i386), little-endian.
//!
//! * Calls of user code: System V ABI, Intel386 Architecture Processor Supplement, "Function Calling
//!   Sequence": every argument on the stack. That is [`UserCode`], from
//!   [`pt_regs::user_code`].
//! * Calls of kernel code: the kernel is compiled with `-mregparm=3` (`arch/x86/Makefile`): three
//!   arguments in registers. That is [`pt_regs::arg`].
//! * Registers: the same supplement, "DWARF Register Number Mapping".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/x86/include/asm/syscall.h`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's; fields have the UAPI's names.
//!
//! In C a 64-bit integer in a struct is aligned to 4 bytes here. Rust's `u64`, and so the alias `c_ulonglong`, is
//! aligned to 8 bytes. If the difference matters, bindgen reports it at compile time. The instruction pointer in a
//! kprobe is one byte past the start of the probed instruction.
//!
//! A kernel function that is `asmlinkage` or has variable arguments takes all of them on the stack
//! (`arch/x86/include/asm/linkage.h`; GCC manual, x86 function attributes, `regparm`): read its arguments by
//! [`UserCode`].
#![doc = include_str!(concat!(env!("OUT_DIR"), "/x86.md"))]

use crate::{
    machine::{ReturnAddress::Stack, *},
    registers::*,
};

include!(concat!(env!("OUT_DIR"), "/x86.rs"));
include!(concat!(env!("OUT_DIR"), "/x86.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![eax, edx, ecx],
    stack: StackArea::at(4),
    pairs: Some(Pairs {
        start: Start::Any,
        order: Order::LowFirst,
        last_register: LastRegister::Empty,
        stack_alignment: 4,
    }),
    return_value: slots![eax, edx],
};

const ON_THE_STACK: Convention = Convention {
    registers: &[],
    ..CALLS
};

const GO: GoConvention = GoConvention {
    little_endian: Some("386"),
    big_endian: None,
    registers_since: None,
    registers: &[],
    stack: 4,
    g: None,
    context: slot!(edx),
};

// One line for each register that ctx has, and then the registers that it does not have.
const REGISTERS: Groups = &[
    &[
        register("eax", 0, slot!(eax)).parts(["", "ax", "al", "ah"]),
        register("ecx", 1, slot!(ecx)).parts(["", "cx", "cl", "ch"]),
        register("edx", 2, slot!(edx)).parts(["", "dx", "dl", "dh"]),
        register("ebx", 3, slot!(ebx)).parts(["", "bx", "bl", "bh"]),
        register("esp", 4, slot!(esp)).parts(["", "sp", "", ""]),
        register("ebp", 5, slot!(ebp)).parts(["", "bp", "", ""]),
        register("esi", 6, slot!(esi)).parts(["", "si", "", ""]),
        register("edi", 7, slot!(edi)).parts(["", "di", "", ""]),
        register("eip", 8, slot!(eip)),
        register("eflags", 9, slot!(eflags)),
        register("es", 40, slot!(xes)),
        register("cs", 41, slot!(xcs)),
        register("ss", 42, slot!(xss)),
        register("ds", 43, slot!(xds)),
        register("fs", 44, slot!(xfs)),
        register("gs", 45, slot!(xgs)),
    ],
    &elsewhere(
        11,
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
    &elsewhere(21, numbered!(["xmm" "ymm" "zmm"] 0 1 2 3 4 5 6 7)),
    &elsewhere(29, numbered!(["mm"] 0 1 2 3 4 5 6 7)),
    &elsewhere(37, names![fcw, fsw, mxcsr]),
    &elsewhere(48, names![tr, ldtr]),
    &elsewhere(93, numbered!(["k"] 0 1 2 3 4 5 6 7)),
];

/// The facts of this machine.
pub const MACHINE: Machine = Machine {
    name: "x86",
    word: 4,
    elf_machine: 3, // EM_386
    kernel: CALLS,
    asmlinkage: ON_THE_STACK,
    user: ON_THE_STACK,
    go: Some(GO),
    syscall_number: slot!(orig_eax),
    syscall_number_mask: u32::MAX,
    syscall_arguments: slots![ebx, ecx, edx, esi, edi, ebp],
    syscalls: SyscallTable::of(SYSCALLS),
    syscall_pairs: Some(SyscallPairs {
        start: Start::Any,
        order: Order::LowFirst,
    }),
    // Since Linux 5.7, `arch/x86/include/asm/syscall_wrapper.h`. Before 5.7 the functions were `asmlinkage`.
    wraps_syscalls: Some(true),
    syscall_symbols: &[
        SyscallPrefix::registers("__ia32_"),
        SyscallPrefix::arguments(""),
    ],
    compat_syscall_symbols: &[SyscallPrefix::registers("__ia32_")],
    compat: Compat::None,
    return_address: Stack(slot!(esp)),
    return_address_behind: 0,
    instruction_pointer: slot!(eip),
    stack_pointer: slot!(esp),
    frame_pointer: Some(slot!(ebp)),
    registers: RegisterFile::of(REGISTERS),
    syntax: Syntax {
        register: "%",
        constant: "$",
        memory: MemorySyntax::Scaled,
        no_base: "",
    },
};
