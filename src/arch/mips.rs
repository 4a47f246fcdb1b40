//! MIPS of 32 bits (o32), little-endian and big-endian.
//!
//! * Calls: System V ABI, MIPS RISC Processor Supplement, third edition, "Function Calling Sequence": four
//!   arguments in registers, a 64-bit one in an even pair; the caller leaves 16 bytes on the stack for
//!   them, and the others follow.
//! * Syscalls: syscall(2), "Architecture calling conventions", mips/o32: arguments 4 to 7 are on the
//!   user's stack, and the syscall entry (`arch/mips/kernel/scall32-o32.S`) copies them into the first
//!   slots of `pt_regs`.
//! * `ctx`: the kernel's `struct pt_regs`, which the UAPI's struct of that name is *not*: it has
//!   64-bit registers at offset 0.
#![doc = include_str!("../bindings/mips.md")]

crate::regs::roles! {
    arch: "mips";
    arguments: regs[4], regs[5], regs[6], regs[7];
    stack_arguments: regs[29] + 16;
    syscall_arguments: regs[4], regs[5], regs[6], regs[7], args[4], args[5], args[6], args[7];
    syscall_number: regs[2];
    return_value: regs[2];
    return_address: Register(regs[31]);
    instruction_pointer: cp0_epc;
    stack_pointer: regs[29];
    frame_pointer: Some(regs[30]);
}
