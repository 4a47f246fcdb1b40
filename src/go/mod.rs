//! Functions of Go programs: typed parameters at a function's entry, and typed results at its return instructions.
//!
//! Go's calling convention is not C's, and it depends on the release. Write the function once, in types that stand for
//! Go's types, with a receiver as the first parameter. `Go` is for Go functions what [`User`](crate::User) is for C
//! functions:
//!
//! ```
//! use probe_abi::{Go, GoError, GoInt, GoSlice, Ptr, c_void, prototype};
//!
//! prototype! {
//!     /// func (c *Conn) Read(b []byte) (int, error), of crypto/tls
//!     pub struct Read(Go<fn(c: Ptr<c_void>, b: GoSlice<u8>) -> (GoInt, GoError)>);
//! }
//!
//! /// A uprobe on its first instruction.
//! fn on_read(ctx: *const c_void) -> Result<u64, i32> {
//!     // SAFETY: this is the ctx of that uprobe.
//!     let call = unsafe { Read::entry(ctx) };
//!     let buffer: GoSlice<u8> = call.read().b()?;
//!     Ok(buffer.length.into())
//! }
//!
//! /// A uprobe on each of its return instructions.
//! fn on_return(ctx: *const c_void) -> Result<bool, i32> {
//!     // SAFETY: this is the ctx of such a uprobe.
//!     let returned = unsafe { Read::at_ret(ctx) };
//!     let error: GoError = returned.read_result::<1>()?;
//!     Ok(error.is_nil())
//! }
//! ```
//!
//! Without names, the same are `Entry::<Go<F>>::from_ctx(ctx)`, `call.read_arg::<1>()` and
//! `Return::<Go<F>>::at_ret(ctx)`. A parameter is only read with `read()` before its name, because the stack has it in
//! some programs.
//!
//! | Go | Rust | the probe gets |
//! |---|---|---|
//! | `int8` to `uint64`, `byte`, `rune` | `i8` to `u64` | the same, with the type's own sign |
//! | `int`, `uint`, `uintptr` | `GoInt`, `GoUint`, `GoUintptr` | integers as wide as the machine's words |
//! | `bool` | `bool` | `bool` |
//! | `*T`, a map, a channel, a func value, `unsafe.Pointer` | `Ptr<T>`, `Ptr<c_void>` | `Ptr<T>` |
//! | `string` | `GoString` | [`GoString`], with its bytes by [`read_user`](GoString::read_user) |
//! | `[]T` | `GoSlice<T>` | [`GoSlice`], with its elements by [`get`](GoSlice::get) and [`read_user`](GoSlice::read_user) |
//! | `error`, an interface with methods | `GoError`, `GoInterface` | [`GoInterface`] |
//! | `any` | `GoAny` | [`GoAny`] |
//! | `[N]T` | `[T; N]` | an array |
//! | a struct, by value | `GoStruct<(A, B)>`, by its fields | a tuple |
//! | several results | `-> (A, B)` | each by its number |
//!
//! A function has up to 12 parameters and 8 results; a struct has up to 8 fields. Floating point is refused: its
//! registers are not in `ctx`. A function with type parameters has one more parameter, a pointer to its dictionary.
//! This parameter comes before the others, and after the receiver if there is one.
//!
//! # Results without return probes
//!
//! A uretprobe writes its own return address on the goroutine's stack. When Go moves a stack that must grow, it finds
//! this address, which is in no function, and the program dies. So uprobes on the function's return instructions read
//! the results. `probe-abi-go` lists these instructions. [`Return::from_ctx`] does not compile for a `Go` function.
//!
//! # The release
//!
//! | GOARCH | `bpf_target_arch` | arguments and results in registers |
//! |---|---|---|
//! | `amd64` | `x86_64` | since go1.17 |
//! | `arm64` | `aarch64` | since go1.18 |
//! | `ppc64le`, `ppc64` | `powerpc64`, of either byte order | since go1.18 |
//! | `riscv64` | `riscv64` | since go1.19 |
//! | `loong64` | `loongarch64` | since go1.22 |
//! | `s390x` | `s390x` | since go1.26 |
//! | `386`, `arm` | `x86`, `arm` | never: on the stack |
//! | `mipsle`, `mips` | `mips`, of either byte order | never: on the stack |
//! | `mips64le`, `mips64` | `mips64`, of either byte order | never: on the stack |
//!
//! There is no Go for `sparc64`, `powerpc` and `riscv32`. [`Machine::of_goarch`](crate::machine::Machine::of_goarch) is
//! this table as a function.
//!
//! `Go<F>` is for programs of the releases that use registers. In older programs everything is on the stack. To watch
//! programs of any release, the loader sets a constant of the object to the release. [`go_release!`](crate::go_release)
//! makes such a constant.
//!
//! Functions that are written in assembly keep Go's first convention, with everything on the stack, in every release:
//! for them there is `Go<F, OnStack>`.

pub(crate) mod convention;
mod signature;
mod types;

use core::{ffi::c_void, marker::PhantomData};

pub use signature::GoSignature;
use signature::{GoNth, GoValues};
use types::{Before, First, InCtx, OfTheMachine};
pub use types::{GoAny, GoInterface, GoResults, GoSlice, GoString, GoStruct, GoType};

use crate::{
    call::{Code, GivesBack, Machine, Probed, Read, Return, Takes},
    machine::{GoConvention, GoG, GoPlace, Place, Slot},
    memory::{self, Memory},
    ptr::Ptr,
    regs::{self, Registers, Role, load},
    signature::Address,
    syscall::Decided,
};

/// A function of a Go program, for a uprobe. `F` is its [signature](self); `Release` tells whether its arguments are in
/// registers.
pub struct Go<F, Registers, Release>(PhantomData<fn(Registers, Release) -> F>);

/// The probe's knowledge of the watched program's release: [`InRegisters`], [`OnStack`], or a type of
/// [`go_release!`](crate::go_release).
pub trait Release {
    /// Whether functions have arguments in registers. `since` is the first release with such functions on this machine,
    /// by its second number.
    #[doc(hidden)]
    fn has_registers(since: Option<u16>) -> bool;
}

/// Functions have arguments in registers, if any release of Go does this on the machine.
pub enum InRegisters {}

/// Functions have everything on the stack, or the function is written in assembly.
pub enum OnStack {}

impl Release for InRegisters {
    #[inline(always)]
    fn has_registers(since: Option<u16>) -> bool {
        since.is_some()
    }
}

impl Release for OnStack {
    #[inline(always)]
    fn has_registers(_: Option<u16>) -> bool {
        false
    }
}

/// Makes a constant of the object, for the Go release of the watched program, and a type that reads it.
///
/// ```
/// use probe_abi::{Go, GoInt, GoString, c_void, go_release, prototype};
///
/// go_release! {
///     /// What the loader knows of the watched program.
///     pub struct Watched(GO_RELEASE);
/// }
///
/// prototype! {
///     /// func handle(name string, size int)
///     pub struct Handle(Go<fn(name: GoString, size: GoInt), Watched>);
/// }
///
/// fn on_handle(ctx: *const c_void) -> Result<GoInt, i32> {
///     // SAFETY: this is the ctx of a uprobe on it.
///     let call = unsafe { Handle::entry(ctx) };
///     call.read().size()
/// }
/// ```
///
/// The constant is a `u32`, the second number of the release: 22 is go1.22. It is in `.rodata` under the name in the
/// parentheses. A loader sets it before it loads the program: with Aya, `EbpfLoader::override_global("GO_RELEASE",
/// &22u32, true)`. The kernel's verifier then knows the constant, and removes the reads for other releases. If no
/// loader sets it, it means the newest release.
#[macro_export]
macro_rules! go_release {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident($constant:ident);) => {
        $(#[$attribute])*
        $visibility enum $name {}

        const _: () = {
            #[unsafe(no_mangle)]
            static $constant: u32 = u32::MAX;

            impl $crate::go::Release for $name {
                #[inline(always)]
                fn has_registers(since: ::core::option::Option<u16>) -> bool {
                    match since {
                        ::core::option::Option::Some(since) => {
                            $crate::go::told(&$constant) >= since as u32
                        }
                        ::core::option::Option::None => false,
                    }
                }
            }
        };
    };
}

/// Reads a constant that a loader may have set.
#[doc(hidden)]
#[inline(always)]
pub fn told(constant: &'static u32) -> u32 {
    if cfg!(debug_assertions) {
        // `read_volatile` would check the alignment, and the verifier refuses that check.
        return *core::hint::black_box(constant);
    }
    // SAFETY: the pointer comes from a reference.
    unsafe { core::ptr::from_ref(constant).read_volatile() }
}

/// Of a machine: Go's compiler supports it.
#[diagnostic::on_unimplemented(
    message = "there is no Go for this machine",
    label = "Go's compiler has no GOARCH for `sparc64`, `powerpc` and `riscv32`"
)]
#[doc(hidden)]
pub trait HasGo {}

impl HasGo for Decided<true> {}

/// The convention of a machine that has Go.
const fn convention<R: Registers>() -> GoConvention {
    match R::MACHINE.go {
        Some(go) => go,
        None => panic!("the bound says that there is Go"),
    }
}

impl<F, R: Machine, L> Code for Go<F, R, L> {
    type Registers = R;
    const MEMORY: Memory = Memory::User;
}

/// The bounds that every read of a function needs.
macro_rules! bounded {
    ([$(const $n:ident: usize)?] $trait:ty { $($items:tt)* } $(where $($bounds:tt)*)?) => {
        impl<F, R, L, $(const $n: usize)?> $trait for Go<F, R, L>
        where
            F: GoSignature,
            F::Parameters: GoValues<R::Word>,
            F::Results: GoResults<R::Word>,
            <F::Results as GoResults<R::Word>>::List: GoValues<R::Word>,
            R: Machine<HasGo: HasGo>,
            L: Release,
            $($($bounds)*)?
        {
            $($items)*
        }
    };
}

type Word<R> = <R as Registers>::Word;
type ResultList<F, R> = <<F as GoSignature>::Results as GoResults<Word<R>>>::List;

bounded!([] Probed {});

/// Of a function: it is a Go function, on a machine that has Go.
#[diagnostic::on_unimplemented(
    message = "this is not a Go function, and its prototype has no `extern \"C\"`",
    label = "a C function is written `unsafe extern \"C\" fn(…) -> …`"
)]
#[doc(hidden)]
pub trait OfGo: Code {}

impl<F, R: Machine<HasGo: HasGo>, L> OfGo for Go<F, R, L> {}

/// Compiles if this is a Go function.
#[doc(hidden)]
pub const fn function<C: OfGo>() {}

/// The same as [`call::ParameterOf`](crate::call::ParameterOf), for Go functions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand for a type of Go's",
    label = "neither an integer, a pointer nor one of Go's own types",
    note = "accepted are `u8` to `i64`, `bool`, `GoInt`, `GoUint`, `GoUintptr`, `Ptr<T>`, `GoString`, `GoSlice<T>`, `GoInterface`, `GoAny`, `GoError`, arrays `[T; N]` and structs `GoStruct<(…)>` of these",
    note = "a map, a channel and a func value are pointers: `Ptr<c_void>`"
)]
#[doc(hidden)]
pub trait ParameterOf<C> {}

impl<C, T> ParameterOf<C> for T
where
    C: Code,
    T: GoType<Word<C::Registers>, Kind: InCtx<T> + OfTheMachine<T>>,
{
}

/// Compiles if a parameter of the function may have this type.
#[doc(hidden)]
pub const fn parameter<C, T: ParameterOf<C>>() {}

/// The place of a value, in both conventions.
trait Located {
    const IN_REGISTERS: GoPlace;
    const ON_STACK: GoPlace;
}

/// Parameter `N`.
struct Parameter<F, R, const N: usize>(PhantomData<(F, R)>);

impl<F, R, const N: usize> Located for Parameter<F, R, N>
where
    F: GoSignature,
    F::Parameters: GoValues<R::Word>,
    R: Registers,
{
    const IN_REGISTERS: GoPlace = parameter_place::<F, R>(N, true);
    const ON_STACK: GoPlace = parameter_place::<F, R>(N, false);
}

const fn parameter_place<F, R>(n: usize, in_registers: bool) -> GoPlace
where
    F: GoSignature,
    F::Parameters: GoValues<R::Word>,
    R: Registers,
{
    match convention::<R>().place(F::Parameters::SHAPES, n, in_registers) {
        Some(place) => place,
        None => panic!("the bound says that there is a parameter"),
    }
}

/// Result `N`.
struct Outcome<F, R, const N: usize>(PhantomData<(F, R)>);

impl<F, R, const N: usize> Located for Outcome<F, R, N>
where
    F: GoSignature,
    F::Parameters: GoValues<R::Word>,
    F::Results: GoResults<R::Word>,
    ResultList<F, R>: GoValues<R::Word>,
    R: Registers,
{
    const IN_REGISTERS: GoPlace = outcome_place::<F, R>(N, true);
    const ON_STACK: GoPlace = outcome_place::<F, R>(N, false);
}

const fn outcome_place<F, R>(n: usize, in_registers: bool) -> GoPlace
where
    F: GoSignature,
    F::Parameters: GoValues<R::Word>,
    F::Results: GoResults<R::Word>,
    ResultList<F, R>: GoValues<R::Word>,
    R: Registers,
{
    let place = convention::<R>().result_place(
        F::Parameters::SHAPES,
        <ResultList<F, R>>::SHAPES,
        n,
        in_registers,
        R::MACHINE.word,
    );
    match place {
        Some(place) => place,
        None => panic!("the bound says that there is a result"),
    }
}

/// The first register of a value that is in registers.
struct FirstOf<At>(PhantomData<At>);

impl<At: Located> First for FirstOf<At> {
    const FIRST: usize = match At::IN_REGISTERS {
        GoPlace::Registers(first) => first as usize,
        // Nothing reads this register.
        GoPlace::Stack(_) => 0,
    };
}

/// Reads the value. `given_back` is the distance from the stack pointer up to the address that it had at entry.
#[inline(always)]
fn read<T, R, L, At>(regs: &R, given_back: u32) -> Result<T::Value, i32>
where
    T: GoType<R::Word>,
    R: Registers,
    L: Release,
    At: Located,
{
    let fits = const { matches!(At::IN_REGISTERS, GoPlace::Registers(_)) };
    if fits && L::has_registers(const { convention::<R>().registers_since }) {
        return Ok(T::from_registers::<R, FirstOf<At>>(regs));
    }
    let of_stack = |place| match place {
        GoPlace::Stack(offset) => offset,
        GoPlace::Registers(_) => 0,
    };
    let offset = match const { (At::IN_REGISTERS, At::ON_STACK) } {
        // If values before this one are in registers, the offset of this value is smaller.
        (GoPlace::Stack(offset), GoPlace::Stack(old)) if offset != old => {
            match L::has_registers(const { convention::<R>().registers_since }) {
                true => offset,
                false => old,
            }
        }
        (_, place) => of_stack(place),
    };
    let address = load::<R, regs::StackPointer>(regs)
        .wrapping_add(given_back.into())
        .wrapping_add(offset.into());
    let address = R::Word::from_bits(address);
    memory::read(Memory::User, address.into()).map(T::from_memory)
}

bounded! {
    [const N: usize] Read<N> {
        type Value = <<F::Parameters as GoNth<N, Word<R>>>::Type as GoType<Word<R>>>::Value;

        #[inline(always)]
        fn read(regs: &R) -> Result<Self::Value, i32> {
            read::<<F::Parameters as GoNth<N, Word<R>>>::Type, R, L, Parameter<F, R, N>>(regs, 0)
        }
    }
    where
        F::Parameters: GoNth<N, R::Word>,
}

/// Of a Go function: it has a result `N`, counted from 0.
pub trait HasResult<const N: usize>: Code {
    /// The type that the probe gets.
    type Value: Copy;

    #[doc(hidden)]
    fn read_result(regs: &Self::Registers, given_back: u32) -> Result<Self::Value, i32>;
}

bounded! {
    [const N: usize] HasResult<N> {
        type Value = <<ResultList<F, R> as GoNth<N, Word<R>>>::Type as GoType<Word<R>>>::Value;

        #[inline(always)]
        fn read_result(regs: &R, given_back: u32) -> Result<Self::Value, i32> {
            read::<<ResultList<F, R> as GoNth<N, Word<R>>>::Type, R, L, Outcome<F, R, N>>(
                regs, given_back,
            )
        }
    }
    where
        ResultList<F, R>: GoNth<N, R::Word>,
}

impl<F, R: Machine, L> Return<Go<F, R, L>> {
    /// The return of a Go function, in a probe program on one of its return instructions.
    ///
    /// # Safety
    ///
    /// `ctx` is the pointer that the kernel passed to this program, and the program is a uprobe at a return instruction
    /// of a function with this signature. For the rest see [`Entry::from_ctx`](crate::call::Entry::from_ctx).
    #[inline(always)]
    #[allow(clippy::transmute_ptr_to_ref)]
    pub unsafe fn at_ret<'ctx>(ctx: *const c_void) -> &'ctx Self
    where
        Go<F, R, L>: Probed,
    {
        // SAFETY: the caller passes a ctx, and this is a transparent wrapper of the registers there.
        unsafe { core::mem::transmute(ctx) }
    }

    /// Result `N`, counted from 0, from the place where this release passes it.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number. The read of a result in registers is a load, and cannot
    /// fail.
    #[inline(always)]
    pub fn read_result<const N: usize>(&self) -> Result<<Go<F, R, L> as HasResult<N>>::Value, i32>
    where
        Go<F, R, L>: HasResult<N>,
    {
        self.read_result_above::<N>(0)
    }

    /// [`read_result`](Self::read_result) at a return instruction that itself gives back the function's stack.
    /// `bytes` is the number of bytes that it gives back. On arm `ldr pc, [sp], #24` is such an instruction.
    ///
    /// # Errors
    ///
    /// The same as for [`read_result`](Self::read_result).
    #[inline(always)]
    pub fn read_result_above<const N: usize>(
        &self,
        bytes: u32,
    ) -> Result<<Go<F, R, L> as HasResult<N>>::Value, i32>
    where
        Go<F, R, L>: HasResult<N>,
    {
        <Go<F, R, L> as HasResult<N>>::read_result(self.regs(), bytes)
    }
}

/// The register that holds `g`.
enum G {}

impl<R: Registers> Role<R> for G {
    const SLOT: Slot = match convention::<R>().g {
        Some(GoG::Always(slot) | GoG::WithRegisters(slot)) => slot,
        // Nothing reads this slot.
        None => R::MACHINE.stack_pointer,
    };
}

/// `-EOPNOTSUPP`, of `asm-generic/errno.h`: no register holds the goroutine. (mips has another number for it.)
const EOPNOTSUPP: i32 = -95;

/// The goroutine that calls or returns: Go's `runtime` calls it `g`.
#[inline(always)]
fn g<R: Registers, L: Release>(regs: &R) -> Result<Ptr<c_void, R::Word>, i32> {
    let is_there = match const { convention::<R>().g } {
        Some(GoG::Always(_)) => true,
        Some(GoG::WithRegisters(_)) => {
            L::has_registers(const { convention::<R>().registers_since })
        }
        None => false,
    };
    match is_there {
        true => Ok(Ptr::new(regs::read::<R, G>(regs))),
        false => Err(EOPNOTSUPP),
    }
}

macro_rules! goroutine {
    ($($view:ident)*) => { $(
        impl<F, R: Machine<HasGo: HasGo>, L: Release> crate::call::$view<Go<F, R, L>> {
            /// The goroutine that runs: a pointer to its `runtime.g`.
            ///
            /// # Errors
            ///
            /// -95 (`-EOPNOTSUPP`) if no register holds it: on x86, and on x86_64 in programs of go1.16 and older.
            #[inline(always)]
            pub fn goroutine(&self) -> Result<Ptr<c_void, R::Word>, i32> {
                g::<R, L>(self.regs())
            }

            /// The number of the goroutine that runs, as panics print it. `offset` is the offset in bytes of the field
            /// `goid` in `runtime.g`. It differs between releases; the program's DWARF has it.
            ///
            /// # Errors
            ///
            /// The errors of [`goroutine`](Self::goroutine), and the error of `bpf_probe_read_user`: a negative number.
            #[inline(always)]
            pub fn read_goroutine_id(&self, offset: usize) -> Result<u64, i32> {
                let id: Ptr<u64, R::Word> = self.goroutine()?.wrapping_byte_add(offset).cast();
                id.read_user()
            }
        }
    )* };
}

goroutine!(Entry Return);

/// The place that a test puts a component in.
fn component<R: Registers>(place: Option<GoPlace>, before: Before) -> Option<Place> {
    match place? {
        GoPlace::Registers(first) => {
            let registers = convention::<R>().registers;
            let slot = registers.get(usize::from(first) + before.components)?;
            Some(Place::Register(*slot))
        }
        GoPlace::Stack(offset) => Some(Place::Stack(offset + before.bytes as u16)),
    }
}

#[diagnostic::do_not_recommend]
impl<F, R, L> Takes<<F::Parameters as GoValues<R::Word>>::Values> for Go<F, R, L>
where
    F: GoSignature,
    F::Parameters: GoValues<R::Word>,
    R: Machine<HasGo: HasGo>,
    L: Release,
{
    fn put(
        values: <F::Parameters as GoValues<R::Word>>::Values,
        mut put: impl FnMut(Option<Place>, u8, u64),
    ) {
        let go = convention::<R>();
        let in_registers = L::has_registers(go.registers_since);
        F::Parameters::components(values, &mut |n, before, size, bits| {
            let place = go.place(F::Parameters::SHAPES, n, in_registers);
            put(component::<R>(place, before), size, bits);
        });
    }
}

/// A tuple of the results, even for a single result.
#[diagnostic::do_not_recommend]
impl<F, R, L> GivesBack<<ResultList<F, R> as GoValues<R::Word>>::Values> for Go<F, R, L>
where
    F: GoSignature,
    F::Parameters: GoValues<R::Word>,
    F::Results: GoResults<R::Word>,
    ResultList<F, R>: GoValues<R::Word>,
    R: Machine<HasGo: HasGo>,
    L: Release,
{
    fn put(
        values: <ResultList<F, R> as GoValues<R::Word>>::Values,
        mut put: impl FnMut(Option<Place>, u8, u64),
    ) {
        let go = convention::<R>();
        let in_registers = L::has_registers(go.registers_since);
        <ResultList<F, R>>::components(values, &mut |n, before, size, bits| {
            let place = go.result_place(
                F::Parameters::SHAPES,
                <ResultList<F, R>>::SHAPES,
                n,
                in_registers,
                R::MACHINE.word,
            );
            put(component::<R>(place, before), size, bits);
        });
    }
}
