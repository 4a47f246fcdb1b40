//! Proofs that need a part of the computer that they run on: root, BPF, a compiler.
//!
//! Rust's own test runner cannot skip a test at run time. `libtest-mimic` runs these proofs, and it counts the skipped
//! ones as ignored. If a user asks for the ignored ones too, they fail: a proof that cannot run has not passed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use libtest_mimic::{Arguments, Trial};

use crate::select::{Endian, MACHINES, Machine};

/// A proof and its needs: `Err` says in one line what is missing.
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

/// Succeeds if there are no complaints.
pub fn none(complaints: impl IntoIterator<Item = String>) -> Result<(), String> {
    let complaints: Vec<String> = complaints.into_iter().collect();
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(complaints.join("\n")),
    }
}

/// Succeeds if the values are equal. Numbers are shown in hexadecimal.
pub fn equal<T: PartialEq + std::fmt::Debug>(actual: &T, expected: &T) -> Result<(), String> {
    match actual == expected {
        true => Ok(()),
        false => Err(format!(
            "expected {expected:#x?}\nbut there is {actual:#x?}"
        )),
    }
}

/// Whether this user is root.
pub fn superuser() -> Result<(), String> {
    match fs::metadata("/proc/self") {
        Ok(process) if process.uid() == 0 => Ok(()),
        _ => Err("this user is not root".to_owned()),
    }
}

/// The needs of a uprobe: root, and a kernel with BPF and uprobes.
pub fn uprobes() -> Result<(), String> {
    superuser()?;
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

/// The needs of a program on `sys_enter` and `sys_exit`: root, and a kernel with BPF and these tracepoints.
pub fn syscall_tracepoints() -> Result<(), String> {
    superuser()?;
    let path = "/proc/kallsyms";
    let symbols =
        fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    // `include/trace/bpf_probe.h` makes this symbol.
    let is_there = symbols
        .lines()
        .any(|line| line.ends_with(" __bpf_trace_sys_enter"));
    match is_there {
        true => Ok(()),
        false => Err("this kernel has no tracepoint `sys_enter` for BPF".into()),
    }
}

/// The name of a proof of a machine: `s390x::BTF`. If the proof is for one endianness and the machine has both,
/// `aarch64::big-endian::BTF`. So `cargo test s390x::` runs all proofs of a machine.
pub fn name(machine: &str, endian: impl Into<Option<Endian>>, what: &str) -> String {
    let has_both = Machine::named(machine).is_some_and(|machine| machine.variants.len() > 1);
    match endian.into().filter(|_| has_both) {
        Some(endian) => format!("{machine}::{endian}::{what}"),
        None => format!("{machine}::{what}"),
    }
}

/// Refuses a name that mentions a machine in another form.
pub fn check_name(name: &str) -> Result<(), String> {
    let mut parts: Vec<&str> = name.split("::").collect();
    let last = parts.pop();
    if let Some(machine) = parts.iter().position(|part| Machine::named(part).is_some()) {
        parts.remove(machine);
    }
    parts.extend(last);
    let mentioned = MACHINES
        .iter()
        .find(|machine| parts.iter().any(|part| mentions(part, machine.name)));
    match mentioned {
        None => Ok(()),
        Some(Machine { name: machine, .. }) => Err(format!(
            "`{name}` mentions `{machine}`: the name of a machine's proof is `{machine}::…`, and mentions no other"
        )),
    }
}

/// Whether a word is in a text, and is not a part of a longer word.
fn mentions(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + word.len()..].chars().next();
        let mut around = before.into_iter().chain(behind);
        around.all(|letter| !letter.is_alphanumeric())
    })
}

/// Whether this run is about a proof of that name: the check of a proof's needs may take long.
pub fn is_wanted(name: &str) -> bool {
    wants(&Arguments::from_args(), name)
}

fn wants(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| match arguments.exact {
        true => name == filter,
        false => name.contains(filter),
    };
    !arguments.list
        && arguments.filter.as_ref().is_none_or(matches)
        && !arguments.skip.iter().any(matches)
}

/// Whether every proof has to run. If `CI` is set, a missing part is a mistake.
pub fn ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// Runs proofs as `cargo test` runs tests, and ends the process.
///
/// A proof is ignored if a part that it needs is missing. It fails then if no proof may be ignored, or if the ignored
/// ones are asked for.
pub fn run(proofs: Vec<Proof>) -> ! {
    let arguments = Arguments::from_args();
    let skips = !arguments.ignored && !arguments.include_ignored && !ci();
    let trials = proofs.into_iter().map(|proof| {
        let Proof { name, needs, run } = proof;
        if let Err(why) = check_name(&name) {
            return Trial::test(name, || Err(why.into()));
        }
        let Err(missing) = needs else {
            return Trial::test(name, || run().map_err(Into::into));
        };
        if skips && wants(&arguments, &name) {
            eprintln!("skipped: {name}: {missing}");
        }
        Trial::test(name, move || Err(format!("cannot run: {missing}").into()))
            .with_ignored_flag(!ci())
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    summary();
    conclusion.exit()
}

/// Notes to print after the tests' names.
static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints a note that is not a failure, immediately and again after the tests' names. Each text only once.
pub fn note(text: String) {
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    if !notes.contains(&text) {
        eprintln!("note: {text}");
        notes.push(text);
    }
}

/// The number of facts that were checked, by source and machine.
static CHECKED: Mutex<BTreeMap<String, BTreeMap<String, usize>>> = Mutex::new(BTreeMap::new());

/// Records that a proof has checked so many facts of a machine against a source, for the summary after the tests'
/// names.
pub fn checked(source: &str, machine: &str, facts: usize) {
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let machines = checked.entry(source.to_owned()).or_default();
    *machines.entry(machine.to_owned()).or_default() += facts;
}

fn summary() {
    let notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    for note in notes.iter() {
        println!("note: {note}");
    }
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
