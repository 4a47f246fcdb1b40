//! The places that DWARF gives the probes' arguments.

use std::{collections::BTreeMap, error::Error};

use gimli::{
    AttributeValue, CfaRule, DebugFrame, Dwarf, EndianSlice, Expression, RunTimeEndian, Unit,
    UnwindContext, UnwindSection,
};
use object::{Object, ObjectSection};
use probe_abi::{machine::Machine, operand::Operand};
use probe_abi_usdt::{
    Elf, Place, Probe,
    dwarf::{self, Frame},
};

type Bytes<'a> = EndianSlice<'a, RunTimeEndian>;

/// The operands that DWARF gives for the arguments of each place, if they are the variables `a0`, `a1` and so on.
pub struct Variables(BTreeMap<Place, Vec<Result<Operand, String>>>);

impl Variables {
    pub fn of(&self, probe: &Probe) -> Vec<Result<Operand, String>> {
        self.0.get(&probe.location).cloned().unwrap_or_default()
    }
}

pub fn variables(program: &[u8], machine: &'static Machine) -> Result<Variables, String> {
    read(program, machine).map_err(|error| format!("DWARF: {error}"))
}

fn read(program: &[u8], machine: &'static Machine) -> Result<Variables, Box<dyn Error>> {
    let file = object::File::parse(program)?;
    let endian = match file.is_little_endian() {
        true => RunTimeEndian::Little,
        false => RunTimeEndian::Big,
    };
    let section = |name: &str| {
        let section = file.section_by_name(name);
        let data = section.map_or(Ok(&[][..]), |section| section.data());
        data.map(|data| EndianSlice::new(data, endian))
    };
    let dwarf = Dwarf::load(|id| section(id.name()))?;
    let mut frames = DebugFrame::from(section(".debug_frame")?);
    frames.set_address_size(machine.word);
    // aarch64's call frame information has an instruction of its own.
    if machine.name == "aarch64" {
        frames.set_vendor(gimli::Vendor::AArch64);
    }
    let elf = Elf::parse(program)?;
    let mut variables = BTreeMap::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        for probe in elf.probes() {
            let probe = probe.map_err(Clone::clone)?;
            let arguments: Vec<_> = probe.arguments().collect();
            let locations = locations(&dwarf, &unit, (machine, &frames), probe.location.address)?;
            let told = arguments.iter().enumerate().map(|(n, argument)| {
                // The size and the sign come from the type.
                let of_type = argument.text.split('@').next().unwrap_or_default();
                let is_signed = of_type.starts_with('-');
                let size = of_type.trim_start_matches('-').parse().unwrap_or(0);
                let class = match is_signed {
                    true => probe_abi::operand::Class::Signed,
                    false => probe_abi::operand::Class::Unsigned,
                };
                let Some((location, frame)) = locations.get(&n) else {
                    return Err("the compiler has removed it".to_owned());
                };
                dwarf::operand(*location, unit.encoding(), frame, machine, size, class)
                    .map_err(|error| error.to_string())
            });
            let told: Vec<_> = told.collect();
            if !locations.is_empty() {
                variables.insert(probe.location, told);
            }
        }
    }
    match variables.is_empty() {
        true => Err("it tells of no variable".into()),
        false => Ok(Variables(variables)),
    }
}

type Located<'a> = (Expression<Bytes<'a>>, Frame<Bytes<'a>>);

/// The locations at an address of the variables `a0`, `a1` and so on of the function around it.
fn locations<'a>(
    dwarf: &Dwarf<Bytes<'a>>,
    unit: &Unit<Bytes<'a>>,
    (machine, frames): (&Machine, &DebugFrame<Bytes<'a>>),
    address: u64,
) -> Result<BTreeMap<usize, Located<'a>>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    let mut entries = unit.entries();
    let mut frame: Option<Frame<Bytes<'a>>> = None;
    while let Some(entry) = entries.next_dfs()? {
        if entry.tag() == gimli::DW_TAG_subprogram {
            let mut ranges = dwarf.die_ranges(unit, entry)?;
            let mut is_around = false;
            while let Some(range) = ranges.next()? {
                is_around |= (range.begin..range.end).contains(&address);
            }
            frame = is_around.then(|| Frame {
                base: entry
                    .attr_value(gimli::DW_AT_frame_base)
                    .and_then(|value| value.exprloc_value()),
                cfa: cfa(machine, frames, address),
            });
        }
        let Some(frame) = &frame else { continue };
        let name = entry.attr_value(gimli::DW_AT_name);
        let name = name.map(|name| dwarf.attr_string(unit, name)).transpose()?;
        let number = name
            .as_ref()
            .and_then(|name| name.slice().strip_prefix(b"a"));
        let number = number.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
        let (Some(number), Some(location)) = (number, entry.attr_value(gimli::DW_AT_location))
        else {
            continue;
        };
        let expression = match location {
            AttributeValue::Exprloc(expression) => Some(expression),
            list => {
                let mut found = None;
                if let Some(mut list) = dwarf.attr_locations(unit, list)? {
                    while let Some(entry) = list.next()? {
                        let range = entry.range.begin..entry.range.end;
                        found = found.or(range.contains(&address).then_some(entry.data));
                    }
                }
                found
            }
        };
        if let Some(expression) = expression {
            found.insert(number, (expression, frame.clone()));
        }
    }
    Ok(found)
}

/// The place of the frame at an address.
fn cfa(machine: &Machine, frames: &DebugFrame<Bytes>, address: u64) -> Option<CfaRule<usize>> {
    // gimli does not know the instruction for a window of registers. SPARC Compliance Definition 2.4, "Stack Frame": it
    // is the frame pointer, with its bias.
    if machine.name == "sparc64" {
        return Some(CfaRule::RegisterAndOffset {
            register: gimli::Register(30),
            offset: 2047,
        });
    }
    let bases = gimli::BaseAddresses::default();
    let mut context = UnwindContext::new();
    let row =
        frames.unwind_info_for_address(&bases, &mut context, address, DebugFrame::cie_from_offset);
    Some(row.ok()?.cfa().clone())
}
