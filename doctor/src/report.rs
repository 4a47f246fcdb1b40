//! The report, in rows and as text.

use std::{fmt, path::Path};

use probe_abi_build::{
    Machine,
    select::{self, Target},
};

use crate::{Computer, Core, ENDIAN, machine};

/// A mark, a part, and the text about it.
pub type Row = (char, &'static str, String);

const GOOD: char = '✓';
/// Missing or not known, but no problem.
const ABSENT: char = '–';
const BAD: char = '✗';

/// How to get a part that is missing or bad.
const ADVICE: [(&str, &str); 3] = [
    (
        "rustc",
        "`rustup toolchain install nightly --component rust-src`, with rustup from https://rustup.rs",
    ),
    ("bpf-linker", "`cargo install bpf-linker --force`"),
    (
        "libclang",
        "`apt-get install libclang1`, or `LIBCLANG_PATH` set to its folder",
    ),
];

impl Computer {
    pub fn rows(&self) -> [Row; 6] {
        let rows = [
            ("rustc", self.rustc()),
            ("bpf-linker", self.bpf_linker()),
            ("together", self.together()),
            ("libclang", self.libclang()),
            ("machine", self.machine()),
            ("pt_regs", self.pt_regs()),
        ];
        rows.map(|(part, (mark, text))| (mark, part, text))
    }

    fn rustc(&self) -> (char, String) {
        let (rustc, core) = match &self.rustc {
            Ok((rustc, core)) => (&rustc.text, core),
            Err(why) => return (BAD, why.clone()),
        };
        match core {
            Core::Precompiled => (GOOD, format!("{rustc}, with `core` for BPF")),
            Core::Source => (GOOD, format!("{rustc}, with `-Z build-std=core`")),
            Core::Nightly => (
                GOOD,
                format!("{rustc}, with `cargo +nightly -Z build-std=core`"),
            ),
            Core::Missing => (BAD, format!("{rustc}, without `core` for BPF")),
        }
    }

    fn bpf_linker(&self) -> (char, String) {
        let linker = match &self.linker {
            Ok(linker) => linker,
            Err(why) => return (BAD, why.clone()),
        };
        let (text, rustc) = (&linker.text, self.rustc.as_ref().ok());
        match (linker.llvm, rustc.and_then(|(rustc, _)| rustc.llvm)) {
            // LLVM reads the output of an older LLVM.
            (Some(old), Some(new)) if old < new => (
                BAD,
                format!("{text}: it does not read what LLVM {new} of rustc writes"),
            ),
            _ => (GOOD, text.clone()),
        }
    }

    fn together(&self) -> (char, String) {
        match &self.trial {
            Some(Ok(())) => (GOOD, "they build a probe".into()),
            Some(Err(why)) => (BAD, why.clone()),
            None => (ABSENT, "not tried, because one of them is missing".into()),
        }
    }

    fn libclang(&self) -> (char, String) {
        match &self.libclang {
            Some(found) => (GOOD, found.clone()),
            None => (
                ABSENT,
                "missing, and only the feature `bindgen` asks for it".into(),
            ),
        }
    }

    fn machine(&self) -> (char, String) {
        let own = machine(&self.kernel);
        let Some(value) = &self.selected else {
            let name = own.map_or("…", |machine| machine.name);
            let advice =
                format!("`--cfg bpf_target_arch=\"{name}\"` in rustflags names this computer's");
            return match self.trial {
                Some(Ok(())) => (ABSENT, format!("none is named in this folder; {advice}")),
                _ => (ABSENT, "not known, because nothing was built".into()),
            };
        };
        // A build for a machine of the other byte order needs the other target.
        let named = Machine::named(value);
        let endian = named.map_or(ENDIAN, |machine| machine.nearest(ENDIAN).endian);
        let arch = "bpf";
        match select::select(Some(value.as_ref()), None, Target { arch, endian }) {
            Ok(selection) if Some(selection.machine) == own => (GOOD, format!("`{value}`")),
            Ok(_) => (
                GOOD,
                format!("`{value}`, and this computer is another machine"),
            ),
            Err(error) => {
                let error = error.to_string();
                let lines = error.lines().filter(|line| !line.starts_with("accepted: "));
                (BAD, lines.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn pt_regs(&self) -> (char, String) {
        let (mark, text) = match &self.layout {
            Err(why) => (ABSENT, format!("not compared, because {why}")),
            Ok((fields, different)) if different.is_empty() => {
                (GOOD, format!("all {fields} fields are at the same offsets"))
            }
            Ok((_, different)) => (BAD, different.join("; ")),
        };
        (mark, format!("{}: {text}", self.kernel))
    }

    /// Whether no part is bad.
    pub fn is_good(&self) -> bool {
        self.rows().iter().all(|(mark, ..)| *mark != BAD)
    }
}

impl fmt::Display for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "probe-abi-doctor {}", env!("CARGO_PKG_VERSION"))?;
        for (mark, part, text) in self.rows() {
            writeln!(f, "{mark} {part:10}  {text}")?;
            let advice = ADVICE.iter().filter(|(of, _)| *of == part && mark != GOOD);
            for (_, advice) in advice {
                writeln!(f, "{:12}  → {advice}", "")?;
            }
        }
        f.write_str(match self.is_good() {
            true => "✓ probes can be built here",
            false => "✗ probes cannot be built here, or read other registers",
        })?;
        f.write_str("; `bpftool feature` tells which kinds this kernel has\n")
    }
}

/// A text in which the home folder is `~`. Its path often contains a person's name.
pub fn shortened(text: &str, home: Option<&Path>) -> String {
    match home
        .and_then(Path::to_str)
        .map(|home| home.trim_end_matches('/'))
    {
        None | Some("") => text.to_owned(),
        Some(home) => text.replace(&format!("{home}/"), "~/"),
    }
}
