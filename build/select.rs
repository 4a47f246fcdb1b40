//! Which machine a build is for: pure, from what cargo tells the build script.

use std::{ffi::OsStr, fmt};

include!("../src/arch/table.rs");

/// The variable that names the machine, in all three ways of setting it.
pub const VARIABLE: &str = "CARGO_CFG_BPF_TARGET_ARCH";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    Little,
    Big,
}

impl Endian {
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

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Machine {
    pub name: &'static str,
    pub variants: &'static [Variant],
}

/// What a row says of one endianness.
#[derive(Debug, PartialEq, Eq)]
pub struct Variant {
    pub endian: Endian,
    pub triple: &'static str,
    /// What else people call the machine.
    pub also: &'static [&'static str],
}

macro_rules! rows {
    ($($module:ident = $name:literal: $($endian:ident $triple:literal [$($also:literal)*]),+;)*) => {
        /// All rows of the table.
        pub const MACHINES: &[Machine] = &[$(Machine {
            name: $name,
            variants: &[$(Variant {
                endian: Endian::$endian,
                triple: $triple,
                also: &[$($also),*],
            }),+],
        }),*];
    };
}
machines!(rows);

impl Machine {
    pub fn named(name: &str) -> Option<&'static Machine> {
        MACHINES.iter().find(|machine| machine.name == name)
    }

    /// The machine in this endianness, if it exists so.
    pub fn variant(&self, endian: Endian) -> Option<&'static Variant> {
        self.variants
            .iter()
            .find(|variant| variant.endian == endian)
    }

    /// The machine in this endianness, or else in the one that it has.
    // Without the feature `bindgen` the build script generates nothing, and does not ask.
    #[allow(dead_code)]
    pub fn nearest(&self, endian: Endian) -> &'static Variant {
        self.variant(endian).unwrap_or(&self.variants[0])
    }
}

/// What Linux runs on that is not a probe target: known, so that nobody is left to wonder.
const NOT_PROBE_TARGETS: &[(&[&str], &str)] = &[
    (
        &["arc", "arcv2"],
        "its `pt_regs` is not the one that Linux promises, and changed between Linux 6.1 and 6.12",
    ),
    (
        &[
            "alpha", "csky", "hexagon", "m68k", "parisc", "hppa", "sh", "sh4", "sparc", "sparc32",
            "xtensa",
        ],
        "Linux has no kprobes or uprobes there that run a BPF program, or no `pt_regs` that is the same from release to release",
    ),
];

/// What the compiler builds for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// `CARGO_CFG_TARGET_ARCH`
    pub arch: &'a str,
    /// `CARGO_CFG_TARGET_ENDIAN`
    pub endian: Endian,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Selection {
    pub machine: &'static Machine,
    pub warning: Option<String>,
}

/// Why no machine is selected. One sentence a line, in the order to read them.
#[derive(Debug, PartialEq, Eq)]
pub struct Error(Vec<String>);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The machine that the value of [`VARIABLE`] names.
///
/// On a BPF target nothing is guessed. Elsewhere no value means the machine that the compiler builds
/// for, so that host tests, documentation and packaging work as they stand.
pub fn select(value: Option<&OsStr>, target: Target<'_>) -> Result<Selection, Error> {
    let bpf = target.arch == "bpf";
    let Some(value) = value else {
        return if bpf {
            Err(nothing_named(target.endian))
        } else {
            Ok(own_machine(target))
        };
    };
    let Some(name) = value.to_str() else {
        return Err(Error(vec![
            format!(
                "`{VARIABLE}` is not UTF-8: {}",
                quoted(&value.to_string_lossy())
            ),
            accepted(MACHINES.iter()),
        ]));
    };
    let Some(machine) = Machine::named(name) else {
        return Err(not_a_row(name, target));
    };
    if bpf && machine.variant(target.endian).is_none() {
        let has = machine.variants[0].endian;
        return Err(Error(vec![
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

/// The machine that something is built for, when it is not a BPF program.
fn own_machine(target: Target<'_>) -> Selection {
    let own =
        Machine::named(target.arch).or_else(|| called(target.arch).map(|(machine, _)| machine));
    match own {
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

fn nothing_named(endian: Endian) -> Error {
    let example = MACHINES
        .iter()
        .find(|machine| machine.variant(endian).is_some());
    let example = example.unwrap_or(&MACHINES[0]).name;
    Error(vec![
        format!(
            "`{VARIABLE}` is not set, and `{}` does not tell which machine the probe will run on",
            endian.bpf_target()
        ),
        format!(
            "set it for one build, `{VARIABLE}={example} cargo build …`, or for all, in \
             .cargo/config.toml: `[env]` and below it `{VARIABLE} = \"{example}\"`"
        ),
        accepted(
            MACHINES
                .iter()
                .filter(|machine| machine.variant(endian).is_some()),
        ),
    ])
}

fn not_a_row(name: &str, target: Target<'_>) -> Error {
    let mut lines = Vec::new();
    let names: Vec<&str> = name.split(',').collect();
    if name.trim().is_empty() {
        lines.push(format!("`{VARIABLE}` is empty: {}", quoted(name)));
        lines.push(format!(
            "`--cfg bpf_target_arch` without a value has the same effect: write \
             `--cfg bpf_target_arch=\"{}\"`",
            MACHINES[0].name
        ));
    } else if names.len() > 1 {
        lines.push(format!(
            "`{VARIABLE}` names {} machines: {}",
            names.len(),
            quoted(name)
        ));
        lines.push("a build is for one machine: name one, and build once for each".to_owned());
    } else if let Some(why) = not_a_probe_target(name) {
        lines.push(format!(
            "{} is not a machine that probes run on: {why}",
            quoted(name)
        ));
    } else {
        lines.push(format!(
            "`{VARIABLE}` names no machine that is known: {}",
            quoted(name)
        ));
        if let Some((machine, endian)) = called(name).or_else(|| resembling(name)) {
            let variants_differ = machine.variants.len() > 1;
            let wrong_target = target.arch == "bpf" && machine.variant(target.endian).is_none();
            lines.push(if variants_differ || wrong_target {
                let bpf_target = endian.bpf_target();
                format!(
                    "did you mean `{}`, built with `--target {bpf_target}`?",
                    machine.name
                )
            } else {
                format!("did you mean `{}`?", machine.name)
            });
        }
    }
    lines.push(accepted(MACHINES.iter()));
    Error(lines)
}

/// The forms in which a name may stand in a list: as it is written, and as the first part of a triple.
fn spellings(name: &str) -> [String; 2] {
    let plain = |name: &str| name.trim().to_lowercase().replace('-', "_");
    [
        plain(name),
        plain(name.trim().split('-').next().unwrap_or(name)),
    ]
}

fn not_a_probe_target(name: &str) -> Option<&'static str> {
    let spellings = spellings(name);
    let listed = |names: &[&str]| spellings.iter().any(|name| names.contains(&name.as_str()));
    NOT_PROBE_TARGETS
        .iter()
        .find(|(names, _)| listed(names))
        .map(|(_, why)| *why)
}

/// Everything that a machine is called, with the endianness that is meant.
fn names() -> impl Iterator<Item = (&'static Machine, Endian, String)> {
    MACHINES.iter().flat_map(|machine| {
        machine.variants.iter().flat_map(move |variant| {
            let also = variant.also.iter().copied();
            std::iter::once(machine.name)
                .chain(also)
                .map(move |name| (machine, variant.endian, spellings(name)[0].clone()))
        })
    })
}

fn called(name: &str) -> Option<(&'static Machine, Endian)> {
    spellings(name).iter().find_map(|spelling| {
        names()
            .find(|(_, _, name)| name == spelling)
            .map(|(machine, endian, _)| (machine, endian))
    })
}

/// What a name may be a slip of the keyboard for: at most two letters wrong, and most of them right.
fn resembling(name: &str) -> Option<(&'static Machine, Endian)> {
    let [name, _] = spellings(name);
    names()
        .map(|(machine, endian, known)| {
            (
                strsim::osa_distance(&name, &known),
                known.len(),
                machine,
                endian,
            )
        })
        .filter(|(distance, length, ..)| *distance <= 2 && distance * 3 <= *length)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, _, machine, endian)| (machine, endian))
}

fn accepted<'a>(machines: impl Iterator<Item = &'a Machine>) -> String {
    let names: Vec<String> = machines
        .map(|machine| format!("`{}`", machine.name))
        .collect();
    format!("accepted: {}", names.join(", "))
}

/// A value as it was given, on one line whatever it holds.
fn quoted(value: &str) -> String {
    format!("`{}`", value.escape_debug())
}
