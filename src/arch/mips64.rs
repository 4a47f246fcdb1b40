//! MIPS of 64 bits (n64), little-endian and big-endian.
//!
//! * Calls: MIPSpro 64-Bit Porting and Transition Guide, "Calling Convention Implementations": eight
//!   arguments in registers, and no stack space for them.
//! * Syscalls: syscall(2), "Architecture calling conventions", mips/n64.
//! * `ctx`: the kernel's `struct pt_regs`; the UAPI's struct of that name agrees with it in `regs`, but
//!   *not* in the order of what follows.
#![doc = include_str!("../bindings/mips64.md")]

crate::regs::roles! {
    arch: "mips64";
    arguments: regs[4], regs[5], regs[6], regs[7], regs[8], regs[9], regs[10], regs[11];
    stack_arguments: regs[29] + 0;
    syscall_arguments: regs[4], regs[5], regs[6], regs[7], regs[8], regs[9];
    syscall_number: regs[2];
    return_value: regs[2];
    return_address: Register(regs[31]);
    instruction_pointer: cp0_epc;
    stack_pointer: regs[29];
    frame_pointer: Some(regs[30]);
}
