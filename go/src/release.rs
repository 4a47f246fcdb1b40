//! The Go release in a program: `.go.buildinfo`, read as `src/debug/buildinfo/buildinfo.go` does.

use std::fmt;

use probe_abi::machine::{Endian, Machine};

use crate::{Error, Program};

/// The release of Go that built a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The text in the program: `go1.24.4`.
    pub text: String,
    /// The second number: 24 is go1.24.
    pub number: u16,
}

impl Release {
    /// The release that a text in a program names.
    ///
    /// # Errors
    ///
    /// The text names no release. The text of a compiler between two releases may be of this kind. Or the compiler was
    /// told not to use registers, which is only possible for go1.17 and go1.18.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let number = || {
            let behind = &text[text.find("go1.")? + 4..];
            let end = behind.find(|letter: char| !letter.is_ascii_digit());
            behind[..end.unwrap_or(behind.len())].parse().ok()
        };
        let experiments = text.split_once(" X:").map_or("", |(_, names)| names);
        let is_off = experiments.split(',').any(|name| {
            name.strip_prefix("no")
                .is_some_and(|name| name.starts_with("regabi"))
        });
        match number() {
            Some(_) if is_off => Err(Error::WithoutRegisters(text.to_owned())),
            Some(number) => Ok(Self {
                text: text.to_owned(),
                number,
            }),
            None => Err(Error::Version(text.to_owned())),
        }
    }

    /// Whether functions have arguments and results in registers in this release.
    pub fn has_registers(&self, machine: &Machine) -> bool {
        machine.go.is_some_and(|go| go.has_registers(self.number))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const MAGIC: &[u8] = b"\xff Go buildinf:";

/// The flags in a header.
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;

/// The size of a header in bytes.
const HEADER: usize = 32;

/// The version: it is in the header at the start of `bytes`, or the header points to it.
pub fn version(program: &Program<'_>, bytes: &[u8]) -> Result<String, Error> {
    let start = bytes
        .chunks(16)
        .position(|chunk| chunk.starts_with(MAGIC))
        .ok_or(Error::NotGo)?;
    let bytes = &bytes[16 * start..];
    let (header, behind) = bytes.split_at_checked(HEADER).ok_or(Error::Cut)?;
    let (word, flags) = (usize::from(header[14]), header[15]);
    let text = if flags & INLINE != 0 {
        let (length, behind) = varint(behind).ok_or(Error::Cut)?;
        behind.get(..length).ok_or(Error::Cut)?
    } else {
        let endian = match flags & BIG_ENDIAN {
            0 => Endian::Little,
            _ => Endian::Big,
        };
        if !matches!(word, 4 | 8) {
            return Err(Error::Cut);
        }
        let number = |bytes: &[u8]| number(bytes, endian);
        // A pointer to a Go string, which is a pointer and a length.
        let string = number(&header[16..16 + word]);
        let string = program.memory(string, 2 * word).ok_or(Error::Cut)?;
        let (data, length) = string.split_at(word);
        let length = usize::try_from(number(length)).map_err(|_| Error::Cut)?;
        program.memory(number(data), length).ok_or(Error::Cut)?
    };
    String::from_utf8(text.to_vec()).map_err(|_| Error::Cut)
}

/// A length in the encoding of `encoding/binary`, and the bytes after it.
fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[index + 1..]));
        }
    }
    None
}

fn number(bytes: &[u8], endian: Endian) -> u64 {
    let shifted = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match endian {
        Endian::Little => bytes.iter().rev().fold(0, shifted),
        Endian::Big => bytes.iter().fold(0, shifted),
    }
}
