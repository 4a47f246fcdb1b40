//! The C prototypes of the calls in random programs.

use std::fmt::Write as _;

use probe_abi::machine::{Convention, Endian, Machine, Place, Slot};

/// A function. Its parameters have Rust's names of C's types.
struct Prototype {
    name: &'static str,
    code: Code,
    parameters: &'static [&'static str],
    output: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Code {
    User,
    Kernel,
    /// The kernel's function for a syscall.
    Syscall,
}

/// A kernel's function has its first argument in a register on every machine. So every machine has an argument in a
/// register, and one of type `bool`.
const PROTOTYPES: [Prototype; 4] = [
    Prototype {
        name: "called",
        code: Code::Syscall,
        parameters: &["i32", "*const u8", "u64", "u16", "i32"],
        output: "i64",
    },
    Prototype {
        name: "inside",
        code: Code::Kernel,
        parameters: &["bool", "i16", "i64", "*const u8", "i8", "u64", "i32"],
        output: "bool",
    },
    Prototype {
        name: "narrow",
        code: Code::User,
        parameters: &[
            "i32",
            "i8",
            "*const u8",
            "u16",
            "bool",
            "i16",
            "u32",
            "u8",
            "i16",
            "i32",
            "bool",
        ],
        output: "i32",
    },
    Prototype {
        name: "wide",
        code: Code::User,
        parameters: &[
            "i32",
            "i64",
            "u16",
            "u64",
            "*const u8",
            "i8",
            "i64",
            "i16",
            "u64",
            "bool",
        ],
        output: "i64",
    },
];

/// The prototypes of a machine. If kernels differ in whether they wrap syscalls, a loader has to tell, and there is no
/// loader here.
fn prototypes(machine: &Machine) -> impl Iterator<Item = &'static Prototype> {
    let is_known = machine.wraps_syscalls.is_some();
    PROTOTYPES
        .iter()
        .filter(move |prototype| is_known || !matches!(prototype.code, Code::Syscall))
}

/// The value that a program asks a call for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// An argument in registers.
    Argument,
    /// The same, of type `bool`.
    Flag,
    /// An argument in any place.
    Anywhere,
    /// The return value.
    Value,
}

/// The value that programs ask for, as Rust. `number` selects one of the values of that kind on this machine. It is an
/// integer or a `bool`, or a `Result` of one if it has to be read from memory.
pub fn asked(asked: Asked, number: u64, machine: &Machine) -> String {
    let all: Vec<String> = prototypes(machine)
        .flat_map(|prototype| prototype.all(asked, machine))
        .collect();
    all[number as usize % all.len()].clone()
}

impl Prototype {
    fn all(&self, asked: Asked, machine: &Machine) -> Vec<String> {
        let Self {
            name, parameters, ..
        } = self;
        if asked == Asked::Value {
            return vec![format!("{name}_value(regs)")];
        }
        let indices = (0..parameters.len()).filter(|&n| {
            let is_whole = !matches!(self.code, Code::Syscall)
                && matches!(
                    self.place(n, machine),
                    Place::Register(_) | Place::Pair { .. }
                );
            match asked {
                Asked::Argument => is_whole,
                Asked::Flag => is_whole && parameters[n] == "bool",
                Asked::Anywhere | Asked::Value => true,
            }
        });
        let asked = indices.map(|n| match (asked, is_pointer(parameters[n])) {
            (Asked::Anywhere, true) => {
                format!("{name}(regs).read_arg::<{n}>().map(|pointer| pointer.address())")
            }
            (Asked::Anywhere, false) => format!("{name}(regs).read_arg::<{n}>()"),
            (_, true) => format!("{name}(regs).arg::<{n}>().address()"),
            (_, false) => format!("{name}(regs).arg::<{n}>()"),
        });
        asked.collect()
    }

    fn rust(&self) -> String {
        let Self {
            code,
            parameters,
            output,
            ..
        } = self;
        let parameters = parameters.join(", ");
        format!("{code:?}<unsafe extern \"C\" fn({parameters}) -> {output}>")
    }

    fn convention(&self, machine: &Machine) -> Convention {
        match self.code {
            Code::User => machine.user,
            Code::Kernel => machine.kernel,
            Code::Syscall => machine.asmlinkage,
        }
    }

    /// Whether the argument is in the registers whose address the function is given.
    fn is_wrapped(&self, machine: &Machine) -> bool {
        matches!(self.code, Code::Syscall) && machine.wraps_syscalls == Some(true)
    }

    fn place(&self, n: usize, machine: &Machine) -> Place {
        let sizes = self.parameters.iter().map(|rust| size(rust, machine));
        let sizes: Vec<u8> = sizes.collect();
        let place = match self.is_wrapped(machine) {
            true => machine.syscall_place(&sizes, n, Endian::Little),
            false => self.convention(machine).place(&sizes, n, Endian::Little),
        };
        place.expect("there is such a parameter")
    }

    /// The place as Rust.
    fn written_place(&self, n: usize, machine: &Machine) -> String {
        let first = match self.code {
            Code::User => "USER_ARGUMENTS",
            Code::Kernel | Code::Syscall => "ARGUMENTS",
        };
        match self.place(n, machine) {
            Place::Register(slot) | Place::Pair { low: slot, .. } if self.is_wrapped(machine) => {
                format!("Nested({})", slot.offset)
            }
            place => by_roles(place, self.convention(machine).registers, |number| {
                format!("{first} + {number}")
            }),
        }
    }

    /// The place of the return value.
    fn returned(&self, machine: &Machine) -> Place {
        let size = size(self.output, machine);
        let place = self.convention(machine).return_place(size, Endian::Little);
        place.expect("an integer has a place")
    }
}

/// A place as Rust, by the roles of `tests/random/probes/src/model.rs`.
fn by_roles(place: Place, registers: &[Slot], role: impl Fn(usize) -> String) -> String {
    let role = |slot| {
        let number = registers.iter().position(|register| *register == slot);
        role(number.expect("it is in one of these registers"))
    };
    match place {
        Place::Register(slot) => format!("Register({})", role(slot)),
        Place::Pair { low, high } => {
            format!("Pair {{ low: {}, high: {} }}", role(low), role(high))
        }
        Place::Split { low, high } => format!("Split {{ low: {}, high: {high} }}", role(low)),
        Place::Stack(above) => format!("Stack({above})"),
    }
}

/// The text before programs: the prototypes, and the functions that make a call for a program.
pub fn preface(machine: &Machine) -> String {
    let mut text = String::new();
    for prototype in prototypes(machine) {
        let Prototype { name, output, .. } = prototype;
        let (first, rest) = name.split_at(1);
        let alias = first.to_uppercase() + rest;
        let _ = write!(
            text,
            "type {alias} = {};\n\
             #[inline(always)]\n\
             fn {name}(regs: &pt_regs) -> &Entry<{alias}> {{\n\
                 unsafe {{ Entry::from_ctx((&raw const *regs).cast()) }}\n\
             }}\n\
             #[inline(always)]\n\
             fn {name}_value(regs: &pt_regs) -> {output} {{\n\
                 unsafe {{ Return::<{alias}>::from_ctx((&raw const *regs).cast()) }}.value()\n\
             }}\n",
            prototype.rust()
        );
    }
    text
}

/// All places, for programs without this crate.
pub fn places(machine: &Machine) -> String {
    let mut text = String::new();
    for prototype in prototypes(machine) {
        let function = prototype.rust();
        for (n, rust) in prototype.parameters.iter().enumerate() {
            let value = match is_pointer(rust) {
                true => "Ptr<u8>",
                false => rust,
            };
            let place = prototype.written_place(n, machine);
            let _ = writeln!(
                text,
                "impl Nth<{n}> for {function} {{ type Value = {value}; const PLACE: Place = Place::{place}; }}"
            );
        }
        let output = prototype.output;
        let registers = prototype.convention(machine).return_value;
        let place = by_roles(prototype.returned(machine), registers, |number| {
            ["RETURN_VALUE", "SECOND_RETURN_VALUE"][number].to_owned()
        });
        let _ = writeln!(
            text,
            "impl Returns for {function} {{ type Value = {output}; const PLACE: Place = Place::{place}; }}"
        );
    }
    text
}

fn is_pointer(rust: &str) -> bool {
    rust.starts_with('*')
}

fn size(rust: &str, machine: &Machine) -> u8 {
    match rust.trim_start_matches(['i', 'u']) {
        "8" | "bool" => 1,
        "16" => 2,
        "32" => 4,
        "64" => 8,
        _ => machine.word,
    }
}
