//! Writes the programs, as Rust.

use std::fmt::Write as _;

use super::{Code, Stand, Subject};
use crate::{
    executed::{Prototype, prototypes},
    select::Endian,
};

/// For every machine of an endianness, a program for the entry of each prototype's function and one for its return: the
/// text of a package for BPF after its first lines.
pub fn programs(endian: Endian) -> Result<String, String> {
    let mut source = format!("use core::ffi::c_void;\n{SEEN}");
    let prototypes = prototypes();
    for subject in Subject::all(endian) {
        let subject = subject?;
        source += &in_module(&subject, |source| {
            for code in Code::ALL {
                for index in subject.chosen(code, &prototypes) {
                    program(source, &subject, code, index, &prototypes[index]);
                }
            }
        });
    }
    Ok(source)
}

/// A text in the module of a machine, which has the machine's names.
pub fn in_module(subject: &Subject, write: impl FnOnce(&mut String)) -> String {
    let name = subject.row.name;
    let mut source =
        format!("\nmod {name} {{\nuse super::*;\nuse probe_abi::arch::{name}::*;\n{OWN_TYPES}");
    write(&mut source);
    source + "}\n"
}

fn program(
    source: &mut String,
    subject: &Subject,
    code: Code,
    index: usize,
    prototype: &Prototype,
) {
    let reads = reads(subject, code, index, prototype);
    let symbol = subject.symbol(code, index);
    let function = function(prototype);
    append(
        source,
        format_args!(
            "
#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn {symbol}(ctx: *const c_void) -> u64 {{
    let call = unsafe {{ Entry::<{code}<{function}>>::from_ctx(ctx) }};
    let mut seen = Seen::new();
    seen.result(call.read_return_address());
{reads}    seen.0
}}
"
        ),
    );
    if prototype.returns.is_some() {
        append(
            source,
            format_args!(
                "
#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn {symbol}_returns(ctx: *const c_void) -> u64 {{
    unsafe {{ Return::<{code}<{function}>>::from_ctx(ctx) }}.value().bits()
}}
"
            ),
        );
    }
}

/// The reads of all parameters of `call`, each once.
pub fn reads(subject: &Subject, code: Code, index: usize, prototype: &Prototype) -> String {
    let reads =
        (0..prototype.parameters.len()).map(|n| match subject.by_arg(code, prototype, index, n) {
            true => format!("    seen.value(call.arg::<{n}>());\n"),
            false => format!("    seen.result(call.read_arg::<{n}>());\n"),
        });
    reads.collect()
}

pub fn append(source: &mut String, text: std::fmt::Arguments<'_>) {
    source.write_fmt(text).expect("a string takes everything");
}

/// A prototype as a type.
pub fn function(prototype: &Prototype) -> String {
    let parameters = prototype.parameters.iter().enumerate();
    let mut parameters: Vec<&str> = parameters.map(|(n, ty)| Stand::of(ty, n).rust).collect();
    let behind = parameters.len();
    if prototype.variadic {
        parameters.push("...");
    }
    let returns = match prototype.returns {
        Some(ty) => format!(" -> {}", Stand::of(ty, behind).rust),
        None => String::new(),
    };
    format!("unsafe extern \"C\" fn({}){returns}", parameters.join(", "))
}

/// The operations of the programs on values, as [`Seen`](super::Seen) and [`Stand`] have them.
pub const SEEN: &str = "
pub trait Bits: Copy {
    fn bits(self) -> u64;
    fn of(bits: u64) -> Self;
}

macro_rules! integers {
    ($($integer:ty)*) => { $(
        impl Bits for $integer {
            #[inline(always)]
            fn bits(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn of(bits: u64) -> Self {
                bits as Self
            }
        }
    )* };
}
integers!(i8 u8 i16 u16 i32 u32 i64 u64);

impl Bits for bool {
    #[inline(always)]
    fn bits(self) -> u64 {
        self.into()
    }
    #[inline(always)]
    fn of(bits: u64) -> Self {
        bits as u8 != 0
    }
}

impl<T, A: Bits> Bits for probe_abi::arch::Ptr<T, A> {
    #[inline(always)]
    fn bits(self) -> u64 {
        self.address().bits()
    }
    #[inline(always)]
    fn of(bits: u64) -> Self {
        Self::new(A::of(bits))
    }
}

pub struct Seen(pub u64);

impl Seen {
    #[inline(always)]
    pub fn new() -> Self {
        Self(7)
    }
    #[inline(always)]
    pub fn value(&mut self, value: impl Bits) {
        self.0 = self.0.wrapping_mul(31).wrapping_add(value.bits());
    }
    #[inline(always)]
    pub fn result(&mut self, result: Result<impl Bits, i32>) {
        match result {
            Ok(value) => self.value(value),
            Err(error) => self.0 = self.0.wrapping_mul(37).wrapping_add(error as u64),
        }
    }
}

macro_rules! own_types {
    ($($own:ident $integer:ty;)*) => { $(
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $own($integer);

        unsafe impl probe_abi::PassedAs for $own {
            type As = $integer;
        }

        impl Bits for $own {
            #[inline(always)]
            fn bits(self) -> u64 {
                self.0.bits()
            }
            #[inline(always)]
            fn of(bits: u64) -> Self {
                Self(Bits::of(bits))
            }
        }
    )* };
}
pub(crate) use own_types;
";

const OWN_TYPES: &str =
    "own_types! { Small c_schar; Kind c_int; Flags c_uint; Offset c_ulonglong; }\n";
