//! Typed calls: the arguments of a function at its entry, and its value at its return.
//!
//! Write the function once, as C declares it, and name the code that it belongs to: [`User`] for code of a process
//! (uprobes), [`Kernel`] for code of the kernel (kprobes). The code decides which registers the arguments are in, where
//! the arguments on the stack are, and whose memory the stack is in.
//!
//! ```
//! use probe_abi::{Entry, Ptr, Return, User, c_char, c_int, c_void};
//!
//! // int openat(int dirfd, const char *path, int flags, ...);
//! type Openat = User<unsafe extern "C" fn(dirfd: c_int, path: *const c_char, flags: c_int, ...) -> c_int>;
//!
//! /// A uprobe on it.
//! fn on_openat(ctx: *const c_void) -> Result<u8, i32> {
//!     // SAFETY: this is the ctx of a uprobe.
//!     let call = unsafe { Entry::<Openat>::from_ctx(ctx) };
//!     let path: Ptr<c_char> = call.read_arg::<1>()?;
//!     path.cast().read_user()
//! }
//!
//! /// A uretprobe on it.
//! fn openat_failed(ctx: *const c_void) -> bool {
//!     // SAFETY: this is the ctx of a uretprobe.
//!     let returned = unsafe { Return::<Openat>::from_ctx(ctx) };
//!     returned.value() < 0
//! }
//! ```
//!
//! [`prototype!`](crate::prototype) gives the parameters their names: the probe writes `call.path()`.
//!
//! # Entry or return
//!
//! The kernel runs a program of type `kprobe.session` at a function's entry and at its return. The program asks the
//! kernel which of the two this run is (`bpf_session_is_return`), and then makes an [`Entry`] or a [`Return`] of its
//! ctx.

use core::{ffi::c_void, fmt, marker::PhantomData};

use crate::{
    machine::{Convention, Endian, Place, Slot},
    memory::{self, AnyBitPattern, Memory},
    regs::{self, Registers, Role, load},
    signature::{
        Address, Fixed, InCtx, Integer, Nth, OfTheMachine, Output, Parameter, Parameters,
        Signature, Variadic, Whole,
    },
};

/// A machine's `pt_regs`, with the properties that typed calls need.
#[doc(hidden)]
pub trait Machine: Registers + AnyBitPattern {
    /// The argument registers under each convention: [`Left`](crate::signature::Left).
    type UserRegisters;
    type KernelRegisters;
    type AsmlinkageRegisters;
    /// An address that is as wide as the kernel's.
    type KernelAddress: Address;
    /// [`Decided`](crate::syscall::Decided): is [`wraps_syscalls`](crate::machine::Machine::wraps_syscalls) known?
    type Wraps;
    /// `Decided`: is `wraps_syscalls` `Some(true)`?
    type AlwaysWraps;
    /// `Decided`: does a slot show that a task is of 32 bits ([`compat`](crate::machine::Machine::compat))?
    type ShowsMode;
    /// `Decided`: does a slot or the number of a syscall show it?
    type ShowsCompat;
    /// `Decided`: is there Go for the machine?
    type HasGo;
}

/// Implements [`Machine`] by the `MACHINE` that is in scope. If `$registers` shows a task of 32 bits on a kernel of 64
/// bits, `$kernel_address` is as wide as the kernel's addresses.
macro_rules! machine {
    ($registers:ty, $kernel_address:ty) => {
        impl $crate::call::Machine for $registers {
            type UserRegisters = $crate::signature::Left<
                { MACHINE.user.registers.len() },
                { MACHINE.user.pairs_are_even() },
            >;
            type KernelRegisters = $crate::signature::Left<
                { MACHINE.kernel.registers.len() },
                { MACHINE.kernel.pairs_are_even() },
            >;
            type AsmlinkageRegisters = $crate::signature::Left<
                { MACHINE.asmlinkage.registers.len() },
                { MACHINE.asmlinkage.pairs_are_even() },
            >;
            type KernelAddress = $kernel_address;
            type Wraps = $crate::syscall::Decided<{ MACHINE.wraps_syscalls.is_some() }>;
            type AlwaysWraps =
                $crate::syscall::Decided<{ matches!(MACHINE.wraps_syscalls, Some(true)) }>;
            type ShowsMode = $crate::syscall::Decided<{ MACHINE.compat.slot().is_some() }>;
            type ShowsCompat = $crate::syscall::Decided<{ MACHINE.compat.is_shown() }>;
            type HasGo = $crate::syscall::Decided<{ MACHINE.go.is_some() }>;
        }
    };
}
pub(crate) use machine;

/// A function of a process, for a uprobe.
pub struct User<F, Registers>(PhantomData<(fn() -> F, Registers)>);

/// A function of the kernel, for a kprobe, kprobe.multi or fprobe.
///
/// On x86 the kernel's functions with variable arguments take all arguments on the stack. A prototype with `...` is
/// read in that way.
pub struct Kernel<F, Registers>(PhantomData<(fn() -> F, Registers)>);

/// A function of the kernel that is declared `asmlinkage`. On x86 it takes all arguments on the stack. On other
/// machines it is the same as [`Kernel`].
pub struct Asmlinkage<F, Registers>(PhantomData<(fn() -> F, Registers)>);

/// Code that uses one calling convention: [`User`], [`Kernel`] or [`Asmlinkage`].
pub trait Code {
    /// The machine's `pt_regs`.
    type Registers: Machine;

    /// The memory that the function's stack is in.
    const MEMORY: Memory;

    /// Whether the function has one argument, a pointer to the registers that hold the other arguments.
    #[doc(hidden)]
    #[inline(always)]
    fn wrapped() -> bool {
        false
    }
}

/// A function of a machine, with its prototype.
pub trait Function: Code {
    /// The return type.
    type Output;

    #[doc(hidden)]
    type Parameters: Parameters<Word<Self>>;
    #[doc(hidden)]
    type ArgumentRegisters;
    #[doc(hidden)]
    const CONVENTION: Convention;

    /// The place that a test puts a parameter in.
    #[doc(hidden)]
    fn place(sizes: &[u8], n: usize) -> Option<Place> {
        Self::CONVENTION.place(sizes, n, Endian::THIS)
    }

    /// The bits of parameter `N`, wherever it is.
    #[doc(hidden)]
    #[inline(always)]
    fn read_bits<const N: usize>(regs: &Self::Registers) -> Result<u64, i32>
    where
        Self: HasParameter<N> + Sized,
    {
        passed::<Self, N>(regs)
    }
}

type Word<C> = <<C as Code>::Registers as Registers>::Word;

/// Implements the traits that all C functions share, for one kind of code. If a function does not have such a trait,
/// the compiler then looks for the reason in this implementation. With a blanket implementation it would not.
macro_rules! function_of_c {
    ([$($parameters:tt)*] $code:ty) => {
        impl<$($parameters)*> $crate::call::Probed for $code where Self: $crate::call::Function {}

        impl<$($parameters)*> $crate::call::Returning for $code where Self: $crate::call::Function {}
    };
}
pub(crate) use function_of_c;

macro_rules! code {
    ($($code:ident of $memory:ident: $registers:ident $convention:ident; variadic: $variadic_registers:ident $variadic:ident;)*) => { $(
        impl<F, R: Machine> Code for $code<F, R> {
            type Registers = R;
            const MEMORY: Memory = Memory::$memory;
        }

        impl<F, R: Machine> Function for $code<F, R>
        where
            F: Signature,
            F::Parameters: Parameters<R::Word>,
            F::Output: Output<R::Word>,
            F::Ends: Ends<R::$registers, R::$variadic_registers>,
        {
            type Output = F::Output;
            type Parameters = F::Parameters;
            type ArgumentRegisters = <F::Ends as Ends<R::$registers, R::$variadic_registers>>::Registers;
            const CONVENTION: Convention = match F::Ends::VARIADIC {
                false => R::MACHINE.$convention,
                true => R::MACHINE.$variadic,
            };
        }

        function_of_c!([F, R: Machine] $code<F, R>);
    )* };
}

code! {
    User of User: UserRegisters user; variadic: UserRegisters user;
    Kernel of Kernel: KernelRegisters kernel; variadic: AsmlinkageRegisters asmlinkage;
    Asmlinkage of Kernel: AsmlinkageRegisters asmlinkage; variadic: AsmlinkageRegisters asmlinkage;
}

/// A function with a prototype or a signature. A probe on its first instruction can read its parameters.
#[doc(hidden)]
pub trait Probed: Code {}

/// A function that may have a return probe.
#[diagnostic::on_unimplemented(
    message = "a return probe on a Go function kills the program when Go moves the stack that the probe has written to",
    label = "Go functions have no return probes",
    note = "set a uprobe on each return instruction of the function, and make the `Return` of its ctx by `at_ret`"
)]
#[doc(hidden)]
pub trait Returning: Function {}

/// One of two kinds of registers, by the end of a prototype.
#[doc(hidden)]
pub trait Ends<IfFixed, IfVariadic> {
    type Registers;
    const VARIADIC: bool;
}

impl<IfFixed, IfVariadic> Ends<IfFixed, IfVariadic> for Fixed {
    type Registers = IfFixed;
    const VARIADIC: bool = false;
}

impl<IfFixed, IfVariadic> Ends<IfFixed, IfVariadic> for Variadic {
    type Registers = IfVariadic;
    const VARIADIC: bool = true;
}

/// Of a function: it has a parameter `N`, counted from 0.
pub trait HasParameter<const N: usize>: Function {
    /// The type that the probe gets.
    type Value: Copy;

    #[doc(hidden)]
    type Parameter: Parameter<Word<Self>, Value = Self::Value>;
}

impl<C, const N: usize> HasParameter<N> for C
where
    C: Function,
    C::Parameters: Nth<N, Word<C>, C::ArgumentRegisters>,
{
    type Value = <Self::Parameter as Parameter<Word<C>>>::Value;
    type Parameter = <C::Parameters as Nth<N, Word<C>, C::ArgumentRegisters>>::Parameter;
}

/// Of a function: its parameter `N`, counted from 0, can be read.
#[diagnostic::on_unimplemented(
    message = "this function has no parameter `{N}`, counted from 0",
    label = "the prototype or the signature has fewer parameters, or is not one"
)]
#[doc(hidden)]
pub trait Read<const N: usize>: Code {
    /// The type that the probe gets.
    type Value: Copy;

    fn read(regs: &Self::Registers) -> Result<Self::Value, i32>;
}

#[diagnostic::do_not_recommend]
impl<C: HasParameter<N>, const N: usize> Read<N> for C {
    type Value = <C as HasParameter<N>>::Value;

    #[inline(always)]
    fn read(regs: &C::Registers) -> Result<Self::Value, i32> {
        let bits = C::read_bits::<N>(regs)?;
        Ok(<C::Parameter as Parameter<_>>::from_bits(bits))
    }
}

/// Of a function: its whole parameter `N` is in registers.
#[diagnostic::on_unimplemented(
    message = "parameter `{N}` of this function is not in a register on this machine",
    label = "`arg` only reads registers",
    note = "`read_arg::<{N}>()` reads it wherever it is, and `.read()` before a parameter's name does"
)]
pub trait InRegister<const N: usize>: HasParameter<N> {}

#[diagnostic::do_not_recommend]
impl<C, const N: usize> InRegister<N> for C
where
    C: HasParameter<N>,
    C::Parameters: Nth<N, Word<C>, C::ArgumentRegisters, Where = Whole>,
{
}

/// Of a function: a test can call it with a tuple of this type, which has a value for each parameter.
#[diagnostic::on_unimplemented(
    message = "this function is not called with values of type `{Values}`",
    label = "a call is made of a tuple with a value for each parameter",
    note = "for a pointer it is a `Ptr`"
)]
pub trait Takes<Values>: Code {
    /// Calls `put` with the place of each value, its size in bytes, and its bits.
    #[doc(hidden)]
    fn put(values: Values, put: impl FnMut(Option<Place>, u8, u64));
}

#[diagnostic::do_not_recommend]
impl<C: Function> Takes<<C::Parameters as Parameters<Word<C>>>::Values> for C {
    fn put(
        values: <C::Parameters as Parameters<Word<C>>>::Values,
        mut put: impl FnMut(Option<Place>, u8, u64),
    ) {
        let sizes = C::Parameters::SIZES;
        let bits = C::Parameters::to_bits(values);
        for (index, (&size, bits)) in sizes.iter().zip(bits).enumerate() {
            put(C::place(sizes, index), size, bits);
        }
    }
}

/// The registers at a function's first instruction.
///
/// `C` is the function: [`User<F>`](crate::User), [`Kernel<F>`](crate::Kernel) or
/// [`Asmlinkage<F>`](crate::Asmlinkage), where `F` is a [prototype](crate::signature).
#[repr(transparent)]
pub struct Entry<C: Code>(C::Registers);

impl<C: Code> Entry<C> {
    /// The call that a probe program was started for.
    ///
    /// # Safety
    ///
    /// `ctx` is the pointer that the kernel passed to this program, and the program is a kprobe, uprobe, kprobe.multi
    /// or fprobe at the first instruction of a function with this prototype. `ctx` is not a copy of registers: the
    /// compiler may use one load for both, and the verifier refuses that load. (In a test `ctx` is the ctx of a call
    /// that the test has made.) The reference must not outlive the program's run.
    #[inline(always)]
    // See `pt_regs::from_ctx`.
    #[allow(clippy::transmute_ptr_to_ref)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx Self
    where
        C: Probed,
    {
        // SAFETY: the caller passes a ctx, and this is a transparent wrapper of the registers there.
        unsafe { core::mem::transmute(ctx) }
    }

    /// Parameter `N`, counted from 0, which is in a register. The read is a load.
    ///
    /// If this machine passes the parameter on the stack, this does not compile: [`read_arg`](Self::read_arg) reads it.
    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> <C as HasParameter<N>>::Value
    where
        C: HasParameter<N> + InRegister<N>,
    {
        const {
            // The bound says the same, and comes from the same numbers of registers.
            assert!(matches!(
                At::<C, N>::PLACE,
                Place::Register(_) | Place::Pair { .. }
            ));
        }
        <C::Parameter as Parameter<_>>::from_bits(whole::<_, At<C, N>>(&self.0))
    }

    /// Parameter `N`, counted from 0, from the place where this machine passes it.
    ///
    /// If the parameter is in registers, this is the same load as [`arg`](Self::arg), and cannot fail. If it is on the
    /// stack, a helper reads it.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user` or `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn read_arg<const N: usize>(&self) -> Result<<C as Read<N>>::Value, i32>
    where
        C: Read<N>,
    {
        C::read(&self.0)
    }

    /// The address that the function returns to. If the machine keeps it on the stack, it is read from there.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user` or `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn read_return_address(&self) -> Result<<C::Registers as Registers>::Word, i32> {
        regs::return_address(&self.0).read(C::MEMORY)
    }

    /// All registers.
    #[inline(always)]
    pub fn regs(&self) -> &C::Registers {
        &self.0
    }
}

/// The bits of parameter `N`, from the place where the calling convention passes it.
#[inline(always)]
pub(crate) fn passed<C: HasParameter<N>, const N: usize>(regs: &C::Registers) -> Result<u64, i32> {
    let Some(offset) = (const { At::<C, N>::STACK }) else {
        return Ok(whole::<_, At<C, N>>(regs));
    };
    let address = load::<_, regs::StackPointer>(regs).wrapping_add(offset.into());
    let address: u64 = Word::<C>::from_bits(address).into();
    match const { At::<C, N>::PLACE } {
        Place::Split { .. } => {
            let high = memory::read_bits(C::MEMORY, address, 4)?;
            Ok(load::<_, Low<At<C, N>>>(regs) | high << 32)
        }
        _ => memory::read_bits(C::MEMORY, address, const { At::<C, N>::SIZE }),
    }
}

/// Of a function: it returns a value, which the probe gets as a `Value`.
#[diagnostic::on_unimplemented(
    message = "this function returns no value that is in `ctx`",
    label = "the prototype returns nothing, or floating point",
    note = "a prototype says what it returns behind its parameters: `-> c_int`"
)]
pub trait Returns<Value>: Code {
    #[doc(hidden)]
    fn read(returned: &Return<Self>) -> Value
    where
        Self: Sized;
}

#[diagnostic::do_not_recommend]
impl<C> Returns<<C::Output as Parameter<Word<C>>>::Value> for C
where
    C: Function<Output: Parameter<Word<C>, Kind = Integer>>,
{
    #[inline(always)]
    fn read(returned: &Return<C>) -> <C::Output as Parameter<Word<C>>>::Value {
        C::Output::from_bits(whole::<_, Returned<C>>(&returned.0))
    }
}

/// Of a function: a test can make it return a value of this type.
#[diagnostic::on_unimplemented(
    message = "this function does not return a value of type `{Value}` that is in `ctx`",
    label = "a return is made from the value; for a Go function, from a tuple of its results"
)]
#[doc(hidden)]
pub trait GivesBack<Value>: Code {
    /// Calls `put` with the place of each part of the value, its size in bytes, and its bits.
    fn put(value: Value, put: impl FnMut(Option<Place>, u8, u64));
}

#[diagnostic::do_not_recommend]
impl<C> GivesBack<<C::Output as Parameter<Word<C>>>::Value> for C
where
    C: Function<Output: Parameter<Word<C>, Kind = Integer>>,
{
    fn put(
        value: <C::Output as Parameter<Word<C>>>::Value,
        mut put: impl FnMut(Option<Place>, u8, u64),
    ) {
        let size = <C::Output as Parameter<Word<C>>>::SIZE;
        let place = C::CONVENTION.return_place(size, Endian::THIS);
        put(place, size, C::Output::to_bits(value));
    }
}

/// The registers after a function has returned.
///
/// `C` is the function, as for [`Entry`]. The arguments are gone: their registers may hold any value.
#[repr(transparent)]
pub struct Return<C: Code>(C::Registers);

impl<C: Code> Return<C> {
    /// The return that a probe program was started for.
    ///
    /// # Safety
    ///
    /// `ctx` is the pointer that the kernel passed to this program, and the program is a kretprobe, uretprobe,
    /// kprobe.multi or fprobe at the return of a function with this prototype. For the rest see [`Entry::from_ctx`].
    #[inline(always)]
    #[allow(clippy::transmute_ptr_to_ref)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx Self
    where
        C: Returning,
    {
        // SAFETY: the caller passes a ctx, and this is a transparent wrapper of the registers there.
        unsafe { core::mem::transmute(ctx) }
    }

    /// The return value: one load, or two loads for 64 bits on a machine of 32 bits.
    ///
    /// `Value` is the return type of the prototype, with `Ptr` for a pointer.
    #[inline(always)]
    pub fn value<Value>(&self) -> Value
    where
        C: Returns<Value>,
    {
        C::read(self)
    }

    /// All registers.
    #[inline(always)]
    pub fn regs(&self) -> &C::Registers {
        &self.0
    }
}

impl<C: Code<Registers: fmt::Debug>> fmt::Debug for Entry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.0).finish()
    }
}

impl<C: Code<Registers: fmt::Debug>> fmt::Debug for Return<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Return").field(&self.0).finish()
    }
}

/// The place of a value, as a type.
pub(crate) trait Located {
    const PLACE: Place;
    /// In bytes.
    const SIZE: u8;

    /// For a value on the stack: how many bytes it is above the address in the stack pointer's slot.
    const STACK: Option<u16> = match Self::PLACE {
        Place::Stack(offset) | Place::Split { high: offset, .. } => Some(offset),
        Place::Register(_) | Place::Pair { .. } => None,
    };
}

/// Parameter `N` of a function.
pub(crate) struct At<C, const N: usize>(PhantomData<C>);

impl<C: HasParameter<N>, const N: usize> Located for At<C, N> {
    const PLACE: Place = match C::CONVENTION.place(C::Parameters::SIZES, N, Endian::THIS) {
        Some(place) => place,
        None => panic!("the bound says that there is a parameter"),
    };
    const SIZE: u8 = C::Parameter::SIZE;
}

/// The value that a function returns.
pub(crate) struct Returned<C>(PhantomData<C>);

impl<C: Function<Output: Parameter<Word<C>>>> Located for Returned<C> {
    const PLACE: Place = match C::CONVENTION.return_place(Self::SIZE, Endian::THIS) {
        Some(place) => place,
        None => panic!("an integer has 1, 2, 4 or 8 bytes"),
    };
    const SIZE: u8 = <C::Output as Parameter<Word<C>>>::SIZE;
}

/// The register with the value or with its low half. If the value is narrower than the register, this is only the part
/// of the register that holds the value.
struct Low<At>(PhantomData<At>);

impl<R: Registers, At: Located> Role<R> for Low<At> {
    const SLOT: Slot = match At::PLACE {
        Place::Register(slot) => slot.low(At::SIZE, Endian::THIS),
        Place::Pair { low, .. } | Place::Split { low, .. } => low.low(4, Endian::THIS),
        // Nothing reads this slot.
        Place::Stack(_) => R::MACHINE.stack_pointer,
    };
}

/// The register with the high half.
struct High<At>(PhantomData<At>);

impl<R: Registers, At: Located> Role<R> for High<At> {
    const SLOT: Slot = match At::PLACE {
        Place::Pair { high, .. } => high.low(4, Endian::THIS),
        // Nothing reads this slot.
        _ => R::MACHINE.stack_pointer,
    };
}

/// A value that is in registers as a whole.
#[inline(always)]
fn whole<R: Registers, At: Located>(regs: &R) -> u64 {
    let low = load::<R, Low<At>>(regs);
    match const { At::PLACE } {
        Place::Pair { .. } => low | load::<R, High<At>>(regs) << 32,
        _ => low,
    }
}

/// How the parameters of a call are read: [`Arg`] or [`ReadArg`].
#[diagnostic::on_unimplemented(
    message = "parameter `{N}` of this function, counted from 0, is not always in a register on this machine",
    label = "the name alone only reads registers",
    note = "`.read()` before the name reads it wherever it is"
)]
pub trait Access<C: Code, const N: usize, Value> {
    #[doc(hidden)]
    fn access(call: &Entry<C>) -> Value;
}

/// Reads as [`Entry::arg`] does.
pub enum Arg {}

#[diagnostic::do_not_recommend]
impl<C, const N: usize> Access<C, N, <C as HasParameter<N>>::Value> for Arg
where
    C: HasParameter<N> + InRegister<N>,
{
    #[inline(always)]
    fn access(call: &Entry<C>) -> <C as HasParameter<N>>::Value {
        call.arg::<N>()
    }
}

/// Reads as [`Entry::read_arg`] does.
pub enum ReadArg {}

impl<C, const N: usize> Access<C, N, Result<<C as Read<N>>::Value, i32>> for ReadArg
where
    C: Read<N>,
{
    #[inline(always)]
    fn access(call: &Entry<C>) -> Result<<C as Read<N>>::Value, i32> {
        call.read_arg::<N>()
    }
}

/// Gives the parameters of a function their names: `prototype! { struct Name(Code<unsafe extern "C" fn(…) -> …>); }` for
/// a C function, and `prototype! { struct Name(Go<fn(…) -> …>); }` for a [Go function](crate::go).
///
/// ```
/// use probe_abi::{Ptr, User, c_char, c_int, c_void, prototype};
///
/// prototype! {
///     /// The C library's `openat`.
///     pub struct Openat(User<unsafe extern "C" fn(dirfd: c_int, path: *const c_char, flags: c_int, ...) -> c_int>);
/// }
///
/// fn on_openat(ctx: *const c_void) -> Result<u64, i32> {
///     // SAFETY: this is the ctx of a uprobe on `openat`.
///     let call = unsafe { Openat::entry(ctx) };
///     let path: Ptr<c_char> = call.read().path()?;
///     Ok(path.address() as u64)
/// }
///
/// fn openat_failed(ctx: *const c_void) -> bool {
///     // SAFETY: this is the ctx of a uretprobe on `openat`.
///     unsafe { Openat::returned(ctx) }.value() < 0
/// }
/// ```
///
/// The struct has
///
/// | | |
/// |---|---|
/// | `unsafe Name::entry(ctx)` | the call, at the function's entry |
/// | `call.path()` | the parameter, in a register: [`Entry::arg`]. It does not compile if the machine passes the parameter on the stack. |
/// | `call.read().path()` | the parameter, wherever it is: [`Entry::read_arg`] |
/// | `call.regs()` and so on | the methods of [`Entry`] |
/// | `unsafe Name::returned(ctx)` | the [`Return`], of a C function |
/// | `unsafe Name::at_ret(ctx)` | the [`Return`], of a Go function, at one of its return instructions |
/// | `Name::call((-100, path, 0))`, `Name::returning(3)` | with the feature `testing`: a call or a return that a test makes. See [`testing`](crate::testing). |
///
/// A parameter of a Go function is only read with `read()` before its name.
///
/// A parameter cannot be called `entry`, `read`, `returned`, `at_ret`, `call` or `returning`, because the struct has these
/// names. Give it another name.
///
/// [`Entry`]: crate::call::Entry
/// [`Entry::arg`]: crate::call::Entry::arg
/// [`Entry::read_arg`]: crate::call::Entry::read_arg
/// [`Return`]: crate::call::Return
#[macro_export]
macro_rules! prototype {
    () => {};
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident($($code:ident)::+<unsafe extern "C" fn(
            $($parameter:ident: $type:ty),+, ...
        ) $(-> $output:ty)? $(, $argument:ty)?>);
        $($other:tt)*
    ) => {
        $crate::prototype! {@ call returned from_ctx
            [$(#[$attribute])*] [$visibility] $name
            [$($code)::+<unsafe extern "C" fn($($type),+, ...) $(-> $output)? $(, $argument)?>]
            [$($parameter: $type,)*]
        }
        $crate::prototype! { $($other)* }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident($($code:ident)::+<unsafe extern "C" fn(
            $($parameter:ident: $type:ty),* $(,)?
        ) $(-> $output:ty)? $(, $argument:ty)?>);
        $($other:tt)*
    ) => {
        $crate::prototype! {@ call returned from_ctx
            [$(#[$attribute])*] [$visibility] $name
            [$($code)::+<unsafe extern "C" fn($($type),*) $(-> $output)? $(, $argument)?>]
            [$($parameter: $type,)*]
        }
        $crate::prototype! { $($other)* }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident($($code:ident)::+<fn(
            $($parameter:ident: $type:ty),* $(,)?
        ) $(-> $output:ty)? $(, $argument:ty)?>);
        $($other:tt)*
    ) => {
        $crate::prototype! {@ go at_ret at_ret
            [$(#[$attribute])*] [$visibility] $name
            [$($code)::+<fn($($type),*) $(-> $output)? $(, $argument)?>]
            [$($parameter: $type,)*]
        }
        $crate::prototype! { $($other)* }
    };
    // A type that is wrong is reported at the place where it is written.
    (@parameters call [$function:ty] [$($type:ty,)*]) => {
        $($crate::call::parameter::<$function, $type>();)*
    };
    (@parameters go [$function:ty] [$($type:ty,)*]) => {
        $crate::go::function::<$function>();
        $($crate::go::parameter::<$function, $type>();)*
    };
    (@ $kind:ident $returned:ident $constructor:ident
        [$($attribute:tt)*] [$visibility:vis] $name:ident [$function:ty]
        [$($parameter:ident: $type:ty,)*]
    ) => {
        $($attribute)*
        #[repr(transparent)]
        $visibility struct $name<ProbeAbiAccess = $crate::call::Arg>(
            $crate::call::Entry<$function>,
            ::core::marker::PhantomData<ProbeAbiAccess>,
        );

        const _: () = {
            // The items of this block are called `ProbeAbi…`, because another name could hide one of the user's types.
            type ProbeAbiFunction = $function;

            const _: fn() = || {
                $crate::prototype! {@parameters $kind [$function] [$($type,)*]}
            };

            #[allow(dead_code, non_camel_case_types)]
            enum ProbeAbiParameter { $($parameter),* }

            #[allow(dead_code, clippy::transmute_ptr_to_ref)]
            impl $name {
                /// The call that a probe program was started for.
                ///
                /// # Safety
                ///
                /// The same as for `probe_abi::Entry::from_ctx`.
                #[inline(always)]
                $visibility unsafe fn entry<'ctx>(ctx: *const $crate::c_void) -> &'ctx Self {
                    // SAFETY: the caller passes a ctx, and this is a transparent wrapper of the registers there.
                    unsafe { ::core::mem::transmute(ctx) }
                }

                /// The return that a probe program was started for.
                ///
                /// # Safety
                ///
                #[doc = concat!("The same as for `probe_abi::Return::", stringify!($constructor), "`.")]
                #[inline(always)]
                $visibility unsafe fn $returned<'ctx>(
                    ctx: *const $crate::c_void,
                ) -> &'ctx $crate::call::Return<ProbeAbiFunction> {
                    // SAFETY: the same.
                    unsafe { ::core::mem::transmute(ctx) }
                }

                /// The same call. Its methods read a parameter wherever it is.
                #[inline(always)]
                $visibility fn read(&self) -> &$name<$crate::call::ReadArg> {
                    // SAFETY: both are transparent wrappers of the same registers.
                    unsafe { ::core::mem::transmute(self) }
                }
            }

            // The names come from C or Go: the user cannot choose them.
            #[allow(dead_code, non_snake_case)]
            impl<Access> $name<Access> {
                $(
                    #[doc = concat!("`", stringify!($parameter), ": ", stringify!($type), "`")]
                    #[inline(always)]
                    $visibility fn $parameter<Value>(&self) -> Value
                    where
                        Access: $crate::call::Access<ProbeAbiFunction, { ProbeAbiParameter::$parameter as usize }, Value>,
                    {
                        Access::access(&self.0)
                    }
                )*
            }

            impl ::core::ops::Deref for $name {
                type Target = $crate::call::Entry<ProbeAbiFunction>;

                #[inline(always)]
                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }

            $crate::if_testing! {
                // SAFETY: it is a transparent wrapper.
                unsafe impl $crate::testing::Seen for $name {
                    type Registers = <ProbeAbiFunction as $crate::call::Code>::Registers;
                }

                #[allow(dead_code)]
                impl $name {
                    /// A call that a test makes, with a value for each parameter.
                    $visibility fn call<Values>(values: Values) -> $crate::testing::Made<Self>
                    where
                        ProbeAbiFunction: $crate::call::Takes<Values>,
                    {
                        $crate::testing::Made::entry::<ProbeAbiFunction, _>(values)
                    }

                    /// A return that a test makes, with the returned value.
                    $visibility fn returning<Value>(
                        value: Value,
                    ) -> $crate::testing::Made<$crate::call::Return<ProbeAbiFunction>>
                    where
                        ProbeAbiFunction: $crate::call::GivesBack<Value>,
                    {
                        $crate::call::Return::returning(value)
                    }
                }
            }
        };
    };
}

/// Of a type: a parameter of the function may have it. With the bounds of the implementation alone, the compiler would
/// not report every wrong type at the place where it is written.
#[diagnostic::on_unimplemented(
    message = "it is not known where a parameter of type `{Self}` is",
    label = "neither an integer of C's nor a pointer",
    note = "accepted are the C types of this crate, `u8` to `i64`, `bool`, `*const T`, `*mut T`, `Ptr<T>` and pointers to functions",
    note = "for a reference write `*const T`; a struct that is passed by value is not accepted; for an enum, or a struct that is one integer, see `PassedAs`"
)]
#[doc(hidden)]
pub trait ParameterOf<C> {}

impl<C, T> ParameterOf<C> for T
where
    C: Code,
    T: Parameter<Word<C>, Kind: InCtx<T> + OfTheMachine<T>>,
{
}

/// Compiles if a parameter of the function may have this type.
#[doc(hidden)]
pub const fn parameter<C, T: ParameterOf<C>>() {}

/// The items of the macro's argument, in a build where a test can make calls.
#[doc(hidden)]
#[macro_export]
#[cfg(all(feature = "testing", not(target_arch = "bpf")))]
macro_rules! if_testing {
    ($($item:item)*) => { $($item)* };
}

#[doc(hidden)]
#[macro_export]
#[cfg(not(all(feature = "testing", not(target_arch = "bpf"))))]
macro_rules! if_testing {
    ($($item:item)*) => {};
}
