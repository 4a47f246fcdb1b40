//! Machines with one wrong fact. A proof is given each of them, and has to refuse it.

use crate::facts::{Facts, Reading};

/// A machine with one wrong fact.
#[derive(Debug)]
pub struct Wrong {
    /// The fact: `return value`, `argument 2`, `hi and lo`.
    pub fact: String,
    pub facts: Facts,
}

/// Every role of a machine, moved to the next slot of the same width; and every operation on a role's value, changed.
pub fn roles(facts: &Facts) -> Vec<Wrong> {
    let names: Vec<String> = named(&mut facts.clone())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut wrong: Vec<Wrong> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let mut moved = facts.clone();
        let slots = moved.slots.clone();
        let (_, reading) = named(&mut moved).swap_remove(index);
        let same = |slot: &&crate::facts::Slot| slot.width == reading.slot.width;
        let at = slots
            .iter()
            .filter(same)
            .position(|slot| slot.offset == reading.slot.offset);
        let Some(at) = at else { continue };
        let others: Vec<_> = slots.iter().filter(same).collect();
        let next = *others[(at + 1) % others.len()];
        if next.offset != reading.slot.offset {
            reading.slot = next;
            wrong.push(Wrong {
                fact: name.clone(),
                facts: moved,
            });
        }
    }
    let mut also = |fact: &str, change: &dyn Fn(&mut Facts)| {
        let mut changed = facts.clone();
        change(&mut changed);
        wrong.push(Wrong {
            fact: fact.to_owned(),
            facts: changed,
        });
    };
    also("where the return address is", &|facts| {
        facts.returns_on_stack = !facts.returns_on_stack
    });
    also("what is added to the return address", &|facts| {
        facts.return_address.plus += 4
    });
    also("first argument on the stack", &|facts| {
        facts.move_stack(false)
    });
    also("user code's first argument on the stack", &|facts| {
        facts.move_stack(true)
    });
    wrong
}

/// Every field of `pt_regs` in the place of the next field, if both have the same size.
pub fn fields(facts: &Facts) -> Vec<Wrong> {
    let fields = &facts.bindings.fields;
    let pairs = fields
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0].size == pair[1].size);
    pairs
        .map(|(index, pair)| Wrong {
            fact: format!("{} and {}", pair[0].name, pair[1].name),
            facts: facts.with_fields_swapped(index),
        })
        .collect()
}

/// Every role that a machine has, under its name.
pub fn named(facts: &mut Facts) -> Vec<(String, &mut Reading)> {
    let mut names = Vec::new();
    for (name, readings) in [
        ("argument", &facts.arguments),
        ("user code's argument", &facts.user_arguments),
        ("syscall argument", &facts.syscall_arguments),
    ] {
        names.extend((0..readings.len()).map(|n| format!("{name} {n}")));
    }
    let readings = facts
        .arguments
        .iter_mut()
        .chain(&mut facts.user_arguments)
        .chain(&mut facts.syscall_arguments);
    let mut all: Vec<_> = names.into_iter().zip(readings).collect();
    for (name, reading) in [
        ("syscall number", Some(&mut facts.syscall_number)),
        ("return value", Some(&mut facts.return_value)),
        ("second return value", facts.second_return_value.as_mut()),
        ("return address", Some(&mut facts.return_address)),
        ("instruction pointer", Some(&mut facts.instruction_pointer)),
        ("stack pointer", Some(&mut facts.stack_pointer)),
        ("frame pointer", facts.frame_pointer.as_mut()),
    ] {
        all.extend(reading.map(|reading| (name.to_owned(), reading)));
    }
    all
}
