//! What a build says of bad input: each case runs cargo on a small package that depends on the crate
//! as a user's does.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fmt, fs, io,
    os::unix::{ffi::OsStringExt, fs::symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use proofs::{
    bpf::{Toolchain, root},
    libclang,
    proof::{self, Proof},
    select::{AYA_VARIABLE, Endian, MACHINES, Target, VARIABLE, select},
};

fn main() {
    let proofs = [selections(), libclangs(), others()];
    proof::run(proofs.into_iter().flatten().collect());
}

// Selection

/// A way to name the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// `--cfg bpf_target_arch="…"`
    Cfg,
    /// The variable in the environment.
    Environment,
    /// The variable in `[env]` of .cargo/config.toml.
    Config,
}

const FORMS: [Form; 3] = [Form::Cfg, Form::Environment, Form::Config];

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Platform {
    Host,
    Bpfel,
    Bpfeb,
}

impl Platform {
    fn target(self) -> Target<'static> {
        let (arch, endian) = match self {
            Platform::Host if cfg!(target_endian = "big") => (env::consts::ARCH, Endian::Big),
            Platform::Host => (env::consts::ARCH, Endian::Little),
            Platform::Bpfel => ("bpf", Endian::Little),
            Platform::Bpfeb => ("bpf", Endian::Big),
        };
        Target { arch, endian }
    }

    /// The value of `--target`. The host is named too, so that the flags of the package are not those
    /// of build scripts, which would be compiled anew for each of them.
    fn triple(self) -> &'static str {
        match self {
            Platform::Host => "host-tuple",
            Platform::Bpfel | Platform::Bpfeb => self.target().endian.bpf_target(),
        }
    }

    fn needs(self) -> Result<(), String> {
        match (self, &*TOOLCHAIN) {
            (Platform::Bpfel | Platform::Bpfeb, Err(missing)) => Err(missing.clone()),
            _ => Ok(()),
        }
    }
}

/// What selects no machine: one value of each kind, in the forms that may carry it in a way of their own. What is said of
/// each other value is proven of the pure function (`--test selection`).
const NO_MACHINES: &[(&str, Platform, &[Form])] = &[
    ("", Platform::Host, &[Form::Config]),
    ("", Platform::Bpfel, &FORMS),
    ("  ", Platform::Bpfeb, &FORMS),
    (" x86_64", Platform::Bpfel, &[Form::Cfg]),
    ("arm64", Platform::Host, &FORMS),
    ("ppc64le", Platform::Bpfeb, &[Form::Environment]),
    ("sparc", Platform::Bpfeb, &[Form::Config]),
    ("arm,x86_64", Platform::Host, &[Form::Environment]),
    ("s390x", Platform::Bpfel, &[Form::Cfg]),
    ("nonsense", Platform::Host, &[Form::Config]),
    ("`x86_64`", Platform::Host, &FORMS),
];

fn selections() -> Vec<Proof> {
    let values = NO_MACHINES.iter().flat_map(|&(value, platform, forms)| {
        forms.iter().map(move |&form| {
            let what = format!("{form:?}: {:?}", in_a_name(value));
            refusal(&what, platform, Some(value.into()), move |build| {
                build.name(form, value)
            })
        })
    });
    let nothing = [Platform::Bpfel, Platform::Bpfeb]
        .map(|platform| refusal("nothing", platform, None, |build| build));
    let rustflags_elsewhere = refusal(
        "nothing, for the variable hides the configuration",
        Platform::Bpfel,
        None,
        |build| {
            let build = build.name(Form::Cfg, "arm");
            build.env("RUSTFLAGS", "-Cdebuginfo=0")
        },
    );
    let aya = Proof::new(
        "selection: Bpfel: named to aya-ebpf alone",
        Platform::Bpfel.needs(),
        || {
            let workshop = Workshop::enter();
            let build = workshop.build(Platform::Bpfel);
            let outcome = build.env(AYA_VARIABLE, "arm").run()?;
            let error = select(None, Some("arm".as_ref()), Platform::Bpfel.target());
            let error = error.err().ok_or("it selects a machine")?.to_string();
            outcome.refused(
                &error
                    .lines()
                    .chain(["`AYA_BPF_TARGET_ARCH`"])
                    .collect::<Vec<_>>(),
            )
        },
    );

    let host = Platform::Host;
    let line_for_cargo = "x86_64\ncargo::rustc-cfg=evil";
    let long = "x".repeat(5000);
    let relative = Workshop::scratch().join("arm");
    let not_utf8 = OsString::from_vec(b"x86\xff64".to_vec());
    let others = [
        // As a cfg it would be a line to cargo itself, which refuses it.
        refusal(
            "Environment: a line for cargo",
            host,
            Some(line_for_cargo.into()),
            move |build| build.name(Form::Environment, line_for_cargo),
        ),
        refusal(
            "Config: a line for cargo",
            host,
            Some(line_for_cargo.into()),
            move |build| build.name(Form::Config, line_for_cargo),
        ),
        refusal(
            "Environment: not UTF-8",
            host,
            Some(not_utf8.clone()),
            move |build| build.env(VARIABLE, not_utf8),
        ),
        refusal(
            "Environment: a long value",
            host,
            Some(long.clone().into()),
            move |build| build.env(VARIABLE, long),
        ),
        refusal(
            "Config: relative to the configuration",
            host,
            Some(relative.into()),
            |build| {
                build.config(&format!(
                    "[env]\n{VARIABLE} = {{ value = \"arm\", relative = true }}\n"
                ))
            },
        ),
        refusal("Cfg: no value", host, Some("".into()), |build| {
            build.rustflags(&["--cfg", "bpf_target_arch"])
        }),
        refusal("Cfg: twice", host, Some("arm,mips".into()), |build| {
            let [arm, mips] = ["arm", "mips"].map(|name| format!("bpf_target_arch={name:?}"));
            build.rustflags(&["--cfg", &arm, "--cfg", &mips])
        }),
        refusal("Cfg: in RUSTFLAGS", host, Some("arm64".into()), |build| {
            build.env("RUSTFLAGS", "--cfg bpf_target_arch=\"arm64\"")
        }),
    ];
    let nothing = nothing.into_iter().chain([rustflags_elsewhere, aya]);
    values.chain(nothing).chain(others).collect()
}

/// A value without the machines in it, of which this is no proof.
fn in_a_name(value: &str) -> String {
    match proof::check_name(value) {
        Ok(()) => value.to_owned(),
        Err(_) => MACHINES.iter().fold(value.to_owned(), |value, machine| {
            value.replace(machine.name, "…")
        }),
    }
}

/// The build fails with the lines that the pure function has for a value, and those show the value.
fn refusal(
    what: &str,
    platform: Platform,
    value: Option<OsString>,
    given: impl FnOnce(Build) -> Build + Send + 'static,
) -> Proof {
    let name = format!("selection: {platform:?}: {what}");
    Proof::new(name, platform.needs(), move || {
        let Err(error) = select(value.as_deref(), None, platform.target()) else {
            return Err(format!("{value:?} selects a machine"));
        };
        let error = error.to_string();
        let shown = value.map(|value| {
            let value: String = value.to_string_lossy().chars().take(80).collect();
            format!("`{}", value.escape_debug())
        });
        if let Some(shown) = shown.filter(|shown| !error.contains(shown)) {
            return Err(format!("{shown} is not in: {error}"));
        }
        let workshop = Workshop::enter();
        let outcome = given(workshop.build(platform)).run()?;
        outcome.refused(&error.lines().collect::<Vec<_>>())
    })
}

// libclang

fn libclangs() -> Vec<Proof> {
    const NOT_FOUND: &str = "libclang was not found";
    const TOO_OLD: &str = "libclang is too old for this machine";
    vec![
        // Where the path has none, one of the system's may still be found: no panic, and the right
        // bindings either way.
        with_libclang("the path leads nowhere", "arm", None, |_| Ok(())),
        with_libclang("the path is an empty folder", "mips", None, |path| {
            fs::create_dir(path)
        }),
        with_libclang(
            "the path is a folder with no library",
            "sparc64",
            None,
            |path| {
                fs::create_dir(path)?;
                fs::write(path.join("libclang.so"), "no library")
            },
        ),
        with_libclang("the path is no library", "mips", Some(NOT_FOUND), |path| {
            fs::write(path, "no library")
        }),
        with_libclang(
            "the path is another library",
            "arm",
            Some(NOT_FOUND),
            other_library,
        ),
        with_old_libclang("too old for the machine", "loongarch64", Some(TOO_OLD)),
        with_old_libclang(
            "too old for a machine that is not selected",
            "s390x",
            Some(""),
        ),
        Proof::new(
            "libclang: without the feature, none is looked for",
            Ok(()),
            || {
                let workshop = Workshop::enter();
                let no_library = |path: &Path| fs::write(path, "no library");
                workshop
                    .replace_libclang(no_library)
                    .map_err(|error| error.to_string())?;
                let build = workshop.build(Platform::Host).without_bindgen();
                build
                    .name(Form::Environment, "arm")
                    .expect("arm")
                    .run()?
                    .accepted(0)
            },
        ),
    ]
}

/// A build for a machine with something else in libclang's place succeeds, with one warning that
/// says this, or with none for `""`; `None` where that is up to what else is installed.
fn with_libclang(
    what: &str,
    name: &'static str,
    warning: Option<&'static str>,
    put: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
) -> Proof {
    Proof::new(format!("libclang: {what}"), Ok(()), move || {
        let workshop = Workshop::enter();
        workshop.build_another(name)?;
        workshop
            .replace_libclang(put)
            .map_err(|error| error.to_string())?;
        let build = workshop.build(Platform::Host).name(Form::Environment, name);
        let outcome = build.expect(name).run()?;
        match warning {
            None => outcome.accepted(outcome.warnings().min(1)),
            Some("") => outcome.accepted(0),
            Some(warning) => {
                outcome.accepted(1)?;
                outcome.says(&[&format!("warning: {SELF}: {warning}"), "`LIBCLANG_PATH`"])
            }
        }
    })
}

fn with_old_libclang(what: &str, name: &'static str, warning: Option<&'static str>) -> Proof {
    let folders = ["/usr/lib/llvm-14/lib", "/usr/lib/llvm-15/lib"].map(Path::new);
    let old = folders.into_iter().find_map(libclang::in_folder);
    let needs = match old {
        Some(_) => Ok(()),
        None => Err("no libclang 14 or 15: `apt-get install libclang1-14`".to_owned()),
    };
    let proof = with_libclang(what, name, warning, move |path| {
        symlink(old.unwrap_or_default(), path)
    });
    Proof { needs, ..proof }
}

/// A library that has none of libclang's functions.
fn other_library(path: &Path) -> io::Result<()> {
    let source = path.with_file_name("other.rs");
    fs::write(&source, "")?;
    let rustc = env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut rustc = Command::new(rustc);
    let output = rustc
        .args(["--crate-type", "cdylib", "-o"])
        .args([path, &source])
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr))),
    }
}

// The rest

fn others() -> Vec<Proof> {
    let changes = FORMS.map(|form| {
        Proof::new(
            format!("selection that changes: {form:?}"),
            Ok(()),
            move || {
                let workshop = Workshop::enter();
                let build = |name| {
                    let build = workshop.build(Platform::Host).name(form, name);
                    build.expect(name).run()
                };
                build("riscv32")?.accepted(0)?;
                build("powerpc")?.accepted(0)?;
                let third = build("powerpc")?;
                third.accepted(0)?;
                third.says(&["Fresh probe-abi v", "Fresh scratch v"])?;
                if third.stderr.contains("Running `") {
                    return Err(format!("the third build does something:\n{}", third.stderr));
                }
                Ok(())
            },
        )
    });
    let precedence = Proof::new("selection: the order of the forms", Ok(()), || {
        let workshop = Workshop::enter();
        let build = || workshop.build(Platform::Host).env(VARIABLE, "mips");
        build()
            .name(Form::Config, "sparc64")
            .expect("mips")
            .run()?
            .accepted(0)?;
        build()
            .name(Form::Cfg, "arm")
            .expect("arm")
            .run()?
            .accepted(0)
    });
    let unwritable = Proof::new("OUT_DIR cannot be written", Ok(()), || {
        let workshop = Workshop::enter();
        let build = |name| {
            workshop
                .build(Platform::Host)
                .without_bindgen()
                .name(Form::Environment, name)
        };
        let first = build("x86").run()?;
        first.accepted(0)?;
        let output = first.out_dir()?.join("mips64.rs");
        let in_the_way = fs::remove_file(&output).and_then(|()| fs::create_dir(&output));
        in_the_way.map_err(|error| error.to_string())?;
        let second = build("arm").run()?;
        fs::remove_dir(&output).map_err(|error| error.to_string())?;
        second.refused(&["cannot write `", "/out/mips64.rs`: Is a directory"])?;
        build("arm").expect("arm").run()?.accepted(0)
    });
    changes
        .into_iter()
        .chain([precedence, unwritable])
        .collect()
}

// How a case is run

/// How cargo speaks of the crate.
const SELF: &str = "probe-abi@0.1.0";

/// What the crates are made of.
const SOURCES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "build",
    "build-script",
    "src",
];

static TOOLCHAIN: LazyLock<Result<Toolchain, String>> = LazyLock::new(Toolchain::find);

/// The folder where the cases are built, one at a time: they share the dependencies that cargo has
/// compiled there.
struct Workshop {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Workshop {
    fn enter() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let workshop = Self {
            folder: Self::folder(),
            _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        fs::create_dir_all(&workshop.folder)
            .and_then(|()| workshop.restore_libclang())
            .expect("the folder for temporary files can be written");
        workshop
    }

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_errors")
    }

    /// Where the user's package is.
    fn scratch() -> PathBuf {
        Self::folder().join("scratch")
    }

    /// Where all builds look for libclang: the same place for all of them, because cargo compiles
    /// bindgen anew for another.
    fn libclang(&self) -> PathBuf {
        self.folder.join("libclang.so")
    }

    fn replace_libclang(&self, put: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        remove(&self.libclang())?;
        put(&self.libclang())
    }

    /// Puts the libclang in place that this computer's user has chosen; where there is none, bindgen
    /// finds the system's.
    fn restore_libclang(&self) -> io::Result<()> {
        self.replace_libclang(|path| {
            libclang::chosen().map_or(Ok(()), |chosen| symlink(chosen, path))
        })
    }

    fn build(&self, platform: Platform) -> Build {
        let mut cargo = match &*TOOLCHAIN {
            Ok(toolchain) => toolchain.cargo(),
            Err(_) => Command::new(env::var_os("CARGO").unwrap_or("cargo".into())),
        };
        cargo
            .args([
                "check",
                "--verbose",
                "--message-format",
                "json-render-diagnostics",
            ])
            .args(["--target", platform.triple(), "--target-dir"])
            .arg(self.folder.join("target"))
            .env_remove(VARIABLE)
            .env_remove(AYA_VARIABLE)
            .env("LIBCLANG_PATH", self.libclang())
            // These are for the user's own headers, and must change nothing in any case.
            .env(
                "BINDGEN_EXTRA_CLANG_ARGS",
                "--target=riscv32-linux-gnu -include nowhere.h",
            )
            .env("CARGO_TERM_COLOR", "never")
            .env("RUST_BACKTRACE", "1");
        Build {
            cargo,
            bindgen: true,
            config: String::new(),
        }
    }

    /// Builds for another machine, so that the build script runs in the next build.
    fn build_another(&self, name: &str) -> Result<(), String> {
        let another = if name == "x86_64" { "x86" } else { "x86_64" };
        self.build(Platform::Host)
            .name(Form::Environment, another)
            .run()?
            .accepted(0)
    }
}

/// A run of cargo.
struct Build {
    cargo: Command,
    bindgen: bool,
    config: String,
}

impl Build {
    fn name(self, form: Form, value: &str) -> Self {
        match form {
            Form::Cfg => self.rustflags(&["--cfg", &format!("bpf_target_arch={value:?}")]),
            Form::Environment => self.env(VARIABLE, value),
            Form::Config => self.config(&format!("[env]\n{VARIABLE} = {value:?}\n")),
        }
    }

    fn rustflags(self, flags: &[&str]) -> Self {
        self.config(&format!("[build]\nrustflags = {flags:?}\n"))
    }

    fn config(mut self, text: &str) -> Self {
        self.config += text;
        self
    }

    fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.cargo.env(name, value);
        self
    }

    fn without_bindgen(mut self) -> Self {
        self.bindgen = false;
        self
    }

    /// The build succeeds for this machine alone.
    fn expect(self, name: &str) -> Self {
        self.env("EXPECTED", name)
    }

    fn run(mut self) -> Result<Outcome, String> {
        let package = self.package().map_err(|error| error.to_string())?;
        let before = files(root()).map_err(|error| error.to_string())?;
        let output = self
            .cargo
            .current_dir(package)
            .output()
            .map_err(|error| error.to_string())?;
        let after = files(root()).map_err(|error| error.to_string())?;
        if before != after {
            return Err("the build changed the source tree".to_owned());
        }
        Ok(Outcome {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The user's package.
    fn package(&self) -> io::Result<PathBuf> {
        let package = Workshop::scratch();
        fs::create_dir_all(package.join("src"))?;
        fs::create_dir_all(package.join(".cargo"))?;
        let manifest = format!(
            "[package]\nname = \"scratch\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nprobe-abi = {{ path = {:?}, default-features = {} }}\n",
            root(),
            self.bindgen
        );
        write_if_other(&package.join("Cargo.toml"), manifest)?;
        write_if_other(
            &package.join("Cargo.lock"),
            fs::read(root().join("Cargo.lock"))?,
        )?;
        write_if_other(&package.join(".cargo/config.toml"), &self.config)?;
        write_if_other(&package.join("src/lib.rs"), PACKAGE)?;
        Ok(package)
    }
}

/// The user's program: it compiles if the machine is the expected one.
const PACKAGE: &str = r#"#![no_std]

const _: () = {
    if let Some(expected) = option_env!("EXPECTED") {
        let (expected, arch) = (expected.as_bytes(), probe_abi::ARCH.as_bytes());
        assert!(expected.len() == arch.len());
        let mut at = 0;
        while at < arch.len() {
            assert!(expected[at] == arch[at]);
            at += 1;
        }
    }
};
"#;

/// How a run of cargo ended.
struct Outcome {
    success: bool,
    stdout: String,
    stderr: String,
}

impl Outcome {
    /// The build failed, and each of these is in what the build script reported.
    fn refused(&self, said: &[&str]) -> Result<(), String> {
        if self.success {
            return Err(format!("the build succeeds:\n{self}"));
        }
        self.is_clean()?;
        let prefix = format!("error: {SELF}: ");
        let errors: Vec<&str> = self
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix))
            .collect();
        match said
            .iter()
            .find(|said| !errors.iter().any(|error| error.contains(*said)))
        {
            Some(missing) => Err(format!("no error has {missing:?}:\n{self}")),
            None => Ok(()),
        }
    }

    /// The build succeeded with so many warnings, and gave the library the committed bindings.
    fn accepted(&self, warnings: usize) -> Result<(), String> {
        if !self.success {
            return Err(format!("the build fails:\n{self}"));
        }
        self.is_clean()?;
        if self.warnings() != warnings {
            return Err(format!(
                "{} warnings in place of {warnings}:\n{self}",
                self.warnings()
            ));
        }
        for machine in MACHINES {
            let file = format!("{}.rs", machine.name);
            let [made, committed] = [
                self.out_dir()?.join(&file),
                root().join("build/bindings").join(&file),
            ];
            let text = |path: &Path| {
                fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
            };
            if text(&made)? != text(&committed)? {
                return Err(format!("{} is not {}", made.display(), committed.display()));
            }
        }
        Ok(())
    }

    fn says(&self, said: &[&str]) -> Result<(), String> {
        match said.iter().find(|said| !self.stderr.contains(**said)) {
            Some(missing) => Err(format!("nothing has {missing:?}:\n{self}")),
            None => Ok(()),
        }
    }

    /// Nothing of a crash, and nothing of the compiler's, which has no part in a bad input.
    fn is_clean(&self) -> Result<(), String> {
        // A dependency's own cfg may be called so, in the command that compiles it.
        let is_command = |line: &&str| line.trim_start().starts_with("Running `");
        match ["panicked", "backtrace", "error[E", "could not compile"]
            .iter()
            .find(|noise| {
                let mut lines = self.stderr.lines().filter(|line| !is_command(line));
                lines.any(|line| line.contains(**noise))
            }) {
            Some(noise) => Err(format!("there is {noise:?}:\n{self}")),
            None => Ok(()),
        }
    }

    fn warnings(&self) -> usize {
        self.stderr
            .lines()
            .filter(|line| line.starts_with("warning: "))
            .count()
    }

    /// Where the build script wrote the bindings: cargo says it in JSON.
    fn out_dir(&self) -> Result<PathBuf, String> {
        let message = self.stdout.lines().find(|line| {
            line.contains("\"build-script-executed\"") && line.contains("/probe-abi-")
        });
        let out_dir =
            message.and_then(|message| message.split_once("\"out_dir\":\"")?.1.split('"').next());
        out_dir
            .map(PathBuf::from)
            .ok_or_else(|| format!("no build script ran:\n{self}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stderr)
    }
}

/// Writes a file, but not one that is as it should be: cargo goes by the time of the change.
fn write_if_other(path: &Path, text: impl AsRef<[u8]>) -> io::Result<()> {
    match fs::read(path) {
        Ok(present) if present == text.as_ref() => Ok(()),
        _ => fs::write(path, text),
    }
}

/// Removes whatever is at a path, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// The files of the crate in a folder, by their paths there.
fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    fn collect(
        folder: &Path,
        path: PathBuf,
        files: &mut BTreeMap<PathBuf, Vec<u8>>,
    ) -> io::Result<()> {
        let at = folder.join(&path);
        if !at.is_dir() {
            files.insert(path, fs::read(at)?);
            return Ok(());
        }
        for entry in fs::read_dir(at)? {
            collect(folder, path.join(entry?.file_name()), files)?;
        }
        Ok(())
    }
    let mut all = BTreeMap::new();
    for source in SOURCES {
        collect(folder, source.into(), &mut all)?;
    }
    Ok(all)
}
