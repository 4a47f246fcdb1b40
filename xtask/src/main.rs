//! The maintainer's commands: `cargo xtask <command>`.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod cli;

use cli::{Cli, Command};
use proofs::{
    bpf::{Probe, Toolchain},
    debian::Archive,
    generated, kernels,
    pins::Wanted,
    proof, random,
    select::Endian,
};

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    match command {
        Command::Bless => generated::bless(),
        Command::Kernels(selection) => kernels::run(&selection.into()),
        Command::Pin(pinned) => pin(pinned.only.map(Wanted::from)),
        Command::Random(selection) => random::run(&selection.into()),
        Command::Probe(package) => probe(&package),
        Command::Bench => bench::bench(),
        Command::Toolchain { core } => {
            let toolchain = match core {
                Some(_) => Toolchain::with_core()?,
                None => Toolchain::find()?,
            };
            println!("{toolchain}");
            Ok(())
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

fn probe(package: &cli::Probe) -> Result<(), String> {
    let endian = package.endian.unwrap_or(Endian::Little);
    let probe = Probe::new(&package.folder, package.machine, endian);
    println!("{}", probe.build(&Toolchain::find()?)?.display());
    Ok(())
}
