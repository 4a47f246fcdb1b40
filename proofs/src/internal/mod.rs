//! The facts of a machine in the kernel's own headers, in three releases: the places of the fields in the real `struct
//! pt_regs`, and the slots that the kernel's accessors read (`instruction_pointer`, `syscall_get_arguments` and
//! others).
//!
//! UAPI is a promise to user space. These are the headers that the kernel itself is compiled with, and Debian ships
//! them for modules. clang compiles each accessor for a `pt_regs` that is a constant, in which every four bytes have a
//! different number. So the accessor's result is a constant too, and it tells the slot that the accessor reads. LLVM's
//! assembly language has this result in one form for all machines: `ret i64 300`.

mod build;
mod compat;
mod questions;

use std::{fmt, slice};

use crate::{
    btf::kernel_names,
    facts::{Facts, Reading},
    select::{Endian, Variant},
};

pub use build::Headers;
pub use compat::compat;
use questions::{Otherwise, Question, RETURN_REGISTER};

/// A release of Linux: `6.12` is `Release(6, 12)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32, pub u32);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The facts of a machine in one release's headers.
#[derive(Debug)]
pub struct Truth {
    pub release: Release,
    endian: Endian,
    fields: Vec<Place>,
    answers: Vec<Answer>,
}

/// The place of a field.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// The field's name in the library.
    name: String,
    offset: usize,
    size: usize,
    /// The size of one element, if the field is an array.
    slot: usize,
}

/// The result of an accessor.
#[derive(Debug)]
struct Answer {
    question: Question,
    got: Got,
    /// The other result, where the kernel is known to disagree.
    otherwise: Option<Got>,
}

/// The return value of a function without arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got {
    Value(u64),
    /// The value in memory at this address.
    At(u64),
}

impl Truth {
    /// Asks for the fields and roles that a machine has. `Err` says which one could not be asked for.
    pub fn new(headers: &Headers, facts: &Facts, variant: &Variant) -> Result<Self, String> {
        let release = headers.release;
        let truth = ask(headers, facts, variant);
        truth.map_err(|error| format!("Linux {release}: {error}"))
    }

    /// The number of facts that are held.
    pub fn facts(&self) -> usize {
        self.fields.len() + self.answers.len()
    }

    /// The facts of a machine that are wrong.
    pub fn complaints(&self, facts: &Facts) -> Vec<String> {
        let release = self.release;
        let fields = self.fields.iter().filter_map(|theirs| {
            let Place { name, .. } = theirs;
            let ours = facts.bindings.fields.iter().find(|field| field.name == *name);
            let ours = ours.map(|field| (field.offset, field.size, field.slot));
            let theirs = (theirs.offset, theirs.size, theirs.slot);
            (ours != Some(theirs)).then(|| {
                format!("`{name}` is {ours:?}, and {theirs:?} in Linux {release}: offset, size, of one element")
            })
        });
        let roles = self.answers.iter().filter_map(|answer| {
            let Question { role, ask, .. } = &answer.question;
            let complaint = self.complaint(facts, answer)?;
            Some(format!(
                "{role}: {complaint}, by `{ask}` in Linux {release}"
            ))
        });
        fields.chain(roles).collect()
    }

    fn complaint(&self, facts: &Facts, answer: &Answer) -> Option<String> {
        let Answer {
            question,
            got,
            otherwise,
        } = answer;
        let role = &question.role;
        let ours = self.expected(facts, role);
        let agrees = ours == Some(cut(*got, role));
        match (otherwise, question.otherwise) {
            (Some(otherwise), _) if got != otherwise => Some(format!(
                "the kernel has {got:x?}, and is known to have {otherwise:x?}"
            )),
            (Some(_), Some(Otherwise { why, .. })) if agrees => {
                Some(format!("the kernel agrees, and is known not to ({why})"))
            }
            (None, _) if !agrees => Some(format!("{ours:x?}, and the kernel has {got:x?}")),
            _ => None,
        }
    }

    /// The accessor's result for a role and the constant `pt_regs`, if the facts are right.
    fn expected(&self, facts: &Facts, role: &str) -> Option<Got> {
        let value = |reading: Reading| {
            let Reading { slot, plus, mask } = reading;
            let value = holds(slot.offset, slot.width, self.endian).wrapping_add(plus);
            mask.map_or(value, |mask| value & u64::from(mask)) & (u64::MAX >> (64 - 8 * facts.word))
        };
        let register = |reading: Reading| Some(Got::Value(value(reading)));
        let index = |name: &str| role.strip_prefix(name)?.parse::<usize>().ok();
        let got = if let Some(index) = index("argument ") {
            match facts.arguments.get(index) {
                Some(&reading) => register(reading),
                None => Some(Got::At(value(facts.stack_argument(index, self.endian)?))),
            }
        } else if let Some(index) = index("syscall argument ") {
            register(*facts.syscall_arguments.get(index)?)
        } else {
            match role {
                "syscall number" => register(facts.syscall_number),
                "return value" => register(facts.return_value),
                "return address" if facts.returns_on_stack => {
                    Some(Got::At(value(facts.return_address)))
                }
                "return address" => register(facts.return_address),
                RETURN_REGISTER if !facts.returns_on_stack => {
                    let plus = 0;
                    register(Reading {
                        plus,
                        ..facts.return_address
                    })
                }
                "instruction pointer" => register(facts.instruction_pointer),
                "stack pointer" => register(facts.stack_pointer),
                // The kernel says in this way that there is no frame pointer.
                "frame pointer" => facts.frame_pointer.map_or(Some(Got::Value(0)), register),
                _ => None,
            }
        };
        got.map(|got| cut(got, role))
    }
}

/// The kernel's number of a syscall is an `int`.
fn cut(got: Got, role: &str) -> Got {
    match got {
        Got::Value(value) if role == "syscall number" => Got::Value(u64::from(value as u32)),
        _ => got,
    }
}

fn ask(headers: &Headers, facts: &Facts, variant: &Variant) -> Result<Truth, String> {
    let fields = &facts.bindings.fields;
    let questions = questions::of(facts.name(), headers.release);
    let mut asked = Vec::new();
    for field in fields {
        let names = kernel_names(facts.name(), &field.name);
        let name = headers.field(facts.machine, &names)?;
        // On x86 a selector has half a slot. The other half has a name of its own.
        let half = format!("__{name}h");
        let has_half =
            facts.name() == "x86" && headers.field(facts.machine, slice::from_ref(&half)).is_ok();
        let last = if has_half { &half } else { name };
        let is_array = field.size != field.slot;
        let size = format!("END_OF({last}) - offsetof(struct pt_regs, {name})");
        asked.extend([
            format!("offsetof(struct pt_regs, {name})"),
            size.clone(),
            if is_array {
                format!("sizeof(regs->{name}[0])")
            } else {
                size
            },
        ]);
    }
    for question in &questions {
        asked.push(question.ask.clone());
        asked.extend(question.otherwise.map(|otherwise| otherwise.is.to_owned()));
    }
    let mut got = headers.ask(facts.machine, variant, &asked)?.into_iter();
    let mut next = || got.next().ok_or("the compiler has lost an answer");

    let fields = fields.iter().map(|field| {
        let mut number = || match next()? {
            Got::Value(number) => Ok(number as usize),
            Got::At(_) => Err("a layout is in memory"),
        };
        Ok(Place {
            name: field.name.clone(),
            offset: number()?,
            size: number()?,
            slot: number()?,
        })
    });
    let fields = fields.collect::<Result<_, String>>()?;
    let answers = questions.into_iter().map(|question| {
        let got = next()?;
        let otherwise = question.otherwise.map(|_| next()).transpose()?;
        Ok(Answer {
            question,
            got,
            otherwise,
        })
    });
    Ok(Truth {
        release: headers.release,
        endian: variant.endian,
        fields,
        answers: answers.collect::<Result<_, String>>()?,
    })
}

/// The number in four bytes of the constant `pt_regs`, by their offset. Its low eight bits are free, so a number that
/// is added to a slot can be seen. It fits in 16 bits, because s390 masks `int_code` with these.
fn number(offset: usize) -> u64 {
    (offset as u64 / 4 + 1) << 8
}

/// The value of a slot of the constant `pt_regs`.
fn holds(offset: usize, width: usize, endian: Endian) -> u64 {
    let first = number(offset);
    match (width, endian) {
        (4, _) => first,
        (_, Endian::Little) => first | number(offset + 4) << 32,
        (_, Endian::Big) => first << 32 | number(offset + 4),
    }
}
