//! The library builds with the compiler that Cargo.toml promises, and so do the packages that its users' build scripts
//! need. The compiler is Debian's build of it, unpacked beside the others.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use proofs::{
    bpf::root,
    debian,
    host::{cannot, output, run},
    package::{Packages, manifest, registry},
    proof::{self, Proof},
};

const PROMISED: &str = env!("CARGO_PKG_RUST_VERSION");

fn main() {
    let compiler = Rustc::promised();
    let proof = |name, work: fn(&Rustc) -> Result<(), String>| {
        let needs = compiler.as_ref().map(drop).map_err(Clone::clone);
        let compiler = compiler.clone();
        Proof::new(format!("rustc {PROMISED}, {name}"), needs, move || {
            work(&compiler?)
        })
    };
    let mut oldest = proof("oldest dependencies", oldest_dependencies);
    oldest.needs = oldest.needs.and_then(|()| registry());
    proof::run(vec![
        proof("newest dependencies", |compiler| {
            compiler.build(root(), &[])
        }),
        oldest,
    ])
}

const LIBRARY: &str = "probe-abi";
const BUILD: &str = "probe-abi-build";

/// Builds with the oldest versions of the two packages' direct dependencies that their manifests accept.
fn oldest_dependencies(compiler: &Rustc) -> Result<(), String> {
    let unpacked = Packages::pack()?.unpack("msrv")?;
    for package in [LIBRARY, BUILD] {
        forget_tests(&unpacked.folder(package).join("Cargo.toml"))?;
    }
    // One workspace, because cargo takes the oldest versions for the dependencies of its members. Common dependencies
    // are compiled once.
    let path = unpacked.path().join("Cargo.toml");
    fs::write(&path, WORKSPACE).map_err(cannot("write", &path))?;
    let mut lock = compiler.cargo(unpacked.path(), "update");
    // A stable cargo only takes the option with this variable.
    lock.arg("-Zdirect-minimal-versions")
        .env("RUSTC_BOOTSTRAP", "1");
    run(&mut lock)?;
    compiler.build(unpacked.path(), &["--locked"])
}

const WORKSPACE: &str = r#"
workspace.members = ["probe-abi", "probe-abi-build"]
workspace.resolver = "3"
patch.crates-io.probe-abi-build.path = "probe-abi-build"
"#;

/// Removes the dependencies of tests. A package does not contain its tests, but all its dependencies would influence
/// which versions cargo chooses.
fn forget_tests(path: &Path) -> Result<(), String> {
    let mut table = manifest(path)?;
    table.remove("dev-dependencies");
    fs::write(path, table.to_string()).map_err(cannot("write", path))
}

#[derive(Clone)]
struct Rustc {
    rustc: PathBuf,
    sysroot: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Rustc {
    fn promised() -> Result<Self, String> {
        let package = |name: &str| {
            debian::Package::newest("bookworm", "amd64", name).map(|package| package.root)
        };
        let version = PROMISED.replace('.', r"\.");
        let library = |root: PathBuf| root.join("usr/lib/x86_64-linux-gnu");
        let compiler = Self {
            rustc: package("rustc-web")?.join("usr/bin/rustc"),
            sysroot: package("libstd-rust-web-dev")?.join("usr"),
            libraries: vec![
                library(package(&format!("libstd-rust-web-{version}"))?),
                library(package("libllvm19")?),
            ],
        };
        let version = output(compiler.command(&compiler.rustc).arg("--version"))?;
        match version.starts_with(&format!("rustc {PROMISED}.")) {
            true => Ok(compiler),
            false => Err(format!(
                "Debian's rustc is not {PROMISED} but `{}`",
                version.trim()
            )),
        }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let libraries = std::env::join_paths(&self.libraries).unwrap_or_default();
        command.env("LD_LIBRARY_PATH", libraries);
        command
    }

    /// Builds the two packages, with all features: no feature takes code away.
    ///
    /// `cargo check` would do all of it twice: it compiles the dependencies of build scripts, and checks the library's.
    fn build(&self, sources: &Path, arguments: &[&str]) -> Result<(), String> {
        let mut build = self.cargo(sources, "build");
        build
            .args(["--quiet", "--package", LIBRARY, "--package", BUILD])
            .arg("--all-features")
            .args(arguments)
            .arg("--target-dir")
            .arg(root().join("target/msrv"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_DEBUG", "0")
            .env("RUSTFLAGS", format!("--sysroot={}", self.sysroot.display()));
        run(&mut build).map(drop)
    }

    fn cargo(&self, sources: &Path, command: &str) -> Command {
        let mut cargo = self.command(env!("CARGO"));
        cargo
            .current_dir(sources)
            .arg(command)
            .env("RUSTC", &self.rustc);
        cargo
    }
}
