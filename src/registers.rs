//! Registers by name and by number, for tracers, profilers and loaders.
//!
//! A user of a tracer for x86_64 asks for `eax`, and a debugger's location says `DW_OP_breg7`:
//!
//! ```
//! use probe_abi::machine::Machine;
//!
//! let x86_64 = Machine::named("x86_64").expect("it is one of the machines");
//! let eax = x86_64.register("eax").unwrap();
//! assert_eq!((eax.slot.field, eax.slot.offset), ("rax", 80));
//! assert_eq!(eax.of(0x1122_3344_5566_7788), 0x5566_7788);
//! assert_eq!(x86_64.dwarf_register(7).unwrap().slot.field, "rsp");
//!
//! let error = x86_64.register("rdii").unwrap_err();
//! assert_eq!(error.to_string(), "`rdii` is not a register of x86_64: did you mean `rdi`?");
//! let error = x86_64.register("xmm0").unwrap_err();
//! assert_eq!(error.to_string(), "`xmm0` is a register of x86_64 that `pt_regs` does not have");
//! ```

use core::{error, fmt};

use crate::{
    distance::distance,
    machine::{self, Machine, Moved, Slot},
};

/// A register of a machine. ctx may have it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// The name in the psABI, without the sign that some assemblers put before it: `rdi`, `x19`, `a0`.
    pub name: &'static str,
    /// Other names in assemblers and in common use: `r4` or `4` for `a0`. For a register that ctx does not have, also
    /// the names of its parts, and of wider registers that it is a part of.
    pub aliases: &'static [&'static str],
    /// The names of its low 4 bytes, its low 2 bytes, its low byte and its second byte: `eax`, `ax`, `al`, `ah`. An
    /// empty string means that the part has no name.
    pub parts: [&'static str; 4],
    /// Its number in DWARF, in the machine's psABI and in the output of Linux's compilers; `None` if it has no number.
    pub dwarf: Option<u16>,
    /// The slot of `pt_regs` that holds it; `None` if ctx does not have it.
    pub slot: Option<Slot>,
}

/// The registers of a machine: first the registers that ctx has, and then other registers that the psABI names.
///
/// ```
/// use probe_abi::machine::Machine;
///
/// let s390x = Machine::named("s390x").expect("it is one of the machines");
/// let held = s390x.registers.iter().filter(|register| register.slot.is_some());
/// assert_eq!(held.map(|register| register.name).last(), Some("pswa"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterFile {
    groups: Groups,
    /// The machine whose `pt_regs` holds the registers, if it is another machine.
    shown_by: Option<(Moved, &'static Machine)>,
}

impl RegisterFile {
    pub(crate) const fn of(groups: Groups) -> Self {
        Self {
            groups,
            shown_by: None,
        }
    }

    /// The same registers in the `pt_regs` of a kernel of 64 bits, which does not have all of them.
    pub(crate) const fn shown_by(self, moved: Moved, kernel: &'static Machine) -> Self {
        Self {
            shown_by: Some((moved, kernel)),
            ..self
        }
    }

    /// The slot of the register that a kernel's `pt_regs` has in this field.
    #[inline]
    pub(crate) const fn of_field(&self, field: &str) -> Option<Slot> {
        let mut group = 0;
        while group < self.groups.len() {
            let registers = self.groups[group];
            let mut n = 0;
            while n < registers.len() {
                match &registers[n].slot {
                    Some(slot) if machine::is_same(slot.field, field) => return Some(*slot),
                    _ => n += 1,
                }
            }
            group += 1;
        }
        None
    }

    /// The register at an index, counted from 0; `None` if the index is too large.
    #[inline]
    pub const fn get(&self, index: usize) -> Option<Register> {
        let (mut group, mut index) = (0, index);
        while group < self.groups.len() && index >= self.groups[group].len() {
            index -= self.groups[group].len();
            group += 1;
        }
        if group == self.groups.len() {
            return None;
        }
        let mut register = self.groups[group][index];
        if let (Some(slot), Some((moved, kernel))) = (register.slot, self.shown_by) {
            register.slot = machine::find_moved(slot.field, moved, kernel);
        }
        Some(register)
    }

    /// All registers, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Register> + Clone + use<> {
        let registers = *self;
        (0..).map_while(move |index| registers.get(index))
    }
}

/// How a machine's assembler writes operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// The sign before a register's name: `%`, `$`, or none.
    pub register: &'static str,
    /// The sign before a constant: `$`, `#`, the `i` that compilers for powerpc can be told to write, or none.
    pub constant: &'static str,
    pub memory: MemorySyntax,
    /// The register that means "no register" as base or index of an address; empty if there is no such register.
    pub no_base: &'static str,
}

/// How a machine's assembler writes an address in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemorySyntax {
    /// `8(%rbx,%rcx,4)`: a number, the base, the index and the factor of the index. Each may be left out.
    Scaled,
    /// `8(s0)`
    Displacement,
    /// `8(%r15)`, or `8(%r1,%r15)`: the index comes first.
    IndexFirst,
    /// `8(31)`, or `31,5`: a base and an index. A number alone is a register.
    DisplacementOrPair,
    /// `[x19, 8]`, or `[x0, x1, lsl 3]`
    Brackets,
    /// `$r23,12`, or `$r23,$r12`
    Pair,
    /// `[%sp+2047]`, or `[%g1+%g2]`
    Sum,
}

/// A register that ctx has, or a part of such a register: some bytes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The psABI's name of the whole register.
    pub register: &'static str,
    pub slot: Slot,
    /// The lowest bit of the slot's value that belongs to it: 8 for `ah`, and 0 for all others.
    pub shift: u8,
    /// In bytes: 1, 2, 4 or 8.
    pub width: u8,
}

impl View {
    /// The value of this register or part, from the value of the slot.
    #[inline]
    pub const fn of(self, slot: u64) -> u64 {
        let shifted = slot >> self.shift;
        match self.width {
            1 => shifted as u8 as u64,
            2 => shifted as u16 as u64,
            4 => shifted as u32 as u64,
            _ => shifted,
        }
    }
}

impl Register {
    /// The whole register; `None` if ctx does not have it.
    #[inline]
    pub const fn view(&self) -> Option<View> {
        match self.slot {
            Some(slot) => Some(View {
                register: self.name,
                slot,
                shift: 0,
                width: slot.width,
            }),
            None => None,
        }
    }

    /// Every name of the register and of its parts. The psABI's name comes first.
    #[inline]
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let parts = self.parts.into_iter().filter(|name| !name.is_empty());
        let names = core::iter::once(self.name).chain(self.aliases.iter().copied());
        names.chain(parts)
    }

    /// The part that a name of [`names`](Self::names) means.
    #[inline]
    fn named(&self, name: &str) -> Option<View> {
        let whole = self.view()?;
        let part = self.parts.iter().position(|part| *part == name);
        Some(match part {
            Some(part) => View {
                shift: [0, 0, 0, 8][part],
                width: [4, 2, 1, 1][part],
                ..whole
            },
            None => whole,
        })
    }
}

impl Machine {
    /// The register, or the part of a register, of that name. The sign that the machine's assembler puts before a name
    /// is accepted: `rdi` and `%rdi`, `a0` and `$a0`.
    ///
    /// # Errors
    ///
    /// There is no such register, or ctx does not have it. [`RegisterError`] says which of the two it is, and which
    /// name may be meant.
    #[inline]
    pub fn register(&self, name: &str) -> Result<View, RegisterError> {
        let bare = name.strip_prefix(self.syntax.register).unwrap_or(name);
        let error = |why| RegisterError {
            machine: self.name,
            asked: Asked::Name(Quote::of(name)),
            why,
        };
        let Some(register) = self.register_named(bare) else {
            return Err(error(Why::None(self.nearest(bare))));
        };
        register
            .named(bare)
            .ok_or_else(|| error(Why::NotInCtx(register.name)))
    }

    /// The register of that name, or the register with a part of that name. ctx may have it or not.
    #[inline]
    pub(crate) fn register_named(&self, name: &str) -> Option<Register> {
        let mut registers = self.registers.iter();
        registers.find(|register| register.names().any(|other| other == name))
    }

    /// The register with that number in DWARF.
    ///
    /// # Errors
    ///
    /// No register of the machine's table has the number, or ctx does not have the register with that number.
    #[inline]
    pub fn dwarf_register(&self, number: u16) -> Result<View, RegisterError> {
        let error = |why| RegisterError {
            machine: self.name,
            asked: Asked::Dwarf(number),
            why,
        };
        let mut registers = self.registers.iter();
        let register = registers.find(|register| register.dwarf == Some(number));
        let register = register.ok_or_else(|| error(Why::None(None)))?;
        register
            .view()
            .ok_or_else(|| error(Why::NotInCtx(register.name)))
    }

    /// The name that the user may mean: the first one of the nearest names.
    #[inline]
    fn nearest(&self, name: &str) -> Option<&'static str> {
        let far = match name.len() {
            0 | 1 => 0,
            2 | 3 => 1,
            _ => 2,
        };
        let names = self.registers.iter().flat_map(|register| register.names());
        // Upper-case and lower-case letters are the same.
        let near = names
            .filter_map(|other| Some((distance(name, other, u8::eq_ignore_ascii_case)?, other)));
        let near = near.filter(|(distance, other)| *distance <= far && *distance < other.len());
        near.min_by_key(|(distance, _)| *distance)
            .map(|(_, name)| name)
    }
}

/// Why a name or a number has no slot: a sentence, and whether ctx lacks the register.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RegisterError {
    machine: &'static str,
    asked: Asked,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Name(Quote<20>),
    Dwarf(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It is not a register, but this name may be meant.
    None(Option<&'static str>),
    /// It is this register, and ctx does not have it.
    NotInCtx(&'static str),
}

impl RegisterError {
    /// The register that the name or number means, if ctx does not have it: `xmm0`, `v0`, `f12`. `None` if there is no
    /// such register.
    #[inline]
    pub const fn not_in_ctx(&self) -> Option<&'static str> {
        match self.why {
            Why::NotInCtx(name) => Some(name),
            Why::None(_) => None,
        }
    }

    /// The name that may be meant, if there is no such register.
    #[inline]
    pub const fn meant(&self) -> Option<&'static str> {
        match self.why {
            Why::None(meant) => meant,
            Why::NotInCtx(_) => None,
        }
    }
}

impl error::Error for RegisterError {}

impl fmt::Display for RegisterError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.machine;
        match (self.asked, self.why) {
            (Asked::Name(name), Why::NotInCtx(_)) => {
                write!(
                    f,
                    "`{name}` is a register of {machine} that `pt_regs` does not have"
                )
            }
            (Asked::Dwarf(number), Why::NotInCtx(name)) => write!(
                f,
                "register `{number}` of DWARF is `{name}` of {machine}, which `pt_regs` does not have"
            ),
            (Asked::Name(name), Why::None(Some(near))) => {
                write!(
                    f,
                    "`{name}` is not a register of {machine}: did you mean `{near}`?"
                )
            }
            (asked, Why::None(_)) => {
                match asked {
                    Asked::Name(name) => write!(f, "`{name}` is not a register of {machine}")?,
                    Asked::Dwarf(number) => write!(
                        f,
                        "`{number}` is not the number that DWARF has for a register of {machine}"
                    )?,
                }
                f.write_str(": `pt_regs` has")?;
                let registers = Machine::named(machine).map(|machine| machine.registers.iter());
                let held = registers
                    .into_iter()
                    .flatten()
                    .filter(|register| register.slot.is_some());
                let mut before = " ";
                for register in held {
                    match (asked, register.dwarf) {
                        (Asked::Name(_), _) => write!(f, "{before}`{}`", register.name)?,
                        (Asked::Dwarf(_), Some(number)) => {
                            write!(f, "{before}`{number}` ({})", register.name)?
                        }
                        (Asked::Dwarf(_), None) => continue,
                    }
                    before = ", ";
                }
                Ok(())
            }
        }
    }
}

/// The same text as `Display`, for `unwrap`.
impl fmt::Debug for RegisterError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The beginning of a text, for quoting it in an error that borrows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote<const LONGEST: usize> {
    bytes: [u8; LONGEST],
    length: u8,
    is_cut: bool,
}

impl<const LONGEST: usize> Quote<LONGEST> {
    #[inline]
    pub(crate) fn of(text: &str) -> Self {
        let mut length = text.len().min(LONGEST);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let mut bytes = [0; LONGEST];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self {
            bytes,
            length: length as u8,
            is_cut: length < text.len(),
        }
    }

    /// The part from an offset on; `None` if the quote does not reach that far.
    #[inline]
    pub(crate) fn from(&self, place: usize) -> Option<Self> {
        let bytes = &self.bytes[..self.length.into()];
        let text = core::str::from_utf8(bytes).ok()?.get(place..)?;
        let mut from = Self::of(text);
        from.is_cut = self.is_cut;
        (!text.is_empty() || !self.is_cut).then_some(from)
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<const LONGEST: usize> fmt::Display for Quote<LONGEST> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = &self.bytes[..self.length.into()];
        let text = core::str::from_utf8(bytes).unwrap_or_default();
        // Escaped, so that a quoted text cannot control a terminal.
        write!(f, "{}", text.escape_debug())?;
        f.write_str(if self.is_cut { "…" } else { "" })
    }
}

// The parts of the tables in `src/arch`.

/// A machine's registers: first the registers that ctx has, and then groups of others.
pub(crate) type Groups = &'static [&'static [Register]];

/// A register that ctx has.
#[inline]
pub(crate) const fn register(name: &'static str, dwarf: u16, slot: Slot) -> Register {
    Register {
        dwarf: Some(dwarf),
        ..unnumbered(name, slot)
    }
}

/// A register that ctx has, but that has no number in DWARF.
#[inline]
pub(crate) const fn unnumbered(name: &'static str, slot: Slot) -> Register {
    Register {
        name,
        aliases: &[],
        parts: [""; 4],
        dwarf: None,
        slot: Some(slot),
    }
}

/// Registers that ctx does not have. `dwarf` is the number of the first one in DWARF; the psABI's name comes first
/// among the names of each.
#[inline]
pub(crate) const fn elsewhere<const N: usize>(
    dwarf: u16,
    names: [&'static [&'static str]; N],
) -> [Register; N] {
    let mut registers = [Register {
        name: "",
        aliases: &[],
        parts: [""; 4],
        dwarf: None,
        slot: None,
    }; N];
    let mut n = 0;
    while n < N {
        if let Some((name, aliases)) = names[n].split_first() {
            registers[n].name = name;
            registers[n].aliases = aliases;
        }
        registers[n].dwarf = Some(dwarf + n as u16);
        n += 1;
    }
    registers
}

impl Register {
    /// Adds other names.
    #[inline]
    pub(crate) const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    #[inline]
    pub(crate) const fn parts(self, parts: [&'static str; 4]) -> Self {
        Self { parts, ..self }
    }
}

/// The names of registers that differ only in a number: `numbered!(["xmm" "ymm"] 0 1)` is `xmm0` with the other name
/// `ymm0`, and `xmm1` with the other name `ymm1`.
macro_rules! numbered {
    (@[$($prefix:literal)*] $n:literal) => { &[$(concat!($prefix, $n)),*] };
    ($prefixes:tt $($n:literal)*) => { [$($crate::registers::numbered!(@$prefixes $n)),*] };
}
pub(crate) use numbered;

/// The names of registers: `names![ft0 f0, ft1 f1]` is `ft0` with the other name `f0`, and `ft1` with the other name
/// `f1`.
macro_rules! names {
    ($($($name:ident)+),*) => { [$(&[$(stringify!($name)),*]),*] };
}
pub(crate) use names;
