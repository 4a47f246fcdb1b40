//! The report on a computer, as text.

use std::{fmt, path::PathBuf};

use super::{
    Computer,
    probes::{Kind, Refusal},
    settings::Setting,
    tools::{Linker, Program, Rust, major},
};
use crate::select::{self, Endian, Machine, Target};

/// The version in Cargo.toml.
pub fn version() -> &'static str {
    let manifest = include_str!("../../../Cargo.toml");
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    line.unwrap_or_default().trim_matches('"')
}

/// A text in which the home folder is `~`: its path often holds a name.
pub fn shortened(text: &str, home: Option<PathBuf>) -> String {
    match home.as_deref().and_then(|home| home.to_str()) {
        Some(home) if home.len() > 1 => {
            let home = home.trim_end_matches('/');
            text.replace(&format!("{home}/"), "~/")
        }
        _ => text.to_owned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    /// Not there, and need not be.
    Absent,
    Bad,
    /// Neither good nor bad.
    Fact,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mark::Good => "✓",
            Mark::Absent => "–",
            Mark::Bad => "✗",
            Mark::Fact => " ",
        })
    }
}

struct Row {
    mark: Mark,
    what: String,
    text: String,
}

impl Row {
    fn new(mark: Mark, what: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            mark,
            what: what.into(),
            text: text.into(),
        }
    }
}

/// What can be done on a computer. `Err` holds the reasons against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What a probe is built for: the selected machine, or else the one that this is.
    pub machine: String,
    pub build: Result<(), Vec<String>>,
    pub run: Result<(), Vec<String>>,
}

impl Verdict {
    pub fn is_good(&self) -> bool {
        self.build.is_ok() && self.run.is_ok()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a probe for `{}` ", self.machine)?;
        match (&self.build, &self.run) {
            (Ok(()), Ok(())) => f.write_str("can be built here, and run here"),
            (Ok(()), Err(run)) => write!(f, "can be built here, and not run: {}", run.join("; ")),
            (Err(build), Ok(())) => {
                write!(f, "cannot be built here, but run: {}", build.join("; "))
            }
            (Err(build), Err(run)) => write!(
                f,
                "can neither be built here nor run: {}",
                [&build[..], run].concat().join("; ")
            ),
        }
    }
}

impl fmt::Display for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = [
            ("computer", self.computer()),
            ("probes", self.probes()),
            ("to build a probe", self.required()),
            (
                "for C beside it, for debugging and for this repository's tests",
                self.optional(),
            ),
            (
                "the machine that is selected in this folder",
                self.selected(),
            ),
            ("missing", self.missing()),
        ];
        let rows = sections.iter().flat_map(|(_, rows)| rows);
        let width = rows.map(|row| row.what.chars().count()).max().unwrap_or(0);
        writeln!(f, "probe-abi {}", version())?;
        writeln!(
            f,
            "✓ is there, – is not there and need not be, ✗ is missing or wrong"
        )?;
        for (title, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
            writeln!(f, "\n{title}")?;
            for Row { mark, what, text } in rows {
                writeln!(f, "{mark} {what:width$}  {text}")?;
            }
        }
        let verdict = self.verdict();
        let mark = if verdict.is_good() {
            Mark::Good
        } else {
            Mark::Bad
        };
        writeln!(f, "\n{mark} {verdict}")
    }
}

impl Computer {
    fn computer(&self) -> Vec<Row> {
        let kernel = &self.kernel;
        let mut rows = vec![
            Row::new(Mark::Fact, "kernel", &kernel.release),
            self.machine(),
            self.pt_regs(),
            self.user(),
        ];
        let settings = kernel.settings.iter();
        rows.extend(settings.map(|(name, value)| Row::new(Mark::Fact, *name, value)));
        rows
    }

    fn machine(&self) -> Row {
        let kernel = &self.kernel;
        let row = |mark, text| Row::new(mark, "machine", text);
        match kernel.row() {
            Some(machine) if machine.name == kernel.programs => row(
                Mark::Good,
                format!(
                    "{}, which is `{}`, {}",
                    kernel.machine, machine.name, kernel.endian
                ),
            ),
            Some(machine) => row(
                Mark::Good,
                format!(
                    "{}, which is `{}`, {}; this program is one of `{}`, and its probes see the kernel's \
                     `pt_regs`",
                    kernel.machine, machine.name, kernel.endian, kernel.programs
                ),
            ),
            None => row(Mark::Bad, unknown(&kernel.machine)),
        }
    }

    fn pt_regs(&self) -> Row {
        let (mark, text) = match &self.layout {
            Ok(layout) if layout.differences.is_empty() => (
                Mark::Good,
                format!(
                    "`pt_regs` of the running kernel: {} fields at the same offsets",
                    layout.fields
                ),
            ),
            Ok(layout) => (
                Mark::Bad,
                format!(
                    "`pt_regs` of the running kernel: {}",
                    layout.differences.join("; ")
                ),
            ),
            Err(why) => (
                Mark::Absent,
                format!("`pt_regs` of the running kernel is not compared: {why}"),
            ),
        };
        Row::new(mark, "BTF", text)
    }

    fn user(&self) -> Row {
        let user = &self.user;
        let who = if user.root { "root" } else { "not root" };
        let capabilities = match &user.capabilities[..] {
            [] => "without the capabilities of loading a probe".to_owned(),
            some => format!("with the capabilities {}", some.join(", ")),
        };
        let mark = if user.may_load() {
            Mark::Good
        } else {
            Mark::Bad
        };
        Row::new(mark, "user", format!("{who}, {capabilities}"))
    }

    fn probes(&self) -> Vec<Row> {
        let rows = self.probes.iter().map(|(kind, attempt)| {
            let (mark, text) = match attempt {
                Ok(()) => (Mark::Good, "loaded and attached".into()),
                Err(Refusal::Absent(why)) => (Mark::Absent, self.explained(*kind, why)),
                Err(Refusal::Forbidden(why)) => (Mark::Bad, why.clone()),
            };
            Row::new(mark, kind.name(), text)
        });
        rows.collect()
    }

    /// A refusal, with what the kernel's configuration says of it.
    fn explained(&self, kind: Kind, why: &str) -> String {
        let Some(configuration) = &self.kernel.configuration else {
            return why.to_owned();
        };
        let option = kind.option();
        let is_set = |line: &str| {
            let value = line.strip_prefix(option);
            value.is_some_and(|value| value.starts_with('='))
        };
        match configuration.lines().find(|line| is_set(line)) {
            Some(line) => format!("{why} (although {line})"),
            None => format!("{why} ({option} is not set)"),
        }
    }

    fn required(&self) -> Vec<Row> {
        let tools = &self.tools;
        let rust = match &tools.rust {
            Ok(rust) => Row::new(
                Mark::Good,
                "Rust",
                format!("{}, {}, LLVM {}", rust.toolchain, rust.version, rust.llvm),
            ),
            Err(why) => Row::new(Mark::Bad, "Rust", why),
        };
        let linker = match &tools.linker {
            Ok(Linker { program, llvm }) => {
                let llvm = llvm
                    .as_deref()
                    .unwrap_or("of which the version is not known");
                let text = format!("{}, LLVM {llvm}", said(program));
                match self.outdated() {
                    None => Row::new(Mark::Good, "bpf-linker", text),
                    Some(why) => Row::new(Mark::Bad, "bpf-linker", format!("{text}: {why}")),
                }
            }
            Err(why) => Row::new(Mark::Bad, "bpf-linker", why),
        };
        let together = match (&tools.trial, &tools.rust, &tools.linker) {
            (Some(Ok(())), ..) => (Mark::Good, "they build a program".into()),
            (Some(Err(why)), ..) => (Mark::Bad, why.clone()),
            (None, Ok(_), Ok(_)) => (
                Mark::Absent,
                "not tried: it would take compiling `core`".into(),
            ),
            (None, ..) => (Mark::Absent, "not tried".into()),
        };
        let reads = match &tools.rust {
            Ok(Rust {
                inline_asm: true, ..
            }) => (
                Mark::Good,
                "by construction: the compiler takes inline assembly for BPF",
            ),
            Ok(_) => (
                Mark::Absent,
                "fenced: the compiler takes no inline assembly for BPF (nightly does, or `RUSTC_BOOTSTRAP=probe_abi`)",
            ),
            Err(_) => (Mark::Absent, "not tried"),
        };
        let libclang = tool("libclang", &tools.libclang);
        let libclang = match &tools.libclang {
            Ok(_) => libclang,
            Err(why) => Row {
                text: format!("{why} (the crate's own bindings serve)"),
                ..libclang
            },
        };
        vec![
            rust,
            linker,
            Row::new(together.0, "together", together.1),
            Row::new(reads.0, "reads of ctx", reads.1),
            libclang,
        ]
    }

    /// Why the linker cannot read what the compiler writes, if that can be told from their versions: an
    /// LLVM reads what older ones write.
    fn outdated(&self) -> Option<String> {
        let (Ok(Rust { llvm: rust, .. }), Ok(Linker { llvm, .. })) =
            (&self.tools.rust, &self.tools.linker)
        else {
            return None;
        };
        let (rust, linker) = (major(rust)?, major(llvm.as_deref()?)?);
        (linker < rust).then(|| {
            format!("LLVM {linker} does not read what rustc writes, which has LLVM {rust}")
        })
    }

    fn optional(&self) -> Vec<Row> {
        let tools = &self.tools;
        vec![
            tool("clang", &tools.clang),
            tool("bpftool", &tools.bpftool),
            tool("gcc", &tools.gcc),
            tool("qemu", &tools.qemu),
        ]
    }

    fn selected(&self) -> Vec<Row> {
        if self.settings.is_empty() {
            let own = self.kernel.row().map_or("…", |machine| machine.name);
            let text = format!(
                "none is, and a build for BPF asks for it: `--cfg bpf_target_arch=\"{own}\"` among the rustflags in \
                 .cargo/config.toml"
            );
            return vec![Row::new(Mark::Absent, "machine", text)];
        }
        let rows = self.settings.iter().enumerate().map(|(index, setting)| {
            let before = &self.settings[..index];
            let overruled = before
                .iter()
                .find(|earlier| earlier.endian.is_none() || earlier.endian == setting.endian);
            let target = match setting.endian {
                Some(endian) => format!(" for {}", endian.bpf_target()),
                None => String::new(),
            };
            let text = format!("`{}`{target}, by {}", setting.value, setting.origin);
            match (overruled, chosen(setting)) {
                (Some(earlier), _) => Row::new(
                    Mark::Absent,
                    "machine",
                    format!("{text}: overruled by {}", earlier.origin),
                ),
                (None, Err(why)) => Row::new(Mark::Bad, "machine", format!("{text}: {why}")),
                (None, Ok(machine)) if Some(machine) != self.kernel.row() => Row::new(
                    Mark::Good,
                    "machine",
                    format!("{text}: its probes do not run on this computer"),
                ),
                (None, Ok(_)) => Row::new(Mark::Good, "machine", text),
            }
        });
        rows.collect()
    }

    /// What to install, and how.
    fn missing(&self) -> Vec<Row> {
        let tools = &self.tools;
        let rust_llvm = tools.rust.as_ref().ok().and_then(|rust| major(&rust.llvm));
        let linker = "`scripts/setup`, or `cargo install bpf-linker`";
        let newer = match rust_llvm {
            Some(llvm) => format!("one of LLVM {llvm} or newer: {linker} (--force)"),
            None => linker.to_owned(),
        };
        let lacks = [
            (
                tools.rust.is_err(),
                "Rust for BPF",
                "`scripts/setup`, or `rustup toolchain install nightly --component rust-src`",
            ),
            (tools.linker.is_err(), "bpf-linker", linker),
            (self.outdated().is_some(), "bpf-linker", &newer),
            (
                !self.user.may_load(),
                "permission",
                "run it as root, or with the capabilities `bpf` and `perfmon`",
            ),
            (
                tools.libclang.is_err(),
                "libclang",
                "`scripts/setup`, or `apt-get install libclang1`, or set `LIBCLANG_PATH` to its folder",
            ),
            (
                tools.clang.is_err(),
                "clang",
                "`scripts/setup test`, or `apt-get install clang`",
            ),
            (
                tools.bpftool.is_err(),
                "bpftool",
                "`apt-get install bpftool`",
            ),
            (
                tools.gcc.is_err(),
                "gcc",
                "`scripts/setup test`, or `apt-get install gcc`",
            ),
            (
                tools.qemu.is_err(),
                "qemu",
                "`scripts/setup test`, or `apt-get install qemu-system`",
            ),
        ];
        lacks
            .iter()
            .filter(|(lacks, ..)| *lacks)
            .map(|(_, what, how)| Row::new(Mark::Fact, *what, *how))
            .collect()
    }

    /// Whether a probe can be built and run here.
    pub fn verdict(&self) -> Verdict {
        let own = self.kernel.row();
        let selection = self.settings.first().map(chosen);
        let machine = match &selection {
            Some(Ok(machine)) => Some(*machine),
            _ => own,
        };
        let mut build = Vec::new();
        if let Some(Err(why)) = &selection {
            build.push(why.clone());
        }
        if machine.is_none() {
            build.push("the machine is not known".into());
        }
        if self.tools.rust.is_err() {
            build.push("there is no Rust for BPF".into());
        }
        match &self.tools.linker {
            Err(_) => build.push("there is no bpf-linker".into()),
            Ok(_) => build.extend(self.outdated()),
        }
        if let (Some(Err(_)), None) = (&self.tools.trial, self.outdated()) {
            build.push("compiler and linker do not build a program".into());
        }
        Verdict {
            machine: machine
                .map_or(self.kernel.machine.as_str(), |machine| machine.name)
                .to_owned(),
            build: reasons(build),
            run: reasons(self.against_running(machine)),
        }
    }

    fn against_running(&self, machine: Option<&Machine>) -> Vec<String> {
        let mut reasons = Vec::new();
        if machine.is_none() || machine != self.kernel.row() {
            reasons.push(format!("this computer is `{}`", self.kernel.machine));
        }
        if self
            .layout
            .as_ref()
            .is_ok_and(|layout| !layout.differences.is_empty())
        {
            reasons.push("the kernel's `pt_regs` is another one".into());
        }
        let attempts = || self.probes.iter().map(|(_, attempt)| attempt);
        if !attempts().any(Result::is_ok) {
            let forbidden = attempts().any(|attempt| matches!(attempt, Err(Refusal::Forbidden(_))));
            reasons.push(match forbidden {
                true => "this user may not load probes".into(),
                false => "this kernel has no probes".into(),
            });
        }
        reasons
    }
}

fn reasons(reasons: Vec<String>) -> Result<(), Vec<String>> {
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(reasons)
    }
}

/// What Linux calls a machine that is not in the table.
fn unknown(machine: &str) -> String {
    match select::not_a_probe_target(machine) {
        Some(why) => format!("{machine} is not a probe target: {why}"),
        None => format!("{machine} is not in the table of machines"),
    }
}

/// The machine that a setting selects. `Err` is the error that a build ends with, but for the list of
/// what is accepted.
fn chosen(setting: &Setting) -> Result<&'static Machine, String> {
    let own = Machine::named(&setting.value).map(|machine| machine.variants[0].endian);
    let target = Target {
        arch: "bpf",
        endian: setting.endian.or(own).unwrap_or(Endian::Little),
    };
    let selection = select::select(Some(setting.value.as_ref()), None, target);
    selection
        .map(|selection| selection.machine)
        .map_err(|error| {
            let error = error.to_string();
            let lines = error.lines().filter(|line| !line.starts_with("accepted: "));
            lines.collect::<Vec<_>>().join("; ")
        })
}

fn tool(name: &str, found: &Result<Program, String>) -> Row {
    match found {
        Ok(program) => Row::new(Mark::Good, name, said(program)),
        Err(why) => Row::new(Mark::Absent, name, why),
    }
}

fn said(program: &Program) -> String {
    format!("{}, {}", program.path.display(), program.version)
}
