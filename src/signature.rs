//! A C prototype as a Rust type: the types that stand for C's types, and the parameters that are in registers.
//!
//! A prototype is the type of a pointer to the function, as it is written in Rust. bindgen writes the same type for a
//! declared function:
//!
//! ```
//! use probe_abi::{c_char, c_int};
//!
//! // int openat(int dirfd, const char *path, int flags, ...);
//! type Openat = unsafe extern "C" fn(dirfd: c_int, path: *const c_char, flags: c_int, ...) -> c_int;
//! ```
//!
//! It has up to 12 parameters. The type of each is a [`Parameter`]:
//!
//! | C | Rust | the probe gets |
//! |---|---|---|
//! | integers | `c_char` to `c_ulonglong`, `size_t`, `u8` to `i64` | the same, with the type's own sign |
//! | `_Bool` | `bool` | `bool` |
//! | `T *` | `*const T`, `*mut T`, `Ptr<T>` | `Ptr<T>` |
//! | a pointer to a function | `unsafe extern "C" fn(…) -> …`, or an `Option` of it | `Ptr<c_void>` |
//! | `enum` | its integer, or a type of yours that is [`PassedAs`] this integer | the same |
//!
//! A return value is one of these, or `()` for `void`. A function may also return `f32` or `f64`: its parameters are
//! then in the same places as for any function, but the value itself is not in `ctx`.
//!
//! Other types do not compile, because the place of their values is not known: floating point, structs by value,
//! references, `usize` and `isize`, integers of 128 bits. The arguments that `...` stands for are not parameters, and
//! cannot be read.

use core::{ffi::c_void, fmt, mem};

use crate::{machine::Endian, memory::AnyBitPattern, ptr::Ptr};

/// A type that stands for the type of a C parameter, on a machine whose addresses are `Address`.
///
/// [The module](self) has the list.
#[diagnostic::on_unimplemented(
    message = "it is not known where a parameter of type `{Self}` is",
    label = "neither an integer of C's nor a pointer",
    note = "accepted are the C types of this crate, `u8` to `i64`, `bool`, `*const T`, `*mut T`, `Ptr<T>` and pointers to functions",
    note = "for a reference write `*const T`; a struct that is passed by value is not accepted; for an enum, or a struct that is one integer, see `PassedAs`"
)]
pub trait Parameter<Address>: Sized {
    /// The type that the probe gets.
    type Value: Copy;

    /// [`Integer`], if a value of the type has a known place.
    #[doc(hidden)]
    type Kind;

    /// How much room it takes among the arguments.
    #[doc(hidden)]
    type Room;

    /// In bytes.
    #[doc(hidden)]
    const SIZE: u8;

    /// The value from its low bits.
    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self::Value;

    #[doc(hidden)]
    fn to_bits(value: Self::Value) -> u64;
}

/// One register, or one slot of the stack.
#[doc(hidden)]
pub enum Word {}

/// Two registers, or two slots of the stack.
#[doc(hidden)]
pub enum TwoWords {}

/// A machine's addresses: `u32` or `u64`.
pub trait Address: AnyBitPattern + Into<u64> + fmt::LowerHex + 'static {
    #[doc(hidden)]
    const SIZE: u8;

    /// The room of an integer of 64 bits.
    #[doc(hidden)]
    type Wide;

    /// An integer of 64 bits that has the alignment of a word.
    #[doc(hidden)]
    type Long: AnyBitPattern;

    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self;

    #[doc(hidden)]
    fn from_long(long: Self::Long) -> u64;
}

impl Address for u32 {
    const SIZE: u8 = 4;
    type Wide = TwoWords;
    type Long = [Self; 2];

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits as Self
    }

    #[inline(always)]
    fn from_long([first, second]: [Self; 2]) -> u64 {
        let (low, high) = match Endian::THIS {
            Endian::Little => (first, second),
            Endian::Big => (second, first),
        };
        u64::from(low) | u64::from(high) << 32
    }
}

impl Address for u64 {
    const SIZE: u8 = 8;
    type Wide = Word;
    type Long = Self;

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits
    }

    #[inline(always)]
    fn from_long(long: Self) -> u64 {
        long
    }
}

macro_rules! integers {
    ($($integer:ident takes $room:ty;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<A: Address> Parameter<A> for $integer {
            type Value = Self;
            type Kind = Integer;
            type Room = $room;
            const SIZE: u8 = size_of::<Self>() as u8;

            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                bits as Self
            }

            #[inline(always)]
            fn to_bits(value: Self) -> u64 {
                value as u64
            }
        }

        #[diagnostic::do_not_recommend]
        impl<A: Address> Output<A> for $integer {}
    )* };
}

integers! {
    u8 takes Word;
    i8 takes Word;
    u16 takes Word;
    i16 takes Word;
    u32 takes Word;
    i32 takes Word;
    u64 takes A::Wide;
    i64 takes A::Wide;
}

#[diagnostic::do_not_recommend]
impl<A: Address> Parameter<A> for bool {
    type Value = Self;
    type Kind = Integer;
    type Room = Word;
    const SIZE: u8 = 1;

    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits as u8 != 0
    }

    #[inline(always)]
    fn to_bits(value: Self) -> u64 {
        value.into()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Address> Output<A> for bool {}

macro_rules! pointers {
    ($([$($parameters:tt)*] $pointer:ty => $pointee:ty;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($parameters)* A: Address> Parameter<A> for $pointer {
            type Value = Ptr<$pointee, A>;
            type Kind = Integer;
            type Room = Word;
            const SIZE: u8 = A::SIZE;

            #[inline(always)]
            fn from_bits(bits: u64) -> Self::Value {
                Ptr::new(A::from_bits(bits))
            }

            #[inline(always)]
            fn to_bits(value: Self::Value) -> u64 {
                value.address().into()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($parameters)* A: Address> Output<A> for $pointer {}
    )* };
}

pointers! {
    [T,] *const T => T;
    [T,] *mut T => T;
    [T,] Ptr<T, A> => T;
    [F: Pointer,] Option<F> => c_void;
}

/// A pointer to a C function.
#[doc(hidden)]
pub trait Pointer {}

/// A type of yours that a C function takes in the form of another type: an enum, or a struct with one integer.
///
/// ```
/// use probe_abi::{PassedAs, c_uint};
///
/// // enum kind { READ, WRITE };
/// #[derive(Clone, Copy, PartialEq)]
/// #[repr(transparent)]
/// struct Kind(c_uint);
///
/// // SAFETY: it is one `unsigned int`, and any `unsigned int` is a value of it.
/// unsafe impl PassedAs for Kind {
///     type As = c_uint;
/// }
///
/// // void account(enum kind kind, size_t bytes);
/// type Account = unsafe extern "C" fn(kind: Kind, bytes: probe_abi::size_t);
/// ```
///
/// # Safety
///
/// The type has the size of [`As`](Self::As), and any value of `As` is a value of the type. A Rust `enum` meets this
/// only if it has a variant for every value, because traced code may pass any value.
pub unsafe trait PassedAs: Copy {
    /// One of the accepted integers.
    type As: Copy;
}

#[diagnostic::do_not_recommend]
impl<T, A: Address> Parameter<A> for T
where
    T: PassedAs,
    T::As: Parameter<A, Value = T::As>,
{
    type Value = T;
    type Kind = Integer;
    type Room = <T::As as Parameter<A>>::Room;
    const SIZE: u8 = {
        assert!(size_of::<T>() == size_of::<T::As>());
        <T::As as Parameter<A>>::SIZE
    };

    #[inline(always)]
    fn from_bits(bits: u64) -> T {
        let value = <T::As as Parameter<A>>::from_bits(bits);
        // SAFETY: the implementation of `PassedAs` ensures it.
        unsafe { mem::transmute_copy(&value) }
    }

    #[inline(always)]
    fn to_bits(value: T) -> u64 {
        // SAFETY: both have the same size, and any bytes are a value of an integer.
        let value: T::As = unsafe { mem::transmute_copy(&value) };
        <T::As as Parameter<A>>::to_bits(value)
    }
}

#[diagnostic::do_not_recommend]
impl<T, A: Address> Output<A> for T
where
    T: PassedAs,
    T::As: Output<A>,
{
}

/// Types that look like C's types but do not stand for a C type. The kind of each says why it is refused.
macro_rules! refused {
    ($($type:ident is $kind:ident;)*) => { $(
        #[doc(hidden)]
        #[diagnostic::do_not_recommend]
        impl<A: Address> Parameter<A> for $type {
            type Value = Self;
            type Kind = $kind;
            type Room = Word;
            const SIZE: u8 = 0;

            fn from_bits(_: u64) -> Self {
                0 as Self
            }

            fn to_bits(_: Self) -> u64 {
                0
            }
        }
    )* };
}

refused! {
    f32 is FloatingPoint;
    f64 is FloatingPoint;
    usize is OfBpf;
    isize is OfBpf;
}

/// An integer of the machine, or a pointer.
#[doc(hidden)]
pub enum Integer {}

#[doc(hidden)]
pub enum FloatingPoint {}

/// A type that is as wide as BPF's addresses.
#[doc(hidden)]
pub enum OfBpf {}

/// Of a kind of types: `ctx` has the registers in which the machine passes them.
#[diagnostic::on_unimplemented(
    message = "`{T}` is floating point, whose registers are not in `ctx`",
    label = "a prototype with floating point among its parameters has no known places",
    note = "a function that returns floating point is accepted, but the value itself is not in `ctx` either"
)]
#[doc(hidden)]
pub trait InCtx<T> {}

impl<T> InCtx<T> for Integer {}
impl<T> InCtx<T> for OfBpf {}

/// Of a kind of types: they have the same width in BPF as on the machine.
#[diagnostic::on_unimplemented(
    message = "`{T}` is as wide as BPF's addresses, and not as this machine's",
    label = "write `size_t`, `ssize_t`, `c_ulong` or `c_long`"
)]
#[doc(hidden)]
pub trait OfTheMachine<T> {}

impl<T> OfTheMachine<T> for Integer {}
impl<T> OfTheMachine<T> for FloatingPoint {}

/// A return type that leaves the parameters in the same places as in any prototype.
#[diagnostic::on_unimplemented(
    message = "a function that returns `{Self}` by value has its parameters in places that are not known",
    label = "neither an integer of C's nor a pointer",
    note = "C hands such a function the address of the result, as one more argument"
)]
pub trait Output<Address> {}

/// `void`
#[diagnostic::do_not_recommend]
impl<A: Address> Output<A> for () {}

#[diagnostic::do_not_recommend]
impl<A: Address> Output<A> for f32 {}

#[diagnostic::do_not_recommend]
impl<A: Address> Output<A> for f64 {}

/// A C prototype: `unsafe extern "C" fn(…) -> …`, or `extern "C" fn`, or an `Option` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a C function",
    label = "a prototype is written `unsafe extern \"C\" fn(c_int) -> c_int`, with up to 12 parameters",
    note = "a parameter cannot be a reference, because the type would then be for any lifetime: write `*const T`"
)]
pub trait Signature {
    /// The parameters, as a list: `(A, (B, ()))`.
    #[doc(hidden)]
    type Parameters;

    /// [`Fixed`] or [`Variadic`].
    #[doc(hidden)]
    type Ends;

    /// The return type.
    type Output;
}

/// A prototype that ends with its last parameter.
#[doc(hidden)]
pub enum Fixed {}

/// A prototype that ends with `...`.
#[doc(hidden)]
pub enum Variadic {}

/// A list of types.
macro_rules! list {
    () => { () };
    ($first:ident $($other:ident)*) => { ($first, list!($($other)*)) };
}

macro_rules! signatures {
    ($([$($parameter:ident)*])*) => { $(
        signatures!(@function [$($parameter)*] [$($parameter),*] Fixed);
        signatures!(@values [$($parameter)*]);
    )* };
    // C requires a parameter before `...`.
    (@function [$first:ident $($other:ident)*] [$($parameters:tt)*] Fixed) => {
        signatures!(@pointer [$first $($other)*] [$($parameters)*] Fixed);
        signatures!(@pointer [$first $($other)*] [$($parameters)*, ...] Variadic);
    };
    (@function [] [] Fixed) => {
        signatures!(@pointer [] [] Fixed);
    };
    (@pointer [$($parameter:ident)*] [$($parameters:tt)*] $ends:ident) => {
        signatures!(@implement [$($parameter)*] (unsafe extern "C" fn($($parameters)*) -> Returned) $ends);
        signatures!(@implement [$($parameter)*] (extern "C" fn($($parameters)*) -> Returned) $ends);
    };
    (@implement [$($parameter:ident)*] ($function:ty) $ends:ident) => {
        impl<$($parameter,)* Returned> Signature for $function {
            type Parameters = list!($($parameter)*);
            type Ends = $ends;
            type Output = Returned;
        }

        impl<$($parameter,)* Returned> Pointer for $function {}

        #[diagnostic::do_not_recommend]
        impl<$($parameter,)* Returned, Addr: Address> Parameter<Addr> for $function {
            type Value = Ptr<c_void, Addr>;
            type Kind = Integer;
            type Room = Word;
            const SIZE: u8 = Addr::SIZE;

            #[inline(always)]
            fn from_bits(bits: u64) -> Self::Value {
                Ptr::new(Addr::from_bits(bits))
            }

            #[inline(always)]
            fn to_bits(value: Self::Value) -> u64 {
                value.address().into()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($parameter,)* Returned, Addr: Address> Output<Addr> for $function {}
    };
    (@values [$($parameter:ident)*]) => {
        impl<$($parameter,)* Addr: Address> Parameters<Addr> for list!($($parameter)*)
        where
            $($parameter: Parameter<Addr, Kind: InCtx<$parameter> + OfTheMachine<$parameter>>,)*
        {
            type Values = ($($parameter::Value,)*);
            const SIZES: &'static [u8] = &[$($parameter::SIZE),*];

            #[allow(non_snake_case)]
            fn to_bits(($($parameter,)*): Self::Values) -> [u64; 12] {
                let mut all = [0; 12];
                let bits: &[u64] = &[$($parameter::to_bits($parameter)),*];
                all[..bits.len()].copy_from_slice(bits);
                all
            }
        }
    };
}

/// All parameters of a prototype, on a machine whose addresses are `Address`.
#[doc(hidden)]
pub trait Parameters<Address> {
    /// The values of a call that a test makes.
    type Values;

    const SIZES: &'static [u8];

    fn to_bits(values: Self::Values) -> [u64; 12];
}

signatures! {
    []
    [A]
    [A B]
    [A B C]
    [A B C D]
    [A B C D E]
    [A B C D E F]
    [A B C D E F G]
    [A B C D E F G H]
    [A B C D E F G H I]
    [A B C D E F G H I J]
    [A B C D E F G H I J K]
    [A B C D E F G H I J K L]
}

impl<F: Signature> Signature for Option<F> {
    type Parameters = F::Parameters;
    type Ends = F::Ends;
    type Output = F::Output;
}

/// How many argument registers are left for the next parameter, and whether a value of two registers starts at a
/// register with an even index. All machines with this rule have an even number of argument registers.
#[doc(hidden)]
pub enum Left<const REGISTERS: usize, const EVEN: bool> {}

/// The registers that are left when a parameter has taken its room.
///
/// [`Convention::place`](crate::machine::Convention::place) computes the place. This trait computes the same for a
/// type, as far as a bound needs it.
#[doc(hidden)]
pub trait Take<Room> {
    /// The registers that are left for the next parameters.
    type Left;

    /// [`Whole`] or [`Elsewhere`].
    type Where;
}

/// The whole value is in registers.
#[doc(hidden)]
pub enum Whole {}

/// The value, or its high half, is on the stack.
#[doc(hidden)]
pub enum Elsewhere {}

macro_rules! take {
    ($room:ident, $start:tt: $($before:literal => $after:literal $where:ident;)*) => {
        $(take!(@$start $room, $before => $after $where);)*
    };
    (@any_start $room:ident, $before:literal => $after:literal $where:ident) => {
        impl<const EVEN: bool> Take<$room> for Left<$before, EVEN> {
            type Left = Left<$after, EVEN>;
            type Where = $where;
        }
    };
    (@$even:tt $room:ident, $before:literal => $after:literal $where:ident) => {
        impl Take<$room> for Left<$before, $even> {
            type Left = Left<$after, $even>;
            type Where = $where;
        }
    };
}

take!(Word, any_start:
    8 => 7 Whole; 7 => 6 Whole; 6 => 5 Whole; 5 => 4 Whole; 4 => 3 Whole; 3 => 2 Whole; 2 => 1 Whole; 1 => 0 Whole;
    0 => 0 Elsewhere;
);
take!(TwoWords, false:
    8 => 6 Whole; 7 => 5 Whole; 6 => 4 Whole; 5 => 3 Whole; 4 => 2 Whole; 3 => 1 Whole; 2 => 0 Whole;
    1 => 0 Elsewhere; 0 => 0 Elsewhere;
);
take!(TwoWords, true:
    8 => 6 Whole; 7 => 4 Whole; 6 => 4 Whole; 5 => 2 Whole; 4 => 2 Whole; 3 => 0 Whole; 2 => 0 Whole;
    1 => 0 Elsewhere; 0 => 0 Elsewhere;
);

/// Of a list of parameters: it has a parameter `N`. `Left` says how many registers are left for the list.
#[diagnostic::on_unimplemented(
    message = "this function has no such parameter",
    label = "the prototype has fewer parameters: they are counted from 0",
    note = "an argument behind `...` is not a parameter, and its place is not known"
)]
#[doc(hidden)]
pub trait Nth<const N: usize, Address, Left> {
    type Parameter: Parameter<Address>;
    type Where;
}

#[diagnostic::do_not_recommend]
impl<Addr, Now, Head, Tail> Nth<0, Addr, Now> for (Head, Tail)
where
    Head: Parameter<Addr>,
    Now: Take<Head::Room>,
{
    type Parameter = Head;
    type Where = Now::Where;
}

macro_rules! nth {
    ($($n:literal is behind $before:literal;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<Addr, Now, Head, Tail> Nth<$n, Addr, Now> for (Head, Tail)
        where
            Head: Parameter<Addr>,
            Now: Take<Head::Room>,
            Tail: Nth<$before, Addr, Now::Left>,
        {
            type Parameter = Tail::Parameter;
            type Where = Tail::Where;
        }
    )* };
}

nth! {
    1 is behind 0;
    2 is behind 1;
    3 is behind 2;
    4 is behind 3;
    5 is behind 4;
    6 is behind 5;
    7 is behind 6;
    8 is behind 7;
    9 is behind 8;
    10 is behind 9;
    11 is behind 10;
}
