//! Bounds for the indices of arguments. `cargo check` reports a wrong index at the user's own line.

/// Says that a function's argument `N` is in a register, on a machine that has `REGISTERS` registers for arguments.
///
/// It is the bound of `pt_regs::arg`. A function that is generic over the index repeats this bound:
///
/// ```
/// use probe_abi::{ARG_REGISTERS, Argument, c_ulong, pt_regs};
///
/// fn low_byte<const N: usize>(regs: &pt_regs) -> u8
/// where
///     pt_regs: Argument<N, ARG_REGISTERS>,
/// {
///     regs.arg::<N>() as u8
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "argument `{N}` is not passed in a register: this machine's calling convention has `{REGISTERS}` register arguments, counted from 0",
    label = "not a register argument of `{Self}`",
    note = "an argument that is not in a register is on the stack: `stack_arg_address::<{N}>()` gives its address",
    note = "a function that is generic over the index repeats the bound: `where {Self}: Argument<N, {{ {Self}::ARG_REGISTERS }}>`"
)]
pub trait Argument<const N: usize, const REGISTERS: usize> {}

/// Says that a function's argument `N` is on the stack, on a machine that has `REGISTERS` registers for arguments.
///
/// It is the bound of `pt_regs::stack_arg_address`, for arguments 0 to 31.
#[diagnostic::on_unimplemented(
    message = "argument `{N}` has no address on the stack: this machine's calling convention has `{REGISTERS}` register arguments, counted from 0",
    label = "not a stack argument of `{Self}`",
    note = "an argument that is passed in a register is read with `arg::<{N}>()`; `stack_arg_address_at` gives the address of an argument behind argument `31`",
    note = "a function that is generic over the index repeats the bound: `where {Self}: StackArgument<N, {{ {Self}::ARG_REGISTERS }}>`"
)]
pub trait StackArgument<const N: usize, const REGISTERS: usize> {}

/// Says that syscall argument `N` is in a slot of a syscall's own `pt_regs`, on a machine that has `REGISTERS` slots
/// for syscall arguments.
#[diagnostic::on_unimplemented(
    message = "there is no syscall argument `{N}`: this machine's syscalls have `{REGISTERS}` arguments, counted from 0",
    label = "not a syscall argument of `{Self}`",
    note = "a function that is generic over the index repeats the bound: `where pt_regs: SyscallArgument<N, SYSCALL_ARG_REGISTERS>`"
)]
pub trait SyscallArgument<const N: usize, const REGISTERS: usize> {}

/// An index, as a type.
pub enum Index<const N: usize> {}

/// Says that an [`Index`] is below a number of registers.
pub trait Below<const REGISTERS: usize> {}

/// Says that an [`Index`] is not below a number of registers.
pub trait NotBelow<const REGISTERS: usize> {}

// Stable Rust has no bound `N < REGISTERS`, and `cargo check` does not see an assertion that is evaluated after
// monomorphisation. So the pairs are listed, for each number of registers that a machine has.
macro_rules! indices {
    ($($registers:literal: $($below:literal)* / $($not_below:literal)*;)*) => { $(
        $(impl Below<$registers> for Index<$below> {})*
        $(impl NotBelow<$registers> for Index<$not_below> {})*
    )* };
}

indices! {
    0:                 / 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
    3: 0 1 2           /       3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
    4: 0 1 2 3         /         4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
    5: 0 1 2 3 4       /           5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
    6: 0 1 2 3 4 5     /             6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
    7: 0 1 2 3 4 5 6   /               7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
    8: 0 1 2 3 4 5 6 7 /                 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31;
}
