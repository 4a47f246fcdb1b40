//! Machines with one wrong fact about calls, in every possible way: each role in every other slot, and each rule
//! replaced by each other rule.

use std::fmt;

use probe_abi::machine::{
    self, Convention, LastRegister, Machine, Order, Pairs, ReturnAddress, StackArea, Start,
};

use super::{Calls, of_library};
use crate::{
    facts::{Facts, Reading, Slot},
    select::Endian,
};

/// A machine with a wrong fact.
#[derive(Debug)]
pub struct Wrong {
    /// The fact: `return value`, `argument 2`.
    pub fact: String,
    /// The wrong value of the fact.
    pub said: String,
    pub machine: Machine,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a machine is wrong in the {}, `{}`",
            self.fact, self.said
        )
    }
}

/// The machines that are wrong about calls of that kind in that endianness.
pub fn wrong(machine: &Machine, slots: &[Slot], calls: Calls, endian: Endian) -> Vec<Wrong> {
    let mut all = Vec::new();
    let mut add = |fact: &str, said: String, machine| {
        let fact = fact.to_owned();
        all.push(Wrong {
            fact,
            said,
            machine,
        });
    };
    for (fact, said, convention) in conventions(calls.of(machine), slots, of_library(endian)) {
        let machine = match calls {
            Calls::User => Machine {
                user: convention,
                ..*machine
            },
            Calls::Kernel => Machine {
                kernel: convention,
                ..*machine
            },
        };
        add(&fact, said, machine);
    }
    for stack_pointer in others(slots, machine.stack_pointer) {
        let machine = Machine {
            stack_pointer,
            ..*machine
        };
        add("stack pointer", stack_pointer.field.to_owned(), machine);
    }
    for other in machine
        .frame_pointer
        .into_iter()
        .flat_map(|slot| others(slots, slot))
    {
        let frame_pointer = Some(other);
        let machine = Machine {
            frame_pointer,
            ..*machine
        };
        add("frame pointer", other.field.to_owned(), machine);
    }
    let (slot, moved, elsewhere): (_, fn(_) -> _, _) = match machine.return_address {
        ReturnAddress::Register(slot) => {
            (slot, ReturnAddress::Register, ReturnAddress::Stack(slot))
        }
        ReturnAddress::Stack(slot) => (slot, ReturnAddress::Stack, ReturnAddress::Register(slot)),
    };
    for other in others(slots, slot) {
        let return_address = moved(other);
        let machine = Machine {
            return_address,
            ..*machine
        };
        add("return address", other.field.to_owned(), machine);
    }
    let return_address = elsewhere;
    let said = format!("{elsewhere:?}");
    add(
        "where the return address is",
        said,
        Machine {
            return_address,
            ..*machine
        },
    );
    let return_address_behind = 8 - machine.return_address_behind;
    let said = return_address_behind.to_string();
    add(
        "what is added to the return address",
        said,
        Machine {
            return_address_behind,
            ..*machine
        },
    );
    all
}

/// The machine with these facts. Everything else is as in `right`.
pub fn of_facts(facts: &Facts, right: &Machine) -> Machine {
    let slots = |readings: &[Reading]| -> &'static [machine::Slot] {
        let slots = readings.iter().map(|reading| of_slot(&reading.slot));
        slots.collect::<Vec<_>>().leak()
    };
    let returned = [Some(facts.return_value), facts.second_return_value];
    let return_value = slots(&returned.into_iter().flatten().collect::<Vec<_>>());
    let start = |endian, user| {
        let reading = match user {
            true => facts.user_stack_argument(facts.user_arguments.len(), endian),
            false => facts.stack_argument(facts.arguments.len(), endian),
        };
        reading.map_or(0, |reading| reading.plus as u16)
    };
    let stack = |user| StackArea {
        little_endian: start(Endian::Little, user),
        big_endian: start(Endian::Big, user),
    };
    let return_address = of_slot(&facts.return_address.slot);
    Machine {
        kernel: Convention {
            registers: slots(&facts.arguments),
            stack: stack(false),
            return_value,
            ..right.kernel
        },
        user: Convention {
            registers: slots(&facts.user_arguments),
            stack: stack(true),
            return_value,
            ..right.user
        },
        return_address: match facts.returns_on_stack {
            true => ReturnAddress::Stack(return_address),
            false => ReturnAddress::Register(return_address),
        },
        return_address_behind: facts.return_address.plus as u8,
        stack_pointer: of_slot(&facts.stack_pointer.slot),
        frame_pointer: facts.frame_pointer.map(|reading| of_slot(&reading.slot)),
        ..*right
    }
}

/// The facts, their wrong values, and the conventions.
fn conventions(
    right: &Convention,
    slots: &[Slot],
    endian: machine::Endian,
) -> Vec<(String, String, Convention)> {
    let right = *right;
    let mut all = Vec::new();
    let mut add = |fact: &str, said: &str, convention| {
        all.push((fact.to_owned(), said.to_owned(), convention));
    };
    for (n, &slot) in right.registers.iter().enumerate() {
        for other in others(slots, slot) {
            let registers = with(right.registers, n, other);
            let fact = format!("argument {n}");
            add(&fact, other.field, Convention { registers, ..right });
        }
    }
    let number = "number of registers";
    if let [registers @ .., last] = right.registers {
        add(number, last.field, Convention { registers, ..right });
    }
    for slot in slots.iter().map(of_slot) {
        let registers = [right.registers, &[slot]].concat().leak();
        add(number, slot.field, Convention { registers, ..right });
    }
    for (n, &slot) in right.return_value.iter().enumerate() {
        let fact = ["return value", "second return value"][n];
        for other in others(slots, slot) {
            let return_value = with(right.return_value, n, other);
            add(
                fact,
                other.field,
                Convention {
                    return_value,
                    ..right
                },
            );
        }
    }
    let start = right.stack.offset(endian);
    for offset in [-8, -4, 4, 8].map(|moved| start.saturating_add_signed(moved)) {
        if offset != start {
            let stack = StackArea::at(offset);
            let said = offset.to_string();
            add(
                "first argument on the stack",
                &said,
                Convention { stack, ..right },
            );
        }
    }
    let Some(pairs) = right.pairs else { return all };
    let mut add = |fact: &str, said: String, pairs| {
        let pairs = Some(pairs);
        add(fact, &said, Convention { pairs, ..right });
    };
    let order = match (pairs.order, endian) {
        (Order::LowFirst, _) | (Order::Memory, machine::Endian::Little) => Order::HighFirst,
        (Order::HighFirst, _) | (Order::Memory, machine::Endian::Big) => Order::LowFirst,
    };
    add(
        "order of a pair",
        format!("{order:?}"),
        Pairs { order, ..pairs },
    );
    let stack_alignment = 12 - pairs.stack_alignment;
    let said = stack_alignment.to_string();
    add(
        "alignment of 64 bits on the stack",
        said,
        Pairs {
            stack_alignment,
            ..pairs
        },
    );
    // Without registers, no other fact can be wrong.
    if right.registers.is_empty() {
        return all;
    }
    let start = match pairs.start {
        Start::Any => Start::Even,
        Start::Even => Start::Any,
    };
    add(
        "start of a pair",
        format!("{start:?}"),
        Pairs { start, ..pairs },
    );
    // If pairs start at even registers and the number of registers is even, no register is left over.
    if pairs.start == Start::Any {
        let last_register = match pairs.last_register {
            LastRegister::Empty => LastRegister::LowHalf,
            LastRegister::LowHalf => LastRegister::Empty,
        };
        let said = format!("{last_register:?}");
        add(
            "last register",
            said,
            Pairs {
                last_register,
                ..pairs
            },
        );
    }
    all
}

fn others(slots: &[Slot], slot: machine::Slot) -> impl Iterator<Item = machine::Slot> {
    slots
        .iter()
        .map(of_slot)
        .filter(move |other| *other != slot)
}

fn of_slot(slot: &Slot) -> machine::Slot {
    machine::Slot {
        field: slot.field,
        offset: slot.offset as u16,
        width: slot.width as u8,
    }
}

/// The slots, with another one in place of slot `n`.
fn with(slots: &[machine::Slot], n: usize, other: machine::Slot) -> &'static [machine::Slot] {
    let mut slots = slots.to_vec();
    slots[n] = other;
    slots.leak()
}
