//! The public API is the one under `tests/api`, is the same on every machine, and has a version that
//! may follow the last release. `cargo xtask bless` rewrites the files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use proofs::{
    api::{self, BUILD, FOLDER, ROOT, Snapshots},
    bpf::{root, which},
    host,
    package::remove,
    proof::{self, Proof},
    select::MACHINES,
};

fn main() {
    let current = Arc::new(api::snapshots());
    let needs = (*current).as_ref().map(drop).map_err(Clone::clone);
    let mut proofs = Vec::new();
    for name in names() {
        let current = Arc::clone(&current);
        let run = move || snapshot(name, current.as_ref().as_ref()?);
        let title = match name {
            ROOT => "snapshot of the root".to_owned(),
            BUILD => "snapshot of probe-abi-build".to_owned(),
            machine => proof::name(machine, None, "snapshot"),
        };
        proofs.push(Proof::new(title, needs.clone(), run));
    }
    proofs.push(Proof::new("one snapshot a machine", needs, move || {
        one_a_machine(current.as_ref().as_ref()?)
    }));
    proofs.push(Proof::new("the same on every machine", Ok(()), || {
        same_on_every_machine(&api::committed(root())?)
    }));
    proofs.extend(semver());
    proof::run(proofs)
}

fn names() -> impl Iterator<Item = &'static str> {
    MACHINES
        .iter()
        .map(|machine| machine.name)
        .chain([ROOT, BUILD])
}

fn snapshot(name: &str, current: &Snapshots) -> Result<(), String> {
    let new = current
        .get(name)
        .ok_or_else(|| format!("the library has no module `arch::{name}`"))?;
    let path = root().join(FOLDER).join(format!("{name}.txt"));
    let cannot = |error| format!("{}: {error}", path.display());
    let old = fs::read_to_string(&path)
        .map_err(|error| format!("{}; `cargo xtask bless` writes it", cannot(error)))?;
    if *new == old {
        return Ok(());
    }
    Err(format!(
        "the public API is not the one in {FOLDER}/{name}.txt: where that is meant, `cargo xtask bless` \
         rewrites it\n{}",
        api::difference(&old, new)
    ))
}

/// A snapshot without a machine, or a machine's module without a row.
fn one_a_machine(current: &Snapshots) -> Result<(), String> {
    let names: BTreeSet<&str> = names().collect();
    for (what, snapshots) in [(FOLDER, &api::committed(root())?), ("the library", current)] {
        let found: BTreeSet<&str> = snapshots.keys().map(String::as_str).collect();
        if found != names {
            let differing: Vec<_> = found.symmetric_difference(&names).collect();
            return Err(format!(
                "{what} and the table of machines differ in {differing:?}"
            ));
        }
    }
    Ok(())
}

fn same_on_every_machine(snapshots: &Snapshots) -> Result<(), String> {
    let mut machines = snapshots
        .iter()
        .filter(|(name, _)| ![ROOT, BUILD].contains(&name.as_str()));
    let (first, text) = machines.next().ok_or("there are no snapshots")?;
    let expected = api::contract(text);
    for method in ["arg", "return_value", "syscall_number", "user_code"] {
        let method = format!("pub fn pt_regs::{method}");
        if !expected.iter().any(|line| line.starts_with(&method)) {
            return Err(format!("`{first}` has no `{method}`"));
        }
    }
    for (machine, text) in machines {
        let lines = |lines: &BTreeSet<String>| lines.iter().cloned().collect::<Vec<_>>().join("\n");
        let difference = api::difference(&lines(&expected), &lines(&api::contract(text)));
        if !difference.is_empty() {
            return Err(format!(
                "`{machine}` does not offer what `{first}` offers:\n{difference}"
            ));
        }
    }
    Ok(())
}

fn semver() -> Vec<Proof> {
    let git = match which("git") {
        Some(_) => Ok(()),
        None => Err("no git in PATH".to_owned()),
    };
    let proof = |name: &str, run: fn(&mut History) -> Result<(), String>| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("semver")
            .join(name.replace(' ', "-"));
        Proof::new(format!("semver, {name}"), git.clone(), move || {
            run(&mut History::new(folder)?)
        })
    };
    vec![
        Proof::new("semver, this repository", git.clone(), || {
            api::semver(root()).map(drop)
        }),
        proof("before the first release", |history| {
            history.accepts("`0.1.0` is the first version")?;
            history.changelog(&["0.1.0, 2026-01-01"])?;
            history
                .refuses(&["release `0.1.0`, and there is no tag `v0.1.0`: `git fetch --tags`"])?;
            history.changelog(&["0.2.0, unreleased"])?;
            history.refuses(&["begins with `0.2.0`, and Cargo.toml's version is `0.1.0`"])?;
            history.changelog(&["next"])?;
            history.refuses(&["`next` is not `<version>, <date>`", "tells of no version"])
        }),
        proof("released as it is", |history| {
            history.release()?;
            history.accepts("public API: 0")?;
            history.changelog(&["0.1.0, unreleased"])?;
            history.refuses(&["calls `0.1.0` unreleased, and there is a tag"])?;
            history.version("0.0.9")?;
            history.refuses(&["`0.0.9` is older than the last release"])
        }),
        proof("something gone", |history| {
            history.release()?;
            history.replace("arm", "pub fn pt_regs::arg_at(&self, usize) -> u32\n", "")?;
            let gone = "arm: `pub fn pt_regs::arg_at(&self, usize) -> u32` is gone: since `v0.1.0` this breaks \
                        users, which needs version `0.2.0` in Cargo.toml, not ";
            history.refuses(&[&format!("{gone}`0.1.0`")])?;
            history.version("0.1.1")?;
            history.refuses(&[&format!("{gone}`0.1.1`")])?;
            history.version("0.2.0")?;
            history.accepts("public API: 1")
        }),
        proof("something changed", |history| {
            history.release()?;
            history.version("0.1.1")?;
            history.replace(
                "arm",
                "ARG_REGISTERS: usize = 4",
                "ARG_REGISTERS: usize = 3",
            )?;
            history.replace("arm", "c_long = i32", "c_long = i64")?;
            history.replace("x86", "eax: c_uint", "eax: c_int")?;
            history.refuses(&[
                "arm: `pub const ARG_REGISTERS: usize = 4` is now `pub const ARG_REGISTERS: usize = 3`",
                "arm: `pub type c_long = i32` is now `pub type c_long = i64`",
                "x86: `pub pt_regs::eax: c_uint` is now `pub pt_regs::eax: c_int`",
            ])?;
            history.version("0.2.0")?;
            history.accepts("public API: 3")
        }),
        proof("something new", |history| {
            history.release()?;
            let new =
                "pub fn pt_regs::arg_at(&self, usize) -> u32\npub fn pt_regs::new(&self) -> u32";
            history.replace("arm", "pub fn pt_regs::arg_at(&self, usize) -> u32", new)?;
            history.refuses(&[
                "`pub fn pt_regs::new(&self) -> u32` is new: since `v0.1.0` this adds to the \
                               API, which needs version `0.1.1`",
            ])?;
            history.version("0.1.1")?;
            history.accepts("public API: 1")
        }),
        proof("something new to write out", |history| {
            history.release()?;
            history.version("0.1.1")?;
            history.append("arm", "pub pt_regs::r18: c_uint")?;
            history.append("root", "pub arch::ReturnAddress::Nowhere")?;
            history.append("root", "pub fn Argument::least() -> usize")?;
            history.refuses(&[
                "arm: `pub pt_regs::r18: c_uint` is new: since `v0.1.0` this breaks",
                "root: `pub arch::ReturnAddress::Nowhere` is new: since `v0.1.0` this breaks",
                "root: `pub fn Argument::least() -> usize` is new: since `v0.1.0` this breaks",
            ])
        }),
        proof("something gone for build scripts", |history| {
            history.release()?;
            history.version("0.1.1")?;
            history.replace(BUILD, "pub fn Machine::selected()\n", "")?;
            history.refuses(&[
                "build: `pub fn Machine::selected()` is gone: since `v0.1.0` this breaks users, which needs \
                 version `0.2.0`",
            ])?;
            history.version("0.2.0")?;
            history.accepts("public API: 1")
        }),
        proof("no package for build scripts", |history| {
            history.release()?;
            history.version("0.1.1")?;
            remove(&history.folder.join(FOLDER).join("build.txt"))?;
            history.refuses(&[
                "the package `probe-abi-build` is gone: since `v0.1.0` this breaks users",
            ])?;
            history.version("0.2.0")?;
            history.accepts("public API: 1")
        }),
        proof("another version for build scripts", |history| {
            history.accepts("`0.1.0` is the first version")?;
            history.manifests("0.1.0", "0.1", "0.1.0")?;
            history.refuses(&[
                "depends on `probe-abi-build` in version `0.1`: accepted is `=0.1.0`",
            ])?;
            history.manifests("0.1.0", "=0.1.0", "0.1.1")?;
            history.refuses(&["build/Cargo.toml's version is `0.1.1`, and Cargo.toml's `0.1.0`"])
        }),
        proof("a machine more", |history| {
            history.release()?;
            history.snapshot("vax", "pub type c_long = i32\n")?;
            history.refuses(&[
                "the machine `vax` is new: since `v0.1.0` this adds to the API, which needs \
                               version `0.1.1`",
            ])?;
            history.version("0.1.1")?;
            history.accepts("public API: 1")
        }),
        proof("a machine less", |history| {
            history.release()?;
            history.version("0.1.1")?;
            remove(&history.folder.join(FOLDER).join("x86.txt"))?;
            history.refuses(&[
                "the machine `x86` is gone: since `v0.1.0` this breaks users, which needs \
                               version `0.2.0`",
            ])?;
            history.version("0.2.0")?;
            history.accepts("public API: 1")
        }),
        proof("from 1 on", |history| {
            history.version("1.2.3")?;
            history.release()?;
            history.append("x86", "pub fn new()")?;
            history.version("1.2.4")?;
            history.refuses(&["needs version `1.3.0`"])?;
            history.version("1.3.0")?;
            history.accepts("public API: 1")?;
            history.replace("x86", "pub pt_regs::eax: c_uint\n", "")?;
            history.refuses(&["needs version `2.0.0`"])?;
            history.version("2.0.0")?;
            history.accepts("public API: 2")
        }),
        proof("several releases", |history| {
            history.release()?;
            history.append("x86", "pub fn second()")?;
            history.version("0.1.1")?;
            history.release()?;
            history.git(&["tag", "v0.9.0-rc.1"])?;
            history.accepts("may follow `v0.1.1`; changes to the public API: 0")?;
            history.changelog(&["0.1.1, 2026-02-02"])?;
            history.refuses(&["does not tell of `0.1.0`"])
        }),
        proof("a shallow clone", |history| {
            history.release()?;
            history.version("0.1.1")?;
            history.git(&["commit", "--quiet", "--all", "--message", "Begin 0.1.1"])?;
            let origin = format!("file://{}", history.folder.display());
            let folder = history.folder.with_extension("clone");
            remove(&folder)?;
            let clone = folder.to_string_lossy().into_owned();
            history.git(&["clone", "--quiet", "--depth", "1", &origin, &clone])?;
            history.accepts("may follow `v0.1.0`")?;
            history.folder = folder;
            history.refuses(&["`git fetch --unshallow --tags` brings the tags"])?;
            history.git(&["fetch", "--quiet", "--unshallow", "--tags"])?;
            history.accepts("may follow `v0.1.0`")
        }),
        proof("without a history", |history| {
            history.accepts("`0.1.0` is the first version")?;
            history.changelog(&["0.1.0, 2026-01-01"])?;
            remove(&history.folder.join(".git"))?;
            history.refuses(&["this is no clone of the repository"])
        }),
    ]
}

/// A made-up repository of two machines, whose CHANGELOG keeps up with its versions.
struct History {
    folder: PathBuf,
    released: Vec<String>,
    version: String,
}

impl History {
    fn new(folder: PathBuf) -> Result<Self, String> {
        remove(&folder)?;
        for name in [FOLDER, "build"] {
            fs::create_dir_all(folder.join(name)).map_err(|error| error.to_string())?;
        }
        let mut history = Self {
            folder,
            released: Vec::new(),
            version: String::new(),
        };
        history.git(&["init", "--quiet"])?;
        history.snapshot(
            "arm",
            "pub struct pt_regs\n\
             pub pt_regs::uregs: [c_uint; 18]\n\
             pub fn pt_regs::arg_at(&self, usize) -> u32\n\
             pub const ARG_REGISTERS: usize = 4\n\
             pub type c_long = i32\n",
        )?;
        history.snapshot(
            "x86",
            "#[repr(C)] pub struct pt_regs\npub pt_regs::eax: c_uint\n",
        )?;
        history.snapshot(
            ROOT,
            "pub trait Argument<const N: usize>\n\
             pub enum arch::ReturnAddress<Word>\n\
             pub arch::ReturnAddress::Register(Word)\n",
        )?;
        history.snapshot(BUILD, "pub struct Machine\npub fn Machine::selected()\n")?;
        history.version("0.1.0")?;
        history.git(&["add", "."])?;
        history.git(&["commit", "--quiet", "--message", "Begin"])?;
        Ok(history)
    }

    fn git(&self, arguments: &[&str]) -> Result<(), String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder);
        for setting in [
            "user.name=a",
            "user.email=a@example.org",
            "commit.gpgsign=false",
        ] {
            git.args(["-c", setting]);
        }
        host::run(git.args(arguments)).map(drop)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::write(self.folder.join(name), text).map_err(|error| format!("{name}: {error}"))
    }

    fn snapshot(&self, name: &str, text: &str) -> Result<(), String> {
        self.write(&format!("{FOLDER}/{name}.txt"), text)
    }

    fn append(&self, name: &str, line: &str) -> Result<(), String> {
        let path = self.folder.join(FOLDER).join(format!("{name}.txt"));
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        self.snapshot(name, &format!("{text}{line}\n"))
    }

    /// Replaces what is first found of a text in a snapshot.
    fn replace(&self, name: &str, old: &str, new: &str) -> Result<(), String> {
        let path = self.folder.join(FOLDER).join(format!("{name}.txt"));
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        match text.contains(old) {
            true => self.snapshot(name, &text.replacen(old, new, 1)),
            false => Err(format!("there is no `{old}` in {name}")),
        }
    }

    fn changelog(&self, headings: &[&str]) -> Result<(), String> {
        let sections = headings
            .iter()
            .map(|heading| format!("\n## {heading}\n\n* …\n"));
        self.write(
            "CHANGELOG.md",
            &format!("# Changelog\n{}", sections.collect::<String>()),
        )
    }

    /// Sets the version, which is not released.
    fn version(&mut self, version: &str) -> Result<(), String> {
        self.version = version.to_owned();
        self.manifests(version, &format!("={version}"), version)?;
        self.entries(format!("{version}, unreleased"))
    }

    /// Sets the versions of probe-abi and probe-abi-build, and what the first asks for of the second.
    fn manifests(&self, version: &str, wanted: &str, build: &str) -> Result<(), String> {
        let package = |version: &str| format!("[package]\nversion = {version:?}\n");
        let dependency = format!("[build-dependencies.probe-abi-build]\nversion = {wanted:?}\n");
        self.write("Cargo.toml", &(package(version) + &dependency))?;
        self.write("build/Cargo.toml", &package(build))
    }

    fn release(&mut self) -> Result<(), String> {
        let heading = format!("{}, 2026-01-01", self.version);
        self.entries(heading.clone())?;
        self.released.insert(0, heading);
        self.git(&["commit", "--quiet", "--all", "--message", "Release"])?;
        self.git(&["tag", &format!("v{}", self.version)])
    }

    fn entries(&self, newest: String) -> Result<(), String> {
        let headings = std::iter::once(&newest).chain(&self.released);
        self.changelog(&headings.map(String::as_str).collect::<Vec<_>>())
    }

    fn accepts(&self, verdict: &str) -> Result<(), String> {
        match api::semver(&self.folder)? {
            found if found.contains(verdict) => Ok(()),
            found => Err(format!("expected `{verdict}`, found `{found}`")),
        }
    }

    /// As many errors as are named, and those.
    fn refuses(&self, errors: &[&str]) -> Result<(), String> {
        let found = match api::semver(&self.folder) {
            Ok(verdict) => return Err(format!("accepted, with `{verdict}`")),
            Err(found) => found,
        };
        let all = errors.iter().all(|error| found.contains(error));
        match all && found.lines().count() == errors.len() {
            true => Ok(()),
            false => Err(format!("expected {errors:#?}, found:\n{found}")),
        }
    }
}
