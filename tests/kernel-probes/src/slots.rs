// The report of a program, word by word: the value of its only map. This file is included by the programs, and by the
// host that reads the reports.

/// The numbers of arguments of a function, and of a syscall, that a report has.
pub const ARGS: usize = 12;
pub const SYSCALL_ARGS: usize = 6;

/// The index of each word. A word that a program does not write stays zero.
pub const HITS: usize = 0;
pub const INSTRUCTION_POINTER: usize = 1;
pub const STACK_POINTER: usize = 2;
pub const FRAME_POINTER: usize = 3;
pub const RETURN_ADDRESS: usize = 4;
pub const RETURN_VALUE: usize = 5;
pub const SYSCALL_NUMBER: usize = 6;
pub const FIRST_ARG: usize = 7;
pub const FIRST_SYSCALL_ARG: usize = FIRST_ARG + ARGS;
/// The last word of `pt_regs`: reading it proves that ctx is as long as the struct.
pub const LAST_WORD: usize = FIRST_SYSCALL_ARG + SYSCALL_ARGS;

/// The parameters or the value of a prototype: integers of any width, extended to 64 bits by their own sign.
pub const FIRST_TYPED: usize = LAST_WORD + 1;
/// The result of `read_return_address`.
pub const READ_RETURN_ADDRESS: usize = FIRST_TYPED + ARGS;
/// The error of a read that failed, as 64 bits.
pub const ERROR: usize = READ_RETURN_ADDRESS + 1;

pub const SLOTS: usize = ERROR + 1;
