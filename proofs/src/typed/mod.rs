//! Typed probes of the C prototypes that are executed ([`executed`](crate::executed)): programs that read every
//! parameter, the states of a machine that they run on, and the results that they must have for the values passed
//! there.
//!
//! The states are made from the places that the machine's value gives, or a real call has left them. Neither uses the
//! library's typed calls or its made-up calls.

mod host;
mod state;
mod write;

use std::{collections::BTreeSet, fmt, mem};

use probe_abi::machine::{self, Convention, Place, StackArea};

pub use host::{AllAnswers, Answers};
pub use state::{Garbage, State};

use crate::{
    bpf::Toolchain,
    executed::{Prototype, Type, of_library},
    facts::Facts,
    interpreter::{Constants, Memory, Program},
    object::Object,
    pairs,
    select::{Endian, MACHINES, Machine},
};

/// The kind of function that a probe declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    User,
    Kernel,
    Asmlinkage,
}

impl Code {
    pub const ALL: [Self; 3] = [Self::User, Self::Kernel, Self::Asmlinkage];

    /// The convention of a function with this prototype.
    pub fn convention<'a>(
        self,
        machine: &'a machine::Machine,
        prototype: &Prototype,
    ) -> &'a Convention {
        match self {
            Self::Kernel if prototype.variadic => &machine.asmlinkage,
            _ => self.fixed(machine),
        }
    }

    /// The same for a function without variable arguments.
    pub fn fixed(self, machine: &machine::Machine) -> &Convention {
        match self {
            Self::User => &machine.user,
            Self::Kernel => &machine.kernel,
            Self::Asmlinkage => &machine.asmlinkage,
        }
    }

    /// The memory that has its stack, and the other memory.
    fn memories(self, memory: &mut Memory) -> [&mut Vec<crate::interpreter::Region>; 2] {
        let Memory { user, kernel } = memory;
        match self {
            Self::User => [user, kernel],
            Self::Kernel | Self::Asmlinkage => [kernel, user],
        }
    }
}

/// The library's name of it.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A type of Rust that stands for one of C's.
pub struct Stand {
    rust: &'static str,
    means: Means,
}

/// The meaning of a value's bits.
#[derive(Clone, Copy)]
enum Means {
    Unsigned,
    Signed,
    /// Whether a bit is set.
    Bool,
}

const fn stands(rust: &'static str, means: Means) -> Stand {
    Stand { rust, means }
}

/// All types that may stand for each of [`TYPES`](crate::executed::TYPES), by C's name. The programs declare that
/// `Small`, `Flags`, `Kind` and `Offset` are passed as integers.
const STANDS: &[(&str, &[Stand])] = {
    use Means::{Bool, Signed, Unsigned};
    &[
        (
            "signed char",
            &[
                stands("c_schar", Signed),
                stands("Small", Signed),
                stands("i8", Signed),
            ],
        ),
        (
            "unsigned char",
            &[
                stands("bool", Bool),
                stands("c_uchar", Unsigned),
                stands("u8", Unsigned),
            ],
        ),
        ("short", &[stands("c_short", Signed), stands("i16", Signed)]),
        (
            "unsigned short",
            &[stands("c_ushort", Unsigned), stands("__u16", Unsigned)],
        ),
        (
            "int",
            &[
                stands("c_int", Signed),
                stands("Kind", Signed),
                stands("i32", Signed),
            ],
        ),
        (
            "unsigned int",
            &[
                stands("c_uint", Unsigned),
                stands("u32", Unsigned),
                stands("Flags", Unsigned),
            ],
        ),
        (
            "void *",
            &[
                stands("*const c_char", Unsigned),
                stands("c_long", Signed),
                stands("Ptr<c_int>", Unsigned),
                stands("size_t", Unsigned),
                stands(
                    "Option<unsafe extern \"C\" fn(c_int) -> *mut c_void>",
                    Unsigned,
                ),
                stands("*mut *mut c_void", Unsigned),
                stands("unsafe extern \"C\" fn()", Unsigned),
                stands("c_ulong", Unsigned),
                stands("ssize_t", Signed),
            ],
        ),
        (
            "long long",
            &[stands("c_longlong", Signed), stands("i64", Signed)],
        ),
        (
            "unsigned long long",
            &[
                stands("c_ulonglong", Unsigned),
                stands("Offset", Unsigned),
                stands("u64", Unsigned),
            ],
        ),
    ]
};

impl Stand {
    /// The type for parameter `n`, or for the return value, which comes after the parameters.
    fn of(ty: &Type, n: usize) -> &'static Self {
        let found = STANDS.iter().find(|(name, _)| *name == ty.name);
        let (_, stands) = found.unwrap_or_else(|| panic!("nothing stands for `{}`", ty.name));
        &stands[n % stands.len()]
    }

    /// A probe's result for a value with these low bits, as a number of 64 bits.
    fn meant(&self, bits: u64, size: u8) -> u64 {
        let unused = 64 - 8 * u32::from(size);
        match self.means {
            Means::Unsigned => bits << unused >> unused,
            Means::Signed => ((bits << unused) as i64 >> unused) as u64,
            Means::Bool => (bits as u8 != 0).into(),
        }
    }
}

/// A machine, in one endianness.
#[derive(Clone, Copy)]
pub struct Subject {
    pub row: &'static Machine,
    pub endian: Endian,
    pub facts: &'static Facts,
    /// The library's value.
    pub machine: &'static machine::Machine,
}

impl Subject {
    pub fn new(row: &'static Machine, endian: Endian) -> Result<Self, String> {
        let machine = machine::Machine::named(row.name);
        Ok(Self {
            row,
            endian,
            facts: Facts::of(row)?,
            machine: machine.ok_or_else(|| format!("the library has no `{}`", row.name))?,
        })
    }

    /// All machines that exist in an endianness.
    fn all(endian: Endian) -> impl Iterator<Item = Result<Self, String>> {
        let rows = MACHINES
            .iter()
            .filter(move |row| row.variant(endian).is_some());
        rows.map(move |row| Self::new(row, endian))
    }

    fn sizes(&self, prototype: &Prototype) -> Vec<u8> {
        let types = prototype.parameters.iter();
        types.map(|ty| ty.size(self.facts.word) as u8).collect()
    }

    /// Whether code of this kind has another convention than code of a process.
    pub fn is_called_otherwise(&self, code: Code) -> bool {
        let here = |code: Code| {
            let convention = code.fixed(self.machine);
            let offset = convention.stack.offset(of_library(self.endian));
            Convention {
                stack: StackArea::at(offset),
                ..*convention
            }
        };
        here(code) != here(Code::User)
    }

    /// The place of a parameter at the entry of a function.
    fn place(&self, code: Code, prototype: &Prototype, n: usize) -> Option<Place> {
        let convention = code.convention(self.machine, prototype);
        convention.place(&self.sizes(prototype), n, of_library(self.endian))
    }

    /// Whether the whole parameter is in registers.
    pub fn in_register(&self, code: Code, prototype: &Prototype, n: usize) -> bool {
        matches!(
            self.place(code, prototype, n),
            Some(Place::Register(_) | Place::Pair { .. })
        )
    }

    /// The prototypes that have programs, by their indices. Compiling all of them takes too long.
    ///
    /// Among them is every place that a parameter of a prototype has, with every type of C that it has there, and every
    /// type of Rust. If the convention is that of [`Code::User`], they are [`few`](Self::few).
    pub fn chosen(&self, code: Code, prototypes: &[Prototype]) -> Vec<usize> {
        if code != Code::User && !self.is_called_otherwise(code) {
            return self.few(code, prototypes);
        }
        cover(prototypes, |prototype| {
            let parameters = prototype.parameters.iter().enumerate();
            let parameters = parameters.flat_map(|(n, ty)| {
                let place = self.place(code, prototype, n);
                let rust = Stand::of(ty, n).rust;
                [format!("{place:?} {}", ty.name), rust.to_owned()]
            });
            let returned = prototype.returns.map(|ty| {
                let stand = Stand::of(ty, prototype.parameters.len());
                format!("returned {}", stand.rust)
            });
            parameters.chain(returned).collect()
        })
    }

    /// Some prototypes, by their indices. Among them is every kind of place, in every size.
    pub fn few(&self, code: Code, prototypes: &[Prototype]) -> Vec<usize> {
        cover(prototypes, |prototype| {
            let parameters = prototype.parameters.iter().enumerate();
            let parameters = parameters.map(|(n, ty)| {
                let place = self.place(code, prototype, n);
                let kind = place.map(|place| mem::discriminant(&place));
                format!("{kind:?} {}", ty.size(self.facts.word))
            });
            let returned = prototype.returns;
            let returned = returned.map(|ty| format!("returned {}", ty.size(self.facts.word)));
            parameters.chain(returned).collect()
        })
    }

    /// Whether the program of a prototype reads a parameter by `arg`, and not by `read_arg`.
    fn by_arg(&self, code: Code, prototype: &Prototype, index: usize, n: usize) -> bool {
        (index + n) % 2 == 1 && self.in_register(code, prototype, n)
    }

    /// The name of the program of a prototype.
    fn symbol(&self, code: Code, index: usize) -> String {
        format!("{}__{code}_{index}", self.row.name).to_lowercase()
    }

    /// The result of the program for a function's entry, for a call with these values that returns there.
    pub fn at_entry(
        &self,
        code: Code,
        prototype: &Prototype,
        values: &[u64],
        returns_to: Result<u64, i32>,
        in_memory: Result<(), i32>,
    ) -> u64 {
        let mut seen = Seen::new();
        seen.result(returns_to);
        let sizes = self.sizes(prototype);
        for (n, ty) in prototype.parameters.iter().enumerate() {
            let value = Stand::of(ty, n).meant(values[n], sizes[n]);
            seen.result(match self.in_register(code, prototype, n) {
                true => Ok(value),
                false => in_memory.map(|()| value),
            });
        }
        seen.0
    }

    /// The result of the program for a function's return; `None` if the function returns nothing.
    pub fn at_return(&self, prototype: &Prototype, value: u64) -> Option<u64> {
        let ty = prototype.returns?;
        let stand = Stand::of(ty, prototype.parameters.len());
        Some(stand.meant(value, ty.size(self.facts.word) as u8))
    }
}

/// The prototypes, by their indices, that have something that no prototype before them has.
fn cover(prototypes: &[Prototype], has: impl Fn(&Prototype) -> Vec<String>) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut adds = |&index: &usize| {
        let before = seen.len();
        seen.extend(has(&prototypes[index]));
        seen.len() > before
    };
    (0..prototypes.len()).filter(|index| adds(index)).collect()
}

/// The values that a program has seen, in their order, and the reads that failed. The programs compute the same number.
struct Seen(u64);

impl Seen {
    fn new() -> Self {
        Self(7)
    }

    fn value(&mut self, value: u64) {
        self.0 = self.0.wrapping_mul(31).wrapping_add(value);
    }

    fn result(&mut self, result: Result<u64, i32>) {
        match result {
            Ok(value) => self.value(value),
            Err(error) => self.0 = self.0.wrapping_mul(37).wrapping_add(error as u64),
        }
    }
}

/// The programs of all machines of an endianness, built.
pub struct Programs {
    object: Object,
    constants: Constants,
}

impl Programs {
    pub fn build(toolchain: &Toolchain, endian: Endian) -> Result<Self, String> {
        let source = write::programs(endian)?;
        let object = pairs::of_all_machines("typed", &source, toolchain, endian)?;
        Ok(Self {
            constants: Constants::of(&object)?,
            object: Object::parse(&object)?,
        })
    }

    /// The programs of one prototype: for its entry, and for its return.
    pub fn of(
        &self,
        subject: &Subject,
        code: Code,
        index: usize,
        prototype: &Prototype,
    ) -> Result<Pair<'_>, String> {
        let symbol = subject.symbol(code, index);
        let program = |name: &str| {
            let address = |section: &str| self.constants.address(section);
            Program::new(&self.object.program_with(name, address)?, subject.endian)
        };
        let returns = prototype.returns.is_some();
        Ok(Pair {
            entry: program(&symbol)?,
            returned: returns
                .then(|| program(&format!("{symbol}_returns")))
                .transpose()?,
            constants: &self.constants,
        })
    }
}

/// The two programs of a prototype.
pub struct Pair<'a> {
    entry: Program,
    returned: Option<Program>,
    constants: &'a Constants,
}

impl Pair<'_> {
    /// The results of the program for the entry, for each state.
    pub fn enter(&self, states: &[State]) -> Result<Vec<u64>, String> {
        let states = states.iter().map(State::parts);
        self.entry.run(self.constants, states)
    }

    /// The results of the program for the return, for each state. A function that returns nothing has no such program.
    pub fn leave(&self, states: &[State]) -> Result<Vec<u64>, String> {
        match &self.returned {
            Some(returned) => returned.run(self.constants, states.iter().map(State::parts)),
            None => Ok(Vec::new()),
        }
    }
}
