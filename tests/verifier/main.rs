//! Any program that compiles loads: the corpus, built in the ways that users build, for every machine.
//!
//! This computer's kernel loads the builds for x86_64. For other machines, a decoder checks the verifier's rule for
//! ctx. That check is itself compared with the kernel's verdicts. rbpf runs all builds.

mod model;
mod page;

use proofs::{
    bpf::{Probe, Reads, Toolchain, release, root},
    ctx,
    facts::Facts,
    interpreter::{self, Constants},
    object::{Object, is_helper_call},
    proof::{self, Proof, none, run},
    registers::Registers,
    select::{Endian, MACHINES, Machine},
    verifier::{Verdict, kernel, verdicts},
};
use rbpf::ebpf::Insn;

/// The programs of the corpus that this computer's kernel refuses if they read fields plainly.
const REFUSED_WHEN_PLAIN: &[&str] = include!("../corpus/refused.rs");

/// A refusal without our fault: with values from another source, the same program is refused too.
struct NotOurs {
    program: &'static str,
    says: &'static str,
    when: fn(&Setting) -> bool,
}

/// The programs that some builds of the corpus cannot load.
const NOT_OURS: &[NotOurs] = &[
    // LLVM carries the value of an `Option` of core around its loop, in a register that was never written.
    not_ours("iterator_position", NEVER_WRITTEN, |setting| {
        setting.is_barely_optimized() && !setting.checks
    }),
    // The programs' own additions of a register's value, which may overflow.
    not_ours("index_beyond_the_last", MAY_PANIC, |setting| setting.checks),
    not_ours("option_zip", MAY_PANIC, |setting| setting.checks),
    // Additions that cannot overflow. LLVM only sees that at higher levels. The addition of `iterator_position` is
    // core's own. It is checked if the program that core is compiled for is checked.
    not_ours("iterator_position", MAY_PANIC, Setting::keeps_checks),
    not_ours("loop_while_some", MAY_PANIC, Setting::keeps_checks),
    not_ours("option_question_mark", MAY_PANIC, Setting::keeps_checks),
    not_ours("stack_nearly_full", MAY_PANIC, Setting::keeps_checks),
    not_ours("stack_of_all_arguments", MAY_PANIC, Setting::keeps_checks),
];

const fn not_ours(
    program: &'static str,
    says: &'static str,
    when: fn(&Setting) -> bool,
) -> NotOurs {
    NotOurs {
        program,
        says,
        when,
    }
}

/// The error for an instruction that reads such a register, without the register's number.
const NEVER_WRITTEN: &str = "!read_ok";

/// The error for a function that ends with a call which does not return.
const MAY_PANIC: &str = "last insn is not an exit or jmp";

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
    let ways = toolchain.as_ref().map(Toolchain::ways);
    for (reads, toolchain) in ways.clone().unwrap_or_default() {
        prove(
            format!("{reads}: programs that LLVM reshapes"),
            kernel.clone(),
            Box::new(move |_| reshaped(&toolchain)),
        );
    }
    for (reads, toolchain) in ways.clone().unwrap_or_default() {
        prove(
            format!("{reads}: programs that read operands"),
            kernel.clone(),
            Box::new(move |_| operands(&toolchain)),
        );
    }
    for setting in settings() {
        // Nightly has only one way to read.
        if let Ok(ways) = &ways
            && !ways.iter().any(|(reads, _)| *reads == setting.reads)
        {
            continue;
        }
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
            Box::new(move |toolchain| plain(toolchain, features)),
        );
    }
    prove(
        "the page on the verifier: as this kernel refuses and loads".to_owned(),
        kernel,
        Box::new(page::is_what_the_kernel_says),
    );
    proofs.push(Proof::new(
        "the page on the verifier: rows and programs",
        Ok(()),
        page::is_of_the_programs,
    ));
    run(proofs)
}

type Work = Box<dyn FnOnce(&Toolchain) -> Result<(), String> + Send>;

/// A way to build the corpus.
#[derive(Debug, Clone)]
struct Setting {
    reads: Reads,
    profile: &'static str,
    opt_level: &'static str,
    lto: &'static str,
    codegen_units: u32,
    /// Debug assertions and overflow checks.
    checks: bool,
    btf: bool,
    build_core: bool,
    perf_event: bool,
}

/// The ways that users build. Not every combination is tested. Each level is tested once, with fat LTO and BTF. Each
/// other choice is tested once, at the level where it has most to reshape. Levels can only change the reads of the
/// fenced programs: by construction no level reshapes them, and the code around the reads is the same in both.
fn settings() -> Vec<Setting> {
    let release = Setting {
        reads: Reads::Fenced,
        profile: "release",
        opt_level: "3",
        lto: "fat",
        codegen_units: 1,
        checks: false,
        btf: false,
        build_core: false,
        perf_event: false,
    };
    let by_construction = Setting {
        reads: Reads::ByConstruction,
        ..release.clone()
    };
    // As `cargo build` sets it.
    let dev = Setting {
        profile: "dev",
        opt_level: "0",
        lto: "off",
        codegen_units: 256,
        checks: true,
        ..release.clone()
    };
    let fenced = OPT_LEVELS.iter().map(|&opt_level| Setting {
        opt_level,
        btf: true,
        ..release.clone()
    });
    // Without opt-level z, which leaves closures as functions of their own. In BPF such a function cannot return an
    // `Option`, so the program does not compile.
    let thin = ["2", "s"].map(|opt_level| Setting {
        opt_level,
        lto: "thin",
        codegen_units: 16,
        btf: true,
        ..release.clone()
    });
    let with_checks = [
        (&release, "1", "fat", true),
        (&by_construction, "2", "thin", true),
    ]
    .map(|(release, opt_level, lto, checks)| Setting {
        opt_level,
        lto,
        checks,
        ..release.clone()
    });
    let others = [
        by_construction.clone(),
        Setting {
            opt_level: "s",
            perf_event: true,
            ..release.clone()
        },
        Setting {
            lto: "off",
            codegen_units: 16,
            ..release.clone()
        },
        // This needs nightly, which reads by construction.
        Setting {
            lto: "thin",
            btf: true,
            build_core: true,
            ..by_construction
        },
        dev.clone(),
        Setting {
            reads: Reads::ByConstruction,
            btf: true,
            ..dev
        },
    ];
    fenced
        .chain(thin)
        .chain(with_checks)
        .chain(others)
        .collect()
}

impl Setting {
    fn name(&self) -> String {
        let Self {
            reads,
            opt_level,
            lto,
            codegen_units,
            ..
        } = self;
        let mut name = match self.profile {
            "release" => {
                format!("{reads}, opt-level {opt_level}, lto {lto}, {codegen_units} codegen units")
            }
            profile => format!("{reads}, {profile} profile"),
        };
        let checks = self.checks && self.profile == "release";
        for (is, what) in [
            (checks, ", debug assertions and overflow checks"),
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

    /// cargo's arguments, on top of the profile's.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if self.profile == "release" {
            for (name, value) in [
                ("opt-level", self.opt_level),
                ("lto", self.lto),
                ("codegen-units", &self.codegen_units.to_string()),
                ("debug-assertions", &self.checks.to_string()),
                ("overflow-checks", &self.checks.to_string()),
            ] {
                arguments.extend(release(name, value));
            }
            if self.btf {
                arguments.extend(release("debug", "2"));
            }
        }
        if self.btf {
            let flags = "target.bpfel-unknown-none.rustflags=[\"-Clink-arg=--btf\"]";
            arguments.extend(["--config".to_owned(), flags.to_owned()]);
        }
        if self.perf_event {
            arguments.push("--features=perf-event".to_owned());
        }
        arguments
    }

    fn toolchain(&self, toolchain: &Toolchain) -> Result<Toolchain, String> {
        let toolchain = toolchain.clone();
        match (self.reads, self.build_core) {
            (_, true) => toolchain.building_core(),
            (Reads::ByConstruction, false) => Ok(toolchain.unstable()),
            (Reads::Fenced, false) => Ok(toolchain),
        }
    }

    /// The levels at which LLVM does little. bpf-linker takes 0 for 1.
    fn is_barely_optimized(&self) -> bool {
        matches!(self.opt_level, "0" | "1")
    }

    /// Whether LLVM keeps checks that never fail.
    fn keeps_checks(&self) -> bool {
        self.checks && self.is_barely_optimized()
    }

    /// The refusals in this setting without our fault.
    fn not_ours(&self) -> Vec<&'static NotOurs> {
        NOT_OURS.iter().filter(|not| (not.when)(self)).collect()
    }
}

/// Builds the corpus and returns its object.
fn build(
    toolchain: &Toolchain,
    machine: &'static Machine,
    endian: Endian,
    profile: &'static str,
    arguments: &[String],
) -> Result<Vec<u8>, String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Probe::new(&root().join("tests/corpus"), machine, endian)
        .profile(profile)
        .args(&arguments)
        .object(toolchain, "corpus")
}

fn x86_64() -> Result<&'static Machine, String> {
    Machine::named("x86_64").ok_or_else(|| "x86_64 is not a row of the table".to_owned())
}

/// An object of the corpus. It has all programs, no path to a panic, and nothing left to link.
fn whole(bytes: &[u8]) -> Result<Object, String> {
    let object = Object::parse(bytes)?;
    let programs: Vec<&str> = object.programs().collect();
    if programs.len() < 40 {
        return Err(format!("the object has only {} programs", programs.len()));
    }
    for name in &programs {
        if !is_typed(name) && model::expected("x86_64", name).is_none() {
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

/// Whether a program reads by prototypes. `--test typed` proves the values that such programs read.
fn is_typed(program: &str) -> bool {
    program.starts_with("typed_")
}

/// All checks of a machine's corpus that do not need its kernel.
fn every_value(
    toolchain: &Toolchain,
    machine: &'static Machine,
    endian: Endian,
) -> Result<(), String> {
    let bytes = build(toolchain, machine, endian, "release", &[])?;
    let object = whole(&bytes)?;
    let constants = Constants::of(&bytes)?;
    let mut complaints = Vec::new();
    let mut ran = 0;
    for name in object.programs() {
        let program = object.program(name)?;
        if let Err(why) = ctx::check(&program) {
            complaints.push(format!("{name}: {why}"));
        }
        if !is_typed(name) && !program.iter().any(is_helper_call) {
            ran += 1;
            if let Err(why) = right_values(machine, endian, name, &program, &constants) {
                complaints.push(format!("{name}: {why}"));
            }
        }
    }
    if ran < 40 {
        complaints.push(format!("only {ran} programs were run"));
    }
    none(complaints)
}

/// Runs a program over register files in which every slot has a different value.
fn right_values(
    machine: &Machine,
    endian: Endian,
    name: &str,
    program: &[Insn],
    constants: &Constants,
) -> Result<(), String> {
    let facts = Facts::of(machine)?;
    let expected = model::expected(machine.name, name)
        .ok_or_else(|| "there is no model of this program".to_owned())?;
    let numbered: [fn(u64) -> u64; 3] = [
        |number| number,
        |number| number % 5,
        |number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    ];
    let choices: Vec<u64> = (0..10).chain([42, 257, 1000, 0x7fff_0000]).collect();
    for number in numbered {
        let files = choices.iter().map(|&choice| {
            let mut file = Registers::numbered(facts, endian, number);
            file.set(facts.syscall_number, choice);
            file.set(facts.instruction_pointer, choice);
            file
        });
        let files: Vec<Registers> = files.collect();
        let contexts = files.iter().map(|file| &file.bytes()[..]);
        let returned = interpreter::run(program, constants, contexts)?;
        for ((file, choice), returned) in files.iter().zip(&choices).zip(returned) {
            let expected = expected(file);
            if returned != expected {
                return Err(format!(
                    "returned {returned:#x} and not {expected:#x} where the choice is {choice}"
                ));
            }
        }
    }
    Ok(())
}

/// Loads a build of the corpus: all programs that can load without this crate.
fn loads(toolchain: &Toolchain, setting: &Setting) -> Result<(), String> {
    let toolchain = setting.toolchain(toolchain)?;
    let build = |arguments: &[String]| {
        build(
            &toolchain,
            x86_64()?,
            Endian::Little,
            setting.profile,
            arguments,
        )
    };
    let bytes = build(&setting.arguments())?;
    let object = match setting.checks {
        true => Object::parse(&bytes)?,
        false => whole(&bytes)?,
    };
    let not_ours = setting.not_ours();
    let mut complaints = Vec::new();
    for (name, verdict) in verdicts(&bytes)? {
        match not_ours.iter().find(|not| not.program == name) {
            Some(not) => complaints.extend(not.differs(&verdict)),
            None => {
                let refused = verdict.map_err(|log| format!("{name} is refused: {log}"));
                let decoded = ctx::check(&object.program(&name)?);
                let decoded = decoded.map_err(|why| format!("{name}: {why}"));
                complaints.extend([refused, decoded].into_iter().filter_map(Result::err));
            }
        }
    }
    if !not_ours.is_empty() {
        let mut arguments = setting.arguments();
        arguments.push("--features=elsewhere".to_owned());
        let twins = verdicts(&build(&arguments)?)?;
        for not in not_ours {
            let twin = twins.iter().find(|(name, _)| name == not.program);
            let differs = match twin {
                Some((_, verdict)) => not.differs(verdict),
                None => Some(format!("the corpus has no `{}`", not.program)),
            };
            complaints.extend(differs.map(|why| format!("without this crate, {why}")));
        }
    }
    none(complaints)
}

impl NotOurs {
    fn differs(&self, verdict: &Verdict) -> Option<String> {
        match verdict {
            Err(log) if log.ends_with(self.says) => None,
            Err(log) => Some(format!("{} is refused otherwise: {log}", self.program)),
            Ok(()) => Some(format!("{} is not refused", self.program)),
        }
    }
}

/// The programs for which one fence, after the read, is not enough. `Toolchain` names the way that is tried.
fn reshaped(toolchain: &Toolchain) -> Result<(), String> {
    let mut refused = Vec::new();
    for opt_level in ["3", "s"] {
        let [config, level] = release("opt-level", opt_level);
        let arguments = ["--features=reshaped".to_owned(), config, level];
        let bytes = build(toolchain, x86_64()?, Endian::Little, "release", &arguments)?;
        let verdicts = verdicts(&bytes)?;
        if verdicts.len() < 7 {
            return Err(format!("the object has only {} programs", verdicts.len()));
        }
        let errors = verdicts
            .into_iter()
            .filter_map(|(name, verdict)| Some((name, verdict.err()?)));
        refused.extend(errors.map(|(name, why)| format!("{name} at opt-level {opt_level}: {why}")));
    }
    none(refused)
}

/// The programs that read operands, at a level for speed and at one for size. `Toolchain` names the way that is tried.
fn operands(toolchain: &Toolchain) -> Result<(), String> {
    let mut complaints = Vec::new();
    for opt_level in ["3", "s"] {
        let [config, level] = release("opt-level", opt_level);
        let arguments = ["--features=operands".to_owned(), config, level];
        let bytes = build(toolchain, x86_64()?, Endian::Little, "release", &arguments)?;
        let verdicts = verdicts(&bytes)?;
        if verdicts.len() != 4 {
            return Err(format!("the object has {} programs", verdicts.len()));
        }
        let errors = verdicts
            .into_iter()
            .filter_map(|(name, verdict)| Some((name, verdict.err()?)));
        complaints
            .extend(errors.map(|(name, why)| format!("{name} at opt-level {opt_level}: {why}")));
    }
    none(complaints)
}

/// The corpus with plain field access: the kernel refuses the programs in the list, and the decoder finds the reason.
fn plain(toolchain: &Toolchain, features: &str) -> Result<(), String> {
    let arguments = [format!("--features={features}")];
    let bytes = build(toolchain, x86_64()?, Endian::Little, "release", &arguments)?;
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
