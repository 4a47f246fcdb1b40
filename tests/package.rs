//! What is published is whole, holds nothing else, and builds without the repository: with cargo, and
//! as docs.rs documents it.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use proofs::{
    bpf::{Toolchain, root},
    host::{cannot, output, run},
    libclang,
    package::{Package, Unpacked, cargo, registry, remove, target_dir},
    proof::{self, Proof, none},
    select::{Endian, MACHINES, VARIABLE},
};
use spdx::{Expression, LicenseReq, ParseMode};

/// What a download of the crate may take: half as much again as it took when this was written.
const BYTES: u64 = 144 * 1024;

/// The other package of this repository that is published.
const BESIDE: &str = "probe-abi-usdt";

/// The licences under which somebody who has the crate under MIT or Apache-2.0 can have what it is
/// built with.
const LICENCES: &[&str] = &["Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0"];

fn main() {
    let toolchain = || Toolchain::with_core().map(drop);
    proof::run(vec![
        Proof::new("files", Ok(()), files),
        Proof::new("files of the other package", Ok(()), files_beside),
        Proof::new("size", Ok(()), size),
        Proof::new("licences of dependencies", Ok(()), licences),
        Proof::new("publishing, but for the upload", registry(), publishing),
        Proof::new("builds with bindgen", toolchain(), || {
            builds("bindgen", &[])
        }),
        Proof::new("builds without bindgen", toolchain(), || {
            builds("no-bindgen", &["--no-default-features"])
        }),
        Proof::new(
            "documentation as docs.rs builds it",
            DocsRs::needs(),
            documentation,
        ),
    ])
}

fn package() -> Result<Package, String> {
    Package::pack(env!("CARGO_PKG_VERSION"))
}

// What is in it

fn files() -> Result<(), String> {
    let (files, needed) = (package()?.files()?, needed_files());
    let known = |path: &str| needed.contains(path) || is_code(path) || CARGO.contains(&path);
    let missing = needed.iter().filter(|path| !files.contains(*path));
    let missing = missing.map(|path| format!("`{path}` is missing"));
    let others = files.iter().filter(|path| !known(path));
    let others = others.map(|path| format!("`{path}` is there, and no build needs it"));
    none(missing.chain(others))
}

fn files_beside() -> Result<(), String> {
    let mut list = Command::new(env!("CARGO"));
    list.current_dir(root()).args([
        "package",
        "--list",
        "--allow-dirty",
        "--offline",
        "--package",
        BESIDE,
    ]);
    let files = output(&mut list)?;
    let needed = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"];
    let known =
        |path: &&str| needed.contains(path) || path.starts_with("src/") || CARGO.contains(path);
    let missing = needed
        .iter()
        .filter(|needed| !files.lines().any(|path| path == **needed));
    let missing = missing.map(|path| format!("`{path}` is missing"));
    let others = files.lines().filter(|path| !known(path));
    none(missing.chain(others.map(|path| format!("`{path}` is there, and no build needs it"))))
}

/// What cargo puts into each package.
const CARGO: &[&str] = &[
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
];

fn needed_files() -> BTreeSet<String> {
    let texts = [
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "src/syscalls.tbl",
        "src/verifier.md",
    ];
    let all_machines = ["headers/ctypes.h", "src/arch/mod.rs", "src/arch/table.rs"];
    let each_machine = MACHINES.iter().flat_map(|machine| {
        let name = machine.name;
        [
            format!("headers/{name}.h"),
            format!("src/arch/{name}.rs"),
            format!("build/bindings/{name}.rs"),
            format!("src/pictures/{name}.md"),
        ]
    });
    let named = texts.iter().chain(&all_machines).map(ToString::to_string);
    named.chain(each_machine).collect()
}

/// Whether this is code of no machine. The builds tell when some is missing.
fn is_code(path: &str) -> bool {
    let path = Path::new(path);
    let folder = path.parent().and_then(Path::to_str);
    path == Path::new("build.rs")
        || path.extension().is_some_and(|extension| extension == "rs")
            && folder.is_some_and(|folder| ["build", "src"].contains(&folder))
}

fn size() -> Result<(), String> {
    let path = package()?.path;
    let bytes = fs::metadata(&path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?
        .len();
    println!("the package takes {bytes} bytes, of {BYTES} that it may");
    match bytes <= BYTES {
        true => Ok(()),
        false => Err(format!("{bytes} bytes are more than {BYTES}")),
    }
}

fn licences() -> Result<(), String> {
    let tree = [
        "tree",
        "--package",
        "probe-abi",
        "--package",
        BESIDE,
        "--locked",
        "--all-features",
    ];
    let flat = ["--prefix", "none", "--no-dedupe", "--format", "{p}: {l}"];
    let all = ["--edges", "normal,build", "--target", "all"];
    let listed = output(cargo(&tree).args(flat).args(all))?;
    let dependencies: BTreeSet<&str> = listed.lines().collect();
    none(dependencies.into_iter().filter_map(|dependency| {
        let (package, licence) = dependency.rsplit_once(": ")?;
        let why = refused(licence)?;
        Some(format!("{package} is under `{licence}`: {why}"))
    }))
}

/// Why a licence is none to depend on, if so.
fn refused(licence: &str) -> Option<String> {
    let accepted = |required: &LicenseReq| LICENCES.contains(&required.to_string().as_str());
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(error) => Some(error.reason.to_string()),
        Ok(expression) if expression.evaluate(accepted) => None,
        Ok(_) => Some(format!("accepted are {}", LICENCES.join(", "))),
    }
}

// What cargo does with it

/// What cargo says of this package, and rightly.
const EXPECTED: &[&str] = &[
    // There is no address that is known to stay.
    "warning: manifest has no documentation, homepage or repository",
    // The tests stay in the repository.
    "warning: ignoring test `",
    "warning: aborting upload due to dry run",
];

/// cargo warns here of dependencies that were yanked.
fn publishing() -> Result<(), String> {
    let mut publish = cargo(&["publish", "--dry-run", "--no-verify"]);
    publish.args(["--package", BESIDE]);
    let said = run(publish.arg("--target-dir").arg(target_dir()))?.stderr;
    let warnings = said.lines().filter(|line| line.starts_with("warning"));
    let others = warnings.filter(|line| !EXPECTED.iter().any(|known| line.starts_with(known)));
    none(others.map(str::to_owned))
}

/// For the host and both BPF targets, without a warning.
fn builds(purpose: &str, features: &[&str]) -> Result<(), String> {
    let sources = package()?.unpack(purpose)?;
    let toolchain = Toolchain::with_core()?;
    let build = || {
        let mut cargo = toolchain.cargo();
        cargo
            .current_dir(&*sources)
            .args(["build", "--quiet", "--offline", "--locked"])
            .args(features)
            .arg("--target-dir")
            .arg(target_dir())
            .env_remove(VARIABLE);
        cargo
    };
    silent(&mut build())?;
    for endian in [Endian::Little, Endian::Big] {
        let machine = MACHINES
            .iter()
            .find(|machine| machine.variant(endian).is_some())
            .ok_or_else(|| format!("no machine is {endian}"))?;
        let target = toolchain.target(endian.bpf_target());
        silent(build().args(target).env(VARIABLE, machine.name))?;
    }
    Ok(())
}

fn silent(build: &mut Command) -> Result<(), String> {
    match run(build)?.stderr {
        complaints if complaints.is_empty() => Ok(()),
        complaints => Err(format!("{build:?} says\n{complaints}")),
    }
}

// What docs.rs does with it

/// With a libclang and without, which makes no difference to a reader.
fn documentation() -> Result<(), String> {
    let (said, generated) = DocsRs::enter()?.document(libclang::chosen().as_deref())?;
    if said.contains("libclang") {
        return Err(said);
    }
    let no_library = root().join("Cargo.toml");
    let (said, committed) = DocsRs::enter()?.document(Some(&no_library))?;
    if !said.contains("libclang was not found") {
        return Err(format!("there should be no libclang:\n{said}"));
    }
    let differ = generated.into_iter().zip(committed);
    let differ = differ.filter(|(generated, committed)| generated != committed);
    none(differ.map(|((page, _), _)| format!("`{page}` is another without libclang")))
}

/// A page's path and text.
type Page = (String, String);

/// A computer like theirs: nightly, no network, and nothing that can be written but the target folder.
struct DocsRs {
    toolchain: Toolchain,
    sources: Unpacked,
    target_dir: PathBuf,
}

impl DocsRs {
    fn needs() -> Result<(), String> {
        Self::toolchain()?;
        output(&mut sealed(Command::new("true"), &[]))
            .map(drop)
            .map_err(|why| format!("cannot do without network and mounts (as root?): {why}"))
    }

    /// Theirs is nightly. Where there is none, another takes the same options.
    fn toolchain() -> Result<Toolchain, String> {
        match Toolchain::nightly() {
            Some(nightly) => Ok(nightly),
            None => Toolchain::with_core().map(Toolchain::unstable),
        }
    }

    fn enter() -> Result<Self, String> {
        let docs_rs = Self {
            toolchain: Self::toolchain()?,
            sources: package()?.unpack("docs-rs")?,
            target_dir: root().join("target/docs-rs"),
        };
        fs::create_dir_all(&docs_rs.target_dir).map_err(cannot("make", &docs_rs.target_dir))?;
        let mut write = Command::new("touch");
        write.arg(docs_rs.sources.join("README.md"));
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
            .chain([&*self.sources])
            .collect();
        sealed(command, &read_only)
    }

    /// What cargo says, and the pages that are about a machine.
    fn document(&self, libclang: Option<&Path>) -> Result<(String, Vec<Page>), String> {
        let target = self.target()?;
        let pages = self.target_dir.join(&target).join("doc/probe_abi");
        remove(&pages)?;
        let mut cargo = self.toolchain.cargo();
        cargo
            .current_dir(&*self.sources)
            .args(["rustdoc", "--lib", "--offline", "-Zrustdoc-map"])
            .args(["-Zunstable-options", "-Zrustdoc-scrape-examples"])
            .args(["--config", RUSTDOCFLAGS, "--target", &target])
            .arg("--target-dir")
            .arg(&self.target_dir)
            .env("DOCS_RS", "1")
            .env_remove(VARIABLE);
        if let Some(libclang) = libclang {
            // The same path for any, because cargo compiles bindgen anew for another.
            let link = self.target_dir.join("libclang.so");
            remove(&link)?;
            symlink(libclang, &link).map_err(cannot("write", &link))?;
            cargo.env("LIBCLANG_PATH", &link);
        }
        let said = run(&mut self.sealed(cargo))?.stderr;
        let of_machines = MACHINES.iter().flat_map(|machine| {
            ["index.html", "struct.pt_regs.html"]
                .map(|page| format!("arch/{}/{page}", machine.name))
        });
        let read = |page: String| {
            let path = pages.join(&page);
            let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
            Ok((page, text))
        };
        Ok((said, of_machines.map(read).collect::<Result<_, String>>()?))
    }

    /// The target that the package asks docs.rs for.
    fn target(&self) -> Result<String, String> {
        let path = self.sources.join("Cargo.toml");
        let manifest = fs::read_to_string(&path).map_err(cannot("read", &path))?;
        let manifest: toml::Table = manifest.parse().map_err(|error| format!("{error}"))?;
        let metadata = manifest["package"]
            .get("metadata")
            .and_then(|all| all.get("docs")?.get("rs"));
        let targets = metadata.and_then(|docs_rs| match docs_rs.as_table()? {
            // Other keys would want other arguments of this test's cargo.
            only if only.len() == 1 => only.get("targets")?.as_array(),
            _ => None,
        });
        match targets.map(Vec::as_slice) {
            Some([toml::Value::String(target)]) => Ok(target.clone()),
            _ => Err("the metadata for docs.rs is more than one target".into()),
        }
    }
}

/// docs.rs's own, with each warning an error.
const RUSTDOCFLAGS: &str = r#"build.rustdocflags=["--cfg", "docsrs", "-Dwarnings"]"#;

/// Runs a command without network, and with folders that even root cannot write.
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
