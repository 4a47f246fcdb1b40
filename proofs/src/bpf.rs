//! Builds probes, with any toolchain for BPF that is installed.

use std::{
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    host::{cannot, lock, output, run},
    select::{Endian, Machine},
};

/// A Rust toolchain that has `core` for BPF, and the linker.
#[derive(Debug, Clone)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    build_std: bool,
    /// Whether `rustc` must be told that it may use features of nightly.
    bootstrap: bool,
}

/// How a program reads ctx: `probe_abi::READS_BY_CONSTRUCTION` tells it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// With inline assembly, which is not stable for BPF.
    ByConstruction,
    Fenced,
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByConstruction => "by construction",
            Self::Fenced => "fenced",
        })
    }
}

impl Toolchain {
    /// A compiler and the linker. `Err` says what to install.
    pub fn find() -> Result<Self, String> {
        let toolchain = Self::with_core()?;
        match which("bpf-linker") {
            Some(_) => Ok(toolchain),
            None => {
                Err("no bpf-linker in PATH: `scripts/setup`, or `cargo install bpf-linker`".into())
            }
        }
    }

    /// The first of these that is installed: a compiler that comes with `core` for BPF (Debian's, or the one in
    /// `PATH`), or rustup's nightly with rust-src. `Err` says what to install.
    pub fn with_core() -> Result<Self, String> {
        let precompiled = [
            Some(PathBuf::from("/usr/bin")),
            which("rustc").and_then(parent),
        ];
        for bin in precompiled.into_iter().flatten() {
            let (rustc, cargo) = (bin.join("rustc"), bin.join("cargo"));
            if cargo.exists() && has_core(&rustc) {
                return Ok(Self {
                    cargo,
                    rustc,
                    build_std: false,
                    bootstrap: false,
                });
            }
        }
        if let Some(nightly) = Self::nightly()
            && has_source(&nightly.rustc)
        {
            return Ok(Self {
                build_std: true,
                ..nightly
            });
        }
        Err(
            "no Rust toolchain has `core` for BPF: `scripts/setup`, or `rustup toolchain install \
             nightly --component rust-src`"
                .into(),
        )
    }

    /// rustup's nightly.
    pub fn nightly() -> Option<Self> {
        let nightly =
            |tool| printed("rustup", &["which", "--toolchain", "nightly", tool]).map(PathBuf::from);
        Some(Self {
            cargo: nightly("cargo")?,
            rustc: nightly("rustc")?,
            build_std: false,
            bootstrap: false,
        })
    }

    /// The same toolchain, compiling `core` itself. `Err` says what to install.
    pub fn building_core(self) -> Result<Self, String> {
        if self.build_std {
            return Ok(self);
        }
        if !has_source(&self.rustc) {
            return Err(
                "the toolchain has no source of `core`: `scripts/setup`, or Debian's rust-web-src"
                    .into(),
            );
        }
        Ok(Self {
            build_std: true,
            ..self.unstable()
        })
    }

    /// The same toolchain, which accepts features of nightly.
    #[must_use]
    pub fn unstable(self) -> Self {
        Self {
            bootstrap: true,
            ..self
        }
    }

    /// How programs that this toolchain builds read ctx.
    pub fn reads(&self) -> Reads {
        let version = printed(&self.rustc, &["--version"]).unwrap_or_default();
        match self.bootstrap || version.contains("-nightly") || version.contains("-dev") {
            true => Reads::ByConstruction,
            false => Reads::Fenced,
        }
    }

    /// This toolchain, once for each way of reading ctx that its programs can have.
    pub fn ways(&self) -> Vec<(Reads, Self)> {
        let unstable = (Reads::ByConstruction, self.clone().unstable());
        match self.reads() {
            Reads::ByConstruction => vec![unstable],
            Reads::Fenced => vec![(Reads::Fenced, self.clone()), unstable],
        }
    }

    pub fn rustc(&self) -> &Path {
        &self.rustc
    }

    /// Whether it compiles `core` itself.
    pub fn builds_core(&self) -> bool {
        self.build_std
    }

    /// `cargo` with this toolchain, without variables of the toolchain that runs now.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(&self.cargo);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            let inherited =
                name.starts_with("CARGO") && name != "CARGO_HOME" && name != "CARGO_TERM_COLOR";
            if inherited
                || name.starts_with("RUSTUP_")
                || name.starts_with("RUSTC")
                || name == "RUSTFLAGS"
            {
                cargo.env_remove(&*name);
            }
        }
        cargo.env("RUSTC", &self.rustc);
        cargo.env("RUSTDOC", self.rustc.with_file_name("rustdoc"));
        if self.bootstrap {
            cargo.env("RUSTC_BOOTSTRAP", "1");
        }
        cargo
    }

    /// cargo's arguments for building for one of the BPF targets.
    pub fn target<'a>(&self, target: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let build_std = self.build_std.then_some("-Zbuild-std=core");
        ["--target", target].into_iter().chain(build_std)
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = if self.build_std {
            "-Zbuild-std=core"
        } else {
            "precompiled core"
        };
        write!(f, "{} with {core}", self.rustc.display())
    }
}

/// A probe package to build, in release mode by default.
#[derive(Debug)]
pub struct Probe<'a> {
    package: &'a Path,
    machine: &'static Machine,
    target: &'static str,
    target_dir: PathBuf,
    profile: &'static str,
    args: Vec<String>,
    env: Vec<(&'static str, Option<OsString>)>,
}

impl<'a> Probe<'a> {
    /// The package in a folder, for a machine: in that endianness, or in the machine's only one.
    pub fn new(package: &'a Path, machine: &'static Machine, endian: Endian) -> Self {
        let target = machine.nearest(endian).endian.bpf_target();
        let package_name = package.file_name().unwrap_or_default();
        // A folder for each package and machine, so that they do not displace each other.
        let target_dir = root()
            .join("target/probes")
            .join(package_name)
            .join(machine.name);
        Self {
            package,
            machine,
            target,
            target_dir,
            profile: "release",
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    /// Builds with one of cargo's profiles.
    #[must_use]
    pub fn profile(self, profile: &'static str) -> Self {
        Self { profile, ..self }
    }

    /// More arguments for cargo, such as `--config` and `--features`.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|&arg| arg.to_owned()));
        self
    }

    /// Builds with a variable set to a value, or without it.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: Option<impl Into<OsString>>) -> Self {
        self.env.push((name, value.map(Into::into)));
        self
    }

    /// Builds in another folder, because the arguments make other objects of the same package.
    #[must_use]
    pub fn target_dir(mut self, target_dir: impl Into<PathBuf>) -> Self {
        self.target_dir = target_dir.into();
        self
    }

    /// Builds one of the package's objects and reads it. All packages and machines share a folder, so their
    /// dependencies are compiled once. The objects in it replace each other.
    pub fn object(self, toolchain: &Toolchain, name: &str) -> Result<Vec<u8>, String> {
        // Each way of reading has its own folder, because a build script runs again when its variables change.
        let way = toolchain.reads().to_string().replace(' ', "-");
        let folder = root().join("target/probes").join(way);
        let _lock = lock(&folder)?;
        let probe = self.target_dir(folder);
        let path = probe.build(toolchain)?.join(name);
        fs::read(&path).map_err(cannot("read", &path))
    }

    /// Builds the package and returns the folder with its objects.
    pub fn build(&self, toolchain: &Toolchain) -> Result<PathBuf, String> {
        let mut cargo = toolchain.cargo();
        cargo
            .current_dir(self.package)
            .args(["build", "--quiet", "--profile", self.profile])
            .args(toolchain.target(self.target))
            .arg("--target-dir")
            .arg(&self.target_dir)
            // Every crate accepts this form of naming the machine, aya-ebpf included.
            .arg("--config")
            .arg(format!(
                r#"target.{}.rustflags=["--cfg", 'bpf_target_arch="{}"']"#,
                self.target, self.machine.name
            ))
            .args(&self.args);
        for (name, value) in &self.env {
            match value {
                Some(value) => cargo.env(name, value),
                None => cargo.env_remove(name),
            };
        }
        run(&mut cargo)?;
        // cargo's folder for the profile `dev` has an older name.
        let folder = match self.profile {
            "dev" => "debug",
            profile => profile,
        };
        Ok(self.target_dir.join(self.target).join(folder))
    }
}

/// cargo's arguments that give a setting of the profile `release` this value.
pub fn release(name: &str, value: &str) -> [String; 2] {
    let value = match value {
        // The manifests have this other word for it. If the words differ, cargo compiles a crate once for each.
        "fat" => "true".to_owned(),
        "true" | "false" => value.to_owned(),
        _ if value.parse::<u32>().is_ok() => value.to_owned(),
        word => format!("{word:?}"),
    };
    [
        "--config".to_owned(),
        format!("profile.release.{name}={value}"),
    ]
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is in the repository")
}

/// The path of a program in `PATH`.
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

fn parent(path: PathBuf) -> Option<PathBuf> {
    path.parent().map(Path::to_owned)
}

fn has_core(rustc: &Path) -> bool {
    let libdir = ["--print", "target-libdir", "--target", "bpfel-unknown-none"];
    printed(rustc, &libdir).is_some_and(|libdir| Path::new(&libdir).is_dir())
}

fn has_source(rustc: &Path) -> bool {
    printed(rustc, &["--print", "sysroot"]).is_some_and(|sysroot| {
        Path::new(&sysroot)
            .join("lib/rustlib/src/rust/library/core")
            .exists()
    })
}

/// The output of a program, if it succeeds.
fn printed(program: impl AsRef<Path>, args: &[&str]) -> Option<String> {
    let text = output(Command::new(program.as_ref()).args(args)).ok()?;
    Some(text.trim().to_owned())
}
