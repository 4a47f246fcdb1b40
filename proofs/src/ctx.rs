//! The rules of the kernel's verifier for ctx, for programs that this computer's kernel cannot load because they are
//! for other machines.
//!
//! A read of ctx has a constant offset, in the instruction itself. So two kinds of registers may not be an address: a
//! register that was computed from ctx, and a register that holds ctx on one path and another value on another path.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::is_local_call;
use rbpf::ebpf::{self, Insn};

/// The content of a register, or of a slot of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Ctx,
    /// Computed from ctx, or ctx on some paths only.
    Derived,
    Other,
}

const FRAME_POINTER: u8 = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    registers: [Value; 11],
    stack: BTreeMap<i16, Value>,
}

impl Value {
    fn join(self, other: Self) -> Self {
        if self == other { self } else { Value::Derived }
    }
}

impl State {
    /// At a function's entry, where only arguments are in registers.
    fn entry(arguments: [Value; 5]) -> Self {
        let mut registers = [Value::Other; 11];
        registers[1..=5].copy_from_slice(&arguments);
        Self {
            registers,
            stack: BTreeMap::new(),
        }
    }

    fn arguments(&self) -> [Value; 5] {
        std::array::from_fn(|index| self.registers[index + 1])
    }

    fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *mine = mine.join(*theirs);
        }
        for (offset, theirs) in &other.stack {
            let mine = self.stack.entry(*offset).or_insert(Value::Other);
            *mine = mine.join(*theirs);
        }
        for (offset, mine) in &mut self.stack {
            *mine = mine.join(other.stack.get(offset).copied().unwrap_or(Value::Other));
        }
    }

    fn get(&self, register: u8) -> Value {
        self.registers[usize::from(register)]
    }

    fn set(&mut self, register: u8, value: Value) {
        self.registers[usize::from(register)] = value;
    }

    /// Runs one instruction; `Err` if it uses a value derived from ctx as an address.
    fn step(&mut self, insn: &Insn) -> Result<(), &'static str> {
        let register_operand = insn.opc & ebpf::BPF_X != 0;
        match insn.opc & ebpf::BPF_CLS_MASK {
            _ if insn.opc == ebpf::MOV64_REG => self.set(insn.dst, self.get(insn.src)),
            _ if insn.opc == ebpf::MOV64_IMM => self.set(insn.dst, Value::Other),
            ebpf::BPF_ALU64 => {
                let plain = self.get(insn.dst) == Value::Other
                    && (!register_operand || self.get(insn.src) == Value::Other);
                self.set(insn.dst, if plain { Value::Other } else { Value::Derived });
            }
            // Half of an address is not an address.
            ebpf::BPF_ALU | ebpf::BPF_LD => self.set(insn.dst, Value::Other),
            ebpf::BPF_LDX => {
                if self.get(insn.src) == Value::Derived {
                    return Err("reads at an address that is derived from ctx");
                }
                let spilled = insn.src == FRAME_POINTER && insn.opc == ebpf::LD_DW_REG;
                let value = spilled
                    .then(|| self.stack.get(&insn.off).copied())
                    .flatten();
                self.set(insn.dst, value.unwrap_or(Value::Other));
            }
            ebpf::BPF_STX | ebpf::BPF_ST => {
                if self.get(insn.dst) != Value::Other {
                    return Err("writes to ctx");
                }
                if insn.dst == FRAME_POINTER {
                    let value = if insn.opc == ebpf::ST_DW_REG {
                        self.get(insn.src)
                    } else {
                        Value::Other
                    };
                    self.stack.insert(insn.off, value);
                }
            }
            _ if insn.opc == ebpf::CALL => self.registers[..=5].fill(Value::Other),
            _ => {}
        }
        Ok(())
    }
}

/// Whether all reads of ctx in a program have a constant offset. `Err` names a read that does not.
pub fn check(program: &[Insn]) -> Result<(), String> {
    let mut seen = BTreeMap::new();
    let mut functions = vec![(
        0,
        [
            Value::Ctx,
            Value::Other,
            Value::Other,
            Value::Other,
            Value::Other,
        ],
    )];
    let mut checked = BTreeSet::new();
    while let Some((start, arguments)) = functions.pop() {
        if !checked.insert((start, format!("{arguments:?}"))) {
            continue;
        }
        seen.clear();
        let mut paths = vec![(start, State::entry(arguments))];
        while let Some((index, mut state)) = paths.pop() {
            if let Some(before) = seen.get(&index) {
                let mut joined = State::clone(before);
                joined.join(&state);
                if joined == *before {
                    continue;
                }
                state = joined;
            }
            seen.insert(index, state.clone());
            let insn = &program[index];
            if is_local_call(insn) {
                functions.push((target(index, insn.imm), state.arguments()));
            }
            state
                .step(insn)
                .map_err(|why| format!("instruction {index} {why}: {insn:?}"))?;
            for next in successors(index, insn) {
                paths.push((next, state.clone()));
            }
        }
    }
    Ok(())
}

fn target(index: usize, offset: i32) -> usize {
    index.wrapping_add_signed(offset as isize + 1)
}

/// The instructions that may run after an instruction.
fn successors(index: usize, insn: &Insn) -> Vec<usize> {
    let jump = matches!(
        insn.opc & ebpf::BPF_CLS_MASK,
        ebpf::BPF_JMP | ebpf::BPF_JMP32
    );
    match insn.opc {
        ebpf::EXIT => Vec::new(),
        ebpf::CALL => vec![index + 1],
        ebpf::JA => vec![target(index, insn.off.into())],
        ebpf::LD_DW_IMM => vec![index + 2],
        _ if jump => vec![index + 1, target(index, insn.off.into())],
        _ => vec![index + 1],
    }
}
