//! Promise: the project at the beginning of the README is complete, and so is the page that continues it. The files are
//! taken from there and built with the commands there, and the kernel runs the program.
//!
//! With rustup's nightly, the commands are run as they are. With another compiler that has `core` for BPF, the settings
//! that the page gives for it are added around the project.

use std::{
    env,
    ffi::{CStr, c_char, c_int},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aya::{
    Ebpf,
    maps::Array,
    programs::{UProbe, uprobe::UProbeScope},
};
use proofs::{
    bpf::{Reads, Toolchain, root},
    host::{cannot, run, write_if_new},
    proof::{self, Proof},
    select::VARIABLE,
};

/// The machine in the README's `.cargo/config.toml`.
const MACHINE: &str = "x86_64";

/// The program on the host. It is compiled here.
#[allow(dead_code)]
mod loader;

fn main() {
    let mut proofs = Vec::new();
    for (kind, profile) in [(Kind::Aya, "release"), (Kind::Alone, "debug")] {
        proofs.push(Proof::new(
            proof::name(
                MACHINE,
                None,
                &format!("{kind}: {profile}, as it is built there"),
            ),
            kernel_needs(),
            move || sees_flags(kind, profile),
        ));
    }
    proofs.extend([
        // The checks are of the project without Aya: builds and tests show the same of the project with Aya.
        Proof::new(
            "checks for BPF and for the host",
            builder().map(drop),
            checks,
        ),
        Proof::new("its tests run on the host", builder().map(drop), its_tests),
        Proof::new("the loader compiles", Ok(()), loader_compiles),
        Proof::new(
            proof::name(MACHINE, None, "refuses another argument"),
            kernel_needs(),
            refuses_another_argument,
        ),
        Proof::new(
            "checks need the page's settings",
            builder().map(drop),
            riddles,
        ),
        Proof::new("Aya needs `--cfg`", builder().map(drop), aya_needs_cfg),
        Proof::new(
            "the machine in one's own crate",
            builder().map(drop),
            own_crate,
        ),
    ]);
    proof::run(proofs)
}

// The needs of the proofs.

fn kernel_needs() -> Result<(), String> {
    builder()?;
    if env::consts::ARCH != MACHINE {
        return Err(format!("this computer is no {MACHINE}"));
    }
    proof::uprobes()
}

/// A compiler for the commands.
struct Builder {
    toolchain: Toolchain,
    /// Whether the commands find it by themselves: `rustup` finds it by rust-toolchain.toml.
    found: bool,
}

fn builder() -> Result<Builder, String> {
    let found = Toolchain::find()?;
    // Only if it has the source of `core`: otherwise rustup would fetch it.
    let nightly = Toolchain::nightly().filter(|nightly| nightly.clone().building_core().is_ok());
    Ok(match nightly {
        Some(toolchain) => Builder {
            toolchain,
            found: true,
        },
        None => Builder {
            toolchain: found,
            found: false,
        },
    })
}

impl Builder {
    /// A shell with an environment as outside of a run of cargo.
    fn shell(&self) -> Result<Command, String> {
        let cargo = self.toolchain.cargo();
        let mut shell = Command::new("sh");
        for (name, value) in cargo.get_envs() {
            match value {
                Some(value) if !self.found => shell.env(name, value),
                _ => shell.env_remove(name),
            };
        }
        if !self.found {
            let bin = Path::new(cargo.get_program()).parent().map(Path::to_owned);
            let path = env::var_os("PATH").unwrap_or_default();
            let path = env::join_paths(bin.into_iter().chain(env::split_paths(&path)));
            shell.env("PATH", path.map_err(|error| error.to_string())?);
        }
        shell.env_remove(VARIABLE).env_remove("AYA_BPF_TARGET_ARCH");
        Ok(shell)
    }

    /// Whether the compiler is too old for aya-ebpf 0.3.
    fn is_old(&self) -> Result<bool, String> {
        const AYA_ASKS_FOR: u32 = 98;
        let said = run(Command::new(self.toolchain.rustc()).arg("--version"))?.stdout;
        let minor = said
            .split('.')
            .nth(1)
            .and_then(|minor| minor.parse::<u32>().ok());
        Ok(minor.ok_or_else(|| format!("`{said}` is no version of rustc"))? < AYA_ASKS_FOR)
    }
}

// The contents of the README.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Aya,
    Alone,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Aya => "with Aya",
            Self::Alone => "without Aya",
        })
    }
}

/// A section of a document.
struct Section {
    document: &'static str,
    heading: &'static str,
}

/// The project, with Aya.
const EXAMPLE: Section = section("README.md", "# probe-abi");
const TESTING: Section = section("README.md", "## Testing");
const LOADER: Section = section(PAGE, "# The loader");
const WITHOUT_AYA: Section = section(PAGE, "# Without Aya");
const SETTINGS: Section = section(PAGE, "# Settings");
const OWN_CRATE: Section = section(PAGE, "# The machine in your own crate");

const PAGE: &str = "src/project.md";

const fn section(document: &'static str, heading: &'static str) -> Section {
    Section { document, heading }
}

/// The code of a section: the blocks between its heading and the next heading.
fn blocks(Section { document, heading }: Section) -> Result<Vec<String>, String> {
    let path = root().join(document);
    let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
    let (mut here, mut in_block) = (false, false);
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            if here && in_block {
                blocks.push(String::new());
            }
        } else if !in_block && line.starts_with('#') {
            here = line == heading;
        } else if let (true, true, Some(block)) = (here, in_block, blocks.last_mut()) {
            block.push_str(line);
            block.push('\n');
        }
    }
    match blocks.is_empty() {
        true => Err(format!("{document} has no code below `{heading}`")),
        false => Ok(blocks),
    }
}

/// The block whose first line is a comment with that path.
fn file<'a>(blocks: &'a [String], path: &str) -> Result<&'a str, String> {
    let is_it = |block: &&String| {
        let first = block.lines().next().unwrap_or_default();
        [format!("# {path}"), format!("// {path}")].contains(&first.to_owned())
    };
    let file = blocks.iter().find(is_it);
    file.map(String::as_str)
        .ok_or_else(|| format!("the section has no `{path}`"))
}

/// The commands that begin like this, and the file that each makes, by the comment after it.
fn commands(blocks: &[String], start: &str) -> Result<Vec<(String, PathBuf)>, String> {
    let lines = blocks.iter().flat_map(|block| block.lines());
    let lines = lines.filter(|line| line.starts_with(start));
    lines
        .map(|line| {
            let (command, path) = line
                .split_once(" # makes ")
                .ok_or_else(|| format!("`{line}` does not say what it makes"))?;
            Ok((command.trim().to_owned(), path.trim().into()))
        })
        .collect()
}

/// The project, in a folder that one proof at a time uses.
struct Project {
    builder: Builder,
    files: Vec<(&'static str, String)>,
    old: bool,
    _alone: MutexGuard<'static, ()>,
}

impl Project {
    fn enter(kind: Kind) -> Result<Self, String> {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = blocks(EXAMPLE)?;
        let mut files = Vec::new();
        for path in [
            "Cargo.toml",
            ".cargo/config.toml",
            "rust-toolchain.toml",
            "src/main.rs",
        ] {
            files.push((path, file(&blocks, path)?.to_owned()));
        }
        let builder = builder()?;
        let old = builder.is_old()?;
        let mut project = Self {
            builder,
            files,
            old,
            _alone: alone,
        };
        if !project.compiles_core() {
            project.leave_core()?;
        }
        if kind == Kind::Alone {
            project.change("Cargo.toml", "aya-ebpf = \"0.3\"\n", "")?;
            project.put(
                "src/main.rs",
                file(&self::blocks(WITHOUT_AYA)?, "src/main.rs")?.to_owned(),
            );
        }
        Ok(project)
    }

    /// Whether the commands compile `core`, as they do with nightly.
    fn compiles_core(&self) -> bool {
        self.builder.found || self.builder.toolchain.builds_core()
    }

    /// Builds with the `core` that comes with the compiler.
    fn leave_core(&mut self) -> Result<(), String> {
        let build_core = "[unstable]\nbuild-std = [\"core\"]\n";
        self.change(".cargo/config.toml", build_core, "")
    }

    /// Adds the page's settings for checks.
    fn set(&mut self) -> Result<(), String> {
        let blocks = blocks(SETTINGS)?;
        let settings = file(&blocks, "Cargo.toml")?;
        self.change(
            "Cargo.toml",
            "[dependencies]\n",
            &format!("{settings}\n[dependencies]\n"),
        )
    }

    fn folder() -> PathBuf {
        root().join("target/readme/my-probe")
    }

    fn put(&mut self, path: &'static str, text: String) {
        self.files.retain(|(other, _)| *other != path);
        self.files.push((path, text));
    }

    fn change(&mut self, path: &str, from: &str, to: &str) -> Result<(), String> {
        let file = self.files.iter_mut().find(|(other, _)| *other == path);
        let (_, text) = file.ok_or_else(|| format!("there is no `{path}`"))?;
        match text.matches(from).count() {
            0 => Err(format!("`{from}` is not in `{path}`")),
            _ => {
                *text = text.replace(from, to);
                Ok(())
            }
        }
    }

    /// Writes the files, and around them a configuration that replaces a release of this crate.
    fn write(&self) -> Result<(), String> {
        let folder = Self::folder();
        let around = folder.parent().unwrap_or(&folder);
        let mut configuration = format!(
            "[patch.crates-io]\nprobe-abi.path = {:?}\nprobe-abi-build.path = {:?}\n",
            root(),
            root().join("build")
        );
        if !self.builder.found && self.builder.toolchain.reads() == Reads::Fenced {
            configuration += "[env]\nRUSTC_BOOTSTRAP = \"aya_ebpf,probe_abi\"\n";
        }
        write_if_new(&around.join(".cargo/config.toml"), &configuration)?;
        let lock = root().join("tests/readme/Cargo.lock");
        let lock = fs::read_to_string(&lock).map_err(cannot("read", &lock))?;
        write_if_new(&folder.join("Cargo.lock"), &lock)?;
        let build = folder.join("build.rs");
        if build.exists() {
            fs::remove_file(&build).map_err(cannot("remove", &build))?;
        }
        for (path, text) in &self.files {
            write_if_new(&folder.join(path), text)?;
        }
        Ok(())
    }

    /// Runs a command in the project's folder. It has to succeed without a warning.
    fn run(&self, command: &str) -> Result<(), String> {
        self.run_in(&Self::folder(), command)
    }

    fn run_in(&self, folder: &Path, command: &str) -> Result<(), String> {
        self.write()?;
        let mut command = command.to_owned();
        if self.old {
            // Such a compiler is older than aya-ebpf's manifest asks for, but it compiles aya-ebpf.
            command += " --ignore-rust-version";
        }
        let mut shell = self.builder.shell()?;
        let said = run(shell.current_dir(folder).args(["-c", &command]))?.stderr;
        // While cargo compiles `core`, it warns that the crates which the configuration patches are not used.
        let warnings = said.lines().filter(|line| line.starts_with("warning"));
        let mut others = warnings.filter(|line| !line.ends_with("was not used in the crate graph"));
        match others.next() {
            Some(_) => Err(format!("`{command}` says\n{said}")),
            None => Ok(()),
        }
    }

    /// Runs a command that has to fail with this text.
    fn refuses(&self, command: &str, said: &str) -> Result<(), String> {
        match self.run(command) {
            Ok(()) => Err(format!("`{command}` succeeds, and should say `{said}`")),
            Err(error) if error.contains(said) => Ok(()),
            Err(error) => Err(format!("`{said}` is not in:\n{error}")),
        }
    }

    /// Runs the tests with the README's command.
    fn test(&self) -> Result<(), String> {
        let blocks = blocks(TESTING)?;
        let mut lines = blocks.iter().flat_map(|block| block.lines());
        let command = lines.find(|line| line.starts_with("cargo test"));
        let command = command.ok_or("the README does not say how to test")?;
        self.run_in(&root().join("target/readme"), command)
    }

    /// Builds the program with the README's command, and reads the object from the README's path.
    fn build(&self, profile: &str) -> Result<Vec<u8>, String> {
        let commands = commands(&blocks(EXAMPLE)?, "cargo build")?;
        let (command, object) = commands
            .iter()
            .find(|(_, object)| object.iter().any(|part| part == profile))
            .ok_or_else(|| format!("the README does not say how to build `{profile}`"))?;
        self.run(command)?;
        let object = Self::folder().join(object);
        fs::read(&object).map_err(cannot("read", &object))
    }
}

/// The loader in the page is the one that is compiled here.
fn loader_compiles() -> Result<(), String> {
    match blocks(LOADER)?
        .iter()
        .any(|block| block == include_str!("loader.rs"))
    {
        true => Ok(()),
        false => Err(format!("tests/readme/loader.rs is not in {PAGE}")),
    }
}

// On this kernel

fn sees_flags(kind: Kind, profile: &str) -> Result<(), String> {
    let project = Project::enter(kind)?;
    let object = project.build(profile)?;
    for flags in [0o2000000, 0o2000001] {
        let seen = seen(&object, kind, flags)?;
        if seen != flags {
            return Err(format!(
                "the flags are {flags:#o}, and the probe saw {seen:#o}"
            ));
        }
    }
    Ok(())
}

fn refuses_another_argument() -> Result<(), String> {
    let mut project = Project::enter(Kind::Alone)?;
    project.change("src/main.rs", FLAGS_ARE_READ, PATH_IS_READ)?;
    let object = project.build("release")?;
    let (flags, path) = (0o2000000, NULL.as_ptr() as c_int);
    match seen(&object, Kind::Alone, flags)? {
        seen if seen == path => Ok(()),
        seen => Err(format!(
            "argument 1 is {path:#x}, and the probe saw {seen:#x}"
        )),
    }
}

const FLAGS_ARE_READ: &str = "call.read().flags()";
const PATH_IS_READ: &str = "call.read().path().map(|path| path.address() as c_int)";

const NULL: &CStr = c"/dev/null";

/// The flags that the probe keeps of a call of `openat` with these flags.
fn seen(object: &[u8], kind: Kind, flags: c_int) -> Result<c_int, String> {
    let failed = |error: &dyn std::error::Error| format!("{error}: {error:?}");
    let mut ebpf = Ebpf::load(object).map_err(|error| failed(&error))?;
    let probe = ebpf.program_mut("on_openat").ok_or("no `on_openat`")?;
    let probe: &mut UProbe = probe.try_into().map_err(|error| failed(&error))?;
    probe.load().map_err(|error| failed(&error))?;
    probe
        .attach("openat", "libc", UProbeScope::CallingProcess)
        .map_err(|error| failed(&error))?;

    unsafe extern "C" {
        fn openat(dirfd: c_int, path: *const c_char, flags: c_int, ...) -> c_int;
        fn close(fd: c_int) -> c_int;
    }
    // SAFETY: the path ends with a zero, and these flags need no mode.
    let fd = unsafe { openat(-1, NULL.as_ptr(), flags) };
    // SAFETY: only this code has the descriptor.
    if fd < 0 || unsafe { close(fd) } != 0 {
        return Err(std::io::Error::last_os_error().to_string());
    }

    let map = match kind {
        Kind::Aya => "FLAGS",
        Kind::Alone => ".bss",
    };
    let map = ebpf.map(map).ok_or_else(|| format!("no map `{map}`"))?;
    let map = Array::<_, c_int>::try_from(map).map_err(|error| failed(&error))?;
    map.get(&0, 0).map_err(|error| failed(&error))
}

// Builds that are not for BPF

/// The commands of an editor, and of a user who has not read the README.
const CHECKS: [&str; 3] = [
    "cargo check",
    "cargo check --workspace --all-targets",
    "cargo check --workspace --all-targets --target x86_64-unknown-linux-gnu",
];

/// The error on a host that unwinds.
const RIDDLE: &str = "unwinding panics are not supported without std";

fn checks() -> Result<(), String> {
    let mut project = Project::enter(Kind::Alone)?;
    project.set()?;
    CHECKS.iter().try_for_each(|check| project.run(check))
}

/// The errors of checks without the page's settings.
fn riddles() -> Result<(), String> {
    let mut project = Project::enter(Kind::Alone)?;
    project.refuses(CHECKS[1], "can't find crate for `test`")?;
    // For the host, cargo would compile another `core`.
    if project.compiles_core() {
        project.leave_core()?;
    }
    project.refuses(CHECKS[2], RIDDLE)
}

/// The tests pass, and notice a wrong argument.
fn its_tests() -> Result<(), String> {
    let mut project = Project::enter(Kind::Aya)?;
    project.test()?;
    project.change("src/main.rs", FLAGS_ARE_READ, PATH_IS_READ)?;
    match project.test() {
        Err(error) if error.contains("keeps_the_flags ... FAILED") => Ok(()),
        other => Err(format!("the wrong argument is not noticed: {other:?}")),
    }
}

// The ways to name the machine

const FLAGS: &str = "rustflags = [\"--cfg\", 'bpf_target_arch=\"x86_64\"']\n";

fn aya_needs_cfg() -> Result<(), String> {
    let mut project = Project::enter(Kind::Aya)?;
    let config = format!("\n[env]\n{VARIABLE} = \"x86_64\"\n");
    project.change(".cargo/config.toml", FLAGS, &config)?;
    project.refuses("cargo check", "could not compile `aya-ebpf-cty`")?;
    drop(project);
    // The other crate builds.
    let mut project = Project::enter(Kind::Alone)?;
    project.change(".cargo/config.toml", FLAGS, &config)?;
    project.run("cargo check")
}

/// The page's advice for one's own crate is right, and without it the cfg is false. `--test build_scripts` has all
/// three forms.
fn own_crate() -> Result<(), String> {
    const CFG: &str =
        "#[cfg(not(bpf_target_arch = \"x86_64\"))]\ncompile_error!(\"the cfg is false\");\n";
    let blocks = blocks(OWN_CRATE)?;
    let script = file(&blocks, "build.rs")?;
    let of_arm = format!("{}const _: () = assert!(IS_ARM);\n", blocks[0]);
    let constant = of_arm.replace("arm", "x86_64").replace("ARM", "X86_64");
    let project = |named: &str, code: &str, script: Option<&str>| {
        let mut project = Project::enter(Kind::Alone)?;
        project.change(".cargo/config.toml", FLAGS, named)?;
        project.change(
            "src/main.rs",
            "#[cfg(not(test))]",
            &format!("{code}#[cfg(not(test))]"),
        )?;
        if let Some(script) = script {
            project.put("build.rs", script.to_owned());
            let manifest = file(&blocks, "Cargo.toml")?;
            project.change(
                "Cargo.toml",
                "[dependencies]\n",
                &format!("{manifest}\n[dependencies]\n"),
            )?;
        }
        Ok::<_, String>(project)
    };
    let in_config = format!("\n[env]\n{VARIABLE} = \"x86_64\"\n");
    let whole = format!("{constant}{CFG}");
    project(FLAGS, &whole, None)?.refuses("cargo check", "unexpected `cfg` condition name")?;
    project(&in_config, CFG, None)?.refuses("cargo check", "the cfg is false")?;
    project(&in_config, &whole, Some(script))?.run("cargo check")?;
    project(FLAGS, &of_arm, None)?.refuses("cargo check", "assertion failed: IS_ARM")
}
