//! What builds a probe, and whether the parts fit each other.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    bpf::{Toolchain, root, which},
    generate, host, inline_asm,
    kernels::guests::{Emulator, GUESTS},
    select::Endian,
};

/// What is installed. `Err` says why there is none.
#[derive(Debug, Clone)]
pub struct Tools {
    pub rust: Result<Rust, String>,
    pub linker: Result<Linker, String>,
    /// Whether they build a program; `None` where it was not tried.
    pub trial: Option<Result<(), String>>,
    pub libclang: Result<Program, String>,
    pub clang: Result<Program, String>,
    pub bpftool: Result<Program, String>,
    pub gcc: Result<Program, String>,
    pub qemu: Result<Program, String>,
}

/// A Rust compiler with `core` for BPF.
#[derive(Debug, Clone)]
pub struct Rust {
    pub toolchain: String,
    pub version: String,
    pub llvm: String,
    /// Whether it takes inline assembly for BPF, with which programs read ctx by construction.
    pub inline_asm: bool,
}

#[derive(Debug, Clone)]
pub struct Linker {
    pub program: Program,
    /// The LLVM in it, where it can be told.
    pub llvm: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    pub version: String,
}

impl Tools {
    /// Of this computer, for probes in an endianness.
    pub fn find(endian: Endian) -> Self {
        let toolchain = Toolchain::with_core();
        let rust = toolchain.as_ref().map_err(String::clone).and_then(rust);
        let linker = program("bpf-linker").map(|program| Linker {
            llvm: fs::read(&program.path).ok().and_then(|file| llvm_in(&file)),
            program,
        });
        let trial = match (&toolchain, &linker) {
            (Ok(toolchain), Ok(linker)) if !toolchain.builds_core() => {
                Some(trial(toolchain, &linker.program.path, endian))
            }
            _ => None,
        };
        Self {
            rust,
            linker,
            trial,
            libclang: libclang(),
            clang: newest_clang(),
            bpftool: program("bpftool"),
            gcc: program("gcc"),
            qemu: qemu(),
        }
    }
}

fn rust(toolchain: &Toolchain) -> Result<Rust, String> {
    let told = host::output(Command::new(toolchain.rustc()).arg("-vV"))?;
    let line = |key: &str| {
        let mut lines = told.lines();
        let value = lines.find_map(|line| line.strip_prefix(key));
        value.unwrap_or("unknown").to_owned()
    };
    Ok(Rust {
        toolchain: toolchain.to_string(),
        version: line("release: "),
        llvm: line("LLVM version: "),
        // As it is called in this environment, `RUSTC_BOOTSTRAP` included.
        inline_asm: inline_asm::is_taken(
            Command::new(toolchain.rustc()),
            Endian::Little.bpf_target(),
            root(),
            &env::temp_dir(),
        ),
    })
}

fn program(name: &str) -> Result<Program, String> {
    let path = which(name).ok_or_else(|| format!("there is no {name} in PATH"))?;
    let told = host::output(Command::new(&path).arg("--version"))?;
    // "bpf-linker 0.13.0", "gcc (Debian 12.2.0-14) 12.2.0", "/usr/sbin/bpftool v7.5.0" and then its parts.
    let version = told.lines().next().unwrap_or_default().trim();
    let called = path.to_string_lossy();
    let version = [&*called, name]
        .iter()
        .find_map(|name| version.strip_prefix(name))
        .unwrap_or(version)
        .trim();
    Ok(Program {
        version: version.to_owned(),
        path,
    })
}

fn newest_clang() -> Result<Program, String> {
    let versions = (14..=40).rev().map(|version| format!("clang-{version}"));
    let installed = versions
        .chain(["clang".into()])
        .find(|name| which(name).is_some());
    program(&installed.ok_or("there is no clang in PATH")?)
}

/// One of those that the repository's tests start, if all of them are there.
fn qemu() -> Result<Program, String> {
    let installed = GUESTS.iter().filter_map(|guest| match guest.emulator {
        Emulator::Installed(name) => Some(program(name)),
        Emulator::Unpacked { .. } => None,
    });
    let all: Vec<Program> = installed.collect::<Result<_, _>>()?;
    all.into_iter().next().ok_or("no machine has one".into())
}

fn libclang() -> Result<Program, String> {
    if let Err(why) = generate::libclang() {
        return Err(why.lines().next().unwrap_or_default().to_owned());
    }
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let loaded = maps.lines().find_map(|line| {
        let path = Path::new(line.get(line.find('/')?..)?);
        let name = path.file_name().and_then(OsStr::to_str)?;
        name.starts_with("libclang").then(|| path.to_owned())
    });
    Ok(Program {
        path: loaded.ok_or("libclang is loaded, and /proc/self/maps does not show from where")?,
        version: crate::clang_version().full,
    })
}

/// The version of the LLVM in a program: one that is linked to it, or else one that is part of it.
pub fn llvm_in(program: &[u8]) -> Option<String> {
    // "libLLVM.so.22.1", "libLLVM-17.so.1", and what LLVM signs its bitcode with: "LLVM22.1.8".
    let linked = ["libLLVM.so.", "libLLVM-"].map(|name| (name, 1));
    let within = [("LLVM", 3)];
    linked.into_iter().chain(within).find_map(|(name, parts)| {
        let name = name.as_bytes();
        let starts = memchr::memmem::find_iter(program, name);
        starts
            .map(|start| version_at(&program[start + name.len()..]))
            .find(|version| version.split('.').filter(|part| !part.is_empty()).count() >= parts)
    })
}

fn version_at(text: &[u8]) -> String {
    let characters = text.iter().map(|&byte| char::from(byte));
    let version: String = characters
        .take(16)
        .take_while(|character| character.is_ascii_digit() || *character == '.')
        .collect();
    version.trim_end_matches('.').to_owned()
}

/// The version's first number.
pub fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

const SMALLEST: &str = "\
#![no_std]
#![no_main]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn probe(context: *const core::ffi::c_void) -> u32 {
    context.is_null().into()
}
";

/// Compiles and links the smallest program.
fn trial(toolchain: &Toolchain, linker: &Path, endian: Endian) -> Result<(), String> {
    let folder = env::temp_dir().join(format!("probe-abi-doctor-{}", std::process::id()));
    let source = folder.join("smallest.rs");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&source, SMALLEST))
        .map_err(host::cannot("write", &source))?;
    let mut rustc = Command::new(toolchain.rustc());
    rustc
        .current_dir(&folder)
        .args(["--edition=2024", "--crate-type=cdylib"])
        // Without it the linker works through all of `core`.
        .args(["-Copt-level=2", "-Clto=fat", "-Cpanic=abort"])
        .args(["--target", endian.bpf_target(), "-o", "smallest"])
        .arg(format!("-Clinker={}", linker.display()))
        .arg(&source);
    let built = host::output(&mut rustc);
    // What is left in the temporary folder does no harm.
    let _ = fs::remove_dir_all(&folder);
    built.map(drop)
}
