//! What is wrong with a program: it is built, loaded, decoded, run and compared.

use std::{any::Any, collections::BTreeMap};

use rbpf::ebpf::{self, Insn};

use crate::{
    ctx,
    facts::Facts,
    object::{Object, constants, is_local_call},
    random::{
        grammar::Random,
        package::{Methods, Program, Roles, Setting, Workshop, roles},
    },
    registers::Registers,
    select::Endian,
    verifier,
};

/// What is wrong, in words that are the same for programs that are wrong in the same way: numbers are left
/// out.
pub type Class = String;

/// The complaint about values, which is always ours.
pub const WRONG_VALUE: &str = "returns another value than on the host";

/// How many registers a program is run with.
const FILES: u64 = 24;

/// What was found of some programs.
#[derive(Debug)]
pub struct Judgement {
    /// For each program what is wrong with it.
    pub classes: Vec<Option<Class>>,
    /// The instructions of those that compile.
    pub instructions: usize,
}

impl Workshop {
    /// Judges programs that call someone's methods. `Err` is nothing of one program.
    pub fn judge(
        &self,
        programs: &[Program],
        setting: &Setting,
        methods: Methods,
    ) -> Result<Judgement, String> {
        let mut judgement = Judgement {
            classes: vec![None; programs.len()],
            instructions: 0,
        };
        let mut objects = Vec::new();
        self.build(programs, setting, methods, &mut objects);
        let index: BTreeMap<&str, usize> = programs
            .iter()
            .enumerate()
            .map(|(index, program)| (program.name.as_str(), index))
            .collect();
        let runs = matches!(methods, Methods::Ours | Methods::Fields);
        let (files, expected) = match runs {
            true => {
                let files = self.files()?;
                let roles: Vec<Roles> = files.iter().map(roles).collect();
                let expected = self.expected(programs, &roles)?;
                (files, expected)
            }
            false => (Vec::new(), Vec::new()),
        };
        for (part, object) in objects {
            let bytes = match object {
                Ok(bytes) => bytes,
                Err(why) => {
                    let first = index[part[0].name.as_str()];
                    judgement.classes[first] = Some(complaint(&why));
                    continue;
                }
            };
            let object = Object::parse(&bytes)?;
            if self.is_loaded() {
                for (name, verdict) in verifier::verdicts(&bytes)? {
                    judgement.classes[index[name.as_str()]] = verdict.err().map(|why| class(&why));
                }
            }
            let data = Data::of(&bytes)?;
            for program in part {
                let number = index[program.name.as_str()];
                let found = &mut judgement.classes[number];
                let insns = object.program_with(&program.name, |section| data.address(section))?;
                judgement.instructions += insns.len();
                if !runs {
                    continue;
                }
                let decoded = ctx::check(&insns);
                if let (None, Err(why)) = (&found, &decoded) {
                    let why = why.split(':').next().unwrap_or(why);
                    *found = Some(class(&format!("the decoder says: {why}")));
                }
                let expected: Vec<u64> = expected.iter().map(|values| values[number]).collect();
                if let Err(why) = self.is_right(&insns, &data, &files, &expected) {
                    *found = Some(why);
                }
            }
        }
        Ok(judgement)
    }

    /// Whether this computer's kernel loads this machine's programs.
    fn is_loaded(&self) -> bool {
        self.machine.name == "x86_64" && verifier::kernel().is_ok()
    }

    /// Builds programs, those that do not compile alone.
    fn build<'a>(
        &self,
        programs: &'a [Program],
        setting: &Setting,
        methods: Methods,
        objects: &mut Vec<(&'a [Program], Result<Vec<u8>, String>)>,
    ) {
        match self.object(programs, setting, methods) {
            Err(_) if programs.len() > 1 => {
                let (first, second) = programs.split_at(programs.len() / 2);
                self.build(first, setting, methods, objects);
                self.build(second, setting, methods, objects);
            }
            object => objects.push((programs, object)),
        }
    }

    /// Registers with small numbers, which indices and comparisons are about, and with large ones.
    fn files(&self) -> Result<Vec<Registers>, String> {
        let facts = Facts::of(self.machine)?;
        Ok((0..FILES)
            .map(|file| {
                let mut random = Random::new(file, 0);
                Registers::numbered(facts, Endian::Little, |_| {
                    let value = random.next();
                    match value % 16 {
                        0..8 => random.below(10),
                        8..11 => random.below(3000),
                        _ => random.next(),
                    }
                })
            })
            .collect())
    }

    /// Runs a program, and compares.
    fn is_right(
        &self,
        insns: &[Insn],
        data: &Data,
        files: &[Registers],
        expected: &[u64],
    ) -> Result<(), Class> {
        let bytes: Vec<u8> = insns.iter().flat_map(Insn::to_array).collect();
        let failed = |error| class(&format!("does not run: {error}"));
        let mut vm = rbpf::EbpfVmRaw::new(None).map_err(failed)?;
        vm.set_stack_usage_calculator(frame, Box::new(frames(insns)))
            .map_err(failed)?;
        vm.set_program(&bytes).map_err(failed)?;
        for section in data.0.values() {
            let start = section.as_ptr().addr() as u64;
            vm.register_allowed_memory(start..start + section.len() as u64);
        }
        for (file, expected) in files.iter().zip(expected) {
            let mut memory = *file.bytes();
            let returned = vm.execute_program(&mut memory).map_err(failed)?;
            if returned != *expected {
                return Err(WRONG_VALUE.to_owned());
            }
        }
        Ok(())
    }
}

/// What constants of an object there are, by section.
struct Data(BTreeMap<String, Vec<u8>>);

impl Data {
    fn of(object: &[u8]) -> Result<Self, String> {
        constants(object).map(Self)
    }

    fn address(&self, section: &str) -> Option<u64> {
        let section = self.0.get(section)?;
        Some(section.as_ptr().addr() as u64)
    }
}

/// How much of the stack each function uses, by its first instruction.
fn frames(insns: &[Insn]) -> BTreeMap<usize, u16> {
    let calls = insns.iter().enumerate().filter(|(_, insn)| is_local_call(insn));
    let mut starts: Vec<usize> = calls
        .map(|(index, insn)| index.wrapping_add_signed(insn.imm as isize + 1))
        .chain([0, insns.len()])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let functions = starts.windows(2).map(|ends| {
        let lowest = insns[ends[0]..ends[1]].windows(2).map(lowest).min();
        (ends[0], lowest.unwrap_or(0).unsigned_abs().next_multiple_of(8))
    });
    functions.collect()
}

/// The lowest place of the stack that one instruction names, or that the next one computes.
fn lowest(insns: &[Insn]) -> i16 {
    const FRAME_POINTER: u8 = 10;
    let (insn, next) = (&insns[0], &insns[1]);
    let is_copied = insn.opc == ebpf::MOV64_REG && insn.src == FRAME_POINTER;
    if is_copied && next.opc == ebpf::ADD64_IMM && next.dst == insn.dst {
        return next.imm as i16;
    }
    match insn.opc & ebpf::BPF_CLS_MASK {
        ebpf::BPF_LDX if insn.src == FRAME_POINTER => insn.off,
        ebpf::BPF_ST | ebpf::BPF_STX if insn.dst == FRAME_POINTER => insn.off,
        _ => 0,
    }
}

/// What rbpf asks for: the frame of the function that starts at an instruction.
fn frame(_program: &[u8], start: usize, frames: &mut dyn Any) -> u16 {
    let frames = frames.downcast_ref::<BTreeMap<usize, u16>>();
    frames.and_then(|frames| frames.get(&start).copied()).unwrap_or(0)
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
    let error = said.lines().find(|line| line.contains("error"));
    class(&format!("does not compile: {}", error.unwrap_or("it did not say why")))
}
