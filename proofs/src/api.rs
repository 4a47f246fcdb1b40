//! The crate's promise to its users: its public API as text. There is a file for each machine and one for build
//! scripts.
//!
//! A line is an item with its signature, as rustdoc understands it and `public-api` writes it. The offset of a field is
//! not in it: the kernel decides that, and other proofs ask the kernel.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::PathBuf,
};

use rustdoc_types::{Crate, FORMAT_VERSION, Id, ItemEnum};
use toml::{Table, Value};

use crate::{
    bpf::root,
    host::{cannot, output},
    package::cargo,
    select::VARIABLE,
};

/// The folder of the snapshots, below the repository's root.
pub const FOLDER: &str = "tests/api";

/// The snapshot of the items that belong to no machine.
pub const ROOT: &str = "root";

/// The snapshot of probe-abi-build.
pub const BUILD: &str = "build";

/// The machine whose names the root has while its API is read.
const SELECTED: &str = "x86_64";

/// The text of each snapshot, by the name of its file: a machine's, [`ROOT`] or [`BUILD`].
pub type Snapshots = BTreeMap<String, String>;

/// The text that the files under [`FOLDER`] should have. `Err` says why it cannot be known here.
pub fn snapshots() -> Result<Snapshots, String> {
    // Without the feature `bindgen`, which has no API of its own, there is little to compile.
    let mut library = document("probe-abi", "--no-default-features")?;
    remove_selection(&mut library)?;
    let mut snapshots = split(&lines(library)?);
    let build = lines(document("probe-abi-build", "--all-features")?)?;
    let build = build.iter().map(String::as_str).collect();
    snapshots.insert(BUILD.to_owned(), text(build, "probe_abi_build::"));
    Ok(snapshots)
}

/// The snapshots that are committed.
pub fn committed() -> Result<Snapshots, String> {
    let folder = root().join(FOLDER);
    let entries = fs::read_dir(&folder).map_err(cannot("list", &folder))?;
    let snapshots = entries.map(|entry| {
        let path = entry.map_err(cannot("list", &folder))?.path();
        let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
        // A file of another kind keeps its extension, so it is not taken for a machine's.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".txt").unwrap_or(&name);
        Ok((name.to_owned(), text))
    });
    snapshots.collect()
}

fn folder() -> PathBuf {
    root().join("target/api")
}

fn unreadable(error: serde_json::Error) -> String {
    format!("cannot read rustdoc's JSON: {error}")
}

/// The API of a package, as rustdoc of the compiler that `cargo` uses understands it.
fn document(package: &str, features: &str) -> Result<Crate, String> {
    let mut rustdoc = cargo(&["rustdoc", "--quiet", "--package", package, "--lib"]);
    rustdoc
        .args([features, "--target-dir"])
        .arg(folder())
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env(VARIABLE, SELECTED)
        // Only nightly writes JSON without this.
        .env("RUSTC_BOOTSTRAP", "1");
    output(&mut rustdoc)?;
    let path = folder().join(format!("doc/{}.json", package.replace('-', "_")));
    let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
    let format = &json["format_version"];
    if *format != FORMAT_VERSION {
        return Err(format!(
            "this rustdoc writes JSON of format `{format}`, and the `public-api` in proofs/Cargo.toml \
             reads `{FORMAT_VERSION}`, which rustc 1.95 to 1.97 write: use one of these, or the \
             `public-api` that reads the new format"
        ));
    }
    serde_json::from_value(json).map_err(unreadable)
}

/// Removes the selected machine's names from the root, where they are listed instead of the machine's own. `Err` if
/// they are not there.
fn remove_selection(library: &mut Crate) -> Result<(), String> {
    let source = format!("arch::{SELECTED}");
    let items = library.index.iter();
    let selections: Vec<Id> = items
        .filter(|(_, item)| matches!(&item.inner, ItemEnum::Use(it) if it.is_glob && it.source == source))
        .map(|(id, _)| *id)
        .collect();
    if let Some(root) = library.index.get_mut(&library.root)
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

/// One line for each item, with the values of constants, which `public-api` leaves out.
fn lines(package: Crate) -> Result<Vec<String>, String> {
    let path = folder().join("changed.json");
    let text = serde_json::to_string(&package).map_err(unreadable)?;
    fs::write(&path, text).map_err(cannot("write", &path))?;
    let api = public_api::Builder::from_rustdoc_json(&path)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| format!("cannot list the public API: {error}"))?;
    let constants = package.index.into_iter();
    let constants = constants.filter_map(|(id, item)| match item.inner {
        ItemEnum::Constant { const_, .. } => Some((id, const_.value.unwrap_or(const_.expr))),
        _ => None,
    });
    let constants: BTreeMap<Id, String> = constants.collect();
    let lines = api.items().map(|item| match constants.get(&item.id()) {
        Some(value) => format!("{item} = {value}"),
        None => item.to_string(),
    });
    // A type has as many `impl` lines as it has blocks. The number does not matter.
    let mut seen = HashSet::new();
    Ok(lines.filter(|line| seen.insert(line.clone())).collect())
}

/// Sorts the lines by machine, without the path of its module.
fn split(lines: &[String]) -> Snapshots {
    let modules = lines
        .iter()
        .filter_map(|line| line.strip_prefix("pub mod probe_abi::arch::"))
        .filter(|module| !module.contains("::"));
    let mut sorted: BTreeMap<&str, Vec<&str>> = modules.map(|it| (it, Vec::new())).collect();
    let mut rest = Vec::new();
    for line in lines {
        // The first path is the subject of the line. `compat` has types of another machine.
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
    let lines = lines.into_iter();
    lines.map(|line| line.replace(path, "") + "\n").collect()
}

/// Whether every machine has the items that the first one has.
pub fn same_on_every_machine(snapshots: &Snapshots) -> Result<(), String> {
    let mut machines = snapshots
        .iter()
        .filter(|(name, _)| ![ROOT, BUILD].contains(&name.as_str()));
    let (first, text) = machines.next().ok_or("there are no snapshots")?;
    let expected = contract(text);
    for (machine, text) in machines {
        let found = contract(text);
        let differing: Vec<_> = expected.symmetric_difference(&found).copied().collect();
        if !differing.is_empty() {
            return Err(format!(
                "one of `{machine}` and `{first}` does not offer\n{}",
                differing.join("\n")
            ));
        }
    }
    Ok(())
}

/// The lines of a machine's snapshot that every other machine's has too. These are all lines except the registers, the
/// types of the registers, the values of aliases and constants, the numbers of syscalls, and the module `compat`, which
/// only some machines have.
fn contract(snapshot: &str) -> BTreeSet<&str> {
    let members = snapshot.lines().filter_map(member);
    let mut own: Vec<&str> = members
        .filter(|name| snapshot.contains(&format!("pub struct {name}\n")))
        .collect();
    own.push("compat");
    let is_own = |line: &str| own.iter().any(|name| is_about(line, name));
    let lines = snapshot
        .lines()
        .filter(|line| member(line).is_none() && !is_own(line))
        .filter(|line| !line.starts_with("pub const nr::"));
    lines
        .map(|line| line.split(" = ").next().unwrap_or(line))
        .collect()
}

/// The type of a field. A line without a keyword is a field: `pub pt_regs::psw: psw_t`.
fn member(line: &str) -> Option<&str> {
    let (path, ty) = line.strip_prefix("pub ")?.split_once(": ")?;
    (!path.contains([' ', '('])).then_some(ty)
}

/// Whether a line is a type's declaration, a member of it or an `impl` for it.
fn is_about(line: &str, name: &str) -> bool {
    line.contains(&format!(" {name}::")) || line.ends_with(&format!(" {name}"))
}

/// Whether the packages can be released together, by their manifests. probe-abi must ask for exactly the version that
/// probe-abi-build has, because each machine of the build scripts' table is a module of the library. The CHANGELOG must
/// begin with that version.
pub fn release(library: &Table, build: &Table, changelog: &str) -> Result<(), String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("*").to_owned();
    let version = |manifest: &Table| text(manifest["package"].get("version"));
    let (version, of_build) = (version(library), version(build));
    if of_build != version {
        return Err(format!(
            "build/Cargo.toml's version is `{of_build}`, and Cargo.toml's `{version}`: they are published together"
        ));
    }
    let wanted = text(library["build-dependencies"]["probe-abi-build"].get("version"));
    if wanted != format!("={version}") {
        return Err(format!(
            "Cargo.toml depends on `probe-abi-build` in version `{wanted}`: accepted is `={version}`"
        ));
    }
    let mut headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let heading = headings.next().unwrap_or_default();
    match heading.split_once(", ") {
        Some((first, _)) if first == version => Ok(()),
        _ => Err(format!(
            "CHANGELOG.md begins with `{heading}`: accepted is `{version}, <date>` or `{version}, unreleased`"
        )),
    }
}
