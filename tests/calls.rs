//! Promise: gcc and clang pass as many arguments in registers as the library says, and the others on the
//! stack where the library looks for them, on every machine and in both endiannesses.
//!
//! Compilers describe it in DWARF, for debuggers: where each parameter of a function is at its entry,
//! and where the stack pointer is then. What they call a register is a number of the psABI's; which of
//! them it is, libbpf and the booted kernels tell.

use gimli::{
    CallFrameInstruction, DebugFrame, Dwarf, EndianSlice, Operation, Register, RunTimeEndian,
    UnwindSection,
};
use object::{Object, ObjectSection};
use xtask::{
    c::Compiler,
    facts::{Facts, Reading},
    proof::{self, Proof},
    select::{Endian, MACHINES, Variant},
    witnesses::Witness,
    wrong,
};

/// More than any machine has registers for.
const PARAMETERS: usize = 12;

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
        let truth = Truth::told(compiler?, facts, variant.endian)?;
        let checked = truth.agrees(facts)?;
        Witness::Dwarf.hold(facts, &wrong::roles(facts), |wrong| {
            truth.agrees(wrong).is_err()
        })?;
        proof::checked(source, facts.name(), checked);
        Ok(())
    })
}

/// What a compiler tells of calls.
struct Truth {
    endian: Endian,
    user: Call,
    /// Of kernel code, where it is called in another way.
    kernel: Option<Call>,
}

impl Truth {
    fn told(compiler: Compiler, facts: &Facts, endian: Endian) -> Result<Self, String> {
        let user = Call::compiled(&compiler, endian)?;
        let registers = facts.arguments.len();
        let kernel = match registers == facts.user_arguments.len() {
            true if facts.machine.name != "powerpc64" => None,
            // Kernels are compiled for ELFv2 in both endiannesses.
            true => Some(Call::compiled(&compiler.args(["-mabi=elfv2"]), endian)?),
            false => {
                let kernel = compiler.args([format!("-mregparm={registers}")]);
                Some(Call::compiled(&kernel, endian)?)
            }
        };
        Ok(Self {
            endian,
            user,
            kernel,
        })
    }

    fn agrees(&self, facts: &Facts) -> Result<usize, String> {
        let checked = self
            .user
            .compare(facts, facts.user_arguments.len(), |index| {
                facts.user_stack_argument(index, self.endian)
            })?;
        let kernel = self.kernel.as_ref().unwrap_or(&self.user);
        let kernel = kernel.compare(facts, facts.arguments.len(), |index| {
            facts.stack_argument(index, self.endian)
        })?;
        Ok(checked + kernel)
    }
}

/// A call of a function, as the machine is at its entry.
#[derive(Debug)]
struct Call {
    parameters: Vec<Place>,
    /// From the stack pointer to the return address, where that is on the stack.
    return_address: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Register(Register),
    /// So many bytes above the stack pointer.
    Stack(i64),
}

impl Call {
    fn compiled(compiler: &Compiler, endian: Endian) -> Result<Self, String> {
        let parameters: Vec<String> = (0..PARAMETERS)
            .map(|index| format!("unsigned long a{index}"))
            .collect();
        let source = format!("void called({}) {{}}", parameters.join(", "));
        // Without tracking a parameter has one place for the whole function.
        let flags = [
            "-O1",
            "-gdwarf-4",
            "-fno-var-tracking",
            "-fno-asynchronous-unwind-tables",
            "-fno-unwind-tables",
        ];
        let object = compiler.clone().args(flags).object(&source)?;
        let call = read(&object, endian).map_err(|error| format!("DWARF: {error}"))?;
        match call.parameters.len() {
            PARAMETERS => Ok(call),
            other => Err(format!("DWARF has {other} parameters of {PARAMETERS}")),
        }
    }

    fn compare(
        &self,
        facts: &Facts,
        registers: usize,
        on_stack: impl Fn(usize) -> Option<Reading>,
    ) -> Result<usize, String> {
        for (index, place) in self.parameters.iter().enumerate() {
            let same = match (*place, on_stack(index)) {
                (Place::Register(_), None) => index < registers,
                (Place::Stack(offset), Some(reading)) => {
                    reading.slot == facts.stack_pointer.slot && reading.plus as i64 == offset
                }
                _ => false,
            };
            if !same {
                return Err(format!(
                    "argument {index} is at {place:?}, and the library has {:?}",
                    on_stack(index)
                ));
            }
        }
        let used = self.parameters[..registers].iter();
        let distinct = used
            .clone()
            .enumerate()
            .all(|(n, place)| !self.parameters[..n].contains(place));
        if !distinct {
            return Err(format!(
                "one register for two arguments: {:?}",
                self.parameters
            ));
        }
        let on_top = facts.returns_on_stack.then_some(0);
        if self.return_address != on_top {
            return Err(format!(
                "the return address is on the stack at {:?}, and not {on_top:?}",
                self.return_address
            ));
        }
        Ok(PARAMETERS + 1)
    }
}

fn read(object: &[u8], endian: Endian) -> Result<Call> {
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
    // What is read here has no relocations but those to offset 0, where the only unit is.
    let dwarf = Dwarf::load(|id| section(id.name()))?;
    let mut frames = DebugFrame::from(section(".debug_frame")?);
    frames.set_address_size(
        object
            .architecture()
            .address_size()
            .map_or(8, |size| size.bytes()),
    );
    let frame = Frame::at_entry(&frames)?;
    Ok(Call {
        parameters: parameters(&dwarf, &frame)?,
        return_address: frame.return_address,
    })
}

fn parameters(dwarf: &Dwarf<Bytes<'_>>, frame: &Frame) -> Result<Vec<Place>> {
    let header = dwarf.units().next()?.ok_or("it has no unit")?;
    let unit = dwarf.unit(header)?;
    let mut entries = unit.entries();
    let mut base = None;
    let mut parameters = Vec::new();
    while let Some(entry) = entries.next_dfs()? {
        let first = |name| {
            let attribute = entry
                .attr_value(name)
                .and_then(|value| value.exprloc_value());
            let mut operations = attribute
                .ok_or("a place is no expression")?
                .operations(unit.encoding());
            Ok::<_, Box<dyn std::error::Error>>(operations.next()?)
        };
        match entry.tag() {
            gimli::DW_TAG_subprogram => {
                base = match first(gimli::DW_AT_frame_base)? {
                    Some(Operation::CallFrameCFA) => Some(frame.above_stack_pointer),
                    Some(Operation::Register { register }) if register == frame.stack_pointer => {
                        Some(0)
                    }
                    // A frame pointer, which is not set yet.
                    _ => None,
                };
            }
            gimli::DW_TAG_formal_parameter => {
                parameters.push(match first(gimli::DW_AT_location)? {
                    Some(Operation::Register { register }) => Place::Register(register),
                    Some(Operation::FrameOffset { offset }) => {
                        Place::Stack(base.ok_or("there is no frame")? + offset)
                    }
                    Some(Operation::RegisterOffset {
                        register, offset, ..
                    }) if register == frame.stack_pointer => Place::Stack(offset),
                    other => return Err(format!("a parameter is at {other:?}").into()),
                })
            }
            _ => {}
        }
    }
    Ok(parameters)
}

/// What a debugger calls the frame of a function, before its first instruction.
struct Frame {
    stack_pointer: Register,
    above_stack_pointer: i64,
    /// From the stack pointer, where it is on the stack.
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
                // riscv and mips name no offset where there is none.
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
