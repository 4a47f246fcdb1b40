//! Finds the parts that this computer has.

use std::{
    env::{self, consts},
    ffi::CStr,
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use btfparse::TypeInformation;
use clang_sys::{clang_getCString, clang_getClangVersion};

use crate::{Compared, Computer, Core, ENDIAN, Program, btf, machine};

impl Computer {
    /// The computer that this runs on, with the configuration of the current folder.
    pub fn this() -> Self {
        // `uname` names another machine to some processes of 32 bits.
        let arch = fs::read_to_string("/proc/sys/kernel/arch");
        let arch = arch.unwrap_or_else(|_| consts::ARCH.into());
        let release = output(Command::new("uname").arg("-sr"));
        let kernel = format!("{} {}", release.unwrap_or_default(), arch.trim());
        let (rustc, linker) = (rustc(), in_path("bpf-linker").and_then(linker));
        let built = match (&rustc, &linker) {
            (Ok((_, core)), Ok(_)) if *core != Core::Missing => Some(trial(*core)),
            _ => None,
        };
        let (trial, selected) = built.unzip();
        // In a process of its own, because clang-sys prints to standard output where it looked.
        let libclang = |this| output(Command::new(this).arg("libclang")).ok();
        Self {
            layout: running(&kernel),
            kernel,
            rustc,
            linker,
            trial,
            selected: selected.flatten(),
            libclang: env::current_exe().ok().and_then(libclang),
        }
    }
}

/// The output of a program. `Err` has the first error in it, and the last note.
fn output(command: &mut Command) -> Result<String, String> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output();
    let output = output.map_err(|error| format!("cannot run `{program}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let error = said.lines().find(|line| line.starts_with("error"));
    let mut note = said.lines().filter_map(|line| line.split_once("= note: "));
    Err(match (error, note.next_back()) {
        (Some(error), Some((_, note))) => format!("{error}; {note}"),
        (Some(error), None) => error.to_owned(),
        _ => format!("`{program}` failed: {}", output.status),
    })
}

fn in_path(program: &str) -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut paths = env::split_paths(&path).map(|folder| folder.join(program));
    let found = paths.find(|path| path.is_file());
    found.ok_or_else(|| format!("there is no `{program}` in PATH"))
}

/// The compiler that cargo uses in this folder; or rustup's nightly, if only nightly has `core`.
fn rustc() -> Result<(Program, Core), String> {
    let named = env::var_os("RUSTC").map(PathBuf::from);
    let may_be_other = named.is_none();
    let own = named.map_or_else(|| in_path("rustc"), Ok).and_then(asked);
    let mut nightly = Command::new("rustup");
    nightly.args(["which", "--toolchain", "nightly", "rustc"]);
    if may_be_other
        && matches!(own, Err(_) | Ok((_, Core::Missing)))
        && let Ok(path) = output(nightly.env("RUSTUP_AUTO_INSTALL", "0"))
        && let Ok((rustc, Core::Source)) = asked(path.into())
    {
        return Ok((rustc, Core::Nightly));
    }
    own
}

fn asked(path: PathBuf) -> Result<(Program, Core), String> {
    let told = output(Command::new(&path).arg("-vV"))?;
    let line = |key| told.lines().find_map(|line| line.strip_prefix(key));
    let version = line("release: ").unwrap_or("of no number");
    let has = |ask: &[&str], inside| {
        let folder = output(Command::new(&path).args(ask));
        folder.is_ok_and(|folder| Path::new(&folder).join(inside).is_dir())
    };
    let is_nightly = ["-nightly", "-dev"].iter().any(|end| version.contains(end))
        || env::var_os("RUSTC_BOOTSTRAP").is_some_and(|value| value == "1");
    let precompiled = ["--print=target-libdir", "--target", ENDIAN.bpf_target()];
    let core = if has(&precompiled, "") {
        Core::Precompiled
    } else if is_nightly && has(&["--print=sysroot"], "lib/rustlib/src/rust/library/core") {
        Core::Source
    } else {
        Core::Missing
    };
    Ok((program(&path, version, line("LLVM version: ")), core))
}

fn linker(path: PathBuf) -> Result<Program, String> {
    let version = output(Command::new(&path).arg("--version"))?;
    let version = version.trim_start_matches("bpf-linker ");
    let llvm = fs::read(&path).ok().and_then(|file| llvm_in(&file));
    Ok(program(&path, version, llvm.as_deref()))
}

fn program(path: &Path, version: &str, llvm: Option<&str>) -> Program {
    let llvm = llvm.unwrap_or("of an unknown version");
    let text = format!("{version}, LLVM {llvm}, {}", path.display());
    let llvm = llvm.split('.').next().and_then(|first| first.parse().ok());
    Program { text, llvm }
}

/// The version of a program's LLVM: of the library that it is linked to, or else of the LLVM in the program itself.
pub fn llvm_in(program: &[u8]) -> Option<String> {
    // "libLLVM.so.22.1", "libLLVM-17.so.1", and LLVM's signature in its bitcode: "LLVM22.1.8".
    let names = [("libLLVM.so.", 1), ("libLLVM-", 1), ("LLVM", 3)];
    names.iter().find_map(|&(name, numbers)| {
        memchr::memmem::find_iter(program, name).find_map(|at| {
            let text = program[at + name.len()..].iter().take(16);
            let text = text.map(|&byte| char::from(byte));
            let version = text.take_while(|c| c.is_ascii_digit() || *c == '.');
            let version = version.collect::<String>();
            let version = version.trim_matches('.');
            let is_whole = !version.is_empty() && version.split('.').count() >= numbers;
            is_whole.then(|| version.to_owned())
        })
    })
}

/// The smallest probe.
const TRIAL: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("trial/manifest.toml")),
    ("build.rs", include_str!("trial/build.rs")),
    ("main.rs", include_str!("trial/main.rs")),
];

/// Builds the smallest probe with the current folder's configuration. Returns whether that works, and the value that
/// names a machine to its build script.
fn trial(core: Core) -> (Result<(), String>, Option<String>) {
    let folder = env::temp_dir().join(format!("probe-abi-doctor-{}", process::id()));
    let mut files = TRIAL.iter();
    let mut write = || files.try_for_each(|(name, text)| fs::write(folder.join(name), text));
    if let Err(error) = fs::create_dir(&folder).and_then(|()| write()) {
        let why = format!("cannot write to `{}`: {error}", folder.display());
        return (Err(why), None);
    }
    let mut cargo = Command::new("cargo");
    cargo.env("CARGO_TERM_COLOR", "never");
    cargo.args((core == Core::Nightly).then_some("+nightly"));
    cargo.args(["build", "--quiet", "--release", "--target"]);
    cargo.arg(ENDIAN.bpf_target()).arg("--manifest-path");
    cargo.arg(folder.join("Cargo.toml")).arg("--target-dir");
    cargo.arg(folder.join("target"));
    if core != Core::Precompiled {
        eprintln!("compiling `core`, which takes half a minute");
        cargo.arg("-Zbuild-std=core");
    }
    let built = output(&mut cargo).map(drop);
    let selected = fs::read(folder.join("selected")).ok();
    let selected = selected.map(|value| String::from_utf8_lossy(&value).into_owned());
    // If files are left in the temporary folder, they do no harm.
    let _ = fs::remove_dir_all(&folder);
    (built, selected)
}

/// The version and the path of the libclang that bindgen loads.
pub fn libclang() -> Result<String, String> {
    clang_sys::load()?;
    let library = clang_sys::get_library().ok_or("it is not loaded")?;
    // SAFETY: the library is loaded, and its string is there until the process ends.
    let version = unsafe { CStr::from_ptr(clang_getCString(clang_getClangVersion())) };
    let (version, path) = (version.to_string_lossy(), library.path().display());
    Ok(format!("{version}, {path}"))
}

fn running(kernel: &str) -> Compared {
    let machine = machine(kernel).ok_or("probes do not run on this machine")?;
    let types = fs::read(btf::RUNNING);
    let types = types.map_err(|error| format!("`{}` cannot be read: {error}", btf::RUNNING))?;
    layout(machine.name, machine.bindings, &btf::types(&types)?)
}

/// Compares a machine's bindings with a kernel's types.
pub fn layout(machine: &str, bindings: &str, kernel: &TypeInformation) -> Compared {
    kernel.id_of("pt_regs").ok_or("its BTF has no `pt_regs`")?;
    // rustc has checked each of these lines:
    // `["Offset of field: pt_regs::r14"][::core::mem::offset_of!(pt_regs, r14) - 8usize];`
    let fields = bindings.split("\"Offset of field: pt_regs::").skip(1);
    let fields = fields.filter_map(|text| {
        let (name, rest) = text.split_once('"')?;
        let offset = rest.split_once(") - ")?.1.split_once("usize")?.0;
        Some((name, offset.parse::<usize>().ok()?))
    });
    let different = |(name, offset)| match btf::slot(kernel, machine, name) {
        Some((at, _)) if at == offset => None,
        Some((at, _)) => Some(format!("`{name}` is at {at}, and here at {offset}")),
        None => Some(format!("there is no `{name}`")),
    };
    let different = fields.clone().filter_map(different).collect();
    Ok((fields.count(), different))
}
