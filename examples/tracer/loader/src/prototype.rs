//! C prototypes: the functions that the user asks for.

use tracer_event::ARGUMENTS;

/// A function as C declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prototype {
    pub name: String,
    pub parameters: Vec<Parameter>,
    /// It takes more arguments than it declares.
    pub variadic: bool,
    pub returns: Type,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: Option<String>,
    pub ty: Type,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Void,
    Bool,
    Char,
    Integer {
        bits: u32,
        signed: bool,
    },
    /// `char *`
    String,
    /// Any other pointer.
    Pointer,
}

/// An integer type of probe-abi, with the width and the sign that it has on the traced machine.
macro_rules! integer {
    ($name:ident) => {
        Type::Integer {
            bits: probe_abi::$name::BITS,
            signed: probe_abi::$name::MIN != 0,
        }
    };
}

/// The types that have a name of their own.
const NAMED: &[(&str, Type)] = &[
    ("void", Type::Void),
    ("bool", Type::Bool),
    ("_Bool", Type::Bool),
    ("size_t", integer!(size_t)),
    ("ssize_t", integer!(ssize_t)),
    ("ptrdiff_t", integer!(ptrdiff_t)),
    ("intptr_t", integer!(intptr_t)),
    ("uintptr_t", integer!(uintptr_t)),
    ("wchar_t", integer!(wchar_t)),
    ("int8_t", integer!(int8_t)),
    ("uint8_t", integer!(uint8_t)),
    ("int16_t", integer!(int16_t)),
    ("uint16_t", integer!(uint16_t)),
    ("int32_t", integer!(int32_t)),
    ("uint32_t", integer!(uint32_t)),
    ("int64_t", integer!(int64_t)),
    ("uint64_t", integer!(uint64_t)),
    // Types of the C library, as POSIX and glibc define them.
    ("clockid_t", integer!(c_int)),
    ("gid_t", integer!(c_uint)),
    ("mode_t", integer!(c_uint)),
    ("loff_t", integer!(c_longlong)),
    ("nfds_t", integer!(c_ulong)),
    ("off_t", integer!(c_long)),
    ("off64_t", integer!(c_longlong)),
    ("pid_t", integer!(c_int)),
    ("socklen_t", integer!(c_uint)),
    ("time_t", integer!(c_long)),
    ("uid_t", integer!(c_uint)),
];

const QUALIFIERS: &[&str] = &[
    "const",
    "volatile",
    "restrict",
    "__restrict",
    "extern",
    "inline",
    "register",
];
const TAGS: &[&str] = &["struct", "union", "enum"];
const SPECIFIERS: &[&str] = &["signed", "unsigned", "char", "short", "int", "long"];

impl Prototype {
    /// The prototype in a text such as `int openat(int, const char *path, int flags, ...)`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let tokens = match tokens.as_slice() {
            [tokens @ .., ";"] => tokens,
            tokens => tokens,
        };
        let not_one = || {
            format!(
                "`{text}` is not a C prototype: accepted is one such as `int open(const char *path, int flags)`"
            )
        };
        let open = tokens.iter().position(|&token| token == "(");
        let (head, parameters) = tokens.split_at(open.ok_or_else(not_one)?);
        let [returns @ .., name] = head else {
            return Err(not_one());
        };
        let [_, parameters @ .., ")"] = parameters else {
            return Err(not_one());
        };
        if returns.is_empty() || !is_name(name) {
            return Err(not_one());
        }

        let mut parameters = split(parameters).ok_or_else(not_one)?;
        let variadic = parameters.pop_if(|last| *last == ["..."]).is_some();
        if parameters == [["void"]] {
            parameters.clear();
        }
        let parameters: Vec<Parameter> = parameters
            .into_iter()
            .map(parameter)
            .collect::<Result<_, _>>()
            .map_err(|why| format!("`{text}`: {why}"))?;
        if parameters.len() > ARGUMENTS {
            return Err(format!(
                "`{name}` has {} parameters: accepted are up to {ARGUMENTS}",
                parameters.len()
            ));
        }
        let returned = declaration(returns).map_err(|why| format!("`{text}`: {why}"))?;
        if returned.name.is_some() {
            return Err(not_one());
        }
        Ok(Self {
            name: (*name).to_owned(),
            parameters,
            variadic,
            returns: returned.ty,
        })
    }
}

/// Names, numbers and punctuation.
fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_name_character(first) {
            rest.find(|c| !is_name_character(c)).unwrap_or(rest.len())
        } else if rest.starts_with("...") {
            3
        } else if "()[]*,;".contains(first) {
            1
        } else {
            return Err(format!(
                "`{text}` is not a C prototype, for the `{}` in it",
                first.escape_debug()
            ));
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn is_name_character(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

fn is_name(token: &str) -> bool {
    let keyword = [QUALIFIERS, TAGS, SPECIFIERS]
        .iter()
        .any(|list| list.contains(&token));
    !keyword && token.starts_with(|c: char| is_name_character(c) && !c.is_ascii_digit())
}

/// The parameters between commas; `None` if parentheses do not match.
fn split<'t>(tokens: &'t [&'t str]) -> Option<Vec<&'t [&'t str]>> {
    let mut depth = 0_usize;
    let mut parameters = Vec::new();
    let mut start = 0;
    for (index, &token) in tokens.iter().enumerate() {
        match token {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.checked_sub(1)?,
            "," if depth == 0 => {
                parameters.push(&tokens[start..index]);
                start = index + 1;
            }
            ";" => return None,
            _ => {}
        }
    }
    if !tokens.is_empty() {
        parameters.push(&tokens[start..]);
    }
    (depth == 0).then_some(parameters)
}

fn parameter(tokens: &[&str]) -> Result<Parameter, String> {
    match declaration(tokens)? {
        Parameter { ty: Type::Void, .. } => Err("a parameter cannot be `void`".to_owned()),
        parameter => Ok(parameter),
    }
}

/// A type, and the name that it may declare: `const char *path`, `char **`, `int (*compare)(int)`.
fn declaration(tokens: &[&str]) -> Result<Parameter, String> {
    let shown = tokens.join(" ");
    let declarator = tokens
        .iter()
        .position(|token| ["*", "(", "["].contains(token));
    let (base, declarator) = tokens.split_at(declarator.unwrap_or(tokens.len()));
    let mut base: Vec<&str> = base
        .iter()
        .copied()
        .filter(|token| !QUALIFIERS.contains(token))
        .collect();

    // `int fd`, `size_t size`, `struct stat`: if the words before the last one are a type, the last word is the name.
    let mut name = None;
    let least = if base.first().is_some_and(|first| TAGS.contains(first)) {
        2
    } else {
        1
    };
    if base.len() > least && base.last().is_some_and(|last| is_name(last)) {
        name = base.pop();
    }
    if base.is_empty() {
        return Err(format!("`{shown}` names no type"));
    }

    let pointed_to = base_type(&base);
    let ty = if declarator.is_empty() {
        pointed_to.ok_or_else(|| unknown(&base))?
    } else {
        name = name.or(declarator.iter().copied().find(|token| is_name(token)));
        let levels = declarator
            .iter()
            .filter(|token| !QUALIFIERS.contains(token) && !is_name(token));
        match (pointed_to, levels.copied().collect::<Vec<_>>().as_slice()) {
            (Some(Type::Char), ["*"] | ["[", "]"]) => Type::String,
            _ => Type::Pointer,
        }
    };
    Ok(Parameter {
        name: name.map(str::to_owned),
        ty,
    })
}

/// The type that words without a `*` name.
fn base_type(words: &[&str]) -> Option<Type> {
    match words {
        // The compiler may choose its width, but all compilers in use choose this one.
        ["enum", _] => return Some(integer!(c_uint)),
        [word] => {
            if let Some((_, ty)) = NAMED.iter().find(|(name, _)| name == word) {
                return Some(*ty);
            }
        }
        _ => {}
    }
    // C allows them in any order: `long unsigned int`.
    let mut words = words.to_vec();
    words.sort_unstable();
    Some(match words.as_slice() {
        ["char"] => Type::Char,
        ["char", "signed"] => integer!(c_schar),
        ["char", "unsigned"] => integer!(c_uchar),
        ["short"] | ["int", "short"] | ["short", "signed"] | ["int", "short", "signed"] => {
            integer!(c_short)
        }
        ["short", "unsigned"] | ["int", "short", "unsigned"] => integer!(c_ushort),
        ["int"] | ["signed"] | ["int", "signed"] => integer!(c_int),
        ["unsigned"] | ["int", "unsigned"] => integer!(c_uint),
        ["long"] | ["int", "long"] | ["long", "signed"] | ["int", "long", "signed"] => {
            integer!(c_long)
        }
        ["long", "unsigned"] | ["int", "long", "unsigned"] => integer!(c_ulong),
        ["long", "long"]
        | ["int", "long", "long"]
        | ["long", "long", "signed"]
        | ["int", "long", "long", "signed"] => integer!(c_longlong),
        ["long", "long", "unsigned"] | ["int", "long", "long", "unsigned"] => {
            integer!(c_ulonglong)
        }
        _ => return None,
    })
}

fn unknown(words: &[&str]) -> String {
    let shown = words.join(" ");
    let why = match words {
        ["float"] | ["double"] | ["long", "double"] => {
            "is not passed as integers are, and BPF has no floating point"
        }
        ["struct" | "union", ..] => {
            "is not passed as integers are, or is a pointer that lacks its `*`"
        }
        _ => "is no type that is known here, or is a pointer that lacks its `*`",
    };
    let named: Vec<String> = NAMED.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!(
        "`{shown}` {why}: accepted are C's integer types, {}, `enum` and pointers to anything",
        named.join(", ")
    )
}

impl Type {
    /// In bytes; `None` for `void`.
    pub fn size(self) -> Option<u8> {
        match self {
            Type::Void => None,
            Type::Bool | Type::Char => Some(1),
            Type::Integer { bits, .. } => Some((bits / 8) as u8),
            Type::String | Type::Pointer => Some(probe_abi::MACHINE.word),
        }
    }

    /// A value of this type that is not a string, as C writes it. Only the type's own bits count: the other bits may be
    /// anything.
    pub fn show(self, bits: u64) -> String {
        match self {
            Type::Void => "void".to_owned(),
            Type::Bool => (bits as u8 != 0).to_string(),
            Type::Char => match bits as u8 {
                c @ b' '..=b'~' => format!("'{}'", c.escape_ascii()),
                _ => (bits as probe_abi::c_char).to_string(),
            },
            Type::Integer {
                bits: width,
                signed,
            } => {
                let unused = 64 - width;
                if signed {
                    ((bits << unused) as i64 >> unused).to_string()
                } else {
                    (bits << unused >> unused).to_string()
                }
            }
            Type::String | Type::Pointer if bits == 0 => "NULL".to_owned(),
            Type::String | Type::Pointer => format!("{bits:#x}"),
        }
    }
}
