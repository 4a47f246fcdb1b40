#![doc = include_str!("../README.md")]
//!
//! The library is what the program shares with its tests. It is no promise.

pub mod btf;
mod find;
mod report;

use probe_abi_build::{Endian, Machine, select};

pub use find::{layout, libclang, llvm_in};
pub use report::{Row, shortened};

/// The byte order of this computer, which is that of the probes that are looked at.
pub const ENDIAN: Endian = match cfg!(target_endian = "big") {
    true => Endian::Big,
    false => Endian::Little,
};

/// What was found out of a computer. `Err` says why there is nothing.
#[derive(Debug, Clone)]
pub struct Computer {
    /// What `uname -srm` says: the last word is the machine.
    pub kernel: String,
    pub rustc: Result<(Program, Core), String>,
    pub linker: Result<Program, String>,
    /// Whether they build a probe; `None` where one of them is missing.
    pub trial: Option<Result<(), String>>,
    /// The value that names a machine to this build; `None` if none was told.
    pub selected: Option<String>,
    /// Its version, and where it is.
    pub libclang: Option<String>,
    pub layout: Compared,
}

/// How many fields of `pt_regs` were compared with the kernel's, and what differs.
pub type Compared = Result<(usize, Vec<String>), String>;

#[derive(Debug, Clone)]
pub struct Program {
    /// Its version, that of the LLVM in it, and where it is.
    pub text: String,
    /// The first number of its LLVM's version, where it can be told.
    pub llvm: Option<u32>,
}

/// Where the compiler has `core` for BPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    Precompiled,
    /// As source, which it may compile.
    Source,
    /// The same, and it is not the compiler that cargo takes by itself, which has none: it is rustup's nightly.
    Nightly,
    Missing,
}

/// The machine of a kernel.
fn machine(kernel: &str) -> Option<&'static Machine> {
    let name = kernel.rsplit(' ').next()?;
    select::called(name, ENDIAN).map(|(machine, _)| machine)
}
