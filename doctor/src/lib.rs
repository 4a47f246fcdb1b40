#![doc = include_str!("../README.md")]
//!
//! The library is the code that the program shares with its tests. Its API is not a promise.

pub mod btf;
mod find;
mod report;

use probe_abi_build::{Endian, Machine, select};

pub use find::{layout, libclang, llvm_in};
pub use report::{Row, shortened};

/// The byte order of this computer. The doctor builds its probe for this byte order too.
pub const ENDIAN: Endian = match cfg!(target_endian = "big") {
    true => Endian::Big,
    false => Endian::Little,
};

/// The facts that were found about a computer. `Err` says why one was not found.
#[derive(Debug, Clone)]
pub struct Computer {
    /// The output of `uname -srm`. Its last word is the machine.
    pub kernel: String,
    pub rustc: Result<(Program, Core), String>,
    pub linker: Result<Program, String>,
    /// Whether rustc and the linker build a probe; `None` if one of them is missing.
    pub trial: Option<Result<(), String>>,
    /// The value that names a machine to this build; `None` if the build was given no value.
    pub selected: Option<String>,
    /// Its version and its path.
    pub libclang: Option<String>,
    pub layout: Compared,
}

/// The number of fields of `pt_regs` that were compared with the kernel's, and the differences.
pub type Compared = Result<(usize, Vec<String>), String>;

#[derive(Debug, Clone)]
pub struct Program {
    /// Its version, the version of its LLVM, and its path.
    pub text: String,
    /// The first number of its LLVM's version, if it is known.
    pub llvm: Option<u32>,
}

/// The form in which the compiler has `core` for BPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    Precompiled,
    /// As source, and the compiler may compile it.
    Source,
    /// As source of rustup's nightly. The compiler that cargo uses by itself has no `core`.
    Nightly,
    Missing,
}

/// The machine of a kernel.
fn machine(kernel: &str) -> Option<&'static Machine> {
    let name = kernel.rsplit(' ').next()?;
    select::called(name, ENDIAN).map(|(machine, _)| machine)
}
