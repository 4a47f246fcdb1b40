//! Runs BPF programs without a kernel: rbpf, with what it lacks.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
};

use rbpf::ebpf::{self, Insn};

use crate::object::{constants, is_local_call};

/// The constants of an object's programs, at addresses of this process.
pub struct Constants(BTreeMap<String, Vec<u8>>);

impl Constants {
    pub fn of(object: &[u8]) -> Result<Self, String> {
        constants(object).map(Self)
    }

    pub fn address(&self, section: &str) -> Option<u64> {
        let section = self.0.get(section)?;
        Some(section.as_ptr().addr() as u64)
    }
}

/// The number of a helper, and what it does.
pub type Helper = (u32, fn(u64, u64, u64, u64, u64) -> u64);

/// What a program without helpers returns for each ctx.
pub fn run<'a>(
    program: &[Insn],
    constants: &Constants,
    contexts: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<u64>, String> {
    run_with(&[], program, constants, contexts)
}

/// What a program returns for each ctx.
pub fn run_with<'a>(
    helpers: &[Helper],
    program: &[Insn],
    constants: &Constants,
    contexts: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<u64>, String> {
    let program = with_wide_comparisons(program);
    let frames = frames(&program);
    let bytes: Vec<u8> = program.iter().flat_map(Insn::to_array).collect();
    let failed = |error: std::io::Error| error.to_string();
    let mut vm = rbpf::EbpfVmRaw::new(None).map_err(failed)?;
    vm.set_stack_usage_calculator(frame, Box::new(frames))
        .map_err(failed)?;
    vm.set_program(&bytes).map_err(failed)?;
    for &(number, helper) in helpers {
        vm.register_helper(number, helper).map_err(failed)?;
    }
    for section in constants.0.values() {
        let start = section.as_ptr().addr() as u64;
        vm.register_allowed_memory(start..start + section.len() as u64);
    }
    contexts
        .map(|ctx| {
            let mut memory = ctx.to_vec();
            vm.execute_program(&mut memory).map_err(failed)
        })
        .collect()
}

/// The same program without 64-bit comparisons for (in)equality or order without a sign with a negative
/// number.
///
/// The number is extended by its sign (RFC 9669, 4.3: "imm" is sign-extended), and rbpf 0.4 extends it by
/// zeros. It is right where the comparison itself has a sign, which those are made of here: a negative
/// number without its sign is as large as half of all numbers, or larger.
fn with_wide_comparisons(program: &[Insn]) -> Vec<Insn> {
    let mut expanded: Vec<Vec<Insn>> = Vec::with_capacity(program.len());
    let mut constant = false;
    for insn in program {
        // The second half of a load of 64 bits looks like an instruction.
        expanded.push(match insn.imm < 0 && !constant {
            true => wide_comparison(insn),
            false => vec![insn.clone()],
        });
        constant = !constant && insn.opc == ebpf::LD_DW_IMM;
    }
    let mut starts = vec![0];
    for insns in &expanded {
        starts.push(starts[starts.len() - 1] + insns.len());
    }
    let distance = |from: usize, to: usize| to as i64 - from as i64 - 1;
    let mut rewritten = Vec::with_capacity(starts[program.len()]);
    for (index, insns) in expanded.into_iter().enumerate() {
        let old = &program[index];
        for mut insn in insns {
            let here = rewritten.len();
            if is_local_call(&insn) {
                let target = index.wrapping_add_signed(old.imm as isize + 1);
                insn.imm = distance(here, starts[target]) as i32;
            } else if is_jump(&insn) && insn.off == old.off {
                let target = index.wrapping_add_signed(old.off as isize + 1);
                insn.off = distance(here, starts[target]) as i16;
            } else if is_jump(&insn) {
                // Past the comparison that it belongs to.
                insn.off = distance(here, starts[index + 1]) as i16;
            }
            rewritten.push(insn);
        }
    }
    rewritten
}

/// What is the same as one instruction. A jump to the next instruction has the opposite of its offset.
fn wide_comparison(insn: &Insn) -> Vec<Insn> {
    let compare = |opc: u8, imm: i32| Insn {
        opc,
        imm,
        ..insn.clone()
    };
    let on = |opc: u8, imm: i32| Insn {
        off: !insn.off,
        ..compare(opc, imm)
    };
    let imm = insn.imm;
    match insn.opc {
        ebpf::JNE_IMM => vec![compare(ebpf::JSGT_IMM, imm), compare(ebpf::JSLT_IMM, imm)],
        ebpf::JEQ_IMM => vec![
            on(ebpf::JSGT_IMM, imm),
            on(ebpf::JSLT_IMM, imm),
            compare(ebpf::JA, 0),
        ],
        ebpf::JGT_IMM => vec![on(ebpf::JSGE_IMM, 0), compare(ebpf::JSGT_IMM, imm)],
        ebpf::JGE_IMM => vec![on(ebpf::JSGE_IMM, 0), compare(ebpf::JSGE_IMM, imm)],
        ebpf::JLT_IMM => vec![compare(ebpf::JSGE_IMM, 0), compare(ebpf::JSLT_IMM, imm)],
        ebpf::JLE_IMM => vec![compare(ebpf::JSGE_IMM, 0), compare(ebpf::JSLE_IMM, imm)],
        _ => vec![insn.clone()],
    }
}

fn is_jump(insn: &Insn) -> bool {
    let class = insn.opc & ebpf::BPF_CLS_MASK;
    matches!(class, ebpf::BPF_JMP | ebpf::BPF_JMP32)
        && !matches!(insn.opc, ebpf::CALL | ebpf::EXIT | ebpf::TAIL_CALL)
}

/// How much of the stack each function uses, by its first instruction.
fn frames(insns: &[Insn]) -> BTreeMap<usize, u16> {
    let calls = insns
        .iter()
        .enumerate()
        .filter(|(_, insn)| is_local_call(insn));
    let mut starts: Vec<usize> = calls
        .map(|(index, insn)| index.wrapping_add_signed(insn.imm as isize + 1))
        .chain([0, insns.len()])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let functions = starts.windows(2).map(|ends| {
        let lowest = lowest(&insns[ends[0]..ends[1]]);
        (ends[0], lowest.unsigned_abs().next_multiple_of(8))
    });
    functions.collect()
}

/// The lowest place of the stack that a function's instructions name.
fn lowest(insns: &[Insn]) -> i16 {
    const FRAME_POINTER: u8 = 10;
    let mut lowest = 0;
    // Registers that the frame pointer was copied to.
    let mut copies = BTreeSet::from([FRAME_POINTER]);
    for insn in insns {
        let place = match insn.opc & ebpf::BPF_CLS_MASK {
            ebpf::BPF_LDX if insn.src == FRAME_POINTER => insn.off,
            ebpf::BPF_ST | ebpf::BPF_STX if insn.dst == FRAME_POINTER => insn.off,
            // What is lower is a number in a register that had a copy before.
            _ if insn.opc == ebpf::ADD64_IMM
                && copies.contains(&insn.dst)
                && insn.imm >= -(ebpf::STACK_SIZE as i32) =>
            {
                insn.imm as i16
            }
            _ => 0,
        };
        lowest = lowest.min(place);
        match insn.opc {
            ebpf::MOV64_REG if insn.src == FRAME_POINTER => copies.insert(insn.dst),
            ebpf::MOV64_REG | ebpf::MOV64_IMM => copies.remove(&insn.dst),
            _ => false,
        };
    }
    lowest
}

/// What rbpf asks for: the frame of the function that an instruction is in, which is the function's first or, because it
/// takes the numbers of helpers for distances, any other. It hands over the box that it was given.
fn frame(_program: &[u8], instruction: usize, given: &mut dyn Any) -> u16 {
    let frames = given
        .downcast_ref::<Box<dyn Any>>()
        .and_then(|given| given.downcast_ref::<BTreeMap<usize, u16>>());
    let frame = frames.and_then(|frames| frames.range(..=instruction).next_back());
    frame.map_or(ebpf::STACK_SIZE as u16, |(_, frame)| *frame)
}
