//! What the kernel's own headers say of a machine, in three releases: where the fields of the real `struct
//! pt_regs` lie, and which slots the kernel's accessors read (`instruction_pointer`,
//! `syscall_get_arguments` and their like).
//!
//! UAPI is a promise to user space; these are the headers that the kernel itself is compiled with. Debian
//! ships them for modules. clang compiles each accessor for a `pt_regs` that is a constant, in which every
//! four bytes hold their own number. So the accessor becomes a constant too, which says what it reads, and
//! LLVM's assembly language has it in a form that is the same on all machines: `ret i64 300`.

mod build;
mod questions;
mod value;

use std::collections::BTreeMap;

use crate::{
    bindings::{Bindings, Layout},
    facts::Facts,
    select::{Endian, Machine, Variant},
};

pub use build::{Release, needs};
pub use questions::Otherwise;
pub use value::{Claim, Value, Wrong, wrong};

/// What one release's headers say of a machine, asked for the fields and roles that the library has.
#[derive(Debug, Clone)]
pub struct Truth {
    pub release: Release,
    pub endian: Endian,
    /// By the library's name of the field: its offset, its size and that of one element.
    pub fields: BTreeMap<String, Place>,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub offset: usize,
    pub size: usize,
    pub slot: usize,
}

/// What an accessor gives.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The role that it has in the library.
    pub role: String,
    /// The accessor, in C.
    pub ask: String,
    /// How many bits of the value it gives.
    pub bits: u32,
    pub got: Got,
    /// Where the kernel is known to say something else: the value of that, and why.
    pub otherwise: Option<(Got, &'static Otherwise)>,
}

/// What a function without arguments returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Got {
    Value(u64),
    /// What lies in memory at this address.
    At(u64),
}

impl Truth {
    /// How many facts of a machine are held.
    pub fn facts(&self) -> usize {
        self.fields.len() + self.answers.len()
    }
}

/// Every release's truth of a machine in one endianness. `Err` is what could not be asked.
pub fn truths(machine: &Machine, variant: &Variant) -> Result<Vec<Truth>, String> {
    let facts = Facts::of(machine)?;
    build::sources(machine.name)
        .map(|source| {
            let release = source.release()?;
            let truth = truth(&facts.bindings, machine, variant, source, release);
            truth.map_err(|error| format!("Linux {release}: {error}"))
        })
        .collect()
}

fn truth(
    bindings: &Bindings,
    machine: &Machine,
    variant: &Variant,
    source: &build::Source,
    release: Release,
) -> Result<Truth, String> {
    let word = bindings.types.iter().find(|ty| ty.name == "c_ulong");
    let Layout { size: word, .. } = word.ok_or("the bindings have no `c_ulong`")?.layout;
    let questions: Vec<_> = questions::of(machine.name, word, release).collect();
    let layouts: Vec<_> = bindings
        .fields
        .iter()
        .map(|field| questions::layout(machine.name, release, field))
        .collect();

    let mut asked: Vec<&str> = Vec::new();
    asked.extend(layouts.iter().flatten().map(String::as_str));
    for question in &questions {
        asked.push(&question.ask);
        asked.extend(question.otherwise.map(|otherwise| otherwise.is));
    }
    let mut got = build::ask(source, machine, variant, &asked)?.into_iter();
    let mut next = || got.next().ok_or("the compiler has lost an answer");

    let mut fields = BTreeMap::new();
    for field in &bindings.fields {
        let mut number = || match next()? {
            Got::Value(number) => Ok(number as usize),
            Got::At(_) => Err("a layout is in memory"),
        };
        let place = Place {
            offset: number()?,
            size: number()?,
            slot: number()?,
        };
        fields.insert(field.name.clone(), place);
    }
    let mut answers = Vec::new();
    for question in questions {
        let got = next()?;
        let otherwise = match question.otherwise {
            Some(otherwise) => Some((next()?, otherwise)),
            None => None,
        };
        answers.push(Answer {
            role: question.role,
            ask: question.ask,
            bits: question.bits,
            got,
            otherwise,
        });
    }
    Ok(Truth {
        release,
        endian: variant.endian,
        fields,
        answers,
    })
}

/// The number that four bytes of the constant `pt_regs` hold, by their offset. The low eight bits are free, so
/// that what is added to a slot shows; and it fits in 16 bits, which is what s390's `int_code` is
/// masked with.
fn number(offset: usize) -> u64 {
    (offset as u64 / 4 + 1) << 8
}

/// How long the constant `pt_regs` is: longer than any.
const BYTES: usize = 512;

/// What a slot of the constant `pt_regs` holds.
pub fn holds(offset: usize, width: usize, endian: Endian) -> u64 {
    let first = number(offset);
    match (width, endian) {
        (4, _) => first,
        (_, Endian::Little) => first | number(offset + 4) << 32,
        (_, Endian::Big) => first << 32 | number(offset + 4),
    }
}
