//! The library builds with the compiler that its Cargo.toml promises: Debian's build of it, unpacked
//! beside the others.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use proofs::{
    bpf::root,
    debian,
    host::{cannot, run},
    package::{self, registry},
    proof::{self, Proof},
};

const PROMISED: &str = env!("CARGO_PKG_RUST_VERSION");

fn main() {
    let compiler = Compiler::promised();
    let proof = |name, work: fn(&Compiler) -> Result<(), String>| {
        let needs = compiler.as_ref().map(drop).map_err(Clone::clone);
        let compiler = compiler.clone();
        Proof::new(format!("rustc {PROMISED}, {name}"), needs, move || {
            work(&compiler?)
        })
    };
    let mut oldest = proof("oldest dependencies", oldest_dependencies);
    oldest.needs = oldest.needs.and_then(|()| registry());
    proof::run(vec![
        proof("with bindgen", |compiler| compiler.check(root(), &[])),
        proof("without bindgen", |compiler| {
            compiler.check(root(), &["--no-default-features"])
        }),
        oldest,
    ])
}

/// The oldest versions that Cargo.toml accepts of what the library itself names.
fn oldest_dependencies(compiler: &Compiler) -> Result<(), String> {
    let package = package::Package::pack(env!("CARGO_PKG_VERSION"))?;
    let sources = package.unpack("msrv")?;
    forget_tests(&sources.join("Cargo.toml"))?;
    let mut lock = compiler.cargo(&sources, "update");
    // cargo takes the option from nightly, or from who says that he knows.
    lock.arg("-Zdirect-minimal-versions")
        .env("RUSTC_BOOTSTRAP", "1");
    run(&mut lock)?;
    compiler.check(&sources, &["--locked"])?;
    compiler.check(&sources, &["--locked", "--no-default-features"])
}

/// Takes out the dependencies of tests: a package is not accompanied by its tests, yet all its
/// dependencies have a part in which versions are chosen.
fn forget_tests(manifest: &Path) -> Result<(), String> {
    let text = fs::read_to_string(manifest).map_err(cannot("read", manifest))?;
    let mut table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    table.remove("dev-dependencies");
    fs::write(manifest, table.to_string()).map_err(cannot("write", manifest))
}

#[derive(Clone)]
struct Compiler {
    rustc: PathBuf,
    sysroot: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Compiler {
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
        let printed = compiler.command(&compiler.rustc).arg("--version").output();
        let printed = printed.map_err(|error| format!("cannot run the unpacked rustc: {error}"))?;
        match String::from_utf8_lossy(&printed.stdout) {
            version if version.starts_with(&format!("rustc {PROMISED}.")) => Ok(compiler),
            version => Err(format!(
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

    fn check(&self, sources: &Path, arguments: &[&str]) -> Result<(), String> {
        let mut check = self.cargo(sources, "check");
        check
            .args(["--quiet", "--package", "probe-abi", "--target-dir"])
            .arg(root().join("target/msrv"))
            .args(arguments)
            .env("RUSTFLAGS", format!("--sysroot={}", self.sysroot.display()));
        run(&mut check).map(drop)
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
