//! Promise: the registers of every machine have the names that assemblers give them, the numbers that DWARF gives them,
//! and the slots in which the kernel keeps them.
//!
//! Assemblers show the number of a name: each name is written in `.cfi_undefined`. gcc shows the number of each
//! register that a variable can be pinned to. readelf shows the name of a number.

use std::{
    collections::BTreeMap,
    fs,
    process::{self, Command},
};

use gimli::{
    CallFrameInstruction, CieOrFde, DebugFrame, Dwarf, EndianSlice, Operation, RunTimeEndian,
    UnwindSection,
};
use object::{Object, ObjectSection};
use probe_abi::{
    machine::{Machine, ReturnAddress, Slot},
    registers::Register,
};
use proofs::{
    bpf::root,
    c::Compiler,
    facts::Facts,
    host::output,
    proof::{self, Proof, none},
    select::{Endian, MACHINES, Variant},
};

type Bytes<'a> = EndianSlice<'a, RunTimeEndian>;

fn main() {
    let mut proofs = Vec::new();
    for machine in MACHINES {
        let Some(value) = Machine::named(machine.name) else {
            continue;
        };
        let facts = Facts::of(machine).unwrap_or_else(|error| panic!("{error}"));
        let variants = machine.variants;
        proofs.push(Proof::new(
            proof::name(machine.name, None, "names and numbers of registers"),
            Compiler::clang(&variants[0]).map(drop),
            move || names_and_numbers(value, variants),
        ));
        proofs.push(Proof::new(
            proof::name(machine.name, None, "slots of registers"),
            Ok(()),
            move || slots(value, facts),
        ));
        proofs.push(Proof::new(
            proof::name(machine.name, None, "lookups of registers"),
            Ok(()),
            move || lookups(value),
        ));
    }
    proof::run(proofs)
}

/// The numbers that a source gives for names.
struct Told {
    source: &'static str,
    numbers: BTreeMap<&'static str, u16>,
}

/// Names for which a source is wrong, or means another register.
struct Mistake {
    machine: &'static str,
    source: &'static str,
    names: fn(&str) -> bool,
}

const MISTAKES: &[Mistake] = &[
    // gcc describes two of the older registers, s0 and s1, which are the same register.
    mistake("arm", "gcc", |name| name.starts_with(['d', 'q'])),
    // gcc knows only the names of o32.
    mistake("mips64", "gcc", |name| {
        ["t0", "t1", "t2", "t3"].contains(&name)
    }),
    // gas gives 70, the number of cr2. Unwinders use that number for all of cr.
    mistake("powerpc", "gas", |name| name == "cr"),
    mistake("powerpc64", "gas", |name| name == "cr"),
    // gcc has its own numbers, not the psABI's.
    mistake("s390x", "gcc", |name| name == "a0"),
    // gas adds 16 to the register's number, which is not the psABI's order.
    mistake("s390x", "gas", |name| name.starts_with(['f', 'v'])),
    // clang gives y the number that gcc and gas give f32. For gcc and gas y has no number.
    mistake("sparc64", "clang", |name| name == "y"),
];

const fn mistake(machine: &'static str, source: &'static str, names: fn(&str) -> bool) -> Mistake {
    Mistake {
        machine,
        source,
        names,
    }
}

fn names_and_numbers(machine: &Machine, variants: &'static [Variant]) -> Result<(), String> {
    let mut told = Vec::new();
    for variant in variants {
        if let Ok(gcc) = Compiler::gcc(variant) {
            told.push(assembler("gas", &gcc, machine, variant.endian)?);
            told.push(pinned(&gcc, machine, variant.endian)?);
        }
        let clang = Compiler::clang(variant)?;
        told.push(assembler("clang", &clang, machine, variant.endian)?);
        told.push(readelf(&clang, machine)?);
    }
    let registers: Vec<Register> = machine.registers.iter().collect();
    none(complaints(machine.name, &registers, &told))?;

    // Two registers with exchanged numbers are refused.
    let mut overlooked = Vec::new();
    for n in 0..registers.len() {
        let other = (n + 1) % registers.len();
        let mut wrong = registers.clone();
        wrong[n].dwarf = registers[other].dwarf;
        wrong[other].dwarf = registers[n].dwarf;
        let differs = wrong[n].dwarf != registers[n].dwarf;
        if differs && complaints(machine.name, &wrong, &told).is_empty() {
            overlooked.push(format!(
                "`{}` and `{}` have each other's numbers, and nothing refuses it",
                wrong[n].name, wrong[other].name
            ));
        }
    }
    none(overlooked)?;
    for Told { source, numbers } in &told {
        proof::checked(source, machine.name, numbers.len());
    }
    Ok(())
}

fn complaints(machine: &str, registers: &[Register], told: &[Told]) -> Vec<String> {
    let mut complaints = Vec::new();
    for register in registers {
        let mut is_told = false;
        for Told { source, numbers } in told {
            for name in register.names() {
                let Some(&number) = numbers.get(name) else {
                    continue;
                };
                let mistaken = MISTAKES.iter().any(|mistake| {
                    (mistake.machine, mistake.source) == (machine, *source) && (mistake.names)(name)
                });
                is_told |= !mistaken && register.dwarf == Some(number);
                if !mistaken && register.dwarf != Some(number) {
                    complaints.push(format!(
                        "`{name}` has the number {number} by {source}, and {:?} in the table",
                        register.dwarf
                    ));
                }
            }
        }
        if register.dwarf.is_some() && !is_told {
            complaints.push(format!(
                "nobody says that `{}` has the number {:?}",
                register.name, register.dwarf
            ));
        }
    }
    complaints
}

/// Every name of a machine's registers.
fn names(machine: &Machine) -> Vec<&'static str> {
    let registers = machine.registers.iter();
    registers.flat_map(|register| register.names()).collect()
}

/// The number that an assembler gives each name that it knows.
fn assembler(
    source: &'static str,
    compiler: &Compiler,
    machine: &Machine,
    endian: Endian,
) -> Result<Told, String> {
    let sign = machine.syntax.register;
    let names = names(machine);
    let mut lines: Vec<String> = names
        .iter()
        .map(|name| format!(".cfi_startproc; .long 0; .cfi_undefined {sign}{name}; .cfi_endproc"))
        .collect();
    let fpu = match machine.name {
        "arm" => ".fpu neon;",
        _ => "",
    };
    lines.insert(0, format!("{fpu} .cfi_sections .debug_frame"));
    let (object, refused) = compiler.object_without("assembler", &lines)?;
    let numbers = undefined(&object, endian).map_err(|error| format!("DWARF: {error}"))?;
    let taken = (1..).zip(names).filter(|(line, _)| !refused.contains(line));
    let told: Vec<_> = taken.map(|(_, name)| name).collect();
    if told.len() != numbers.len() {
        return Err(format!(
            "{source} took {} names, and describes {}",
            told.len(),
            numbers.len()
        ));
    }
    let numbers = told.into_iter().zip(numbers);
    Ok(Told {
        source,
        numbers: numbers
            .filter_map(|(name, number)| Some((name, number?)))
            .collect(),
    })
}

/// The register that each frame calls undefined; `None` if it has no number.
fn undefined(
    object: &[u8],
    endian: Endian,
) -> Result<Vec<Option<u16>>, Box<dyn std::error::Error>> {
    let object = object::File::parse(object)?;
    let section = object
        .section_by_name(".debug_frame")
        .ok_or("it has no frames")?;
    let mut frames = DebugFrame::from(EndianSlice::new(section.data()?, runtime(endian)));
    let size = object.architecture().address_size();
    frames.set_address_size(size.map_or(8, |size| size.bytes()));
    let bases = gimli::BaseAddresses::default();
    let mut numbers = Vec::new();
    let mut entries = frames.entries(&bases);
    while let Some(entry) = entries.next()? {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        let fde = partial.parse(DebugFrame::cie_from_offset)?;
        let mut instructions = fde.instructions(&frames, &bases);
        // clang writes -1 for a register without a number.
        numbers.push(loop {
            match instructions.next() {
                Ok(Some(CallFrameInstruction::Undefined { register })) => break Some(register.0),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break None,
            }
        });
    }
    Ok(numbers)
}

fn runtime(endian: Endian) -> RunTimeEndian {
    match endian {
        Endian::Little => RunTimeEndian::Little,
        Endian::Big => RunTimeEndian::Big,
    }
}

/// The register in which gcc's DWARF has a variable that is pinned to a register.
fn pinned(gcc: &Compiler, machine: &Machine, endian: Endian) -> Result<Told, String> {
    let names = names(machine);
    // With these options registers of 32 bits may have odd numbers.
    let more: &[&str] = match machine.name {
        "mips" => &["-mfp32", "-modd-spreg"],
        _ => &[],
    };
    let mut numbers = BTreeMap::new();
    for ty in ["long", "double", "float", "long long", "__int128"] {
        let functions = names.iter().enumerate().map(|(index, name)| {
            if numbers.contains_key(name) {
                return String::new();
            }
            format!(
                "void f{index}(void) {{ register {ty} v __asm__(\"{name}\"); \
                 __asm__ volatile(\"\" : \"=X\"(v)); __asm__ volatile(\"\" : : \"X\"(v)); }}"
            )
        });
        let functions: Vec<String> = functions.collect();
        let gcc = gcc.clone().args(["-O0", "-w", "-gdwarf-4"]);
        let gcc = gcc.args(more.iter().copied());
        let (object, _) = gcc.object_without("c", &functions)?;
        let described = variables(&object, endian).map_err(|error| format!("DWARF: {error}"))?;
        for (line, number) in described {
            if let Some(name) = (line as usize)
                .checked_sub(1)
                .and_then(|line| names.get(line))
            {
                numbers.insert(*name, number);
            }
        }
    }
    Ok(Told {
        source: "gcc",
        numbers,
    })
}

/// The line of each variable that is in a register, and the number of the register.
fn variables(object: &[u8], endian: Endian) -> Result<Vec<(u64, u16)>, Box<dyn std::error::Error>> {
    let object = object::File::parse(object)?;
    let section = |id: gimli::SectionId| {
        let section = object.section_by_name(id.name());
        let data = section.map_or(Ok(&[][..]), |section| section.data());
        data.map(|data| Bytes::new(data, runtime(endian)))
    };
    let dwarf = Dwarf::load(section)?;
    let Some(header) = dwarf.units().next()? else {
        return Ok(Vec::new());
    };
    let unit = dwarf.unit(header)?;
    let mut entries = unit.entries();
    let mut found = Vec::new();
    while let Some(entry) = entries.next_dfs()? {
        let line = entry.attr_value(gimli::DW_AT_decl_line);
        let place = entry.attr_value(gimli::DW_AT_location);
        let (Some(line), Some(place)) = (line.and_then(|line| line.udata_value()), place) else {
            continue;
        };
        let Some(place) = place.exprloc_value() else {
            continue;
        };
        if let Some(Operation::Register { register }) = place.operations(unit.encoding()).next()? {
            found.push((line, register.0));
        }
    }
    Ok(found)
}

/// readelf's name for each number, if it has one.
fn readelf(compiler: &Compiler, machine: &Machine) -> Result<Told, String> {
    let numbers = machine
        .registers
        .iter()
        .filter_map(|register| register.dwarf);
    let lines = numbers
        .map(|number| format!(".cfi_startproc; .long 0; .cfi_undefined {number}; .cfi_endproc\n"));
    let text = format!(".cfi_sections .debug_frame\n{}", lines.collect::<String>());
    let object = compiler.assembled(&text)?;
    let path = root().join(format!(
        "target/objects/{}-{}.o",
        process::id(),
        machine.name
    ));
    fs::write(&path, object).map_err(|error| error.to_string())?;
    let said = output(
        Command::new("readelf")
            .arg("--debug-dump=frames")
            .arg(&path),
    );
    let _ = fs::remove_file(&path);
    // `DW_CFA_undefined: r17 (xmm0)`
    let names = names(machine);
    let mut told = BTreeMap::new();
    for line in said?
        .lines()
        .filter_map(|line| line.split_once("DW_CFA_undefined: r"))
    {
        let mut words = line.1.split_whitespace();
        let number = words.next().and_then(|number| number.parse().ok());
        let name = words.next().map(|name| name.trim_matches(['(', ')']));
        let name = names.iter().find(|known| Some(**known) == name);
        if let (Some(number), Some(name)) = (number, name) {
            told.insert(*name, number);
        }
    }
    Ok(Told {
        source: "readelf",
        numbers: told,
    })
}

/// Slots whose name differs from the register's, by the kernel's `asm/ptrace.h`.
const OTHER_NAMES: &[(&str, &str)] = &[
    // i386: the selectors.
    ("cs", "xcs"),
    ("ds", "xds"),
    ("es", "xes"),
    ("fs", "xfs"),
    ("gs", "xgs"),
    ("ss", "xss"),
    // arm: `ARM_cpsr`.
    ("cpsr", "uregs[16]"),
    // s390x: `psw_t`.
    ("pswm", "psw.mask"),
    // powerpc
    ("cr", "ccr"),
    // sparc64
    ("npc", "tnpc"),
];

/// Each register is in the slot that has its name, its number, or its role. Numbers are proven above, and with them the
/// index of a slot in an array of the kernel. Roles are proven by booted kernels.
fn slots(machine: &Machine, facts: &'static Facts) -> Result<(), String> {
    let registers: Vec<Register> = machine.registers.iter().collect();
    none(misplaced(machine, facts, &registers))?;
    let mut overlooked = Vec::new();
    for (n, register) in registers.iter().enumerate() {
        for (at, slot) in facts.slots.iter().enumerate() {
            let other = facts.slots[(at + 1) % facts.slots.len()];
            let mut wrong = registers.clone();
            wrong[n].slot = Some(Slot {
                field: other.field,
                offset: other.offset as u16,
                width: other.width as u8,
            });
            let is_this = register
                .slot
                .is_some_and(|this| usize::from(this.offset) == slot.offset);
            if is_this && misplaced(machine, facts, &wrong).is_empty() {
                overlooked.push(format!(
                    "`{}` is in `{}`, and nothing refuses it",
                    register.name, other.field
                ));
            }
        }
        let mut wrong = registers.clone();
        wrong[n].slot = match register.slot {
            Some(_) => None,
            None => registers[0].slot,
        };
        if misplaced(machine, facts, &wrong).is_empty() && !is_of_no_role(register) {
            overlooked.push(format!(
                "`{}` is in {:?}, and nothing refuses it",
                register.name, wrong[n].slot
            ));
        }
    }
    none(overlooked)?;
    let held = registers.iter().filter(|register| register.slot.is_some());
    proof::checked("the fields of `pt_regs`", machine.name, held.count());
    Ok(())
}

/// Whether nothing here shows that ctx has a register: it is not in an array of the kernel, and has no role.
fn is_of_no_role(register: &Register) -> bool {
    register.slot.is_some_and(|slot| !slot.field.contains('['))
}

fn misplaced(machine: &Machine, facts: &Facts, registers: &[Register]) -> Vec<String> {
    let mut complaints = Vec::new();
    let role = |name| match (name, machine.return_address) {
        ("pc" | "pswa" | "rip" | "eip", _) => Some(machine.instruction_pointer),
        ("lr", ReturnAddress::Register(slot)) => Some(slot),
        _ => None,
    };
    let held = registers
        .iter()
        .filter_map(|register| Some((register, register.slot?)));
    for (register, slot) in held.clone() {
        let has_its_name = register.names().any(|name| name == slot.field);
        let has_another = OTHER_NAMES.contains(&(register.name, slot.field));
        let has_its_role = register.names().find_map(role) == Some(slot);
        let index = slot
            .field
            .split_once('[')
            .map(|(_, index)| index.trim_end_matches(']'));
        let has_its_number = index.is_some_and(|index| {
            index.parse().ok() == register.dwarf && !slot.field.starts_with("args")
        });
        if !(has_its_name || has_another || has_its_role || has_its_number) {
            complaints.push(format!("`{}` is in `{}`", register.name, slot.field));
        }
    }
    let is_held = |slot: &Slot| held.clone().any(|(_, other)| other == *slot);
    let address = match machine.return_address {
        ReturnAddress::Register(slot) | ReturnAddress::Stack(slot) => slot,
    };
    let mut roles = vec![machine.instruction_pointer, machine.stack_pointer, address];
    roles.extend(machine.frame_pointer);
    for convention in [machine.kernel, machine.user] {
        roles.extend(convention.registers.iter().chain(convention.return_value));
    }
    complaints.extend(
        roles
            .iter()
            .filter(|slot| !is_held(slot))
            .map(|slot| format!("no register is in `{}`", slot.field)),
    );
    // The elements of arrays are registers, except arguments that the kernel keeps.
    let kept = |field: &str| field.starts_with("args") || field == "uregs[17]";
    let elements = facts.slots.iter().filter(|slot| slot.field.contains('['));
    complaints.extend(
        elements
            .filter(|slot| {
                !kept(slot.field) && !held.clone().any(|(_, other)| other.field == slot.field)
            })
            .map(|slot| format!("`{}` is no register", slot.field)),
    );
    complaints
}

/// Every name and number finds its register and no other. Other texts give a sentence.
fn lookups(machine: &Machine) -> Result<(), String> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for register in machine.registers.iter() {
        for name in register.names() {
            if let Some(other) = owners.insert(name, register.name) {
                return Err(format!(
                    "`{name}` is both `{other}` and `{}`",
                    register.name
                ));
            }
            for name in [
                name.to_owned(),
                format!("{}{name}", machine.syntax.register),
            ] {
                let found = machine.register(&name);
                let same = match (found, register.slot) {
                    (Ok(view), Some(slot)) => {
                        view.register == register.name
                            && view.slot == slot
                            && view.shift + 8 * view.width <= 8 * slot.width
                    }
                    (Err(error), None) => error.not_in_ctx() == Some(register.name),
                    _ => false,
                };
                if !same {
                    return Err(format!("`{name}` is found as {found:?}"));
                }
            }
            // A typing mistake.
            let upper = name.to_uppercase();
            let meant = format!(
                "`{upper}` is not a register of {}: did you mean `{name}`?",
                machine.name
            );
            match machine.register(&upper) {
                Err(error) if error.to_string() == meant => {}
                found if upper != name && !upper.contains('.') => {
                    return Err(format!("`{upper}` is found as {found:?}"));
                }
                _ => {}
            }
        }
        if let Some(number) = register.dwarf {
            let found = machine.dwarf_register(number);
            let same = match (found, register.slot) {
                (Ok(view), Some(slot)) => view.slot == slot && view.register == register.name,
                (Err(error), None) => error.not_in_ctx() == Some(register.name),
                _ => false,
            };
            if !same {
                return Err(format!("the number {number} is found as {found:?}"));
            }
        }
    }
    for name in [
        "",
        "%",
        "$",
        "1234567890123456789012345678901234567890123",
        "é",
        "r\u{1b}[2J",
        "orig_ax",
    ] {
        let error = match machine.register(name) {
            Ok(found) => return Err(format!("`{name}` is {found:?}")),
            Err(error) => error.to_string(),
        };
        let is_sentence = error.starts_with('`')
            && error.contains("is not a register of")
            && !error.contains('\u{1b}');
        if !is_sentence {
            return Err(error);
        }
    }
    let error = machine
        .dwarf_register(u16::MAX)
        .map(drop)
        .map_err(|error| error.to_string());
    let starts = format!(
        "`65535` is not the number that DWARF has for a register of {}: `pt_regs` has `",
        machine.name
    );
    match error {
        Err(error) if error.starts_with(&starts) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}
