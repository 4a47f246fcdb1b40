//! arm of 32 bits, little-endian, and big-endian where a kernel is built so.
//!
//! * Calls: Procedure Call Standard for the Arm Architecture (AAPCS32), "Core registers" and "Parameter
//!   Passing". Four arguments in registers; a 64-bit one starts at an even register.
//! * Syscalls: syscall(2), "Architecture calling conventions", EABI: seven arguments, number in `r7`;
//!   `arch/arm/include/asm/syscall.h`. `r0` is also the return value's, so argument 0 is read from
//!   `uregs[17]`, the kernel's `ARM_ORIG_r0`.
//! * `ctx`: the kernel's `struct pt_regs` is the UAPI's: `r0` to `r15`, `cpsr`, `ORIG_r0`.
//!
//! The instruction pointer is `r15`; `r12`, which assembly calls `ip`, is a scratch register. The frame
//! pointer is that of A32 code, `r11`; Thumb code uses `r7`.
#![doc = include_str!("../bindings/arm.md")]

crate::regs::roles! {
    arch: "arm";
    arguments: uregs[0], uregs[1], uregs[2], uregs[3];
    stack_arguments: uregs[13] + 0;
    syscall_arguments: uregs[17], uregs[1], uregs[2], uregs[3], uregs[4], uregs[5], uregs[6];
    syscall_number: uregs[7];
    return_value: uregs[0];
    return_address: Register(uregs[14]);
    instruction_pointer: uregs[15];
    stack_pointer: uregs[13];
    frame_pointer: Some(uregs[11]);
}
