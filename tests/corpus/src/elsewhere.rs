//! Registers that are not from ctx and not from this crate: each value is in a map.
//!
//! If the kernel refuses a program of the corpus with these values, the reason is not this crate.

use core::hint::black_box;

use probe_abi::{
    ARG_REGISTERS, Argument, ReturnAddress, SYSCALL_ARG_REGISTERS, SyscallArgument, c_ulong, c_void,
};

/// The value of a map. BPF programs reach it as a static.
#[unsafe(no_mangle)]
static mut VALUES: [u64; 16] = [0; 16];

#[inline(always)]
fn value(slot: usize) -> u64 {
    // SAFETY: nothing writes to it while a program runs.
    let value = unsafe { VALUES[slot] };
    // Like this crate's fence, it keeps LLVM from merging two reads.
    black_box(());
    value
}

#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Default)]
pub struct pt_regs;

impl<const N: usize, const REGISTERS: usize> Argument<N, REGISTERS> for pt_regs where
    probe_abi::pt_regs: Argument<N, REGISTERS>
{
}

impl<const N: usize, const REGISTERS: usize> SyscallArgument<N, REGISTERS> for pt_regs where
    probe_abi::pt_regs: SyscallArgument<N, REGISTERS>
{
}

impl pt_regs {
    #[inline(always)]
    pub unsafe fn from_ctx<'ctx>(_ctx: *const c_void) -> &'ctx Self {
        &Self
    }

    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> c_ulong
    where
        Self: Argument<N, ARG_REGISTERS>,
    {
        value(N)
    }

    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        match index {
            0 => Some(value(0)),
            1 => Some(value(1)),
            2 => Some(value(2)),
            3 => Some(value(3)),
            4 => Some(value(4)),
            5 => Some(value(5)),
            _ => None,
        }
    }

    #[inline(always)]
    pub fn slot_at(&self, offset: u16) -> Option<c_ulong> {
        match offset {
            0 => Some(value(6)),
            8 => Some(value(7)),
            16 => Some(value(8)),
            24 => Some(value(9)),
            32 => Some(value(10)),
            _ => None,
        }
    }

    #[inline(always)]
    pub fn syscall_arg<const N: usize>(&self) -> c_ulong
    where
        Self: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
    {
        value(6)
    }

    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        match index {
            0..ARG_REGISTERS => None,
            _ => Some(value(7)),
        }
    }

    #[inline(always)]
    pub fn return_value(&self) -> c_ulong {
        value(8)
    }

    #[inline(always)]
    pub fn instruction_pointer(&self) -> c_ulong {
        value(9)
    }

    #[inline(always)]
    pub fn stack_pointer(&self) -> c_ulong {
        value(10)
    }

    #[inline(always)]
    pub fn frame_pointer(&self) -> Option<c_ulong> {
        Some(value(11))
    }

    #[inline(always)]
    pub fn return_address(&self) -> ReturnAddress {
        ReturnAddress::Stack(value(12))
    }

    #[inline(always)]
    pub fn syscall_number(&self) -> c_ulong {
        value(13)
    }
}
