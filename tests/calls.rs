//! Promise: gcc and clang pass every parameter of a C prototype where the library says, on every machine and in both
//! endiannesses: in as many registers, in the same pairs of them, or in the same slot of the stack.
//!
//! Compilers describe it in DWARF, for debuggers: the place of each parameter at the function's entry, and the value of
//! the stack pointer there. DWARF names a register by a number of the psABI. Here each number has to be the same slot
//! every time. tests/executed.rs, libbpf and the booted kernels prove which slot it is.

use std::{collections::BTreeMap, iter};

use gimli::{
    CallFrameInstruction, DebugFrame, Dwarf, EndianSlice, Operation, Register, RunTimeEndian,
    UnwindSection,
};
use object::{Object, ObjectSection};
use probe_abi::machine::{self, Machine, ReturnAddress, Slot};
use proofs::{
    c::Compiler,
    executed::{Calls, KernelCalls, Prototype, Stub, Wrong, of_library, prototypes, wrong},
    facts::{Facts, Reading},
    proof::{self, Proof},
    select::{Endian, MACHINES, Variant},
    witnesses::Witness,
    wrong::roles,
};

/// Facts that DWARF does not show: the register of an argument, and everything except arguments. DWARF does show
/// whether the return address is on the stack.
const NOT_TOLD: &[&str] = &[
    "argument",
    "frame pointer",
    "return address",
    "return value",
    "second return value",
    "stack pointer",
    "what is added to the return address",
];

type Bytes<'a> = EndianSlice<'a, RunTimeEndian>;
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() {
    let mut proofs = Vec::new();
    for machine in MACHINES {
        for variant in machine.variants {
            let gcc = Compiler::gcc(variant);
            // As in tests/compilers.rs.
            if gcc.is_ok() || machine.name != "loongarch64" {
                proofs.push(proof("gcc", Facts::of(machine), variant, gcc));
            }
            let clang = Compiler::clang(variant);
            proofs.push(proof("clang", Facts::of(machine), variant, clang));
        }
    }
    proof::run(proofs)
}

fn proof(
    source: &'static str,
    facts: Result<&'static Facts, String>,
    variant: &'static Variant,
    compiler: Result<Compiler, String>,
) -> Proof {
    let facts = facts.unwrap_or_else(|error| panic!("{error}"));
    let what = format!("calls, {source}");
    let title = proof::name(facts.machine.name, variant.endian, &what);
    let needs = compiler.as_ref().map(drop).map_err(Clone::clone);
    Proof::new(title, needs, move || {
        let machine = Machine::named(facts.name()).ok_or("the library has no such machine")?;
        let truth = Truth::told(compiler?, facts, variant.endian)?;
        let mut checked = truth.agrees(facts)?;
        Witness::Dwarf.hold(facts, &roles(facts), |wrong| truth.agrees(wrong).is_err())?;
        for described in iter::once(&truth.user).chain(&truth.kernel) {
            let seen = |machine| Seen {
                machine,
                described,
                exact: source == "gcc",
            };
            let complaints = seen(machine).complaints();
            // One wrong fact gives a hundred complaints.
            proof::none(complaints.into_iter().take(5))?;
            let calls = described.calls;
            let in_registers = !calls.of(machine).registers.is_empty();
            let told = |wrong: &&Wrong| match &*wrong.fact {
                "order of a pair" => in_registers,
                fact => NOT_TOLD.iter().all(|not_told| !fact.starts_with(not_told)),
            };
            let wrong = wrong(machine, &facts.slots, calls, variant.endian);
            let overlooked = wrong.iter().filter(told);
            let overlooked =
                overlooked.filter(|wrong| seen(&wrong.machine).complaints().is_empty());
            proof::none(overlooked.map(|wrong| format!("{wrong}, and nothing refuses it")))?;
            let parameters = described
                .functions
                .iter()
                .flat_map(|function| &function.parameters);
            checked += parameters.filter(|parts| !parts.is_empty()).count();
        }
        proof::checked(source, facts.name(), checked);
        Ok(())
    })
}

/// A compiler's description of calls.
struct Truth {
    endian: Endian,
    user: Described,
    /// Of kernel code, if its convention differs.
    kernel: Option<Described>,
}

impl Truth {
    fn told(compiler: Compiler, facts: &Facts, endian: Endian) -> Result<Self, String> {
        let kernel = Stub::of(facts.machine).ok();
        let kernel = kernel.and_then(|stub| stub.kernel(endian));
        Ok(Self {
            endian,
            user: Described::by(&compiler, Calls::User, None, endian)?,
            kernel: match kernel {
                Some(kernel) => {
                    let compiler = compiler.args([kernel.flag]);
                    Some(Described::by(
                        &compiler,
                        Calls::Kernel,
                        Some(kernel),
                        endian,
                    )?)
                }
                None => None,
            },
        })
    }

    fn agrees(&self, facts: &Facts) -> Result<usize, String> {
        let registers = facts.user_arguments.len();
        let user = self.user.compare(facts, registers, |index| {
            facts.user_stack_argument(index, self.endian)
        })?;
        let kernel = self.kernel.as_ref().unwrap_or(&self.user);
        let kernel = kernel.compare(facts, facts.arguments.len(), |index| {
            facts.stack_argument(index, self.endian)
        })?;
        Ok(user + kernel)
    }
}

/// A compiler's description of functions, with the machine's state at their entries.
struct Described {
    endian: Endian,
    calls: Calls,
    /// The first function has as many parameters as there can be, all of them words.
    functions: Vec<Function>,
    /// The distance from the stack pointer to the return address, if that is on the stack.
    return_address: Option<i64>,
}

struct Function {
    prototype: Prototype,
    calls: Calls,
    parameters: Vec<Vec<Part>>,
}

/// The place of a parameter, or of the first or second half of it in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Register(Register),
    /// In bytes above the stack pointer.
    Stack(i64),
}

impl Described {
    fn by(
        compiler: &Compiler,
        calls: Calls,
        kernel: Option<KernelCalls>,
        endian: Endian,
    ) -> Result<Self, String> {
        let attribute = kernel.map_or("", |kernel| kernel.attribute);
        let of_asmlinkage = kernel.map_or(calls, |kernel| kernel.asmlinkage);
        let mut source = format!("#define ASMLINKAGE {attribute}\n");
        // For a function with variable arguments, DWARF may describe the state after it has saved its registers.
        let mut prototypes: Vec<_> = iter::once(Prototype::words()).chain(prototypes()).collect();
        prototypes.retain(|prototype| !prototype.variadic);
        // A function without a return value does not reuse a register.
        for prototype in &mut prototypes {
            prototype.returns = None;
        }
        // Each function is on its own line, and the line number finds it in DWARF.
        for (index, prototype) in prototypes.iter().enumerate() {
            source += &format!("{} {{}}\n", prototype.named(&format!("f{index}")));
        }
        // Without tracking, a parameter has one place for the whole function.
        let flags = [
            "-O1",
            "-w",
            "-gdwarf-4",
            "-fno-var-tracking",
            "-fno-asynchronous-unwind-tables",
            "-fno-unwind-tables",
        ];
        let object = compiler.clone().args(flags).object(&source)?;
        let (return_address, mut parameters) =
            read(&object, endian).map_err(|error| format!("DWARF: {error}"))?;
        let functions = prototypes.into_iter().zip(2..).map(|(prototype, line)| {
            let parameters = parameters.remove(&line).unwrap_or_default();
            if parameters.len() != prototype.parameters.len() {
                let described = parameters.len();
                return Err(format!(
                    "DWARF has {described} parameters of `{}`",
                    prototype.named("f")
                ));
            }
            Ok(Function {
                calls: match prototype.asmlinkage {
                    true => of_asmlinkage,
                    false => calls,
                },
                prototype,
                parameters,
            })
        });
        Ok(Self {
            endian,
            calls,
            functions: functions.collect::<Result<_, _>>()?,
            return_address,
        })
    }
}

impl Described {
    /// Compares the words with roles.
    fn compare(
        &self,
        facts: &Facts,
        registers: usize,
        on_stack: impl Fn(usize) -> Option<Reading>,
    ) -> Result<usize, String> {
        let words = &self.functions[0].parameters;
        for (index, parts) in words.iter().enumerate() {
            let same = match (&parts[..], on_stack(index)) {
                ([Part::Register(_)], None) => index < registers,
                ([Part::Stack(offset)], Some(reading)) => {
                    reading.slot == facts.stack_pointer.slot && reading.plus as i64 == *offset
                }
                _ => false,
            };
            if !same {
                return Err(format!(
                    "argument {index} is at {parts:?}, and the library has {:?}",
                    on_stack(index)
                ));
            }
        }
        let on_top = facts.returns_on_stack.then_some(0);
        if self.return_address != on_top {
            return Err(format!(
                "the return address is on the stack at {:?}, and not {on_top:?}",
                self.return_address
            ));
        }
        Ok(words.len() + 1)
    }
}

/// A compiler's description, and a machine that may be right about it.
struct Seen<'a> {
    machine: &'a Machine,
    described: &'a Described,
    /// Whether an address on the stack is that of the value. clang's address is that of the slot, or of the `int` in
    /// it.
    exact: bool,
}

impl Seen<'_> {
    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let on_top = match self.machine.return_address {
            ReturnAddress::Stack(_) => Some(0),
            ReturnAddress::Register(_) => None,
        };
        if self.described.return_address != on_top {
            complaints.push(format!(
                "the return address is on the stack at {:?}, and not {on_top:?}",
                self.described.return_address
            ));
        }
        let mut names = Vec::new();
        for function in &self.described.functions {
            let word = self.machine.word.into();
            let sizes = function.prototype.parameters.iter();
            let sizes: Vec<u8> = sizes.map(|ty| ty.size(word) as u8).collect();
            let convention = function.calls.of(self.machine);
            for (n, parts) in function.parameters.iter().enumerate() {
                let place = convention.place(&sizes, n, of_library(self.described.endian));
                if !place.is_some_and(|place| self.is(place, sizes[n], parts, &mut names)) {
                    complaints.push(format!(
                        "parameter {n} of `{}` is at {parts:?}, and the library has {place:?}",
                        function.prototype.named("f")
                    ));
                }
            }
        }
        complaints
    }

    /// Whether a parameter is at a place. If it is in two registers, clang describes only the first.
    fn is(
        &self,
        place: machine::Place,
        size: u8,
        parts: &[Part],
        names: &mut Vec<(Register, &'static str)>,
    ) -> bool {
        let mut register = |part, slot: Slot| match part {
            Part::Register(number) => {
                let known = names.iter().copied();
                let mut known =
                    known.filter(|(other, name)| *other == number || *name == slot.field);
                match known.next() {
                    Some(known) => known == (number, slot.field),
                    None => {
                        names.push((number, slot.field));
                        true
                    }
                }
            }
            Part::Stack(_) => false,
        };
        // On a big-endian machine a narrow value is at the end of its slot, and clang describes the start of the slot.
        let slot = match self.described.endian {
            Endian::Big if !self.exact => self.machine.word - size.min(self.machine.word),
            _ => 0,
        };
        let stack = |part, offset: u16| match part {
            Part::Stack(at) => (0..=slot.into()).contains(&(i64::from(offset) - at)),
            Part::Register(_) => false,
        };
        match (place, parts) {
            (machine::Place::Register(slot), &[part]) => register(part, slot),
            (machine::Place::Stack(offset), &[part]) => stack(part, offset),
            (machine::Place::Pair { low, high }, &[first, ref rest @ ..]) => {
                let (one, other) = match self.described.endian {
                    Endian::Little => (low, high),
                    Endian::Big => (high, low),
                };
                let second = match *rest {
                    [] => !self.exact,
                    [part] => register(part, other),
                    _ => false,
                };
                register(first, one) && second
            }
            // clang does not describe a value that the function loads and does not use.
            (machine::Place::Stack(_), []) => !self.exact,
            // gcc describes the state after the function has stored the low half below the high half.
            (machine::Place::Split { high, .. }, &[Part::Stack(at)]) => at + 4 == i64::from(high),
            (machine::Place::Split { low, high }, &[first, ref rest @ ..]) => {
                let second = match *rest {
                    [] => !self.exact,
                    [part] => stack(part, high),
                    _ => false,
                };
                register(first, low) && second
            }
            _ => false,
        }
    }
}

/// The return address on the stack, and the parameters of the function in each line.
type Functions = (Option<i64>, BTreeMap<u64, Vec<Vec<Part>>>);

fn read(object: &[u8], endian: Endian) -> Result<Functions> {
    let object = object::File::parse(object)?;
    let endian = match endian {
        Endian::Little => RunTimeEndian::Little,
        Endian::Big => RunTimeEndian::Big,
    };
    let section = |name: &str| {
        let section = object.section_by_name(name);
        let data = section.map_or(Ok(&[][..]), |section| section.data());
        data.map(|data| EndianSlice::new(data, endian))
    };
    // The relocations in these sections are all to offset 0, where the only unit is.
    let dwarf = Dwarf::load(|id| section(id.name()))?;
    let mut frames = DebugFrame::from(section(".debug_frame")?);
    frames.set_address_size(
        object
            .architecture()
            .address_size()
            .map_or(8, |size| size.bytes()),
    );
    let frame = Frame::at_entry(&frames)?;
    Ok((frame.return_address, functions(&dwarf, &frame)?))
}

fn functions(dwarf: &Dwarf<Bytes<'_>>, frame: &Frame) -> Result<BTreeMap<u64, Vec<Vec<Part>>>> {
    let header = dwarf.units().next()?.ok_or("it has no unit")?;
    let unit = dwarf.unit(header)?;
    let mut entries = unit.entries();
    let mut base = None;
    let mut line = None;
    let mut functions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    while let Some(entry) = entries.next_dfs()? {
        let operations = |name| {
            let Some(attribute) = entry.attr_value(name) else {
                return Ok(Vec::new());
            };
            let expression = attribute
                .exprloc_value()
                .ok_or("a place is no expression")?;
            let mut operations = expression.operations(unit.encoding());
            let mut all = Vec::new();
            while let Some(operation) = operations.next()? {
                all.push(operation);
            }
            Ok::<_, Box<dyn std::error::Error>>(all)
        };
        match entry.tag() {
            gimli::DW_TAG_subprogram => {
                line = entry
                    .attr_value(gimli::DW_AT_decl_line)
                    .and_then(|value| value.udata_value());
                base = match operations(gimli::DW_AT_frame_base)?[..] {
                    [Operation::CallFrameCFA] => Some(frame.above_stack_pointer),
                    [Operation::Register { register }] if register == frame.stack_pointer => {
                        Some(0)
                    }
                    // A frame pointer, which is not set yet.
                    _ => None,
                };
            }
            gimli::DW_TAG_formal_parameter => {
                let mut parts = Vec::new();
                for operation in operations(gimli::DW_AT_location)? {
                    parts.push(match operation {
                        Operation::Register { register } => Part::Register(register),
                        Operation::FrameOffset { offset } => {
                            Part::Stack(base.ok_or("there is no frame")? + offset)
                        }
                        Operation::RegisterOffset {
                            register, offset, ..
                        } if register == frame.stack_pointer => Part::Stack(offset),
                        Operation::Piece { .. } => continue,
                        other => return Err(format!("a parameter is at {other:?}").into()),
                    });
                }
                let line = line.ok_or("a function is in no line")?;
                functions.entry(line).or_default().push(parts);
            }
            _ => {}
        }
    }
    Ok(functions)
}

/// A debugger's description of a function's frame, before the first instruction.
struct Frame {
    stack_pointer: Register,
    above_stack_pointer: i64,
    /// The distance from the stack pointer, if it is on the stack.
    return_address: Option<i64>,
}

impl Frame {
    fn at_entry(frames: &DebugFrame<Bytes<'_>>) -> Result<Self> {
        let bases = gimli::BaseAddresses::default();
        let cie = frames.cie_from_offset(&bases, gimli::DebugFrameOffset(0))?;
        let (mut frame, mut return_address) = (None, None);
        let mut instructions = cie.instructions(frames, &bases);
        while let Some(instruction) = instructions.next()? {
            match instruction {
                CallFrameInstruction::DefCfa { register, offset } => {
                    frame = Some((register, offset as i64))
                }
                // riscv and mips name no offset if it is 0.
                CallFrameInstruction::DefCfaRegister { register } => {
                    frame = Some((register, frame.map_or(0, |(_, offset)| offset)))
                }
                CallFrameInstruction::Offset {
                    register,
                    factored_offset,
                } if register == cie.return_address_register() => {
                    return_address = Some(factored_offset as i64 * cie.data_alignment_factor());
                }
                _ => {}
            }
        }
        let (stack_pointer, above_stack_pointer) = frame.ok_or("it has no frame")?;
        Ok(Self {
            stack_pointer,
            above_stack_pointer,
            return_address: return_address.map(|offset| above_stack_pointer + offset),
        })
    }
}
