//! The layout of Go's types in memory, by Go's specification ("Size and alignment guarantees") and `cmd/compile`. The
//! library's own knowledge of it is not used.

use probe_abi::machine::{Endian, GoShape};

/// A type of Go's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Bool,
    /// The number of bytes, and whether it is signed.
    Integer(u8, bool),
    /// One word. The type is one of Go's kinds of pointers.
    Pointer,
    String,
    Slice(Box<Type>),
    /// `error`, and other interfaces with methods.
    Interface,
    Any,
    Array(usize, Box<Type>),
    Struct(Vec<Type>),
}

/// An integer or a pointer of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// In bytes, from the start of the value.
    pub offset: usize,
    pub size: usize,
    pub is_bool: bool,
}

impl Type {
    /// The type in Go's syntax. Types that are passed in the same way take turns.
    pub fn go(&self, word: usize, turn: &mut usize) -> String {
        *turn += 1;
        let choose = |all: &[&str]| all[*turn % all.len()].to_owned();
        match self {
            Self::Bool => "bool".into(),
            Self::Integer(1, false) => choose(&["uint8", "byte"]),
            Self::Integer(4, true) if word == 4 => choose(&["int32", "int", "rune"]),
            Self::Integer(4, true) => choose(&["int32", "rune"]),
            Self::Integer(size, true) if usize::from(*size) == word => choose(&["int64", "int"]),
            Self::Integer(size, false) if usize::from(*size) == word => {
                let plain = format!("uint{}", 8 * size);
                choose(&[&plain, "uint", "uintptr"])
            }
            Self::Integer(size, signed) => {
                format!("{}int{}", if *signed { "" } else { "u" }, 8 * size)
            }
            Self::Pointer => choose(&[
                "unsafe.Pointer",
                "*int8",
                "map[int]string",
                "chan int",
                "func(int) string",
                "*struct { a, b string }",
            ]),
            Self::String => "string".into(),
            Self::Slice(element) => format!("[]{}", element.go(word, turn)),
            Self::Interface => choose(&["error", "interface { Close() error; Name() string }"]),
            Self::Any => "interface{}".into(),
            Self::Array(length, element) => format!("[{length}]{}", element.go(word, turn)),
            Self::Struct(fields) => {
                let fields = fields.iter().enumerate();
                let fields =
                    fields.map(|(index, field)| format!("f{index} {}", field.go(word, turn)));
                format!("struct {{ {} }}", fields.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn alignment(&self, word: usize) -> usize {
        match self {
            Self::Bool => 1,
            Self::Integer(size, _) => usize::from(*size).min(word),
            Self::Array(_, element) => element.alignment(word),
            Self::Struct(fields) => {
                let all = fields.iter().map(|field| field.alignment(word));
                all.max().unwrap_or(1)
            }
            _ => word,
        }
    }

    fn size(&self, word: usize) -> usize {
        let alignment = self.alignment(word);
        match self {
            Self::Bool => 1,
            Self::Integer(size, _) => (*size).into(),
            Self::Pointer => word,
            Self::String | Self::Interface | Self::Any => 2 * word,
            Self::Slice(_) => 3 * word,
            Self::Array(length, element) => length * element.size(word),
            Self::Struct(fields) => {
                let end = fields.iter().fold(0usize, |end, field| {
                    end.next_multiple_of(field.alignment(word)) + field.size(word)
                });
                end.next_multiple_of(alignment)
            }
        }
    }

    pub fn leaves(&self, word: usize) -> Vec<Leaf> {
        let leaf = |index: usize, size: usize| Leaf {
            offset: index * size,
            size,
            is_bool: false,
        };
        let moved = |leaves: Vec<Leaf>, by: usize| {
            leaves.into_iter().map(move |leaf| Leaf {
                offset: leaf.offset + by,
                ..leaf
            })
        };
        match self {
            Self::Bool => vec![Leaf {
                is_bool: true,
                ..leaf(0, 1)
            }],
            Self::Integer(size, _) => vec![leaf(0, (*size).into())],
            Self::Array(length, element) => (0..*length)
                .flat_map(|index| moved(element.leaves(word), index * element.size(word)))
                .collect(),
            Self::Struct(fields) => {
                let mut end = 0usize;
                let mut all = Vec::new();
                for field in fields {
                    let start = end.next_multiple_of(field.alignment(word));
                    all.extend(moved(field.leaves(word), start));
                    end = start + field.size(word);
                }
                all
            }
            _ => (0..self.size(word) / word)
                .map(|index| leaf(index, word))
                .collect(),
        }
    }

    fn has_array(&self) -> bool {
        match self {
            Self::Array(length, element) => *length > 1 || element.has_array(),
            Self::Struct(fields) => fields.iter().any(Self::has_array),
            _ => false,
        }
    }

    /// The properties of a type that its place depends on.
    pub fn shape(&self, word: usize) -> GoShape {
        let components = self.leaves(word).len() as u8;
        GoShape {
            components: (!self.has_array()).then_some(components),
            size: self.size(word) as u16,
            alignment: self.alignment(word) as u8,
        }
    }
}

/// Values in memory, one after the other, each at a multiple of 8.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// In the byte order of this computer, with gaps between values: one number for 8 bytes of memory.
    pub memory: Vec<u64>,
    /// The start of each value, in bytes.
    pub starts: Vec<usize>,
    /// The leaves of each value, with their numbers.
    pub leaves: Vec<Vec<(Leaf, u64)>>,
}

impl Values {
    /// A value for each type. Every leaf of all values has a different number, as far as its size allows.
    pub fn new(types: &[Type], word: usize, endian: Endian, next: &mut u64) -> Self {
        let mut bytes: Vec<u8> = Vec::new();
        let mut values = Self::default();
        for of_type in types {
            let start = bytes.len();
            bytes.resize(start + of_type.size(word).next_multiple_of(8), 0);
            let mut leaves = Vec::new();
            for leaf in of_type.leaves(word) {
                *next += 1;
                let number = number(leaf, *next, word);
                let all = match endian {
                    Endian::Little => number.to_le_bytes(),
                    Endian::Big => number.to_be_bytes(),
                };
                let bytes_of_leaf = match endian {
                    Endian::Little => &all[..leaf.size],
                    Endian::Big => &all[8 - leaf.size..],
                };
                bytes[start + leaf.offset..][..leaf.size].copy_from_slice(bytes_of_leaf);
                leaves.push((leaf, number));
            }
            values.starts.push(start);
            values.leaves.push(leaves);
        }
        let numbers = bytes.chunks_exact(8).map(|bytes| {
            let bytes = <[u8; 8]>::try_from(bytes).expect("a chunk has 8");
            match endian {
                Endian::Little => u64::from_le_bytes(bytes),
                Endian::Big => u64::from_be_bytes(bytes),
            }
        });
        values.memory = numbers.collect();
        values
    }
}

/// A number for a leaf. A number of one word may be taken for a pointer, so it is an address without memory.
fn number(leaf: Leaf, n: u64, word: usize) -> u64 {
    let mixed = (n ^ n >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if leaf.is_bool {
        return mixed >> 63;
    }
    match leaf.size {
        8 if word == 8 => 0x7a00_0000_0000 | mixed >> 28 & !7,
        4 if word == 4 => 0x5a00_0000 | mixed >> 40 & !3,
        size => mixed >> (64 - 8 * size),
    }
}
