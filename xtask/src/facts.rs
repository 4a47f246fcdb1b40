//! The roles of every machine as data: those that src/arch declares, with the offsets and widths that
//! src/bindings gives their slots.
//!
//! They are read from the text, and not asked of the methods that the text becomes: what the methods
//! do, on the host and in BPF, is compared with this.

use std::{fs, sync::LazyLock};

use crate::{
    bindings::Bindings,
    bpf::root,
    host::cannot,
    select::{Endian, MACHINES, Machine},
};

/// One machine's roles.
#[derive(Debug)]
pub struct Facts {
    pub machine: &'static Machine,
    /// Bytes of `unsigned long`, which all slots are but s390x's `int_code`.
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
    /// The return address, or where it lies on the stack.
    pub return_address: Reading,
    pub returns_on_stack: bool,
    pub instruction_pointer: Reading,
    pub stack_pointer: Reading,
    pub frame_pointer: Option<Reading>,
    first_on_stack: FirstOnStack,
    user_first_on_stack: FirstOnStack,
}

/// What a read of one role gives: a slot, what is added to it, and what is masked from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub slot: Slot,
    pub plus: u64,
    pub mask: Option<u32>,
}

/// A slot of ctx: the C expression for the field, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub field: &'static str,
    pub offset: usize,
    pub width: usize,
}

/// The address of the first argument that is not in a register.
#[derive(Debug, Clone, Copy)]
struct FirstOnStack {
    little: Reading,
    big: Reading,
}

impl Facts {
    /// The roles of a machine. `Err` is what its file says that cannot be read.
    pub fn of(machine: &Machine) -> Result<&'static Facts, String> {
        let all = FACTS.as_ref().map_err(String::clone)?;
        let found = all.iter().find(|facts| facts.machine == machine);
        found.ok_or_else(|| format!("`{}` is not a row of the table", machine.name))
    }

    pub fn name(&self) -> &'static str {
        self.machine.name
    }

    /// The address of argument `index`, for one that is not in a register.
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

// Read when asked for, and not compiled in: `cargo xtask bless` writes the bindings.
static FACTS: LazyLock<Result<Vec<Facts>, String>> = LazyLock::new(|| {
    let text = |path: &str| {
        let path = root().join(path);
        fs::read_to_string(&path).map_err(cannot("read", &path))
    };
    let facts = MACHINES.iter().map(|machine| {
        let path = format!("src/arch/{}.rs", machine.name);
        let bindings = text(&format!("src/bindings/{}.rs", machine.name))?;
        let facts = read(machine, text(&path)?.leak(), Bindings::parse(&bindings));
        facts.map_err(|error| format!("{path}: {error}"))
    });
    facts.collect()
});

fn read(
    machine: &'static Machine,
    file: &'static str,
    bindings: Bindings,
) -> Result<Facts, String> {
    let roles = Block::of(file, "crate::regs::roles!")?;
    let slots = Slots(&bindings);
    let one = |role| slots.reading(roles.value(role)?);
    let arguments = slots.list(roles.value("arguments")?)?;
    let first_on_stack = slots.first_on_stack(roles.value("stack_arguments")?)?;
    let (user_arguments, user_first_on_stack) = match roles.value("user_code") {
        Ok(name) => {
            let user = Block::of(file, "crate::regs::arguments!")?;
            let stack = user.0.iter().find_map(|line| line.strip_prefix("stack "));
            (
                slots.list(user.value(name)?)?,
                slots.first_on_stack(stack.ok_or("user code has no `stack`")?)?,
            )
        }
        Err(_) => (arguments.clone(), first_on_stack),
    };
    let (kind, return_address) = variant(roles.value("return_address")?);
    let (_, frame_pointer) = variant(roles.value("frame_pointer")?);
    let word = bindings.types.iter().find(|ty| ty.name == "c_ulong");
    Ok(Facts {
        machine,
        word: word.ok_or("the bindings have no `c_ulong`")?.layout.size,
        arguments,
        user_arguments,
        syscall_arguments: slots.list(roles.value("syscall_arguments")?)?,
        syscall_number: one("syscall_number")?,
        return_value: one("return_value")?,
        return_address: slots.reading(return_address.ok_or("`return_address` has no slot")?)?,
        returns_on_stack: kind == "Stack",
        instruction_pointer: one("instruction_pointer")?,
        stack_pointer: one("stack_pointer")?,
        frame_pointer: frame_pointer.map(|text| slots.reading(text)).transpose()?,
        first_on_stack,
        user_first_on_stack,
        slots: slots.all(),
        bindings,
    })
}

/// The statements of a macro's call, `name: value`, without their semicolons.
struct Block(Vec<&'static str>);

impl Block {
    fn of(file: &'static str, call: &str) -> Result<Self, String> {
        let (_, block) = file
            .split_once(&format!("{call} {{"))
            .ok_or_else(|| format!("`{call}` is not called"))?;
        let (block, _) = block
            .split_once('}')
            .ok_or_else(|| format!("`{call}` does not end"))?;
        Ok(Self(block.split(';').map(str::trim).collect()))
    }

    fn value(&self, name: &str) -> Result<&'static str, String> {
        let values = self.0.iter().filter_map(|line| line.split_once(':'));
        let mut values = values.filter(|(key, _)| *key == name);
        let value = values.next().map(|(_, value)| value.trim());
        value.ok_or_else(|| format!("there is no `{name}`"))
    }
}

/// `Some(x)` as `Some` and `x`.
fn variant(text: &'static str) -> (&'static str, Option<&'static str>) {
    match text.split_once('(') {
        Some((name, value)) => (name, value.strip_suffix(')')),
        None => (text, None),
    }
}

/// The slots that a machine's roles name.
struct Slots<'a>(&'a Bindings);

impl Slots<'_> {
    fn all(&self) -> Vec<Slot> {
        let slots = self.0.fields.iter().flat_map(|field| {
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

    fn list(&self, text: &'static str) -> Result<Vec<Reading>, String> {
        let slots = text.split(',').map(str::trim);
        slots
            .filter(|text| !text.is_empty())
            .map(|text| self.reading(text))
            .collect()
    }

    /// `field + 96`, and `, big 112` where that differs.
    fn first_on_stack(&self, text: &'static str) -> Result<FirstOnStack, String> {
        let (little, big) = text.split_once(", big ").unwrap_or((text, ""));
        let little = self.reading(little)?;
        let plus = match big {
            "" => little.plus,
            big => number(big)?,
        };
        let big = Reading { plus, ..little };
        Ok(FirstOnStack { little, big })
    }

    /// `field`, `field + 8` or `field & 0xffff`.
    fn reading(&self, text: &'static str) -> Result<Reading, String> {
        let (field, plus) = text.split_once(" + ").unwrap_or((text, "0"));
        let (field, mask) = match field.split_once(" & ") {
            Some((field, mask)) => (field, Some(number(mask)? as u32)),
            None => (field, None),
        };
        Ok(Reading {
            slot: self.slot(field)?,
            plus: number(plus)?,
            mask,
        })
    }

    /// `field`, `outer.inner` or `array[3]`.
    fn slot(&self, text: &'static str) -> Result<Slot, String> {
        let unknown = || format!("`{text}` is not in `pt_regs`");
        let (name, index) = match text.split_once('[') {
            Some((name, index)) => (name, index.strip_suffix(']').ok_or_else(unknown)?),
            None => (text, "0"),
        };
        let field = self.0.fields.iter().find(|field| field.name == name);
        let field = field.ok_or_else(unknown)?;
        let offset = field.offset + number(index)? as usize * field.slot;
        if offset >= field.end() {
            return Err(unknown());
        }
        Ok(Slot {
            field: text,
            offset,
            width: field.slot,
        })
    }
}

fn number(text: &str) -> Result<u64, String> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    u64::from_str_radix(digits, radix).map_err(|_| format!("`{text}` is not a number"))
}
