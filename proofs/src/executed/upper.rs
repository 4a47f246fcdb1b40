//! The bits of a slot that a narrow value does not fill: the values that callers leave there, and the values that
//! callees rely on.

use std::collections::BTreeMap;

use super::{Execution, Place, Read, Source, TYPES, Type, number};

/// The place of a narrow value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    Register,
    Stack,
    Returned,
}

/// The bits above a value: up to 32, and above.
type Bits<T> = [Option<T>; 2];

/// The bits that are left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Zeros,
    /// The value's top bit, whatever its type says.
    Sign,
    /// Something else, or different bits in different calls.
    Garbage,
}

/// The rule of a psABI for these bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    /// A value is extended to the whole slot, with its sign or with zeros, as its type is.
    Extended,
    /// The same, except that a value of 32 bits is extended with its sign even if its type has no sign.
    SignExtended,
    /// No rule holds for all values.
    Unspecified,
}

/// The facts of a type's values in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upper {
    pub left: Bits<Left>,
    /// Whether the reader of the value takes these bits for its extension.
    pub relied_on: Bits<bool>,
}

impl Execution {
    /// By type (an index in `TYPES`) and place of the value.
    pub fn upper(&self) -> BTreeMap<(usize, Where), Upper> {
        let mut all: BTreeMap<_, Upper> = BTreeMap::new();
        let mut add = |ty: &'static Type, place, upper: Upper| {
            let index = TYPES.iter().position(|other| other == ty);
            let known = all
                .entry((index.unwrap_or(TYPES.len()), place))
                .or_insert(upper);
            for bits in 0..2 {
                if known.left[bits] != upper.left[bits] {
                    known.left[bits] = Some(Left::Garbage);
                }
                if upper.relied_on[bits] == Some(true) {
                    known.relied_on[bits] = Some(true);
                }
            }
        };
        for executed in &self.prototypes {
            let types = executed.prototype.parameters.iter();
            for (ty, read) in types.zip(&executed.parameters) {
                let slots = executed
                    .called
                    .each_ref()
                    .map(|(entry, _)| match read.place {
                        Some(Place::Register(register)) => Some(entry.registers[register]),
                        Some(Place::Stack(offset)) => {
                            let start = offset - self.bias;
                            let slot = start - start % self.word;
                            Some(number(&entry.stack[slot..][..self.word], self.endian))
                        }
                        _ => None,
                    });
                let place = match read.place {
                    Some(Place::Stack(_)) => Where::Stack,
                    _ => Where::Register,
                };
                if let ([Some(first), Some(second)], true) = (slots, read.size < self.word) {
                    add(ty, place, self.bits([first, second], read));
                }
            }
            let returned = executed.prototype.returns.zip(executed.returned.as_ref());
            if let Some((ty, read)) = returned
                && let Some(Place::Register(register)) = read.place
                && read.size < self.word
            {
                let slots = executed
                    .returns
                    .each_ref()
                    .map(|(registers, _)| registers[register]);
                add(ty, Where::Returned, self.bits(slots, read));
            }
        }
        all
    }

    fn bits(&self, slots: [u64; 2], read: &Read) -> Upper {
        let [first, second] = slots.map(u64::to_le_bytes);
        let ranges = [read.size..4, read.size.max(4)..self.word];
        let left = ranges.clone().map(|range| {
            let mut bytes = range.map(|byte| match (first[byte], second[byte]) {
                (0, 0) => Left::Zeros,
                (0, 0xff) => Left::Sign,
                _ => Left::Garbage,
            });
            let left = bytes.next()?;
            Some(if bytes.all(|byte| byte == left) {
                left
            } else {
                Left::Garbage
            })
        });
        let relied_on = ranges.map(|range| {
            let from_slot =
                |source: &Source| matches!(source, Source::Register(..) | Source::Stack(_));
            let bytes = read.bytes.get(range).filter(|bytes| !bytes.is_empty())?;
            Some(bytes.iter().any(from_slot))
        });
        Upper { left, relied_on }
    }
}
