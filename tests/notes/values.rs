//! The values of the operands where the program stops, compared with those that the program prints.

use std::{collections::BTreeSet, mem, path::Path, thread};

use object::{Object, ObjectSection, SectionKind};
use probe_abi::{arch::Ptr, machine::Machine, operand::Operand, testing};
use probe_abi_usdt::Probe;
use proofs::{
    operands::{HOST, read_of},
    proof::none,
    select::Endian,
    stopped::Stopped,
};

/// The program at one of its probes.
pub struct Stop<'a> {
    probe: &'a Probe<'a>,
    world: World,
    /// The values of the arguments that the program prints.
    said: Vec<u64>,
}

/// The state that a probe can read.
struct World {
    machine: &'static Machine,
    endian: Endian,
    registers: [u8; 400],
    /// Each part starts at an address that is a multiple of 8.
    memory: Vec<(u64, Vec<u8>)>,
}

/// Runs the program, and stops it once at each of its probes.
pub fn stops<'a>(
    emulator: &Path,
    path: &Path,
    machine: &'static Machine,
    endian: Endian,
    probes: &[&'a Probe<'a>],
) -> Result<Vec<Stop<'a>>, String> {
    let mut program = Stopped::start(emulator, path, machine, endian)?;
    for probe in probes {
        program.stop_at(probe.location.address)?;
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let file = object::File::parse(&*bytes).map_err(|error| error.to_string())?;
    let data = file.sections().filter(|section| {
        let is_data = matches!(
            section.kind(),
            SectionKind::Data | SectionKind::UninitializedData
        );
        is_data && section.name() != Ok(".aside") && section.size() < 4096
    });
    let data: Vec<_> = data
        .map(|section| (section.address(), section.size()))
        .collect();
    let mut stopped = Vec::new();
    while let Some(address) = program.go()? {
        let probe = probes
            .iter()
            .find(|probe| probe.location.address == address);
        let probe = probe.ok_or_else(|| format!("it stops at {address:#x}, which is no probe"))?;
        let mut registers = [0; 400];
        let mut stack = 0;
        for (name, value) in program.registers()? {
            let view = machine.register(name).map_err(|error| error.to_string())?;
            let slot = view.slot;
            let value = value.to_ne_bytes();
            let value = match HOST {
                Endian::Little => &value[..slot.width.into()],
                Endian::Big => &value[8 - usize::from(slot.width)..],
            };
            registers[slot.offset.into()..][..value.len()].copy_from_slice(value);
            if slot == machine.stack_pointer {
                stack = view.of(u64::from_ne_bytes(value_of(value)));
            }
        }
        let bias = if machine.name == "sparc64" { 2047 } else { 0 };
        let mut memory = Vec::new();
        let stack = (stack.wrapping_add(bias).wrapping_sub(256), 1024);
        for (address, size) in data.iter().copied().chain([stack]) {
            let start = address & !7;
            let size = (size + (address - start)).next_multiple_of(8);
            memory.push((start, program.memory(start, size)?));
        }
        stopped.push((*probe, registers, memory));
    }
    let said = program.said()?;
    let mut said = &said[..];
    let stops = stopped.into_iter().map(|(probe, registers, memory)| {
        Ok(Stop {
            probe,
            world: World {
                machine,
                endian,
                registers,
                memory,
            },
            said: record(&mut said, probe.name)?,
        })
    });
    let stops: Vec<_> = stops.collect::<Result<_, String>>()?;
    let reached: BTreeSet<_> = stops.iter().map(|stop| stop.probe.location).collect();
    match reached.len() == probes.len() {
        true => Ok(stops),
        false => Err(format!(
            "it stops at {} of {} probes",
            reached.len(),
            probes.len()
        )),
    }
}

/// The bytes of a register as a number of 64 bits.
fn value_of(bytes: &[u8]) -> [u8; 8] {
    let mut value = [0; 8];
    match HOST {
        Endian::Little => value[..bytes.len()].copy_from_slice(bytes),
        Endian::Big => value[8 - bytes.len()..].copy_from_slice(bytes),
    }
    value
}

/// The values that the program prints before the next probe, which has that name.
fn record(said: &mut &[u8], name: &str) -> Result<Vec<u64>, String> {
    let number = |said: &mut &[u8]| {
        let (number, rest) = said.split_first_chunk().ok_or("it says too little")?;
        *said = rest;
        Ok::<_, String>(u64::from_le_bytes(*number))
    };
    // The functions also print their results, which are skipped.
    let wanted = [name.as_bytes(), &[0]].concat();
    while !said.starts_with(&wanted) {
        number(said)?;
    }
    *said = &said[wanted.len()..];
    let count = number(said)?;
    (0..count).map(|_| number(said)).collect()
}

impl World {
    /// The values that a probe reads by operands.
    fn values(&self, operands: &[Operand]) -> Vec<Result<u64, i32>> {
        let read = read_of(self.machine.name).expect("it is one of the machines");
        // Each thread has its own memory.
        let reads = || {
            let mut values = vec![Err(0); operands.len()];
            let mut published = 0;
            for (operand, value) in operands.iter().zip(&mut values) {
                let size = match self.endian == HOST {
                    true => 1,
                    false => operand.size(),
                };
                if published != size {
                    self.publish(size.into());
                    published = size;
                }
                *value = read(operand, &self.registers);
            }
            values
        };
        thread::scope(|scope| scope.spawn(reads).join().expect("it does not panic"))
    }

    /// Makes this memory the thread's. Values of that size are in the byte order of this computer.
    fn publish(&self, size: usize) {
        for (address, bytes) in &self.memory {
            for (at, chunk) in (*address..).step_by(8).zip(bytes.chunks_exact(8)) {
                let mut turned: [u8; 8] = chunk.try_into().expect("it has 8 bytes");
                for value in turned.chunks_exact_mut(size) {
                    if self.endian != HOST {
                        value.reverse();
                    }
                }
                testing::user_at::<[u8; 8], u64>(Ptr::new(at), turned);
            }
        }
    }
}

/// Whether operands have the values that the program prints, and wrong ones do not. Returns their number.
pub fn agree(
    stops: &[Stop],
    operands: impl Fn(&Probe) -> Vec<Result<Operand, String>>,
) -> Result<usize, String> {
    let (mut checked, mut complaints) = (0, Vec::new());
    let (mut wrong, mut overlooked) = (0, Vec::new());
    for stop in stops {
        let told = operands(stop.probe);
        if !told.is_empty() && told.len() != stop.said.len() {
            let (is, said) = (told.len(), stop.said.len());
            complaints.push(format!("{} has {is} arguments, of {said}", stop.probe));
        }
        for (n, (operand, said)) in told.into_iter().zip(&stop.said).enumerate() {
            let operand = match operand {
                Ok(operand) => operand,
                Err(error) if is_excused(&error) => continue,
                Err(error) => {
                    complaints.push(format!("{}, argument {n}: {error}", stop.probe));
                    continue;
                }
            };
            let wrongs = wrongs(operand, stop.world.machine);
            let all: Vec<_> = [operand]
                .into_iter()
                .chain(wrongs.iter().flat_map(|(_, wrong)| wrong.iter().copied()))
                .collect();
            let values = stop.world.values(&all);
            let text = operand.text(stop.world.machine);
            if values[0] != Ok(*said) {
                let value = values[0];
                complaints.push(format!(
                    "{}, argument {n}, `{text}`: {value:x?}, and the program says {said:#x}",
                    stop.probe
                ));
                continue;
            }
            checked += 1;
            let mut values = &values[1..];
            for (what, wrongs) in wrongs {
                let (these, rest) = values.split_at(wrongs.len());
                values = rest;
                wrong += 1;
                // A copy of the value may be there.
                if these.iter().all(|value| *value == Ok(*said)) {
                    overlooked.push(format!("{}, `{text}`, {what}", stop.probe));
                }
            }
        }
    }
    none(complaints)?;
    none(overlooked)
        .map_err(|which| format!("of {wrong} wrong operands nobody notices:\n{which}"))?;
    Ok(checked)
}

fn is_excused(error: &str) -> bool {
    [
        // sparc64's windows, which `pt_regs` does not have.
        "which `pt_regs` does not have",
        "that `pt_regs` does not have",
        "the address of a symbol is not in the operand",
        "an address relative to the instruction that reads it is not known here",
        "does not fit in",
        // Errors of DWARF.
        "in pieces",
        "has to be computed",
        "has removed it",
        "when the function was entered",
    ]
    .iter()
    .any(|excuse| error.contains(excuse))
}

/// Operands with one mistake: some of each kind.
fn wrongs(right: Operand, machine: &Machine) -> Vec<(&'static str, Vec<Operand>)> {
    // SAFETY: it is made of integers, without gaps, as its documentation says.
    let bytes: [u8; 16] = unsafe { mem::transmute(right) };
    let with = |at: usize, new: &[u8]| {
        let mut bytes = bytes;
        bytes[at..][..new.len()].copy_from_slice(new);
        // SAFETY: the same.
        unsafe { mem::transmute::<[u8; 16], Operand>(bytes) }
    };
    let (is_constant, is_register) = (bytes[12] == 0, bytes[12] == 1);
    let mut wrongs = Vec::new();
    let slots = machine
        .registers
        .iter()
        .filter_map(|register| register.slot);
    let slots: Vec<u16> = slots.map(|slot| slot.offset).collect();
    let base = u16::from_ne_bytes([bytes[8], bytes[9]]);
    if let (false, Some(at)) = (is_constant, slots.iter().position(|slot| *slot == base)) {
        let others = slots.iter().cycle().skip(at + 1).take(3);
        let others = others.map(|slot| with(8, &slot.to_ne_bytes()));
        wrongs.push(("in another register", others.collect()));
    }
    if !is_register {
        let constant = i64::from_ne_bytes(bytes[..8].try_into().expect("it has 8 bytes"));
        let others = [4, 8, -4].map(|more| with(0, &(constant + more).to_ne_bytes()));
        wrongs.push(("at another offset", others.into()));
    }
    if !is_constant && right.size() > 1 {
        wrongs.push(("of half its size", vec![with(14, &[right.size() / 2])]));
    }
    wrongs
}
