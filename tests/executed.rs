//! Promise: at a function's entry, every parameter of any C prototype is where the library says. At the return, the
//! value is. This holds on every machine, in both endiannesses, in the kernel's convention and in that of user code.
//! The same holds for the return address, the stack pointer and the frame pointer.
//!
//! gcc and clang compile callers and callees of some 250 prototypes, qemu runs them, and a stub sees the state that a
//! probe would see (proofs/src/executed).
//!
//! Then the machine is made wrong in every way that this could show, and the proof has to refuse it.

use std::{collections::BTreeMap, iter};

use probe_abi::machine::{self, Convention, Machine, ReturnAddress, Slot, StackArea};
use proofs::{
    c::Compiler,
    executed::{
        Calls, Entry, Executed, Execution, Left, Narrow, Place, Stub, TYPES, Tools, Upper, Where,
        number, of_facts, of_library, prototypes, wrong,
    },
    facts::Facts,
    proof::{self, Proof},
    select::{self, MACHINES, Variant},
    witnesses::Witness,
    wrong::roles,
};

fn main() {
    let mut proofs = Vec::new();
    for row in MACHINES {
        for variant in row.variants {
            let gcc = Compiler::gcc(variant);
            // As in tests/compilers.rs.
            if gcc.is_ok() || row.name != "loongarch64" {
                proofs.push(proof("gcc", row, variant, gcc));
            }
            proofs.push(proof("clang", row, variant, Compiler::clang(variant)));
        }
    }
    proof::run(proofs)
}

fn proof(
    source: &'static str,
    row: &'static select::Machine,
    variant: &'static Variant,
    compiler: Result<Compiler, String>,
) -> Proof {
    let facts = Facts::of(row).unwrap_or_else(|error| panic!("{error}"));
    let tools = Tools::new(row, variant, compiler);
    let needs = tools.as_ref().map(drop).map_err(Clone::clone);
    let what = format!("executed calls, {source}");
    let name = proof::name(row.name, variant.endian, &what);
    Proof::new(name.clone(), needs, move || {
        let (tools, stub) = (tools?, Stub::of(row)?);
        let folder = name.replace([':', ',', ' '], "-");
        let truth = Truth {
            user: tools.execute(Calls::User, prototypes(), &format!("{folder}-user"))?,
            kernel: match stub.kernel(variant.endian) {
                Some(_) => {
                    Some(tools.execute(Calls::Kernel, prototypes(), &format!("{folder}-kernel"))?)
                }
                None => None,
            },
        };
        let machine = Machine::named(row.name).ok_or("the library has no such machine")?;
        // One wrong fact gives a hundred complaints.
        proof::none(truth.checks(machine).filter_map(Result::err).take(5))?;
        let refuses = |machine: &Machine| truth.checks(machine).any(|check| check.is_err());
        let kernel = truth.kernel.as_ref().map(|_| Calls::Kernel);
        for calls in iter::once(Calls::User).chain(kernel) {
            let wrong = wrong(machine, &facts.slots, calls, variant.endian);
            let overlooked = wrong.iter().filter(|wrong| !refuses(&wrong.machine));
            proof::none(overlooked.map(|wrong| format!("{wrong}, and nothing refuses it")))?;
        }
        Witness::Executed.hold(facts, &roles(facts), |wrong| {
            refuses(&of_facts(wrong, machine))
        })?;
        let checked = truth.checks(machine).count();
        proof::checked(
            source,
            row.name,
            checked + upper_bits(stub.narrow, &truth.user)?,
        );
        Ok(())
    })
}

/// The executions.
struct Truth {
    user: Execution,
    /// Of kernel code, if its convention differs.
    kernel: Option<Execution>,
}

impl Truth {
    /// All checks of a machine. `Err` is a complaint.
    fn checks<'a>(&'a self, machine: &'a Machine) -> impl Iterator<Item = Result<(), String>> + 'a {
        let endian = of_library(self.user.endian);
        let here = |convention: Convention| Convention {
            stack: StackArea::at(convention.stack.offset(endian)),
            ..convention
        };
        let differ = self.kernel.is_none() && here(machine.kernel) != here(machine.user);
        let one_convention = match differ {
            true => {
                Err("kernel code is called as user code is, and the library differs".to_owned())
            }
            false => Ok(()),
        };
        let executions = iter::once(&self.user).chain(&self.kernel);
        iter::once(one_convention)
            .chain(executions.flat_map(|execution| checks(machine, execution)))
    }
}

fn checks<'a>(
    machine: &'a Machine,
    execution: &'a Execution,
) -> impl Iterator<Item = Result<(), String>> {
    let of_prototypes = execution.prototypes.iter().flat_map(move |executed| {
        let seen = Seen {
            machine,
            execution,
            executed,
        };
        let count = executed.parameters.len();
        let parameters = (0..count).flat_map(move |n| [seen.read(n), seen.called(n)]);
        parameters.chain([seen.returned(), seen.returns()])
    });
    let once = [
        return_address(machine, execution),
        frame_pointer(machine, execution),
    ];
    once.into_iter().chain(of_prototypes)
}

/// The value of a slot, if it is a register that the stub sees.
fn slot(slot: Slot, execution: &Execution, values: &[u64]) -> Option<u64> {
    let index = execution
        .registers
        .iter()
        .position(|name| name == slot.field)?;
    Some(values[index])
}

fn return_address(machine: &Machine, execution: &Execution) -> Result<(), String> {
    let call = &execution.call;
    let of = |slot_of| slot(slot_of, execution, &call.registers);
    let (source, address) = match machine.return_address {
        ReturnAddress::Register(slot) => {
            let index = execution
                .registers
                .iter()
                .position(|name| name == slot.field);
            (index.map(Place::Register), of(slot))
        }
        ReturnAddress::Stack(slot) => {
            let above = of(slot).zip(of(machine.stack_pointer));
            let offset = above.map(|(slot, stack)| slot.wrapping_sub(stack) as usize);
            let memory = of(slot).and_then(|at| call.memory(at, execution.word));
            (
                offset.map(Place::Stack),
                memory.map(|bytes| number(bytes, execution.endian)),
            )
        }
    };
    let behind = u64::from(machine.return_address_behind);
    if source != Some(execution.returned_from) || behind != execution.returned_behind {
        return Err(format!(
            "a callee returns {} bytes behind the address in {:?}, and the library has {behind} and {source:?}",
            execution.returned_behind, execution.returned_from
        ));
    }
    let address = address.map(|address| address.wrapping_add(behind));
    // On powerpc64 a word for the linker is between the call and the next instruction.
    let between = if machine.name == "powerpc64" { 4 } else { 0 };
    if address != Some(execution.after - between) {
        return Err(format!(
            "a call returns to {:#x}, and the library has {address:x?}",
            execution.after
        ));
    }
    Ok(())
}

fn frame_pointer(machine: &Machine, execution: &Execution) -> Result<(), String> {
    let Some(frame_pointer) = machine.frame_pointer else {
        return Ok(());
    };
    let value = slot(frame_pointer, execution, &execution.framed.registers);
    match value == Some(execution.frame) {
        true => Ok(()),
        false => Err(format!(
            "a frame is at {:#x}, and the library has {value:x?}",
            execution.frame
        )),
    }
}

/// A prototype that was executed, and a machine that may be right about it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    machine: &'a Machine,
    execution: &'a Execution,
    executed: &'a Executed,
}

impl Seen<'_> {
    fn convention(&self) -> &Convention {
        self.executed.calls.of(self.machine)
    }

    fn sizes(&self) -> Vec<u8> {
        let parameters = self.executed.prototype.parameters.iter();
        parameters
            .map(|ty| ty.size(self.execution.word) as u8)
            .collect()
    }

    fn place(&self, n: usize) -> Option<machine::Place> {
        let endian = of_library(self.execution.endian);
        self.convention().place(&self.sizes(), n, endian)
    }

    fn return_place(&self) -> Option<machine::Place> {
        let size = self.executed.prototype.returns?.size(self.execution.word);
        let endian = of_library(self.execution.endian);
        self.convention().return_place(size as u8, endian)
    }

    /// Whether the callee read parameter `n` where the library says.
    fn read(&self, n: usize) -> Result<(), String> {
        let (read, place) = (self.executed.parameters[n], self.place(n));
        match read.place.is_some_and(|read| self.is(read, place)) {
            true => Ok(()),
            false => Err(format!(
                "parameter {n} of `{}` is read from {:?}, and the library has {place:?}",
                self.executed.prototype.named("f"),
                self.execution.named(read),
            )),
        }
    }

    /// Whether the caller put parameter `n` where the library says.
    fn called(&self, n: usize) -> Result<(), String> {
        let (place, size) = (self.place(n), self.executed.parameters[n].size);
        for (entry, sent) in &self.executed.called {
            let value = place.and_then(|place| self.value(place, size, entry));
            if value != Some(low(sent[n], size)) {
                return Err(format!(
                    "parameter {n} of `{}` is {:#x}, and at {place:?} is {value:x?}",
                    self.executed.prototype.named("f"),
                    low(sent[n], size),
                ));
            }
        }
        Ok(())
    }

    /// Whether the caller read the return value where the library says.
    fn returned(&self) -> Result<(), String> {
        let (Some(read), place) = (self.executed.returned, self.return_place()) else {
            return Ok(());
        };
        match read.place.is_some_and(|read| self.is(read, place)) {
            true => Ok(()),
            false => Err(format!(
                "what `{}` returns is read from {:?}, and the library has {place:?}",
                self.executed.prototype.named("f"),
                self.execution.named(read),
            )),
        }
    }

    /// Whether the callee put the return value where the library says.
    fn returns(&self) -> Result<(), String> {
        let (Some(read), place) = (self.executed.returned, self.return_place()) else {
            return Ok(());
        };
        for (registers, sent) in &self.executed.returns {
            let value = place.and_then(|place| self.value_in(place, read.size, registers));
            if value != Some(low(*sent, read.size)) {
                return Err(format!(
                    "`{}` returns {:#x}, and at {place:?} is {value:x?}",
                    self.executed.prototype.named("f"),
                    low(*sent, read.size),
                ));
            }
        }
        Ok(())
    }

    /// Whether two places are the same.
    fn is(&self, read: Place, place: Option<machine::Place>) -> bool {
        let is = |index: usize, slot: Slot| self.execution.registers[index] == slot.field;
        match (read, place) {
            (Place::Register(read), Some(machine::Place::Register(slot))) => is(read, slot),
            (Place::Pair { low, high }, Some(machine::Place::Pair { low: l, high: h })) => {
                is(low, l) && is(high, h)
            }
            (Place::Split { low, high }, Some(machine::Place::Split { low: l, high: h })) => {
                is(low, l) && high == usize::from(h)
            }
            (Place::Stack(read), Some(machine::Place::Stack(offset))) => {
                read == usize::from(offset)
            }
            _ => false,
        }
    }

    /// The value at a place when a function is entered.
    fn value(&self, place: machine::Place, size: usize, entry: &Entry) -> Option<u64> {
        let stack = |offset: u16, size| {
            let stack_pointer = slot(self.machine.stack_pointer, self.execution, &entry.registers)?;
            let bytes = entry.memory(stack_pointer.wrapping_add(offset.into()), size)?;
            Some(number(bytes, self.execution.endian))
        };
        match place {
            machine::Place::Stack(offset) => stack(offset, size),
            machine::Place::Split { low, high } => {
                let low = slot(low, self.execution, &entry.registers)?;
                Some(low | stack(high, 4)? << 32)
            }
            in_registers => self.value_in(in_registers, size, &entry.registers),
        }
    }

    fn value_in(&self, place: machine::Place, size: usize, registers: &[u64]) -> Option<u64> {
        let slot = |of| slot(of, self.execution, registers);
        match place {
            machine::Place::Register(register) => Some(low(slot(register)?, size)),
            machine::Place::Pair { low, high } => Some(slot(low)? | slot(high)? << 32),
            _ => None,
        }
    }
}

/// The low bytes of a value.
fn low(value: u64, size: usize) -> u64 {
    value & (u64::MAX >> (64 - 8 * size))
}

/// The bits of a slot that a narrow value does not fill are as the psABI says, and no reader relies on more. Returns
/// the number of these facts.
fn upper_bits(says: Narrow, execution: &Execution) -> Result<usize, String> {
    let upper = execution.upper();
    proof::none(upper_complaints(says, execution, &upper))?;
    for other in [Narrow::Extended, Narrow::SignExtended, Narrow::Unspecified] {
        // The two are the same on a machine of 32 bits, where a value of 32 bits is not narrow.
        let same = other == says
            || (execution.word == 4 && Narrow::Unspecified != other && Narrow::Unspecified != says);
        if !same && upper_complaints(other, execution, &upper).is_empty() {
            return Err(format!(
                "narrow values are {says:?}, and could be {other:?}"
            ));
        }
    }
    Ok(upper.len())
}

fn upper_complaints(
    says: Narrow,
    execution: &Execution,
    upper: &BTreeMap<(usize, Where), Upper>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for (&(ty, place), upper) in upper {
        let ty = &TYPES[ty];
        let own = match ty.signed {
            true => Left::Sign,
            false => Left::Zeros,
        };
        for (bits, left) in upper.left.iter().enumerate() {
            let Some(left) = *left else { continue };
            let is = |expected| left == expected;
            let as_said = match says {
                Narrow::Extended => is(own),
                Narrow::SignExtended if ty.size(execution.word) == 4 => is(Left::Sign),
                Narrow::SignExtended => is(own),
                // Arguments are often extended to 32 bits, although no psABI says so.
                Narrow::Unspecified => place != Where::Returned || is(Left::Garbage),
            };
            let relied_on = upper.relied_on[bits] == Some(true);
            if !as_said || (relied_on && !is(own)) {
                complaints.push(format!(
                    "{place:?}: above `{}` is {left:?}, which its reader {}, and the psABI says {says:?}",
                    ty.name,
                    if relied_on { "relies on" } else { "ignores" },
                ));
            }
        }
    }
    complaints
}
