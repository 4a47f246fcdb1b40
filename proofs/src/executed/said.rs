//! The output of a program. `driver.c` writes it.

use super::{Calls, PARAMETERS, Prototype, STACK, Stub};
use crate::select::Endian;

pub struct Execution {
    pub endian: Endian,
    pub word: usize,
    /// The distance of the stack from the stack pointer: the stack is above.
    pub bias: usize,
    /// The registers that the stub sees, by the kernel's names of their slots.
    pub registers: Vec<String>,
    /// At the entry of a function that is called without arguments.
    pub call: Entry,
    /// The address that this call returns to, or the address one word after it.
    pub after: u64,
    /// At the entry of a function whose caller has a frame pointer.
    pub framed: Entry,
    /// The address of that frame, by the compiler.
    pub frame: u64,
    /// The place where a function has found its return address, and the distance from that address to the one it has
    /// returned to.
    pub returned_from: Place,
    pub returned_behind: u64,
    pub prototypes: Vec<Executed>,
}

/// A prototype, and the behaviour of its functions in two runs: in one run the top bit of each byte is clear, in the
/// other it is set.
pub struct Executed {
    pub prototype: Prototype,
    /// The kind of convention that it has.
    pub calls: Calls,
    /// The places where a callee has read its parameters.
    pub parameters: Vec<Read>,
    /// The place where a caller has read the return value.
    pub returned: Option<Read>,
    /// At the entry of a function of that prototype, and the values that it was called with.
    pub called: [(Entry, Vec<u64>); 2],
    /// The registers after a callee has returned, and the value that it should have returned.
    pub returns: [(Vec<u64>, u64); 2],
}

/// The machine at a function's first instruction.
pub struct Entry {
    pub registers: Vec<u64>,
    /// The address of the bytes on the stack.
    pub stack_at: u64,
    pub stack: Vec<u8>,
}

/// The sources of the bytes of a value that was converted to 64 bits, the least significant first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    pub bytes: [Source; 8],
    pub size: usize,
    /// The place of the value itself, if its bytes are in one place.
    pub place: Option<Place>,
}

/// The source of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A byte of a register: the register's index, and the number of less significant bytes in it.
    Register(usize, usize),
    /// The distance in bytes above the address in the stack pointer's slot.
    Stack(usize),
    Zeros,
    /// The top bit of the byte below.
    Sign,
    /// The two values do not tell the source.
    Unknown(u8, u8),
}

/// The place of a value. Registers are indices, and offsets count from the address in the stack pointer's slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Register(usize),
    Pair { low: usize, high: usize },
    Split { low: usize, high: usize },
    Stack(usize),
}

/// The value that the driver sends as a parameter, or as the return value.
fn sent(parameter: usize, run: usize) -> u64 {
    let first = 0x10 + 8 * parameter as u8;
    let value = u64::from_le_bytes(std::array::from_fn(|byte| first + byte as u8));
    if run == 0 { value } else { !value }
}

impl Execution {
    pub(super) fn read(
        stub: &Stub,
        endian: Endian,
        calls: Calls,
        prototypes: Vec<Prototype>,
        output: &[u8],
    ) -> Result<Self, String> {
        let mut output = Output {
            rest: output,
            word: stub.word,
            endian,
        };
        let registers = stub.registers();
        let count = registers.len();
        let call = output.entry(count);
        let after = output.word();
        let frame = output.word();
        let framed = output.entry(count);
        let landing = output.word().wrapping_sub(output.word());
        let bytes = Numbers {
            stub,
            endian,
            registers: count,
        };
        let returned_from = match bytes.source(landing as usize / 16 * stub.word) {
            Source::Register(register, _) => Place::Register(register),
            Source::Stack(offset) => Place::Stack(offset),
            other => return Err(format!("a callee returns to {other:?}")),
        };
        let mut executed = Vec::new();
        for prototype in prototypes {
            executed.push(Executed::read(&bytes, calls, prototype, &mut output));
        }
        match output.rest {
            [] => Ok(Self {
                endian,
                word: stub.word,
                bias: stub.bias,
                registers,
                call,
                after,
                framed,
                frame,
                returned_from,
                returned_behind: landing % 16,
                prototypes: executed,
            }),
            rest => Err(format!("{} bytes are left", rest.len())),
        }
    }

    /// The place where a value was read, for a complaint.
    pub fn named(&self, read: Read) -> String {
        let name = |register: usize| &self.registers[register];
        match read.place {
            Some(Place::Register(register)) => name(register).clone(),
            Some(Place::Pair { low, high }) => format!("{} and {}", name(low), name(high)),
            Some(Place::Split { low, high }) => format!("{} and the stack + {high}", name(low)),
            Some(Place::Stack(offset)) => format!("the stack + {offset}"),
            None => format!("{:?}", read.bytes),
        }
    }
}

impl Executed {
    fn read(
        bytes: &Numbers<'_>,
        calls: Calls,
        prototype: Prototype,
        output: &mut Output<'_>,
    ) -> Self {
        let word = bytes.stub.word;
        let runs = [0, 1].map(|run| {
            let entry = output.entry(bytes.registers);
            let got = output.number(8);
            let parameters: Vec<u64> = (0..PARAMETERS).map(|_| output.number(8)).collect();
            (entry, got, parameters, output.words(bytes.registers), run)
        });
        let [first, second] = &runs;
        let parameters = prototype
            .parameters
            .iter()
            .enumerate()
            .map(|(n, ty)| bytes.read([first.2[n], second.2[n]], ty.size(word)));
        let parameters = parameters.collect();
        let returned = prototype
            .returns
            .map(|ty| bytes.read([first.1, second.1], ty.size(word)));
        Self {
            parameters,
            returned,
            calls: prototype.convention(calls, bytes.stub, bytes.endian),
            returns: [0, 1].map(|run| (runs[run].3.clone(), sent(PARAMETERS, run))),
            called: runs
                .map(|(entry, .., run)| (entry, (0..PARAMETERS).map(|n| sent(n, run)).collect())),
            prototype,
        }
    }
}

impl Entry {
    /// The memory at an address, if the stub has seen it.
    pub fn memory(&self, address: u64, size: usize) -> Option<&[u8]> {
        let from = usize::try_from(address.checked_sub(self.stack_at)?).ok()?;
        self.stack.get(from..from.checked_add(size)?)
    }
}

/// The numbers of all bytes of registers and stack. The driver puts them there.
struct Numbers<'a> {
    stub: &'a Stub,
    endian: Endian,
    registers: usize,
}

impl Numbers<'_> {
    /// The byte of that number.
    fn source(&self, number: usize) -> Source {
        let word = self.stub.word;
        let (register, byte) = (number / word, number % word);
        match (register < self.registers, self.endian) {
            (false, _) => Source::Stack(number - self.registers * word + self.stub.bias),
            (true, Endian::Little) => Source::Register(register, byte),
            (true, Endian::Big) => Source::Register(register, word - 1 - byte),
        }
    }

    fn read(&self, values: [u64; 2], size: usize) -> Read {
        let [first, second] = values.map(u64::to_le_bytes);
        let bytes = std::array::from_fn(|index| match (first[index], second[index]) {
            (low @ 0x20..0x60, high @ 0xa0..0xe0) => {
                self.source(usize::from(low - 0x20) | usize::from(high - 0xa0) << 6)
            }
            (0, 0) => Source::Zeros,
            (0, 0xff) => Source::Sign,
            (one, other) => Source::Unknown(one, other),
        });
        Read {
            bytes,
            size,
            place: self.place(&bytes[..size]),
        }
    }

    /// The place of a value whose bytes come from these sources, the least significant first.
    fn place(&self, bytes: &[Source]) -> Option<Place> {
        let whole = |bytes: &[Source]| {
            let first = match self.endian {
                Endian::Little => bytes[0],
                Endian::Big => bytes[bytes.len() - 1],
            };
            let place = match (bytes[0], first) {
                (Source::Register(register, 0), _) => Place::Register(register),
                (_, Source::Stack(offset)) => Place::Stack(offset),
                _ => return None,
            };
            let follows = |(index, byte): (usize, &Source)| match (place, *byte) {
                (Place::Register(register), byte) => byte == Source::Register(register, index),
                (Place::Stack(offset), Source::Stack(at)) => {
                    at == match self.endian {
                        Endian::Little => offset + index,
                        Endian::Big => offset + bytes.len() - 1 - index,
                    }
                }
                _ => false,
            };
            bytes.iter().enumerate().all(follows).then_some(place)
        };
        if let Some(place) = whole(bytes) {
            return Some(place);
        }
        let (low, high) = bytes.split_at_checked(self.stub.word)?;
        match (whole(low)?, whole(high)?) {
            (Place::Register(low), Place::Register(high)) => Some(Place::Pair { low, high }),
            (Place::Register(low), Place::Stack(high)) => Some(Place::Split { low, high }),
            _ => None,
        }
    }
}

/// The rest of a program's output, whose length was checked.
struct Output<'a> {
    rest: &'a [u8],
    word: usize,
    endian: Endian,
}

impl<'a> Output<'a> {
    fn take(&mut self, size: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(size);
        self.rest = rest;
        taken
    }

    fn number(&mut self, size: usize) -> u64 {
        number(self.take(size), self.endian)
    }

    fn word(&mut self) -> u64 {
        self.number(self.word)
    }

    fn words(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.word()).collect()
    }

    fn entry(&mut self, registers: usize) -> Entry {
        Entry {
            registers: self.words(registers),
            stack_at: self.word(),
            stack: self.take(STACK).to_vec(),
        }
    }
}

/// A number from the memory of a machine.
pub fn number(bytes: &[u8], endian: Endian) -> u64 {
    let append = |number, byte: &u8| number << 8 | u64::from(*byte);
    match endian {
        Endian::Little => bytes.iter().rev().fold(0, append),
        Endian::Big => bytes.iter().fold(0, append),
    }
}
