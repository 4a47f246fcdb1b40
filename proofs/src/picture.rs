//! A machine's registers as a picture in text: the place of each slot in `pt_regs`, and its purpose.

use std::fmt::Write as _;

use crate::{
    facts::{Facts, Reading, Slot},
    select::Endian,
};

/// The register file: a line for each slot, with its offset, width, name and roles.
pub fn registers(facts: &Facts) -> String {
    let width = facts.slots.iter().map(|slot| slot.field.len()).max();
    let width = width.unwrap_or_default();
    let mut picture = format!(
        "\n# Registers\n\nWhere each slot of `pt_regs` is, in bytes, and what the methods read in it. What is `at +8` is in memory, \
         8 bytes above the address in the slot.\n\n\
         ```text\noffset  bytes\n               ┌─{0:─<width$}─┐\n",
        ""
    );
    for slot in &facts.slots {
        let roles = roles(facts, slot).join(", ");
        let line = format!(
            "{:6}  {:5}  │ {:width$} │ {roles}",
            slot.offset, slot.width, slot.field
        );
        writeln!(picture, "{}", line.trim_end()).expect("a string takes everything");
    }
    writeln!(picture, "               └─{0:─<width$}─┘\n```", "")
        .expect("a string takes everything");
    picture
}

fn roles(facts: &Facts, slot: &Slot) -> Vec<String> {
    let numbered = |name: &str, readings: &[Reading]| {
        let numbers = (0..).zip(readings).filter(|(_, reading)| is(reading, slot));
        let roles = numbers.map(|(n, _): (usize, _)| format!("{name} {n}"));
        roles.collect::<Vec<_>>()
    };
    let named = |name: &str, reading: Option<&Reading>| {
        let reading = reading.filter(|reading| is(reading, slot));
        reading.map(|reading| name.to_owned() + &and_what(reading))
    };
    let same_registers = facts.user_arguments == facts.arguments;
    let mut roles = numbered(of_the_kernel(same_registers), &facts.arguments);
    if !same_registers {
        roles.extend(numbered("user code's argument", &facts.user_arguments));
    }
    roles.extend(numbered("syscall argument", &facts.syscall_arguments));
    let return_address = match facts.returns_on_stack {
        true => "return address at +0",
        false => "return address",
    };
    roles.extend(
        [
            named("syscall number", Some(&facts.syscall_number)),
            named("return value", Some(&facts.return_value)),
            named(
                "second register of a 64-bit return value",
                facts.second_return_value.as_ref(),
            ),
            named("instruction pointer", Some(&facts.instruction_pointer)),
            named("frame pointer", facts.frame_pointer.as_ref()),
            named("stack pointer", Some(&facts.stack_pointer)),
            named(return_address, Some(&facts.return_address)),
        ]
        .into_iter()
        .flatten(),
    );
    let kernel = facts.arguments.len();
    let user = facts.user_arguments.len();
    let kernel_place = |endian| facts.stack_argument(kernel, endian);
    let user_place = |endian| facts.user_stack_argument(user, endian);
    let same_stack = [Endian::Little, Endian::Big]
        .into_iter()
        .all(|endian| kernel_place(endian) == user_place(endian));
    let same = same_registers && same_stack;
    roles.extend(on_stack(slot, of_the_kernel(same), kernel, kernel_place));
    if !same {
        roles.extend(on_stack(slot, "user code's argument", user, user_place));
    }
    roles
}

/// The name of an argument of kernel code.
fn of_the_kernel(same_for_user_code: bool) -> &'static str {
    match same_for_user_code {
        true => "argument",
        false => "kernel code's argument",
    }
}

/// The distance from a slot's value to the first argument on the stack, if the slot is the stack pointer.
fn on_stack(
    slot: &Slot,
    name: &str,
    index: usize,
    place: impl Fn(Endian) -> Option<Reading>,
) -> Option<String> {
    let [little, big] = [Endian::Little, Endian::Big].map(place);
    let (little, big) = (little?, big?);
    if !is(&little, slot) {
        return None;
    }
    let place = match little == big {
        true => format!("+{}", little.plus),
        false => format!("+{}, big-endian +{}", little.plus, big.plus),
    };
    Some(format!("{name} {index} at {place}"))
}

fn is(reading: &Reading, slot: &Slot) -> bool {
    reading.slot.offset == slot.offset
}

/// The operation on a slot's value.
fn and_what(reading: &Reading) -> String {
    match (reading.plus, reading.mask) {
        (0, None) => String::new(),
        (0, Some(mask)) => format!(" (& {mask:#x})"),
        (plus, _) => format!(" (+ {plus})"),
    }
}
