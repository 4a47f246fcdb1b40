//! Any program that compiles loads: random programs, made from fixed numbers, so that they are the same each time.
//! `cargo xtask random` makes other programs.
//!
//! Each program is ordinary Rust around the public methods (`proofs/src/random/grammar.txt`). This computer's kernel
//! loads the programs for x86_64. Those for other machines are decoded. An interpreter runs all of them, and they have
//! to return the same as on the host. If a program is refused, the fault is ours, unless a twin without this crate is
//! refused with the same words.

use proofs::{
    bpf::{Reads, Toolchain},
    facts::Facts,
    proof::{self, Proof, none, run},
    random::{
        Class, Expected, Finding, HELPERS, Methods, Programs, Setting, Workshop, mistaken,
        programs, readings,
    },
    select::Machine,
    verifier::kernel,
};

const SEED: u64 = 1;

/// The number of programs that this computer's kernel loads, in each setting.
const LOADED: u64 = 25;

/// The number of programs that are decoded and run for each other machine.
const DECODED: u64 = 30;

/// Programs that together notice every mistake that a proof makes. They are some of the first 500 programs. After a
/// change of the grammar, other programs among the first 500 notice the mistakes.
const NOTICING: [u64; 8] = [1, 44, 95, 149, 165, 242, 311, 322];

/// The percentage of programs that may be refused without our fault.
const NOT_OURS: usize = 5;

/// The percentage of fenced programs whose reads LLVM may reshape. With LLVM 22 it was one of 450.
const RESHAPED: usize = 4;

/// The kernel's refusal of a read at a computed address.
const MODIFIED: &str = "dereference of modified ctx ptr R# off=# disallowed";

/// The kernel's refusal of a register that was never written. The register holds the value of a `None`, and LLVM
/// computes with it before it checks for `None`. No way of reading ctx is the cause. Whether a twin is refused too
/// depends on LLVM's choice of registers.
const NEVER_WRITTEN: &str = "R# !read_ok";

/// The same, if that register still holds an address of the stack: LLVM computes with it as if it were the value.
const LEFT_WITH_AN_ADDRESS: &str =
    "math between fp pointer and register with unbounded min value is not allowed";

fn main() {
    let toolchain = Toolchain::find();
    let missing = toolchain.as_ref().err().cloned();
    let ways = toolchain.map_or(Vec::new(), |toolchain| toolchain.ways());
    let way = |wanted: Reads| {
        let found = ways.iter().find(|(reads, _)| *reads == wanted);
        let nightly = || "this toolchain always reads by construction, being a nightly".to_owned();
        let found = found.map(|(_, toolchain)| toolchain.clone());
        found.ok_or_else(|| missing.clone().unwrap_or_else(nightly))
    };
    let mut proofs = Vec::new();
    let mut prove = |machine: &'static str, what: &str, reads, loads: bool, work: Work| {
        let toolchain = way(reads);
        let mut needs = toolchain.as_ref().map(drop).map_err(String::clone);
        if loads {
            needs = needs.and(kernel());
        }
        let name = proof::name(machine, None, what);
        let folder = what.replace([' ', ','], "-");
        proofs.push(Proof::new(name, needs, move || {
            let machine = Machine::named(machine).ok_or("there is no such machine")?;
            work(&Workshop::new(toolchain?, machine, &folder))
        }));
    };
    let (construction, fence) = (Reads::ByConstruction, Reads::Fenced);
    let constructed = "random programs, read by construction";
    prove("x86_64", constructed, construction, true, by_construction);
    prove(
        "x86_64",
        "random programs, read fenced",
        fence,
        true,
        fenced,
    );
    for machine in ["aarch64", "arm"] {
        prove(machine, constructed, construction, false, decoded);
    }
    prove(
        "x86_64",
        "plain reads of random programs are refused, and cut down",
        construction,
        true,
        plain,
    );
    prove(
        "x86_64",
        "a role that is taken for another makes a random program wrong",
        construction,
        false,
        mistakes,
    );
    run(proofs)
}

type Work = fn(&Workshop) -> Result<(), String>;

/// All findings about the programs, in each setting.
fn examine(workshop: &Workshop, count: u64, settings: &[Setting]) -> Result<Vec<Finding>, String> {
    let programs = programs(SEED, 0..count);
    let expected = workshop.expect(&programs)?;
    let mut findings = Vec::new();
    for setting in settings {
        let (found, instructions) = workshop.examine(&programs, &expected, setting)?;
        // Programs that compile to almost nothing would pass everything.
        if instructions < programs.len() * 20 {
            return Err(format!(
                "the programs have only {instructions} instructions"
            ));
        }
        findings.extend(found);
    }
    Ok(findings)
}

/// Complaints about refusals that are our fault, and about too many that are not.
fn ours(workshop: &Workshop, findings: &[Finding], judged: usize) -> Result<Vec<String>, String> {
    let mut complaints = Vec::new();
    let never_written = [NEVER_WRITTEN, LEFT_WITH_AN_ADDRESS];
    let is_ours = |finding: &&Finding| {
        finding.twin.is_none() && !never_written.contains(&finding.class.as_str())
    };
    for finding in findings.iter().filter(is_ours) {
        let setting = &finding.setting;
        let small = workshop.cut_down(std::slice::from_ref(finding), setting, Methods::Ours)?;
        complaints.push(format!(
            "`{}` at {}: {}\n{}",
            finding.program.name,
            setting.name(),
            finding.class,
            workshop.formatted(&small[0])?,
        ));
    }
    let others = findings.len() - complaints.len();
    if others * 100 > judged * NOT_OURS {
        complaints.push(format!(
            "{others} of {judged} programs are refused as their twins are: too many to prove anything"
        ));
    }
    Ok(complaints)
}

fn by_construction(workshop: &Workshop) -> Result<(), String> {
    let findings = examine(workshop, LOADED, &Setting::ALL)?;
    let judged = LOADED as usize * Setting::ALL.len();
    none(ours(workshop, &findings, judged)?)
}

fn decoded(workshop: &Workshop) -> Result<(), String> {
    let findings = examine(workshop, DECODED, &Setting::ALL[..1])?;
    none(ours(workshop, &findings, DECODED as usize)?)
}

/// LLVM reshapes a few of the fenced programs. Nothing else is wrong with them.
fn fenced(workshop: &Workshop) -> Result<(), String> {
    let findings = examine(workshop, LOADED, &Setting::ALL)?;
    let judged = LOADED as usize * Setting::ALL.len();
    let (reshaped, others): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| finding.class == MODIFIED);
    let mut complaints = ours(workshop, &others, judged)?;
    if reshaped.len() * 100 > judged * RESHAPED {
        let many = reshaped.len();
        complaints.push(format!(
            "LLVM has reshaped the reads of {many} of {judged} programs"
        ));
    }
    none(complaints)
}

/// The same programs, with methods that read fields plainly. Many are refused, the decoder refuses them too, and one of
/// them is cut down to a few lines.
fn plain(workshop: &Workshop) -> Result<(), String> {
    let setting = &Setting::ALL[0];
    let programs = programs(SEED, 0..DECODED);
    let judgement = workshop.judge(&programs, None, setting, Methods::Fields)?;
    let is_modified = |class: &Option<Class>| class.as_deref() == Some(MODIFIED);
    let refused = programs
        .iter()
        .zip(&judgement.classes)
        .filter(|(_, class)| is_modified(class));
    let mut refused: Vec<_> = refused.map(|(program, _)| program).collect();
    // More than of the fenced programs.
    if refused.len() * 100 <= DECODED as usize * RESHAPED {
        return Err(format!(
            "only {} of {DECODED} programs are refused: {:?}",
            refused.len(),
            judgement.classes
        ));
    }
    refused.sort_by_key(|program| program.tree.size());
    let finding = Finding {
        program: refused[0].clone(),
        setting: *setting,
        class: MODIFIED.to_owned(),
        twin: None,
    };
    let small = workshop.cut_down(&[finding], setting, Methods::Fields)?;
    let again = workshop.judge(&small, None, setting, Methods::Fields)?;
    let small = workshop.formatted(&small[0])?;
    match is_modified(&again.classes[0]) && small.lines().count() < 20 {
        true => Ok(()),
        false => Err(format!("cut down to: {:?}\n{small}", again.classes)),
    }
}

/// Programs that read a role at another place than the host does, or read other memory.
fn mistakes(workshop: &Workshop) -> Result<(), String> {
    let programs = programs(SEED, NOTICING);
    let object = workshop.object(&programs, &Setting::ALL[0], Methods::Ours)?;
    let object = Programs::of(&object)?;
    let insns: Result<Vec<_>, _> = programs
        .iter()
        .map(|program| object.insns(&program.name))
        .collect();
    let insns = insns?;
    let host = workshop.host(&programs)?;
    let are_right = |expected: &Expected| {
        let mut insns = insns.iter().enumerate();
        insns.all(|(number, insns)| object.is_right(insns, number, expected).is_ok())
    };
    let mut complaints = Vec::new();
    if !are_right(&workshop.expect_of(&host, |roles| roles)?) {
        complaints.push("without a mistake programs are wrong".to_owned());
    }
    let swapped = [(HELPERS[0].0, HELPERS[1].1), (HELPERS[1].0, HELPERS[0].1)];
    let expected = workshop.expect_of(&host, |roles| roles)?;
    for (what, helpers) in [
        (
            "the memory of a process and the kernel's may change places",
            &swapped,
        ),
        (
            "an address may be another",
            &[(112, elsewhere), (113, elsewhere)],
        ),
    ] {
        let mut insns = insns.iter().enumerate();
        let is_right = |(number, insns): (usize, &Vec<_>)| {
            object
                .is_right_with(helpers, insns, number, &expected)
                .is_ok()
        };
        if insns.all(is_right) {
            complaints.push(what.to_owned());
        }
    }
    let facts = Facts::of(workshop.machine)?;
    for (role, reading) in readings(facts).iter().enumerate() {
        if reading.is_some() && are_right(&workshop.expect_of(&host, mistaken(role))?) {
            complaints.push(format!("role {role} may be any other"));
        }
    }
    none(complaints)
}

/// A helper that reads the memory of a process one word after the address.
fn elsewhere(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    HELPERS[0].1(to, size, from.wrapping_add(8), 0, 0)
}
