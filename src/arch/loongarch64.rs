//! LoongArch of 64 bits, little-endian.
//!
//! * Calls: LoongArch ELF psABI, "Register Convention" and "Procedure Calling Convention".
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/loongarch/include/asm/syscall.h`. `a0`
//!   is also the return value's, and holds `-ENOSYS` while a syscall runs: argument 0 is read from
//!   `orig_a0`.
//! * `ctx`: the kernel's `struct pt_regs`, which is shorter than the UAPI's `user_pt_regs`.
#![doc = include_str!("../bindings/loongarch64.md")]

crate::regs::roles! {
    arch: "loongarch64";
    arguments: regs[4], regs[5], regs[6], regs[7], regs[8], regs[9], regs[10], regs[11];
    stack_arguments: regs[3] + 0;
    syscall_arguments: orig_a0, regs[5], regs[6], regs[7], regs[8], regs[9];
    syscall_number: regs[11];
    return_value: regs[4];
    return_address: Register(regs[1]);
    instruction_pointer: csr_era;
    stack_pointer: regs[3];
    frame_pointer: Some(regs[22]);
}
