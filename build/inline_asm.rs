//! Finds out whether the compiler takes inline assembly for BPF, as `src/regs.rs` has it, by compiling
//! `inline_asm_probe.rs`.

use std::{env, path::Path, process::Command};

/// Whether the compiler of this build takes it, for this build's target.
pub fn is_taken(sources: &Path, out: &Path) -> bool {
    let Some(rustc) = env::var_os("RUSTC") else {
        return false;
    };
    // As cargo calls it: `RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTC …`.
    let mut program = ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"]
        .into_iter()
        .filter_map(env::var_os)
        .filter(|wrapper| !wrapper.is_empty())
        .chain([rustc]);
    let Some(first) = program.next() else {
        return false;
    };
    let mut compiler = Command::new(first);
    compiler
        .args(program)
        // The name that `RUSTC_BOOTSTRAP=probe_abi` allows.
        .args([
            "--crate-name=probe_abi",
            "--crate-type=lib",
            "--edition=2024",
        ])
        .args(["--emit=metadata", "--cap-lints=allow"])
        .arg("--out-dir")
        .arg(out);
    if let Ok(target) = env::var("TARGET") {
        compiler.arg("--target").arg(target);
    }
    if let Ok(flags) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        compiler.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    }
    compiler.arg(sources.join("build/inline_asm_probe.rs"));
    // All that it says is why not.
    compiler
        .output()
        .is_ok_and(|output| output.status.success())
}
