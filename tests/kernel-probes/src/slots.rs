// What a program writes down, word by word: the value of its only map. Both the programs and the host
// that reads them include this file.

/// How many arguments of a function, and of a syscall, are written down.
pub const ARGS: usize = 12;
pub const SYSCALL_ARGS: usize = 6;

/// Where each word lies. A word that a program has nothing to say of stays zero.
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

/// The parameters or the value of a prototype: integers of any width as 64 bits, extended by their own sign.
pub const FIRST_TYPED: usize = LAST_WORD + 1;
/// What `read_return_address` gives.
pub const READ_RETURN_ADDRESS: usize = FIRST_TYPED + ARGS;
/// The error of a read that failed, as 64 bits.
pub const ERROR: usize = READ_RETURN_ADDRESS + 1;

pub const SLOTS: usize = ERROR + 1;
