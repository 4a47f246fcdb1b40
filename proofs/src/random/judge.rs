//! Finds out whether a program is wrong: it is built, loaded, decoded, run and compared.

use std::collections::BTreeMap;

use rbpf::ebpf::Insn;

use crate::{
    ctx,
    facts::Facts,
    interpreter::{self, Constants, Helper},
    object::Object,
    random::{
        grammar::Random,
        package::{Host, Methods, Program, ROLES, Roles, Setting, Workshop, roles},
    },
    registers::Registers,
    select::Endian,
    verifier,
};

#[path = "../../../tests/random/probes/src/memory.rs"]
mod memory;

/// `bpf_probe_read_user` and `bpf_probe_read_kernel`.
pub const HELPERS: [Helper; 2] = [(112, probe_read_user), (113, probe_read_kernel)];

fn probe_read_user(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    probe_read(true, to, size, from)
}

fn probe_read_kernel(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    probe_read(false, to, size, from)
}

fn probe_read(user: bool, to: u64, size: u64, from: u64) -> u64 {
    memory::read(user, interpreter::place(to, size), from).cast_unsigned()
}

/// A description of a fault, without numbers: programs with the same fault have the same words.
pub type Class = String;

/// The fault of a program whose value is not the host's.
pub const WRONG_VALUE: &str = "returns another value than on the host";

/// The number of register files that a program is run with.
const FILES: u64 = 24;

/// The values that programs have to return.
pub struct Expected {
    files: Vec<Registers>,
    /// For each register file, the values of all programs.
    values: Vec<Vec<u64>>,
}

/// The faults of some programs.
#[derive(Debug)]
pub struct Judgement {
    /// The fault of each program.
    pub classes: Vec<Option<Class>>,
    /// The instructions of each program that compiles.
    pub instructions: Vec<usize>,
}

/// Programs, and the object that they were built into.
type Built = (Vec<Program>, Result<Vec<u8>, String>);

impl Workshop {
    /// The values that programs return on the host.
    pub fn expect(&self, programs: &[Program]) -> Result<Expected, String> {
        self.expect_of(&self.host(programs)?, |roles| roles)
    }

    /// The same values, if the places of the roles are mistaken.
    pub fn expect_of(
        &self,
        host: &Host,
        mistake: impl Fn(Roles) -> Roles,
    ) -> Result<Expected, String> {
        let files = self.files()?;
        let roles: Vec<Roles> = files.iter().map(roles).map(mistake).collect();
        let values = host.values(&roles)?;
        Ok(Expected { files, values })
    }

    /// Register files with small numbers, for indices and comparisons, and with large numbers.
    fn files(&self) -> Result<Vec<Registers>, String> {
        let facts = Facts::of(self.machine)?;
        let files = (0..FILES).map(|file| {
            let mut random = Random::new(file, 0);
            Registers::numbered(facts, Endian::Little, |_| match random.below(16) {
                0..8 => random.below(10),
                8..11 => random.below(3000),
                _ => random.number(),
            })
        });
        Ok(files.collect())
    }

    /// Judges programs that call these methods. If the programs read ctx and `expected` is given, their return values
    /// are compared too. `Err` is not about a single program.
    pub fn judge(
        &self,
        programs: &[Program],
        expected: Option<&Expected>,
        setting: &Setting,
        methods: Methods,
    ) -> Result<Judgement, String> {
        let mut judgement = Judgement {
            classes: vec![None; programs.len()],
            instructions: vec![0; programs.len()],
        };
        let mut numbers = BTreeMap::new();
        for (number, program) in programs.iter().enumerate() {
            numbers.insert(program.name.as_str(), number);
        }
        let mut objects = Vec::new();
        self.build(programs, setting, methods, &mut objects);
        for (part, object) in objects {
            let bytes = match object {
                Ok(bytes) => bytes,
                Err(why) => {
                    let number = numbers[part[0].name.as_str()];
                    judgement.classes[number] = Some(complaint(&why));
                    continue;
                }
            };
            if self.is_loaded() {
                for (name, verdict) in verifier::verdicts(&bytes)? {
                    judgement.classes[numbers[name.as_str()]] =
                        verdict.err().map(|why| class(&why));
                }
            }
            let object = Programs::of(&bytes)?;
            for program in &part {
                let number = numbers[program.name.as_str()];
                let insns = object.insns(&program.name)?;
                judgement.instructions[number] = insns.len();
                if !methods.read_ctx() {
                    continue;
                }
                let found = &mut judgement.classes[number];
                if let (None, Err(why)) = (&found, ctx::check(&insns)) {
                    let why = why.split(':').next().unwrap_or(&why);
                    *found = Some(class(&format!("the decoder says: {why}")));
                }
                if let Some(expected) = expected
                    && let Err(why) = object.is_right(&insns, number, expected)
                {
                    *found = Some(why);
                }
            }
        }
        Ok(judgement)
    }

    /// Whether this computer's kernel loads this machine's programs.
    pub fn is_loaded(&self) -> bool {
        self.machine.name == "x86_64" && verifier::kernel().is_ok()
    }

    /// Builds programs together, and each program that does not compile alone.
    fn build(
        &self,
        programs: &[Program],
        setting: &Setting,
        methods: Methods,
        objects: &mut Vec<Built>,
    ) {
        let why = match self.object(programs, setting, methods) {
            Err(why) if programs.len() > 1 => why,
            object => return objects.push((programs.to_vec(), object)),
        };
        // The linker names functions in a form that has the length of each part.
        let (blamed, rest): (Vec<Program>, _) = programs.iter().cloned().partition(|program| {
            let name = &program.name;
            why.contains(&format!("{}{name}", name.len()))
        });
        if blamed.is_empty() || rest.is_empty() {
            let (first, second) = programs.split_at(programs.len() / 2);
            self.build(first, setting, methods, objects);
            self.build(second, setting, methods, objects);
        } else {
            objects.extend(
                blamed
                    .into_iter()
                    .map(|program| (vec![program], Err(why.clone()))),
            );
            self.build(&rest, setting, methods, objects);
        }
    }
}

/// The programs of an object.
pub struct Programs {
    object: Object,
    constants: Constants,
}

impl Programs {
    pub fn of(object: &[u8]) -> Result<Self, String> {
        Ok(Self {
            object: Object::parse(object)?,
            constants: Constants::of(object)?,
        })
    }

    pub fn insns(&self, name: &str) -> Result<Vec<Insn>, String> {
        // Twins are not run, so the place of their map does not matter.
        let address = |section: &str| self.constants.address(section).or(Some(0));
        self.object.program_with(name, address)
    }

    /// Runs the program of that number, and compares its values.
    pub fn is_right(
        &self,
        insns: &[Insn],
        number: usize,
        expected: &Expected,
    ) -> Result<(), Class> {
        self.is_right_with(&HELPERS, insns, number, expected)
    }

    /// The same, with helpers that may be wrong.
    pub fn is_right_with(
        &self,
        helpers: &[Helper],
        insns: &[Insn],
        number: usize,
        expected: &Expected,
    ) -> Result<(), Class> {
        let contexts = expected.files.iter().map(|file| file.bytes().as_slice());
        let returned = interpreter::run_with(helpers, insns, &self.constants, contexts)
            .map_err(|why| class(&format!("does not run: {why}")))?;
        let values = expected.values.iter().map(|values| values[number]);
        match returned.into_iter().eq(values) {
            true => Ok(()),
            false => Err(WRONG_VALUE.to_owned()),
        }
    }
}

/// The registers as seen with a mistake: one role is taken for another.
pub fn mistaken(role: usize) -> impl Fn(Roles) -> Roles {
    move |mut roles| {
        roles[role] = roles[(role + 1) % ROLES].wrapping_add(1);
        roles
    }
}

/// The words of a message without its numbers.
fn class(message: &str) -> Class {
    let mut class = String::new();
    for letter in message.chars() {
        match letter.is_ascii_digit() {
            false => class.push(letter),
            true if class.ends_with('#') => {}
            true => class.push('#'),
        }
    }
    class
}

/// The first error of a compiler.
fn complaint(said: &str) -> Class {
    // The linker's error, or else the compiler's.
    let marks = ["ERROR llvm", "error"];
    let error = marks
        .iter()
        .find_map(|mark| said.lines().find(|line| line.contains(mark)));
    let error = error.unwrap_or("it did not say why");
    let why = error.rsplit(": ").next().unwrap_or(error);
    class(&format!("does not compile: {why}"))
}
