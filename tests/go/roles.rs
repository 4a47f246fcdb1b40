//! The registers of `g` and of the closure, and the memory that they point to.

use std::borrow::Cow;

use gimli::{AttributeValue, EndianSlice, RunTimeEndian};
use object::{Object, ObjectSection};
use probe_abi::machine::{GoConvention, GoG};
use proofs::go::Stop;

/// Compares at each stop the goroutine's number, found by `g`, with the number of the main goroutine, 1. In a closure,
/// also compares the address that the context register points to with that of the closure's code.
pub fn agree(
    go: &GoConvention,
    in_registers: bool,
    stops: &[Stop],
    closure: (usize, u64),
) -> Result<usize, String> {
    let (function, address) = closure;
    let g = match go.g {
        Some(GoG::Always(slot)) => Some(slot),
        Some(GoG::WithRegisters(slot)) => in_registers.then_some(slot),
        None => None,
    };
    let mut checked = 0;
    for stop in stops {
        if let Some(g) = g {
            match stop.behind(g).map(|behind| behind.goroutine) {
                Some(Some(1)) => checked += 1,
                other => return Err(format!("`{}` leads to goroutine {other:?}", g.field)),
            }
        }
        if stop.function == function && stop.gives_back.is_none() {
            match stop.behind(go.context).map(|behind| behind.word) {
                Some(Some(code)) if code == address => checked += 1,
                other => return Err(format!("`{}` points to {other:x?}", go.context.field)),
            }
        }
    }
    Ok(checked)
}

/// Any other register in the place of one of these is refused.
pub fn wrong_are_refused(
    go: &GoConvention,
    in_registers: bool,
    stops: &[Stop],
    closure: (usize, u64),
) -> Result<(), String> {
    let Some(GoG::Always(g) | GoG::WithRegisters(g)) = go.g else {
        return Ok(());
    };
    let wrong = [
        GoConvention { context: g, ..*go },
        GoConvention {
            g: Some(GoG::Always(go.context)),
            ..*go
        },
    ];
    match wrong
        .iter()
        .any(|go| agree(go, in_registers, stops, closure).is_ok())
    {
        true => Err("`g` and the closure in each other's register are not refused".into()),
        false => Ok(()),
    }
}

/// The offset of `goid` in `runtime.g`, by the program's DWARF.
pub fn goid(program: &[u8]) -> Result<u64, String> {
    let file = object::File::parse(program).map_err(|error| error.to_string())?;
    let order = match file.is_little_endian() {
        true => RunTimeEndian::Little,
        false => RunTimeEndian::Big,
    };
    let load = |id: gimli::SectionId| {
        let section = file.section_by_name(id.name());
        let data = section.and_then(|section| section.data().ok());
        Ok::<_, gimli::Error>(Cow::Borrowed(data.unwrap_or_default()))
    };
    let find = || {
        let sections = gimli::DwarfSections::load(load)?;
        let dwarf = sections.borrow(|section| EndianSlice::new(section, order));
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            let unit = dwarf.unit(header)?;
            let mut entries = unit.entries();
            let mut inside = false;
            while let Some(entry) = entries.next_dfs()? {
                let named = |wanted: &[u8]| {
                    let name = entry.attr_value(gimli::DW_AT_name);
                    name.and_then(|name| dwarf.attr_string(&unit, name).ok())
                        .is_some_and(|name| name.slice() == wanted)
                };
                match entry.tag() {
                    gimli::DW_TAG_structure_type => inside = named(b"runtime.g"),
                    gimli::DW_TAG_member if inside && named(b"goid") => {
                        let location = entry.attr_value(gimli::DW_AT_data_member_location);
                        return Ok(location.as_ref().and_then(AttributeValue::udata_value));
                    }
                    _ => {}
                }
            }
        }
        Ok::<_, gimli::Error>(None)
    };
    find()
        .map_err(|error| error.to_string())?
        .ok_or_else(|| "DWARF has no `runtime.g.goid`".to_owned())
}
