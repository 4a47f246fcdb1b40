//! A build script's messages from cargo and to cargo.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use crate::{
    header,
    select::{self, AYA_VARIABLE, Endian, MACHINES, Machine, Target, VARIABLE, Variant},
};

/// Runs a build script. Its error becomes errors of cargo, one for each sentence, without a backtrace.
pub fn run(script: impl FnOnce() -> Result<(), Error>) {
    if let Err(error) = script() {
        for line in &error.0 {
            println!("cargo::error={line}");
        }
    }
}

/// Why a build script cannot continue. Each sentence is one line, in the order to read them.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Vec<String>);

impl Error {
    pub(crate) fn of(lines: Vec<String>) -> Self {
        let lines = lines.iter().flat_map(|line| line.lines());
        Self(lines.map(str::to_owned).collect())
    }

    /// An error of your own, to return from the script that [`run`] runs.
    pub fn new(sentence: impl fmt::Display) -> Self {
        Self::of(vec![sentence.to_string()])
    }

    pub(crate) fn cannot(what: &str, path: &Path, why: impl fmt::Display) -> Self {
        Self::new(format_args!("cannot {what} `{}`: {why}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The same text as `Display`, for `unwrap` and for a `main` that returns it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// The machine that a build is for, which [`Machine::selected`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    machine: &'static Machine,
    variant: &'static Variant,
    is_probe: bool,
}

impl Machine {
    /// The machine that `bpf_target_arch` names, in each of the three ways of setting it. In a build that is not for
    /// BPF and names no machine, it is the machine that the compiler builds for: host tests and editors work without
    /// any setting.
    ///
    /// # Errors
    ///
    /// There is no such machine, or the build is for BPF and names no machine. Outside of build scripts, cargo sets no
    /// variables:
    ///
    /// ```
    /// let error = probe_abi_build::Machine::selected().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "cargo's `CARGO_CFG_TARGET_ARCH` is not set: `Machine::selected` is for build scripts, which cargo runs"
    /// );
    /// ```
    pub fn selected() -> Result<Selected, Error> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        let arch = told("CARGO_CFG_TARGET_ARCH")?;
        let endian = match told("CARGO_CFG_TARGET_ENDIAN")?.as_str() {
            "big" => Endian::Big,
            _ => Endian::Little,
        };
        let target = Target {
            arch: &arch,
            endian,
        };
        let [named, of_aya] = [VARIABLE, AYA_VARIABLE].map(env::var_os);
        let selection = select::select(named.as_deref(), of_aya.as_deref(), target)?;
        if let Some(warning) = selection.warning {
            println!("cargo::warning={warning}");
        }
        Ok(Selected {
            machine: selection.machine,
            variant: selection.machine.nearest(endian),
            is_probe: target.is_bpf(),
        })
    }
}

impl Selected {
    /// The machine's row: all facts that this crate has of the machine.
    pub fn machine(&self) -> &'static Machine {
        self.machine
    }

    /// Rust's `target_arch`: `aarch64`, `x86`.
    pub fn name(&self) -> &'static str {
        self.machine.name
    }

    /// Linux's name, its folder under `arch/`: `arm64`, `x86`.
    pub fn linux(&self) -> &'static str {
        self.machine.linux
    }

    /// The byte order of the build, or the machine's own byte order if the machine does not have that of the build.
    pub fn endian(&self) -> Endian {
        self.variant.endian
    }

    /// clang's triple of the machine, for layouts: `aarch64-linux-gnu`. C that runs as BPF is compiled for BPF.
    pub fn clang_target(&self) -> &'static str {
        self.variant.triple
    }

    /// The macro that libbpf's headers need: `__TARGET_ARCH_arm64`.
    pub fn c_macro(&self) -> String {
        format!("__TARGET_ARCH_{}", self.machine.linux)
    }

    /// Whether this build is for BPF, and not for a test on the host.
    pub fn is_probe(&self) -> bool {
        self.is_probe
    }

    /// A folder with `probe_abi.h` for C beside Rust: `struct pt_regs`, and `c_char` to `c_ulonglong` with the
    /// machine's widths. In C for BPF, `long` is BPF's `long`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn include(&self) -> Result<PathBuf, Error> {
        let folder = out_dir()?.join("probe-abi");
        write(
            &folder.join("probe_abi.h"),
            &header::probe_abi_h(self.machine),
        )?;
        Ok(folder)
    }

    /// Makes `cfg(bpf_target_arch = "…")` true in the package of this build script, and known to the compiler's check
    /// of `cfg`s.
    pub fn emit(&self) {
        let names: Vec<String> = MACHINES
            .iter()
            .map(|machine| format!("{:?}", machine.name))
            .collect();
        println!(
            "cargo::rustc-check-cfg=cfg(bpf_target_arch, values({}))",
            names.join(", ")
        );
        println!("cargo::rustc-cfg=bpf_target_arch={:?}", self.machine.name);
    }
}

/// A variable that cargo sets for build scripts.
fn told(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| {
        Error::new(format_args!(
            "cargo's `{name}` is not set: `Machine::selected` is for build scripts, which cargo runs"
        ))
    })
}

pub(crate) fn out_dir() -> Result<PathBuf, Error> {
    told("OUT_DIR").map(PathBuf::from)
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Error::cannot("write", path, error))
}
