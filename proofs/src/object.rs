//! The BPF programs in an object of either endianness.

use std::collections::{BTreeMap, BTreeSet};

use object::{
    Endianness, Object as _, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionIndex, SymbolKind, elf,
};
use rbpf::ebpf::{self, Insn};

/// The `src` of a call whose target is a function of the same object.
const LOCAL_CALL: u8 = 1;

/// The relocation of a call whose target the program's linker has to fill in.
const CALL_RELOCATION: RelocationFlags = RelocationFlags::Elf {
    r_type: elf::R_BPF_64_32,
};

/// The `src` of a load of a 64-bit constant that is the address of a map.
const MAP: u8 = 1;

/// The section of the maps.
const MAPS: &str = "maps";

/// An object's functions.
#[derive(Debug)]
pub struct Object {
    endianness: Endianness,
    functions: BTreeMap<String, Function>,
    undefined: Vec<String>,
}

#[derive(Debug)]
struct Function {
    section: String,
    insns: Vec<Insn>,
    /// The functions that it calls, by the index of the call.
    calls: BTreeMap<usize, String>,
    /// The loads of a map's address. The kernel is told to put the address there.
    maps: Vec<usize>,
    data: Vec<Data>,
}

/// The load of an address that only a loader knows.
#[derive(Debug)]
struct Data {
    load: usize,
    section: String,
    offset: u64,
}

impl Object {
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        read(bytes).map_err(unreadable)
    }

    /// The names of the programs: the functions that are not in `.text`, but in a section for their kind.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        let programs = self
            .functions
            .iter()
            .filter(|(_, function)| function.section != ".text");
        programs.map(|(name, _)| name.as_str())
    }

    /// The names of all functions that are defined or called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let undefined = self.undefined.iter().map(String::as_str);
        self.functions.keys().map(String::as_str).chain(undefined)
    }

    /// The symbols that the object does not define.
    pub fn undefined(&self) -> &[String] {
        &self.undefined
    }

    /// A program, followed by the functions that it calls. The calls point to these functions.
    pub fn program(&self, name: &str) -> Result<Vec<Insn>, String> {
        self.program_with(name, |_| None)
    }

    /// The same for a program with data, in sections that are placed at these addresses.
    pub fn program_with(
        &self,
        name: &str,
        address: impl Fn(&str) -> Option<u64>,
    ) -> Result<Vec<Insn>, String> {
        let mut order = Vec::new();
        self.callees_first(name, &mut order, &mut BTreeSet::new())?;
        // Callers first, so that every call is forwards. rbpf takes no other direction.
        order.reverse();
        let mut starts = BTreeMap::new();
        let mut length = 0;
        for (name, function) in &order {
            starts.insert(*name, length);
            length += function.insns.len();
        }
        let mut program = Vec::with_capacity(length);
        for (name, function) in &order {
            let start = program.len();
            program.extend(function.insns.iter().cloned());
            for map in &function.maps {
                program[start + map].src = MAP;
            }
            for data in &function.data {
                let section = address(&data.section)
                    .ok_or_else(|| format!("`{name}` has data that only a loader can place"))?;
                let address = section + data.offset;
                program[start + data.load].imm = address as i32;
                program[start + data.load + 1].imm = (address >> 32) as i32;
            }
            for (call, callee) in &function.calls {
                let next = start + call + 1;
                program[start + call].imm = starts[callee.as_str()] as i32 - next as i32;
            }
        }
        Ok(program)
    }

    /// The bytes of a program, in the form that its machine's kernel takes.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let mut code: Vec<u8> = self
            .program(name)?
            .iter()
            .flat_map(Insn::to_array)
            .collect();
        if self.endianness == Endianness::Big {
            swap(&mut code);
        }
        Ok(code)
    }

    fn callees_first<'a>(
        &'a self,
        name: &'a str,
        order: &mut Vec<(&'a str, &'a Function)>,
        seen: &mut BTreeSet<&'a str>,
    ) -> Result<(), String> {
        if !seen.insert(name) {
            return Ok(());
        }
        let function = self
            .functions
            .get(name)
            .ok_or_else(|| format!("`{name}` is not in the object"))?;
        for callee in function.calls.values() {
            self.callees_first(callee, order, seen)?;
        }
        order.push((name, function));
        Ok(())
    }
}

/// The content of a section of an object.
pub fn section(object: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let data = object::File::parse(object).and_then(|file| {
        let section = file.section_by_name(name);
        section
            .map(|section| section.data().map(<[u8]>::to_vec))
            .transpose()
    });
    let data = data.map_err(unreadable)?;
    data.ok_or_else(|| format!("the object has no section `{name}`"))
}

/// The content of the sections of an object that hold constants of its programs.
pub fn constants(object: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let file = object::File::parse(object).map_err(unreadable)?;
    let mut constants = BTreeMap::new();
    for section in file.sections() {
        let name = section.name().map_err(unreadable)?;
        if name.starts_with(".rodata") {
            let data = section.data().map_err(unreadable)?;
            constants.insert(name.to_owned(), data.to_vec());
        }
    }
    Ok(constants)
}

fn unreadable(error: object::Error) -> String {
    format!("cannot read the object: {error}")
}

/// Whether an instruction calls a function of the same object.
pub fn is_local_call(insn: &Insn) -> bool {
    insn.opc == ebpf::CALL && insn.src == LOCAL_CALL
}

/// Whether an instruction calls one of the kernel's helpers.
pub fn is_helper_call(insn: &Insn) -> bool {
    insn.opc == ebpf::CALL && insn.src != LOCAL_CALL
}

/// The start of a function: its section, and its first instruction there.
type Place = (usize, i64);

fn read(bytes: &[u8]) -> Result<Object, object::Error> {
    let file = object::File::parse(bytes)?;
    let mut undefined = Vec::new();
    let mut functions = BTreeMap::new();
    let mut places = BTreeMap::new();
    for symbol in file.symbols() {
        let name = symbol.name()?.to_owned();
        if symbol.is_undefined() && !name.is_empty() {
            undefined.push(name);
        } else if symbol.kind() == SymbolKind::Text {
            places.insert(place(&symbol), name.clone());
            functions.insert(name, function(&file, &symbol)?);
        }
    }
    for ((section, start), name) in &places {
        if let Some(function) = functions.get_mut(name) {
            find_callees(&file, function, (*section, *start), &places)?;
        }
    }
    Ok(Object {
        endianness: file.endianness(),
        functions,
        undefined,
    })
}

fn place<'data>(symbol: &impl ObjectSymbol<'data>) -> Place {
    let section = symbol.section_index().map_or(0, |section| section.0);
    (section, (symbol.address() / ebpf::INSN_SIZE as u64) as i64)
}

fn function<'data>(
    file: &object::File<'data>,
    symbol: &impl ObjectSymbol<'data>,
) -> Result<Function, object::Error> {
    let section = file.section_by_index(SectionIndex(place(symbol).0))?;
    let code = section.data_range(symbol.address(), symbol.size())?;
    Ok(Function {
        section: section.name()?.to_owned(),
        insns: decode(code.unwrap_or_default(), file.endianness()),
        calls: BTreeMap::new(),
        maps: Vec::new(),
        data: Vec::new(),
    })
}

fn find_callees(
    file: &object::File<'_>,
    function: &mut Function,
    (section, start): Place,
    places: &BTreeMap<Place, String>,
) -> Result<(), object::Error> {
    let relocations: BTreeMap<_, _> = file
        .section_by_index(SectionIndex(section))?
        .relocations()
        .map(|(offset, relocation)| ((offset / ebpf::INSN_SIZE as u64) as i64, relocation))
        .collect();
    for (index, insn) in function.insns.iter().enumerate() {
        let here = start + index as i64;
        let next = i64::from(insn.imm) + 1;
        let target = match relocations.get(&here) {
            Some(relocation) => match (relocation.flags(), relocation.target()) {
                (CALL_RELOCATION, RelocationTarget::Symbol(symbol)) => {
                    let (section, start) = place(&file.symbol_by_index(symbol)?);
                    (section, start + next)
                }
                (_, target) => {
                    let (section, offset) = section_and_offset(file, target)?;
                    if section == MAPS {
                        function.maps.push(index);
                    } else {
                        function.data.push(Data {
                            load: index,
                            section,
                            offset: offset + u64::from(insn.imm as u32),
                        });
                    }
                    continue;
                }
            },
            None if is_local_call(insn) => (section, here + next),
            None => continue,
        };
        if let Some(callee) = places.get(&target) {
            function.calls.insert(index, callee.clone());
        }
    }
    Ok(())
}

/// The target of a relocation: a section's name, and an offset there. It has no name if there is no target.
fn section_and_offset(
    file: &object::File<'_>,
    target: RelocationTarget,
) -> Result<(String, u64), object::Error> {
    let RelocationTarget::Symbol(symbol) = target else {
        return Ok(Default::default());
    };
    let symbol = file.symbol_by_index(symbol)?;
    let section = match symbol.section_index() {
        Some(section) => file.section_by_index(section)?.name()?.to_owned(),
        None => String::new(),
    };
    Ok((section, symbol.address()))
}

/// The instructions in a section's bytes.
fn decode(code: &[u8], endianness: Endianness) -> Vec<Insn> {
    let mut code = code.to_vec();
    if endianness == Endianness::Big {
        swap(&mut code);
    }
    ebpf::to_insn_vec(&code)
}

/// Turns little-endian instructions into big-endian ones, or back.
fn swap(code: &mut [u8]) {
    for insn in code.chunks_exact_mut(ebpf::INSN_SIZE) {
        insn[1] = insn[1].rotate_left(4);
        insn[2..4].reverse();
        insn[4..8].reverse();
    }
}
