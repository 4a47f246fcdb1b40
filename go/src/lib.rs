#![doc = include_str!("../README.md")]

mod error;
mod release;
mod returns;

use object::{Endianness, Object, ObjectSection, ObjectSegment, ObjectSymbol, SymbolKind, elf};
use probe_abi::machine::{Endian, Machine};

pub use error::Error;
pub use release::Release;

/// A Go program, an ELF file.
#[derive(Debug)]
pub struct Program<'a> {
    file: object::File<'a>,
    machine: &'static Machine,
}

/// A place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The address in the file. A process may have loaded the file some pages higher.
    pub address: u64,
    /// The offset in the file, in bytes. Uprobes are set by this offset.
    pub offset: u64,
}

/// A function of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function<'a> {
    pub name: &'a str,
    /// Its first instruction.
    pub entry: Place,
    /// Its return instructions, in order: at least one.
    pub returns: Vec<Ret>,
}

/// A return instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ret {
    pub place: Place,
    /// How many bytes of stack the instruction itself gives back: the argument of `Return::read_result_above`. It is 0
    /// on all machines except arm.
    pub gives_back: u32,
}

impl<'a> Program<'a> {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// It is not an ELF file, or it is for a machine that has no Go.
    pub fn parse(file: &'a [u8]) -> Result<Self, Error> {
        if !file.starts_with(&elf::ELFMAG) {
            return Err(Error::NotElf);
        }
        let word = match file.get(4) {
            Some(1) => 4,
            _ => 8,
        };
        let parsed = object::File::parse(file)?;
        let e_machine = match &parsed {
            object::File::Elf32(file) => file.elf_header().e_machine.get(file.endian()),
            object::File::Elf64(file) => file.elf_header().e_machine.get(file.endian()),
            _ => return Err(Error::NotElf),
        };
        let machine = Machine::of_elf(e_machine, word).filter(|machine| machine.go.is_some());
        Ok(Self {
            file: parsed,
            machine: machine.ok_or(Error::Machine { e_machine, word })?,
        })
    }

    /// The machine that the program is for.
    pub fn machine(&self) -> &'static Machine {
        self.machine
    }

    /// Its byte order.
    pub fn endian(&self) -> Endian {
        match self.file.endianness() {
            Endianness::Little => Endian::Little,
            Endianness::Big => Endian::Big,
        }
    }

    /// The release of Go that built it.
    ///
    /// # Errors
    ///
    /// The program does not say that Go built it, or which release of Go it was.
    pub fn release(&self) -> Result<Release, Error> {
        let section = self.file.section_by_name(".go.buildinfo");
        let text = match section {
            Some(section) => release::version(self, section.data()?)?,
            None => {
                // If the file has no sections, the version is in a segment that the program can write to. Similar bytes
                // in other segments are a text in a program that itself reads Go programs.
                let data = self.file.segments().filter(|segment| {
                    let object::SegmentFlags::Elf { p_flags } = segment.flags() else {
                        return false;
                    };
                    p_flags & (elf::PF_W | elf::PF_X) == elf::PF_W
                });
                let mut texts = data.filter_map(|segment| {
                    let bytes = segment.data().ok()?;
                    match release::version(self, bytes) {
                        Err(Error::NotGo) => None,
                        other => Some(other),
                    }
                });
                texts.next().ok_or(Error::NotGo)??
            }
        };
        Release::parse(&text)
    }

    /// The function of that name, as symbols have it: `main.run`, `net/http.serverHandler.ServeHTTP`,
    /// `crypto/tls.(*Conn).Read`.
    ///
    /// # Errors
    ///
    /// There is no such function: the error names one that may be meant. Or the program has no symbols, or the function
    /// has no code in the file or no return instruction.
    pub fn function(&self, name: &str) -> Result<Function<'a>, Error> {
        let functions = || {
            let symbols = self.file.symbols();
            symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        };
        let Some(symbol) = functions().find(|symbol| symbol.name() == Ok(name)) else {
            if functions().next().is_none() {
                return Err(Error::Stripped);
            }
            let names = functions().filter_map(|symbol| symbol.name().ok());
            let near = names.map(|other| (strsim::damerau_levenshtein(name, other), other));
            let near = near.min().filter(|(far, _)| *far <= 1 + name.len() / 5);
            return Err(Error::Unknown {
                asked: name.to_owned(),
                meant: near.map(|(_, other)| other.to_owned()),
            });
        };
        let nowhere = || Error::Nowhere {
            function: name.to_owned(),
            address: symbol.address(),
        };
        let entry = self.place(symbol.address()).ok_or_else(nowhere)?;
        let size = usize::try_from(symbol.size()).map_err(|_| nowhere())?;
        let code = self.memory(entry.address, size).ok_or_else(nowhere)?;
        let found = returns::find(self.machine, self.endian(), code).ok_or_else(nowhere)?;
        let returns = found.into_iter().map(|(at, gives_back)| Ret {
            place: Place {
                address: entry.address + at,
                offset: entry.offset + at,
            },
            gives_back,
        });
        let returns: Vec<_> = returns.collect();
        match returns.is_empty() {
            true => Err(Error::NoReturn(name.to_owned())),
            false => Ok(Function {
                name: symbol.name()?,
                entry,
                returns,
            }),
        }
    }

    fn place(&self, address: u64) -> Option<Place> {
        self.file.segments().find_map(|segment| {
            let (offset, size) = segment.file_range();
            let inside = address.checked_sub(segment.address())?;
            (inside < size).then(|| Place {
                address,
                offset: offset + inside,
            })
        })
    }

    /// The part of a process's memory that is in the file.
    fn memory(&self, address: u64, size: usize) -> Option<&'a [u8]> {
        self.file.segments().find_map(|segment| {
            let inside = address.checked_sub(segment.address())?;
            let inside = usize::try_from(inside).ok()?;
            segment.data().ok()?.get(inside..inside.checked_add(size)?)
        })
    }
}
