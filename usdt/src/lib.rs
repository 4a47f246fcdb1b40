#![doc = include_str!("../README.md")]

pub mod dwarf;
mod elf;
mod error;

use std::fmt;

use probe_abi::{
    machine::Machine,
    operand::{Operand, OperandError},
};

pub use elf::Elf;
pub use error::Error;

/// One place of a program's static probe. A name may have several places, each with its own operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe<'a> {
    pub provider: &'a str,
    pub name: &'a str,
    /// The instruction that a uprobe is set on.
    pub location: Place,
    /// A counter of 2 bytes that shows whether a tracer listens. The program prepares the arguments only while the
    /// counter is above zero. `None` if the program always prepares them. A tracer raises the counter by one, and
    /// lowers it at the end: the kernel does that for a uprobe whose `ref_ctr_offset` is the offset of this place.
    pub semaphore: Option<Place>,
    /// The places of its arguments, in the syntax of the machine's assembler: `-4@%eax 8@$16`.
    pub operands: &'a str,
    machine: &'static Machine,
}

/// A place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The address in the file. A process may have loaded the file some pages higher.
    pub address: u64,
    /// The offset in the file, in bytes. Uprobes are set by this offset.
    pub offset: u64,
}

/// One of a probe's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument<'a> {
    /// Its part of the probe's text.
    pub text: &'a str,
    /// The offset of that part in the probe's text, in bytes. The place in an error is counted from there.
    pub start: usize,
    machine: &'static Machine,
}

impl<'a> Probe<'a> {
    /// Its arguments, from the first.
    pub fn arguments(&self) -> impl Iterator<Item = Argument<'a>> + use<'a> {
        let (all, machine) = (self.operands, self.machine);
        Operand::texts(all).map(move |text| Argument {
            text,
            // `text` is a part of `all`.
            start: text.as_ptr() as usize - all.as_ptr() as usize,
            machine,
        })
    }
}

/// `provider:name`
impl fmt::Display for Probe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.name)
    }
}

impl Argument<'_> {
    /// The operand by which a probe reads it.
    ///
    /// # Errors
    ///
    /// No probe can read it: [`Operand::parse`] lists the reasons.
    pub fn operand(&self) -> Result<Operand, OperandError> {
        Operand::parse(self.text, self.machine)
    }
}
