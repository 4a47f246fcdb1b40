//! Random programs are written and built here: for BPF, in `tests/random/probes`, and for the host.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    bpf::{Probe, Reads, Toolchain, release, root},
    facts::{Facts, Reading},
    host::{cannot, run},
    random::{
        grammar::{Arguments, GRAMMAR, Tree},
        prototypes,
    },
    registers::Registers,
    select::{Endian, Machine},
};

/// How programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub opt_level: &'static str,
    pub lto: &'static str,
    pub codegen_units: u32,
}

/// The values of `--opt-level`.
pub const OPT_LEVELS: &[&str] = &["1", "2", "3", "s", "z"];

/// The values of `--lto`.
pub const LTO: &[&str] = &["fat", "thin", "off"];

impl Setting {
    /// The settings that are tried by default.
    pub const ALL: [Self; 3] = [
        Self::new("3", "fat"),
        Self::new("2", "thin"),
        Self::new("s", "fat"),
    ];

    /// With the number of codegen units that users have with that kind of LTO.
    pub const fn new(opt_level: &'static str, lto: &'static str) -> Self {
        let fat = matches!(lto.as_bytes(), b"fat");
        Self {
            opt_level,
            lto,
            codegen_units: if fat { 1 } else { 16 },
        }
    }

    pub fn name(&self) -> String {
        let Self {
            opt_level,
            lto,
            codegen_units,
        } = self;
        format!("opt-level {opt_level}, lto {lto}, {codegen_units} codegen units")
    }

    fn arguments(&self) -> Vec<String> {
        let settings = [
            release("opt-level", self.opt_level),
            release("lto", self.lto),
            release("codegen-units", &self.codegen_units.to_string()),
        ];
        settings.concat()
    }
}

/// The methods that the programs call: this crate's, or others in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Methods {
    Ours,
    /// They read fields of ctx plainly.
    Fields,
    /// They call a helper.
    Helper,
    /// They read a map plainly.
    Memory,
    /// They read a map as this crate reads ctx.
    Volatile,
    Assembly,
}

impl Methods {
    /// The methods of twins, which have no part of ctx or of this crate.
    pub const fn of_twins(reads: Reads) -> [Self; 3] {
        let alike = match reads {
            Reads::ByConstruction => Self::Assembly,
            Reads::Fenced => Self::Volatile,
        };
        [Self::Memory, Self::Helper, alike]
    }

    pub fn read_ctx(self) -> bool {
        matches!(self, Self::Ours | Self::Fields)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Fields => "fields",
            Self::Helper => "helper",
            Self::Memory => "memory",
            Self::Volatile => "volatile",
            Self::Assembly => "assembly",
        }
    }
}

/// A program and its name.
#[derive(Debug, Clone)]
pub struct Program {
    pub name: String,
    pub tree: Tree,
}

/// Builds the programs of a machine with a toolchain, in a folder that no other build uses.
#[derive(Debug)]
pub struct Workshop {
    pub toolchain: Toolchain,
    pub machine: &'static Machine,
    pub folder: PathBuf,
}

impl Workshop {
    /// Whether a machine's programs can be run here: rbpf reads and writes memory as this computer does.
    pub fn takes(machine: &Machine) -> bool {
        machine.variant(Endian::Little).is_some()
    }

    pub fn new(toolchain: Toolchain, machine: &'static Machine, name: &str) -> Self {
        let folder = root()
            .join("target/probes/random")
            .join(format!("{}-{name}", machine.name));
        Self {
            toolchain,
            machine,
            folder,
        }
    }

    /// The arguments that its machine has.
    pub fn arguments(&self) -> Result<Arguments, String> {
        let facts = Facts::of(self.machine)?;
        Ok(Arguments {
            registers: facts.arguments.len() as u64,
            of_syscalls: facts.syscall_arguments.len() as u64,
            machine: library(self.machine)?,
        })
    }

    /// The text of a program, as a function. `None` if it cannot be written.
    pub fn text(&self, program: &Program) -> Result<Option<String>, String> {
        let body = GRAMMAR.write(&program.tree, self.arguments()?);
        let name = &program.name;
        Ok(body.map(|body| {
            format!("pub fn {name}(regs: &pt_regs) -> u64 {{ let mut s: u64 = 7; {body} }}\n")
        }))
    }

    /// Writes programs, and the facts of the machine that they need.
    fn write(&self, programs: &[Program]) -> Result<[(&'static str, PathBuf); 2], String> {
        let mut text = format!("{PREFACE}{}", prototypes::preface(library(self.machine)?));
        let mut names = String::new();
        for program in programs {
            let function = self.text(program)?;
            text += &function.ok_or_else(|| format!("`{}` is no program", program.name))?;
            let _ = write!(names, " {}", program.name);
        }
        let _ = write!(
            text,
            "macro_rules! for_each {{ ($callback:ident) => {{ $callback! {{{names} }} }} }}\n\
             pub(crate) use for_each;\n"
        );
        let programs = self.folder.join("programs.rs");
        let machine = self.folder.join("machine.rs");
        fs::create_dir_all(&self.folder).map_err(cannot("create", &self.folder))?;
        fs::write(&programs, text).map_err(cannot("write", &programs))?;
        let mut facts = machine_text(Facts::of(self.machine)?);
        facts += &prototypes::places(library(self.machine)?);
        fs::write(&machine, facts).map_err(cannot("write", &machine))?;
        Ok([
            ("PROBE_ABI_RANDOM_PROGRAMS", programs),
            ("PROBE_ABI_RANDOM_MACHINE", machine),
        ])
    }

    /// Builds programs for BPF and returns their object.
    pub fn object(
        &self,
        programs: &[Program],
        setting: &Setting,
        methods: Methods,
    ) -> Result<Vec<u8>, String> {
        let package = root().join("tests/random/probes");
        let mut arguments: Vec<&str> = Vec::new();
        let settings = setting.arguments();
        arguments.extend(settings.iter().map(String::as_str));
        let feature = format!("--features={}", methods.name());
        if methods != Methods::Ours {
            arguments.push(&feature);
        }
        let mut probe = Probe::new(&package, self.machine, Endian::Little).args(&arguments);
        for (name, path) in self.write(programs)? {
            probe = probe.env(name, Some(path));
        }
        probe.object(&self.toolchain, "random-probes")
    }

    /// Builds programs for the host.
    pub fn host(&self, programs: &[Program]) -> Result<Host, String> {
        let path = self.folder.join("host");
        let variables = self.write(programs)?;
        let mut rustc = Command::new(self.toolchain.rustc());
        rustc
            .args(["--edition=2024", "-Cdebuginfo=0", "-o"])
            .arg(&path)
            .arg(root().join("tests/random/probes/src/host.rs"));
        for (name, path) in variables {
            rustc.env(name, path);
        }
        run(&mut rustc)?;
        Ok(Host {
            path,
            programs: programs.len(),
        })
    }
}

/// Programs on the host.
#[derive(Debug)]
pub struct Host {
    path: PathBuf,
    programs: usize,
}

impl Host {
    /// The return value of every program, for each of these register files.
    pub fn values(&self, registers: &[Roles]) -> Result<Vec<Vec<u64>>, String> {
        let input: Vec<u8> = registers
            .iter()
            .flatten()
            .flat_map(|role| role.to_ne_bytes())
            .collect();
        let output = answer(&mut Command::new(&self.path), &input)?;
        let values: Vec<u64> = output
            .as_chunks()
            .0
            .iter()
            .map(|value| u64::from_ne_bytes(*value))
            .collect();
        if values.len() != registers.len() * self.programs {
            return Err(format!(
                "`{}` did not answer everything",
                self.path.display()
            ));
        }
        Ok(values.chunks(self.programs).map(<[u64]>::to_vec).collect())
    }
}

/// A text of Rust, formatted by rustfmt.
pub fn formatted(text: &str) -> Result<String, String> {
    let mut rustfmt = Command::new("rustfmt");
    let formatted = answer(rustfmt.arg("--edition=2024"), text.as_bytes())?;
    String::from_utf8(formatted).map_err(|error| error.to_string())
}

/// The output of a program that reads its input to the end.
fn answer(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let name = command.get_program().to_owned();
    let failed = cannot("run", Path::new(&name));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(&failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).map_err(&failed)?;
    }
    let output = child.wait_with_output().map_err(&failed)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

const PREFACE: &str = "\
use super::machine::*;

#[inline(always)]
fn mix(seed: u64, value: c_ulong) -> u64 {
    seed.wrapping_mul(31).wrapping_add(value as u64)
}
";

/// The library's value of the machine.
fn library(machine: &Machine) -> Result<&'static probe_abi::machine::Machine, String> {
    let found = probe_abi::machine::Machine::named(machine.name);
    found.ok_or_else(|| format!("the library has no `{}`", machine.name))
}

/// The number of roles that the model's registers have.
pub const ROLES: usize = 33;

/// A value for each role of the model.
pub type Roles = [u64; ROLES];

/// The places of the roles, in the order of `tests/random/probes/src/model.rs`.
pub fn readings(facts: &Facts) -> [Option<Reading>; ROLES] {
    let mut readings = [None; ROLES];
    let lists = [
        &facts.arguments,
        &facts.syscall_arguments,
        &facts.user_arguments,
    ];
    for (list, places) in lists.into_iter().zip(readings.chunks_exact_mut(8)) {
        for (reading, place) in list.iter().zip(places) {
            *place = Some(*reading);
        }
    }
    readings[24..].copy_from_slice(&[
        Some(facts.syscall_number),
        Some(facts.return_value),
        Some(facts.return_address),
        Some(facts.instruction_pointer),
        Some(facts.stack_pointer),
        facts.frame_pointer,
        facts.stack_argument(facts.arguments.len(), Endian::Little),
        facts.user_stack_argument(facts.user_arguments.len(), Endian::Little),
        facts.second_return_value,
    ]);
    readings
}

/// The values of the roles in registers.
pub fn roles(registers: &Registers) -> Roles {
    readings(registers.facts).map(|reading| reading.map_or(0, |reading| registers.get(reading)))
}

fn machine_text(facts: &Facts) -> String {
    let readings = readings(facts).map(|reading| match reading {
        Some(Reading { slot, plus, mask }) => {
            let mask = mask.map_or("!0".to_owned(), |mask| mask.to_string());
            format!("({}, {plus}, {mask})", slot.offset)
        }
        None => "(0, 0, 0)".to_owned(),
    });
    format!(
        "#[allow(non_camel_case_types)]\n\
         pub type c_ulong = u{};\n\
         pub const ARG_REGISTERS: usize = {};\n\
         pub const SYSCALL_ARG_REGISTERS: usize = {};\n\
         const USER_ARG_REGISTERS: usize = {};\n\
         const RETURNS_ON_STACK: bool = {};\n\
         const HAS_FRAME_POINTER: bool = {};\n\
         #[allow(dead_code)]\n\
         const READINGS: [(usize, c_ulong, c_ulong); {ROLES}] = [{}];\n",
        facts.word * 8,
        facts.arguments.len(),
        facts.syscall_arguments.len(),
        facts.user_arguments.len(),
        facts.returns_on_stack,
        facts.frame_pointer.is_some(),
        readings.join(", "),
    )
}
