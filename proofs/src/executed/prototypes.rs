//! C prototypes of integers and pointers, and the functions that are compiled from them.

use super::{Calls, Stub};
use crate::select::Endian;

/// The longest prototype: more parameters than any machine has registers for.
pub const PARAMETERS: usize = 12;

/// The number of random prototypes.
const RANDOM: usize = 240;

/// A type of C.
#[derive(Debug, PartialEq, Eq)]
pub struct Type {
    pub name: &'static str,
    /// `None` for a pointer.
    size: Option<usize>,
    pub signed: bool,
}

const fn ty(name: &'static str, size: usize, signed: bool) -> Type {
    let size = Some(size);
    Type { name, size, signed }
}

pub const TYPES: &[Type] = &[
    ty("signed char", 1, true),
    ty("unsigned char", 1, false),
    ty("short", 2, true),
    ty("unsigned short", 2, false),
    ty("int", 4, true),
    ty("unsigned int", 4, false),
    Type {
        name: "void *",
        size: None,
        signed: false,
    },
    LONG_LONG,
    ty("unsigned long long", 8, false),
];
const LONG_LONG: Type = ty("long long", 8, true);

impl Type {
    /// In bytes.
    pub fn size(&self, word: usize) -> usize {
        self.size.unwrap_or(word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prototype {
    pub parameters: Vec<&'static Type>,
    /// Whether it ends with `...`. No argument is passed there.
    pub variadic: bool,
    /// Whether its attribute says that no argument is passed in registers: the x86 kernel's `asmlinkage`.
    pub asmlinkage: bool,
    /// `None` for void.
    pub returns: Option<&'static Type>,
}

/// The prototypes that are executed: the same for every machine.
pub fn prototypes() -> Vec<Prototype> {
    let mut random = Random(0);
    // One parameter of 64 bits at every position, among narrower ones; then random prototypes.
    let one = (0..PARAMETERS).map(|position| {
        let narrow = &TYPES[4];
        let mut parameters = vec![narrow; PARAMETERS];
        parameters[position] = &LONG_LONG;
        Prototype {
            parameters,
            variadic: false,
            asmlinkage: false,
            returns: Some(narrow),
        }
    });
    let mut prototypes: Vec<Prototype> = one.collect();
    prototypes.extend((0..RANDOM).map(|_| {
        let parameters: Vec<_> = (0..random.below(PARAMETERS + 1))
            .map(|_| &TYPES[random.below(TYPES.len())])
            .collect();
        Prototype {
            // C requires a parameter before `...`.
            variadic: !parameters.is_empty() && random.below(8) == 0,
            asmlinkage: random.below(8) == 0,
            returns: TYPES.get(random.below(TYPES.len() + 1)),
            parameters,
        }
    }));
    prototypes
}

impl Prototype {
    /// The longest prototype, of words.
    pub fn words() -> Self {
        let pointer = TYPES.iter().find(|ty| ty.size.is_none());
        Self {
            parameters: vec![pointer.unwrap_or(&LONG_LONG); PARAMETERS],
            variadic: false,
            asmlinkage: false,
            returns: None,
        }
    }

    /// The kind of convention that it has in code of the kernel, or of a process.
    pub fn convention(&self, code: Calls, stub: &Stub, endian: Endian) -> Calls {
        match (code, stub.kernel(endian)) {
            (Calls::Kernel, Some(kernel)) if self.variadic || self.asmlinkage => kernel.asmlinkage,
            _ => code,
        }
    }

    /// C's declaration of a function with that name. `ASMLINKAGE` is the attribute.
    pub fn named(&self, name: &str) -> String {
        let attribute = if self.asmlinkage { "ASMLINKAGE " } else { "" };
        self.text(&format!("{attribute}{name}"))
    }

    /// C's type of a pointer to a function of this prototype.
    fn pointer(&self) -> String {
        let attribute = if self.asmlinkage { "ASMLINKAGE " } else { "" };
        self.text(&format!("({attribute}*)"))
    }

    fn text(&self, declarator: &str) -> String {
        let parameters = self.parameters.iter().enumerate();
        let mut parameters: Vec<String> = parameters
            .map(|(n, ty)| format!("{} p{n}", ty.name))
            .collect();
        if self.variadic {
            parameters.push("...".to_owned());
        }
        if parameters.is_empty() {
            parameters.push("void".to_owned());
        }
        let returns = self.returns.map_or("void", |ty| ty.name);
        format!("{returns} {declarator}({})", parameters.join(", "))
    }

    /// The caller and the callee that `driver.c` runs.
    pub(super) fn functions(&self, index: usize) -> String {
        let numbered = || self.parameters.iter().enumerate();
        let arguments: Vec<String> = numbered().map(|(n, ty)| ty.sent(&n.to_string())).collect();
        let received: String = numbered()
            .map(|(n, ty)| format!("\treceived[{n}] = {};\n", ty.widened(&format!("p{n}"))))
            .collect();
        let call = format!("(({})probed)({})", self.pointer(), arguments.join(", "));
        let (call, value) = match self.returns {
            Some(ty) => (
                format!("returned = {}", ty.widened(&call)),
                ty.sent("PARAMETERS"),
            ),
            None => (format!("{call};\n\treturned = 0"), String::new()),
        };
        let callee = self.named(&format!("callee_{index}"));
        format!(
            "\nvoid caller_{index}(void)\n{{\n\t{call};\n}}\n\n{callee}\n{{\n{received}\treturn {value};\n}}\n"
        )
    }
}

impl Type {
    /// A value of this type that the driver sends.
    fn sent(&self, n: &str) -> String {
        match self.size {
            Some(8) => format!("({})sent[{n}]", self.name),
            _ => format!("({})HIDDEN({n})", self.name),
        }
    }

    /// A value of this type, widened to 64 bits.
    fn widened(&self, value: &str) -> String {
        match self.size {
            None => format!("(word)({value})"),
            Some(_) => format!("(wide)({value})"),
        }
    }
}

/// The same numbers in every run: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
