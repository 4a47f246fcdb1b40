//! The contents of the notes, compared with readelf and the program's symbols.

use std::{path::Path, process::Command};

use object::{Object, ObjectSection, ObjectSymbol};
use probe_abi::machine::{Endian, Machine};
use probe_abi_usdt::{Elf, Place, Probe};
use proofs::{host::output, proof::none};

/// A probe, by another source.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    provider: String,
    name: String,
    location: u64,
    semaphore: u64,
    operands: String,
}

pub fn agrees(path: &Path, program: &[u8], probes: &[&Probe]) -> Result<(), String> {
    let ours: Vec<_> = probes
        .iter()
        .map(|probe| Told {
            provider: probe.provider.to_owned(),
            name: probe.name.to_owned(),
            location: probe.location.address,
            semaphore: probe.semaphore.map_or(0, |place| place.address),
            operands: probe.operands.to_owned(),
        })
        .collect();
    let theirs = readelf(path)?;
    if ours != theirs || ours.len() < 10 {
        return Err(format!(
            "the notes have {ours:#x?}\nand readelf says {theirs:#x?}"
        ));
    }
    let file = object::File::parse(program).map_err(|error| error.to_string())?;
    none(probes.iter().flat_map(|probe| complaints(&file, probe)))
}

/// The semaphore is the symbol of that name. The bytes in the file are those at the address.
fn complaints(file: &object::File, probe: &Probe) -> Vec<String> {
    let mut complaints = Vec::new();
    let symbol = format!("{}_{}_semaphore", probe.provider, probe.name);
    let symbol = file.symbol_by_name(&symbol).map(|symbol| symbol.address());
    if symbol != probe.semaphore.map(|place| place.address) {
        complaints.push(format!("the semaphore of {probe} is at {symbol:#x?}"));
    }
    for place in [Some(probe.location), probe.semaphore]
        .into_iter()
        .flatten()
    {
        if section_offset(file, place.address) != Some(place.offset) {
            complaints.push(format!("{probe}: {place:#x?} is elsewhere in the file"));
        }
    }
    complaints
}

/// The offset by sections. The library finds it by segments.
fn section_offset(file: &object::File, address: u64) -> Option<u64> {
    file.sections().find_map(|section| {
        let inside = address.checked_sub(section.address())?;
        let (offset, size) = section.file_range()?;
        (section.address() > 0 && inside < size).then_some(offset + inside)
    })
}

/// `readelf --notes`
fn readelf(path: &Path) -> Result<Vec<Told>, String> {
    let said = output(
        Command::new("readelf")
            .args(["--notes", "--wide"])
            .arg(path),
    )?;
    let mut probes = Vec::new();
    for line in said.lines().map(str::trim) {
        if let Some((_, provider)) = line.split_once("Provider: ") {
            probes.push(Told {
                provider: provider.to_owned(),
                name: String::new(),
                location: 0,
                semaphore: 0,
                operands: String::new(),
            });
            continue;
        }
        let Some(last) = probes.last_mut() else {
            continue;
        };
        if let Some(name) = line.strip_prefix("Name: ") {
            last.name = name.to_owned();
        } else if let Some(operands) = line.strip_prefix("Arguments: ") {
            last.operands = operands.to_owned();
        } else if line.starts_with("Location: ") {
            let number = |name: &str| {
                let (_, behind) = line.split_once(name)?;
                let digits = behind.trim_start().trim_start_matches("0x");
                let end = digits.find(|digit: char| !digit.is_ascii_hexdigit());
                u64::from_str_radix(&digits[..end.unwrap_or(digits.len())], 16).ok()
            };
            let cannot = || format!("readelf says `{line}`");
            last.location = number("Location:").ok_or_else(cannot)?;
            last.semaphore = number("Semaphore:").ok_or_else(cannot)?;
        }
    }
    Ok(probes)
}

/// As prelink does: every address in the headers is changed, and the notes are not.
pub fn moved(program: &[u8], machine: &Machine, endian: Endian) -> Result<(), String> {
    const BY: u64 = 0x10_0000;
    let before = places(program)?;
    let wide = machine.word == 8;
    let field = |at: u64| {
        let bytes = &program[at as usize..][..machine.word.into()];
        number(bytes, endian)
    };
    let half = |at: u64| number(&program[at as usize..][..2], endian);
    // The fields of the headers: the offset of the table, the size of an entry, the number of entries, and the place of
    // the address in an entry.
    let tables = match wide {
        true => [(0x20, 0x36, 0x38, 16), (0x28, 0x3a, 0x3c, 16)],
        false => [(0x1c, 0x2a, 0x2c, 8), (0x20, 0x2e, 0x30, 12)],
    };
    let mut changed = program.to_vec();
    for (start, size, count, address) in tables {
        for n in 0..half(count) {
            let at = field(start) + n * half(size) + address;
            if field(at) == 0 {
                continue;
            }
            let mut bytes = (field(at) + BY).to_le_bytes()[..machine.word.into()].to_vec();
            if endian == Endian::Big {
                bytes.reverse();
            }
            changed[at as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
    }
    let after = places(&changed)?;
    let expected: Vec<_> = before
        .iter()
        .map(|place| Place {
            address: place.address + BY,
            ..*place
        })
        .collect();
    match after == expected {
        true => Ok(()),
        false => Err(format!(
            "moved by {BY:#x}, the places are {after:#x?}\nand were {before:#x?}"
        )),
    }
}

fn places(program: &[u8]) -> Result<Vec<Place>, String> {
    let elf = Elf::parse(program).map_err(|error| error.to_string())?;
    let mut places = Vec::new();
    for probe in elf.probes() {
        let probe = probe.map_err(ToString::to_string)?;
        places.extend(
            [Some(probe.location), probe.semaphore]
                .into_iter()
                .flatten(),
        );
    }
    Ok(places)
}

fn number(bytes: &[u8], endian: Endian) -> u64 {
    let shifted = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match endian {
        Endian::Little => bytes.iter().rev().fold(0, shifted),
        Endian::Big => bytes.iter().fold(0, shifted),
    }
}
