// A machine of 32 bits, as a kernel of 64 bits shows a task of that machine. This file is written once, and each
// machine with such tasks includes it in its module `compat`. `other` is the machine of 32 bits, and `super` is the
// kernel's machine.

use crate::{
    call,
    machine::{self, Convention, GoConvention, GoG, Machine, Pairs},
    regs::Registers,
    syscall,
};

pub use other::{
    Entry, Return, c_char, c_int, c_long, c_longlong, c_schar, c_short, c_uchar, c_uint,
    c_ulong, c_ulonglong, c_ushort, c_void, int8_t, int16_t, int32_t, int64_t, intmax_t, intptr_t,
    nr, ptrdiff_t, size_t, ssize_t, uint8_t, uint16_t, uint32_t, uint64_t, uintmax_t, uintptr_t,
    wchar_t,
};

/// A pointer as it is in the other machine's memory.
pub type Ptr<T> = crate::ptr::Ptr<T, uintptr_t>;

/// The kernel's `pt_regs` with the registers of a task of the other machine: [`call::Entry::regs`] gives it.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct pt_regs(super::pt_regs);

/// The other machine's conventions, with the slots of the kernel's `pt_regs`.
///
/// A slot is wider than the task's register, which is the slot's low half. `kernel` and `asmlinkage` are the
/// conventions of the kernel's own functions. `asmlinkage` is for the functions that take the task's registers one by
/// one.
pub const MACHINE: Machine = Machine {
    kernel: super::MACHINE.kernel,
    asmlinkage: Convention {
        registers: super::MACHINE.kernel.registers,
        pairs: Pairs::of_syscalls(OTHER.syscall_pairs),
        return_value: USER.return_value,
        ..super::MACHINE.kernel
    },
    user: USER,
    go: match OTHER.go {
        Some(go) => Some(GoConvention {
            registers: {
                assert!(go.registers.is_empty());
                &[]
            },
            g: match go.g {
                Some(GoG::Always(slot)) => Some(GoG::Always(moved(slot))),
                Some(GoG::WithRegisters(slot)) => Some(GoG::WithRegisters(moved(slot))),
                None => None,
            },
            context: moved(go.context),
            ..go
        }),
        None => None,
    },
    syscall_number: moved(OTHER.syscall_number),
    syscall_arguments: &machine::moved_all::<{ OTHER.syscall_arguments.len() }>(
        OTHER.syscall_arguments,
        super::MOVED,
        &super::MACHINE,
    ),
    wraps_syscalls: super::MACHINE.wraps_syscalls,
    compat: super::MACHINE.compat,
    return_address: match OTHER.return_address {
        machine::ReturnAddress::Register(slot) => machine::ReturnAddress::Register(moved(slot)),
        machine::ReturnAddress::Stack(slot) => machine::ReturnAddress::Stack(moved(slot)),
    },
    instruction_pointer: moved(OTHER.instruction_pointer),
    stack_pointer: moved(OTHER.stack_pointer),
    frame_pointer: match OTHER.frame_pointer {
        Some(slot) => Some(moved(slot)),
        None => None,
    },
    registers: OTHER
        .registers
        .shown_by(super::MOVED, &super::MACHINE),
    ..OTHER
};

const OTHER: Machine = other::MACHINE;

const USER: Convention = Convention {
    registers: &machine::moved_all::<{ OTHER.user.registers.len() }>(
        OTHER.user.registers,
        super::MOVED,
        &super::MACHINE,
    ),
    return_value: &machine::moved_all::<{ OTHER.user.return_value.len() }>(
        OTHER.user.return_value,
        super::MOVED,
        &super::MACHINE,
    ),
    ..OTHER.user
};

const fn moved(slot: machine::Slot) -> machine::Slot {
    machine::moved_all::<1>(&[slot], super::MOVED, &super::MACHINE)[0]
}

/// A function of a task of the other machine, for a uprobe. `F` is its [prototype](crate::signature), in the types of
/// this module.
pub type User<F> = call::User<F, pt_regs>;

/// A syscall of such a task, for a kprobe on the function that
/// [`compat_syscall_function`](Machine::compat_syscall_function) finds. `F` is its [prototype](crate::signature), in
/// the types of this module.
pub type Syscall<F, Wrapped = syscall::ByMachine> = syscall::Syscall<F, pt_regs, Wrapped>;

/// [`SysEnter`](super::SysEnter) of such a task.
pub type SysEnter = syscall::SysEnter<pt_regs>;

/// [`SysExit`](super::SysExit) of such a task.
pub type SysExit = syscall::SysExit<pt_regs>;

impl pt_regs {
    /// The same registers, with the kernel's names.
    #[inline(always)]
    pub fn whole(&self) -> &super::pt_regs {
        &self.0
    }
}

impl Registers for pt_regs {
    const MACHINE: Machine = MACHINE;
    const CONVENTION: Convention = MACHINE.user;
    type Word = c_ulong;
}

call::machine!(pt_regs, super::c_ulong);

// SAFETY: the struct has only integers.
unsafe impl crate::memory::AnyBitPattern for pt_regs {}
