//! Operands: where a probe finds a value that a program gives to a tracer.
//!
//! A program's static probes (USDT, `sys/sdt.h`) name the place of each argument, in the syntax of the machine's
//! assembler: `-4@%eax`, `8@[x19, 16]`. A loader parses the text on the host, for any machine, and sends the
//! [`Operand`], which has 16 bytes, to the probe. The probe reads the value by it.
//!
//! ```
//! use probe_abi::{machine::Machine, operand::Operand};
//!
//! let x86_64 = Machine::named("x86_64").expect("it is one of the machines");
//! let fd = Operand::parse("-4@%ebx", x86_64).unwrap();
//! let entry = Operand::parse("8@16(%rbp,%rax,8)", x86_64).unwrap();
//! assert_eq!((fd.size(), fd.class()), (4, probe_abi::operand::Class::Signed));
//! assert_eq!(entry.text(x86_64).to_string(), "8@16(%rbp,%rax,8)");
//!
//! let error = Operand::parse("8@-8(%rpb)", x86_64).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "`8@-8(%rpb)`, at `%rpb)`: `%rpb` is not a register of x86_64: did you mean `rbp`?",
//! );
//! ```
//!
//! In the probe:
//!
//! ```
//! use probe_abi::{operand::Operand, pt_regs};
//!
//! fn fd(regs: &pt_regs, operand: &Operand) -> Result<i32, i32> {
//!     Ok(operand.read(regs)? as i32)
//! }
//! ```

use core::{error, fmt};

use crate::{
    machine::{Machine, Slot},
    memory::{self, Memory},
    registers::{MemorySyntax, Quote, RegisterError, View},
    regs::{self, Registers},
    signature::Address,
};

/// The place of a value, its size in bytes, and the meaning of the bytes.
///
/// A loader may put an operand into a map. It means the same to a probe on every machine: it is `repr(C)`, without
/// pointers and without gaps. An operand of all zeros is a constant of 0 bytes, which reads as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(C)]
pub struct Operand {
    /// The constant itself, or the number that is added to the address.
    constant: i64,
    /// The offset of the slot of the register or base; [`NO_SLOT`](Self::NO_SLOT) if an address has no base.
    base: u16,
    /// The offset of the index's slot. For a register: how many of its bytes have a name.
    index: u16,
    /// One of the constants below.
    kind: u8,
    /// The number of bits that the index is shifted to the left, or the register to the right.
    shift: u8,
    /// In bytes: 1, 2, 4 or 8.
    size: u8,
    /// A [`Class`].
    class: u8,
}

/// The meaning of a value's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Unsigned,
    Signed,
    /// Floating point: the probe reads the bits.
    Float,
}

/// How an index that is narrower than a word is extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extension {
    None,
    /// Its low 4 bytes, with zeros above.
    Zero,
    /// Its low 4 bytes, with copies of their sign above.
    Sign,
}

const CONSTANT: u8 = 0;
const REGISTER: u8 = 1;
const MEMORY: u8 = 2;
const INDEXED: u8 = 3;
const INDEXED_BY_UNSIGNED: u8 = 4;
const INDEXED_BY_SIGNED: u8 = 5;

/// `-EINVAL`, of `asm-generic/errno-base.h`. It is the same on all machines.
const EINVAL: i32 = -22;

/// The place in the text of an operand.
#[derive(Debug, Clone, Copy)]
enum Place {
    Constant(i64),
    Register(View),
    Memory(InMemory),
}

/// An address in the text of an operand.
#[derive(Debug, Clone, Copy)]
struct InMemory {
    base: Option<View>,
    index: Option<(View, Extension, u8)>,
    displacement: i64,
}

impl Operand {
    const NO_SLOT: u16 = u16::MAX;

    /// A constant.
    #[inline]
    pub const fn constant(value: i64, size: u8, class: Class) -> Self {
        Self {
            constant: value,
            base: Self::NO_SLOT,
            index: 0,
            kind: CONSTANT,
            shift: 0,
            size,
            class: class as u8,
        }
    }

    /// A register or a part of a register: its low bytes, as many as `size` says.
    #[inline]
    pub const fn register(register: View, size: u8, class: Class) -> Self {
        Self {
            constant: 0,
            base: register.slot.offset,
            index: register.width as u16,
            kind: REGISTER,
            shift: register.shift,
            size,
            class: class as u8,
        }
    }

    /// A value in memory, `offset` bytes above the address in a register: DWARF's `DW_OP_breg`.
    #[inline]
    pub const fn memory(base: View, offset: i64, size: u8, class: Class) -> Self {
        Self {
            constant: offset,
            base: base.slot.offset,
            index: 0,
            kind: MEMORY,
            shift: 0,
            size,
            class: class as u8,
        }
    }

    /// The size of the value in bytes.
    #[inline]
    pub const fn size(&self) -> u8 {
        self.size
    }

    /// The meaning of the value's bytes.
    #[inline]
    pub const fn class(&self) -> Class {
        match self.class {
            1 => Class::Signed,
            2 => Class::Float,
            _ => Class::Unsigned,
        }
    }

    /// Reads the value. The sign of a signed value is extended to 64 bits; the upper bits of any other value are zeros.
    /// Cast it to its type.
    ///
    /// Meaningful at the instruction that the operand belongs to, in a uprobe on it. A value in memory is read from the
    /// memory of the process, with `bpf_probe_read_user`.
    ///
    /// # Errors
    ///
    /// The error of that helper: a negative number. `-22` (`-EINVAL`) if the operand is of another machine.
    #[inline(always)]
    #[allow(private_bounds)]
    pub fn read<R: Registers>(&self, regs: &R) -> Result<u64, i32> {
        let base = match (self.kind, self.base) {
            (CONSTANT, _) | (_, Self::NO_SLOT) => 0,
            (_, base) => match regs::slot_at(regs, base) {
                Some(base) => base.into(),
                None => return Err(EINVAL),
            },
        };
        let bits = match self.kind {
            CONSTANT => self.constant as u64,
            REGISTER => base >> (self.shift & 63),
            kind => {
                let index = match kind {
                    MEMORY => 0,
                    kind => match regs::slot_at(regs, self.index) {
                        Some(index) => extended(index.into(), kind) << (self.shift & 63),
                        None => return Err(EINVAL),
                    },
                };
                let address = base.wrapping_add(index).wrapping_add(self.constant as u64);
                let address = R::Word::from_bits(address).into();
                match self.size {
                    1 | 2 | 4 | 8 => memory::read_bits(Memory::User, address, self.size)?,
                    _ => return Err(EINVAL),
                }
            }
        };
        Ok(self.value(bits))
    }

    /// The low bytes, with the sign or with zeros above them.
    #[inline(always)]
    const fn value(&self, bits: u64) -> u64 {
        let unused = 64u32.wrapping_sub(8 * self.size as u32) & 63;
        match self.class {
            SIGNED => ((bits << unused) as i64 >> unused) as u64,
            _ => (bits << unused) >> unused,
        }
    }
}

const SIGNED: u8 = Class::Signed as u8;

#[inline(always)]
const fn extended(index: u64, kind: u8) -> u64 {
    match kind {
        INDEXED_BY_UNSIGNED => index as u32 as u64,
        INDEXED_BY_SIGNED => index as u32 as i32 as u64,
        _ => index,
    }
}

// The rest of this file is for the host.

impl Operand {
    /// Parses the text of one operand: its size, an `@`, and the place in the syntax of the machine's assembler.
    ///
    /// The size is 1, 2, 4 or 8 bytes. It has a `-` before it if the value is signed, or an `f` after it if the value
    /// is floating point. `sys/sdt.h` writes such texts into a program's notes (`.note.stapsdt`).
    ///
    /// # Errors
    ///
    /// The text is not an operand, or the probe could not read the value: it is in a register that ctx does not have,
    /// or at an address that only the linker knows. [`OperandError`] names the reason, and the place in the text.
    #[inline]
    pub fn parse(text: &str, machine: &Machine) -> Result<Self, OperandError> {
        let mut parser = Parser {
            machine,
            text,
            rest: text,
        };
        let operand = parser.operand()?;
        parser.spaces();
        match parser.rest {
            "" => Ok(operand),
            _ => Err(parser.error(Why::Expected("nothing more"))),
        }
    }

    /// Parses the operands of a probe, which are separated by spaces.
    #[inline]
    pub fn parse_all<'a>(
        text: &'a str,
        machine: &'a Machine,
    ) -> impl Iterator<Item = Result<Self, OperandError>> + use<'a> {
        Self::texts(text).map(|text| Self::parse(text, machine))
    }

    /// The text of each operand of a probe. Operands are separated by spaces, but some assemblers also write spaces
    /// within an operand: a part without an `@` belongs to the part before it.
    #[inline]
    pub fn texts(text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text.trim();
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let spaces = rest.match_indices(char::is_whitespace);
            let mut ends = spaces.filter(|(at, _)| {
                let next = rest[*at..].trim_start();
                let next = next.split(char::is_whitespace).next();
                next.is_some_and(|next| next.contains('@'))
            });
            let end = ends.next().map_or(rest.len(), |(at, _)| at);
            let (first, behind) = rest.split_at(end);
            rest = behind.trim_start();
            Some(first.trim_end())
        })
    }

    /// The operand in the syntax of the machine's assembler, with its size. [`parse`](Self::parse) reads this text.
    ///
    /// In an operand of another machine, each register is written as `?`.
    #[inline]
    pub fn text(self, machine: &Machine) -> impl fmt::Display + use<'_> {
        Text {
            operand: self,
            machine,
        }
    }
}

struct Parser<'a> {
    machine: &'a Machine,
    text: &'a str,
    rest: &'a str,
}

/// The parsed value, or the reason why the text has none.
type Parsed<T> = Result<T, OperandError>;

impl<'a> Parser<'a> {
    #[inline]
    fn error(&self, why: Why) -> OperandError {
        OperandError {
            text: Quote::of(self.text),
            place: u16::try_from(self.text.len() - self.rest.len()).unwrap_or(u16::MAX),
            why,
        }
    }

    #[inline]
    fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    #[inline]
    fn eat(&mut self, token: &str) -> bool {
        self.spaces();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    #[inline]
    fn expect(&mut self, token: &str, expected: &'static str) -> Parsed<()> {
        match self.eat(token) {
            true => Ok(()),
            false => Err(self.error(Why::Expected(expected))),
        }
    }

    #[inline]
    fn starts_with(&self, what: impl Fn(char) -> bool) -> bool {
        self.rest.chars().next().is_some_and(what)
    }

    /// A word: letters, digits and the other characters of names.
    #[inline]
    fn word(&self) -> &'a str {
        let is_of_name = |letter: char| letter.is_alphanumeric() || "._$".contains(letter);
        let mut end = self
            .rest
            .find(|letter| !is_of_name(letter))
            .unwrap_or(self.rest.len());
        // `st(0)`
        if &self.rest[..end] == "st" && self.rest[end..].starts_with('(') {
            end = self.rest.find(')').map_or(end, |at| at + 1);
        }
        &self.rest[..end]
    }

    /// A number, in decimal or in hexadecimal digits; `None` if the text does not go on with a number.
    #[inline]
    fn number(&mut self) -> Parsed<Option<i64>> {
        self.spaces();
        let is_negative = self.rest.starts_with('-');
        let digits = self.rest.trim_start_matches('-');
        if self.rest.len() - digits.len() > 1
            || !digits.starts_with(|digit: char| digit.is_ascii_digit())
        {
            return Ok(None);
        }
        let (digits, radix) = match digits.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (digits, 10),
        };
        let end = digits.find(|digit: char| !digit.is_ascii_alphanumeric());
        let (digits, rest) = digits.split_at(end.unwrap_or(digits.len()));
        let number = match i128::from_str_radix(digits, radix) {
            Ok(number) if is_negative => i64::try_from(-number).ok(),
            // A number without a minus sign may use the sign bit.
            Ok(number) => u64::try_from(number).ok().map(|number| number as i64),
            Err(_) => None,
        };
        let number = number.ok_or_else(|| self.error(Why::Number))?;
        self.rest = rest;
        Ok(Some(number))
    }

    #[inline]
    fn operand(&mut self) -> Parsed<Operand> {
        let (size, class) = self.size()?;
        self.spaces();
        let start = self.rest;
        let place = self.place()?;
        let error = |why| {
            Err(Parser {
                rest: start,
                ..*self
            }
            .error(why))
        };
        match place {
            Place::Constant(value) => Ok(Operand::constant(value, size, class)),
            Place::Register(view) if view.width < size => error(Why::Narrow(view.width)),
            Place::Register(view) => Ok(Operand::register(view, size, class)),
            Place::Memory(address) => {
                let offset = |view: View| view.slot.offset;
                let (index, extension, shift) = address
                    .index
                    .map_or((0, None, 0), |(view, extension, shift)| {
                        (offset(view), Some(extension), shift)
                    });
                Ok(Operand {
                    constant: address.displacement,
                    base: address.base.map_or(Operand::NO_SLOT, offset),
                    index,
                    kind: match extension {
                        None => MEMORY,
                        Some(Extension::None) => INDEXED,
                        Some(Extension::Zero) => INDEXED_BY_UNSIGNED,
                        Some(Extension::Sign) => INDEXED_BY_SIGNED,
                    },
                    shift,
                    size,
                    class: class as u8,
                })
            }
        }
    }

    #[inline]
    fn size(&mut self) -> Parsed<(u8, Class)> {
        let start = self.rest;
        let is_signed = self.eat("-");
        let sizes = [("1", 1), ("2", 2), ("4", 4), ("8", 8)];
        let size = sizes.into_iter().find(|(digit, _)| self.eat(digit));
        let is_float = self.eat("f");
        match size {
            Some((_, size)) if self.eat("@") => Ok((
                size,
                match (is_float, is_signed) {
                    (true, _) => Class::Float,
                    (false, true) => Class::Signed,
                    (false, false) => Class::Unsigned,
                },
            )),
            _ => {
                self.rest = start;
                Err(self.error(Why::Size))
            }
        }
    }

    #[inline]
    fn place(&mut self) -> Parsed<Place> {
        let syntax = self.machine.syntax;
        // gas for aarch64 accepts a `#` before a constant too.
        if syntax.memory == MemorySyntax::Brackets && self.eat("#") {
            return match self.number()? {
                Some(number) => Ok(Place::Constant(number)),
                None => Err(self.error(Why::Symbol)),
            };
        }
        if !syntax.constant.is_empty() && self.is_constant(syntax.constant) {
            self.rest = &self.rest[syntax.constant.len()..];
            return match self.number()? {
                Some(number) => Ok(Place::Constant(number)),
                None => Err(self.error(Why::Symbol)),
            };
        }
        match syntax.memory {
            MemorySyntax::Brackets | MemorySyntax::Sum if self.eat("[") => {
                let address = match syntax.memory {
                    MemorySyntax::Sum => self.sum()?,
                    _ => self.brackets()?,
                };
                self.expect("]", "`]`")?;
                return Ok(Place::Memory(address));
            }
            _ => {}
        }
        if let Some(number) = self.number()? {
            return self.behind_number(number);
        }
        if self.rest.starts_with('(') {
            return self.behind_displacement(0).map(Place::Memory);
        }
        let is_register = match syntax.register {
            "" => self.starts_with(char::is_alphabetic),
            sign => self.rest.starts_with(sign),
        };
        // `%lo(symbol)`, as a displacement.
        let is_part = self.rest.strip_prefix('%').is_some_and(|part| {
            let behind = part.trim_start_matches(char::is_alphanumeric);
            behind.len() < part.len() && behind.starts_with('(') && syntax.register != "%"
        });
        if is_part {
            return Err(self.error(Why::Symbol));
        }
        if !is_register {
            return Err(self.error(match self.word() {
                "" => Why::Expected("a register, a constant or a place in memory"),
                _ => Why::Symbol,
            }));
        }
        let register = self.register()?;
        self.behind_register(register)
    }

    /// Whether this sign belongs to a constant, and is not the beginning of a name.
    #[inline]
    fn is_constant(&self, sign: &str) -> bool {
        let behind = self.rest.strip_prefix(sign);
        let is_letter = sign.starts_with(char::is_alphabetic);
        behind.is_some_and(|behind| {
            !is_letter || behind.starts_with(|next: char| next.is_ascii_digit() || next == '-')
        })
    }

    /// The place that starts with a number.
    #[inline]
    fn behind_number(&mut self, number: i64) -> Parsed<Place> {
        let syntax = self.machine.syntax;
        let has_displacement = !matches!(
            syntax.memory,
            MemorySyntax::Brackets | MemorySyntax::Sum | MemorySyntax::Pair
        );
        self.spaces();
        if has_displacement && self.rest.starts_with('(') {
            return self.behind_displacement(number).map(Place::Memory);
        }
        match syntax.memory {
            // In this syntax the number is an address.
            MemorySyntax::Scaled => Ok(Place::Memory(InMemory {
                base: None,
                index: None,
                displacement: number,
            })),
            // In this syntax the number is a register: `31`, or two registers that form an address: `31,5`.
            MemorySyntax::DisplacementOrPair => {
                let register = self.numbered(number)?;
                self.behind_register(register)
            }
            _ => Ok(Place::Constant(number)),
        }
    }

    /// The place that starts with a register. The register is `None` if its name means "no base" in an address.
    #[inline]
    fn behind_register(&mut self, register: Option<View>) -> Parsed<Place> {
        let pairs = matches!(
            self.machine.syntax.memory,
            MemorySyntax::Pair | MemorySyntax::DisplacementOrPair
        );
        if pairs && self.eat(",") {
            let base = register.map(|view| self.whole(view)).transpose()?;
            let number = match self.machine.syntax.memory {
                MemorySyntax::Pair => self.number()?,
                _ => None,
            };
            let (index, displacement) = match number {
                Some(displacement) => (None, displacement),
                None => {
                    let index = self.register_or_number()?;
                    (index.map(|view| self.whole(view)).transpose()?, 0)
                }
            };
            return Ok(Place::Memory(InMemory {
                base,
                index: index.map(|index| (index, Extension::None, 0)),
                displacement,
            }));
        }
        match register.or_else(|| self.no_base()) {
            Some(view) => Ok(Place::Register(view)),
            None => Err(self.error(Why::Expected("a register"))),
        }
    }

    /// The register that means "no base" in an address.
    #[inline]
    fn no_base(&self) -> Option<View> {
        self.machine.register(self.machine.syntax.no_base).ok()
    }

    /// A register; `None` if its name means "no base" in an address.
    #[inline]
    fn register(&mut self) -> Parsed<Option<View>> {
        self.spaces();
        let sign = self.machine.syntax.register;
        let unsigned = self.rest.strip_prefix(sign).unwrap_or(self.rest);
        let after_sign = Parser {
            rest: unsigned,
            ..*self
        };
        let name = after_sign.word();
        let end = self.rest.len() - unsigned.len() + name.len();
        let whole = &self.rest[..end];
        if name.is_empty() {
            return Err(self.error(match sign.is_empty() || whole.is_empty() {
                true => Why::Expected("a register"),
                false => Why::Symbol,
            }));
        }
        let found = self.machine.register(whole);
        let behind = &self.rest[end..];
        if behind.trim_start().starts_with(':') {
            return Err(self.error(Why::Segment));
        }
        let view = found.map_err(|error| {
            let is_symbol = error.not_in_ctx().is_none() && error.meant().is_none();
            self.error(
                match is_symbol && (sign.is_empty() || behind.starts_with('(')) {
                    true => Why::Symbol,
                    false => Why::Register(error),
                },
            )
        })?;
        self.rest = behind;
        Ok(Some(view).filter(|view| view.register != self.machine.syntax.no_base))
    }

    #[inline]
    fn register_or_number(&mut self) -> Parsed<Option<View>> {
        match self.machine.syntax.memory {
            MemorySyntax::DisplacementOrPair => match self.number()? {
                Some(number) => self.numbered(number),
                None => self.register(),
            },
            _ => self.register(),
        }
    }

    /// The register that the number stands for.
    #[inline]
    fn numbered(&mut self, number: i64) -> Parsed<Option<View>> {
        let mut registers = self.machine.registers.iter();
        let found = registers.find(|register| {
            register.dwarf.map(i64::from) == Some(number)
                && register
                    .aliases
                    .iter()
                    .any(|alias| alias.parse() == Ok(number))
        });
        match found.and_then(|register| register.view()) {
            Some(view) => {
                Ok(Some(view).filter(|view| view.register != self.machine.syntax.no_base))
            }
            None => Err(self.error(Why::Expected("the number of a register before this"))),
        }
    }

    /// A whole register, which can hold an address or a number that is added to an address.
    #[inline]
    fn whole(&self, view: View) -> Parsed<View> {
        if view.slot == self.machine.instruction_pointer {
            return Err(self.error(Why::RelativeToInstruction));
        }
        match view.width == self.machine.word {
            true => Ok(view),
            false => Err(self.error(Why::PartOfAddress)),
        }
    }

    #[inline]
    fn base(&mut self) -> Parsed<Option<View>> {
        let register = self.register_or_number()?;
        register.map(|view| self.whole(view)).transpose()
    }

    /// The registers of an address, in parentheses.
    #[inline]
    fn behind_displacement(&mut self, displacement: i64) -> Parsed<InMemory> {
        self.expect("(", "`(`")?;
        let mut address = InMemory {
            base: None,
            index: None,
            displacement,
        };
        self.spaces();
        let is_scaled = self.machine.syntax.memory == MemorySyntax::Scaled;
        if !(is_scaled && self.rest.starts_with(',')) {
            address.base = self.base()?;
        }
        let syntax = self.machine.syntax.memory;
        match syntax {
            MemorySyntax::Scaled if self.eat(",") => {
                let index = self.base()?;
                let scale = match self.eat(",") {
                    true => self.scale()?,
                    false => 0,
                };
                address.index = index.map(|index| (index, Extension::None, scale));
            }
            MemorySyntax::IndexFirst if self.eat(",") => {
                let index = address.base;
                address.base = self.base()?;
                address.index = index.map(|index| (index, Extension::None, 0));
            }
            _ => {}
        }
        self.expect(")", "`)`")?;
        Ok(address)
    }

    #[inline]
    fn scale(&mut self) -> Parsed<u8> {
        let start = Parser { ..*self };
        match self.number()? {
            Some(scale @ (1 | 2 | 4 | 8)) => Ok(scale.ilog2() as u8),
            _ => Err(start.error(Why::Expected("the scale 1, 2, 4 or 8"))),
        }
    }

    /// `x19, 8` or `x0, w1, sxtw 2`
    #[inline]
    fn brackets(&mut self) -> Parsed<InMemory> {
        let mut address = InMemory {
            base: self.base()?,
            index: None,
            displacement: 0,
        };
        if !self.eat(",") {
            return Ok(address);
        }
        self.eat("#");
        if let Some(displacement) = self.number()? {
            address.displacement = displacement;
            return Ok(address);
        }
        let Some(index) = self.register()? else {
            return Ok(address);
        };
        let is_part = index.width < self.machine.word;
        let (mut extension, mut shift) = (Extension::None, 0);
        if self.eat(",") {
            self.spaces();
            extension = match self.word() {
                "lsl" | "asl" | "sxtx" if !is_part => Extension::None,
                "uxtw" if is_part => Extension::Zero,
                "sxtw" if is_part => Extension::Sign,
                _ => return Err(self.error(Why::Expected("`lsl`, `uxtw` or `sxtw`"))),
            };
            self.rest = &self.rest[self.word().len()..];
            self.eat("#");
            let start = Parser { ..*self };
            shift = match self.number()? {
                None => 0,
                Some(shift @ 0..=31) => shift as u8,
                Some(_) => return Err(start.error(Why::Expected("a shift of 0 to 31 bits"))),
            };
        } else if is_part {
            return Err(self.error(Why::Expected("`uxtw` or `sxtw`")));
        }
        if !is_part {
            self.whole(index)?;
        }
        address.index = Some((index, extension, shift));
        Ok(address)
    }

    /// `%sp+2047` or `%g1+%g2`
    #[inline]
    fn sum(&mut self) -> Parsed<InMemory> {
        let mut address = InMemory {
            base: self.base()?,
            index: None,
            displacement: 0,
        };
        self.spaces();
        if self.rest.starts_with('-') {
            let start = Parser { ..*self };
            address.displacement = self.number()?.ok_or_else(|| start.error(Why::Symbol))?;
        } else if self.eat("+") {
            match self.number()? {
                Some(displacement) => address.displacement = displacement,
                None => {
                    address.index = self.base()?.map(|index| (index, Extension::None, 0));
                }
            }
        }
        Ok(address)
    }
}

/// Why a text is not an operand that a probe can read: a sentence, with the place in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OperandError {
    text: Quote<40>,
    place: u16,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Size,
    Number,
    Symbol,
    Segment,
    PartOfAddress,
    RelativeToInstruction,
    /// The register has only this many bytes.
    Narrow(u8),
    Expected(&'static str),
    Register(RegisterError),
}

impl OperandError {
    /// The place in the text, in bytes, up to 65535.
    #[inline]
    pub const fn place(&self) -> usize {
        self.place as usize
    }

    /// The error about the register, if the operand's register is the reason.
    #[inline]
    pub const fn register(&self) -> Option<RegisterError> {
        match self.why {
            Why::Register(error) => Some(error),
            _ => None,
        }
    }
}

impl error::Error for OperandError {}

impl fmt::Display for OperandError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text;
        match text.from(self.place()) {
            Some(at) if at.is_empty() => write!(f, "`{text}`, at its end: ")?,
            Some(at) => write!(f, "`{text}`, at `{at}`: ")?,
            None => write!(f, "`{text}`, behind byte {}: ", self.place)?,
        }
        match self.why {
            Why::Size => f.write_str(
                "an operand starts with its size and `@`: `1@`, `2@`, `4@` or `8@`, with `-` before it where it is signed, \
                 and `f` behind the number where it is floating point",
            ),
            Why::Number => f.write_str("it is not a number of 64 bits, in decimal or in hexadecimal digits"),
            Why::Symbol => f.write_str(
                "it is neither a register nor a number; the address of a symbol is not in the operand",
            ),
            Why::Segment => f.write_str("a value in a segment of its own cannot be read, such as a thread's variable"),
            Why::PartOfAddress => f.write_str("the register before this is a part of a register, and an address takes the whole register"),
            Why::RelativeToInstruction => {
                f.write_str("an address relative to the instruction that reads it is not known here")
            }
            Why::Narrow(width) => write!(
                f,
                "the value does not fit in this register, which has `{width}` bytes: if a value is in several registers, \
                 an operand names only the first"
            ),
            Why::Expected(what) => write!(f, "expected {what}"),
            Why::Register(error) => error.fmt(f),
        }
    }
}

/// The same text as `Display`, for `unwrap`.
impl fmt::Debug for OperandError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Text<'a> {
    operand: Operand,
    machine: &'a Machine,
}

impl fmt::Display for Text<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operand, machine } = *self;
        let Operand {
            constant,
            shift,
            size,
            ..
        } = operand;
        match operand.class() {
            Class::Signed => write!(f, "-{size}@")?,
            Class::Unsigned => write!(f, "{size}@")?,
            Class::Float => write!(f, "{size}f@")?,
        }
        let syntax = machine.syntax;
        let base = match operand.base {
            Operand::NO_SLOT => None,
            offset => Some(Written::whole(machine, offset)),
        };
        let none = Written {
            sign: syntax.register,
            name: syntax.no_base,
        };
        let index = match operand.kind {
            CONSTANT => return write!(f, "{}{constant}", syntax.constant),
            REGISTER => {
                let width = operand.index as u8;
                return Written::part(machine, operand.base, shift, width).fmt(f);
            }
            MEMORY => None,
            INDEXED => Some(Written::whole(machine, operand.index)),
            _ => Some(Written::part(machine, operand.index, 0, 4)),
        };
        match (syntax.memory, base, index) {
            (MemorySyntax::Scaled, None, None) => write!(f, "{constant}"),
            (MemorySyntax::Scaled, base, index) => {
                if constant != 0 {
                    write!(f, "{constant}")?;
                }
                f.write_str("(")?;
                if let Some(base) = base {
                    base.fmt(f)?;
                }
                if let Some(index) = index {
                    write!(f, ",{index},{}", 1u8.checked_shl(shift.into()).unwrap_or(0))?;
                }
                f.write_str(")")
            }
            (MemorySyntax::IndexFirst, base, Some(index)) => {
                write!(f, "{constant}({index},{})", base.unwrap_or(none))
            }
            (MemorySyntax::Displacement | MemorySyntax::IndexFirst, base, _) => {
                write!(f, "{constant}({})", base.unwrap_or(none))
            }
            (MemorySyntax::DisplacementOrPair, base, Some(index)) => {
                write!(f, "{},{index}", base.unwrap_or(none))
            }
            (MemorySyntax::DisplacementOrPair, base, None) => {
                write!(f, "{constant}({})", base.unwrap_or(none))
            }
            (MemorySyntax::Pair, base, Some(index)) => {
                write!(f, "{},{index}", base.unwrap_or(none))
            }
            (MemorySyntax::Pair, base, None) => write!(f, "{},{constant}", base.unwrap_or(none)),
            (MemorySyntax::Sum, base, Some(index)) => {
                write!(f, "[{}+{index}]", base.unwrap_or(none))
            }
            (MemorySyntax::Sum, base, None) => match constant {
                0 => write!(f, "[{}]", base.unwrap_or(none)),
                _ => write!(f, "[{}{constant:+}]", base.unwrap_or(none)),
            },
            (MemorySyntax::Brackets, base, index) => {
                write!(f, "[{}", base.unwrap_or(none))?;
                if let Some(index) = index {
                    write!(f, ", {index}")?;
                    let extension = match operand.kind {
                        INDEXED => "lsl",
                        INDEXED_BY_UNSIGNED => "uxtw",
                        _ => "sxtw",
                    };
                    match (operand.kind, shift) {
                        (INDEXED, 0) => {}
                        // If the access is to a byte, a shift by 0 is a different instruction from no shift.
                        (_, 0) => write!(f, ", {extension}")?,
                        _ => write!(f, ", {extension} {}{shift}", syntax.constant)?,
                    }
                } else if constant != 0 {
                    write!(f, ", {}{constant}", syntax.constant)?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A register, in the syntax of its assembler.
#[derive(Clone, Copy)]
struct Written {
    sign: &'static str,
    name: &'static str,
}

impl Written {
    #[inline]
    fn whole(machine: &Machine, offset: u16) -> Self {
        Self::part(machine, offset, 0, machine.word)
    }

    #[inline]
    fn part(machine: &Machine, offset: u16, shift: u8, width: u8) -> Self {
        let is_there = |slot: Slot| slot.offset == offset;
        let mut registers = machine.registers.iter();
        let register = registers.find(|register| register.slot.is_some_and(is_there));
        let part = match (shift, width) {
            (0, 4) => 0,
            (0, 2) => 1,
            (0, 1) => 2,
            (8, 1) => 3,
            _ => usize::MAX,
        };
        Self {
            sign: machine.syntax.register,
            name: register.map_or("?", |register| match register.parts.get(part) {
                Some(&name) if !name.is_empty() => name,
                _ => register.name,
            }),
        }
    }
}

impl fmt::Display for Written {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign)?;
        f.write_str(self.name)
    }
}
