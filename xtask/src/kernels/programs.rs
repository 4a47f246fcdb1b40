//! The programs of an object file, as the kernel takes them: nothing is added or written by hand.

use std::collections::BTreeMap;

use object::{Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};

const INSTRUCTION: usize = 8;
/// `BPF_LD | BPF_IMM | BPF_DW`: a 64-bit constant, in two instructions.
const LOAD_CONSTANT: u8 = 0x18;
/// `BPF_PSEUDO_MAP_FD`: the source register that says the constant is a map.
const IS_MAP: u8 = 1;

/// The instructions of each function that is not empty.
pub fn programs(object: &[u8], map: &str) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let file = object::File::parse(object).map_err(|error| format!("no object file: {error}"))?;
    let mut programs = BTreeMap::new();
    for symbol in file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
    {
        let name = symbol.name().map_err(|error| error.to_string())?;
        let instructions =
            instructions(&file, &symbol, map).map_err(|error| format!("`{name}`: {error}"))?;
        programs.insert(name.to_owned(), instructions);
    }
    if programs.is_empty() {
        return Err("the object file has no program".into());
    }
    Ok(programs)
}

fn instructions(
    file: &object::File<'_>,
    symbol: &object::Symbol<'_, '_>,
    map: &str,
) -> Result<Vec<u8>, String> {
    let section = symbol.section_index().ok_or("it is in no section")?;
    let section = file
        .section_by_index(section)
        .map_err(|error| error.to_string())?;
    let data = section.data().map_err(|error| error.to_string())?;
    let range = symbol.address() as usize..(symbol.address() + symbol.size()) as usize;
    let mut instructions = data
        .get(range.clone())
        .ok_or("it does not fit in its section")?
        .to_vec();

    for (offset, relocation) in section.relocations() {
        let Some(at) = (offset as usize)
            .checked_sub(range.start)
            .filter(|at| at + INSTRUCTION <= instructions.len())
        else {
            continue;
        };
        let name = match relocation.target() {
            RelocationTarget::Symbol(index) => file
                .symbol_by_index(index)
                .and_then(|symbol| symbol.name().map(str::to_owned))
                .unwrap_or_default(),
            _ => String::new(),
        };
        if name != map || instructions[at] != LOAD_CONSTANT {
            return Err(format!(
                "it refers to `{name}`, and the guest only makes the map `{map}`"
            ));
        }
        // The destination register is the nibble that comes first in the machine's order.
        instructions[at + 1] |= match file.endianness() {
            Endianness::Little => IS_MAP << 4,
            Endianness::Big => IS_MAP,
        };
    }
    Ok(instructions)
}
