// The names of a machine, and the methods of its `pt_regs`. This file is written once, and the module of each machine
// includes it. So compilers speak of `pt_regs::arg`, and not of a module in between.

use crate::{
    call, go,
    indices::{Argument, Below, Index, NotBelow, StackArgument, SyscallArgument},
    machine::{self, Convention, Machine},
    regs::{self, Registers, read},
    syscall,
};

pub use core::ffi::c_void;

pub use crate::call::{Entry, Return};

/// A pointer as it is in this machine's memory: [`Ptr`](crate::arch::Ptr) with this machine's addresses.
pub type Ptr<T> = crate::ptr::Ptr<T, uintptr_t>;

/// [`ReturnAddress`](crate::arch::ReturnAddress) with this machine's addresses.
pub type ReturnAddress = machine::ReturnAddress<c_ulong>;

/// This machine's name: Rust's `target_arch`, the value of `CARGO_CFG_BPF_TARGET_ARCH`.
pub const ARCH: &str = MACHINE.name;

/// How many arguments of a function are passed in registers.
pub const ARG_REGISTERS: usize = pt_regs::ARG_REGISTERS;

/// How many arguments a syscall's own `pt_regs` holds.
pub const SYSCALL_ARG_REGISTERS: usize = MACHINE.syscall_arguments.len();

/// The numbers of this machine's syscalls: [`pt_regs::syscall_number`] returns `nr::openat` for `openat(2)`.
///
/// Each number is a constant: a program can compare it, and can use it as a pattern. The name of a syscall that this
/// machine does not have does not compile. For names that are only known at run time there are [`Machine::syscall`] and
/// [`Machine::syscall_numbered`].
#[allow(non_camel_case_types)]
pub enum nr {}

// SAFETY: `pt_regs` has only integers, so zeros are a value of it.
const ZEROS: &pt_regs = &unsafe { core::mem::MaybeUninit::zeroed().assume_init() };

const _: () = {
    assert!(MACHINE.word as usize == size_of::<c_ulong>());
    assert!(MACHINE.word as usize == size_of::<uintptr_t>());
};

/// A function of a process, for a uprobe: [`call::User`] of this machine. `F` is its [prototype](crate::signature).
pub type User<F> = call::User<F, pt_regs>;

/// A function of the kernel, for a kprobe: [`call::Kernel`] of this machine. `F` is its [prototype](crate::signature).
pub type Kernel<F> = call::Kernel<F, pt_regs>;

/// A function of the kernel that is `asmlinkage`: [`call::Asmlinkage`] of this machine. `F` is its
/// [prototype](crate::signature).
pub type Asmlinkage<F> = call::Asmlinkage<F, pt_regs>;

/// A syscall, for a kprobe on the kernel's function for it: [`syscall::Syscall`] of this machine. `F` is its
/// [prototype](crate::signature). `Wrapped` is only needed on machines whose kernels differ in how they call that
/// function.
pub type Syscall<F, Wrapped = syscall::ByMachine> = syscall::Syscall<F, pt_regs, Wrapped>;

/// A function of a Go program, for a uprobe: [`go::Go`] of this machine. `F` is its [signature](go). `Release` is only
/// needed if the program's release may have arguments on the stack.
pub type Go<F, Release = go::InRegisters> = go::Go<F, pt_regs, Release>;

/// Go's `int`.
pub type GoInt = c_long;

/// Go's `uint`.
pub type GoUint = c_ulong;

/// Go's `uintptr`.
pub type GoUintptr = c_ulong;

/// Go's `string`: [`go::GoString`] of this machine.
pub type GoString = go::GoString<c_ulong>;

/// Go's `[]T`: [`go::GoSlice`] of this machine.
pub type GoSlice<T> = go::GoSlice<T, c_ulong>;

/// A Go interface that has methods: [`go::GoInterface`] of this machine.
pub type GoInterface = go::GoInterface<c_ulong>;

/// Go's `error`.
pub type GoError = GoInterface;

/// Go's `any`: [`go::GoAny`] of this machine.
pub type GoAny = go::GoAny<c_ulong>;

pub use crate::go::GoStruct;

/// The ctx of a program of `raw_tracepoint/sys_enter`: [`syscall::SysEnter`] of this machine.
pub type SysEnter = syscall::SysEnter<pt_regs>;

/// The ctx of a program of `raw_tracepoint/sys_exit`: [`syscall::SysExit`] of this machine.
pub type SysExit = syscall::SysExit<pt_regs>;

impl Registers for pt_regs {
    const MACHINE: Machine = MACHINE;
    const CONVENTION: Convention = MACHINE.kernel;
    type Word = c_ulong;
}

call::machine!(pt_regs, c_ulong);

// SAFETY: the struct has only integers.
unsafe impl crate::memory::AnyBitPattern for pt_regs {}

#[diagnostic::do_not_recommend]
impl<const N: usize> Argument<N, { pt_regs::ARG_REGISTERS }> for pt_regs where
    Index<N>: Below<{ pt_regs::ARG_REGISTERS }>
{
}

#[diagnostic::do_not_recommend]
impl<const N: usize> StackArgument<N, { pt_regs::ARG_REGISTERS }> for pt_regs where
    Index<N>: NotBelow<{ pt_regs::ARG_REGISTERS }>
{
}

#[diagnostic::do_not_recommend]
impl<const N: usize> SyscallArgument<N, SYSCALL_ARG_REGISTERS> for pt_regs where
    Index<N>: Below<SYSCALL_ARG_REGISTERS>
{
}

impl pt_regs {
    /// How many arguments of a function are passed in registers.
    pub const ARG_REGISTERS: usize = MACHINE.kernel.registers.len();

    /// The registers in a probe program's ctx.
    ///
    /// # Safety
    ///
    /// `ctx` is the pointer that the kernel passed to a kprobe, kretprobe, uprobe, uretprobe, kprobe.multi or fprobe
    /// program on this machine. Elsewhere (in host tests, or for a copy that `bpf_probe_read_kernel` made) it points to
    /// a whole `pt_regs`. The reference must not outlive that program's run. The compiler cannot check this, because a
    /// raw pointer has no lifetime: this function returns a reference of any lifetime that the caller asks for.
    /// [`with_ctx`](Self::with_ctx) has the shortest lifetime.
    #[inline(always)]
    // In a debug build a reference to the pointed-to value, `&*ctx`, compares the pointer with null, and in a release
    // build LLVM is not told the result of that comparison. A transmutation compares nothing, and LLVM knows that the
    // reference is not null.
    #[allow(clippy::transmute_ptr_to_ref)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx pt_regs {
        // SAFETY: the caller passes a ctx. It is at least as long as pt_regs (the verifier refuses a read past its
        // end), it is aligned to its slots, and the kernel does not change it while the program runs.
        unsafe { core::mem::transmute(ctx) }
    }

    /// [`from_ctx`](Self::from_ctx) for the time of one call. A program that keeps the registers for longer does not
    /// compile.
    ///
    /// # Safety
    ///
    /// `ctx` is as in [`from_ctx`](Self::from_ctx). This function limits the lifetime.
    #[inline(always)]
    pub unsafe fn with_ctx<T>(ctx: *const c_void, probe: impl FnOnce(&pt_regs) -> T) -> T {
        // SAFETY: the caller passes a ctx, and the reference ends with this function.
        probe(unsafe { Self::from_ctx(ctx) })
    }

    /// Argument `N` of the function, counted from 0: the whole register.
    ///
    /// Meaningful at the function's entry, in every kind of probe (kprobe, uprobe, kprobe.multi, fprobe). The upper
    /// bits of the register may hold anything if the argument is narrower: cast it to its C type. On 32-bit machines a
    /// 64-bit argument takes two registers.
    ///
    /// If this machine does not pass the argument in a register, this does not compile.
    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> c_ulong
    where
        Self: Argument<N, { pt_regs::ARG_REGISTERS }>,
    {
        read::<_, regs::Argument<N>>(self)
    }

    /// [`arg`](Self::arg) with an index that is chosen at run time; `None` if this machine does not pass that argument
    /// in a register.
    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        regs::argument_at(self, index)
    }

    /// The register in the slot at an offset in bytes that is chosen at run time; `None` if no register of [`MACHINE`]
    /// has its slot there.
    ///
    /// A loader looks up the register by its name or number, and sends the offset of its slot to the probe:
    /// [`Machine::register`](crate::machine::Machine::register) and
    /// [`Machine::dwarf_register`](crate::machine::Machine::dwarf_register) give the slot. Meaningful in a kprobe or
    /// uprobe of any kind. In a kprobe.multi or fprobe not every slot is filled ([`arch`](crate::arch)).
    ///
    /// It takes a few comparisons, because the verifier requires a constant offset in each load.
    #[inline(always)]
    pub fn slot_at(&self, offset: u16) -> Option<c_ulong> {
        regs::slot_at(self, offset)
    }

    /// The address on the stack of argument `N`, if the argument is not passed in a register. Read it with
    /// `bpf_probe_read_kernel` or `bpf_probe_read_user`.
    ///
    /// Meaningful at the function's entry. `N` counts slots of one [`c_ulong`], and counts the register arguments too.
    /// An argument of a basic integer or pointer type has one slot. On a big-endian machine a narrower argument is at
    /// the slot's high-address end: read the whole slot and cast it.
    ///
    /// If the argument is in a register, this does not compile.
    #[inline(always)]
    pub fn stack_arg_address<const N: usize>(&self) -> c_ulong
    where
        Self: StackArgument<N, { pt_regs::ARG_REGISTERS }>,
    {
        regs::stack_slot(self, N)
    }

    /// [`stack_arg_address`](Self::stack_arg_address) with an index that is chosen at run time; `None` if the argument
    /// is passed in a register: then [`arg_at`](Self::arg_at) reads it.
    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        regs::stack_slot_at(self, index)
    }

    /// The return value of the function: the whole register.
    ///
    /// Meaningful in a return probe of any kind. The upper bits of the register may hold anything if the value is
    /// narrower: cast it to its C type.
    #[inline(always)]
    pub fn return_value(&self) -> c_ulong {
        read::<_, regs::ReturnValue>(self)
    }

    /// The address of the instruction that was probed.
    ///
    /// Meaningful in every kind of probe. In a kprobe it is the address that the kernel stopped at. On x86 and x86_64
    /// that is after the breakpoint: one byte past the start of the instruction. In a kprobe.multi it is the address
    /// that the kernel's tracer returns to, on most machines some bytes after the function's symbol (9 on x86_64, 6 on
    /// s390x). In a return probe of any kind it is the address that the function returns to.
    #[inline(always)]
    pub fn instruction_pointer(&self) -> c_ulong {
        read::<_, regs::InstructionPointer>(self)
    }

    /// The stack pointer, as the register holds it.
    ///
    /// Meaningful in every kind of probe.
    #[inline(always)]
    pub fn stack_pointer(&self) -> c_ulong {
        read::<_, regs::StackPointer>(self)
    }

    /// The register that the ABI reserves for a frame pointer; `None` if the ABI reserves no register.
    ///
    /// Filled in every kind of probe. Whether it points to a frame depends on how the traced code was compiled.
    #[inline(always)]
    pub fn frame_pointer(&self) -> Option<c_ulong> {
        match const { MACHINE.frame_pointer.is_some() } {
            true => Some(read::<_, regs::FramePointer>(self)),
            false => None,
        }
    }

    /// The address that the function returns to, or the place on the stack to read it from.
    ///
    /// Meaningful only at the function's first instruction, in a kprobe, uprobe, kprobe.multi or fprobe.
    /// [`ReturnAddress`](crate::arch::ReturnAddress) has methods that read an address from the stack.
    #[inline(always)]
    pub fn return_address(&self) -> ReturnAddress {
        regs::return_address(self)
    }

    /// The number of the syscall.
    ///
    /// Meaningful in a syscall's own `pt_regs`. A syscall wrapper has it as argument 0, and `raw_tracepoint/sys_enter`
    /// as its first argument. Copy it with `bpf_probe_read_kernel`. Not meaningful in the ctx of a probe on any other
    /// function.
    #[inline(always)]
    pub fn syscall_number(&self) -> c_ulong {
        let number = read::<_, regs::SyscallNumber>(self);
        match const { MACHINE.syscall_number_mask } {
            u32::MAX => number,
            mask => number & mask as c_ulong,
        }
    }

    /// Argument `N` of the syscall, counted from 0.
    ///
    /// Meaningful in the same `pt_regs` as [`syscall_number`](Self::syscall_number). If the first argument's register
    /// is also the register of the return value, this reads the slot that keeps the argument while the syscall runs.
    ///
    /// If a syscall cannot have the argument, this does not compile.
    #[inline(always)]
    pub fn syscall_arg<const N: usize>(&self) -> c_ulong
    where
        Self: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
    {
        read::<_, regs::SyscallArgument<N>>(self)
    }

    /// These registers under the calling convention of user code. A uprobe reads arguments by it on any machine. It
    /// differs from the kernel's convention on some machines: see [`UserCode`].
    #[inline(always)]
    pub fn user_code(&self) -> &UserCode {
        // SAFETY: a transparent wrapper has the layout of the wrapped struct.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }
}

/// The registers under the calling convention of user code.
///
/// It differs from the convention of the kernel's code on two machines. On x86 the kernel passes three arguments in
/// registers, and user code passes none. On big-endian powerpc64 the arguments on the stack start at another offset. A
/// uprobe that reads arguments by `regs.user_code()` is right on every machine that it compiles for.
///
/// The methods that are not about arguments are those of [`pt_regs`], to which this dereferences.
#[derive(Debug)]
#[repr(transparent)]
pub struct UserCode(pt_regs);

impl Registers for UserCode {
    const MACHINE: Machine = MACHINE;
    const CONVENTION: Convention = MACHINE.user;
    type Word = c_ulong;
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Argument<N, { UserCode::ARG_REGISTERS }> for UserCode where
    Index<N>: Below<{ UserCode::ARG_REGISTERS }>
{
}

#[diagnostic::do_not_recommend]
impl<const N: usize> StackArgument<N, { UserCode::ARG_REGISTERS }> for UserCode where
    Index<N>: NotBelow<{ UserCode::ARG_REGISTERS }>
{
}

impl UserCode {
    /// How many arguments of a function of user code are passed in registers.
    pub const ARG_REGISTERS: usize = MACHINE.user.registers.len();

    /// Whether this code is of 32 bits, on a kernel of 64 bits.
    ///
    /// Meaningful in a uprobe, in a uretprobe, and in a syscall's own `pt_regs`. In a kprobe the registers are those of
    /// the kernel's code. If the code is of 32 bits, its arguments are in the places of the other machine's convention:
    /// on some machines the module `compat` reads them. [`Machine::compat`] says which register shows it.
    ///
    /// If no register of the machine shows it, this does not compile.
    #[inline(always)]
    pub fn is_compat(&self) -> bool
    where
        for<'any> pt_regs: syscall::ShowsMode<'any>,
    {
        MACHINE.compat.is_narrow(regs::load::<_, regs::Mode>(self))
    }

    /// [`pt_regs::arg`] of user code.
    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> c_ulong
    where
        Self: Argument<N, { UserCode::ARG_REGISTERS }>,
    {
        read::<_, regs::Argument<N>>(self)
    }

    /// [`pt_regs::arg_at`] of user code.
    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        regs::argument_at(self, index)
    }

    /// [`pt_regs::stack_arg_address`] of user code.
    #[inline(always)]
    pub fn stack_arg_address<const N: usize>(&self) -> c_ulong
    where
        Self: StackArgument<N, { UserCode::ARG_REGISTERS }>,
    {
        regs::stack_slot(self, N)
    }

    /// [`pt_regs::stack_arg_address_at`] of user code.
    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        regs::stack_slot_at(self, index)
    }
}

impl core::ops::Deref for UserCode {
    type Target = pt_regs;

    #[inline(always)]
    fn deref(&self) -> &pt_regs {
        &self.0
    }
}
