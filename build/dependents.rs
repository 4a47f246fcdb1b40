//! What the build scripts of dependents are told, as cargo's `DEP_PROBE_ABI_…`: a header that C beside
//! the Rust includes, and what a compiler has to be told of the machine.

use std::{fmt::Write as _, fs, path::Path};

use crate::select::{Machine, Variant};

/// Writes `probe_abi.h` and names its folder, with the machine.
pub fn tell(
    machine: &Machine,
    variant: &Variant,
    header: &Path,
    bindings: &str,
    out: &Path,
) -> Result<(), String> {
    let include = out.join("include");
    let path = include.join("probe_abi.h");
    fs::create_dir_all(&include)
        .and_then(|()| fs::write(&path, probe_abi_h(machine, header, bindings)))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    for (key, value) in [
        ("arch", machine.name),
        ("clang_target", variant.triple),
        ("include", &include.display().to_string()),
        ("macro", &format!("__TARGET_ARCH_{}", machine.linux)),
    ] {
        println!("cargo::metadata={key}={value}");
    }
    Ok(())
}

/// The same `pt_regs` that the bindings are generated from, and the C types by their Rust names: in C
/// that is compiled for BPF, `long` is BPF's.
fn probe_abi_h(machine: &Machine, header: &Path, bindings: &str) -> String {
    let mut text = format!(
        "/* The C types and pt_regs of {}, as the build script of probe-abi wrote them. */\n#pragma once\n\n",
        machine.name
    );
    for (name, integer) in c_types(bindings) {
        let sign = if integer.starts_with('u') { "U" } else { "" };
        let bits = &integer[1..];
        writeln!(text, "typedef __{sign}INT{bits}_TYPE__ {name};")
            .expect("a string takes everything");
    }
    // The other names, `size_t` and `__u32` and so on, are for the system's headers to define.
    writeln!(text, "\n#include \"{}\"", header.display()).expect("a string takes everything");
    text
}

/// The aliases that are called `c_…`, each with its integer: `("c_long", "i32")`.
fn c_types(bindings: &str) -> impl Iterator<Item = (&str, &str)> {
    bindings.lines().filter_map(|line| {
        let (name, integer) = line
            .strip_prefix("pub type ")?
            .strip_suffix(';')?
            .split_once(" = ")?;
        name.starts_with("c_").then_some((name, integer))
    })
}
