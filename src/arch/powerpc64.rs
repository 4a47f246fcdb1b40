//! PowerPC of 64 bits, little-endian (ELFv2) and big-endian (ELFv1).
//!
//! * Calls, little-endian: 64-Bit ELF V2 ABI Specification, "Register Roles" and "Parameter Passing in
//!   Registers"; big-endian: 64-bit PowerPC ELF ABI Supplement 1.9, "Parameter Passing". Argument 8
//!   is the ninth doubleword of the parameter save area, which starts 32 bytes above the stack pointer
//!   in ELFv2 and 48 bytes in ELFv1: 96 and 112. The endianness of this build decides between the two; a
//!   big-endian kernel or program built for ELFv2 has ELFv2's.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/powerpc/include/asm/syscall.h`.
//! * `ctx`: the UAPI's `pt_regs` is a prefix of the kernel's.
//!
//! In ELFv2 a function's symbol is its global entry point; calls within a module enter at the local
//! one, often 8 bytes later, and a uprobe belongs there. The ABI has no frame pointer.
#![doc = include_str!("../bindings/powerpc64.md")]

crate::regs::roles! {
    arch: "powerpc64";
    arguments: gpr[3], gpr[4], gpr[5], gpr[6], gpr[7], gpr[8], gpr[9], gpr[10];
    stack_arguments: gpr[1] + 96, big 112;
    syscall_arguments: orig_gpr3, gpr[4], gpr[5], gpr[6], gpr[7], gpr[8];
    syscall_number: gpr[0];
    return_value: gpr[3];
    return_address: Register(link);
    instruction_pointer: nip;
    stack_pointer: gpr[1];
    frame_pointer: None;
}
