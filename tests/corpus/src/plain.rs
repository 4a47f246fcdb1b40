//! x86_64's registers, with the methods of a crate that reads fields plainly.
//!
//! Only the machine of the kernel that can refuse them here needs this twin.

use probe_abi::{
    ARG_REGISTERS, Argument, ReturnAddress, SYSCALL_ARG_REGISTERS, SyscallArgument, c_ulong, c_void,
};

#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct pt_regs(probe_abi::pt_regs);

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
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx Self {
        // SAFETY: the caller passes a ctx, and a transparent wrapper has its layout.
        unsafe { &*ctx.cast() }
    }

    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> c_ulong
    where
        Self: Argument<N, ARG_REGISTERS>,
    {
        self.arg_at(N).unwrap_or(0)
    }

    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        Some(match index {
            0 => self.0.rdi,
            1 => self.0.rsi,
            2 => self.0.rdx,
            3 => self.0.rcx,
            4 => self.0.r8,
            5 => self.0.r9,
            _ => return None,
        })
    }

    #[inline(always)]
    pub fn slot_at(&self, offset: u16) -> Option<c_ulong> {
        Some(match offset {
            0 => self.0.r15,
            8 => self.0.r14,
            16 => self.0.r13,
            24 => self.0.r12,
            32 => self.0.rbp,
            40 => self.0.rbx,
            48 => self.0.r11,
            56 => self.0.r10,
            64 => self.0.r9,
            72 => self.0.r8,
            80 => self.0.rax,
            88 => self.0.rcx,
            96 => self.0.rdx,
            104 => self.0.rsi,
            112 => self.0.rdi,
            128 => self.0.rip,
            136 => self.0.cs,
            144 => self.0.eflags,
            152 => self.0.rsp,
            160 => self.0.ss,
            _ => return None,
        })
    }

    #[inline(always)]
    pub fn syscall_arg<const N: usize>(&self) -> c_ulong
    where
        Self: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
    {
        match N {
            3 => self.0.r10,
            n => self.arg_at(n).unwrap_or(0),
        }
    }

    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        let beyond = index.checked_sub(ARG_REGISTERS)? as c_ulong;
        Some(self.0.rsp.wrapping_add(8 + 8 * beyond))
    }

    #[inline(always)]
    pub fn return_value(&self) -> c_ulong {
        self.0.rax
    }

    #[inline(always)]
    pub fn instruction_pointer(&self) -> c_ulong {
        self.0.rip
    }

    #[inline(always)]
    pub fn stack_pointer(&self) -> c_ulong {
        self.0.rsp
    }

    #[inline(always)]
    pub fn frame_pointer(&self) -> Option<c_ulong> {
        Some(self.0.rbp)
    }

    #[inline(always)]
    pub fn return_address(&self) -> ReturnAddress {
        ReturnAddress::Stack(self.0.rsp)
    }

    #[inline(always)]
    pub fn syscall_number(&self) -> c_ulong {
        self.0.orig_rax
    }
}
