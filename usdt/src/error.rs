use std::{error, fmt};

use probe_abi::arch::MACHINES;

/// Why a file or a note in it cannot be read, or why there is no such probe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It does not start like an ELF file.
    NotElf,
    /// Its headers are damaged. The text comes from the reader of the headers.
    Damaged(String),
    /// The machine that it is for is not known. `word` is the size of an address in bytes.
    Machine { e_machine: u16, word: u8 },
    /// It is an object that was not linked yet.
    NotLinked,
    /// A note ends too early, or is outside of the file. `after` is the number of notes before it.
    Cut { after: usize },
    /// A name or an operand is not UTF-8.
    NotUtf8 { after: usize },
    /// The location of a probe is in no part of the file that can be executed, or its semaphore is in no part that can
    /// be written.
    Nowhere {
        /// `provider:name`
        probe: String,
        /// `location` or `semaphore`
        what: &'static str,
        address: u64,
    },
    /// The file has no probe of that name.
    Unknown {
        asked: String,
        /// The name of a probe that may be meant.
        meant: Option<String>,
        /// Whether the file has other probes.
        has_probes: bool,
    },
}

impl Error {
    /// The probe that the error is about, as `provider:name`; `None` if it is not known.
    pub fn probe(&self) -> Option<&str> {
        match self {
            Self::Nowhere { probe, .. } => Some(probe),
            _ => None,
        }
    }
}

impl From<object::Error> for Error {
    fn from(error: object::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf => f.write_str("it is not an ELF file: give a program or a library"),
            Self::Damaged(why) => write!(f, "the ELF file is damaged: {why}"),
            Self::Machine { e_machine, word } => {
                let bits = 8 * word;
                write!(
                    f,
                    "the ELF file is for a machine of {bits} bits with the number `{e_machine}`, which is not known: \
                     accepted are"
                )?;
                let mut before = " ";
                for machine in MACHINES {
                    let (number, bits) = (machine.elf_machine, 8 * machine.word);
                    write!(f, "{before}`{number}` of {bits} bits ({})", machine.name)?;
                    before = ", ";
                }
                Ok(())
            }
            Self::NotLinked => f.write_str(
                "the ELF file is an object that was not linked yet: its probes have no addresses before it is a program \
                 or a library",
            ),
            Self::Cut { after } => {
                write!(f, "the note of a probe is cut: `{after}` complete notes are before it")
            }
            Self::NotUtf8 { after } => write!(
                f,
                "the note of a probe has a name or an operand that is not UTF-8: `{after}` notes are before it"
            ),
            Self::Nowhere {
                probe,
                what,
                address,
            } => write!(
                f,
                "the {what} of the probe `{}` is at `{address:#x}`, where the file has nothing that can be {}",
                probe.escape_debug(),
                match *what {
                    "semaphore" => "written",
                    _ => "executed",
                }
            ),
            Self::Unknown {
                asked,
                meant,
                has_probes,
            } => {
                write!(f, "there is no probe `{}`", asked.escape_debug())?;
                match (meant, has_probes) {
                    (Some(meant), _) => write!(f, ": did you mean `{}`?", meant.escape_debug()),
                    (None, true) => f.write_str(": accepted are a provider and a name, with `:` between them"),
                    (None, false) => f.write_str(": the file has no probes at all"),
                }
            }
        }
    }
}
