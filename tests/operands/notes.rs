//! The notes of static probes in programs: `sys/sdt.h` writes them into the section `.note.stapsdt`.

use std::{collections::BTreeSet, fs, path::Path};

use object::{Object, ObjectKind, ObjectSection};
use probe_abi::{machine::Machine, operand::Operand};
use probe_abi_usdt::Elf;
use proofs::{c::Compiler, debian::Package, select::Endian};

/// The operands of all programs and libraries in a package, each once.
pub fn of_package(
    package: &Package,
    machine: &Machine,
    endian: Endian,
) -> Result<BTreeSet<String>, String> {
    let mut operands = BTreeSet::new();
    add_folder(&package.root, machine, endian, &mut operands)?;
    match operands.is_empty() {
        true => Err(format!("`{}` has no operands", package.name)),
        false => Ok(operands),
    }
}

fn add_folder(
    folder: &Path,
    machine: &Machine,
    endian: Endian,
    operands: &mut BTreeSet<String>,
) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("cannot read `{}`: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let kind = entry.file_type().map_err(cannot)?;
        if kind.is_dir() {
            add_folder(&entry.path(), machine, endian, operands)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).map_err(cannot)?;
            if bytes.starts_with(b"\x7fELF") {
                add_object(&bytes, machine, endian, operands)?;
            }
        }
    }
    Ok(())
}

fn add_object(
    bytes: &[u8],
    machine: &Machine,
    endian: Endian,
    operands: &mut BTreeSet<String>,
) -> Result<(), String> {
    let object = object::File::parse(bytes).map_err(|error| error.to_string())?;
    let Some(section) = object.section_by_name(".note.stapsdt") else {
        return Ok(());
    };
    let data = section.data().map_err(|error| error.to_string())?;
    let word = if object.is_64() { 8 } else { 4 };
    let all = arguments(data, word, endian).ok_or("a note is cut")?;
    if object.kind() != ObjectKind::Relocatable {
        are_found(bytes, machine, &all)?;
    }
    for arguments in all {
        operands.extend(split(&arguments));
    }
    Ok(())
}

/// Whether the library finds every note, and finds that the file is for the machine. This file only reads the section
/// of the notes.
fn are_found(bytes: &[u8], machine: &Machine, all: &[String]) -> Result<(), String> {
    let elf = Elf::parse(bytes).map_err(|error| error.to_string())?;
    if elf.machine() != machine {
        return Err(format!("it is taken for one of {}", elf.machine().name));
    }
    let found = elf.probes().map(|probe| match probe {
        Ok(probe) => Ok(probe.operands),
        Err(error) => Err(error.to_string()),
    });
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    match found == *all {
        true => Ok(()),
        false => Err(format!(
            "the library finds {} notes of {}",
            found.len(),
            all.len()
        )),
    }
}

/// The last string of each note. Before it are three addresses, the provider's name and the probe's name.
fn arguments(mut notes: &[u8], word: usize, endian: Endian) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let number = |bytes: &[u8]| {
        let bytes: [u8; 4] = bytes.try_into().ok()?;
        Some(match endian {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        } as usize)
    };
    while !notes.is_empty() {
        let name = number(notes.get(..4)?)?.next_multiple_of(4);
        let size = number(notes.get(4..8)?)?;
        let description = notes.get(12 + name..)?.get(..size)?;
        let mut strings = description.get(3 * word..)?.split(|byte| *byte == 0);
        let arguments = strings.nth(2)?;
        all.push(String::from_utf8_lossy(arguments).into_owned());
        notes = notes
            .get(12 + name + size.next_multiple_of(4)..)
            .unwrap_or_default();
    }
    Some(all)
}

/// Each operand begins with its size and an `@`.
fn split(arguments: &str) -> Vec<String> {
    let mut operands: Vec<String> = Vec::new();
    for word in arguments.split_whitespace() {
        match operands.last_mut() {
            Some(last) if !word.contains('@') => {
                last.push(' ');
                last.push_str(word);
            }
            _ => operands.push(word.to_owned()),
        }
    }
    operands
}

/// Values of every type, in registers, in memory and as constants.
const PROGRAM: &str = r#"
#include <sys/sdt.h>

struct s { char c; short h; int i; long l; long long q; unsigned char b[9]; double d; };
extern int use(struct s *, long *);

int leaf(struct s *s, unsigned n, long *a, unsigned char *b, signed char small, unsigned short medium) {
    DTRACE_PROBE5(p, members, s->c, (unsigned short)s->h, s->i, s->l, s->b[3]);
    DTRACE_PROBE5(p, parameters, small, medium, n, a, s);
    DTRACE_PROBE4(p, elements, a[n], b[n], a[n + 2], a[3]);
    DTRACE_PROBE6(p, constants, 42, -7, (char)'x', 0x7fffffff, -70000L, (unsigned short)65535);
    DTRACE_PROBE2(p, sums, n + 1, a + n);
    return n;
}

int loops(struct s *all, int count, long *a) {
    struct s own = *all;
    long sum = 0;
    for (int n = 0; n < count; n++) {
        sum += use(&all[n], a) + own.b[n & 7];
        DTRACE_PROBE5(p, loop, n, sum, own.i, all[n].h, own.b[n & 7]);
        DTRACE_PROBE3(p, addresses, &own, &all[n], a);
    }
    DTRACE_PROBE2(p, end, sum, (int)sum);
    return sum;
}

int many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
    use(0, 0);
    DTRACE_PROBE10(p, ten, a, b, c, d, e, f, g, h, i, j);
    use(0, 0);
    DTRACE_PROBE4(p, four, a + b, c, d, i);
    return a + b + c + d + e + f + g + h + i + j;
}
"#;

/// The operands that a compiler writes, at several levels of optimization.
pub fn of_a_program(
    compiler: &Compiler,
    source: &str,
    machine: &Machine,
    endian: Endian,
) -> Result<BTreeSet<String>, String> {
    let mut operands = BTreeSet::new();
    for level in ["-O0", "-O1", "-O2", "-Os"] {
        // clang for loongarch64 fails for an operand in memory.
        let constraint = match (machine.name, source) {
            ("loongarch64" | "loongarch32", "clang") => "-DSTAP_SDT_ARG_CONSTRAINT=nr",
            _ => "-w",
        };
        let compiler = compiler.clone().args([level, "-w", constraint]);
        let object = compiler.object(PROGRAM)?;
        add_object(&object, machine, endian, &mut operands)?;
    }
    if operands.len() < 20 {
        return Err(format!(
            "there are only {} operands: {operands:?}",
            operands.len()
        ));
    }
    // The library splits a note's text in the same way.
    let text: Vec<&str> = operands.iter().map(String::as_str).collect();
    let count = Operand::parse_all(&text.join(" "), machine).count();
    match count == text.len() {
        true => Ok(operands),
        false => Err(format!(
            "of {} operands the library finds {count}",
            text.len()
        )),
    }
}
