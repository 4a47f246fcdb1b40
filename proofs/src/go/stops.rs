//! The registers and the stack of a Go program at the start of each function, and at its return.

use std::{collections::BTreeSet, path::Path};

use probe_abi::machine::{Endian, GoG, Machine, Slot};
use probe_abi_go::Function;

use crate::{executed::of_library, select, stopped::Stopped};

/// The number of bytes of stack that are kept, from the stack pointer up.
const STACK: u64 = 2048;

/// A stop at a function's first instruction, or at a return instruction.
#[derive(Debug, Clone)]
pub struct Stop {
    pub function: usize,
    /// The size of the stack that the return instruction frees; `None` at the first instruction.
    pub gives_back: Option<u32>,
    /// By slot, in the byte order of this computer.
    pub registers: Vec<(Slot, u64)>,
    pub stack_pointer: u64,
    /// From the stack pointer up, in the machine's byte order.
    pub stack: Vec<u8>,
    /// The memory that some registers point to.
    pub pointees: Vec<(Slot, Pointee)>,
}

/// The memory that a register points to, if it is a pointer.
#[derive(Debug, Clone, Copy)]
pub struct Pointee {
    /// The word there.
    pub word: Option<u64>,
    /// The number of the goroutine, if it is a `runtime.g`.
    pub goroutine: Option<u64>,
}

impl Stop {
    /// The low bytes of a register.
    pub fn register(&self, slot: Slot, size: usize) -> Option<u64> {
        let (_, value) = self.registers.iter().find(|(held, _)| *held == slot)?;
        Some(low(*value, size))
    }

    /// A number on the stack.
    pub fn number(&self, offset: usize, size: usize, endian: Endian) -> Option<u64> {
        let bytes = self.stack.get(offset..offset + size)?;
        Some(number(bytes, endian))
    }

    /// The memory that a register points to.
    pub fn behind(&self, slot: Slot) -> Option<Pointee> {
        let found = self.pointees.iter().find(|(held, _)| *held == slot);
        found.map(|(_, pointee)| *pointee)
    }
}

fn number(bytes: &[u8], endian: Endian) -> u64 {
    let shifted = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match endian {
        Endian::Little => bytes.iter().rev().fold(0, shifted),
        Endian::Big => bytes.iter().fold(0, shifted),
    }
}

pub fn low(value: u64, size: usize) -> u64 {
    value & u64::MAX >> (64 - 8 * size)
}

/// Runs a program, and stops it at all functions. `goid` is the offset of the number in a `runtime.g`.
pub fn stops(
    emulator: &Path,
    program: &Path,
    machine: &'static Machine,
    endian: Endian,
    functions: &[Function<'_>],
    goid: u64,
) -> Result<Vec<Stop>, String> {
    let order = [select::Endian::Little, select::Endian::Big]
        .into_iter()
        .find(|order| of_library(*order) == endian)
        .ok_or("a byte order is one of two")?;
    // Go would interrupt a goroutine that runs for long by a signal, and it would collect values that are no pointers.
    let environment = [
        ("GODEBUG", "asyncpreemptoff=1"),
        ("GOGC", "off"),
        // This release of Go needs more than qemu emulates by default.
        (
            "QEMU_CPU",
            if machine.name == "powerpc64" {
                "power9"
            } else {
                ""
            },
        ),
    ];
    let environment = environment
        .into_iter()
        .filter(|(_, value)| !value.is_empty());
    let mut stopped = Stopped::start_in(emulator, program, environment, machine, order)?;
    let places = functions.iter().flat_map(|function| {
        let rets = function.returns.iter().map(|ret| ret.place.address);
        rets.chain([function.entry.address])
    });
    for address in places.collect::<BTreeSet<_>>() {
        stopped.stop_at(address)?;
    }
    let mut stops = Vec::new();
    while let Some(address) = stopped.go()? {
        // A function may have only one instruction, the one that returns.
        let mut here = Vec::new();
        for (index, function) in functions.iter().enumerate() {
            here.extend((function.entry.address == address).then_some((index, None)));
            let rets = function.returns.iter();
            let rets = rets.filter(|ret| ret.place.address == address);
            here.extend(rets.map(|ret| (index, Some(ret.gives_back))));
        }
        if here.is_empty() {
            return Err(format!(
                "it stops at {address:#x}, where nobody asked for it"
            ));
        }
        let mut registers = Vec::new();
        for (name, value) in stopped.registers()? {
            let view = machine.register(name).map_err(|error| error.to_string())?;
            registers.push((view.slot, value));
        }
        let stack_pointer = registers
            .iter()
            .find(|(slot, _)| *slot == machine.stack_pointer);
        let (_, stack_pointer) = *stack_pointer.ok_or("there is no stack pointer")?;
        let stack = stopped.memory(stack_pointer, STACK)?;
        let mut pointees = Vec::new();
        for slot in pointers(machine) {
            let address = registers.iter().find(|(held, _)| *held == slot);
            let (_, address) = *address.ok_or("a register is missing")?;
            let mut read = |address, size: u8| -> Result<_, String> {
                let bytes = stopped.memory(address, size.into())?;
                Ok((bytes.len() == usize::from(size)).then(|| number(&bytes, endian)))
            };
            let pointee = Pointee {
                word: read(address, machine.word)?,
                goroutine: read(address.wrapping_add(goid), 8)?,
            };
            pointees.push((slot, pointee));
        }
        stops.extend(here.into_iter().map(|(function, gives_back)| Stop {
            function,
            gives_back,
            registers: registers.clone(),
            stack_pointer,
            stack: stack.clone(),
            pointees: pointees.clone(),
        }));
    }
    Ok(stops)
}

/// The registers that Go's convention uses as pointers.
fn pointers(machine: &Machine) -> Vec<Slot> {
    let Some(go) = machine.go else {
        return Vec::new();
    };
    let g = go.g.map(|g| match g {
        GoG::Always(slot) | GoG::WithRegisters(slot) => slot,
    });
    [go.context].into_iter().chain(g).collect()
}
