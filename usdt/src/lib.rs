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

/// A static probe of a program, at one of its places: a name may have several, each with operands of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe<'a> {
    pub provider: &'a str,
    pub name: &'a str,
    /// The instruction that a uprobe is set on.
    pub location: Place,
    /// The counter, of 2 bytes, that the program asks whether anybody listens; `None` if it always does its part. Whoever
    /// listens raises it by one, and lowers it at the end: the kernel does that for a uprobe whose `ref_ctr_offset` is
    /// the offset of this place.
    pub semaphore: Option<Place>,
    /// Where its arguments are, in the words of the machine's assembler: `-4@%eax 8@$16`.
    pub operands: &'a str,
    machine: &'static Machine,
}

/// A place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// As the file says. A process may have loaded the file higher by some pages.
    pub address: u64,
    /// In the file, in bytes from its start: what uprobes are set by.
    pub offset: u64,
}

/// One of a probe's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument<'a> {
    /// Its part of the probe's text.
    pub text: &'a str,
    /// Where that part starts, in bytes. The place in an error is counted from there.
    pub start: usize,
    machine: &'static Machine,
}

impl<'a> Probe<'a> {
    /// Its arguments, from the first.
    pub fn arguments(&self) -> impl Iterator<Item = Argument<'a>> + use<'a> {
        let (all, machine) = (self.operands, self.machine);
        Operand::texts(all).map(move |text| Argument {
            text,
            // It is a part of the other.
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
    /// What a probe reads it by.
    ///
    /// # Errors
    ///
    /// No probe can read it: [`Operand::parse`] says when.
    pub fn operand(&self) -> Result<Operand, OperandError> {
        Operand::parse(self.text, self.machine)
    }
}
