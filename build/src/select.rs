//! Chooses the machine that a build is for, only from the values that cargo gives to a build script.

use std::{ffi::OsStr, fmt};

use crate::Error;

include!("table.rs");

/// The variable that names the machine, in each of the three ways of setting it.
pub const VARIABLE: &str = "CARGO_CFG_BPF_TARGET_ARCH";

/// The variable that names the machine to aya-ebpf alone: see aya-build's `emit_bpf_target_arch_cfg`.
pub const AYA_VARIABLE: &str = "AYA_BPF_TARGET_ARCH";

/// The order of a value's bytes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl Endian {
    /// The target that probes for a machine of this byte order are built for.
    pub fn bpf_target(self) -> &'static str {
        match self {
            Endian::Little => "bpfel-unknown-none",
            Endian::Big => "bpfeb-unknown-none",
        }
    }
}

impl fmt::Display for Endian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Endian::Little => "little-endian",
            Endian::Big => "big-endian",
        })
    }
}

/// A machine that probes run on.
#[derive(PartialEq, Eq)]
pub struct Machine {
    /// Rust's `target_arch`, the value of `bpf_target_arch`.
    pub name: &'static str,
    /// Linux's name for it: its folder under arch/, and the end of `__TARGET_ARCH_`.
    pub linux: &'static str,
    /// The machine in each byte order that it has.
    pub variants: &'static [Variant],
    /// Its `struct pt_regs`, in C.
    pub header: &'static str,
    /// Its C types and `pt_regs`, in Rust: generated from the headers, and committed.
    pub bindings: &'static str,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A machine in one byte order.
#[derive(Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its byte order.
    pub endian: Endian,
    /// clang's name for it.
    pub triple: &'static str,
    /// Other names of the machine.
    pub also: &'static [&'static str],
}

macro_rules! rows {
    ($($module:ident = $name:literal, $linux:literal, [$($endian:ident $triple:literal [$($also:literal)*]),+];)*) => {
        /// All machines.
        pub static MACHINES: &[Machine] = &[$(Machine {
            name: $name,
            linux: $linux,
            variants: &[$(Variant {
                endian: Endian::$endian,
                triple: $triple,
                also: &[$($also),*],
            }),+],
            header: include_str!(concat!("../headers/", $name, ".h")),
            bindings: include_str!(concat!("../bindings/", $name, ".rs")),
        }),*];
    };
}
machines!(rows);

impl Machine {
    /// The machine of that name; `None` if no machine has that name.
    pub fn named(name: &str) -> Option<&'static Machine> {
        MACHINES.iter().find(|machine| machine.name == name)
    }

    /// The machine in this byte order; `None` if it does not have this byte order.
    pub fn variant(&self, endian: Endian) -> Option<&'static Variant> {
        self.variants
            .iter()
            .find(|variant| variant.endian == endian)
    }

    /// The machine in this byte order, or in its own byte order if it does not have this one.
    pub fn nearest(&self, endian: Endian) -> &'static Variant {
        self.variant(endian).unwrap_or(&self.variants[0])
    }
}

/// Machines that Linux runs on, but probes do not: an error can then give the reason. The reasons come from
/// `arch/*/Kconfig` and `arch/*/include/asm/ptrace.h` in Linux 6.1 and 6.12.
const NOT_PROBE_TARGETS: &[(&[&str], &str)] = &[
    (
        &["arc", "arcv2"],
        "its `pt_regs` is not the one that Linux promises, and changed between Linux 6.1 and 6.12",
    ),
    (
        &["alpha", "hexagon", "m68k", "xtensa"],
        "Linux has neither kprobes nor uprobes there",
    ),
    (
        &["sparc", "sparc32"],
        "of the SPARC machines, Linux has kprobes and uprobes on `sparc64` alone",
    ),
    (
        &["csky"],
        "each of its two ABIs has another `pt_regs`, and this crate knows neither",
    ),
    (
        &["parisc", "parisc64", "hppa", "hppa64", "sh", "sh4"],
        "Linux has no uprobes there, and this crate does not know the registers that its kprobes get",
    ),
];

/// The target that the compiler builds for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// `CARGO_CFG_TARGET_ARCH`
    pub arch: &'a str,
    /// `CARGO_CFG_TARGET_ENDIAN`
    pub endian: Endian,
}

impl Target<'_> {
    /// Whether it is one of the two targets of BPF programs.
    pub fn is_bpf(&self) -> bool {
        self.arch == "bpf"
    }
}

/// The selected machine, and a warning about the selection.
#[derive(Debug, PartialEq, Eq)]
pub struct Selection {
    /// The machine.
    pub machine: &'static Machine,
    /// A sentence, if no machine was named and the target did not show the machine.
    pub warning: Option<String>,
}

/// The machine that the value of [`VARIABLE`] names. The value of [`AYA_VARIABLE`] names no machine: an error says so
/// to a user who has set it.
///
/// On a BPF target nothing is guessed. On any other target no value means the machine that the compiler builds for, so
/// that host tests, documentation and packaging work without any setting.
pub fn select(
    value: Option<&OsStr>,
    of_aya: Option<&OsStr>,
    target: Target<'_>,
) -> Result<Selection, Error> {
    let Some(value) = value else {
        return if target.is_bpf() {
            Err(nothing_named(of_aya, target))
        } else {
            Ok(own_machine(target))
        };
    };
    let Some(name) = value.to_str() else {
        return Err(Error::of(vec![
            format!(
                "`{VARIABLE}` is not UTF-8: {}",
                quoted(&value.to_string_lossy())
            ),
            accepted(target),
        ]));
    };
    let Some(machine) = Machine::named(name) else {
        return Err(not_a_row(name, target));
    };
    if target.is_bpf() && machine.variant(target.endian).is_none() {
        let has = machine.variants[0].endian;
        return Err(Error::of(vec![
            format!(
                "`{name}` is {has} only, and `{}` is {}",
                target.endian.bpf_target(),
                target.endian
            ),
            format!("build for `{name}` with `--target {}`", has.bpf_target()),
        ]));
    }
    Ok(Selection {
        machine,
        warning: None,
    })
}

/// The machine of a build that is not for BPF.
fn own_machine(target: Target<'_>) -> Selection {
    match called(target.arch, target.endian).map(|(machine, _)| machine) {
        Some(machine) => Selection {
            machine,
            warning: None,
        },
        None => Selection {
            machine: Machine::named("x86_64").unwrap_or(&MACHINES[0]),
            warning: Some(format!(
                "`{}` is not a machine that probes run on, so this build has the types of `x86_64`; \
                 set `{VARIABLE}` to choose",
                target.arch
            )),
        },
    }
}

fn nothing_named(of_aya: Option<&OsStr>, target: Target<'_>) -> Error {
    let bpf_target = target.endian.bpf_target();
    let of_aya = of_aya.map(OsStr::to_string_lossy);
    let meant = of_aya.as_deref().and_then(Machine::named);
    let machine = meant
        .filter(|machine| machine.variant(target.endian).is_some())
        .map_or(example(target.endian), |machine| machine.name);
    let mut lines = vec![
        format!(
            "no machine is named, and `{bpf_target}` does not tell which machine the probe will run on"
        ),
        format!(
            "name it in .cargo/config.toml: `[target.{bpf_target}]`, and below it `rustflags = [\"--cfg\", \
             'bpf_target_arch=\"{machine}\"']`"
        ),
        format!(
            "cargo takes rustflags from one place only: the variable `RUSTFLAGS` hides those of \
             .cargo/config.toml, and `target.{bpf_target}.rustflags` hides `build.rustflags`"
        ),
    ];
    lines.extend(of_aya.map(|value| {
        format!(
            "`{AYA_VARIABLE}` is set to {}, and only aya-ebpf reads it: `--cfg bpf_target_arch` names the \
             machine to every crate",
            quoted(&value)
        )
    }));
    lines.push(format!(
        "without Aya, the variable `{VARIABLE}` also names it: `{VARIABLE}={machine} cargo build …`"
    ));
    lines.push(accepted(target));
    Error::of(lines)
}

fn not_a_row(name: &str, target: Target<'_>) -> Error {
    let value = quoted(name);
    let mut lines = Vec::new();
    if name.trim().is_empty() {
        lines.push(format!("`{VARIABLE}` is empty: {value}"));
        lines.push(format!(
            "`--cfg bpf_target_arch` without a value has the same effect: write \
             `--cfg bpf_target_arch=\"{}\"`",
            example(target.endian)
        ));
    } else if name.contains(',') {
        lines.push(format!(
            "`{VARIABLE}` is a list, and a build is for one machine: {value}"
        ));
        lines.push(
            "`--cfg bpf_target_arch` given twice has the same effect: name one machine, and build \
             once for each"
                .to_owned(),
        );
    } else if let Some((machine, endian)) = end_of_path(name, target.endian) {
        lines.push(format!(
            "`{VARIABLE}` is a path, and no machine's name is a path: {value}"
        ));
        lines.push(
            "`relative = true` in `[env]` of .cargo/config.toml turns a name into a path: leave it out"
                .to_owned(),
        );
        lines.push(did_you_mean(machine, endian, target));
    } else if let Some(why) = not_a_probe_target(name) {
        lines.push(format!("{value} is not a probe target: {why}"));
    } else {
        lines.push(format!(
            "`{VARIABLE}` names no machine that is known: {value}"
        ));
        let meant = called(name, target.endian).or_else(|| resembling(name, target.endian));
        lines.extend(meant.map(|(machine, endian)| did_you_mean(machine, endian, target)));
    }
    lines.push(accepted(target));
    Error::of(lines)
}

/// The machine that the last part of a path names. The path may be in the form of any system that builds probes.
fn end_of_path(name: &str, endian: Endian) -> Option<(&'static Machine, Endian)> {
    let (_, last) = name.rsplit_once(['/', '\\'])?;
    called(last, endian)
}

fn did_you_mean(machine: &Machine, endian: Endian, target: Target<'_>) -> String {
    let name = machine.name;
    let told_by_target = target.is_bpf() && target.endian == endian;
    let told_by_name = !target.is_bpf() && machine.variants.len() == 1;
    if told_by_target || told_by_name {
        return format!("did you mean `{name}`?");
    }
    let bpf_target = endian.bpf_target();
    let or_as_it_is = if target.is_bpf() && machine.variant(target.endian).is_some() {
        format!(", or in {}, as it is built now", target.endian)
    } else {
        String::new()
    };
    format!("did you mean `{name}`, built with `--target {bpf_target}`{or_as_it_is}?")
}

/// The forms of a name that may be in a list: as it is written, and as the first part of a triple.
fn spellings(name: &str) -> [String; 2] {
    let first = name.trim().split('-').next().unwrap_or_default();
    [plain(name), plain(first)]
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}

/// Why probes cannot run on a machine that Linux runs on; `None` if it is not such a machine.
fn not_a_probe_target(name: &str) -> Option<&'static str> {
    let spellings = spellings(name);
    let listed = |names: &[&str]| spellings.iter().any(|name| names.contains(&name.as_str()));
    NOT_PROBE_TARGETS
        .iter()
        .find(|(names, _)| listed(names))
        .map(|(_, why)| *why)
}

/// The machine of that name, in the byte order that the name means. A row's own name means the byte order of the build;
/// a triple or another name means the byte order that it has in the table.
pub fn called(name: &str, endian: Endian) -> Option<(&'static Machine, Endian)> {
    let spellings = spellings(name);
    let own =
        Machine::named(&spellings[0]).map(|machine| (machine, machine.nearest(endian).endian));
    own.or_else(|| {
        spellings.iter().find_map(|spelling| {
            other_names()
                .find(|(_, _, known)| known == spelling)
                .map(|(machine, endian, _)| (machine, endian))
        })
    })
}

/// The name that may be meant: at most two letters are wrong, and most letters are right.
fn resembling(name: &str, endian: Endian) -> Option<(&'static Machine, Endian)> {
    let own_names = MACHINES.iter().map(|machine| {
        let variant = machine.nearest(endian);
        (machine, variant.endian, machine.name.to_owned())
    });
    let name = plain(name);
    let length = name.chars().count();
    own_names
        .chain(other_names())
        // If the lengths differ by more, too many letters are wrong. Counting them would take long.
        .filter(|(.., known)| known.len().abs_diff(length) <= 2)
        .map(|(machine, endian, known)| {
            let distance = strsim::osa_distance(&name, &known);
            (distance, known.len(), machine, endian)
        })
        .filter(|(distance, length, ..)| *distance <= 2 && distance * 3 <= *length)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, _, machine, endian)| (machine, endian))
}

/// The other names of the machines, each with the byte order that it means.
fn other_names() -> impl Iterator<Item = (&'static Machine, Endian, String)> {
    MACHINES.iter().flat_map(|machine| {
        machine.variants.iter().flat_map(move |variant| {
            let [_, in_triples] = spellings(variant.triple);
            let also = variant.also.iter().map(|name| plain(name));
            std::iter::once(in_triples)
                .chain(also)
                .map(move |name| (machine, variant.endian, name))
        })
    })
}

/// The name of a machine for an example.
fn example(endian: Endian) -> &'static str {
    let mut machines = MACHINES.iter();
    let example = machines.find(|machine| machine.variant(endian).is_some());
    example.unwrap_or(&MACHINES[0]).name
}

/// The values to choose from: on a BPF target first the machines that are built with it, then the others.
fn accepted(target: Target<'_>) -> String {
    let (these, others): (Vec<_>, Vec<_>) = MACHINES
        .iter()
        .partition(|machine| !target.is_bpf() || machine.variant(target.endian).is_some());
    let list = |machines: &[&Machine]| {
        let names: Vec<String> = machines
            .iter()
            .map(|machine| quoted(machine.name))
            .collect();
        names.join(", ")
    };
    let Some(other) = others.first() else {
        return format!("accepted: {}", list(&these));
    };
    format!(
        "accepted: {}; only with `--target {}`: {}",
        list(&these),
        other.variants[0].endian.bpf_target(),
        list(&others)
    )
}

/// The value that the user gave, on one line, and cut if it is long.
fn quoted(value: &str) -> String {
    const SHOWN: usize = 80;
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!(
            "`{}…` ({} characters)",
            value[..end].escape_debug(),
            value.chars().count()
        ),
        None => format!("`{}`", value.escape_debug()),
    }
}
