//! What the crate promises to its users: its public API as text, a file for each machine and one for build scripts, and
//! the version that has to follow the last release when the text has changed.
//!
//! A line is an item with its signature, as rustdoc understands it and `public-api` writes it. Where
//! a field lies is not in it: that is the kernel's to say, and other proofs ask the kernel.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::Path,
    process::Command,
};

use rustdoc_types::{Crate, FORMAT_VERSION, Id, ItemEnum};
use semver::Version;

use crate::{
    bpf::root,
    host::{cannot, output},
    select::VARIABLE,
};

/// Where the snapshots are, below a repository's root.
pub const FOLDER: &str = "tests/api";

/// The snapshot of what belongs to no machine.
pub const ROOT: &str = "root";

/// The snapshot of probe-abi-build.
pub const BUILD: &str = "build";

/// The machine whose names the root has while its API is read.
const SELECTED: &str = "x86_64";

/// The text of each snapshot, by the name of its file: a machine's, [`ROOT`] or [`BUILD`].
pub type Snapshots = BTreeMap<String, String>;

/// What the files under [`FOLDER`] should hold. `Err` says why this cannot be known here.
pub fn snapshots() -> Result<Snapshots, String> {
    // Without the feature `bindgen`, which has no API of its own, there is next to nothing to compile.
    let library = document("probe-abi", "--no-default-features", remove_selection)?;
    let build = document("probe-abi-build", "--all-features", |_| Ok(()))?;
    let mut snapshots = split(&library.lines());
    let build = build.lines();
    let build = build.iter().map(String::as_str).collect();
    snapshots.insert(BUILD.to_owned(), text(build, "probe_abi_build::"));
    Ok(snapshots)
}

/// A package as rustdoc understands it.
struct Document {
    api: public_api::PublicApi,
    constants: BTreeMap<Id, String>,
}

/// Documents a package with the compiler that `cargo` uses, and changes that.
fn document(
    package: &str,
    features: &str,
    change: fn(&mut Crate) -> Result<(), String>,
) -> Result<Document, String> {
    let target = root().join("target/api");
    let mut rustdoc = Command::new(env!("CARGO"));
    rustdoc
        .current_dir(root())
        .args(["rustdoc", "--quiet", "--package", package, "--lib"])
        .args([features, "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env(VARIABLE, SELECTED)
        // Only nightly writes JSON without this.
        .env("RUSTC_BOOTSTRAP", "1");
    output(&mut rustdoc)?;
    let name = package.replace('-', "_");
    Document::read(&target.join(format!("doc/{name}.json")), change)
}

impl Document {
    fn read(path: &Path, change: fn(&mut Crate) -> Result<(), String>) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(cannot("read", path))?;
        let unreadable = |error| format!("cannot read rustdoc's JSON: {error}");
        let json: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
        let format = &json["format_version"];
        if *format != FORMAT_VERSION {
            return Err(format!(
                "this rustdoc writes JSON of format `{format}`, and the `public-api` in xtask/Cargo.toml \
                 reads `{FORMAT_VERSION}`, which rustc 1.95 to 1.97 write: use one of these, or the \
                 `public-api` that reads the new format"
            ));
        }
        let mut document: Crate = serde_json::from_value(json).map_err(unreadable)?;
        let changed = path.with_extension("changed.json");
        change(&mut document)?;
        let text = serde_json::to_string(&document)
            .map_err(|error| format!("cannot write JSON: {error}"))?;
        fs::write(&changed, text).map_err(cannot("write", &changed))?;
        let api = public_api::Builder::from_rustdoc_json(&changed)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .build()
            .map_err(|error| format!("cannot list the public API: {error}"))?;
        Ok(Self {
            api,
            constants: constants(document),
        })
    }

    /// An item a line.
    fn lines(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let lines = self
            .api
            .items()
            .map(|item| match self.constants.get(&item.id()) {
                Some(value) => format!("{item} = {value}"),
                None => item.to_string(),
            });
        // A type has as many `impl` lines as blocks, which is nobody's business.
        lines.filter(|line| seen.insert(line.clone())).collect()
    }
}

/// Takes the selected machine's names out of the root, where they are listed in place of the machine's
/// own. `Err` says that they are not there.
fn remove_selection(document: &mut Crate) -> Result<(), String> {
    let source = format!("arch::{SELECTED}");
    let items = document.index.iter();
    let selections: Vec<Id> = items
        .filter(|(_, item)| matches!(&item.inner, ItemEnum::Use(it) if it.is_glob && it.source == source))
        .map(|(id, _)| *id)
        .collect();
    if let Some(root) = document.index.get_mut(&document.root)
        && let ItemEnum::Module(root) = &mut root.inner
    {
        let names = root.items.len();
        root.items.retain(|id| !selections.contains(id));
        if root.items.len() < names {
            return Ok(());
        }
    }
    Err(format!("the root does not have the names of `{source}`"))
}

/// The values of the constants, which `public-api` leaves out.
fn constants(document: Crate) -> BTreeMap<Id, String> {
    let items = document.index.into_iter();
    let values = items.filter_map(|(id, item)| match item.inner {
        ItemEnum::Constant { const_, .. } => Some((id, const_.value.unwrap_or(const_.expr))),
        _ => None,
    });
    values.collect()
}

/// Sorts the lines by machine, without the path of its module.
fn split(lines: &[String]) -> Snapshots {
    let modules: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("pub mod probe_abi::arch::"))
        // What a module has in it, it has.
        .filter(|module| !module.contains("::"))
        .collect();
    let mut sorted: BTreeMap<&str, Vec<&str>> =
        modules.iter().map(|&it| (it, Vec::new())).collect();
    let mut rest = Vec::new();
    for line in lines {
        // The first is what the line is about. `compat` has another machine's types.
        let mut paths = line.split("probe_abi::arch::").skip(1);
        let module = paths.find_map(|path| {
            let (module, _) = path.split_once("::")?;
            sorted.contains_key(module).then_some(module)
        });
        let of_module = module.and_then(|module| sorted.get_mut(module));
        of_module.unwrap_or(&mut rest).push(line);
    }
    let snapshots = sorted.into_iter().map(|(module, lines)| {
        let path = format!("probe_abi::arch::{module}::");
        (module.to_owned(), text(lines, &path))
    });
    let mut snapshots: Snapshots = snapshots.collect();
    snapshots.insert(ROOT.to_owned(), text(rest, "probe_abi::"));
    snapshots
}

fn text(lines: Vec<&str>, path: &str) -> String {
    lines
        .into_iter()
        .map(|line| line.replace(path, "") + "\n")
        .collect()
}

/// The lines that only the first text has.
fn removed(old: &str, new: &str) -> impl Iterator<Item = String> + use<> {
    let kept: HashSet<&str> = new.lines().collect();
    let removed: Vec<String> = old
        .lines()
        .filter(|line| !kept.contains(line))
        .map(str::to_owned)
        .collect();
    removed.into_iter()
}

/// The lines that tell two texts apart, as `diff` marks them.
pub fn difference(old: &str, new: &str) -> String {
    let gone = removed(old, new).map(|line| format!("- {line}\n"));
    let added = removed(new, old).map(|line| format!("+ {line}\n"));
    gone.chain(added).collect()
}

/// What a machine's snapshot has in common with every other's: all of it but the registers and the
/// types that only they have, what the aliases and constants stand for, the numbers of syscalls, the members
/// of `UserCode`, which only on x86 has its own, and the module `compat`, which only some have.
pub fn contract(snapshot: &str) -> BTreeSet<String> {
    let registers = snapshot.lines().filter(|line| is_member(line));
    let mut own: Vec<&str> = registers
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    own.retain(|name| snapshot.contains(&format!("pub struct {name}\n")));
    own.extend(["UserCode", "compat"]);
    let is_own = |line: &str| own.iter().any(|name| is_about(line, name));

    let lines = snapshot
        .lines()
        .filter(|line| !is_member(line) && !is_own(line))
        .filter(|line| !line.starts_with("pub const nr::"));
    let lines = lines.map(|line| match name(line) {
        "UserCode" => "UserCode",
        _ => line.split(" = ").next().unwrap_or(line),
    });
    lines.map(str::to_owned).collect()
}

/// Whether a line is a type's declaration, a member of it or an `impl` for it.
fn is_about(line: &str, name: &str) -> bool {
    line.contains(&format!(" {name}::")) || line.ends_with(&format!(" {name}"))
}

/// The snapshots that are in a folder.
pub fn committed(root: &Path) -> Result<Snapshots, String> {
    let folder = root.join(FOLDER);
    let entries = fs::read_dir(&folder).map_err(cannot("list", &folder))?;
    let mut snapshots = Snapshots::new();
    for entry in entries {
        let path = entry.map_err(cannot("list", &folder))?.path();
        let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
        snapshots.insert(snapshot_name(&path), text);
    }
    Ok(snapshots)
}

/// `x86` for `x86.txt`; a file of another kind keeps its extension, and so is no machine's.
fn snapshot_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".txt").unwrap_or(&name).to_owned()
}

/// A difference between a release's API and today's.
struct Change {
    breaking: bool,
    what: String,
}

fn changes(old: &Snapshots, new: &Snapshots) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changes = names
        .into_iter()
        .flat_map(|name| match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => changes_of(name, old, new),
            (Some(_), None) => vec![Change {
                breaking: true,
                what: format!("{} is gone", whole(name)),
            }],
            (None, _) => vec![Change {
                breaking: false,
                what: format!("{} is new", whole(name)),
            }],
        });
    changes.collect()
}

/// What a snapshot is of.
fn whole(name: &str) -> String {
    match name {
        BUILD => "the package `probe-abi-build`".to_owned(),
        machine => format!("the machine `{machine}`"),
    }
}

/// Every line that changed is taken for one that breaks users: where it does not, as with a function
/// that became `const`, a version too many costs them nothing.
fn changes_of(machine: &str, old: &str, new: &str) -> Vec<Change> {
    let mut added: Vec<String> = removed(new, old).collect();
    let mut changes = Vec::new();
    for line in removed(old, new) {
        let successor = added.iter().position(|new| name(new) == name(&line));
        let now = match successor.map(|index| added.remove(index)) {
            Some(new) => format!("is now `{new}`"),
            None => "is gone".to_owned(),
        };
        changes.push(Change {
            breaking: true,
            what: format!("{machine}: `{line}` {now}"),
        });
    }
    changes.extend(added.into_iter().map(|line| Change {
        breaking: completes(old, &line),
        what: format!("{machine}: `{line}` is new"),
    }));
    changes
}

/// Whether a new line is part of something that users have to write out in full: a field of a struct
/// or variant of an enum that there was, or an item of such a trait.
fn completes(old: &str, line: &str) -> bool {
    let Some((parent, _)) = name(line).rsplit_once("::") else {
        return false;
    };
    let is_parent = |old: &&str| name(old).split('<').next() == Some(parent);
    let mut parents = old.lines().filter(is_parent);
    parents.any(|old| is_member(line) || old.contains("pub trait "))
}

/// Whether a line is a field or a variant, the two kinds that have no keyword.
fn is_member(line: &str) -> bool {
    let line = without_attributes(line);
    line.strip_prefix("pub ")
        .is_some_and(|item| item.starts_with(name(line)))
}

fn without_attributes(mut line: &str) -> &str {
    while let Some((_, item)) = line
        .strip_prefix("#[")
        .and_then(|line| line.split_once("] "))
    {
        line = item;
    }
    line
}

/// The path of a line's item; an `impl` has none but itself.
fn name(line: &str) -> &str {
    let line = without_attributes(line);
    if line.starts_with("impl") {
        return line;
    }
    let mut start = 0;
    let mut brackets = 0_usize;
    for (index, char) in line.char_indices() {
        match char {
            '<' => brackets += 1,
            '>' => brackets = brackets.saturating_sub(1),
            _ if brackets > 0 => {}
            '(' => return &line[start..index],
            ':' if line[index..].starts_with(": ") => return &line[start..index],
            ' ' if line[index..].starts_with(" =") => return &line[start..index],
            ' ' => start = index + 1,
            _ => {}
        }
    }
    &line[start..]
}

/// The least version that may follow a release, as cargo understands versions.
fn next(release: &Version, breaking: bool) -> Version {
    let Version {
        major,
        minor,
        patch,
        ..
    } = *release;
    match (major, minor) {
        (0, 0) => Version::new(0, 0, patch + 1),
        (0, _) if breaking => Version::new(0, minor + 1, 0),
        (0, _) => Version::new(0, minor, patch + 1),
        _ if breaking => Version::new(major + 1, 0, 0),
        _ => Version::new(major, minor + 1, 0),
    }
}

/// A repository's state: what it says of itself, and what its history knows.
struct Repository {
    /// Cargo.toml's.
    version: Version,
    /// What Cargo.toml asks for of probe-abi-build.
    wanted: String,
    /// That of probe-abi-build.
    build: Version,
    changelog: String,
    snapshots: Snapshots,
    releases: Vec<Version>,
    /// The newest release that this state descends from, with its snapshots.
    last: Option<(Version, Snapshots)>,
    /// What to do for tags that may be missing only here.
    hint: &'static str,
}

/// Whether the version in a repository's Cargo.toml is one that may follow its last release, and its
/// CHANGELOG tells of the same releases as its tags.
pub fn semver(folder: &Path) -> Result<String, String> {
    let repository = Repository::read(folder)?;
    let mut errors = repository.changelog_errors();
    errors.extend(repository.version_errors());
    errors.extend(repository.build_errors());
    match errors.is_empty() {
        true => Ok(repository.summary()),
        false => Err(errors.join("\n")),
    }
}

impl Repository {
    fn read(folder: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(cannot("read", &path))
        };
        let git = Git(folder);
        let last = git.releases(&["--merged", "HEAD"])?.into_iter().max();
        let last = last.map(|release| {
            let snapshots = git.snapshots(&release)?;
            Ok::<_, String>((release, snapshots))
        });
        let manifest = |name: &str| {
            let manifest: toml::Table = read(name)?
                .parse()
                .map_err(|error| format!("cannot read {name}: {error}"))?;
            Ok::<_, String>((version(name, &manifest)?, manifest))
        };
        let (version, library) = manifest("Cargo.toml")?;
        let wanted = library
            .get("build-dependencies")
            .and_then(|all| all.get("probe-abi-build")?.get("version")?.as_str());
        Ok(Self {
            version,
            wanted: wanted.unwrap_or("*").to_owned(),
            build: manifest("build/Cargo.toml")?.0,
            changelog: read("CHANGELOG.md")?,
            snapshots: committed(folder)?,
            releases: git.releases(&[])?,
            last: last.transpose()?,
            hint: git.hint()?,
        })
    }

    fn summary(&self) -> String {
        let version = &self.version;
        match &self.last {
            None => format!("`{version}` is the first version: nothing was promised yet"),
            Some((release, old)) => format!(
                "`{version}` may follow `v{release}`; changes to the public API: {}",
                changes(old, &self.snapshots).len()
            ),
        }
    }

    fn version_errors(&self) -> Vec<String> {
        let Some((release, old)) = &self.last else {
            return Vec::new();
        };
        let version = &self.version;
        if version < release {
            return vec![format!(
                "Cargo.toml's version `{version}` is older than the last release, `v{release}`"
            )];
        }
        let too_low = |change: &Change| *version < next(release, change.breaking);
        let changes = changes(old, &self.snapshots).into_iter().filter(too_low);
        let errors = changes.map(|Change { breaking, what }| {
            let kind = if breaking { "breaks users" } else { "adds to the API" };
            let needed = next(release, breaking);
            format!(
                "{what}: since `v{release}` this {kind}, which needs version `{needed}` in Cargo.toml, not \
                 `{version}`"
            )
        });
        errors.collect()
    }

    /// The two packages belong together: each machine of the table that build scripts have is a module of the library.
    fn build_errors(&self) -> Vec<String> {
        let Self {
            version,
            wanted,
            build,
            ..
        } = self;
        let mut errors = Vec::new();
        if build != version {
            errors.push(format!(
                "build/Cargo.toml's version is `{build}`, and Cargo.toml's `{version}`: they are published together"
            ));
        }
        if *wanted != format!("={version}") {
            errors.push(format!(
                "Cargo.toml depends on `probe-abi-build` in version `{wanted}`: accepted is `={version}`, because \
                 another has another table of machines"
            ));
        }
        errors
    }

    fn changelog_errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        let mut told = Vec::new();
        for (index, heading) in headings(&self.changelog).enumerate() {
            let Some((version, state)) = entry(heading) else {
                errors.push(format!(
                    "CHANGELOG.md's heading `{heading}` is not `<version>, <date>` or `<version>, unreleased`"
                ));
                continue;
            };
            if index == 0 && version != self.version {
                errors.push(format!(
                    "CHANGELOG.md begins with `{version}`, and Cargo.toml's version is `{}`",
                    self.version
                ));
            }
            match (state, self.releases.contains(&version)) {
                ("unreleased", true) => errors.push(format!(
                    "CHANGELOG.md calls `{version}` unreleased, and there is a tag `v{version}`"
                )),
                ("unreleased", false) if index > 0 => errors.push(format!(
                    "CHANGELOG.md calls `{version}` unreleased, and has a newer version above it"
                )),
                ("unreleased", false) | (_, true) => {}
                (_, false) => errors.push(format!(
                    "CHANGELOG.md tells of a release `{version}`, and there is no tag `v{version}`: {}",
                    self.hint
                )),
            }
            told.push(version);
        }
        let untold = self
            .releases
            .iter()
            .filter(|release| !told.contains(release));
        errors.extend(untold.map(|release| {
            format!("CHANGELOG.md does not tell of `{release}`, and there is a tag `v{release}`")
        }));
        if told.is_empty() {
            errors.push("CHANGELOG.md tells of no version".into());
        }
        errors
    }
}

/// The headings of a CHANGELOG's versions.
fn headings(changelog: &str) -> impl Iterator<Item = &str> {
    changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
}

/// A heading's version, with its date or `unreleased`.
fn entry(heading: &str) -> Option<(Version, &str)> {
    let (version, state) = heading.split_once(", ")?;
    Some((Version::parse(version).ok()?, state.trim()))
}

fn version(name: &str, manifest: &toml::Table) -> Result<Version, String> {
    let version = manifest
        .get("package")
        .and_then(|package| package.get("version"));
    let version = version
        .and_then(toml::Value::as_str)
        .ok_or_else(|| format!("{name} has no version of its package"))?;
    Version::parse(version).map_err(|error| format!("{name}'s version `{version}`: {error}"))
}

/// The history of the repository in a folder; one that was exported without its history has no releases.
struct Git<'a>(&'a Path);

impl Git<'_> {
    fn is_there(&self) -> bool {
        self.0.join(".git").exists()
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        output(Command::new("git").arg("-C").arg(self.0).args(arguments))
    }

    /// The versions that tags tell of, but for previews of one.
    fn releases(&self, selection: &[&str]) -> Result<Vec<Version>, String> {
        if !self.is_there() {
            return Ok(Vec::new());
        }
        let tags = self.run(&[&["tag", "--list", "v*"], selection].concat())?;
        let versions = tags
            .lines()
            .filter_map(|tag| Version::parse(tag.strip_prefix('v')?).ok());
        Ok(versions.filter(|version| version.pre.is_empty()).collect())
    }

    fn snapshots(&self, release: &Version) -> Result<Snapshots, String> {
        let tag = format!("v{release}");
        let folder = format!("{FOLDER}/");
        let paths = self.run(&["ls-tree", "--name-only", &tag, &folder])?;
        if paths.is_empty() {
            return Err(format!("`{tag}` has no {FOLDER} to compare with"));
        }
        let snapshots = paths.lines().map(|path| {
            let text = self.run(&["show", &format!("{tag}:{path}")])?;
            Ok((snapshot_name(Path::new(path)), text))
        });
        snapshots.collect()
    }

    fn hint(&self) -> Result<&'static str, String> {
        if !self.is_there() {
            return Ok("this is no clone of the repository, which is where the tags are");
        }
        let shallow = self.run(&["rev-parse", "--is-shallow-repository"])?;
        Ok(match shallow.trim() {
            "true" => "this clone is shallow, `git fetch --unshallow --tags` brings the tags",
            _ => {
                "`git fetch --tags` brings it; where it was never made, the version is `unreleased` until it is"
            }
        })
    }
}
