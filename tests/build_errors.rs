//! The messages of a build with bad input. Each case runs cargo on a small package that depends on the crate as a
//! user's package does.
//!
//! The proofs of the pure function (`--test selection`) cover the message for each value. This file tests that each
//! value reaches that function, and that its message reaches the user.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use proofs::{
    bpf::{Toolchain, root},
    host::{Said, cannot, ended, run, write_if_new},
    libclang,
    package::remove,
    proof::{self, Proof},
    select::{AYA_VARIABLE, Endian, MACHINES, Target, VARIABLE, select},
    users::{self, Turn},
};

fn main() {
    let mut proofs = refusals();
    proofs.extend([
        Proof::new(
            "selection: changes, and the order of forms",
            Ok(()),
            changes,
        ),
        Proof::new("libclang: something else is there", Ok(()), no_libclang),
        Proof::new(
            "libclang: too old",
            old_libclang().map(drop),
            too_old_libclang,
        ),
        Proof::new(
            "libclang: arguments for other headers",
            TOOLCHAIN.as_ref().map(drop).map_err(String::clone),
            arguments,
        ),
        Proof::new("OUT_DIR cannot be written", Ok(()), unwritable),
    ]);
    proof::run(proofs)
}

static TOOLCHAIN: LazyLock<Result<Toolchain, String>> = LazyLock::new(Toolchain::find);

// Selection

/// The part of a build that a case adds.
type Given = fn(Build) -> Build;

fn refusals() -> Vec<Proof> {
    let (host, little) = (None, Some(Endian::Little));
    vec![
        refusal("Cfg: another endianness", little, Some(b"s390x"), |build| {
            build.cfg(&["s390x"])
        }),
        refusal("Cfg: twice", host, Some(b"arm,mips"), |build| {
            build.cfg(&["arm", "mips"])
        }),
        refusal("Config: empty", host, Some(b""), |build| build.file("")),
        refusal("Environment: not UTF-8", host, Some(NOT_UTF8), |build| {
            build.env(VARIABLE, OsStr::from_bytes(NOT_UTF8))
        }),
        // As a cfg, the value would be a separate line to cargo, which refuses it.
        refusal("Environment: two lines", host, Some(LINES), |build| {
            build.env(VARIABLE, OsStr::from_bytes(LINES))
        }),
        refusal(
            "nothing, for a variable hides the file",
            little,
            None,
            |build| build.cfg(&["arm"]).env("RUSTFLAGS", "-Cdebuginfo=0"),
        ),
        refusal("named to aya-ebpf alone", little, None, |build| {
            build.env(AYA_VARIABLE, OF_AYA)
        }),
    ]
}

const NOT_UTF8: &[u8] = b"x86\xff64";
const LINES: &[u8] = b"x86_64\ncargo::rustc-cfg=evil";
const OF_AYA: &str = "arm";

/// The build, for the host or for BPF, fails with the lines that the pure function returns for a value.
fn refusal(
    what: &'static str,
    bpf: Option<Endian>,
    value: Option<&'static [u8]>,
    given: Given,
) -> Proof {
    let needs = match (bpf, &*TOOLCHAIN) {
        (Some(_), Err(missing)) => Err(missing.clone()),
        _ => Ok(()),
    };
    Proof::new(format!("selection: {what}"), needs, move || {
        let host = match cfg!(target_endian = "big") {
            true => Endian::Big,
            false => Endian::Little,
        };
        let target = Target {
            arch: bpf.map_or(env::consts::ARCH, |_| "bpf"),
            endian: bpf.unwrap_or(host),
        };
        let turn = Turn::wait()?;
        let build = given(build(&turn, bpf));
        let of_aya = build.sets(AYA_VARIABLE).then_some(OsStr::new(OF_AYA));
        let error = select(value.map(OsStr::from_bytes), of_aya, target);
        let error = error.err().ok_or("this selects a machine")?.to_string();
        build.run()?.refused(&error.lines().collect::<Vec<_>>())
    })
}

/// A build takes the newest selection. If the selection is the same as before, nothing is built again. The cfg comes
/// before the environment, and the environment before the file.
fn changes() -> Result<(), String> {
    let turn = Turn::wait()?;
    let last = |build: Build| build.env(VARIABLE, "mips").cfg(&["arm"]);
    let selections: [(Given, &str); 5] = [
        (|build| build.env(VARIABLE, "riscv32"), "riscv32"),
        (|build| build.env(VARIABLE, "powerpc"), "powerpc"),
        (|build| build.file("riscv32"), "riscv32"),
        (|build| build.file("sparc64").env(VARIABLE, "mips"), "mips"),
        (last, "arm"),
    ];
    for (given, selected) in selections {
        let build = given(build(&turn, None)).expect(selected);
        build.run()?.accepted(None)?;
    }
    let again = last(build(&turn, None)).expect("arm").run()?;
    again.says(&["Fresh probe-abi v", "Fresh scratch v"])?;
    let said = again.0.stderr;
    match said.contains("Running `") {
        true => Err(format!("the same build does something:\n{said}")),
        false => Ok(()),
    }
}

// libclang

const NOT_FOUND: &str = "libclang was not found";
const TOO_OLD: &str = "libclang is too old for this machine";

/// A build with something else in libclang's place has the right bindings, and one warning that says so. Each build is
/// for another machine than the one before, so that the build script runs.
fn no_libclang() -> Result<(), String> {
    let turn = Turn::wait()?;
    let path = &users::libclang();
    let named = |name| {
        let build = build(&turn, None).env(VARIABLE, name).looks_for_libclang();
        build.expect(name).run()
    };
    // The path leads nowhere. The build may still find a libclang of the system.
    remove(path)?;
    let nowhere = named("x86")?;
    nowhere.accepted((nowhere.warnings() > 0).then_some(NOT_FOUND))?;

    fs::write(path, "no library").map_err(cannot("write", path))?;
    named("mips64")?.accepted(Some(NOT_FOUND))?;

    // A library without libclang's functions.
    let source = path.with_file_name("other.rs");
    write_if_new(&source, "")?;
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()));
    let library = ["--crate-type", "cdylib", "-o"];
    run(rustc.args(library).args([path, &source]))?;
    named("riscv64")?.accepted(Some(NOT_FOUND))
}

fn old_libclang() -> Result<PathBuf, String> {
    let folders = ["/usr/lib/llvm-14/lib", "/usr/lib/llvm-15/lib"].map(Path::new);
    let old = folders.into_iter().find_map(libclang::in_folder);
    old.ok_or_else(|| "no libclang 14 or 15: `apt-get install libclang1-14`".to_owned())
}

/// Only the users of that machine get the warning.
fn too_old_libclang() -> Result<(), String> {
    let turn = Turn::wait()?;
    turn.link_libclang(Some(old_libclang()?))?;
    for (name, warning) in [("s390x", None), ("loongarch64", Some(TOO_OLD))] {
        let build = build(&turn, None).env(VARIABLE, name).looks_for_libclang();
        build.expect(name).run()?.accepted(warning)?;
    }
    Ok(())
}

/// bindgen reads a variable with arguments for clang, which are for the user's own headers. With them the bindings are
/// the same. The variable's name with the target's does not make cargo compile bindgen anew.
fn arguments() -> Result<(), String> {
    let turn = Turn::wait()?;
    let build = build(&turn, Some(Endian::Little)).env(VARIABLE, "x86").env(
        "BINDGEN_EXTRA_CLANG_ARGS_bpfel_unknown_none",
        "--target=riscv32-linux-gnu -include nowhere.h",
    );
    build.expect("x86").run()?.accepted(None)
}

// The rest

/// Without the feature `bindgen`, a build does not look for libclang.
fn unwritable() -> Result<(), String> {
    let turn = Turn::wait()?;
    let path = users::libclang();
    remove(&path)?;
    fs::write(&path, "no library").map_err(cannot("write", &path))?;
    let build_for = |name| {
        let mut build = build(&turn, None).env(VARIABLE, name).looks_for_libclang();
        build.bindgen = false;
        build.run()
    };
    let first = build_for("x86")?;
    first.accepted(None)?;
    let output = first.out_dir()?.join("mips64.rs");
    remove(&output)?;
    fs::create_dir(&output).map_err(cannot("make", &output))?;
    let second = build_for("arm")?;
    remove(&output)?;
    second.refused(&["cannot write `", "/out/mips64.rs`: Is a directory"])
}

// How a case is run

/// cargo's name for the crate.
const SELF: &str = concat!("probe-abi@", env!("CARGO_PKG_VERSION"));

/// A build for BPF or for the host. The host is named too: otherwise the package's flags would also be those of build
/// scripts, which cargo would compile anew for each of them.
fn build(_: &Turn, bpf: Option<Endian>) -> Build {
    let mut cargo = match &*TOOLCHAIN {
        Ok(toolchain) => toolchain.cargo(),
        Err(_) => Command::new(env!("CARGO")),
    };
    cargo
        .args(["check", "--release", "--verbose", "--message-format"])
        .args(["json-render-diagnostics", "--target"])
        .args([bpf.map_or("host-tuple", Endian::bpf_target), "--target-dir"])
        .arg(users::target_dir())
        .env_remove(VARIABLE)
        .env_remove(AYA_VARIABLE)
        .envs(users::env())
        .env("RUST_BACKTRACE", "1");
    Build {
        cargo,
        package: users::packages("build_errors"),
        bindgen: true,
        config: String::new(),
        expected: None,
    }
}

/// A run of cargo on the user's package.
struct Build {
    cargo: Command,
    package: PathBuf,
    bindgen: bool,
    config: String,
    expected: Option<&'static str>,
}

impl Build {
    /// The user's program compiles only for this machine.
    fn expect(mut self, name: &'static str) -> Self {
        self.expected = Some(name);
        self
    }

    /// Adds `--cfg bpf_target_arch="…"` for each name.
    fn cfg(mut self, names: &[&str]) -> Self {
        let cfg = |name| ["--cfg".to_owned(), format!("bpf_target_arch={name:?}")];
        let flags: Vec<String> = names.iter().flat_map(cfg).collect();
        self.config += &format!("[build]\nrustflags = {flags:?}\n");
        self
    }

    /// Sets the variable in `[env]` of .cargo/config.toml.
    fn file(mut self, name: &str) -> Self {
        self.config += &format!("[env]\n{VARIABLE} = {name:?}\n");
        self
    }

    fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.cargo.env(name, value);
        self
    }

    /// Names libclang's place, also if this computer's user has chosen no libclang.
    fn looks_for_libclang(self) -> Self {
        self.env("LIBCLANG_PATH", users::libclang())
    }

    fn sets(&self, name: &str) -> bool {
        let mut variables = self.cargo.get_envs();
        variables.any(|(variable, value)| variable == name && value.is_some())
    }

    fn run(mut self) -> Result<Ended, String> {
        let lock = root().join("Cargo.lock");
        let lock = fs::read_to_string(&lock).map_err(cannot("read", &lock))?;
        let manifest = format!(
            "[package]\nname = \"scratch\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nprobe-abi = {{ path = {:?}, default-features = {} }}\n",
            root(),
            self.bindgen
        );
        let program = match self.expected {
            Some(name) => format!(
                "#![no_std]\nconst _: () = match probe_abi::ARCH.as_bytes() {{ b{name:?} => (), _ => panic!() }};\n"
            ),
            None => "#![no_std]\n".to_owned(),
        };
        for (name, text) in [
            ("Cargo.toml", &manifest),
            ("Cargo.lock", &lock),
            (".cargo/config.toml", &self.config),
            ("src/lib.rs", &program),
        ] {
            write_if_new(&self.package.join(name), text)?;
        }
        let said = ended(self.cargo.current_dir(&self.package))?;
        // The error has no line of a crash, and none of the compiler, which does not see bad input. The lines of
        // commands do not count: a dependency may have a cfg with such a name.
        let mut lines = said
            .stderr
            .lines()
            .filter(|line| !line.trim_start().starts_with("Running `"));
        let noise = ["panicked", "backtrace", "error[E", "could not compile"];
        if let Some(line) = lines.find(|line| noise.iter().any(|noise| line.contains(noise))) {
            return Err(format!("there is {line:?}:\n{}", said.stderr));
        }
        Ok(Ended(said))
    }
}

/// The result of a run of cargo.
struct Ended(Said);

impl Ended {
    /// The build failed, and the build script reported each of these texts.
    fn refused(&self, said: &[&str]) -> Result<(), String> {
        let Said { stderr, .. } = &self.0;
        if self.0.status.success() {
            return Err(format!("the build succeeds:\n{stderr}"));
        }
        let prefix = format!("error: {SELF}: ");
        let errors = stderr.lines().filter_map(|line| line.strip_prefix(&prefix));
        let errors: Vec<&str> = errors.collect();
        let is_said = |said: &&str| errors.iter().any(|error| error.contains(said));
        match said.iter().find(|said| !is_said(said)) {
            Some(missing) => Err(format!("no error has {missing:?}:\n{stderr}")),
            None => Ok(()),
        }
    }

    /// The build succeeded, with this warning or without one, and gave the library the committed bindings.
    fn accepted(&self, warning: Option<&str>) -> Result<(), String> {
        let Said { stderr, .. } = &self.0;
        if !self.0.status.success() || self.warnings() != usize::from(warning.is_some()) {
            return Err(format!("the build fails, or warns otherwise:\n{stderr}"));
        }
        if let Some(warning) = warning {
            self.says(&[&format!("warning: {SELF}: {warning}"), "`LIBCLANG_PATH`"])?;
        }
        for machine in MACHINES {
            let made = self.out_dir()?.join(format!("{}.rs", machine.name));
            let text = fs::read_to_string(&made).map_err(cannot("read", &made))?;
            if text != machine.bindings {
                return Err(format!("`{}` is not what is committed", made.display()));
            }
        }
        Ok(())
    }

    fn says(&self, said: &[&str]) -> Result<(), String> {
        let Said { stderr, .. } = &self.0;
        match said.iter().find(|said| !stderr.contains(**said)) {
            Some(missing) => Err(format!("nothing has {missing:?}:\n{stderr}")),
            None => Ok(()),
        }
    }

    fn warnings(&self) -> usize {
        let lines = self.0.stderr.lines();
        lines.filter(|line| line.starts_with("warning: ")).count()
    }

    /// The folder where the build script wrote the bindings. cargo names it in JSON.
    fn out_dir(&self) -> Result<PathBuf, String> {
        let message = self.0.stdout.lines().find(|line| {
            line.contains("\"build-script-executed\"") && line.contains("/probe-abi-")
        });
        let out_dir =
            message.and_then(|message| message.split_once("\"out_dir\":\"")?.1.split('"').next());
        let missing = || format!("no build script ran:\n{}", self.0.stderr);
        out_dir.map(PathBuf::from).ok_or_else(missing)
    }
}
