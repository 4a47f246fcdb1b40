//! The values that a probe reads by an operand, over made-up registers and made-up memory.

use probe_abi::{machine::Machine, operand::Operand, testing};
use proofs::{
    facts::Facts,
    operands::{HOST, read_of},
    proof,
    registers::Registers,
    select,
};

/// The meaning of an operand.
#[derive(Debug, Clone, Copy)]
enum Is {
    Constant(u64),
    /// The register of that name, or a part of one.
    Register(&'static str),
    /// The bytes at the address in the first register, plus a number.
    At(&'static str, i64),
    /// The same with a second register: its low bytes, as a signed number or not, multiplied.
    Indexed(&'static str, i64, &'static str, Index),
    /// The bytes at an address.
    Absolute(u64),
}

#[derive(Debug, Clone, Copy)]
enum Index {
    Times(u64),
    Low32Times(u64),
    Signed32Times(u64),
}

use Index::{Low32Times, Signed32Times, Times};
use Is::{Absolute, At, Constant, Indexed, Register};

const X86: &[(&str, Is)] = &[
    ("4@$71", Constant(71)),
    ("-4@$-1", Constant(u64::MAX)),
    ("1@$511", Constant(255)),
    ("8@$0xffffffffffffffff", Constant(u64::MAX)),
    ("1@%al", Register("al")),
    ("-1@%ah", Register("ah")),
    ("-2@%si", Register("si")),
    ("4@4660", Absolute(4660)),
];

const RISCV: &[(&str, Is)] = &[
    ("-4@5", Constant(5)),
    ("-4@a1", Register("a1")),
    ("2@x10", Register("a0")),
    ("-2@-20(s0)", At("s0", -20)),
    ("8@0(fp)", At("s0", 0)),
    ("1@2(x2)", At("sp", 2)),
];

const MIPS: &[(&str, Is)] = &[
    ("-4@-5", Constant(-5i64 as u64)),
    ("-4@$4", Register("a0")),
    ("1@$v0", Register("v0")),
    ("-8@24($fp)", At("s8", 24)),
    ("4@0($29)", At("sp", 0)),
];

const POWERPC: &[(&str, Is)] = &[
    ("-4@i5", Constant(5)),
    ("-4@31", Register("r31")),
    ("1@%r0", Register("r0")),
    ("-8@8(1)", At("r1", 8)),
    ("4@-12(%r31)", At("r31", -12)),
    ("-2@5,9", Indexed("r5", 0, "r9", Times(1))),
    ("1@0,9", At("r9", 0)),
    ("4@4660(0)", Absolute(4660)),
];

/// Operands of a machine, and their meanings.
fn cases(machine: &str) -> Vec<(&'static str, Is)> {
    let more: &[(&str, Is)] = match machine {
        "x86_64" => &[
            ("-4@%eax", Register("eax")),
            ("8@%r11", Register("r11")),
            ("1@%r9b", Register("r9b")),
            ("-8@-8(%rbp)", At("rbp", -8)),
            ("2@16(%rbx,%rcx)", Indexed("rbx", 16, "rcx", Times(1))),
            ("-1@(%rbx,%rcx,8)", Indexed("rbx", 0, "rcx", Times(8))),
            ("8f@0x10(%rdi)", At("rdi", 16)),
        ],
        "x86" => &[
            ("-4@%eax", Register("eax")),
            ("-8@-8(%ebp)", At("ebp", -8)),
            ("4@16(%ebx,%ecx,4)", Indexed("ebx", 16, "ecx", Times(4))),
        ],
        "aarch64" => &[
            ("-4@5", Constant(5)),
            ("-4@#5", Constant(5)),
            ("-4@x1", Register("x1")),
            ("-4@w30", Register("x30")),
            ("8@sp", Register("sp")),
            ("-8@[x19, 8]", At("x19", 8)),
            ("1@[sp]", At("sp", 0)),
            ("2@[x0,-16]", At("x0", -16)),
            ("4@[x2, x3]", Indexed("x2", 0, "x3", Times(1))),
            ("8@[x2, x3, lsl 3]", Indexed("x2", 0, "x3", Times(8))),
            (
                "-4@[x2, w3, sxtw 2]",
                Indexed("x2", 0, "x3", Signed32Times(4)),
            ),
            ("-1@[x2, w3, uxtw]", Indexed("x2", 0, "x3", Low32Times(1))),
        ],
        "arm" => &[
            ("4@#71", Constant(71)),
            ("-4@r4", Register("r4")),
            ("-2@ip", Register("r12")),
            ("-4@[fp, #-8]", At("r11", -8)),
            ("8@[sp]", At("r13", 0)),
            ("1@[r3, r2]", Indexed("r3", 0, "r2", Times(1))),
            ("-4@[r3, r2, asl #2]", Indexed("r3", 0, "r2", Times(4))),
        ],
        "s390x" => &[
            ("-4@-5", Constant(-5i64 as u64)),
            ("-8@%r2", Register("r2")),
            ("2@%r11", Register("r11")),
            ("-4@160(%r15)", At("r15", 160)),
            ("1@0(%r1,%r2)", Indexed("r2", 0, "r1", Times(1))),
        ],
        "loongarch64" | "loongarch32" => &[
            ("-4@5", Constant(5)),
            ("-4@$r12", Register("t0")),
            ("-4@$r23,12", At("s0", 12)),
            ("2@$fp,-20", At("fp", -20)),
            ("1@$r12,$r13", Indexed("t0", 0, "t1", Times(1))),
        ],
        "sparc64" => &[
            ("-4@5", Constant(5)),
            ("-4@%o0", Register("o0")),
            ("-8@[%sp+2047]", At("o6", 2047)),
            ("1@[%g1-1]", At("g1", -1)),
            ("4@[%o1]", At("o1", 0)),
            ("2@[%g1+%g2]", Indexed("g1", 0, "g2", Times(1))),
        ],
        _ => &[],
    };
    let family = match machine {
        "x86_64" | "x86" => X86,
        "riscv64" | "riscv32" => RISCV,
        "mips" | "mips64" => MIPS,
        "powerpc" | "powerpc64" => POWERPC,
        _ => &[],
    };
    [family, more].concat()
}

/// The bytes in memory. Each byte is negative.
const BYTES: [u8; 8] = [0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x88];

pub fn agrees(machine: &'static Machine) -> Result<(), String> {
    let row = select::Machine::named(machine.name).ok_or("it is not a row of the table")?;
    let facts = Facts::of(row)?;
    let read = read_of(machine.name).ok_or("the table has it, and not this test")?;
    let cases = cases(machine.name);
    if cases.len() < 5 {
        return Err("there are no cases for this machine".to_owned());
    }
    // Addresses, and numbers whose upper half matters.
    let numbered: [fn(u64) -> u64; 3] = [
        |number| 0x4000_0000 + number * 0x1_0000,
        |number| 0x9000_0000 + number * 0x1_0000,
        |number| 0x7fff_0000_f000_0000 + number * 0x10_0000,
    ];
    let mut checked = 0;
    for number in numbered {
        let file = Registers::numbered(facts, HOST, number);
        for &(text, is) in &cases {
            let operand = Operand::parse(text, machine).map_err(|error| error.to_string())?;
            let expected = expected(machine, is, &operand, text, &file)?;
            let value = read(&operand, file.bytes());
            if value != Ok(expected) {
                return Err(format!("`{text}` reads {value:x?}, and not {expected:#x}"));
            }
            checked += 1;
        }
        // There is no memory at these addresses.
        let error = Operand::parse(
            cases
                .iter()
                .find(|(_, is)| matches!(is, At(..)))
                .ok_or("no address")?
                .0,
            machine,
        );
        let nowhere = Registers::numbered(facts, HOST, |_| 0x123);
        if read(&error.map_err(|error| error.to_string())?, nowhere.bytes()) != Err(-14) {
            return Err("what lies nowhere is read".to_owned());
        }
    }
    let stray = machine
        .register(machine.registers.get(0).unwrap().name)
        .map_err(|error| error.to_string())?;
    let stray = probe_abi::registers::View {
        slot: probe_abi::machine::Slot {
            offset: 397,
            ..stray.slot
        },
        ..stray
    };
    let class = probe_abi::operand::Class::Signed;
    for operand in [
        Operand::register(stray, 4, class),
        Operand::memory(stray, 8, 4, class),
    ] {
        if read(&operand, &[0; 400]) != Err(-22) {
            return Err("a slot that is none is read".to_owned());
        }
    }
    if read(&Operand::default(), &[0; 400]) != Ok(0) {
        return Err("zeros are no constant".to_owned());
    }
    proof::checked("made-up registers and memory", machine.name, checked);
    Ok(())
}

/// The value, by the meaning of the operand.
fn expected(
    machine: &Machine,
    is: Is,
    operand: &Operand,
    text: &str,
    file: &Registers,
) -> Result<u64, String> {
    let word = |bits: u64| match machine.word {
        4 => u64::from(bits as u32),
        _ => bits,
    };
    let register = |name| {
        let view = machine.register(name).map_err(|error| error.to_string())?;
        let bytes = &file.bytes()[view.slot.offset.into()..][..machine.word.into()];
        let value = match *bytes {
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
            _ => u64::from_ne_bytes(bytes.try_into().map_err(|_| "a word has 4 or 8 bytes")?),
        };
        Ok::<_, String>(view.of(value))
    };
    let size = usize::from(operand.size());
    let at = |address: u64| {
        let address = word(address);
        testing::user_at::<[u8; 8], u64>(probe_abi::arch::Ptr::new(address), BYTES);
        match BYTES[..size] {
            [a] => a.into(),
            [a, b] => u16::from_ne_bytes([a, b]).into(),
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
            _ => u64::from_ne_bytes(BYTES),
        }
    };
    let bits = match is {
        Constant(value) => value,
        Register(name) => register(name)?,
        Absolute(address) => at(address),
        At(base, plus) => at(register(base)?.wrapping_add_signed(plus)),
        Indexed(base, plus, index, how) => {
            let index = register(index)?;
            let index = match how {
                Times(factor) => index.wrapping_mul(factor),
                Low32Times(factor) => u64::from(index as u32).wrapping_mul(factor),
                Signed32Times(factor) => i64::from(index as i32).wrapping_mul(factor as i64) as u64,
            };
            at(register(base)?
                .wrapping_add(index)
                .wrapping_add_signed(plus))
        }
    };
    let is_signed = text.starts_with('-');
    Ok(match (size, is_signed) {
        (1, true) => i64::from(bits as i8) as u64,
        (2, true) => i64::from(bits as i16) as u64,
        (4, true) => i64::from(bits as i32) as u64,
        (1, false) => u64::from(bits as u8),
        (2, false) => u64::from(bits as u16),
        (4, false) => u64::from(bits as u32),
        _ => bits,
    })
}
