//! The return instructions in the code of a function.
//!
//! x86 and x86_64 are read by a disassembler, because an instruction there has any length. Elsewhere the assembler of Go has
//! one encoding of a return instruction, and it is compared with each instruction, whose length is known of its first bytes:
//! always 4, or by the rule of the machine (s390x: z/Architecture Principles of Operation, "Instruction Formats"; riscv64:
//! the unprivileged ISA, "Base Instruction-Length Encoding"). No disassembler is needed for that, and there is none in use
//! that knows all of them.

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use probe_abi::machine::{Endian, Machine};

/// A return instruction: where it is in the code, and by how many bytes it gives back the stack itself.
pub type Found = (u64, u32);

/// All of them, in order. `None` if nothing is known of the machine.
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

/// By their encoding: `src/cmd/internal/obj/<machine>` of Go's sources.
fn encoded(machine: &Machine, endian: Endian, code: &[u8]) -> Option<Vec<Found>> {
    let gives_back: fn(u32) -> Option<u32> = match machine.name {
        // ret
        "aarch64" => |word| (word == 0xd65f_03c0).then_some(0),
        // ldr pc, [sp], #12: the frame goes with it. add pc, lr, #0.
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
            // One of 6 bytes is none of these.
            Endian::Big => bytes.iter().take(4).fold(0, shifted),
        };
        found.extend(gives_back(word).map(|gives_back| (at as u64, gives_back)));
        at += length;
    }
    Some(found)
}
