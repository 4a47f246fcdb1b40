//! The library's facts of every machine, in the form that proofs use: for each role the slot that is read, and the
//! operations on its value.

use std::{fs, sync::LazyLock};

use probe_abi::machine::{self, Convention, ReturnAddress};

use crate::{
    bindings::Bindings,
    bpf::root,
    host::cannot,
    select::{Endian, MACHINES, Machine},
    wrong,
};

/// One machine's roles.
#[derive(Debug, Clone)]
pub struct Facts {
    pub machine: &'static Machine,
    /// The size of `unsigned long` in bytes. All slots have this size, except s390x's `int_code`.
    pub word: usize,
    pub bindings: Bindings,
    /// Every slot of `pt_regs`, in order.
    pub slots: Vec<Slot>,
    pub arguments: Vec<Reading>,
    /// The arguments of a function of user code that are in registers.
    pub user_arguments: Vec<Reading>,
    pub syscall_arguments: Vec<Reading>,
    pub syscall_number: Reading,
    pub return_value: Reading,
    /// The other register of a return value of 64 bits, on a machine of 32 bits.
    pub second_return_value: Option<Reading>,
    /// The return address, or the address of its place on the stack.
    pub return_address: Reading,
    pub returns_on_stack: bool,
    pub instruction_pointer: Reading,
    pub stack_pointer: Reading,
    pub frame_pointer: Option<Reading>,
    first_on_stack: FirstOnStack,
    user_first_on_stack: FirstOnStack,
}

/// The result of reading one role: a slot, the number that is added to its value, and the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub slot: Slot,
    pub plus: u64,
    pub mask: Option<u32>,
}

/// A slot of ctx: the C expression for the field, and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub field: &'static str,
    pub offset: usize,
    pub width: usize,
}

/// The address of the first argument that is not in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FirstOnStack {
    little: Reading,
    big: Reading,
}

impl Facts {
    /// The roles of a machine. `Err` says what in its file cannot be read.
    pub fn of(machine: &Machine) -> Result<&'static Facts, String> {
        let all = FACTS.as_ref().map_err(String::clone)?;
        let found = all.iter().find(|facts| facts.machine == machine);
        found.ok_or_else(|| format!("`{}` is not a row of the table", machine.name))
    }

    pub fn name(&self) -> &'static str {
        self.machine.name
    }

    /// The address of argument `index`, if it is not in a register.
    pub fn stack_argument(&self, index: usize, endian: Endian) -> Option<Reading> {
        let beyond = index.checked_sub(self.arguments.len())?;
        Some(self.first_on_stack.nth(beyond, self.word, endian))
    }

    /// The same for a function of user code.
    pub fn user_stack_argument(&self, index: usize, endian: Endian) -> Option<Reading> {
        let beyond = index.checked_sub(self.user_arguments.len())?;
        Some(self.user_first_on_stack.nth(beyond, self.word, endian))
    }
}

/// Changes that proofs have to refuse.
impl Facts {
    /// Moves the arguments on the stack, of kernel code or of user code, by one word.
    pub fn move_stack(&mut self, user: bool) {
        let first = match user {
            true => &mut self.user_first_on_stack,
            false => &mut self.first_on_stack,
        };
        first.little.plus += self.word as u64;
        first.big.plus += self.word as u64;
    }

    /// A header in which a field and the next one, of the same size, are exchanged.
    #[must_use]
    pub fn with_fields_swapped(&self, index: usize) -> Self {
        let mut changed = self.clone();
        let fields = &mut changed.bindings.fields;
        let (first, second) = (fields[index].offset, fields[index + 1].offset);
        let size = fields[index].size;
        fields[index].offset = second;
        fields[index + 1].offset = first;
        changed.slots = slots(&changed.bindings);
        let moved = |reading: &mut Reading| {
            let offset = &mut reading.slot.offset;
            if (first..first + size).contains(offset) {
                *offset += second - first;
            } else if (second..second + size).contains(offset) {
                *offset -= second - first;
            }
        };
        for (_, reading) in wrong::named(&mut changed) {
            moved(reading);
        }
        for first in [
            &mut changed.first_on_stack,
            &mut changed.user_first_on_stack,
        ] {
            moved(&mut first.little);
            moved(&mut first.big);
        }
        changed
    }
}

impl FirstOnStack {
    fn nth(&self, index: usize, word: usize, endian: Endian) -> Reading {
        let first = match endian {
            Endian::Little => self.little,
            Endian::Big => self.big,
        };
        Reading {
            plus: first.plus + (index * word) as u64,
            ..first
        }
    }
}

// The bindings are read at run time, and not compiled in, because `cargo xtask bless` writes them.
static FACTS: LazyLock<Result<Vec<Facts>, String>> = LazyLock::new(|| {
    let facts = MACHINES.iter().map(|machine| {
        let path = root().join(format!("build/bindings/{}.rs", machine.name));
        let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
        let value = machine::Machine::named(machine.name);
        let value = value.ok_or_else(|| format!("the library has no `{}`", machine.name))?;
        Ok(Facts::new(machine, value, Bindings::parse(&text)))
    });
    facts.collect()
});

impl Facts {
    /// The facts that a value of the library has for a machine, even if they are wrong.
    pub fn new(machine: &'static Machine, value: &machine::Machine, bindings: Bindings) -> Self {
        let (returns_on_stack, return_address) = match value.return_address {
            ReturnAddress::Register(slot) => (false, slot),
            ReturnAddress::Stack(slot) => (true, slot),
        };
        let mask = value.syscall_number_mask;
        Self {
            machine,
            word: value.word.into(),
            arguments: Reading::all(value.kernel.registers),
            user_arguments: Reading::all(value.user.registers),
            syscall_arguments: Reading::all(value.syscall_arguments),
            syscall_number: Reading {
                mask: (mask != u32::MAX).then_some(mask),
                ..Reading::of(value.syscall_number)
            },
            return_value: Reading::of(value.kernel.return_value[0]),
            second_return_value: value.kernel.return_value.get(1).copied().map(Reading::of),
            return_address: Reading {
                plus: value.return_address_behind.into(),
                ..Reading::of(return_address)
            },
            returns_on_stack,
            instruction_pointer: Reading::of(value.instruction_pointer),
            stack_pointer: Reading::of(value.stack_pointer),
            frame_pointer: value.frame_pointer.map(Reading::of),
            first_on_stack: FirstOnStack::of(value.stack_pointer, value.kernel),
            user_first_on_stack: FirstOnStack::of(value.stack_pointer, value.user),
            slots: slots(&bindings),
            bindings,
        }
    }
}

impl Reading {
    fn of(slot: machine::Slot) -> Self {
        Self {
            slot: Slot {
                field: slot.field,
                offset: slot.offset.into(),
                width: slot.width.into(),
            },
            plus: 0,
            mask: None,
        }
    }

    fn all(slots: &[machine::Slot]) -> Vec<Self> {
        slots.iter().copied().map(Self::of).collect()
    }
}

impl FirstOnStack {
    fn of(stack_pointer: machine::Slot, convention: Convention) -> Self {
        let above = |offset: u16| Reading {
            plus: offset.into(),
            ..Reading::of(stack_pointer)
        };
        Self {
            little: above(convention.stack.little_endian),
            big: above(convention.stack.big_endian),
        }
    }
}

/// Every slot of `pt_regs`, in order.
fn slots(bindings: &Bindings) -> Vec<Slot> {
    let slots = bindings.fields.iter().flat_map(|field| {
        let elements = field.size / field.slot;
        (0..elements).map(move |index| Slot {
            field: match elements {
                1 => field.name.clone().leak(),
                _ => format!("{}[{index}]", field.name).leak(),
            },
            offset: field.offset + index * field.slot,
            width: field.slot,
        })
    });
    slots.collect()
}
