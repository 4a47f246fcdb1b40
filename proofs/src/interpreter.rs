//! Runs BPF programs without a kernel: with rbpf, and with additions that rbpf lacks.

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ptr, slice,
};

use rbpf::ebpf::{self, Insn};

use crate::{
    object::{constants, is_local_call},
    select::Endian,
};

/// The constants of an object's programs, at addresses of this process.
#[derive(Default)]
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

/// The number of a helper, and its function.
pub type Helper = (u32, fn(u64, u64, u64, u64, u64) -> u64);

/// The value that a program without helpers returns for each ctx.
pub fn run<'a>(
    program: &[Insn],
    constants: &Constants,
    contexts: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<u64>, String> {
    run_with(&[], program, constants, contexts)
}

/// The value that a program returns for each ctx.
pub fn run_with<'a>(
    helpers: &[Helper],
    program: &[Insn],
    constants: &Constants,
    contexts: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<u64>, String> {
    Program::new(program, Endian::Little)?.run_with(helpers, constants, contexts)
}

/// A program that is ready to run.
pub struct Program {
    bytes: Vec<u8>,
    frames: BTreeMap<usize, u16>,
}

impl Program {
    /// A program of an object of that endianness.
    ///
    /// `Err` if the program is for a big-endian machine and writes to its stack in a way that is not supported here.
    pub fn new(program: &[Insn], endian: Endian) -> Result<Self, String> {
        let program = match endian {
            Endian::Little => program.to_vec(),
            Endian::Big => with_memory_of_big_endian(program)?,
        };
        let program = with_wide_comparisons(&program);
        Ok(Self {
            frames: frames(&program),
            bytes: program.iter().flat_map(Insn::to_array).collect(),
        })
    }

    /// The value that it returns for each ctx, on a machine with that memory.
    pub fn run<'a>(
        &self,
        constants: &Constants,
        states: impl Iterator<Item = (&'a [u8], &'a Memory)>,
    ) -> Result<Vec<u64>, String> {
        let contexts = states.map(|(ctx, memory)| {
            MEMORY.set(memory.clone());
            ctx
        });
        let results = self.run_with(&READERS, constants, contexts);
        MEMORY.take();
        results
    }

    fn run_with<'a>(
        &self,
        helpers: &[Helper],
        constants: &Constants,
        contexts: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<u64>, String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut vm = rbpf::EbpfVmRaw::new(None).map_err(failed)?;
        vm.set_stack_usage_calculator(frame, Box::new(self.frames.clone()))
            .map_err(failed)?;
        vm.set_program(&self.bytes).map_err(failed)?;
        for &(number, helper) in helpers {
            vm.register_helper(number, helper).map_err(failed)?;
        }
        for section in constants.0.values() {
            let start = section.as_ptr().addr() as u64;
            vm.register_allowed_memory(start..start + section.len() as u64);
        }
        contexts
            .map(|ctx| {
                let mut ctx = ctx.to_vec();
                vm.execute_program(&mut ctx).map_err(failed)
            })
            .collect()
    }
}

/// The memory of a machine, which a program's helpers read.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// The memory of the process.
    pub user: Vec<Region>,
    /// The memory of the kernel.
    pub kernel: Vec<Region>,
}

/// Bytes at an address.
#[derive(Debug, Clone)]
pub struct Region {
    pub at: u64,
    pub bytes: Vec<u8>,
}

impl Region {
    /// `size` bytes at an address, if they are all here.
    fn get(&self, at: u64, size: u64) -> Option<&[u8]> {
        let start = usize::try_from(at.checked_sub(self.at)?).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        self.bytes.get(start..end)
    }
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// The helpers that read memory, by their numbers in `enum bpf_func_id` of `uapi/linux/bpf.h`.
const READERS: [Helper; 4] = [
    (112, probe_read_user),
    (113, probe_read_kernel),
    (114, probe_read_user_str),
    (115, probe_read_kernel_str),
];

fn probe_read_user(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    MEMORY.with_borrow(|memory| probe_read(&memory.user, to, size, from))
}

fn probe_read_kernel(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    MEMORY.with_borrow(|memory| probe_read(&memory.kernel, to, size, from))
}

fn probe_read_user_str(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    MEMORY.with_borrow(|memory| probe_read_str(&memory.user, to, size, from))
}

fn probe_read_kernel_str(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    MEMORY.with_borrow(|memory| probe_read_str(&memory.kernel, to, size, from))
}

const EFAULT: i64 = 14;

/// `bpf_probe_read_user` or `bpf_probe_read_kernel`: zeros and `-EFAULT` if there is no memory at the address.
fn probe_read(memory: &[Region], to: u64, size: u64, from: u64) -> u64 {
    let to = place(to, size);
    match memory.iter().find_map(|region| region.get(from, size)) {
        Some(bytes) => {
            to.copy_from_slice(bytes);
            0
        }
        None => {
            to.fill(0);
            -EFAULT as u64
        }
    }
}

/// `bpf_probe_read_user_str` or `bpf_probe_read_kernel_str`: the length with the final zero. A cut string has one too.
fn probe_read_str(memory: &[Region], to: u64, size: u64, from: u64) -> u64 {
    let to = place(to, size);
    for (at, end) in (from..).zip(1..=to.len()) {
        let byte = memory.iter().find_map(|region| region.get(at, 1));
        let Some(&[byte]) = byte else {
            to.fill(0);
            return -EFAULT as u64;
        };
        to[end - 1] = if end == to.len() { 0 } else { byte };
        if byte == 0 || end == to.len() {
            return end as u64;
        }
    }
    0
}

/// The memory that a program passes to a helper.
pub fn place<'a>(at: u64, size: u64) -> &'a mut [u8] {
    let start = ptr::with_exposed_provenance_mut::<u8>(at as usize);
    // SAFETY: the program passes a part of its stack, which is memory of this process, with its size. Nobody else uses
    // it while the helper runs.
    unsafe { slice::from_raw_parts_mut(start, size as usize) }
}

/// The same program, with values in memory as a big-endian machine has them. Each value is swapped after its load and
/// before its store. An instruction for a byte order has the effect that it has on that machine.
fn with_memory_of_big_endian(program: &[Insn]) -> Result<Vec<Insn>, String> {
    let swap = |register: u8, bits: i32| Insn {
        opc: ebpf::BE,
        dst: register,
        src: 0,
        off: 0,
        imm: bits,
    };
    let mut refused = None;
    let expand = |insn: &Insn| {
        let as_it_is = || insn.clone();
        match insn.opc {
            ebpf::LD_B_REG => vec![as_it_is()],
            ebpf::LD_H_REG => vec![as_it_is(), swap(insn.dst, 16)],
            ebpf::LD_W_REG => vec![as_it_is(), swap(insn.dst, 32)],
            ebpf::LD_DW_REG => vec![as_it_is(), swap(insn.dst, 64)],
            ebpf::ST_B_IMM | ebpf::ST_B_REG => vec![as_it_is()],
            // After the store, the register has its old value again.
            ebpf::ST_DW_REG if insn.src != insn.dst => {
                vec![swap(insn.src, 64), as_it_is(), swap(insn.src, 64)]
            }
            ebpf::BE => vec![Insn {
                opc: ebpf::LE,
                ..as_it_is()
            }],
            ebpf::LE => vec![Insn {
                opc: ebpf::BE,
                ..as_it_is()
            }],
            opc if matches!(opc & ebpf::BPF_CLS_MASK, ebpf::BPF_ST | ebpf::BPF_STX) => {
                refused = Some(as_it_is());
                vec![as_it_is()]
            }
            _ => vec![as_it_is()],
        }
    };
    let expanded = expanded(program, expand);
    match refused {
        None => Ok(expanded),
        Some(insn) => Err(format!("a big-endian `{insn:?}` is not run here")),
    }
}

/// The same program without some 64-bit comparisons with a negative number: comparisons for (in)equality, and for order
/// without a sign.
///
/// The number is extended by its sign (RFC 9669, 4.3: "imm" is sign-extended), but rbpf 0.4 extends it by zeros. rbpf
/// is right if the comparison itself has a sign, and so these are used here instead. A negative number taken without
/// its sign is at least half of the largest number.
fn with_wide_comparisons(program: &[Insn]) -> Vec<Insn> {
    expanded(program, |insn| match insn.imm < 0 {
        true => wide_comparison(insn),
        false => vec![insn.clone()],
    })
}

/// The same program, with some instructions in place of each instruction.
fn expanded(program: &[Insn], mut expand: impl FnMut(&Insn) -> Vec<Insn>) -> Vec<Insn> {
    let mut expanded: Vec<Vec<Insn>> = Vec::with_capacity(program.len());
    let mut constant = false;
    for insn in program {
        // The second half of a load of 64 bits looks like an instruction of its own.
        expanded.push(match constant {
            true => vec![insn.clone()],
            false => expand(insn),
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
                // The jump skips the comparison that it belongs to.
                insn.off = distance(here, starts[index + 1]) as i16;
            }
            rewritten.push(insn);
        }
    }
    rewritten
}

/// Instructions with the same effect as one instruction. A jump to the next instruction has the opposite of its offset.
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

/// The size of the stack that each function uses, by the function's first instruction.
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

/// The lowest offset in the stack that a function's instructions have.
fn lowest(insns: &[Insn]) -> i16 {
    const FRAME_POINTER: u8 = 10;
    let mut lowest = 0;
    // Registers that the frame pointer was copied to.
    let mut copies = BTreeSet::from([FRAME_POINTER]);
    for insn in insns {
        let place = match insn.opc & ebpf::BPF_CLS_MASK {
            ebpf::BPF_LDX if insn.src == FRAME_POINTER => insn.off,
            ebpf::BPF_ST | ebpf::BPF_STX if insn.dst == FRAME_POINTER => insn.off,
            // A lower offset is a number in a register that held a copy before.
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

/// rbpf calls this for the frame of the function that an instruction is in. The instruction is the function's first, or
/// any other one, because rbpf takes the numbers of helpers for distances. rbpf passes the box that it was given.
fn frame(_program: &[u8], instruction: usize, given: &mut dyn Any) -> u16 {
    let frames = given
        .downcast_ref::<Box<dyn Any>>()
        .and_then(|given| given.downcast_ref::<BTreeMap<usize, u16>>());
    let frame = frames.and_then(|frames| frames.range(..=instruction).next_back());
    frame.map_or(ebpf::STACK_SIZE as u16, |(_, frame)| *frame)
}
