//! The public API is the one in `tests/api`, which `cargo xtask bless` rewrites. It is the same on every machine. The
//! versions of the packages belong together, and the CHANGELOG describes them.

use std::{collections::BTreeSet, fs, sync::Arc};

use proofs::{
    api::{self, BUILD, FOLDER, ROOT, Snapshots},
    bpf::root,
    generated,
    host::cannot,
    package::manifest,
    proof::{self, Proof},
    select::MACHINES,
};

fn main() {
    let current = Arc::new(api::snapshots());
    let needs = (*current).as_ref().map(drop).map_err(Clone::clone);
    let mut proofs = Vec::new();
    for name in names() {
        let current = Arc::clone(&current);
        let run = move || {
            let text = current.as_ref().as_ref()?.get(name);
            let text = text.ok_or_else(|| format!("the library has no module `arch::{name}`"))?;
            generated::snapshot(name, text.clone()).compare()
        };
        let title = match name {
            ROOT => "snapshot of the root".to_owned(),
            BUILD => "snapshot of probe-abi-build".to_owned(),
            machine => proof::name(machine, None, "snapshot"),
        };
        proofs.push(Proof::new(title, needs.clone(), run));
    }
    proofs.push(Proof::new("one snapshot a machine", needs, move || {
        let committed = one_a_machine(FOLDER, &api::committed()?);
        committed.and(one_a_machine("the library", current.as_ref().as_ref()?))
    }));
    proofs.push(Proof::new("the same on every machine", Ok(()), same));
    proofs.push(Proof::new("versions", Ok(()), versions));
    proof::run(proofs)
}

fn names() -> impl Iterator<Item = &'static str> {
    let machines = MACHINES.iter().map(|machine| machine.name);
    machines.chain([ROOT, BUILD])
}

/// Every snapshot has a machine, and every machine's module has a row.
fn one_a_machine(what: &str, snapshots: &Snapshots) -> Result<(), String> {
    let names: BTreeSet<&str> = names().collect();
    let found = snapshots.keys().map(String::as_str).collect();
    let differing: Vec<_> = names.symmetric_difference(&found).collect();
    match differing.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{what} and the table of machines differ in {differing:?}"
        )),
    }
}

fn same() -> Result<(), String> {
    let right = api::committed()?;
    api::same_on_every_machine(&right)?;
    for (machine, line) in [
        ("arm", "pub fn pt_regs::arg_at("),
        ("s390x", "pub type ssize_t = "),
        ("x86", "pub const ARG_REGISTERS: "),
        ("mips", "impl core::ops::deref::Deref for UserCode"),
    ] {
        let mut wrong = right.clone();
        let text = wrong.get_mut(machine).ok_or("no such machine")?;
        let lines = text.lines().filter(|other| !other.starts_with(line));
        *text = lines.map(|line| format!("{line}\n")).collect();
        refused(api::same_on_every_machine(&wrong), machine)?;
    }
    Ok(())
}

fn versions() -> Result<(), String> {
    let [library, build] =
        ["Cargo.toml", "build/Cargo.toml"].map(|name| manifest(&root().join(name)));
    let (library, build) = (library?, build?);
    let path = root().join("CHANGELOG.md");
    let changelog = fs::read_to_string(&path).map_err(cannot("read", &path))?;
    api::release(&library, &build, &changelog)?;

    let mut newer = build.clone();
    newer["package"]["version"] = "9.9.9".into();
    refused(
        api::release(&library, &newer, &changelog),
        "published together",
    )?;
    let mut looser = library.clone();
    looser["build-dependencies"]["probe-abi-build"]["version"] = ">=0".into();
    refused(
        api::release(&looser, &build, &changelog),
        "in version `>=0`",
    )?;
    let next = format!("## 9.9.9, unreleased\n{changelog}");
    refused(api::release(&library, &build, &next), "begins with")
}

fn refused(verdict: Result<(), String>, why: &str) -> Result<(), String> {
    match verdict {
        Err(refusal) if refusal.contains(why) => Ok(()),
        verdict => Err(format!("`{why}` is wrong, and the verdict is {verdict:?}")),
    }
}
