//! Promise: the parameters and results of Go functions are where the library says, for each GOARCH and release. A probe
//! reads them by a signature.
//!
//! Debian's compilers make a program that calls a function of each signature with known values. qemu runs it and stops
//! where uprobes would: at each function's first instruction, and at its return instructions.

mod go {
    pub mod places;
    pub mod returns;
    pub mod roles;
    pub mod signatures;
    pub mod sources;
    pub mod typed;
    pub mod wrong_input;
}

use std::fs;

use go::{places, returns, roles, sources, typed, wrong_input};
use probe_abi_go::Program;
use proofs::{
    go::{CLOSURE, GOARCHS, GoCompiler, Goarch, RELEASES, Sources, source, stops},
    host::cannot,
    proof::{self, Proof},
    select,
};

/// The programs: a GOARCH, and the release that compiles it. The newest release compiles for each GOARCH with argument
/// registers. If all releases have the same convention, a release that compiles faster is used. The other releases are
/// here because their convention differs from the newest one's.
const PROGRAMS: &[(&str, u16)] = &[
    ("amd64", 15),
    ("amd64", 27),
    ("arm64", 27),
    ("riscv64", 27),
    ("ppc64le", 27),
    ("ppc64", 27),
    ("loong64", 19),
    ("loong64", 27),
    ("s390x", 24),
    ("s390x", 27),
    ("386", 19),
    ("arm", 19),
    ("mips", 19),
    ("mipsle", 19),
    ("mips64", 19),
    ("mips64le", 19),
];

fn main() {
    let mut proofs = vec![
        Proof::new("versions of Go", Ok(()), wrong_input::versions),
        Proof::new("files that Go has not built", Ok(()), wrong_input::files),
    ];
    for goarch in GOARCHS {
        for (_, release) in PROGRAMS.iter().filter(|(name, _)| *name == goarch.name) {
            let (goarch, release) = (*goarch, *release);
            let Ok((machine, endian)) = goarch.machine() else {
                continue;
            };
            let order = match endian {
                probe_abi::machine::Endian::Little => select::Endian::Little,
                probe_abi::machine::Endian::Big => select::Endian::Big,
            };
            let name = proof::name(machine.name, order, &format!("calls of go1.{release}"));
            let needs = needs(&name, release, &goarch);
            proofs.push(Proof::new(name, needs, move || proves(&goarch, release)));
        }
    }
    for (release, _) in RELEASES {
        let name = format!("sources of go1.{release}");
        let needs = match proof::is_wanted(&name) {
            true => Sources::of(*release).map(drop),
            false => Ok(()),
        };
        let run = move || sources::agree(&Sources::of(*release)?);
        proofs.push(Proof::new(name, needs, run));
    }
    proof::run(proofs)
}

/// The needs of a proof. A compiler is only fetched if this run includes the proof.
fn needs(name: &str, release: u16, goarch: &Goarch) -> Result<(), String> {
    goarch.emulator()?;
    match proof::is_wanted(name) {
        true => GoCompiler::of(release).map(drop),
        false => Ok(()),
    }
}

fn proves(goarch: &Goarch, release: u16) -> Result<(), String> {
    let (machine, endian) = goarch.machine()?;
    let typed = typed::of(machine)?;
    let signatures = (typed.signatures)();
    let (text, calls) = source(&signatures, machine.word.into(), endian);
    let name = format!("calls-{}-{release}", goarch.name);
    let (path, listing) = GoCompiler::of(release)?.listed(goarch.name, &text, &name)?;

    let bytes = fs::read(&path).map_err(cannot("read", &path))?;
    let program = Program::parse(&bytes).map_err(|error| error.to_string())?;
    let found = program.release().map_err(|error| error.to_string())?;
    if (program.machine(), program.endian(), found.number) != (machine, endian, release) {
        let (machine, endian) = (program.machine().name, program.endian());
        return Err(format!("it is taken for {found} of {machine}, {endian:?}"));
    }
    // Old releases write `.go.buildinfo` in another format.
    if goarch.name == "amd64" && matches!(release, 15 | 27) {
        wrong_input::program(&bytes)?;
    }
    let names = (0..signatures.len()).map(|n| format!("main.f{n}"));
    let functions = names
        .chain([CLOSURE.to_owned()])
        .map(|name| program.function(&name));
    let functions = functions.collect::<Result<Vec<_>, _>>();
    let functions = functions.map_err(|error| error.to_string())?;
    let checked = returns::agree(&functions[..signatures.len()], &listing)?;
    proof::checked(
        "return instructions in Go's listings",
        machine.name,
        checked,
    );

    let goid = roles::goid(&bytes)?;
    let stops = stops(
        &goarch.emulator()?,
        &path,
        machine,
        endian,
        &functions,
        goid,
    )?;
    let go = machine.go.ok_or("there is no Go for it")?;
    let in_registers = found.has_registers(machine);
    let closure = (signatures.len(), functions[signatures.len()].entry.address);
    let checked = roles::agree(&go, in_registers, &stops, closure)?;
    proof::checked("goroutines and closures", machine.name, checked);
    roles::wrong_are_refused(&go, in_registers, &stops, closure)?;
    // The stops in the closure have no more facts.
    let stops: Vec<_> = stops
        .into_iter()
        .filter(|stop| stop.function < signatures.len())
        .collect();
    let world = places::World {
        machine,
        endian,
        signatures: &signatures,
        calls: &calls,
        stops: &stops,
    };
    let checked = world.agrees(&go, in_registers)?;
    proof::checked(&format!("calls of go1.{release}"), machine.name, checked);
    places::wrong_are_refused(&world, &go, in_registers)?;
    let checked = world.reads(typed, &go, in_registers)?;
    let source = format!("calls of go1.{release}, by signatures");
    proof::checked(&source, machine.name, checked);
    if go.registers_since.is_some() && world.reads(typed, &go, !in_registers).is_ok() {
        return Err("the other convention's reads are right too".into());
    }
    Ok(())
}
