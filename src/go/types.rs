//! The Rust types that stand for Go's types, and how each value is read from registers or from memory.

use core::{ffi::c_void, fmt, marker::PhantomData, mem::offset_of};

use super::convention::GoShape;
use crate::{
    machine::{Endian, Slot},
    memory::{self, AnyBitPattern, Memory},
    ptr::Ptr,
    regs::{Registers, Role, load},
    signature::Address,
};

/// A type that stands for the type of a Go parameter or result, on a machine whose addresses are `Address`.
///
/// [`go`](super) has the list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand for a type of Go's",
    label = "neither an integer, a pointer nor one of Go's own types",
    note = "accepted are `u8` to `i64`, `bool`, `GoInt`, `GoUint`, `GoUintptr`, `Ptr<T>`, `GoString`, `GoSlice<T>`, `GoInterface`, `GoAny`, `GoError`, arrays `[T; N]` and structs `GoStruct<(…)>` of these",
    note = "a map, a channel and a func value are pointers: `Ptr<c_void>`"
)]
pub trait GoType<Address>: Sized {
    /// The type that the probe gets.
    type Value: Copy;

    /// [`Known`], if a value of the type has a known place.
    #[doc(hidden)]
    type Kind;

    /// The type in the form that it has in memory.
    #[doc(hidden)]
    type Memory: AnyBitPattern;

    #[doc(hidden)]
    const COMPONENTS: Option<u8>;

    #[doc(hidden)]
    const SHAPE: GoShape = GoShape {
        components: Self::COMPONENTS,
        size: size_of::<Self::Memory>() as u16,
        alignment: align_of::<Self::Memory>() as u8,
    };

    #[doc(hidden)]
    fn from_memory(memory: Self::Memory) -> Self::Value;

    /// The value, whose components are in the registers from `At` on.
    #[doc(hidden)]
    fn from_registers<R: Registers<Word = Address>, At: First>(regs: &R) -> Self::Value;

    /// Calls `visit` for each component, with the numbers of components and of bytes of memory before it, its size in
    /// bytes, and its bits.
    #[doc(hidden)]
    fn components(value: Self::Value, before: Before, visit: &mut dyn FnMut(Before, u8, u64));
}

/// The components and bytes before a component.
#[doc(hidden)]
#[derive(Clone, Copy, Default)]
pub struct Before {
    pub components: usize,
    pub bytes: usize,
}

impl Before {
    fn and(self, components: Option<u8>, bytes: usize) -> Self {
        Self {
            components: self.components + usize::from(components.unwrap_or(0)),
            bytes: self.bytes + bytes,
        }
    }
}

/// An index among the registers of the convention, as a type, because only a constant may be in an instruction.
#[doc(hidden)]
pub trait First {
    const FIRST: usize;
}

/// The index after a value of type `T`.
#[doc(hidden)]
pub struct Behind<At, T, A>(PhantomData<(At, T, A)>);

impl<At: First, T: GoType<A>, A> First for Behind<At, T, A> {
    const FIRST: usize = At::FIRST
        + match T::COMPONENTS {
            Some(components) => components as usize,
            None => 0,
        };
}

/// The register at that index, or the part of it that a `T` fills.
struct Component<At, T>(PhantomData<(At, T)>);

impl<R: Registers, At: First, T> Role<R> for Component<At, T> {
    const SLOT: Slot = match R::MACHINE.go {
        Some(go) if At::FIRST < go.registers.len() => {
            go.registers[At::FIRST].low(size_of::<T>() as u8, Endian::THIS)
        }
        // Nothing reads this slot.
        _ => R::MACHINE.stack_pointer,
    };
}

/// An integer, a pointer, or a type that consists of integers and pointers.
#[doc(hidden)]
pub enum Known {}

#[doc(hidden)]
pub enum FloatingPoint {}

/// A type that is as wide as BPF's addresses.
#[doc(hidden)]
pub enum OfBpf {}

/// Of a kind of types: `ctx` has the registers in which Go passes them.
#[diagnostic::on_unimplemented(
    message = "`{T}` is floating point, whose registers are not in `ctx`",
    label = "a function of Go's with floating point among its parameters or results is not accepted"
)]
#[doc(hidden)]
pub trait InCtx<T> {}

impl<T> InCtx<T> for Known {}
impl<T> InCtx<T> for OfBpf {}

/// Of a kind of types: they have the same width in BPF as on the machine.
#[diagnostic::on_unimplemented(
    message = "`{T}` is as wide as BPF's addresses, and not as this machine's",
    label = "write `GoInt`, `GoUint` or `GoUintptr`"
)]
#[doc(hidden)]
pub trait OfTheMachine<T> {}

impl<T> OfTheMachine<T> for Known {}
impl<T> OfTheMachine<T> for FloatingPoint {}

/// The return type of a function: `()`, a type that stands for a Go type, or a tuple of several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand for the result of a Go function",
    label = "neither `()`, a type of Go's nor a tuple of up to 8",
    note = "accepted are `u8` to `i64`, `bool`, `GoInt`, `GoUint`, `GoUintptr`, `Ptr<T>`, `GoString`, `GoSlice<T>`, `GoInterface`, `GoAny`, `GoError`, arrays `[T; N]` and structs `GoStruct<(…)>` of these"
)]
pub trait GoResults<Address> {
    /// As a list: `(A, (B, ()))`.
    #[doc(hidden)]
    type List;
}

/// A type that is one result.
macro_rules! result {
    ([$($parameters:tt)*] $type:ty) => {
        #[diagnostic::do_not_recommend]
        impl<$($parameters)* A: Address> GoResults<A> for $type {
            type List = ($type, ());
        }
    };
}

/// One component: its type, its form in memory, and its conversions from that form, from bits and to bits.
macro_rules! component {
    (
        $([$($parameters:tt)*] $type:ty: $value:ty, $memory:ty,
        $from_memory:expr, $from_bits:expr, $to_bits:expr;)*
    ) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($parameters)* A: Address> GoType<A> for $type {
            type Value = $value;
            type Kind = Known;
            type Memory = $memory;
            const COMPONENTS: Option<u8> = Some(1);

            #[inline(always)]
            fn from_memory(memory: $memory) -> $value {
                ($from_memory)(memory)
            }

            #[inline(always)]
            fn from_registers<R: Registers<Word = A>, At: First>(regs: &R) -> $value {
                ($from_bits)(load::<R, Component<At, $memory>>(regs))
            }

            fn components(
                value: $value,
                before: Before,
                visit: &mut dyn FnMut(Before, u8, u64),
            ) {
                visit(before, size_of::<$memory>() as u8, ($to_bits)(value));
            }
        }

        result!([$($parameters)*] $type);
    )* };
}

component! {
    [] u8: u8, u8, |memory| memory, |bits| bits as u8, u64::from;
    [] i8: i8, i8, |memory| memory, |bits| bits as i8, |value| value as u64;
    [] u16: u16, u16, |memory| memory, |bits| bits as u16, u64::from;
    [] i16: i16, i16, |memory| memory, |bits| bits as i16, |value| value as u64;
    [] u32: u32, u32, |memory| memory, |bits| bits as u32, u64::from;
    [] i32: i32, i32, |memory| memory, |bits| bits as i32, |value| value as u64;
    [] u64: u64, A::Long, A::from_long, |bits| bits, |value| value;
    [] i64: i64, A::Long, |memory| A::from_long(memory) as i64, |bits| bits as i64, |value| value as u64;
    [] bool: bool, u8, |memory| memory != 0, |bits| bits as u8 != 0, u64::from;
    [T,] Ptr<T, A>: Self, Self, |memory| memory, |bits| Ptr::new(A::from_bits(bits)), |value: Self| value.address().into();
    [T,] *const T: Ptr<T, A>, Ptr<T, A>, |memory| memory, |bits| Ptr::new(A::from_bits(bits)), |value: Ptr<T, A>| value.address().into();
    [T,] *mut T: Ptr<T, A>, Ptr<T, A>, |memory| memory, |bits| Ptr::new(A::from_bits(bits)), |value: Ptr<T, A>| value.address().into();
}

/// Types that look like Go's types but do not stand for a Go type. The kind of each says why it is refused.
macro_rules! refused {
    ($($type:ident is $kind:ident;)*) => { $(
        #[doc(hidden)]
        #[diagnostic::do_not_recommend]
        impl<A: Address> GoType<A> for $type {
            type Value = Self;
            type Kind = $kind;
            type Memory = u8;
            const COMPONENTS: Option<u8> = None;

            fn from_memory(_: u8) -> Self {
                0 as Self
            }

            fn from_registers<R: Registers<Word = A>, At: First>(_: &R) -> Self {
                0 as Self
            }

            fn components(_: Self, _: Before, _: &mut dyn FnMut(Before, u8, u64)) {}
        }

        result!([] $type);
    )* };
}

refused! {
    f32 is FloatingPoint;
    f64 is FloatingPoint;
    usize is OfBpf;
    isize is OfBpf;
}

/// A Go type of several words. Each word is a component.
macro_rules! words {
    ($(
        $(#[$attribute:meta])*
        struct $name:ident[$($t:ident)?] {
            $($(#[$of_field:meta])* $field:ident: $type:ty,)+
        }
    )*) => { $(
        $(#[$attribute])*
        #[repr(C)]
        pub struct $name<$($t,)? Address> {
            $($(#[$of_field])* pub $field: $type,)+
        }

        impl<$($t,)? Address: Copy> Clone for $name<$($t,)? Address> {
            #[inline(always)]
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($t,)? Address: Copy> Copy for $name<$($t,)? Address> {}

        impl<$($t,)? Address: PartialEq> PartialEq for $name<$($t,)? Address> {
            #[inline(always)]
            fn eq(&self, other: &Self) -> bool {
                $(self.$field == other.$field)&&+
            }
        }

        impl<$($t,)? Address: Eq> Eq for $name<$($t,)? Address> {}

        impl<$($t,)? Address: fmt::LowerHex + fmt::Debug> fmt::Debug for $name<$($t,)? Address> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut debug = f.debug_struct(stringify!($name));
                $(debug.field(stringify!($field), &self.$field);)+
                debug.finish()
            }
        }

        // SAFETY: the struct has only integers and pointers of one width.
        unsafe impl<$($t,)? A: Address> AnyBitPattern for $name<$($t,)? A> {}

        #[diagnostic::do_not_recommend]
        impl<$($t,)? A: Address> GoType<A> for $name<$($t,)? A> {
            type Value = Self;
            type Kind = Known;
            type Memory = Self;
            const COMPONENTS: Option<u8> = Some([$(stringify!($field)),+].len() as u8);

            #[inline(always)]
            fn from_memory(memory: Self) -> Self {
                memory
            }

            #[inline(always)]
            fn from_registers<R: Registers<Word = A>, At: First>(regs: &R) -> Self {
                words!(@read A, R, regs, [At] [$($field)+] [])
            }

            fn components(
                value: Self,
                before: Before,
                visit: &mut dyn FnMut(Before, u8, u64),
            ) {
                let mut next = before;
                $(
                    let bits: u64 = Word::bits(value.$field);
                    visit(next, A::SIZE, bits);
                    next = next.and(Some(1), A::SIZE.into());
                )+
                let _ = next;
            }
        }

        result!([$($t,)?] $name<$($t,)? A>);
    )* };
    (@read $a:ident, $r:ident, $regs:ident, [$at:ty] [$field:ident $($other:ident)*] [$($done:tt)*]) => {
        words!(@read $a, $r, $regs, [Behind<$at, Ptr<(), $a>, $a>] [$($other)*] [
            $($done)*
            $field: Word::from_bits(load::<$r, Component<$at, $a>>($regs)),
        ])
    };
    (@read $a:ident, $r:ident, $regs:ident, [$at:ty] [] [$($done:tt)*]) => {
        Self { $($done)* }
    };
}

/// A field that is an address, or is as wide as an address.
trait Word {
    fn from_bits(bits: u64) -> Self;
    fn bits(self) -> u64;
}

impl<A: Address> Word for A {
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        A::from_bits(bits)
    }

    fn bits(self) -> u64 {
        self.into()
    }
}

impl<T, A: Address> Word for Ptr<T, A> {
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Ptr::new(A::from_bits(bits))
    }

    fn bits(self) -> u64 {
        self.address().into()
    }
}

words! {
    /// Go's `string` in the form that it has in the traced machine's memory. [`go::GoString`](super) of each machine is
    /// this type with that machine's addresses.
    struct GoString[] {
        /// Its bytes. There is no zero byte after them.
        data: Ptr<u8, Address>,
        /// In bytes.
        length: Address,
    }

    /// Go's `[]T` in the form that it has in the traced machine's memory. `T` is the form of an element there.
    struct GoSlice[T] {
        data: Ptr<T, Address>,
        /// In elements.
        length: Address,
        /// In elements.
        capacity: Address,
    }

    /// A Go interface that has methods, such as `error`, in the form that it has in the traced machine's memory.
    struct GoInterface[] {
        /// The type of the value and its methods: `abi.ITab`, of `internal/abi/iface.go`. Null for a nil interface.
        table: Ptr<c_void, Address>,
        /// A pointer to the value, or the value itself if it is one pointer.
        data: Ptr<c_void, Address>,
    }

    /// Go's `any`, the interface without methods, in the form that it has in the traced machine's memory.
    struct GoAny[] {
        /// The type of the value: `abi.Type`, of `internal/abi/type.go`. Null for a nil interface.
        type_word: Ptr<c_void, Address>,
        /// A pointer to the value, or the value itself if it is one pointer.
        data: Ptr<c_void, Address>,
    }
}

impl<A: Address> GoString<A> {
    /// Copies the string to `to`, and returns the number of bytes copied. A string that does not fit is cut.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number.
    #[inline(always)]
    pub fn read_user(self, to: &mut [u8]) -> Result<usize, i32> {
        memory::read_some(
            Memory::User,
            self.data.address().into(),
            self.length.into(),
            to,
        )
    }
}

impl<T, A: Address> GoSlice<T, A> {
    /// A pointer to the element; `None` if the index is too large.
    #[inline(always)]
    pub fn get(self, index: usize) -> Option<Ptr<T, A>> {
        match (index as u64) < self.length.into() {
            true => Some(self.data.wrapping_add(index)),
            false => crate::regs::zeroed_none(),
        }
    }
}

impl<T: AnyBitPattern, A: Address> GoSlice<T, A> {
    /// Copies the first elements to `to`, and returns the number of elements copied.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number.
    #[inline(always)]
    pub fn read_user(self, to: &mut [T]) -> Result<usize, i32> {
        memory::read_some(
            Memory::User,
            self.data.address().into(),
            self.length.into(),
            to,
        )
    }
}

impl<A: Address> GoInterface<A> {
    #[inline(always)]
    pub fn is_nil(self) -> bool {
        self.table.is_null()
    }

    /// The type of the value, an `abi.Type`: the second word of the table. It is an error if the interface is nil.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number.
    #[inline(always)]
    pub fn read_type_user(self) -> Result<Ptr<c_void, A>, i32> {
        let table: Ptr<Ptr<c_void, A>, A> = self.table.cast();
        table.wrapping_add(1).read_user()
    }
}

impl<A: Address> GoAny<A> {
    #[inline(always)]
    pub fn is_nil(self) -> bool {
        self.type_word.is_null()
    }
}

/// A Go array. An array of several elements is on the stack.
#[diagnostic::do_not_recommend]
impl<T: GoType<A>, A: Address, const N: usize> GoType<A> for [T; N] {
    type Value = [T::Value; N];
    type Kind = T::Kind;
    type Memory = [T::Memory; N];
    const COMPONENTS: Option<u8> = match N {
        0 => panic!("an array without elements has no place"),
        1 => T::COMPONENTS,
        _ => None,
    };

    #[inline(always)]
    fn from_memory(memory: Self::Memory) -> Self::Value {
        memory.map(T::from_memory)
    }

    #[inline(always)]
    fn from_registers<R: Registers<Word = A>, At: First>(regs: &R) -> Self::Value {
        [T::from_registers::<R, At>(regs); N]
    }

    fn components(value: Self::Value, before: Before, visit: &mut dyn FnMut(Before, u8, u64)) {
        for (index, value) in value.into_iter().enumerate() {
            let before = before.and(None, index * size_of::<T::Memory>());
            T::components(value, before, visit);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: GoType<A>, A: Address, const N: usize> GoResults<A> for [T; N] {
    type List = (Self, ());
}

/// A Go struct that is passed by value, by the types of its fields: `GoStruct<(GoInt, GoString)>` is `struct { n int; s
/// string }`. The probe gets a tuple.
pub struct GoStruct<Fields>(PhantomData<Fields>);

macro_rules! structs {
    ($($memory:ident: $($field:ident $index:tt)+;)*) => { $(
        /// The fields in the form that they have in memory.
        #[doc(hidden)]
        #[derive(Clone, Copy)]
        #[repr(C)]
        pub struct $memory<$($field),+>($($field),+);

        // SAFETY: any bytes are a value of each field, and the gaps are not part of a value.
        unsafe impl<$($field: AnyBitPattern),+> AnyBitPattern for $memory<$($field),+> {}

        impl<$($field: GoType<Addr>,)+ Addr: Address> GoType<Addr> for GoStruct<($($field,)+)>
        where
            $($field::Kind: InCtx<$field> + OfTheMachine<$field>,)+
        {
            type Value = ($($field::Value,)+);
            type Kind = Known;
            type Memory = $memory<$($field::Memory),+>;
            const COMPONENTS: Option<u8> = sum(&[$($field::COMPONENTS),+]);

            #[inline(always)]
            fn from_memory(memory: Self::Memory) -> Self::Value {
                ($($field::from_memory(memory.$index),)+)
            }

            #[inline(always)]
            fn from_registers<R: Registers<Word = Addr>, At: First>(regs: &R) -> Self::Value {
                structs!(@read Addr, R, regs, [At] [$($field)+] [])
            }

            fn components(
                value: Self::Value,
                before: Before,
                visit: &mut dyn FnMut(Before, u8, u64),
            ) {
                let mut components = 0;
                $(
                    let next = before.and(Some(components), offset_of!(Self::Memory, $index));
                    $field::components(value.$index, next, visit);
                    components += $field::COMPONENTS.unwrap_or(0);
                )+
                let _ = components;
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($field,)+ Addr> GoResults<Addr> for ($($field,)+) {
            type List = list!($($field)+);
        }
    )* };
    (@read $a:ident, $r:ident, $regs:ident, [$at:ty] [$field:ident $($other:ident)*] [$($done:tt)*]) => {
        structs!(@read $a, $r, $regs, [Behind<$at, $field, $a>] [$($other)*] [
            $($done)*
            $field::from_registers::<$r, $at>($regs),
        ])
    };
    (@read $a:ident, $r:ident, $regs:ident, [$at:ty] [] [$($done:tt)*]) => {
        ($($done)*)
    };
}

/// A list of types.
macro_rules! list {
    () => { () };
    ($first:ident $($other:ident)*) => { ($first, list!($($other)*)) };
}
pub(super) use list;

structs! {
    Fields1: B 0;
    Fields2: B 0 C 1;
    Fields3: B 0 C 1 D 2;
    Fields4: B 0 C 1 D 2 E 3;
    Fields5: B 0 C 1 D 2 E 3 F 4;
    Fields6: B 0 C 1 D 2 E 3 F 4 G 5;
    Fields7: B 0 C 1 D 2 E 3 F 4 G 5 H 6;
    Fields8: B 0 C 1 D 2 E 3 F 4 G 5 H 6 I 7;
}

#[diagnostic::do_not_recommend]
impl<Fields, Addr: Address> GoResults<Addr> for GoStruct<Fields> {
    type List = (Self, ());
}

#[diagnostic::do_not_recommend]
impl<Addr> GoResults<Addr> for () {
    type List = ();
}

/// The number of components of all fields; `None` if a field is never in registers.
const fn sum(components: &[Option<u8>]) -> Option<u8> {
    let (mut sum, mut index) = (0, 0);
    while index < components.len() {
        match components[index] {
            Some(components) => sum += components,
            None => return None,
        }
        index += 1;
    }
    Some(sum)
}
