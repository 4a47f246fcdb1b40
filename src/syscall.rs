//! A syscall with the prototype of its manual page: in a kprobe on the kernel's function for it, in a kretprobe, and in
//! the raw tracepoints `sys_enter` and `sys_exit`.
//!
//! ```
//! use probe_abi::{Entry, Ptr, Return, SysEnter, c_char, c_int, c_void, nr};
//! use probe_abi::arch::x86_64::{self, Syscall};
//!
//! // int openat(int dirfd, const char *path, int flags, ...);
//! type Prototype = unsafe extern "C" fn(dirfd: c_int, path: *const c_char, flags: c_int, ...) -> c_int;
//!
//! /// A kprobe on the function that `Machine::syscall_function` finds.
//! fn on_openat(ctx: *const c_void) -> Result<u8, i32> {
//!     // SAFETY: this is the ctx of that kprobe.
//!     let call = unsafe { Entry::<Syscall<Prototype>>::from_ctx(ctx) };
//!     let path = call.read_arg::<1>()?;
//!     path.cast().read_user()
//! }
//!
//! /// A kretprobe on it.
//! fn error(ctx: *const c_void) -> Option<c_int> {
//!     // SAFETY: this is the ctx of that kretprobe.
//!     let fd = unsafe { Return::<Syscall<Prototype>>::from_ctx(ctx) }.value();
//!     (fd < 0).then_some(-fd)
//! }
//!
//! /// `raw_tracepoint/sys_enter`, for all syscalls.
//! fn on_sys_enter(ctx: *const c_void) -> Result<u8, i32> {
//!     // SAFETY: this is the ctx of that raw tracepoint.
//!     let enter = unsafe { x86_64::SysEnter::from_ctx(ctx) };
//!     match enter.number() {
//!         x86_64::nr::openat => enter.call::<Prototype>().read_arg::<1>()?.cast().read_user(),
//!         _ => Ok(0),
//!     }
//! }
//! ```
//!
//! # Wrapped or not
//!
//! Most kernels wrap the functions of their syscalls. A wrapper has one argument, a pointer to the syscall's own
//! `pt_regs`. A [`Syscall`] reads from there only the slots that the probe asks for. Other kernels pass the arguments
//! to the function as to any other function, and a [`Syscall`] reads them from `ctx`. So on every machine the
//! parameters are read with [`read_arg`](crate::Entry::read_arg), which can fail.
//!
//! | machine | wrapped | symbol | with libbpf's `BPF_KSYSCALL` |
//! |---|---|---|---|
//! | x86_64 | since 4.17 | `__x64_sys_openat` | the same |
//! | x86 | since 5.7 | `__ia32_sys_openat` | the same, if `__i386__` is defined |
//! | aarch64 | since 4.19 | `__arm64_sys_openat` | the same |
//! | s390x | since 6.1 at the latest | `__s390x_sys_openat` | the same |
//! | riscv64, riscv32 | since 6.6 | `__riscv_sys_openat`; older kernels: `sys_openat` | the same on riscv64 with wrappers |
//! | powerpc64, powerpc | since 6.1, unless the kernel has `COMPAT` or `SPU_BASE` | `sys_openat`, wrapped or not | treated as not wrapped: libbpf reads registers that are not the syscall's |
//! | arm, mips | never | `sys_openat` | the same up to argument 3; later arguments are on the stack, but libbpf reads registers |
//! | mips64, loongarch64, sparc64 | never | `sys_openat` | the same |
//!
//! libbpf reads every parameter that is declared, and reports no error; a [`Syscall`] reads only the parameters that
//! the probe asks for. libbpf takes one slot for an integer of 64 bits on a machine of 32 bits.
//!
//! [`Machine::syscall_function`](crate::machine::Machine::syscall_function) finds the symbol in a running kernel, and
//! says whether the function is a wrapper. On x86_64, x86, aarch64 and s390x a [`Syscall`] assumes a wrapper. On riscv
//! and powerpc the loader must say whether it is a wrapper, by a type that is [`Told`]. On the other machines such a
//! type costs nothing, because its function is not called:
//!
//! ```
//! use probe_abi::{Syscall, c_int, prototype, syscall::Told};
//!
//! /// The loader sets this to `SyscallFunction::wrapped` before it loads the program.
//! #[unsafe(no_mangle)]
//! static WRAPPED: u8 = 1;
//!
//! struct ByLoader;
//!
//! impl Told for ByLoader {
//!     fn wrapped() -> bool {
//!         // SAFETY: the pointer is to a static. The read is volatile, so the compiler does not use the value above.
//!         unsafe { (&raw const WRAPPED).read_volatile() != 0 }
//!     }
//! }
//!
//! prototype! {
//!     struct Close(Syscall<unsafe extern "C" fn(fd: c_int) -> c_int, ByLoader>);
//! }
//! ```
//!
//! # The return value
//!
//! The kernel returns a negative error number, and does not set `errno`: `-2` is `ENOENT`.
//!
//! # Integers of 64 bits on a machine of 32 bits
//!
//! An integer of 64 bits is in two slots, which [`Machine::syscall_place`](crate::machine::Machine::syscall_place)
//! computes. Some syscalls have another order of parameters on some machines: the table on that page lists them.
//!
//! # Tasks of 32 bits on a kernel of 64 bits
//!
//! A task of 32 bits has its own syscalls, with other numbers, other registers for arguments and other functions. A
//! probe for `openat` that ignores these tasks misses some of the files that are opened.
//! [`Machine::compat_syscall_function`](crate::machine::Machine::compat_syscall_function) of `x86` finds the functions
//! that an x86_64 kernel has for them, and that of `arm` finds those of an aarch64 kernel: attach the probe to these
//! functions too. In `sys_enter` such a task shows the numbers of its own machine, and the same numbers mean other
//! syscalls on the kernel's machine. [`SysEnter::is_compat`] tells the two kinds of tasks apart. `is_compat` of an
//! `Entry` does too, if the kernel has one function for both kinds. The module `compat` of a machine reads the syscalls
//! of the other machine:
//!
//! ```
//! use probe_abi::{arch::x86_64::{self, compat}, c_void};
//!
//! type Close = unsafe extern "C" fn(fd: i32) -> i32;
//!
//! fn closed(ctx: *const c_void) -> Result<Option<i32>, i32> {
//!     // SAFETY: this is the ctx of `raw_tracepoint/sys_enter`.
//!     let enter = unsafe { x86_64::SysEnter::from_ctx(ctx) };
//!     if enter.is_compat()? {
//!         // SAFETY: the same.
//!         let enter = unsafe { compat::SysEnter::from_ctx(ctx) };
//!         return match enter.number() {
//!             compat::nr::close => enter.call::<Close>().read_arg::<0>().map(Some),
//!             _ => Ok(None),
//!         };
//!     }
//!     match enter.number() {
//!         x86_64::nr::close => enter.call::<Close>().read_arg::<0>().map(Some),
//!         _ => Ok(None),
//!     }
//! }
//! ```
//!
//! | kernel | tasks of 32 bits | shown by | limits |
//! |---|---|---|---|
//! | x86_64 | `x86` | `cs` | a program of 64 bits can make a syscall of x86 by `int $0x80`: only the kernel's `thread_info.status` shows that (`TS_COMPAT`) |
//! | aarch64 | `arm` | `pstate` | |
//! | riscv64 | `riscv32` | `status` | |
//! | powerpc64 | `powerpc` | `msr` | embedded processors (Book3E) have another bit for it, and on them this bit is always clear |
//! | mips64 | `mips` | the syscall's number; in a uprobe nothing shows it | |
//! | s390x | of 31 bits, before Linux 7.x | `psw.mask`: the addressing mode | a program may change its mode (`sam31`, `sam64`), but its syscalls stay those of its own kind |
//! | sparc64 | of 32 bits | `tstate` | the trap instruction decides which syscall it is |
//! | loongarch64 | none | | |
//!
//! x32 and n32 tasks run 64-bit code. They have the registers of x86_64 and mips64, and other syscall numbers: x32 from
//! 0x40000000 on, and n32 from 6000 on.

use core::{ffi::c_void, fmt, marker::PhantomData};

use crate::{
    call::{self, Code, Function, HasParameter, Located, Machine},
    machine::{self, Convention, Endian, Place, Slot},
    memory::{self, Memory},
    ptr::Ptr,
    regs::{Mode, Registers, Role, load},
    signature::{Address, Left, Output, Parameter, Parameters, Signature},
};

/// A syscall, for a kprobe on the kernel's function for it. [The module](self) has an example.
///
/// `F` is the [prototype](crate::signature) of the system call. A `...` at its end has no effect.
pub struct Syscall<F, Registers, Wrapped = ByMachine>(
    PhantomData<F>,
    PhantomData<(Registers, Wrapped)>,
);

/// The facts of the machine decide whether the kernel wraps its syscalls.
pub enum ByMachine {}

/// An answer from the loader: whether the kernel wraps its syscalls. It is only asked on machines whose kernels differ.
pub trait Told {
    /// The value of [`SyscallFunction::wrapped`](crate::machine::SyscallFunction::wrapped).
    fn wrapped() -> bool;
}

/// Of a way to know whether a kernel wraps its syscalls: it works on this machine.
#[diagnostic::on_unimplemented(
    message = "kernels of this machine differ in whether they wrap their syscalls",
    label = "a loader has to tell which kernel this is",
    note = "`Syscall<F, T>` asks a type `T` that is `probe_abi::syscall::Told`"
)]
pub trait Wraps<Registers> {
    #[doc(hidden)]
    fn wraps() -> bool;
}

impl<R: Machine, T: Told> Wraps<R> for T {
    #[inline(always)]
    fn wraps() -> bool {
        match const { R::MACHINE.wraps_syscalls } {
            Some(wraps) => wraps,
            None => T::wrapped(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<R: Machine<Wraps = Decided<true>>> Wraps<R> for ByMachine {
    #[inline(always)]
    fn wraps() -> bool {
        const { matches!(R::MACHINE.wraps_syscalls, Some(true)) }
    }
}

/// Of a machine's `pt_regs`: a slot shows whether code of a process is of 32 bits, on a kernel of 64 bits.
#[diagnostic::on_unimplemented(
    message = "no register of this machine shows whether code is of 32 bits",
    label = "its kernels have no tasks of 32 bits, or these have the same registers",
    note = "`MACHINE.compat` says what shows it"
)]
pub trait ShowsMode<'any> {}

#[diagnostic::do_not_recommend]
impl<R: Machine<ShowsMode = Decided<true>>> ShowsMode<'_> for R {}

/// Of a machine's `pt_regs`: the task of a syscall can be recognized as one of 32 bits, on a kernel of 64 bits.
#[diagnostic::on_unimplemented(
    message = "nothing of a syscall of this machine shows whether the task is of 32 bits",
    label = "its kernels have no tasks of 32 bits",
    note = "`MACHINE.compat` says what shows it"
)]
pub trait ShowsCompat {}

#[diagnostic::do_not_recommend]
impl<R: Machine<ShowsCompat = Decided<true>>> ShowsCompat for R {}

/// Of a machine's `pt_regs`: the kernel's function for a syscall gets the task's registers, and they show whether the
/// task is of 32 bits.
#[diagnostic::on_unimplemented(
    message = "the function of a syscall does not show on this machine whether the task is of 32 bits",
    label = "its kernels, or some of them, do not pass the task's registers to this function; or all its tasks are of one kind",
    note = "`SysEnter` has an `is_compat` wherever anything shows it"
)]
pub trait HandsMode<'any> {}

#[diagnostic::do_not_recommend]
impl<R: Machine<ShowsMode = Decided<true>, AlwaysWraps = Decided<true>>> HandsMode<'_> for R {}

/// Whether an answer is known for a machine.
#[doc(hidden)]
pub enum Decided<const IS: bool> {}

/// The registers of a syscall are in memory.
#[doc(hidden)]
pub enum Nested {}

#[diagnostic::do_not_recommend]
impl<R: Machine> Wraps<R> for Nested {
    #[inline(always)]
    fn wraps() -> bool {
        true
    }
}

impl<F, R: Machine, W: Wraps<R>> Code for Syscall<F, R, W> {
    type Registers = R;
    const MEMORY: Memory = Memory::Kernel;

    #[inline(always)]
    fn wrapped() -> bool {
        W::wraps()
    }
}

call::function_of_c!([F, R: Machine, W: Wraps<R>] Syscall<F, R, W>);

impl<F, R: Machine, W: Wraps<R>> Function for Syscall<F, R, W>
where
    F: Signature,
    F::Parameters: Parameters<R::Word>,
    F::Output: Output<R::Word>,
{
    type Output = F::Output;
    type Parameters = F::Parameters;
    // No parameter is in a register of ctx on every kernel.
    type ArgumentRegisters = Left<0, false>;
    const CONVENTION: Convention = R::MACHINE.asmlinkage;

    fn place(sizes: &[u8], n: usize) -> Option<Place> {
        match W::wraps() {
            true => R::MACHINE.syscall_place(sizes, n, Endian::THIS),
            false => Self::CONVENTION.place(sizes, n, Endian::THIS),
        }
    }

    #[inline(always)]
    fn read_bits<const N: usize>(regs: &<Self as Code>::Registers) -> Result<u64, i32>
    where
        Self: HasParameter<N>,
    {
        match W::wraps() {
            true => nested::<Self, N>(load::<_, Outer>(regs)),
            false => call::passed::<Self, N>(regs),
        }
    }
}

impl<F, R: Machine, W: Wraps<R>> call::Entry<Syscall<F, R, W>> {
    /// Whether the code that makes the syscall is of 32 bits, on a kernel of 64 bits. It reads one slot.
    ///
    /// The kernel may have one function for both kinds of tasks, such as `__arm64_sys_close` on aarch64. The module
    /// `compat` reads the parameters of a task of 32 bits.
    ///
    /// If not all kernels of the machine wrap their syscalls, this does not compile: without a wrapper the registers
    /// are those of the kernel's code.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn is_compat(&self) -> Result<bool, i32>
    where
        for<'any> R: HandsMode<'any>,
    {
        mode::<R>(load::<_, Outer>(self.regs()))
    }
}

/// A wrapper's only argument: the address of the syscall's own registers.
enum Outer {}

impl<R: Registers> Role<R> for Outer {
    const SLOT: Slot = R::MACHINE.kernel.registers[0];
}

/// Parameter `N` of a syscall, in registers that are in memory.
struct InRegisters<C, const N: usize>(PhantomData<C>);

impl<C: HasParameter<N>, const N: usize> Located for InRegisters<C, N> {
    const PLACE: Place = {
        let machine = C::Registers::MACHINE;
        match machine.syscall_place(C::Parameters::SIZES, N, Endian::THIS) {
            Some(place) => place,
            None => panic!("a syscall of this machine has no register left for this parameter"),
        }
    };
    const SIZE: u8 = C::Parameter::SIZE;
}

/// Reads parameter `N`, and no other part of the registers.
#[inline(always)]
fn nested<C: HasParameter<N>, const N: usize>(regs: u64) -> Result<u64, i32> {
    match const { InRegisters::<C, N>::PLACE } {
        Place::Pair { low, high } => {
            // On a kernel of 64 bits a slot is wider.
            let (low, high) = (low.low(4, Endian::THIS), high.low(4, Endian::THIS));
            let (first, second) = match Endian::THIS {
                Endian::Little => (low, high),
                Endian::Big => (high, low),
            };
            // Two neighbouring slots that can be read as one of 64 bits.
            if second.offset == first.offset + 4 {
                return memory::read_bits(Memory::Kernel, at(regs, first.offset), 8);
            }
            let low = memory::read_bits(Memory::Kernel, at(regs, low.offset), 4)?;
            let high = memory::read_bits(Memory::Kernel, at(regs, high.offset), 4)?;
            Ok(low | high << 32)
        }
        Place::Register(slot) => {
            let slot = slot.low(InRegisters::<C, N>::SIZE, Endian::THIS);
            memory::read_bits(Memory::Kernel, at(regs, slot.offset), slot.width)
        }
        // `syscall_place` never returns these.
        Place::Split { .. } | Place::Stack(_) => Err(memory::EFAULT as i32),
    }
}

#[inline(always)]
fn at(regs: u64, offset: u16) -> u64 {
    regs.wrapping_add(offset.into())
}

/// The ctx of a program of `raw_tracepoint/sys_enter`: a syscall that begins.
#[repr(C)]
pub struct SysEnter<Registers> {
    regs: u64,
    number: u64,
    of: PhantomData<Registers>,
}

/// The ctx of a program of `raw_tracepoint/sys_exit`: a syscall that ends.
#[repr(C)]
pub struct SysExit<Registers> {
    regs: u64,
    result: u64,
    of: PhantomData<Registers>,
}

/// The arguments of a raw tracepoint are 64 bits each on every machine: `bpf_raw_tracepoint_args` in
/// `uapi/linux/bpf.h`.
macro_rules! tracepoint {
    ($name:ident) => {
        impl<R: Machine> Registers for $name<R> {
            const MACHINE: machine::Machine = R::MACHINE;
            const CONVENTION: Convention = R::CONVENTION;
            type Word = u64;
        }

        impl<R: Machine> $name<R> {
            /// The syscall that a probe program was started for.
            ///
            /// # Safety
            ///
            /// `ctx` is the pointer that the kernel passed to this program, which is attached to that raw tracepoint,
            /// or to the `tp_btf` tracepoint of the same name. The reference must not outlive the program's run.
            #[inline(always)]
            // See `pt_regs::from_ctx`.
            #[allow(clippy::transmute_ptr_to_ref)]
            pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx Self {
                // SAFETY: the caller passes a ctx, which has these two words.
                unsafe { core::mem::transmute(ctx) }
            }

            /// The address of the syscall's own registers, in the kernel's memory.
            #[inline(always)]
            pub fn regs(&self) -> Ptr<R, R::KernelAddress> {
                Ptr::new(R::KernelAddress::from_bits(load::<_, First>(self)))
            }
        }

        impl<R> fmt::Debug for $name<R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
tracepoint!(SysEnter);
tracepoint!(SysExit);

enum First {}
enum Second {}

impl<R: Registers> Role<R> for First {
    const SLOT: Slot = Slot {
        field: "args[0]",
        offset: 0,
        width: 8,
    };
}

impl<R: Registers> Role<R> for Second {
    const SLOT: Slot = Slot {
        field: "args[1]",
        offset: 8,
        width: 8,
    };
}

impl<R: Machine> SysEnter<R> {
    /// The number of the syscall: one of `nr`.
    ///
    /// A task of 32 bits on a kernel of 64 bits has the numbers of its own machine.
    #[inline(always)]
    pub fn number(&self) -> R::Word {
        R::Word::from_bits(load::<_, Second>(self))
    }

    /// Whether the code that makes the syscall is of 32 bits, on a kernel of 64 bits. This reads one slot. If the code
    /// is of 32 bits, the number is one of the other machine, and the module `compat` reads the syscall.
    ///
    /// [The module](self) lists the machines where code of 64 bits can still make a syscall of the other machine. On
    /// mips64 the number shows it, and this reads nothing.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn is_compat(&self) -> Result<bool, i32>
    where
        R: ShowsCompat,
    {
        match const { R::MACHINE.compat } {
            machine::Compat::Numbers { first, last } => {
                let number = load::<_, Second>(self);
                Ok(number >= first.into() && number <= last.into())
            }
            _ => mode::<R>(load::<_, First>(self)),
        }
    }

    /// The syscall with the prototype `F`.
    #[inline(always)]
    pub fn call<F>(&self) -> Called<F, R> {
        Called {
            regs: load::<_, First>(self),
            of: PhantomData,
        }
    }
}

/// Whether registers are those of code of 32 bits.
#[inline(always)]
fn mode<R: Machine>(regs: u64) -> Result<bool, i32> {
    let slot = const { <Mode as Role<R>>::SLOT };
    let bits = memory::read_bits(Memory::Kernel, at(regs, slot.offset), slot.width)?;
    Ok(const { R::MACHINE.compat }.is_narrow(bits))
}

impl<R: Machine> SysExit<R> {
    /// Whether the code that the syscall returns to is of 32 bits, on a kernel of 64 bits. It reads one slot. After a
    /// successful `execve` that code is the new program.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn is_compat(&self) -> Result<bool, i32>
    where
        for<'any> R: ShowsMode<'any>,
    {
        mode::<R>(load::<_, First>(self))
    }

    /// The return value of the syscall, with the prototype's type: a negative error number if the syscall failed.
    #[inline(always)]
    pub fn value<F>(&self) -> <F::Output as Parameter<R::Word>>::Value
    where
        F: Signature<Output: Parameter<R::Word>>,
    {
        <F::Output as Parameter<R::Word>>::from_bits(load::<_, Second>(self))
    }
}

/// A syscall whose registers are in memory, with the parameters of the prototype `F`.
pub struct Called<F, Registers> {
    regs: u64,
    of: PhantomData<(fn() -> F, Registers)>,
}

impl<F, R: Machine> Called<F, R> {
    /// Parameter `N`, counted from 0. It reads one slot, or two.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn read_arg<const N: usize>(
        &self,
    ) -> Result<<Syscall<F, R, Nested> as HasParameter<N>>::Value, i32>
    where
        Syscall<F, R, Nested>: HasParameter<N>,
    {
        let bits = nested::<Syscall<F, R, Nested>, N>(self.regs)?;
        Ok(
            <<Syscall<F, R, Nested> as HasParameter<N>>::Parameter as Parameter<_>>::from_bits(
                bits,
            ),
        )
    }
}

impl<F, R> fmt::Debug for Called<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Called").finish_non_exhaustive()
    }
}
