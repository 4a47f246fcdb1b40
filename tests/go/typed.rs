//! The signatures as Rust types: the values that the library reads by them, and the types that they are in Go.

use probe_abi::{
    go::{
        GoAny, GoInterface, GoResults, GoSignature, GoSlice, GoString, GoStruct, GoType, Release,
    },
    machine::{Machine, Slot},
    testing,
};
use proofs::go::{Signature, Stop, Type};

/// An address of any machine.
type Ptr64 = probe_abi::arch::Ptr<u8, u64>;

use super::signatures::signatures;

/// The type in Go of a Rust type.
trait Described {
    fn described() -> Type;
}

macro_rules! described {
    ($([$($parameter:tt)*] $type:ty => $described:expr;)*) => { $(
        impl<$($parameter)*> Described for $type {
            fn described() -> Type {
                $described
            }
        }
    )* };
}

described! {
    [] bool => Type::Bool;
    [] u8 => Type::Integer(1, false);
    [] i8 => Type::Integer(1, true);
    [] u16 => Type::Integer(2, false);
    [] i16 => Type::Integer(2, true);
    [] u32 => Type::Integer(4, false);
    [] i32 => Type::Integer(4, true);
    [] u64 => Type::Integer(8, false);
    [] i64 => Type::Integer(8, true);
    [T, A] probe_abi::arch::Ptr<T, A> => Type::Pointer;
    [T] *const T => Type::Pointer;
    [T] *mut T => Type::Pointer;
    [A] GoString<A> => Type::String;
    [T: Described, A] GoSlice<T, A> => Type::Slice(Box::new(T::described()));
    [A] GoInterface<A> => Type::Interface;
    [A] GoAny<A> => Type::Any;
    [T: Described, const N: usize] [T; N] => Type::Array(N, Box::new(T::described()));
    [B: Described, C: Described] GoStruct<(B, C)> => Type::Struct(vec![B::described(), C::described()]);
    [B: Described, C: Described, D: Described] GoStruct<(B, C, D)>
        => Type::Struct(vec![B::described(), C::described(), D::described()]);
    [B: Described, C: Described, D: Described, E: Described] GoStruct<(B, C, D, E)>
        => Type::Struct(vec![B::described(), C::described(), D::described(), E::described()]);
    [B: Described, C: Described, D: Described, E: Described, F: Described] GoStruct<(B, C, D, E, F)>
        => Type::Struct(vec![B::described(), C::described(), D::described(), E::described(), F::described()]);
    [T: Described] GoStruct<(T, T, T, T, T, T, T, T)> => Type::Struct(vec![T::described(); 8]);
}

/// A list of types, as the library has it.
trait All {
    fn described() -> Vec<Type>;
}

impl All for () {
    fn described() -> Vec<Type> {
        Vec::new()
    }
}

impl<Head: Described, Tail: All> All for (Head, Tail) {
    fn described() -> Vec<Type> {
        let mut all = vec![Head::described()];
        all.extend(Tail::described());
        all
    }
}

fn signature<F, A>() -> Signature
where
    F: GoSignature<Parameters: All, Results: GoResults<A, List: All>>,
{
    Signature {
        parameters: <F::Parameters as All>::described(),
        results: <F::Results as GoResults<A>>::List::described(),
    }
}

/// The components of a value that the library read: their sizes and their bits.
pub type Components = Result<Vec<(u8, u64)>, i32>;

fn components<T: GoType<A>, A>(value: Result<T::Value, i32>) -> Components {
    let mut all = Vec::new();
    T::components(value?, Default::default(), &mut |_, size, bits| {
        all.push((size, bits))
    });
    Ok(all)
}

/// The signatures by a machine's module of the library.
pub struct Typed {
    pub machine: &'static str,
    pub signatures: fn() -> Vec<Signature>,
    /// The values that the library reads at a stop of the program, with arguments in registers or not.
    pub read: fn(&Stop, bool) -> Vec<Components>,
}

/// Reads each value by its number.
macro_rules! each {
    ($a:ty, $view:ident.$read:ident($($more:expr)?), $all:ident [] [$($n:literal)*]) => {};
    (
        $a:ty, $view:ident.$read:ident($($more:expr)?), $all:ident
        [$head:ty $(, $tail:ty)*] [$n:literal $($m:literal)*]
    ) => {
        $all.push(components::<$head, $a>($view.$read::<$n>($($more)?)));
        each!($a, $view.$read($($more)?), $all [$($tail),*] [$($m)*]);
    };
}

macro_rules! function {
    ([$($parameter:ty),*] []) => { fn($($parameter),*) };
    ([$($parameter:ty),*] [$result:ty]) => { fn($($parameter),*) -> $result };
    ([$($parameter:ty),*] [$($result:ty),*]) => { fn($($parameter),*) -> ($($result),*) };
}

macro_rules! rows {
    ($([$($parameter:ty),*] [$($result:ty),*];)*) => {
        pub fn all() -> Vec<Signature> {
            vec![$(signature::<function!([$($parameter),*] [$($result),*]), c_ulong>()),*]
        }

        fn read_of<R: Release>(stop: &Stop, ctx: *const c_void) -> Vec<Components> {
            let mut all = Vec::new();
            let mut functions = 0..;
            $(
                if functions.next() == Some(stop.function) {
                    type Function<R> = Go<function!([$($parameter),*] [$($result),*]), R>;
                    match stop.gives_back {
                        None => {
                            // SAFETY: it points to registers.
                            let call = unsafe { Entry::<Function<R>>::from_ctx(ctx) };
                            let _ = call;
                            each!(c_ulong, call.read_arg(), all [$($parameter),*] [0 1 2 3 4 5 6 7 8 9 10 11]);
                        }
                        Some(bytes) => {
                            // SAFETY: the same.
                            let returned = unsafe { Return::<Function<R>>::at_ret(ctx) };
                            let _ = (returned, bytes);
                            each!(c_ulong, returned.read_result_above(bytes), all [$($result),*] [0 1 2 3 4 5 6 7]);
                        }
                    }
                }
            )*
            all
        }
    };
}

macro_rules! machines {
    ($($machine:ident $newest:ident)*) => {
        $(
            mod $machine {
                use probe_abi::arch::$machine::*;

                use super::{Components, Ptr64, Release, Signature, Stop, components, put, signature, signatures, testing};

                signatures!(rows);

                pub fn read(stop: &Stop, in_registers: bool) -> Vec<Components> {
                    let mut regs = [0u64; 64];
                    // SAFETY: the registers of any machine are smaller.
                    let bytes = unsafe {
                        std::slice::from_raw_parts_mut(regs.as_mut_ptr().cast::<u8>(), size_of_val(&regs))
                    };
                    for (slot, value) in &stop.registers {
                        put(bytes, *slot, *value);
                    }
                    for (address, byte) in (stop.stack_pointer..).zip(&stop.stack) {
                        testing::user_at::<u8, u64>(Ptr64::new(address), *byte);
                    }
                    let ctx = regs.as_ptr().cast();
                    match in_registers {
                        true => read_of::<probe_abi::go::$newest>(stop, ctx),
                        false => read_of::<probe_abi::go::OnStack>(stop, ctx),
                    }
                }
            }
        )*

        const TYPED: &[Typed] = &[$(
            Typed {
                machine: stringify!($machine),
                signatures: $machine::all,
                read: $machine::read,
            }
        ),*];
    };
}

// The machines, and the convention of each one's newest releases.
machines! {
    x86_64 InRegisters
    x86 OnStack
    aarch64 InRegisters
    arm OnStack
    loongarch64 InRegisters
    riscv64 InRegisters
    s390x InRegisters
    powerpc64 InRegisters
    mips OnStack
    mips64 OnStack
}

/// The signatures by the library's module for a machine.
pub fn of(machine: &Machine) -> Result<&'static Typed, String> {
    let typed = TYPED.iter().find(|typed| typed.machine == machine.name);
    typed.ok_or_else(|| format!("there is no module for {}", machine.name))
}

fn put(registers: &mut [u8], slot: Slot, value: u64) {
    let bytes = value.to_ne_bytes();
    let bytes = match cfg!(target_endian = "little") {
        true => &bytes[..slot.width.into()],
        false => &bytes[8 - usize::from(slot.width)..],
    };
    registers[slot.offset.into()..][..bytes.len()].copy_from_slice(bytes);
}
