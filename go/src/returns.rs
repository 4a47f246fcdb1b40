//! The return instructions in the code of a function.
//!
//! A disassembler reads x86 and x86_64, because an instruction there may have any length. On each of the other machines
//! Go's assembler has one or two encodings of a return instruction. They are compared with each instruction. The length
//! of an instruction is always 4, or follows from its first bytes by the rule of the machine (s390x: z/Architecture
//! Principles of Operation, "Instruction Formats"; riscv64: the unprivileged ISA, "Base Instruction-Length Encoding").
//! This needs no disassembler, and no disassembler in use supports all of these machines.

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use probe_abi::machine::{Endian, Machine};

/// A return instruction: its offset in the code, and how many bytes of stack it gives back itself.
pub type Found = (u64, u32);

/// All return instructions, in order. `None` if their encoding is not known for the machine.
pub fn find(machine: &Machine, endian: Endian, code: &[u8]) -> Option<Vec<Found>> {
    let bits = match machine.name {
        "x86_64" => 64,
        "x86" => 32,
        _ => return encoded(machine, endian, code),
    };
    let mut decoder = Decoder::new(bits, code, DecoderOptions::NONE);
    let mut found = Vec::new();
    while decoder.can_decode() {
        let at = decoder.position() as u64;
        let instruction = decoder.decode();
        if instruction.mnemonic() == Mnemonic::Ret {
            found.push((at, 0));
        }
    }
    Some(found)
}

/// The return instructions by their encoding: `src/cmd/internal/obj/<machine>` of Go's sources.
fn encoded(machine: &Machine, endian: Endian, code: &[u8]) -> Option<Vec<Found>> {
    let gives_back: fn(u32) -> Option<u32> = match machine.name {
        // ret
        "aarch64" => |word| (word == 0xd65f_03c0).then_some(0),
        // ldr pc, [sp], #12, which gives back the frame too. add pc, lr, #0.
        "arm" => |word| match word & 0xffff_f000 {
            0xe49d_f000 => Some(word & 0xfff),
            0xe28e_f000 if word & 0xfff == 0 => Some(0),
            _ => None,
        },
        // jr ra
        "mips" | "mips64" => |word| (word == 0x03e0_0008).then_some(0),
        // blr
        "powerpc64" => |word| (word == 0x4e80_0020).then_some(0),
        // jirl zero, ra, 0
        "loongarch64" => |word| (word == 0x4c00_0020).then_some(0),
        // jalr zero, 0(ra); c.jr ra
        "riscv64" => |word| matches!(word, 0x0000_8067 | 0x8082).then_some(0),
        // br %r14
        "s390x" => |word| (word == 0x07fe).then_some(0),
        _ => return None,
    };
    let length = |first: &[u8]| match machine.name {
        "riscv64" if first[0] & 3 != 3 => 2,
        "s390x" => [2, 4, 4, 6][usize::from(first[0] >> 6)],
        _ => 4,
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let length = length(rest);
        let Some(bytes) = rest.get(..length) else {
            break;
        };
        let shifted = |word: u32, byte: &u8| word << 8 | u32::from(*byte);
        let word = match endian {
            Endian::Little => bytes.iter().rev().fold(0, shifted),
            // An instruction of 6 bytes is not a return instruction.
            Endian::Big => bytes.iter().take(4).fold(0, shifted),
        };
        found.extend(gives_back(word).map(|gives_back| (at as u64, gives_back)));
        at += length;
    }
    Some(found)
}
