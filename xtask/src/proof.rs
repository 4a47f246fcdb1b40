//! Proofs that need something of the computer they run on: root, BPF, a compiler.
//!
//! Rust's own test runner cannot skip a test at run time. These are run by `libtest-mimic`, which
//! counts the skipped ones as ignored, and never as passed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use libtest_mimic::{Arguments, Trial};

use crate::select::{Machine, Variant};

/// A proof, and what it needs: `Err` says in one line what is missing.
pub struct Proof {
    pub name: String,
    pub needs: Result<(), String>,
    pub run: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

impl Proof {
    pub fn new(
        name: impl Into<String>,
        needs: Result<(), String>,
        run: impl FnOnce() -> Result<(), String> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            needs,
            run: Box::new(run),
        }
    }
}

/// Succeeds if there is nothing to complain of.
pub fn none(complaints: impl IntoIterator<Item = String>) -> Result<(), String> {
    let complaints: Vec<String> = complaints.into_iter().collect();
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(complaints.join("\n")),
    }
}

/// Whether this user is root.
pub fn root() -> Result<(), String> {
    match fs::metadata("/proc/self") {
        Ok(process) if process.uid() == 0 => Ok(()),
        _ => Err("this user is not root".to_owned()),
    }
}

/// What attaching a uprobe needs: root, and a kernel with BPF and uprobes.
pub fn uprobes() -> Result<(), String> {
    root()?;
    for (what, shows) in [
        ("BPF", "/proc/sys/kernel/unprivileged_bpf_disabled"),
        ("uprobes", "/sys/bus/event_source/devices/uprobe"),
    ] {
        if !Path::new(shows).exists() {
            return Err(format!("this kernel has no {what}: there is no {shows}"));
        }
    }
    Ok(())
}

/// What a proof of a machine in one endianness is called: `s390x` or, where it has both,
/// `aarch64 big-endian`.
pub fn title(machine: &Machine, variant: &Variant) -> String {
    match machine.variants {
        [_] => machine.name.to_owned(),
        _ => format!("{} {}", machine.name, variant.endian),
    }
}

/// Whether this run is about a proof of that name: what a proof needs may be costly to ask for.
pub fn is_wanted(name: &str) -> bool {
    let arguments = Arguments::from_args();
    let matches = |filter: &String| match arguments.exact {
        true => name == filter,
        false => name.contains(filter),
    };
    !arguments.list && arguments.filter.as_ref().is_none_or(matches)
}

/// Runs proofs as `cargo test` runs tests, and ends the process.
///
/// One that lacks what it needs is skipped; where `CI` is set it fails, because there nothing may be.
pub fn run(proofs: Vec<Proof>) -> ! {
    let arguments = Arguments::from_args();
    let ci = std::env::var_os("CI").is_some();
    let trials = proofs.into_iter().map(|proof| {
        let Proof { name, needs, run } = proof;
        match needs {
            Ok(()) => Trial::test(name, || run().map_err(Into::into)),
            Err(missing) if ci => {
                Trial::test(name, move || Err(format!("cannot run: {missing}").into()))
            }
            Err(missing) => {
                if !arguments.list {
                    eprintln!("skipped: {name}: {missing}");
                }
                Trial::test(name, || Ok(())).with_ignored_flag(true)
            }
        }
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    summary();
    conclusion.exit()
}

/// By source, and in it by machine, how many facts were checked.
static CHECKED: Mutex<BTreeMap<String, BTreeMap<String, usize>>> = Mutex::new(BTreeMap::new());

/// Notes that a proof has checked that many facts of a machine against a source, for the summary
/// below the tests' names.
pub fn checked(source: &str, machine: &str, facts: usize) {
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let machines = checked.entry(source.to_owned()).or_default();
    *machines.entry(machine.to_owned()).or_default() += facts;
}

fn summary() {
    let checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    for (source, machines) in checked.iter() {
        let all: usize = machines.values().sum();
        let each: Vec<String> = machines
            .iter()
            .map(|(machine, facts)| format!("{machine} {facts}"))
            .collect();
        println!("{all} facts checked against {source}: {}", each.join(", "));
    }
}
