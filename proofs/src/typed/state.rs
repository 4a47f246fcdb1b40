//! The states of a machine: its registers and its memory. Everything in them is garbage, except the values that were
//! put there.

use probe_abi::machine::{self, Place, ReturnAddress};

use super::{Code, Subject};
use crate::{
    executed::{self, Execution, Prototype, number, of_library},
    interpreter::{Memory, Region},
    select::Endian,
};

/// The state that a probe finds.
#[derive(Clone)]
pub struct State {
    ctx: Vec<u8>,
    memory: Memory,
}

/// The address that functions return to.
const CALLER: u64 = 0x8123_4560;

/// The size of the stack below the stack pointer, and of the stack above it. On sparc64 the first argument there is
/// 2223 bytes above it.
const BELOW: usize = 256;
const ABOVE: usize = 2223 + 256;

impl State {
    /// The state at the entry of a function that was called with these values.
    pub fn entered(
        subject: &Subject,
        machine: &machine::Machine,
        code: Code,
        prototype: &Prototype,
        values: &[u64],
        garbage: &mut Garbage,
    ) -> Self {
        let mut making = Making::new(subject, machine, garbage);
        making.put_return_address(machine);
        let convention = code.convention(machine, prototype);
        let sizes = subject.sizes(prototype);
        for (n, &size) in sizes.iter().enumerate() {
            let place = convention.place(&sizes, n, of_library(subject.endian));
            making.put(place, size, values[n]);
        }
        making.done(code, garbage)
    }

    /// The address that functions return to after such an entry.
    pub fn returns_to(subject: &Subject) -> u64 {
        match subject.facts.word {
            4 => CALLER,
            _ => CALLER << 16,
        }
    }

    /// The state after a function has returned this value, of that type of C.
    pub fn left(
        subject: &Subject,
        machine: &machine::Machine,
        code: Code,
        prototype: &Prototype,
        value: u64,
        garbage: &mut Garbage,
    ) -> Self {
        let mut making = Making::new(subject, machine, garbage);
        if let Some(ty) = prototype.returns {
            let size = ty.size(subject.facts.word) as u8;
            let convention = code.convention(machine, prototype);
            let place = convention.return_place(size, of_library(subject.endian));
            making.put(place, size, value);
        }
        making.done(code, garbage)
    }

    /// The state that a stub saw at the entry of a function, and the address that the function returns to.
    pub fn seen(
        subject: &Subject,
        execution: &Execution,
        code: Code,
        entry: &executed::Entry,
        garbage: &mut Garbage,
    ) -> Result<(Self, u64), String> {
        let mut state = Self::registers(subject, execution, &entry.registers, garbage)?;
        let [own, _] = code.memories(&mut state.memory);
        own.push(Region {
            at: entry.stack_at,
            bytes: entry.stack.clone(),
        });
        state.spoil_other_memory(code, garbage);
        let stack_pointer = entry.stack_at.wrapping_sub(execution.bias as u64);
        let found = match execution.returned_from {
            executed::Place::Register(register) => Some(entry.registers[register]),
            executed::Place::Stack(offset) => entry
                .memory(stack_pointer + offset as u64, execution.word)
                .map(|bytes| number(bytes, execution.endian)),
            _ => None,
        };
        let found = found.ok_or("there is no return address")?;
        let returns_to = found.wrapping_add(execution.returned_behind);
        Ok((state, returns_to & (u64::MAX >> (64 - 8 * execution.word))))
    }

    /// The registers that a stub saw.
    pub fn registers(
        subject: &Subject,
        execution: &Execution,
        values: &[u64],
        garbage: &mut Garbage,
    ) -> Result<Self, String> {
        let mut ctx = garbage.bytes(size(subject));
        for (name, &value) in execution.registers.iter().zip(values) {
            let slot = subject.facts.slots.iter().find(|slot| slot.field == name);
            let slot = slot.ok_or_else(|| format!("there is no slot `{name}`"))?;
            let bytes = integer(value, slot.width, subject.endian);
            ctx[slot.offset..][..slot.width].copy_from_slice(&bytes);
        }
        let memory = Memory::default();
        Ok(Self { ctx, memory })
    }

    /// The same state, without any memory.
    #[must_use]
    pub fn without_memory(&self) -> Self {
        Self {
            ctx: self.ctx.clone(),
            memory: Memory::default(),
        }
    }

    pub(super) fn parts(&self) -> (&[u8], &Memory) {
        (&self.ctx, &self.memory)
    }

    /// Puts garbage at the same addresses of the memory that does not have the stack.
    fn spoil_other_memory(&mut self, code: Code, garbage: &mut Garbage) {
        let [own, other] = code.memories(&mut self.memory);
        *other = own
            .iter()
            .map(|region| Region {
                at: region.at,
                bytes: garbage.bytes(region.bytes.len()),
            })
            .collect();
    }
}

fn size(subject: &Subject) -> usize {
    let ends = subject.facts.slots.iter();
    ends.map(|slot| slot.offset + slot.width).max().unwrap_or(0)
}

/// A state that is being made.
struct Making {
    endian: Endian,
    word: u8,
    ctx: Vec<u8>,
    stack_pointer: u64,
    stack: Region,
}

impl Making {
    fn new(subject: &Subject, machine: &machine::Machine, garbage: &mut Garbage) -> Self {
        // Its top bit is set. A program must not take it for a sign.
        let stack_pointer = match subject.facts.word {
            4 => 0xbffc_5000,
            _ => 0xffff_c900_1234_5000,
        };
        let mut making = Self {
            endian: subject.endian,
            word: subject.facts.word as u8,
            ctx: garbage.bytes(size(subject)),
            stack_pointer,
            stack: Region {
                at: stack_pointer - BELOW as u64,
                bytes: garbage.bytes(BELOW + ABOVE),
            },
        };
        making.put_in_register(machine.stack_pointer, making.word, stack_pointer);
        making
    }

    fn put_return_address(&mut self, machine: &machine::Machine) {
        let caller = match self.word {
            4 => CALLER,
            _ => CALLER << 16,
        };
        let address = caller.wrapping_sub(machine.return_address_behind.into());
        match machine.return_address {
            ReturnAddress::Register(slot) => self.put_in_register(slot, self.word, address),
            ReturnAddress::Stack(slot) if slot == machine.stack_pointer => {
                self.put_on_stack(0, self.word, address);
            }
            ReturnAddress::Stack(slot) => {
                // Another place.
                let there = self.stack.at + 16;
                self.put_in_register(slot, self.word, there);
                self.put_at(there, self.word, address);
            }
        }
    }

    fn put(&mut self, place: Option<Place>, size: u8, bits: u64) {
        match place {
            Some(Place::Register(slot)) => self.put_in_register(slot, size, bits),
            Some(Place::Pair { low, high }) => {
                self.put_in_register(low, 4, bits);
                self.put_in_register(high, 4, bits >> 32);
            }
            Some(Place::Split { low, high }) => {
                self.put_in_register(low, 4, bits);
                self.put_on_stack(high, 4, bits >> 32);
            }
            Some(Place::Stack(offset)) => self.put_on_stack(offset, size, bits),
            None => panic!("the prototypes have integers and pointers"),
        }
    }

    /// Sets the low bytes of a register.
    fn put_in_register(&mut self, slot: machine::Slot, size: u8, bits: u64) {
        let (offset, width, size) = (
            usize::from(slot.offset),
            usize::from(slot.width),
            usize::from(size.min(slot.width)),
        );
        let bytes = integer(bits, size, self.endian);
        let skipped = match self.endian {
            Endian::Little => 0,
            Endian::Big => width - size,
        };
        self.ctx[offset + skipped..][..size].copy_from_slice(&bytes);
    }

    fn put_on_stack(&mut self, offset: u16, size: u8, bits: u64) {
        self.put_at(self.stack_pointer + u64::from(offset), size, bits);
    }

    fn put_at(&mut self, address: u64, size: u8, bits: u64) {
        let bytes = integer(bits, size.into(), self.endian);
        let start = (address - self.stack.at) as usize;
        self.stack.bytes[start..][..bytes.len()].copy_from_slice(&bytes);
    }

    fn done(self, code: Code, garbage: &mut Garbage) -> State {
        let mut state = State {
            ctx: self.ctx,
            memory: Memory::default(),
        };
        let [own, _] = code.memories(&mut state.memory);
        own.push(self.stack);
        state.spoil_other_memory(code, garbage);
        state
    }
}

/// The low bytes of a number, in their order in memory.
fn integer(bits: u64, size: usize, endian: Endian) -> Vec<u8> {
    match endian {
        Endian::Little => bits.to_le_bytes()[..size].to_vec(),
        Endian::Big => bits.to_be_bytes()[8 - size..].to_vec(),
    }
}

/// The same numbers in every run: SplitMix64.
pub struct Garbage(pub u64);

impl Garbage {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&self.number().to_le_bytes()[..word.len()]);
        }
        bytes
    }
}
