//! Finds out whether a compiler takes inline assembly for BPF, as `src/regs.rs` uses it, by compiling
//! `inline_asm_probe.rs`.

use std::{env, path::Path, process::Command};

/// Whether this compiler takes inline assembly for BPF. `sources` is the folder of the crate, and `out` is a folder to
/// write to.
pub fn is_taken(mut rustc: Command, target: &str, sources: &Path, out: &Path) -> bool {
    let compiled = rustc
        // The name that `RUSTC_BOOTSTRAP=probe_abi` allows.
        .args(["--crate-name=probe_abi", "--crate-type=lib"])
        .args(["--edition=2024", "--emit=metadata", "--cap-lints=allow"])
        .args(["--target", target])
        .arg("--out-dir")
        .arg(out)
        .arg(sources.join("build-script/inline_asm_probe.rs"))
        // The output only says why the compiler does not take it.
        .output();
    compiled.is_ok_and(|output| output.status.success())
}

/// The compiler in the way that cargo calls it. Build scripts learn it from variables: `RUSTC_WRAPPER
/// RUSTC_WORKSPACE_WRAPPER RUSTC`, and the flags.
pub fn cargos_rustc() -> Option<Command> {
    let mut program = ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC"]
        .into_iter()
        .filter_map(env::var_os)
        .filter(|program| !program.is_empty());
    let mut rustc = Command::new(program.next()?);
    rustc.args(program);
    if let Ok(flags) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    }
    Some(rustc)
}
