// The names of a machine, and the methods of its `pt_regs`: written once, and included in each machine's
// module, so that compilers speak of `pt_regs::arg` and not of a module in between.

use crate::{
    call, go,
    indices::{Argument, Below, Index, NotBelow, StackArgument, SyscallArgument},
    machine::{self, Convention, Machine},
    regs::{self, Registers, read},
    syscall,
};

pub use core::ffi::c_void;

pub use crate::call::{Entry, Return};

/// A pointer as it lies in this machine's memory: [`Ptr`](crate::arch::Ptr) with its addresses.
pub type Ptr<T> = crate::ptr::Ptr<T, uintptr_t>;

/// [`ReturnAddress`](crate::arch::ReturnAddress) with this machine's addresses.
pub type ReturnAddress = machine::ReturnAddress<c_ulong>;

/// This machine's name: Rust's `target_arch`, the value of `CARGO_CFG_BPF_TARGET_ARCH`.
pub const ARCH: &str = MACHINE.name;

/// How many arguments of a function are passed in registers.
pub const ARG_REGISTERS: usize = pt_regs::ARG_REGISTERS;

/// How many arguments of a syscall its own `pt_regs` holds.
pub const SYSCALL_ARG_REGISTERS: usize = MACHINE.syscall_arguments.len();

/// The numbers of this machine's syscalls: `nr::openat` is what [`pt_regs::syscall_number`] gives for `openat(2)`.
///
/// Each is a constant to compare with, and a pattern. A syscall that this machine does not have does not compile.
/// [`Machine::syscall`] and [`Machine::syscall_numbered`] are for names that are known at run time alone.
#[allow(non_camel_case_types)]
pub enum nr {}

// SAFETY: `pt_regs` is made of integers, so zeros are a value of it.
const ZEROS: &pt_regs = &unsafe { core::mem::MaybeUninit::zeroed().assume_init() };

const _: () = {
    assert!(MACHINE.word as usize == size_of::<c_ulong>());
    assert!(MACHINE.word as usize == size_of::<uintptr_t>());
};

/// A function of a process, as a uprobe sees it: [`call::User`] of this machine. `F` is its
/// [prototype](crate::signature).
pub type User<F> = call::User<F, pt_regs>;

/// A function of the kernel, as a kprobe sees it: [`call::Kernel`] of this machine. `F` is its
/// [prototype](crate::signature).
pub type Kernel<F> = call::Kernel<F, pt_regs>;

/// A function of the kernel that is `asmlinkage`: [`call::Asmlinkage`] of this machine. `F` is its
/// [prototype](crate::signature).
pub type Asmlinkage<F> = call::Asmlinkage<F, pt_regs>;

/// A syscall, as a kprobe on the kernel's function for it sees it: [`syscall::Syscall`] of this machine. `F` is its
/// [prototype](crate::signature); `Wrapped` is only needed where kernels differ in how they call it.
pub type Syscall<F, Wrapped = syscall::ByMachine> = syscall::Syscall<F, pt_regs, Wrapped>;

/// A function of a Go program, as a uprobe sees it: [`go::Go`] of this machine. `F` is its [signature](go); `Release` is
/// only needed where the program may be of a release that has arguments on the stack.
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

/// Any interface of Go's that has methods: [`go::GoInterface`] of this machine.
pub type GoInterface = go::GoInterface<c_ulong>;

/// Go's `error`.
pub type GoError = GoInterface;

/// Go's `any`: [`go::GoAny`] of this machine.
pub type GoAny = go::GoAny<c_ulong>;

pub use crate::go::GoStruct;

/// What a program of `raw_tracepoint/sys_enter` gets: [`syscall::SysEnter`] of this machine.
pub type SysEnter = syscall::SysEnter<pt_regs>;

/// What a program of `raw_tracepoint/sys_exit` gets: [`syscall::SysExit`] of this machine.
pub type SysExit = syscall::SysExit<pt_regs>;

impl Registers for pt_regs {
    const MACHINE: Machine = MACHINE;
    const CONVENTION: Convention = MACHINE.kernel;
    type Word = c_ulong;
}

call::machine!(pt_regs, c_ulong);

// SAFETY: it is made of integers.
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

    /// The registers that a probe program's context holds.
    ///
    /// # Safety
    ///
    /// `ctx` is what the kernel passed to a kprobe, kretprobe, uprobe, uretprobe, kprobe.multi
    /// or fprobe program on this machine, or points to a whole `pt_regs` elsewhere (in host
    /// tests, or a copy that `bpf_probe_read_kernel` made). The reference must not outlive
    /// that program's run, which the compiler cannot see from a raw pointer: it grants
    /// whatever lifetime is asked for. [`with_ctx`](Self::with_ctx) asks for the shortest.
    #[inline(always)]
    // A reference to what the pointer points to, `&*ctx`, is a comparison with null in a debug build, and
    // LLVM is not told its outcome in a release build. A transmutation is no comparison, and tells it.
    #[allow(clippy::transmute_ptr_to_ref)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx pt_regs {
        // SAFETY: the caller passes a ctx: at least as long as pt_regs (the verifier refuses a
        // read past its end), aligned to its slots, and left alone by the kernel while the
        // program runs.
        unsafe { core::mem::transmute(ctx) }
    }

    /// [`from_ctx`](Self::from_ctx) for the time of one call: a program that keeps the
    /// registers for longer does not compile.
    ///
    /// # Safety
    ///
    /// `ctx` is as in [`from_ctx`](Self::from_ctx). The lifetime is seen to.
    #[inline(always)]
    pub unsafe fn with_ctx<T>(ctx: *const c_void, probe: impl FnOnce(&pt_regs) -> T) -> T {
        // SAFETY: the caller passes a ctx, and the reference ends with this function.
        probe(unsafe { Self::from_ctx(ctx) })
    }

    /// Argument `N` of the function, counted from zero: the whole register.
    ///
    /// Meaningful at the function's entry, in every kind of probe (kprobe, uprobe, kprobe.multi,
    /// fprobe). An argument narrower than a register need not be extended: cast it to its C
    /// type. On 32-bit machines a 64-bit argument takes two registers.
    ///
    /// An argument that this machine does not pass in a register does not compile.
    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> c_ulong
    where
        Self: Argument<N, { pt_regs::ARG_REGISTERS }>,
    {
        read::<_, regs::Argument<N>>(self)
    }

    /// [`arg`](Self::arg) at an index chosen at run time; `None` where this machine does not
    /// pass that argument in a register.
    #[inline(always)]
    pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
        regs::argument_at(self, index)
    }

    /// The register in the slot at an offset chosen at run time, in bytes; `None` where no register of
    /// [`MACHINE`] has its slot there.
    ///
    /// A loader knows the register by its name or number, and sends the probe its offset:
    /// [`Machine::register`](crate::machine::Machine::register) and
    /// [`Machine::dwarf_register`](crate::machine::Machine::dwarf_register) give the slot. Meaningful in a kprobe or
    /// uprobe of any kind; in a kprobe.multi or fprobe not every slot is filled ([`arch`](crate::arch)).
    ///
    /// It takes a few comparisons, because the verifier wants each load at a constant offset.
    #[inline(always)]
    pub fn slot_at(&self, offset: u16) -> Option<c_ulong> {
        regs::slot_at(self, offset)
    }

    /// The address on the stack where argument `N` lies, for an argument that is not passed
    /// in a register; read it with `bpf_probe_read_kernel` or `bpf_probe_read_user`.
    ///
    /// Meaningful at the function's entry. `N` counts slots of one [`c_ulong`], register
    /// arguments included, as they are for arguments of the basic integer and pointer types.
    /// On a big-endian machine a narrower argument lies at the slot's far end: read the whole
    /// slot and cast.
    ///
    /// An argument that is in a register does not compile.
    #[inline(always)]
    pub fn stack_arg_address<const N: usize>(&self) -> c_ulong
    where
        Self: StackArgument<N, { pt_regs::ARG_REGISTERS }>,
    {
        regs::stack_slot(self, N)
    }

    /// [`stack_arg_address`](Self::stack_arg_address) at an index chosen at run time; `None`
    /// where the argument is passed in a register, and [`arg_at`](Self::arg_at) has it.
    #[inline(always)]
    pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
        regs::stack_slot_at(self, index)
    }

    /// What the function returned: the whole register.
    ///
    /// Meaningful in a return probe of any kind. A value narrower than a register need not
    /// be extended: cast it to its C type.
    #[inline(always)]
    pub fn return_value(&self) -> c_ulong {
        read::<_, regs::ReturnValue>(self)
    }

    /// The address of the instruction that was probed.
    ///
    /// Meaningful in every kind of probe. In a kprobe it is the address that the kernel
    /// stopped at, on x86 and x86_64 behind the breakpoint: one byte past the instruction. In
    /// a kprobe.multi it is where the kernel's tracer goes back to, on most machines some
    /// bytes behind the function's symbol (9 on x86_64, 6 on s390x). In a return probe of any
    /// kind it is the address that the function returns to.
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

    /// The register that the ABI sets aside for a frame pointer; `None` where it has none.
    ///
    /// Filled in every kind of probe. Whether it points to a frame is up to how the traced
    /// code was compiled.
    #[inline(always)]
    pub fn frame_pointer(&self) -> Option<c_ulong> {
        match const { MACHINE.frame_pointer.is_some() } {
            true => Some(read::<_, regs::FramePointer>(self)),
            false => None,
        }
    }

    /// Where the function returns to.
    ///
    /// Meaningful only at the function's first instruction, in a kprobe, uprobe, kprobe.multi
    /// or fprobe. [`ReturnAddress`](crate::arch::ReturnAddress) has methods that read it where it is on the stack.
    #[inline(always)]
    pub fn return_address(&self) -> ReturnAddress {
        regs::return_address(self)
    }

    /// The number of the syscall.
    ///
    /// Meaningful in a syscall's own `pt_regs`: the one that a syscall wrapper has as its
    /// argument 0 and `raw_tracepoint/sys_enter` as its first, copied with
    /// `bpf_probe_read_kernel`. Not in the ctx of a probe on some function.
    #[inline(always)]
    pub fn syscall_number(&self) -> c_ulong {
        let number = read::<_, regs::SyscallNumber>(self);
        match const { MACHINE.syscall_number_mask } {
            u32::MAX => number,
            mask => number & mask as c_ulong,
        }
    }

    /// Argument `N` of the syscall, counted from zero.
    ///
    /// Meaningful where [`syscall_number`](Self::syscall_number) is. Reads the slot that
    /// keeps the argument while the syscall runs, where the first argument's register is
    /// also the return value's.
    ///
    /// An argument that a syscall cannot have does not compile.
    #[inline(always)]
    pub fn syscall_arg<const N: usize>(&self) -> c_ulong
    where
        Self: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
    {
        read::<_, regs::SyscallArgument<N>>(self)
    }

    /// These registers under the calling convention of user code: what a uprobe on any
    /// machine asks for arguments. It differs from the kernel's on some machines: see [`UserCode`].
    #[inline(always)]
    pub fn user_code(&self) -> &UserCode {
        // SAFETY: a transparent wrapper has the layout of what it wraps.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }
}

/// The registers under the calling convention of user code.
///
/// It differs from that of the kernel's code on x86, where the kernel passes three arguments in registers
/// and user code none, and on powerpc64 big-endian, where arguments on the stack start at another
/// offset. A uprobe that asks `regs.user_code()` for arguments is right on every machine that it compiles for.
///
/// All that is not about arguments is as in [`pt_regs`], to which this dereferences.
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
    /// Meaningful in a uprobe and a uretprobe, and in the own `pt_regs` of a syscall; in a kprobe the registers are those of
    /// the kernel's code. The arguments of such code are where the other machine's convention has them: on some machines the
    /// module `compat` reads them. What shows it is [`Machine::compat`].
    ///
    /// On a machine where no register shows it, this does not compile.
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
