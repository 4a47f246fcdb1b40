//! Any program that compiles loads: the corpus, built in the ways that users build, for every machine.
//!
//! This computer's kernel loads what is built for x86_64. What is built for other machines is held to
//! the verifier's rule for ctx by decoding it, a check that is itself held to what the kernel says;
//! and rbpf runs all of it.

mod model;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aya::{
    Ebpf,
    programs::{Program, ProgramError, ProgramType},
    sys::is_program_supported,
};
use model::{FILE, Registers};
use rbpf::ebpf::Insn;
use xtask::{
    bpf::{Probe, Toolchain, root},
    ctx,
    facts::Facts,
    object::{Object, is_helper_call},
    proof::{self, Proof, none, run},
    select::{Endian, MACHINES, Machine},
};

/// What this computer's kernel refuses of the corpus when it reads fields plainly.
const REFUSED_WHEN_PLAIN: &[&str] = include!("../corpus/refused.rs");

/// Refused at some opt-level for a register that is read and was never written, which is not ours:
/// at opt-level 1 LLVM carries the value of an `Option` of `Iterator::position` around its loop.
const REFUSED_FOR_AN_OPTION_OF_CORE: &[(&str, &str)] = &[("iterator_position", "1")];

const OPT_LEVELS: &[&str] = &["1", "2", "3", "s", "z"];

fn main() {
    let toolchain = Toolchain::find();
    let missing = toolchain.as_ref().err().cloned();
    let kernel = kernel();
    let mut proofs = Vec::new();
    let mut prove = |name: String, needs: Result<(), String>, work: Work| {
        let toolchain = toolchain.clone();
        let needs = missing.clone().map_or(needs, Err);
        proofs.push(Proof::new(name, needs, move || work(&toolchain?)));
    };

    for machine in MACHINES {
        for variant in machine.variants {
            let endian = variant.endian;
            let what = "compiles, reads as it may, returns the right values";
            let name = proof::name(machine.name, endian, what);
            prove(
                name,
                Ok(()),
                Box::new(move |toolchain| every_value(toolchain, machine, endian)),
            );
        }
    }
    for setting in settings() {
        let name = format!("loads: {}", setting.name());
        prove(
            name,
            kernel.clone(),
            Box::new(move |toolchain| loads(toolchain, &setting)),
        );
    }
    for (kind, features) in [("uprobe", "plain"), ("perf_event", "plain,perf-event")] {
        prove(
            format!("{kind}: which plain reads are refused"),
            kernel.clone(),
            Box::new(move |toolchain| twins(toolchain, features)),
        );
    }
    prove(
        "a program that may panic is refused".to_owned(),
        kernel,
        Box::new(panics),
    );
    run(proofs)
}

type Work = Box<dyn FnOnce(&Toolchain) -> Result<(), String> + Send>;

/// Whether this computer's kernel takes programs from us, and of the machine that they are built for.
fn kernel() -> Result<(), String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("the corpus is loaded by x86_64's kernel alone".into());
    }
    match is_program_supported(ProgramType::KProbe) {
        Ok(true) => Ok(()),
        Ok(false) => Err("this kernel has no BPF programs for probes".into()),
        Err(error) => Err(format!(
            "this kernel loads no program from us, is this root? {error}"
        )),
    }
}

/// A way to build the corpus.
#[derive(Debug, Clone)]
struct Setting {
    opt_level: &'static str,
    lto: &'static str,
    codegen_units: u32,
    btf: bool,
    build_core: bool,
    perf_event: bool,
}

/// The ways that users build. Not their product: each level with and without BTF and with two kinds of
/// LTO, and some of them without LTO and with a `core` of their own.
fn settings() -> Vec<Setting> {
    let release = Setting {
        opt_level: "3",
        lto: "fat",
        codegen_units: 1,
        btf: false,
        build_core: false,
        perf_event: false,
    };
    let mut settings = Vec::new();
    for &opt_level in OPT_LEVELS {
        let level = Setting {
            opt_level,
            ..release.clone()
        };
        settings.extend([
            level.clone(),
            Setting {
                btf: true,
                ..level.clone()
            },
            Setting {
                perf_event: true,
                ..level.clone()
            },
        ]);
        // At opt-level z that leaves closures as functions of their own, and BPF has no way to return an
        // `Option` from one: such a program does not compile.
        if opt_level != "z" {
            settings.push(Setting {
                lto: "thin",
                codegen_units: 16,
                btf: true,
                ..level
            });
        }
    }
    // Without LTO the linker optimizes all of `core` each time: few of these.
    for (opt_level, codegen_units) in [("3", 16), ("s", 1)] {
        settings.push(Setting {
            opt_level,
            codegen_units,
            lto: "off",
            ..release.clone()
        });
    }
    for (opt_level, lto, btf) in [("3", "thin", true), ("s", "fat", false)] {
        settings.push(Setting {
            opt_level,
            lto,
            btf,
            build_core: true,
            ..release.clone()
        });
    }
    settings
}

impl Setting {
    fn name(&self) -> String {
        let Self {
            opt_level,
            lto,
            codegen_units,
            ..
        } = self;
        let mut name = format!("opt-level {opt_level}, lto {lto}, {codegen_units} codegen units");
        for (is, what) in [
            (self.btf, ", debug info and BTF"),
            (self.build_core, ", build-std"),
            (self.perf_event, ", perf_event"),
        ] {
            if is {
                name += what;
            }
        }
        name
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "--config".to_owned(),
            format!("profile.release.opt-level={}", toml(self.opt_level)),
            "--config".to_owned(),
            format!("profile.release.lto={}", toml(self.lto)),
            "--config".to_owned(),
            format!("profile.release.codegen-units={}", self.codegen_units),
        ];
        if self.btf {
            arguments.extend([
                "--config".to_owned(),
                "profile.release.debug=2".to_owned(),
                "--config".to_owned(),
                "target.bpfel-unknown-none.rustflags=[\"-Clink-arg=--btf\"]".to_owned(),
            ]);
        }
        if self.perf_event {
            arguments.push("--features=perf-event".to_owned());
        }
        arguments
    }
}

/// A number as it is, a word in quotes.
fn toml(value: &str) -> String {
    match value.parse::<u8>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("{value:?}"),
    }
}

/// Builds the corpus and returns its object.
fn build(
    toolchain: &Toolchain,
    machine: &'static Machine,
    endian: Endian,
    arguments: &[String],
) -> Result<Vec<u8>, String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    in_a_folder(|folder| {
        let path = Probe::new(&root().join("tests/corpus"), machine, endian)
            .args(&arguments)
            .target_dir(folder)
            .build(toolchain)?
            .join("corpus");
        fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    })
}

/// Lends a folder to build in that nobody else uses meanwhile. There are as many as threads: with one
/// for each build, most of the time would go into compiling build scripts again.
fn in_a_folder<T>(work: impl FnOnce(PathBuf) -> T) -> T {
    static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let free = || FREE.lock().unwrap_or_else(PoisonError::into_inner);

    let lent = free().pop();
    let number = lent.unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = root().join("target/probes/corpus").join(number.to_string());
    let result = work(folder);
    free().push(number);
    result
}

fn x86_64() -> Result<&'static Machine, String> {
    Machine::named("x86_64").ok_or_else(|| "x86_64 is not a row of the table".to_owned())
}

/// An object of the corpus that has all its programs, no path to a panic and nothing left to link.
fn whole(bytes: &[u8]) -> Result<Object, String> {
    let object = Object::parse(bytes)?;
    let programs: Vec<&str> = object.programs().collect();
    if programs.len() < 40 {
        return Err(format!("the object has only {} programs", programs.len()));
    }
    for name in &programs {
        if model::expected("x86_64", name).is_none() {
            return Err(format!("`{name}` is not in the corpus"));
        }
    }
    if let [undefined, ..] = object.undefined() {
        return Err(format!("`{undefined}` is in no object"));
    }
    if let Some(panic) = object.names().find(|name| name.contains("panic")) {
        return Err(format!("the object has a path to a panic: `{panic}`"));
    }
    Ok(object)
}

/// Everything that can be told of a machine's corpus without its kernel.
fn every_value(
    toolchain: &Toolchain,
    machine: &'static Machine,
    endian: Endian,
) -> Result<(), String> {
    let object = whole(&build(toolchain, machine, endian, &[])?)?;
    let mut complaints = Vec::new();
    let mut ran = 0;
    for name in object.programs() {
        let program = object.program(name)?;
        if let Err(why) = ctx::check(&program) {
            complaints.push(format!("{name}: {why}"));
        }
        if !program.iter().any(is_helper_call) {
            ran += 1;
            if let Err(why) = right_values(machine, endian, name, &program) {
                complaints.push(format!("{name}: {why}"));
            }
        }
    }
    if ran < 40 {
        complaints.push(format!("only {ran} programs were run"));
    }
    none(complaints)
}

/// Runs a program over register files in which every slot holds a value of its own.
fn right_values(
    machine: &Machine,
    endian: Endian,
    name: &str,
    program: &[Insn],
) -> Result<(), String> {
    let facts = Facts::of(machine)?;
    let expected = model::expected(machine.name, name)
        .ok_or_else(|| "there is no model of this program".to_owned())?;
    let bytes: Vec<u8> = program.iter().flat_map(Insn::to_array).collect();
    let vm = rbpf::EbpfVmRaw::new(Some(&bytes)).map_err(|error| error.to_string())?;
    let numbered: [fn(u64) -> u64; 3] = [
        |number| number,
        |number| number % 5,
        |number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    ];
    for number in numbered {
        for choice in (0..10).chain([42, 257, 1000, 0x7fff_0000]) {
            let mut file = Registers::numbered(facts, endian, number);
            file.set(facts.syscall_number, choice);
            file.set(facts.instruction_pointer, choice);
            let mut memory: [u8; FILE] = *file.bytes();
            let returned = vm
                .execute_program(&mut memory)
                .map_err(|error| error.to_string())?;
            let expected = expected(&file);
            if returned != expected {
                return Err(format!(
                    "returned {returned:#x} and not {expected:#x} where the choice is {choice}"
                ));
            }
        }
    }
    Ok(())
}

/// Loads a build of the corpus: all of it.
fn loads(toolchain: &Toolchain, setting: &Setting) -> Result<(), String> {
    let core = if setting.build_core {
        toolchain.clone().building_core()?
    } else {
        toolchain.clone()
    };
    let bytes = build(&core, x86_64()?, Endian::Little, &setting.arguments())?;
    let object = whole(&bytes)?;
    let mut complaints = Vec::new();
    for (name, verdict) in verdicts(&bytes)? {
        let excused = REFUSED_FOR_AN_OPTION_OF_CORE.contains(&(&name, setting.opt_level));
        match verdict {
            Ok(()) if excused => complaints.push(format!("{name} is no longer refused")),
            Err(log) if !(excused && log.ends_with("!read_ok")) => {
                complaints.push(format!("{name} is refused: {log}"));
            }
            _ => {}
        }
        if let Err(why) = ctx::check(&object.program(&name)?) {
            complaints.push(format!("{name}: {why}"));
        }
    }
    none(complaints)
}

/// The corpus with plain field access: what is refused is what the list says, for the reason that
/// the decoder finds.
fn twins(toolchain: &Toolchain, features: &str) -> Result<(), String> {
    let arguments = [format!("--features={features}")];
    let bytes = build(toolchain, x86_64()?, Endian::Little, &arguments)?;
    let object = whole(&bytes)?;
    let mut complaints = Vec::new();
    for (name, verdict) in verdicts(&bytes)? {
        let refused = REFUSED_WHEN_PLAIN.contains(&name.as_str());
        if verdict.is_err() != refused {
            complaints.push(format!("{name}: the kernel said {verdict:?}"));
        }
        let decoded = ctx::check(&object.program(&name)?);
        if decoded.is_err() != refused {
            complaints.push(format!("{name}: the decoder said {decoded:?}"));
        }
    }
    none(complaints)
}

/// `Err` with the kernel's last words, where it refuses a program.
type Verdict = Result<(), String>;

/// What a panic handler that loops is for: the kernel refuses a program that may get there.
fn panics(toolchain: &Toolchain) -> Result<(), String> {
    let bytes = build(
        toolchain,
        x86_64()?,
        Endian::Little,
        &["--features=panics".to_owned()],
    )?;
    let verdicts = verdicts(&bytes)?;
    let verdict = verdicts.iter().find(|(name, _)| name == "panics");
    // A call that does not return is the program's last instruction, or the loop itself is in it.
    let reasons = ["last insn is not an exit or jmp", "infinite loop detected"];
    match verdict {
        Some((_, Err(why))) if reasons.iter().any(|reason| why.contains(reason)) => Ok(()),
        other => Err(format!("the kernel said {other:?}")),
    }
}

/// What this computer's kernel says of every program of an object.
fn verdicts(object: &[u8]) -> Result<Vec<(String, Verdict)>, String> {
    let mut loaded = Ebpf::load(object).map_err(|error| format!("aya cannot load it: {error}"))?;
    let mut verdicts = Vec::new();
    for (name, program) in loaded.programs_mut() {
        let verdict = match program {
            Program::UProbe(program) => program.load(),
            Program::PerfEvent(program) => program.load(),
            other => {
                return Err(format!(
                    "`{name}` is a program of type {:?}",
                    other.prog_type()
                ));
            }
        };
        verdicts.push((name.to_owned(), verdict.map_err(|error| last_words(&error))));
    }
    Ok(verdicts)
}

fn last_words(error: &ProgramError) -> String {
    let ProgramError::LoadError { verifier_log, .. } = error else {
        return error.to_string();
    };
    let log = verifier_log.to_string();
    let statistics = ["processed ", "verification time ", "stack depth "];
    let words = log
        .lines()
        .rfind(|line| !line.is_empty() && !statistics.iter().any(|start| line.starts_with(start)));
    words.unwrap_or("no reason given").to_owned()
}
