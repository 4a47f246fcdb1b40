//! One place of a static probe: the places, the types and the values of its arguments.

use probe_abi::operand::{Class, Operand};
use probe_abi_usdt::Probe;
use usdt_event::{ARGUMENTS, Event, Site};

/// The operands that the BPF program reads there. An argument that it cannot read is reported once.
pub fn of(place: &Probe) -> Site {
    let mut site = Site::default();
    let arguments = place.arguments().enumerate();
    for (slot, (n, argument)) in site.operands.iter_mut().zip(arguments) {
        match argument.operand() {
            Ok(operand) => *slot = operand,
            Err(error) => eprintln!(
                "usdt: argument {n} of `{place}` at {:#x}: {error}",
                place.location.address
            ),
        }
    }
    site
}

/// `(i32, u8, ?)`
pub fn types(place: &Probe) -> String {
    in_parentheses(place.arguments().map(|argument| match argument.operand() {
        Ok(operand) => ty(operand),
        Err(_) => "?".to_owned(),
    }))
}

fn ty(operand: Operand) -> String {
    let letter = match operand.class() {
        Class::Signed => 'i',
        Class::Unsigned => 'u',
        Class::Float => 'f',
    };
    format!("{letter}{}", 8 * operand.size())
}

/// `(-5, 128, ?)`
pub fn shown(place: &Probe, event: &Event) -> String {
    let values = event.values.iter().zip(&event.errors).take(ARGUMENTS);
    let arguments = place.arguments().zip(values);
    in_parentheses(arguments.map(
        |(argument, (value, error))| match (argument.operand(), error) {
            (Ok(operand), 0) => value_of(operand, *value),
            _ => "?".to_owned(),
        },
    ))
}

fn value_of(operand: Operand, value: u64) -> String {
    match (operand.class(), operand.size()) {
        (Class::Signed, _) => (value as i64).to_string(),
        (Class::Float, 4) => f32::from_bits(value as u32).to_string(),
        (Class::Float, 8) => f64::from_bits(value).to_string(),
        _ => value.to_string(),
    }
}

fn in_parentheses(items: impl Iterator<Item = String>) -> String {
    format!("({})", items.collect::<Vec<_>>().join(", "))
}
