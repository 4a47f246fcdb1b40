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
#![doc = include_str!(concat!(env!("OUT_DIR"), "/s390x.md"))]

use crate::machine::{ReturnAddress::Register, *};

include!(concat!(env!("OUT_DIR"), "/s390x.rs"));
include!(concat!(env!("OUT_DIR"), "/s390x.syscalls.rs"));
include!("../methods.rs");

const CALLS: Convention = Convention {
    registers: slots![gprs[2], gprs[3], gprs[4], gprs[5], gprs[6]],
    stack: StackArea::at(160),
    pairs: None,
    return_value: slots![gprs[2]],
};

/// What is known of this machine.
pub const MACHINE: Machine = Machine {
    name: "s390x",
    word: 8,
    kernel: CALLS,
    asmlinkage: CALLS,
    user: CALLS,
    syscall_number: slot!(int_code),
    syscall_number_mask: 0xffff,
    syscall_arguments: slots![orig_gpr2, gprs[3], gprs[4], gprs[5], gprs[6], gprs[7]],
    syscalls: SYSCALLS,
    syscall_pairs: None,
    // `arch/s390/include/asm/syscall_wrapper.h`, in all kernels that were asked: since Linux 6.1 at
    // the latest.
    wraps_syscalls: Some(true),
    syscall_symbols: &[SyscallPrefix::registers("__s390x_"), SyscallPrefix::arguments("")],
    compat_syscall_symbols: &[],
    return_address: Register(slot!(gprs[14])),
    return_address_behind: 0,
    instruction_pointer: slot!(psw.addr),
    stack_pointer: slot!(gprs[15]),
    frame_pointer: Some(slot!(gprs[11])),
};
