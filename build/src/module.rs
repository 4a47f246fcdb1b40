//! C beside Rust.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Error, Selected};

/// The variable that names the clang to compile with.
const VARIABLE: &str = "CLANG";

/// A C file that becomes a part of a probe.
///
/// clang compiles it to LLVM bitcode. bpf-linker links that with the output of rustc, and optimizes both at once. In a
/// build for the host, whose tests call the same functions, it becomes an ordinary object.
///
/// * It includes `<probe_abi.h>` for the machine's `struct pt_regs` and C types: see [`Selected::include`].
/// * `__TARGET_ARCH_…` is defined, because libbpf's headers need it.
/// * The standard headers that need no C library are there: `<stdint.h>`, `<stddef.h>`, `<stdbool.h>`. Name the folders
///   of other headers with [`include`](Self::include).
/// * It is compiled with debug information, for BTF, and at level 2 even in debug builds: no linker may optimize code
///   that clang has compiled at level 0.
///
/// The variable `CLANG` names a clang to use instead of `clang`.
#[derive(Debug, Clone)]
#[must_use = "`link` compiles it"]
pub struct Module {
    file: PathBuf,
    includes: Vec<PathBuf>,
    flags: Vec<String>,
}

impl Module {
    /// A module in this file. The path is relative to the package's folder.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            includes: Vec::new(),
            flags: Vec::new(),
        }
    }

    /// Adds a folder of headers, relative to the package's folder. A change in it runs the build script again.
    pub fn include(mut self, folder: impl Into<PathBuf>) -> Self {
        self.includes.push(folder.into());
        self
    }

    /// Adds an argument for clang: `-DLIMIT=16`, `-Wextra`.
    pub fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Compiles the file, and tells cargo to link it with the package's programs.
    ///
    /// # Errors
    ///
    /// There is no clang, it cannot compile for BPF, it does not compile the file, or bpf-linker cannot read its
    /// output.
    pub fn link(self, machine: &Selected) -> Result<(), Error> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        println!("cargo::rerun-if-changed={}", self.file.display());
        let clang = env::var(VARIABLE).unwrap_or_else(|_| "clang".to_owned());
        self.knows_bpf(&clang)?;
        let mut module = cc::Build::new();
        module
            // This function has already told cargo what the build depends on.
            .emit_rerun_if_env_changed(false)
            .compiler(&clang)
            .file(&self.file)
            .include(machine.include()?)
            .define(&machine.c_macro(), None)
            // <stdint.h> and similar headers are clang's own, and no header is this computer's. -ffreestanding would do
            // that too, but then nothing would be inlined into Rust.
            .flag("-nostdlibinc")
            .opt_level(2)
            .debug(true);
        for folder in &self.includes {
            println!("cargo::rerun-if-changed={}", folder.display());
            module.include(folder);
        }
        for flag in &self.flags {
            module.flag(flag);
        }
        if machine.is_probe() {
            module.flag("-emit-llvm");
        }
        let object = module
            .try_compile_intermediates()
            .map_err(|error| {
                Error::new(format_args!(
                    "`{clang}` does not compile `{}`: {error}",
                    self.file.display()
                ))
            })?
            .swap_remove(0);
        if machine.is_probe() {
            is_readable(&object, &clang)?;
        }
        println!("cargo::rustc-link-arg-bins={}", object.display());
        Ok(())
    }

    /// Checks that `clang` is a clang that can compile for BPF.
    fn knows_bpf(&self, clang: &str) -> Result<(), Error> {
        let output = Command::new(clang).arg("--print-targets").output();
        let output = output.map_err(|error| {
            Error::new(format_args!(
                "cannot run `{clang}`, which `{}` is compiled with: {error}\n\
                 install it, with `apt-get install clang` or as your system has it, or name another one, as in \
                 `{VARIABLE}=clang-22 cargo build …`",
                self.file.display()
            ))
        })?;
        match String::from_utf8_lossy(&output.stdout).contains("bpfel") {
            true => Ok(()),
            false => Err(Error::new(format_args!(
                "`{clang}` does not compile for BPF: accepted in `{VARIABLE}` is a clang whose `--print-targets` \
                 lists `bpfel`"
            ))),
        }
    }
}

/// Checks that the linker can read clang's output. If clang's LLVM is newer than the linker's, it may not.
fn is_readable(bitcode: &Path, clang: &str) -> Result<(), Error> {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "bpf-linker".to_owned());
    let linked = bitcode.with_extension("linked");
    let mut link = Command::new(&linker);
    link.arg(bitcode).arg("-o").arg(linked);
    // If there is no linker, rustc reports it.
    let Ok(output) = link.output() else {
        return Ok(());
    };
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format_args!(
        "`{linker}` does not read the bitcode of `{clang}`: {}\n\
         the LLVM of clang must not be newer than that of bpf-linker: name an older one, as in \
         `{VARIABLE}=clang-22 cargo build …`, or install bpf-linker anew",
        complaint.lines().next().unwrap_or_default()
    )))
}
