//! A machine as the library has it, and as it does not: a value that is compared with what the headers say.

use std::collections::BTreeMap;

use super::{Answer, Got, Place, Truth, holds};
use crate::{
    facts::{Facts, Reading, Slot},
    select::Endian,
};

/// As many arguments as are asked about: on every machine some of them are on the stack.
pub const ARGUMENTS: usize = 10;

/// A machine's layout and roles in one endianness.
#[derive(Debug, Clone)]
pub struct Value {
    pub endian: Endian,
    pub word: usize,
    pub fields: BTreeMap<String, Place>,
    /// Every slot of `pt_regs`, in order.
    pub slots: Vec<Slot>,
    pub roles: BTreeMap<String, Claim>,
}

/// What a role is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    Register(Reading),
    /// It lies in memory, at this address.
    Memory(Reading),
    /// This machine has none.
    Absent,
}

impl Value {
    pub fn of(facts: &Facts, endian: Endian) -> Self {
        let fields = facts.bindings.fields.iter().map(|field| {
            let place = Place {
                offset: field.offset,
                size: field.size,
                slot: field.slot,
            };
            (field.name.clone(), place)
        });
        let mut roles = BTreeMap::new();
        let mut claim = |role: &str, claim| roles.insert(role.to_owned(), claim);
        for index in 0..ARGUMENTS {
            let argument = match facts.arguments.get(index) {
                Some(&reading) => Some(Claim::Register(reading)),
                None => facts.stack_argument(index, endian).map(Claim::Memory),
            };
            if let Some(argument) = argument {
                claim(&format!("arguments[{index}]"), argument);
            }
        }
        for (index, &reading) in facts.syscall_arguments.iter().enumerate() {
            let role = format!("syscall_arguments[{index}]");
            claim(&role, Claim::Register(reading));
        }
        claim("syscall_number", Claim::Register(facts.syscall_number));
        claim("return_value", Claim::Register(facts.return_value));
        claim(
            "return_address",
            match facts.returns_on_stack {
                true => Claim::Memory(facts.return_address),
                false => Claim::Register(facts.return_address),
            },
        );
        claim(
            "instruction_pointer",
            Claim::Register(facts.instruction_pointer),
        );
        claim("stack_pointer", Claim::Register(facts.stack_pointer));
        claim(
            "frame_pointer",
            facts.frame_pointer.map_or(Claim::Absent, Claim::Register),
        );
        Self {
            endian,
            word: facts.word,
            fields: fields.collect(),
            slots: facts.slots.clone(),
            roles,
        }
    }

    /// What is wrong with the machine, by the headers of one release.
    pub fn complaints(&self, truth: &Truth) -> Vec<String> {
        let release = truth.release;
        let mut complaints = Vec::new();
        for (field, theirs) in &truth.fields {
            let ours = self.fields.get(field);
            if ours != Some(theirs) {
                complaints.push(format!(
                    "`{field}` is {ours:?}, and {theirs:?} in Linux {release}"
                ));
            }
        }
        for answer in &truth.answers {
            let Answer { role, ask, got, .. } = answer;
            let ours = self.expects(answer);
            let complaint = match answer.otherwise {
                None if ours == Some(*got) => None,
                None => Some(format!("{ours:?} is read, and {got:?} by the kernel's")),
                Some((is, _)) if is != *got => Some(format!(
                    "{got:?} is read by the kernel's, which is known to read {is:?}"
                )),
                Some(_) if ours == Some(*got) => {
                    Some("the kernel agrees, which is known not to".to_owned())
                }
                Some(_) => None,
            };
            if let Some(complaint) = complaint {
                complaints.push(format!("{role}: {complaint} `{ask}` in Linux {release}"));
            }
        }
        complaints
    }

    /// What the accessor of a role gives if the machine is as it is said to be.
    fn expects(&self, answer: &Answer) -> Option<Got> {
        let cut = |value: u64, bits: u32| value & (u64::MAX >> (64 - bits));
        let word = 8 * self.word as u32;
        let value = |reading: &Reading| {
            let Reading { slot, plus, mask } = reading;
            let value = holds(slot.offset, slot.width, self.endian).wrapping_add(*plus);
            cut(mask.map_or(value, |mask| value & u64::from(mask)), word)
        };
        Some(match self.roles.get(&answer.role)? {
            Claim::Register(reading) => Got::Value(cut(value(reading), answer.bits.min(word))),
            Claim::Memory(address) => Got::At(value(address)),
            // How the kernel says so too.
            Claim::Absent => Got::Value(0),
        })
    }
}

/// A machine with one wrong fact.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// Which: a role that is in the next slot, or a field that has changed places with the next of its size.
    pub fact: String,
    pub value: Value,
}

/// All of a machine's facts made wrong, each by itself.
pub fn wrong(value: &Value) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    for role in value.roles.keys() {
        let mut value = value.clone();
        if let Some(claim) = value.roles.get_mut(role) {
            *claim = moved(*claim, &value.slots);
        }
        let fact = role.clone();
        wrongs.push(Wrong { fact, value });
    }
    let mut fields: Vec<_> = value.fields.iter().collect();
    fields.sort_by_key(|(_, place)| place.offset);
    for pair in fields.windows(2) {
        let [(first, a), (second, b)] = [pair[0], pair[1]];
        if a.size == b.size {
            let mut value = value.clone();
            value.fields.insert(first.clone(), *b);
            value.fields.insert(second.clone(), *a);
            let fact = format!("{first} <-> {second}");
            wrongs.push(Wrong { fact, value });
        }
    }
    wrongs
}

/// A role in the next slot of `pt_regs`; one that is absent, in the first.
fn moved(claim: Claim, slots: &[Slot]) -> Claim {
    let next = |reading: Reading| {
        let at = slots
            .iter()
            .position(|slot| slot.offset == reading.slot.offset);
        let next = at.map_or(0, |at| (at + 1) % slots.len());
        let slot = slots[next];
        Reading { slot, ..reading }
    };
    match claim {
        Claim::Register(reading) => Claim::Register(next(reading)),
        Claim::Memory(reading) => Claim::Memory(next(reading)),
        Claim::Absent => Claim::Register(Reading {
            slot: slots[0],
            plus: 0,
            mask: None,
        }),
    }
}
