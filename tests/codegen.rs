//! A read costs as much as in C. For every role of every machine the emitted instructions are compared, and whole
//! probes are compared with the same probes in C.

mod codegen {
    pub mod go;
}

use std::sync::LazyLock;

use proofs::{
    bpf::{Reads, Toolchain},
    c, ctx,
    facts::{Facts, Reading},
    interpreter::{Constants, Memory, Program},
    libbpf::Headers,
    object::Object,
    pairs,
    proof::{Proof, none, run},
    select::Endian,
};
use rbpf::ebpf::{self, Insn};

fn main() {
    let toolchain = Toolchain::find();
    let clang = c::clang();
    let mut proofs = Vec::new();
    // Without a toolchain each proof reports that once.
    let ways = match &toolchain {
        Ok(toolchain) => toolchain.ways(),
        Err(_) => Vec::new(),
    };
    let all_ways = ways.clone();
    let named = |what: &str, needs: Result<(), String>, work: fn(Object, Endian) -> Verdict| {
        let each = |(endian, way): (Endian, Option<&(Reads, Toolchain)>)| {
            let name = match way {
                Some((reads, _)) => format!("{endian}, {reads}: {what}"),
                None => format!("{endian}: {what}"),
            };
            let way = way.map(|(_, toolchain)| toolchain.clone());
            Proof::new(name, needs.clone(), move || {
                let toolchain = way.ok_or("there is no toolchain")?;
                work(Object::parse(&pairs::ours(&toolchain, endian)?)?, endian)
            })
        };
        let endians = [Endian::Little, Endian::Big].into_iter();
        let ways: Vec<_> = match ways.as_slice() {
            [] => vec![None],
            ways => ways.iter().map(Some).collect(),
        };
        let product = endians.flat_map(|endian| ways.iter().map(move |&way| (endian, way)));
        product.map(each).collect::<Vec<_>>()
    };
    let found = toolchain.as_ref().map(drop).map_err(String::clone);
    let and_clang = found.clone().and(clang.clone().map(drop));
    proofs.extend(named(
        "a role is one load of its slot",
        found.clone(),
        every_role,
    ));
    proofs.extend(named(
        "what becomes of a value does not reshape its read",
        found.clone(),
        every_reshaped,
    ));
    proofs.extend(named(
        "no more instructions than C",
        and_clang,
        |ours, endian| {
            let c = Object::parse(&pairs::c(&c::clang()?, endian, true)?)?;
            beside_c(&ours, &c, endian)
        },
    ));
    let needs_clang = found.clone().and(clang.clone().map(drop));
    for endian in [Endian::Little, Endian::Big] {
        for (reads, toolchain) in &all_ways {
            let toolchain = toolchain.clone();
            let name = format!("{endian}, {reads}: Go, no more instructions than C");
            proofs.push(Proof::new(name, needs_clang.clone(), move || {
                codegen::go::beside_c(&toolchain, endian)
            }));
        }
    }
    proofs.extend(named(
        "no more instructions than C with libbpf's macros",
        found.and(clang.map(drop)).and(headers().map(drop)),
        beside_libbpf,
    ));
    run(proofs)
}

/// libbpf's headers, asked for once.
fn headers() -> Result<Headers, String> {
    static HEADERS: LazyLock<Result<Headers, String>> = LazyLock::new(Headers::newest);
    HEADERS.clone()
}

type Verdict = Result<(), String>;

fn every_role(object: Object, endian: Endian) -> Result<(), String> {
    let mut complaints = Vec::new();
    for facts in pairs::machines(endian)? {
        for pair in pairs::reads(facts, endian) {
            let Some(reading) = pair.reading else {
                return Err(format!("`{}` is no single read", pair.name));
            };
            let symbol = pairs::symbol(facts, &pair);
            let emitted = object.program(&symbol)?;
            let expected = expected(facts, reading);
            if emitted != expected {
                complaints.push(format!("{symbol}: {emitted:?}\nand not {expected:?}"));
            }
        }
    }
    none(complaints)
}

/// A load, the operations on the value, and the return.
fn expected(facts: &Facts, reading: Option<Reading>) -> Vec<Insn> {
    let unary = |opc, imm| insn(opc, 0, 0, 0, imm);
    let exit = unary(ebpf::EXIT, 0);
    let Some(Reading { slot, plus, mask }) = reading else {
        return vec![unary(ebpf::MOV64_IMM, 0), exit];
    };
    let load = match slot.width {
        4 => ebpf::LD_W_REG,
        _ => ebpf::LD_DW_REG,
    };
    let mut insns = vec![insn(load, 0, 1, slot.offset as i16, 0)];
    if plus != 0 {
        insns.push(unary(ebpf::ADD64_IMM, plus as i32));
        if facts.word == 4 {
            // The sum has 32 bits, and this processor only adds 64 bits.
            insns.extend([unary(ebpf::LSH64_IMM, 32), unary(ebpf::RSH64_IMM, 32)]);
        }
    }
    insns.extend(mask.map(|mask| unary(ebpf::AND64_IMM, mask as i32)));
    insns.push(exit);
    insns
}

fn insn(opc: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    Insn {
        opc,
        dst,
        src,
        off,
        imm,
    }
}

fn every_reshaped(object: Object, endian: Endian) -> Result<(), String> {
    let mut complaints = Vec::new();
    for facts in pairs::machines(endian)? {
        let slot = facts.arguments[0];
        let whole = expected(facts, Some(slot))[0].clone();
        for pair in pairs::reshaped(facts) {
            let symbol = pairs::symbol(facts, &pair);
            let emitted = object.program(&symbol)?;
            let loads: Vec<&Insn> = emitted
                .iter()
                .filter(|insn| insn.opc & ebpf::BPF_CLS_MASK == ebpf::BPF_LDX)
                .collect();
            if loads.is_empty() || loads.iter().any(|load| load.opc != whole.opc) {
                complaints.push(format!("{symbol}: {loads:?}, and not all like {whole:?}"));
            }
        }
    }
    none(complaints)
}

/// Compares with C as kernels have it, with a fence where the compiler would merge reads.
fn beside_c(ours: &Object, c: &Object, endian: Endian) -> Result<(), String> {
    let mut complaints = Vec::new();
    for facts in pairs::machines(endian)? {
        for pair in pairs::all(facts, endian) {
            let symbol = pairs::symbol(facts, &pair);
            let c = c.program(&symbol)?;
            ctx::check(&c).map_err(|why| format!("the C of {symbol} {why}"))?;
            let (ours, c) = (ours.program(&symbol)?.len(), c.len());
            if ours > c {
                complaints.push(format!("{symbol}: {ours} instructions, and {c} in C"));
            }
        }
    }
    none(complaints)
}

/// Compares the results and the lengths of typed probes.
fn beside_libbpf(ours: Object, endian: Endian) -> Result<(), String> {
    let mut complaints = Vec::new();
    for facts in pairs::machines(endian)? {
        let c = pairs::with_libbpf(&headers()?, &c::clang()?, facts, endian)?;
        let c = Object::parse(&c)?;
        let mut differs = false;
        for typed in pairs::typed(facts) {
            let symbol = pairs::typed_symbol(facts, &typed);
            let (ours, c) = (ours.program(&symbol)?, c.program(&symbol)?);
            let (given, expected) = (given(&ours, endian)?, given(&c, endian)?);
            if pairs::libbpf_is_wrong(facts) {
                differs |= given != expected;
                continue;
            }
            if given != expected {
                complaints.push(format!("{symbol}: gives {given:x?}, and C {expected:x?}"));
            }
            if ours.len() > c.len() + typed.for_errors {
                complaints.push(format!(
                    "{symbol}: {} instructions, and {} in C with libbpf: {ours:?}",
                    ours.len(),
                    c.len()
                ));
            }
        }
        if differs != (pairs::libbpf_is_wrong(facts)) {
            let name = facts.name();
            complaints.push(format!("{name}: libbpf's macros have become right"));
        }
    }
    none(complaints)
}

/// The results of a program for registers with positive and negative values, in which neighbouring bytes differ. There
/// is no memory.
fn given(program: &[Insn], endian: Endian) -> Result<Vec<u64>, String> {
    let program = Program::new(program, endian)?;
    let registers = [0x00, 0x5a, 0xff].map(|mask| {
        let bytes = (0..400_u32).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8 ^ mask);
        bytes.collect::<Vec<_>>()
    });
    let memory = Memory::default();
    let states = registers
        .iter()
        .map(|registers| (registers.as_slice(), &memory));
    program.run(&Constants::default(), states)
}
