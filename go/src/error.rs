use std::{error, fmt};

use probe_abi::arch::MACHINES;

/// Why a program cannot be read, or why there is no such function.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It does not start like an ELF file.
    NotElf,
    /// Its headers are damaged. The text comes from the reader of the headers.
    Damaged(String),
    /// The machine that it is for is not known, or has no Go. `word` is the size of an address in bytes.
    Machine { e_machine: u16, word: u8 },
    /// Nothing in it says that Go built it.
    NotGo,
    /// `.go.buildinfo`, which says that Go built it, ends too early, or points to an address that the file does not
    /// have.
    Cut,
    /// This text does not name a release.
    Version(String),
    /// The compiler of that release was told to pass everything on the stack.
    WithoutRegisters(String),
    /// It has no symbols.
    Stripped,
    /// It has no function of that name.
    Unknown {
        asked: String,
        /// The name of a function that may be meant.
        meant: Option<String>,
    },
    /// The code of a function is in no part of the file.
    Nowhere { function: String, address: u64 },
    /// A function has no return instruction: it never returns, or only jumps to another function.
    NoReturn(String),
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
            Self::NotElf => f.write_str("this is no ELF file: it does not start with `\\x7fELF`"),
            Self::Damaged(how) => write!(f, "the ELF file is damaged: {how}"),
            Self::Machine { e_machine, word } => {
                let bits = 8 * u32::from(*word);
                write!(
                    f,
                    "the file is for a machine that has no Go (`e_machine` is {e_machine}, of {bits} bits): accepted are"
                )?;
                let with_go = MACHINES.iter().filter(|machine| machine.go.is_some());
                for (index, machine) in with_go.enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma} `{}`", machine.name)?;
                }
                Ok(())
            }
            Self::NotGo => f.write_str(
                "the program does not say that Go built it: it has no `.go.buildinfo`, which go1.13 and newer write",
            ),
            Self::Cut => f.write_str("`.go.buildinfo` is damaged: it ends in the middle"),
            Self::Version(text) => write!(
                f,
                "`{text}` names no release of Go: known are texts such as `go1.24.4` and `devel go1.25-abcdef`"
            ),
            Self::WithoutRegisters(text) => write!(
                f,
                "`{text}` was built without registers for arguments: watch it as a program of go1.16"
            ),
            Self::Stripped => f.write_str(
                "the program has no symbols: link it without `-s`, or name the function's address",
            ),
            Self::Unknown { asked, meant } => {
                write!(f, "the program has no function `{asked}`")?;
                match meant {
                    Some(meant) => write!(f, "; did you mean `{meant}`?"),
                    None => f.write_str(
                        ": a function is called `package/path.name`, and a method `package/path.(*Type).name`",
                    ),
                }
            }
            Self::Nowhere { function, address } => write!(
                f,
                "the code of `{function}`, at {address:#x}, is in no part of the file"
            ),
            Self::NoReturn(function) => write!(
                f,
                "`{function}` has no return instruction: it does not return, or only by a jump to another function"
            ),
        }
    }
}
