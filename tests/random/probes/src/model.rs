//! The facts of a machine that programs without this crate have: registers that hold each role's value at a number of
//! its own, or that are read at the offsets that the proofs have.

#[path = "calls.rs"]
mod calls;

pub use calls::{Entry, Kernel, Ptr, Return, Syscall, User};
use calls::{Nth, Place, Returns};

// The machine's `c_ulong`, its numbers of arguments, the offset of each role in ctx, and the places of the prototypes'
// parameters by roles.
include!(env!("PROBE_ABI_RANDOM_MACHINE"));

const ARGUMENTS: usize = 0;
const SYSCALL_ARGUMENTS: usize = 8;
const USER_ARGUMENTS: usize = 16;
const SYSCALL_NUMBER: usize = 24;
const RETURN_VALUE: usize = 25;
const RETURN_ADDRESS: usize = 26;
const INSTRUCTION_POINTER: usize = 27;
const STACK_POINTER: usize = 28;
const FRAME_POINTER: usize = 29;
const STACK_ARGUMENT: usize = 30;
const USER_STACK_ARGUMENT: usize = 31;
#[allow(dead_code)]
const SECOND_RETURN_VALUE: usize = 32;
const ROLES: usize = 33;

#[allow(non_camel_case_types)]
#[repr(transparent)]
pub struct pt_regs([c_ulong; ROLES]);

/// The same registers, for code of a process.
#[repr(transparent)]
pub struct UserCode(pt_regs);

pub enum ReturnAddress {
    Register(c_ulong),
    Stack(c_ulong),
}

/// `None`, with a zero in the place of the value, as this crate's own methods return it. If the kernel then refuses a
/// program for a `None`, that is a `None` of `core` or of the program.
#[inline(always)]
fn none() -> Option<c_ulong> {
    const { unsafe { core::mem::MaybeUninit::zeroed().assume_init() } }
}

/// One of up to eight roles in a row. `count` is their number.
#[inline(always)]
fn nth(regs: &pt_regs, first: usize, count: usize, index: usize) -> Option<c_ulong> {
    match index {
        0 if 0 < count => Some(regs.role(first)),
        1 if 1 < count => Some(regs.role(first + 1)),
        2 if 2 < count => Some(regs.role(first + 2)),
        3 if 3 < count => Some(regs.role(first + 3)),
        4 if 4 < count => Some(regs.role(first + 4)),
        5 if 5 < count => Some(regs.role(first + 5)),
        6 if 6 < count => Some(regs.role(first + 6)),
        7 if 7 < count => Some(regs.role(first + 7)),
        _ => none(),
    }
}

#[inline(always)]
fn beyond(first: c_ulong, count: usize, index: usize) -> c_ulong {
    let slot = index.wrapping_sub(count).wrapping_mul(size_of::<c_ulong>());
    first.wrapping_add(slot as c_ulong)
}

impl pt_regs {
    #[cfg(not(any(
        feature = "fields",
        feature = "helper",
        feature = "volatile",
        feature = "assembly"
    )))]
    #[inline(always)]
    fn role(&self, role: usize) -> c_ulong {
        self.0[role]
    }

    #[cfg(feature = "volatile")]
    #[inline(always)]
    fn role(&self, role: usize) -> c_ulong {
        // SAFETY: a reference.
        let value = unsafe { (&raw const self.0[role]).read_volatile() };
        core::hint::black_box(());
        value
    }

    #[cfg(feature = "assembly")]
    #[inline(always)]
    fn role(&self, role: usize) -> c_ulong {
        let address = &raw const self.0[role];
        let value: u64;
        // SAFETY: the instructions read the memory that a reference points to.
        unsafe {
            match size_of::<c_ulong>() {
                8 => core::arch::asm!(
                    "{value} = *(u64 *)({address} + 0)",
                    value = out(reg) value,
                    address = in(reg) address,
                    options(pure, readonly, nostack, preserves_flags),
                ),
                _ => core::arch::asm!(
                    "{value} = *(u32 *)({address} + 0)",
                    value = out(reg) value,
                    address = in(reg) address,
                    options(pure, readonly, nostack, preserves_flags),
                ),
            }
        }
        value as c_ulong
    }

    #[cfg(feature = "fields")]
    #[inline(always)]
    fn role(&self, role: usize) -> c_ulong {
        let (offset, plus, mask) = READINGS[role];
        // SAFETY: the offset is that of a slot of ctx.
        let slot = unsafe { *(&raw const *self).byte_add(offset).cast::<c_ulong>() };
        slot.wrapping_add(plus) & mask
    }

    #[cfg(feature = "helper")]
    #[inline(always)]
    fn role(&self, _role: usize) -> c_ulong {
        // SAFETY: the kernel's helper 7, `bpf_get_prandom_u32`, has this signature.
        let helper: unsafe extern "C" fn() -> u64 = unsafe { core::mem::transmute(7_usize) };
        // SAFETY: it has no parameter and no condition.
        unsafe { helper() as c_ulong }
    }

    #[inline(always)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const core::ffi::c_void) -> &'ctx Self {
        #[cfg(feature = "memory")]
        let ctx = {
            #[unsafe(no_mangle)]
            static mut REGISTERS: pt_regs = pt_regs([1; ROLES]);
            let _ = ctx;
            // The compiler knows no more of a map's value than of ctx.
            core::hint::black_box(&raw const REGISTERS)
        };
        // SAFETY: the caller passes a ctx, or the memory that the host has in its place. Nothing writes to the map
        // while a program runs. It is not null.
        unsafe { core::mem::transmute(ctx) }
    }

    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> c_ulong {
        const { assert!(N < ARG_REGISTERS) }
        self.role(ARGUMENTS + N)
    }

    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        nth(self, ARGUMENTS, ARG_REGISTERS, index)
    }

    #[inline(always)]
    pub fn syscall_arg<const N: usize>(&self) -> c_ulong {
        const { assert!(N < SYSCALL_ARG_REGISTERS) }
        self.role(SYSCALL_ARGUMENTS + N)
    }

    #[inline(always)]
    pub fn stack_arg_address<const N: usize>(&self) -> c_ulong {
        const { assert!(N >= ARG_REGISTERS) }
        beyond(self.role(STACK_ARGUMENT), ARG_REGISTERS, N)
    }

    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        match index < ARG_REGISTERS {
            true => none(),
            false => Some(beyond(self.role(STACK_ARGUMENT), ARG_REGISTERS, index)),
        }
    }

    #[inline(always)]
    pub fn return_value(&self) -> c_ulong {
        self.role(RETURN_VALUE)
    }

    #[inline(always)]
    pub fn return_address(&self) -> ReturnAddress {
        match RETURNS_ON_STACK {
            true => ReturnAddress::Stack(self.role(RETURN_ADDRESS)),
            false => ReturnAddress::Register(self.role(RETURN_ADDRESS)),
        }
    }

    #[inline(always)]
    pub fn instruction_pointer(&self) -> c_ulong {
        self.role(INSTRUCTION_POINTER)
    }

    #[inline(always)]
    pub fn stack_pointer(&self) -> c_ulong {
        self.role(STACK_POINTER)
    }

    #[inline(always)]
    pub fn frame_pointer(&self) -> Option<c_ulong> {
        match HAS_FRAME_POINTER {
            true => Some(self.role(FRAME_POINTER)),
            false => none(),
        }
    }

    #[inline(always)]
    pub fn syscall_number(&self) -> c_ulong {
        self.role(SYSCALL_NUMBER)
    }

    #[inline(always)]
    pub fn user_code(&self) -> &UserCode {
        // SAFETY: a transparent wrapper.
        unsafe { &*(&raw const *self).cast() }
    }
}

impl UserCode {
    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        nth(&self.0, USER_ARGUMENTS, USER_ARG_REGISTERS, index)
    }

    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        match index < USER_ARG_REGISTERS {
            true => none(),
            false => Some(beyond(
                self.0.role(USER_STACK_ARGUMENT),
                USER_ARG_REGISTERS,
                index,
            )),
        }
    }
}
