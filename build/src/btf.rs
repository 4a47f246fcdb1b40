//! The types of a kernel: BTF in C, as bpftool writes it, and the few types of it that a probe needs.

use std::{
    collections::{HashMap, HashSet},
    env, io,
    path::Path,
    process::Command,
};

use crate::Error;

/// The running kernel's own description of its types.
pub(crate) const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The variable that names the bpftool to run.
const VARIABLE: &str = "BPFTOOL";

/// The first line of bpftool's output.
pub(crate) const GUARD: &str = "#ifndef __VMLINUX_H__";

/// BTF in C.
pub(crate) fn c_of(btf: &Path) -> Result<String, Error> {
    let shown = btf.display();
    if let Err(error) = btf.metadata() {
        let advice = match btf == Path::new(RUNNING) {
            true => {
                "\nthis kernel tells no types (`CONFIG_DEBUG_INFO_BTF`): give the BTF of the kernel that the probe will \
                 run on to `Types::from_btf`, or its `vmlinux.h` to `Types::from_header`"
            }
            false => "",
        };
        return Err(Error::new(format_args!(
            "cannot read `{shown}`: {error}{advice}"
        )));
    }
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let named = env::var(VARIABLE).ok();
    let bpftools = match &named {
        Some(named) => vec![named.as_str()],
        // On Debian bpftool is in a folder that is only in root's `PATH`.
        None => vec!["bpftool", "/usr/sbin/bpftool"],
    };
    let mut last = None;
    for bpftool in &bpftools {
        let mut dump = Command::new(bpftool);
        dump.args(["btf", "dump", "file"])
            .arg(btf)
            .args(["format", "c"]);
        match dump.output() {
            Ok(output) if output.status.success() => {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Ok(output) => {
                let complaint = String::from_utf8_lossy(&output.stderr);
                return Err(Error::new(format_args!(
                    "`{bpftool}` cannot read the BTF of `{shown}`: {}",
                    complaint.lines().next().unwrap_or_default()
                )));
            }
            Err(error) => last = Some(error),
        }
    }
    let why = last.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound));
    Err(Error::new(format_args!(
        "cannot run `{}`, which reads the BTF of `{shown}`: {why}\n\
         install it, with `apt-get install bpftool` or as your system has it, or name it in `{VARIABLE}`, or generate `vmlinux.h` on another computer, \
         with `bpftool btf dump file {shown} format c > vmlinux.h`, and give it to `Types::from_header`",
        bpftools[0]
    )))
}

/// The name of a declaration in a search: `struct file`, `size_t`.
type Key = String;

/// The declarations of a `vmlinux.h`: 100,000 lines, of which a probe needs a few. bindgen takes half a minute for all
/// of them.
pub(crate) struct Declarations<'a> {
    /// In their original order, in which C can be read.
    texts: Vec<&'a str>,
    by_key: HashMap<Key, usize>,
}

impl<'a> Declarations<'a> {
    /// The declarations of a header that bpftool wrote.
    pub(crate) fn of(header: &'a str) -> Self {
        let mut texts = Vec::new();
        let mut by_key = HashMap::new();
        let (mut start, mut depth, mut at) = (0, 0_i32, 0);
        for line in header.split_inclusive('\n') {
            let is_directive = depth == 0 && line.starts_with('#');
            if is_directive || (depth == 0 && line.trim().is_empty()) {
                start = at + line.len();
            }
            at += line.len();
            if is_directive {
                continue;
            }
            depth += line.matches('{').count() as i32 - line.matches('}').count() as i32;
            if depth == 0 && line.trim_end().ends_with(';') {
                let text = &header[start..at];
                start = at;
                if let Some(key) = key_of(text) {
                    by_key.insert(key, texts.len());
                    texts.push(text);
                }
            }
        }
        Self { texts, by_key }
    }

    /// The names that a type has here, without `struct`, `union` and `enum`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_key
            .keys()
            .map(|key| key.rsplit(' ').next().unwrap_or(key))
    }

    /// A header with these types and the types of their fields. A struct that is only pointed to is declared, not
    /// defined.
    pub(crate) fn only<'n>(&self, names: impl Iterator<Item = &'n str>) -> String {
        let mut kept = HashSet::new();
        let mut declared = HashSet::new();
        let mut open: Vec<usize> = names
            .flat_map(|name| ["", "struct ", "union ", "enum "].map(|kind| format!("{kind}{name}")))
            .filter_map(|key| self.by_key.get(&key).copied())
            .collect();
        while let Some(index) = open.pop() {
            if !kept.insert(index) {
                continue;
            }
            let text = self.texts[index];
            for part in text.split(['{', '}', ';']) {
                // The target of a pointer need not be complete.
                let is_pointer = part.contains('*');
                let mut words = part
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .filter(|word| !word.is_empty());
                while let Some(word) = words.next() {
                    let key = match word {
                        "struct" | "union" => match words.next() {
                            Some(tag) => format!("{word} {tag}"),
                            None => continue,
                        },
                        "enum" => match words.next() {
                            Some(tag) => format!("enum {tag}"),
                            None => continue,
                        },
                        word => word.to_owned(),
                    };
                    let is_tag = key.starts_with("struct ") || key.starts_with("union ");
                    if is_tag && is_pointer {
                        declared.insert(key);
                    } else {
                        open.extend(self.by_key.get(&key));
                    }
                }
            }
        }
        let mut declared: Vec<Key> = declared.into_iter().collect();
        declared.sort_unstable();
        let mut kept: Vec<usize> = kept.into_iter().collect();
        kept.sort_unstable();
        let declared = declared.into_iter().map(|key| key + ";\n");
        let kept = kept.into_iter().map(|index| self.texts[index].to_owned());
        declared.chain(kept).collect()
    }
}

/// The name of a declaration; `None` if it only says that a struct exists, or has no name.
fn key_of(text: &str) -> Option<Key> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(rest) = text.strip_prefix("typedef ") {
        // `typedef int (*name)(int);`
        let of_function = rest.split_once("(*").filter(|_| !rest.contains('{'));
        if let Some((_, rest)) = of_function {
            let rest = rest.trim_start_matches('*');
            return rest.split(|c| !is_word(c)).next().map(str::to_owned);
        }
        let behind = rest.rsplit('}').next()?;
        let behind = behind.split("__attribute__").next()?;
        // `typedef int name(int);`
        let behind = behind.split(['(', '[', ';']).next()?;
        return behind
            .split(|c| !is_word(c))
            .rfind(|word| !word.is_empty())
            .map(str::to_owned);
    }
    let (before, _) = text.split_once('{')?;
    let mut words = before.split_whitespace();
    match (words.next()?, words.next()) {
        (kind @ ("struct" | "union" | "enum"), Some(name)) => Some(format!("{kind} {name}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// bpftool's output, with parts that are easily mistaken for others.
    const HEADER: &str = "#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned int __u32;

typedef __u32 u32;

typedef int sort_fn(const void *, u32);

typedef void (*callback_t)(struct ghost *, u32);

typedef struct {
	u32 counter;
} atomic_t;

struct list_head;

struct list_head {
	struct list_head *next;
};

enum color {
	RED = 0,
};

struct held {
	char bytes[3];
} __attribute__((packed));

union both {
	struct held held;
	u32 word;
};

struct other {
	int unused;
};

struct asked {
	struct list_head list;
	atomic_t count;
	union {
		union both both;
		struct other *pointer;
	};
	enum color color: 8;
	callback_t callback;
	sort_fn *sort;
	struct held array[2];
};

#endif
";

    fn only(names: &[&str]) -> String {
        Declarations::of(HEADER).only(names.iter().copied())
    }

    #[test]
    fn what_lies_in_a_type_comes_along() {
        let text = only(&["asked"]);
        let kept = [
            "struct ghost;\n",
            "struct other;\n",
            "typedef __u32 u32;\n",
            "typedef int sort_fn(const void *, u32);\n",
            "typedef void (*callback_t)(struct ghost *, u32);\n",
            "\tu32 counter;\n} atomic_t;\n",
            "struct list_head {\n",
            "enum color {\n",
            "} __attribute__((packed));\n",
            "union both {\n",
            "struct asked {\n",
        ];
        for part in kept {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        assert!(!text.contains("unused"), "{text}");
        assert!(!text.contains('#'), "{text}");
    }

    #[test]
    fn types_are_found_by_each_kind_of_name() {
        assert_eq!(only(&["color"]), "enum color {\n\tRED = 0,\n};\n");
        assert_eq!(
            only(&["u32"]),
            "typedef unsigned int __u32;\ntypedef __u32 u32;\n"
        );
        assert_eq!(only(&["ghost"]), "");
        let names: HashSet<String> = Declarations::of(HEADER)
            .names()
            .map(str::to_owned)
            .collect();
        for name in [
            "asked",
            "atomic_t",
            "both",
            "callback_t",
            "color",
            "sort_fn",
            "u32",
        ] {
            assert!(names.contains(name), "no `{name}`");
        }
    }
}
