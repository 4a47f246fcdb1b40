//! The library builds with the compiler that its Cargo.toml promises: Debian's build of it, unpacked
//! beside the others.

use std::{path::PathBuf, process::Command};

use xtask::{
    bpf::root,
    debian::Package,
    proof::{self, Proof},
};

const PROMISED: &str = env!("CARGO_PKG_RUST_VERSION");

fn main() {
    let compiler = Compiler::promised();
    let proof = |name, arguments: &'static [&'static str]| {
        let needs = compiler.as_ref().map(drop).map_err(Clone::clone);
        let compiler = compiler.clone();
        Proof::new(format!("rustc {PROMISED}, {name}"), needs, move || {
            compiler?.check(arguments)
        })
    };
    proof::run(vec![
        proof("with bindgen", &[]),
        proof("without bindgen", &["--no-default-features"]),
    ])
}

#[derive(Clone)]
struct Compiler {
    rustc: PathBuf,
    sysroot: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Compiler {
    fn promised() -> Result<Self, String> {
        let package =
            |name: &str| Package::newest("bookworm", "amd64", name).map(|package| package.root);
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

    fn check(&self, arguments: &[&str]) -> Result<(), String> {
        let mut cargo = self.command(env!("CARGO"));
        cargo
            .current_dir(root())
            .args([
                "check",
                "--quiet",
                "--package",
                "probe-abi",
                "--target-dir",
                "target/msrv",
            ])
            .args(arguments)
            .env("RUSTC", &self.rustc)
            .env("RUSTFLAGS", format!("--sysroot={}", self.sysroot.display()));
        let output = cargo
            .output()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}
