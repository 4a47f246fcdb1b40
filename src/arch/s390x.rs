//! s390x (IBM Z, 64 bits), big-endian.
//!
//! * Calls: ELF Application Binary Interface, s390x Supplement, "Register Roles", "The Stack Frame" and
//!   "Parameter Passing": five arguments in registers, the others above the caller's 160-byte
//!   register save area.
//! * Syscalls: syscall(2), "Architecture calling conventions"; `arch/s390/include/asm/syscall.h`. Argument
//!   0 is only in `orig_gpr2`, and the number is the low half of `int_code`.
//! * `ctx`: the UAPI's `user_pt_regs` is a prefix of the kernel's `struct pt_regs`; `orig_gpr2` and
//!   `int_code` are the kernel's alone.
//!
//! The ABI names no frame pointer; gcc and clang use `r11` where they need one.
#![doc = include_str!("../bindings/s390x.md")]

crate::regs::roles! {
    arch: "s390x";
    arguments: gprs[2], gprs[3], gprs[4], gprs[5], gprs[6];
    stack_arguments: gprs[15] + 160;
    syscall_arguments: orig_gpr2, gprs[3], gprs[4], gprs[5], gprs[6], gprs[7];
    syscall_number: int_code & 0xffff;
    return_value: gprs[2];
    return_address: Register(gprs[14]);
    instruction_pointer: psw.addr;
    stack_pointer: gprs[15];
    frame_pointer: Some(gprs[11]);
}
