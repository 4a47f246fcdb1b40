//! The notes of static probes in a file.
//!
//! The format is described in SystemTap's wiki, "UserSpaceProbeImplementation", and in `sys/sdt.h`.

use object::{
    Endianness, FileKind, elf,
    read::elf::{FileHeader, Note, ProgramHeader, SectionHeader},
};
use probe_abi::machine::{Endian, Machine};

use crate::{Error, Place, Probe};

/// The sections, and the kind of the notes in the first section.
const NOTES: &[u8] = b".note.stapsdt";
const BASE: &[u8] = b".stapsdt.base";
const NAME: &[u8] = b"stapsdt";
const TYPE: u32 = 3;

/// A program or a library, and its static probes.
#[derive(Debug, Clone)]
pub struct Elf<'a> {
    machine: &'static Machine,
    endian: Endian,
    probes: Vec<Result<Probe<'a>, Error>>,
}

impl<'a> Elf<'a> {
    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// It is not an ELF file, a linker has not made it, or its machine is not known. [`probes`](Self::probes) reports
    /// the errors of single probes.
    pub fn parse(file: &'a [u8]) -> Result<Self, Error> {
        match FileKind::parse(file) {
            Ok(FileKind::Elf32) => Self::read::<elf::FileHeader32<Endianness>>(file),
            Ok(FileKind::Elf64) => Self::read::<elf::FileHeader64<Endianness>>(file),
            _ => Err(Error::NotElf),
        }
    }

    /// The machine that the file is for.
    pub fn machine(&self) -> &'static Machine {
        self.machine
    }

    /// Its byte order.
    pub fn endian(&self) -> Endian {
        self.endian
    }

    /// Every place of every probe, in the order of the file. Empty if it has none.
    ///
    /// # Errors
    ///
    /// A note is cut, or an address in it is in no part of the file. The other notes are still read, but notes after a
    /// cut one cannot be found.
    pub fn probes(&self) -> impl Iterator<Item = Result<&Probe<'a>, &Error>> {
        self.probes.iter().map(Result::as_ref)
    }

    /// The places of the probe `provider:name`: at least one.
    ///
    /// # Errors
    ///
    /// There is no such probe: the error names one that may be meant. Or one of its places is in no part of the file.
    pub fn probe(&self, name: &str) -> Result<Vec<&Probe<'a>>, Error> {
        let mut places = Vec::new();
        for probe in &self.probes {
            match probe {
                Ok(probe) if probe.to_string() == name => places.push(probe),
                Err(error) if error.probe() == Some(name) => return Err(error.clone()),
                _ => {}
            }
        }
        match places.is_empty() {
            true => Err(self.unknown(name)),
            false => Ok(places),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        // A cut note may have belonged to this probe.
        let cut = self.probes.iter().find_map(|probe| match probe {
            Err(error @ Error::Cut { .. }) => Some(error),
            _ => None,
        });
        if let Some(error) = cut {
            return error.clone();
        }
        let names = self.probes().flatten().map(|probe| probe.to_string());
        let near = names.map(|other| (strsim::damerau_levenshtein(name, &other), other));
        // A name without its provider is treated as a misspelt name.
        let is_near = |(distance, other): &(usize, String)| {
            *distance <= 1 + name.len() / 5 || other.split(':').any(|part| part == name)
        };
        Error::Unknown {
            asked: name.to_owned(),
            meant: near.filter(is_near).min().map(|(_, other)| other),
            has_probes: !self.probes.is_empty(),
        }
    }

    fn read<Header>(file: &'a [u8]) -> Result<Self, Error>
    where
        Header: FileHeader<Endian = Endianness>,
    {
        let header = Header::parse(file)?;
        let endian = header.endian()?;
        let word = if header.is_class_64() { 8 } else { 4 };
        let e_machine = header.e_machine(endian);
        // N32: addresses of 4 bytes in registers of 8 bytes.
        let is_n32 = e_machine == elf::EM_MIPS
            && word == 4
            && header.e_flags(endian) & elf::EF_MIPS_ABI2 != 0;
        let machine = Machine::of_elf(e_machine, word).filter(|_| !is_n32);
        let machine = machine.ok_or(Error::Machine { e_machine, word })?;
        if header.e_type(endian) == elf::ET_REL {
            return Err(Error::NotLinked);
        }
        let segments = header.program_headers(endian, file)?.iter();
        let segments = segments.filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
        let segments = segments.map(|segment| Segment {
            address: segment.p_vaddr(endian).into(),
            size: segment.p_filesz(endian).into(),
            offset: segment.p_offset(endian).into(),
            flags: segment.p_flags(endian),
        });
        let sections = header.sections(endian, file)?;
        let base = sections.section_by_name(endian, BASE);
        let reader = Reader {
            machine,
            endian,
            base: base.map_or(0, |(_, section)| section.sh_addr(endian).into()),
            segments: segments.collect(),
        };
        let mut probes = Vec::new();
        for section in sections.iter() {
            if sections.section_name(endian, section).ok() != Some(NOTES) {
                continue;
            }
            let cut = |_| Error::Cut {
                after: probes.len(),
            };
            let Some(mut notes) = section.notes(endian, file).map_err(cut)? else {
                continue;
            };
            loop {
                match notes.next() {
                    Ok(None) => break,
                    Ok(Some(note)) => probes.extend(reader.probe(&note, probes.len()).transpose()),
                    Err(_) => {
                        probes.push(Err(Error::Cut {
                            after: probes.len(),
                        }));
                        break;
                    }
                }
            }
        }
        Ok(Self {
            machine,
            endian: match endian {
                Endianness::Little => Endian::Little,
                Endianness::Big => Endian::Big,
            },
            probes,
        })
    }
}

/// A part of the file that is in the memory of a process.
struct Segment {
    address: u64,
    size: u64,
    offset: u64,
    flags: u32,
}

/// The properties of the file that are needed to read its notes.
struct Reader {
    machine: &'static Machine,
    endian: Endianness,
    /// The address of the section `.stapsdt.base`. Every note has the address that this section had when the file was
    /// linked. The difference between the two addresses shows by how much prelink has moved the file since.
    base: u64,
    segments: Vec<Segment>,
}

impl Reader {
    /// `None` if it is another kind of note.
    fn probe<'a, Header>(
        &self,
        note: &Note<'a, Header>,
        before: usize,
    ) -> Result<Option<Probe<'a>>, Error>
    where
        Header: FileHeader<Endian = Endianness>,
    {
        if note.name() != NAME || note.n_type(self.endian) != TYPE {
            return Ok(None);
        }
        let cut = || Error::Cut { after: before };
        let (addresses, text) = note
            .desc()
            .split_at_checked(3 * usize::from(self.machine.word))
            .ok_or_else(cut)?;
        let mut addresses = addresses
            .chunks_exact(self.machine.word.into())
            .map(|bytes| self.number(bytes));
        let mut address = || addresses.next().ok_or_else(cut);
        let (location, base, semaphore) = (address()?, address()?, address()?);
        // Each text ends with a zero byte. If the probe has no operands, their text is empty, or `:`.
        let mut texts = text.split(|byte| *byte == 0);
        let mut text = || {
            let text = texts.next().ok_or_else(cut)?;
            str::from_utf8(text).map_err(|_| Error::NotUtf8 { after: before })
        };
        let (provider, name, operands) = (text()?, text()?, text()?);
        if texts.next().is_none() {
            return Err(cut());
        }
        let moved = match (self.base, base) {
            (0, _) | (_, 0) => 0,
            (now, then) => now.wrapping_sub(then),
        };
        let place = |address: u64, flag, what| {
            let address = self.number_of_word(address.wrapping_add(moved));
            let offset = self.offset(address, flag);
            let offset = offset.ok_or_else(|| Error::Nowhere {
                probe: format!("{provider}:{name}"),
                what,
                address,
            })?;
            Ok::<_, Error>(Place { address, offset })
        };
        Ok(Some(Probe {
            provider,
            name,
            location: place(location, elf::PF_X, "location")?,
            semaphore: match semaphore {
                0 => None,
                semaphore => Some(place(semaphore, elf::PF_W, "semaphore")?),
            },
            operands: if operands == ":" { "" } else { operands },
            machine: self.machine,
        }))
    }

    /// A number of 4 or 8 bytes.
    fn number(&self, bytes: &[u8]) -> u64 {
        let shifted = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self.endian {
            Endianness::Little => bytes.iter().rev().fold(0, shifted),
            Endianness::Big => bytes.iter().fold(0, shifted),
        }
    }

    fn number_of_word(&self, number: u64) -> u64 {
        match self.machine.word {
            4 => number & u64::from(u32::MAX),
            _ => number,
        }
    }

    fn offset(&self, address: u64, flag: u32) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            let is_there = inside < segment.size && segment.flags & flag != 0;
            is_there.then(|| segment.offset.checked_add(inside))?
        })
    }
}
