//! Compiles the guest's only process: a static program, with Debian's cross compilers.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::guests::{CrossCompiler, Guest};
use crate::{bpf, debian::Package, host::run};

/// Frame pointers are kept, because they are compared. So is every argument.
const FLAGS: &[&str] = &["-O1", "-fno-omit-frame-pointer", "-static", "-Wall"];

/// Compiles `init.c` for a guest.
pub fn compile(guest: &Guest, output: &Path) -> Result<(), String> {
    let mut command = compiler(guest)?;
    command.args(FLAGS).arg("-o").arg(output);
    run(&mut command).map(drop)
}

/// The compiler's command, before its flags and output. `Err` says what is missing.
pub fn compiler(guest: &Guest) -> Result<Command, String> {
    match &guest.compiler {
        CrossCompiler::Gcc(target, flags) => gcc(target, flags),
        CrossCompiler::Clang {
            target,
            suite,
            libraries,
        } => {
            let packages = libraries
                .iter()
                .map(|library| Package::newest(suite, guest.debian, library));
            let roots: Result<Vec<_>, _> = packages
                .map(|package| package.map(|package| package.root))
                .collect();
            clang(target, &roots?)
        }
    }
}

fn source() -> PathBuf {
    bpf::root().join("proofs/src/kernels/init.c")
}

fn gcc(target: &str, flags: &[&str]) -> Result<Command, String> {
    let host = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let compiler = cc::Build::new()
        .target(target)
        .host(&host)
        .opt_level(1)
        .pic(false)
        .cargo_metadata(false)
        .try_get_compiler()
        .map_err(|error| error.to_string())?;
    let mut command = compiler.to_command();
    let program = command.get_program().to_string_lossy().into_owned();
    if bpf::which(&program).is_none() {
        return Err(format!(
            "no `{program}` in PATH: `scripts/setup` installs it"
        ));
    }
    command.args(flags).arg(source());
    Ok(command)
}

/// clang has no C library: all files of the machine's library come from unpacked packages.
fn clang(target: &str, roots: &[PathBuf]) -> Result<Command, String> {
    let program = ["clang-22", "clang"].into_iter().find_map(bpf::which);
    let program = program.ok_or("no clang in PATH: `scripts/setup` installs it")?;
    let mut command = Command::new(program);
    command
        .arg(format!("--target={target}"))
        .args(["-nostdlib", "-nostdlibinc", "-fuse-ld=lld"]);
    for root in roots {
        for folder in [format!("usr/include/{target}"), "usr/include".into()] {
            command.arg("-isystem").arg(root.join(folder));
        }
        for folder in library_folders(root, target) {
            command.arg("-L").arg(folder);
        }
    }
    let object = |name: &str| {
        let found = roots
            .iter()
            .flat_map(|root| library_folders(root, target))
            .map(|folder| folder.join(name))
            .find(|path| path.exists());
        found.ok_or_else(|| format!("no `{name}` in the packages of the C library"))
    };
    command
        .args([object("crt1.o")?, object("crti.o")?, source()])
        .args([
            "-Wl,--start-group",
            "-lc",
            "-lgcc",
            "-lgcc_eh",
            "-Wl,--end-group",
        ])
        .arg(object("crtn.o")?);
    Ok(command)
}

/// The folders of a package's libraries for a target: the C library's, and gcc's, which has the version in its name.
fn library_folders(root: &Path, target: &str) -> Vec<PathBuf> {
    let versions = fs::read_dir(root.join("usr/lib/gcc").join(target));
    let versions = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path());
    let mut folders: Vec<PathBuf> = versions.collect();
    folders.push(root.join("usr/lib").join(target));
    folders.retain(|folder| folder.is_dir());
    folders
}
