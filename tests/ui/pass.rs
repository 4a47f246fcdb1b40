//! What a user writes on whatever machine: all of it compiles.

use core::mem::MaybeUninit;

use probe_abi::{
    ARG_REGISTERS, Argument, Ptr, SYSCALL_ARG_REGISTERS, SyscallArgument, c_int, c_ulong, c_void,
    pt_regs,
};

fn generic<const N: usize>(regs: &pt_regs) -> c_ulong
where
    pt_regs: Argument<N, ARG_REGISTERS>,
{
    regs.arg::<N>()
}

fn generic_syscall<const N: usize>(regs: &pt_regs) -> c_int
where
    pt_regs: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
{
    regs.syscall_arg::<N>() as c_int
}

fn last_register_argument(regs: &pt_regs) -> Option<c_ulong> {
    regs.arg_at(ARG_REGISTERS - 1)
}

fn first_stack_argument(regs: &pt_regs) -> Ptr<c_ulong> {
    Ptr::new(regs.stack_arg_address::<ARG_REGISTERS>() as _)
}

fn main() {
    // A pointer of either kind is a context.
    let mut ctx = MaybeUninit::<pt_regs>::zeroed();
    let ctx: *mut c_void = ctx.as_mut_ptr().cast();
    // SAFETY: zeroes are a whole pt_regs.
    let regs: &pt_regs = unsafe { pt_regs::from_ctx(ctx) };
    let _ = generic::<0>(regs) + generic::<{ ARG_REGISTERS - 1 }>(regs);
    let _ = generic_syscall::<{ SYSCALL_ARG_REGISTERS - 1 }>(regs);
    let _ = (last_register_argument(regs), first_stack_argument(regs));
    // SAFETY: the same.
    let (pid, _) = unsafe { pt_regs::with_ctx(ctx, |regs| (regs.arg::<0>() as c_int, regs.sp())) };
    let _: c_int = pid;
}

/// A user's own name for a method.
trait Sp {
    fn sp(&self) -> c_ulong;
}

impl Sp for pt_regs {
    fn sp(&self) -> c_ulong {
        self.stack_pointer()
    }
}
