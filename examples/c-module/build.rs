//! Compiles src/my_module.bpf.c to LLVM bitcode, for bpf-linker to link with the Rust. For tests, which run on this
//! computer, it compiles it to an ordinary object.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

const MODULE: &str = "src/my_module.bpf.c";

fn main() {
    println!("cargo::rerun-if-changed={MODULE}");
    println!("cargo::rerun-if-env-changed=CLANG");
    match compile() {
        Ok(module) => println!("cargo::rustc-link-arg-bins={}", module.display()),
        Err(error) => {
            for line in error.lines() {
                println!("cargo::error={line}");
            }
        }
    }
}

fn compile() -> Result<PathBuf, String> {
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    knows_bpf(&clang)?;
    let is_probe = cargo("CARGO_CFG_TARGET_ARCH")? == "bpf";
    let mut module = cc::Build::new();
    module
        .compiler(&clang)
        .file(MODULE)
        // The machine: its `struct pt_regs`, and its name for headers such as libbpf's.
        .include(cargo("DEP_PROBE_ABI_INCLUDE")?)
        .define(&cargo("DEP_PROBE_ABI_MACRO")?, None)
        // <stdint.h> and the like are clang's own, and no header is this computer's. With -ffreestanding,
        // which does that too, nothing would be inlined into Rust.
        .flag("-nostdlibinc")
        // At 0, which is what an unoptimized build asks for, clang forbids the linker to optimize it.
        .opt_level(2)
        // The types, for BTF.
        .debug(true);
    if is_probe {
        // What bpf-linker links with what rustc compiles: it optimizes both at once.
        module.flag("-emit-llvm");
    }
    let object = module
        .try_compile_intermediates()
        .map_err(|error| format!("`{clang}` does not compile `{MODULE}`: {error}"))?
        .swap_remove(0);
    if is_probe {
        is_readable(&object, &clang)?;
    }
    Ok(object)
}

/// A variable that cargo sets.
fn cargo(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("cargo's `{name}`: {error}"))
}

/// Whether it is a clang, and one that compiles for BPF.
fn knows_bpf(clang: &str) -> Result<(), String> {
    let output = Command::new(clang).arg("--print-targets").output();
    let output = output.map_err(|error| {
        format!(
            "cannot run `{clang}`, which `{MODULE}` is compiled with: {error}\n\
             install it, with `apt-get install clang` or as your system has it, or name another one, as in \
             `CLANG=clang-22 cargo build …`"
        )
    })?;
    if String::from_utf8_lossy(&output.stdout).contains("bpfel") {
        return Ok(());
    }
    Err(format!(
        "`{clang}` does not compile for BPF: accepted in `CLANG` is a clang whose `--print-targets` lists `bpfel`"
    ))
}

/// Whether the linker reads what clang wrote: it need not, where clang's LLVM is newer than its own.
fn is_readable(bitcode: &Path, clang: &str) -> Result<(), String> {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "bpf-linker".to_owned());
    let linked = bitcode.with_extension("linked");
    let output = Command::new(&linker)
        .arg(bitcode)
        .arg("-o")
        .arg(linked)
        .output();
    // Where there is no linker, rustc says so.
    let Ok(output) = output else { return Ok(()) };
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "`{linker}` does not read the bitcode of `{clang}`: {}\n\
         the LLVM of clang must not be newer than that of bpf-linker: name an older one, as in \
         `CLANG=clang-22 cargo build …`, or install bpf-linker anew",
        complaint.lines().next().unwrap_or_default()
    ))
}
