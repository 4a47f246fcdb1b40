//! A made-up register file, for ctx to point to without a kernel.

use crate::{
    facts::{Facts, Reading},
    select::Endian,
};

/// The size of the file: as long as the longest `pt_regs`.
const FILE: usize = 400;

/// One machine's registers.
#[derive(Clone, Copy)]
pub struct Registers {
    bytes: [u8; FILE],
    pub facts: &'static Facts,
    pub endian: Endian,
}

impl Registers {
    /// A file in which every slot holds the value of its number.
    pub fn numbered(
        facts: &'static Facts,
        endian: Endian,
        mut value: impl FnMut(u64) -> u64,
    ) -> Self {
        let mut bytes = [0; FILE];
        for (number, slot) in bytes.chunks_exact_mut(facts.word).enumerate() {
            slot.copy_from_slice(&value(number as u64).to_ne_bytes()[..facts.word]);
        }
        Self {
            bytes,
            facts,
            endian,
        }
    }

    pub fn bytes(&self) -> &[u8; FILE] {
        &self.bytes
    }

    pub fn set(&mut self, reading: Reading, value: u64) {
        let slot = reading.slot;
        self.bytes[slot.offset..][..slot.width].copy_from_slice(&value.to_ne_bytes()[..slot.width]);
    }

    pub fn get(&self, reading: Reading) -> u64 {
        let slot = reading.slot;
        let mut bytes = [0; 8];
        bytes[..slot.width].copy_from_slice(&self.bytes[slot.offset..][..slot.width]);
        let value = u64::from_ne_bytes(bytes).wrapping_add(reading.plus);
        reading.mask.map_or(value, |mask| value & u64::from(mask))
    }
}
