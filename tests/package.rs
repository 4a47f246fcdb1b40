//! The published packages are complete and contain nothing else. They build without the repository, with cargo and as
//! docs.rs documents them.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock},
};

use proofs::{
    bpf::{Toolchain, root},
    host::{cannot, output, run},
    package::{Packages, Unpacked, Upload, cargo, manifest, publish, registry, remove},
    proof::{self, Proof, none},
    select::{Endian, MACHINES, Machine, VARIABLE},
    users::{self, Turn},
};
use spdx::{Expression, LicenseReq, ParseMode};

/// A package, and the files that belong into it.
struct Published {
    name: &'static str,
    /// The largest size of a download. It is half more than the size when this was written.
    bytes: u64,
    /// The files, except those of every package.
    files: &'static [&'static str],
    /// One file for each machine. The machine's name replaces the `*`.
    of_each_machine: &'static [&'static str],
    /// Folders of code that does not belong to a machine. The builds fail if a part of it is missing.
    code: &'static [&'static str],
}

const PUBLISHED: [Published; 5] = [
    Published {
        name: LIBRARY,
        bytes: 178 * 1024,
        files: &[
            "CHANGELOG.md",
            "src/arch/mod.rs",
            "src/project.md",
            "src/syscalls.tbl",
            "src/verifier.md",
        ],
        of_each_machine: &["src/arch/*.rs", "src/pictures/*.md"],
        code: &["build-script", "src", "src/go"],
    },
    Published {
        name: BUILD,
        bytes: 51 * 1024,
        files: &["headers/ctypes.h"],
        of_each_machine: &["bindings/*.rs", "headers/*.h"],
        code: &["src"],
    },
    Published {
        name: "probe-abi-doctor",
        bytes: 23 * 1024,
        files: &["src/trial/manifest.toml"],
        of_each_machine: &[],
        code: &["src", "src/trial"],
    },
    Published {
        name: "probe-abi-go",
        bytes: 19 * 1024,
        files: &[],
        of_each_machine: &[],
        code: &["src"],
    },
    Published {
        name: "probe-abi-usdt",
        bytes: 22 * 1024,
        files: &[],
        of_each_machine: &[],
        code: &["src"],
    },
];

const LIBRARY: &str = "probe-abi";
const BUILD: &str = "probe-abi-build";

/// The files that belong into each package.
const EVERYWHERE: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// The files that cargo puts into each package.
const CARGO: [&str; 4] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
];

/// The packages, and the folder where they are unpacked, once for all proofs.
struct Sources {
    packages: Packages,
    unpacked: Unpacked,
}

impl Sources {
    fn make() -> Result<Self, String> {
        let packages = Packages::pack()?;
        let unpacked = packages.unpack("package")?;
        Ok(Self { packages, unpacked })
    }
}

fn main() {
    let sources = Arc::new(LazyLock::new(Sources::make));
    let proof = |name, needs, run: fn(&Sources) -> Result<(), String>| {
        let sources = Arc::clone(&sources);
        Proof::new(name, needs, move || run((**sources).as_ref()?))
    };
    let toolchain = || Toolchain::with_core().map(drop);
    let docs_rs = DocsRs::needs();
    let proofs = vec![
        proof("files", Ok(()), files),
        proof("sizes", Ok(()), sizes),
        Proof::new("licences of dependencies", Ok(()), licences),
        Proof::new("publishing, but for the upload", registry(), publishing),
        proof("builds with bindgen", toolchain(), |sources| {
            builds(&sources.unpacked, LIBRARY, &["--locked"], &[HOST])
        }),
        proof("builds without bindgen", toolchain(), |sources| {
            let features = ["--locked", "--no-default-features"];
            builds(&sources.unpacked, LIBRARY, &features, &[HOST, ARM, POWERPC])
        }),
        proof("builds for build scripts", toolchain(), |sources| {
            builds_for_build_scripts(&sources.unpacked)
        }),
        proof("builds in a package of a user", toolchain(), |sources| {
            let user = add_user(&sources.unpacked)?;
            builds(&sources.unpacked, user, &[], &[HOST, ARM])
        }),
        proof(
            "documentation as docs.rs builds it",
            docs_rs.clone(),
            |sources| documentation(&sources.unpacked),
        ),
        proof(
            "documentation for build scripts as docs.rs builds it",
            docs_rs,
            |sources| documentation_of_build(&sources.unpacked),
        ),
    ];
    drop(sources);
    proof::run(proofs)
}

// The contents of the packages

fn files(sources: &Sources) -> Result<(), String> {
    let packages = sources.packages.iter();
    let packages: BTreeSet<&str> = packages.map(|package| package.name.as_str()).collect();
    let known = PUBLISHED.iter().map(|published| published.name).collect();
    if packages != known {
        return Err(format!("published are {packages:?}, and known {known:?}"));
    }
    let mut complaints = Vec::new();
    for package in sources.packages.iter() {
        let complain = |what| format!("{}: {what}", package.name);
        let of_package = published(package)?.complaints(&package.files()?);
        complaints.extend(of_package.into_iter().map(complain));
    }
    none(complaints)
}

fn published(package: &Upload) -> Result<&'static Published, String> {
    let mut known = PUBLISHED.iter();
    let known = known.find(|published| published.name == package.name);
    known.ok_or_else(|| format!("`{}` is not known to this test", package.name))
}

impl Published {
    /// The files that are missing from a package, and the files that do not belong there.
    fn complaints(&self, files: &BTreeSet<String>) -> Vec<String> {
        let needed = self.needed();
        let known =
            |path: &str| needed.contains(path) || self.is_code(path) || CARGO.contains(&path);
        let missing = needed.difference(files);
        let missing = missing.map(|path| format!("`{path}` is missing"));
        let others = files.iter().filter(|path| !known(path));
        let others = others.map(|path| format!("`{path}` is there, and no build needs it"));
        missing.chain(others).collect()
    }

    fn needed(&self) -> BTreeSet<String> {
        let of_machine = |machine: &Machine| {
            let patterns = self.of_each_machine.iter();
            patterns.map(|pattern| pattern.replace('*', machine.name))
        };
        let named = self.files.iter().chain(&EVERYWHERE);
        let named = named.map(ToString::to_string);
        named.chain(MACHINES.iter().flat_map(of_machine)).collect()
    }

    fn is_code(&self, path: &str) -> bool {
        let path = Path::new(path);
        let folder = path.parent().and_then(Path::to_str);
        path.extension().is_some_and(|extension| extension == "rs")
            && folder.is_some_and(|folder| self.code.contains(&folder))
    }
}

fn sizes(sources: &Sources) -> Result<(), String> {
    let mut complaints = Vec::new();
    for package in sources.packages.iter() {
        let Upload { name, path, .. } = package;
        let may = published(package)?.bytes;
        let bytes = fs::metadata(path).map_err(cannot("read", path))?.len();
        println!("{name} takes {bytes} bytes, of {may} that it may");
        if bytes > may {
            complaints.push(format!(
                "{name} takes {bytes} bytes, which are more than {may}"
            ));
        }
    }
    none(complaints)
}

/// Each dependency is under the licences that deny.toml accepts, and each of those is needed.
fn licences() -> Result<(), String> {
    let mut tree = cargo(&["tree", "--locked", "--all-features"]);
    for published in PUBLISHED {
        tree.args(["--package", published.name]);
    }
    let flat = ["--prefix", "none", "--no-dedupe", "--format", "{p}: {l}"];
    let all = ["--edges", "normal,build", "--target", "all"];
    let listed = output(tree.args(flat).args(all))?;
    let dependencies: BTreeSet<&str> = listed.lines().collect();
    let complaints = |accepted: &[String]| -> Vec<String> {
        let refused = dependencies.iter().filter_map(|dependency| {
            let (package, licence) = dependency.rsplit_once(": ")?;
            let why = refused(licence, accepted)?;
            Some(format!("{package} is under `{licence}`: {why}"))
        });
        refused.collect()
    };
    let accepted = accepted()?;
    let refused = complaints(&accepted);
    let unneeded = accepted.iter().filter(|licence| {
        let mut others = accepted.clone();
        others.retain(|other| other != *licence);
        complaints(&others).len() == refused.len()
    });
    let unneeded = unneeded.map(|licence| format!("no dependency needs `{licence}` of deny.toml"));
    none(refused.iter().cloned().chain(unneeded))
}

fn accepted() -> Result<Vec<String>, String> {
    let table = manifest(&root().join("deny.toml"))?;
    let accepted = table.get("licenses").and_then(|all| all.get("allow"));
    let accepted = accepted.and_then(|accepted| accepted.clone().try_into().ok());
    accepted.ok_or_else(|| "deny.toml has no list `licenses.allow`".to_owned())
}

/// Why a licence is not accepted; `None` if it is.
fn refused(licence: &str, accepted: &[String]) -> Option<String> {
    let is_accepted = |required: &LicenseReq| accepted.contains(&required.to_string());
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(error) => Some(error.reason.to_string()),
        Ok(expression) if expression.evaluate(is_accepted) => None,
        Ok(_) => Some(format!("accepted are {}", accepted.join(", "))),
    }
}

// The packages in cargo

/// cargo's messages about these packages that are right.
const EXPECTED: &[&str] = &[
    // No address is known to stay valid.
    "warning: manifest has no documentation, homepage or repository",
    // The tests stay in the repository.
    "warning: ignoring test `",
    "warning: aborting upload due to dry run",
];

/// cargo warns here of yanked dependencies.
fn publishing() -> Result<(), String> {
    let said = run(&mut publish()?)?.stderr;
    for published in PUBLISHED {
        if !said.contains(&format!("Uploading {} v", published.name)) {
            return Err(format!(
                "`{}` would not be uploaded:\n{said}",
                published.name
            ));
        }
    }
    let warnings = said.lines().filter(|line| line.starts_with("warning"));
    let others = warnings.filter(|line| !EXPECTED.iter().any(|known| line.starts_with(known)));
    none(others.map(str::to_owned))
}

/// The target of a build: a machine's probes, or this computer.
type For = Option<(&'static str, Endian)>;

const HOST: For = None;
// Both have pointers of 32 bits. BPF and most hosts do not.
const ARM: For = Some(("arm", Endian::Little));
const POWERPC: For = Some(("powerpc", Endian::Big));

/// The package builds without a warning.
fn builds(
    sources: &Unpacked,
    package: &str,
    arguments: &[&str],
    targets: &[For],
) -> Result<(), String> {
    let toolchain = Toolchain::with_core()?;
    for target in targets {
        let mut build = cargo_in(&toolchain, &sources.folder(package), "build");
        match target {
            Some((machine, endian)) => {
                let target = toolchain.target(endian.bpf_target());
                build.args(target).env(VARIABLE, machine);
            }
            // Named too: otherwise the dependencies of build scripts would be others than for BPF.
            None => {
                build.args(["--target", "host-tuple"]);
            }
        }
        silent(build.args(arguments))?;
    }
    Ok(())
}

fn cargo_in(toolchain: &Toolchain, folder: &Path, command: &str) -> Command {
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(folder)
        .args([command, "--release", "--quiet", "--offline"])
        .arg("--target-dir")
        .arg(users::target_dir())
        .envs(users::env())
        .env_remove(VARIABLE);
    cargo
}

/// Build scripts have all features, on the host. Its code is generated in the packages of users.
fn builds_for_build_scripts(sources: &Unpacked) -> Result<(), String> {
    let mut check = cargo_in(&Toolchain::with_core()?, &sources.folder(BUILD), "check");
    silent(check.args(["--locked", "--all-features", "--target", "host-tuple"]))
}

/// A package with a build script that depends on the published packages.
fn add_user(sources: &Unpacked) -> Result<&'static str, String> {
    const USER: &str = "user";
    let folder = sources.folder(USER);
    fs::create_dir(&folder).map_err(cannot("make", &folder))?;
    for (name, text) in [
        ("Cargo.toml", include_str!("package/Cargo.toml")),
        ("build.rs", include_str!("package/build.rs")),
        ("node.h", include_str!("package/node.h")),
        ("lib.rs", include_str!("package/lib.rs")),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(cannot("write", &path))?;
    }
    // Use installed versions.
    let (lock, to) = (
        sources.folder(BUILD).join("Cargo.lock"),
        folder.join("Cargo.lock"),
    );
    fs::copy(&lock, &to).map_err(cannot("copy", &lock))?;
    sources.patch(USER, &[LIBRARY, BUILD])?;
    Ok(USER)
}

fn silent(build: &mut Command) -> Result<(), String> {
    let _turn = Turn::wait()?;
    match run(build)?.stderr {
        complaints if complaints.is_empty() => Ok(()),
        complaints => Err(format!("{build:?} says\n{complaints}")),
    }
}

// The packages in docs.rs

/// Each machine has its page.
fn documentation(sources: &Unpacked) -> Result<(), String> {
    let pages = DocsRs::enter(sources)?.document(LIBRARY)?;
    let pages = MACHINES
        .iter()
        .map(|machine| pages.join(format!("arch/{}/struct.pt_regs.html", machine.name)));
    let missing = pages.filter(|page| !page.exists());
    none(missing.map(|page| format!("`{}` is missing", page.display())))
}

/// The documentation has the items of each feature.
fn documentation_of_build(sources: &Unpacked) -> Result<(), String> {
    let pages = DocsRs::enter(sources)?.document(BUILD)?;
    let features = ["struct.Types.html", "struct.Module.html"];
    let missing = features.iter().filter(|page| !pages.join(page).exists());
    none(missing.map(|page| format!("`{page}` is missing")))
}

/// A computer like docs.rs's: nightly, no network, and only the target folder can be written.
struct DocsRs<'a> {
    toolchain: Toolchain,
    sources: &'a Unpacked,
    target_dir: PathBuf,
}

impl<'a> DocsRs<'a> {
    fn needs() -> Result<(), String> {
        Self::toolchain()?;
        output(&mut sealed(Command::new("true"), &[]))
            .map(drop)
            .map_err(|why| format!("cannot do without network and mounts (as root?): {why}"))
    }

    /// docs.rs uses nightly. If there is no nightly, another toolchain takes the same options.
    fn toolchain() -> Result<Toolchain, String> {
        match Toolchain::nightly() {
            Some(nightly) => Ok(nightly),
            None => Toolchain::with_core().map(Toolchain::unstable),
        }
    }

    fn enter(sources: &'a Unpacked) -> Result<Self, String> {
        let docs_rs = Self {
            toolchain: Self::toolchain()?,
            sources,
            target_dir: root().join("target/docs-rs"),
        };
        fs::create_dir_all(&docs_rs.target_dir).map_err(cannot("make", &docs_rs.target_dir))?;
        let mut write = Command::new("touch");
        write.arg(sources.folder(LIBRARY).join("README.md"));
        match run(&mut docs_rs.sealed(write)) {
            Ok(_) => Err("the sources can be written".into()),
            Err(_) => Ok(docs_rs),
        }
    }

    fn sealed(&self, command: Command) -> Command {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
        let read_only: Vec<&Path> = home
            .as_deref()
            .into_iter()
            .chain([self.sources.path()])
            .collect();
        sealed(command, &read_only)
    }

    /// The folder of the pages.
    fn document(&self, package: &str) -> Result<PathBuf, String> {
        let folder = self.sources.folder(package);
        let Metadata { features, target } = Metadata::read(&folder.join("Cargo.toml"))?;
        let pages = package.replace('-', "_");
        let pages = self.target_dir.join(&target).join("doc").join(pages);
        remove(&pages)?;
        let mut cargo = self.toolchain.cargo();
        cargo
            .current_dir(folder)
            .args(["rustdoc", "--lib", "--offline", "-Zrustdoc-map"])
            .args(["-Zunstable-options", "-Zrustdoc-scrape-examples"])
            .args(["--config", RUSTDOCFLAGS, "--target", &target])
            .args(features)
            .arg("--target-dir")
            .arg(&self.target_dir)
            .env("DOCS_RS", "1")
            .env_remove(VARIABLE);
        run(&mut self.sealed(cargo))?;
        Ok(pages)
    }
}

/// A package's settings for docs.rs.
struct Metadata {
    target: String,
    features: Vec<String>,
}

impl Metadata {
    fn read(path: &Path) -> Result<Self, String> {
        let manifest = manifest(path)?;
        let metadata = manifest["package"]
            .get("metadata")
            .and_then(|all| all.get("docs")?.get("rs")?.as_table());
        let mut metadata = metadata.cloned().unwrap_or_default();
        let mut features = vec!["all-features", "no-default-features"];
        features.retain(|key| metadata.remove(*key) == Some(toml::Value::Boolean(true)));
        let features = features.iter().map(|key| format!("--{key}")).collect();
        let targets = metadata.remove("targets");
        match targets
            .as_ref()
            .and_then(toml::Value::as_array)
            .map(Vec::as_slice)
        {
            // Other keys would need other arguments of this test's cargo.
            Some([toml::Value::String(target)]) if metadata.is_empty() => Ok(Self {
                target: target.clone(),
                features,
            }),
            _ => Err(format!(
                "the metadata for docs.rs is more than features and one target: `{}`",
                path.display()
            )),
        }
    }
}

/// docs.rs's own flags, with each warning an error.
const RUSTDOCFLAGS: &str = r#"build.rustdocflags=["--cfg", "docsrs", "-Dwarnings"]"#;

/// Runs a command without network. Not even root can write these folders.
fn sealed(command: Command, read_only: &[&Path]) -> Command {
    const SCRIPT: &str = r#"
        until [ "$1" = -- ]; do mount --bind -o ro "$1" "$1" || exit; shift; done
        shift
        exec "$@""#;
    let mut sealed = Command::new("unshare");
    sealed
        .args(["--mount", "--net", "sh", "-c", SCRIPT, "sh"])
        .args(read_only)
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => sealed.env(name, value),
            None => sealed.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        sealed.current_dir(folder);
    }
    sealed
}
