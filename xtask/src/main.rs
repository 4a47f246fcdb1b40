//! The maintainer's commands: `cargo xtask <command>`.

use std::{env, path::Path, process::ExitCode};

mod bench;

use proofs::{
    bpf::{Probe, Toolchain},
    debian::Archive,
    generated, kernels,
    pins::Wanted,
    proof, random,
    select::{Endian, Machine},
};

const USAGE: &str = "\
usage: cargo xtask <command>

  bless                       rewrite what is committed but generated: build/bindings, tests/api, and the
                              README's table of machines
  kernels [--arch <machine>] [--release <6.1|6.12|7.2>] [--list]
                              boot Debian's kernels under qemu, run this crate's programs in them and
                              compare what they say; without a selection, rewrite KERNELS.md
  pin [<suite> <architecture> <name>]
                              pin the newest version of every package that proofs fetch, in
                              proofs/packages.lock; or of one, old or new, whose whole name matches an
                              extended regular expression
  random [--seed <number>] [--count <number>] [--machine <machine>] [--opt-level <1|2|3|s|z>]
         [--lto <fat|thin|off>] [--asm|--fenced]
                              make random programs, load, run and compare them, and print what is wrong, cut
                              down; a program whose twin without this crate is as wrong is not ours
  probe <folder> <machine> [big]
                              build the probe package in a folder for a machine (in big-endian,
                              where it has both), with whichever toolchain for BPF is installed;
                              prints the folder of its objects
  bench                       print what the crate costs beside C and aya-ebpf, and write it to
                              BENCHMARKS.md (as root)
  toolchain [core]            say which toolchain for BPF is installed (core: linker or no linker)";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["bless"] => generated::bless(),
        ["kernels", ref selection @ ..] => {
            kernels::Selection::parse(selection).and_then(|selection| kernels::run(&selection))
        }
        ["pin"] => pin(None),
        ["pin", suite, arch, name] => pin(Some(Wanted::new(suite, arch, name))),
        ["probe", folder, machine] => probe(Path::new(folder), machine, Endian::Little),
        ["probe", folder, machine, "big"] => probe(Path::new(folder), machine, Endian::Big),
        ["random", ref selection @ ..] => {
            random::Selection::parse(selection).and_then(|selection| random::run(&selection))
        }
        ["bench"] => bench::bench(),
        ["toolchain"] => Toolchain::find().map(|toolchain| println!("{toolchain}")),
        ["toolchain", "core"] => Toolchain::with_core().map(|toolchain| println!("{toolchain}")),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [] => Err(format!("no command is given\n{USAGE}")),
        [command, ..] => Err(format!(
            "`{command}` is no command, or not with these arguments\n{USAGE}"
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pin(only: Option<Wanted>) -> Result<(), String> {
    let renewal = Archive::debian()?.pin(only)?;
    for change in renewal.changes {
        println!("{change}");
    }
    proof::none(renewal.failures)
}

fn probe(folder: &Path, name: &str, endian: Endian) -> Result<(), String> {
    let machine =
        Machine::named(name).ok_or_else(|| format!("`{name}` is not a row of the table"))?;
    let objects = Probe::new(folder, machine, endian).build(&Toolchain::find()?)?;
    println!("{}", objects.display());
    Ok(())
}
