//! What was found, in rows and as text.

use std::{fmt, path::Path};

use probe_abi_build::select::{self, Target};

use crate::{Computer, Core, ENDIAN, Program, machine};

/// A mark, what there is to say of a part, and how to get what is missing.
pub type Finding = (char, String, String);

const GOOD: char = '✓';
const ABSENT: char = '–';
const BAD: char = '✗';

fn good(text: impl Into<String>) -> Finding {
    (GOOD, text.into(), String::new())
}

fn absent(text: impl Into<String>, advice: impl Into<String>) -> Finding {
    (ABSENT, text.into(), advice.into())
}

fn bad(text: impl Into<String>, advice: impl Into<String>) -> Finding {
    (BAD, text.into(), advice.into())
}

impl Computer {
    /// Each part and what there is to say of it.
    pub fn findings(&self) -> [(&'static str, Finding); 6] {
        [
            ("rustc", self.rustc()),
            ("bpf-linker", self.bpf_linker()),
            ("together", self.together()),
            ("libclang", self.libclang()),
            ("machine", self.machine()),
            ("pt_regs", self.pt_regs()),
        ]
    }

    fn rustc(&self) -> Finding {
        let (rustc, core) = match &self.rustc {
            Ok(found) => found,
            Err(why) => return bad(why, "rustup, from https://rustup.rs"),
        };
        let nightly = "rustup toolchain install nightly --component rust-src";
        match core {
            Core::Precompiled => good(format!("{rustc}, with `core` for BPF")),
            Core::Source => good(format!("{rustc}, with `-Z build-std=core`")),
            Core::Nightly => good(format!("{rustc}, with `cargo +nightly -Z build-std=core`")),
            Core::Missing => bad(
                format!("{rustc}, without `core` for BPF"),
                format!("`{nightly}`"),
            ),
        }
    }

    fn bpf_linker(&self) -> Finding {
        let install = "`cargo install bpf-linker --force`";
        let linker = match &self.linker {
            Ok(linker) => linker,
            Err(why) => return bad(why, install),
        };
        let rustc = self.rustc.as_ref().ok();
        match (linker.llvm(), rustc.and_then(|(rustc, _)| rustc.llvm())) {
            // LLVM reads what an older one writes.
            (Some(old), Some(new)) if old < new => bad(
                format!("{linker}: it does not read what LLVM {new} of rustc writes"),
                format!("{install}, with LLVM {new} or newer"),
            ),
            _ => good(linker.to_string()),
        }
    }

    fn together(&self) -> Finding {
        match &self.trial {
            Some(Ok(())) => good("they build a probe"),
            Some(Err(why)) => bad(why, ""),
            None => absent("not tried, because one of them is missing", ""),
        }
    }

    fn libclang(&self) -> Finding {
        let install = "`apt-get install libclang1`, or `LIBCLANG_PATH` set to its folder";
        match &self.libclang {
            Some(found) => good(found),
            None => absent(
                "missing, and only the feature `bindgen` asks for it",
                install,
            ),
        }
    }

    fn machine(&self) -> Finding {
        let (endian, target) = (ENDIAN, ENDIAN.bpf_target());
        let own = machine(&self.kernel);
        let Some(value) = &self.selected else {
            let name = own.map_or("…", |machine| machine.name);
            let cfg =
                format!("rustflags in .cargo/config.toml: `--cfg bpf_target_arch=\"{name}\"`");
            return match &self.trial {
                Some(Ok(())) => absent(format!("none is named for {target} in this folder"), cfg),
                _ => absent("not known, because nothing was built", ""),
            };
        };
        let arch = "bpf";
        match select::select(Some(value.as_ref()), None, Target { arch, endian }) {
            Ok(selection) if Some(selection.machine) == own => good(format!("`{value}`")),
            Ok(_) => good(format!("`{value}`, and this computer is another machine")),
            Err(error) => bad(error.to_string().replace('\n', "; "), ""),
        }
    }

    fn pt_regs(&self) -> Finding {
        let kernel = &self.kernel;
        match &self.layout {
            Err(why) => absent(format!("{kernel}: not compared, because {why}"), ""),
            Ok((fields, different)) if different.is_empty() => good(format!(
                "{kernel}: all {fields} fields are at the same offsets"
            )),
            Ok((_, different)) => {
                let why = format!("{kernel}: {}", different.join("; "));
                bad(why, "an issue of probe-abi, with this report")
            }
        }
    }

    /// Whether nothing that was looked at is bad.
    pub fn is_good(&self) -> bool {
        self.findings().iter().all(|(_, (mark, ..))| *mark != BAD)
    }
}

impl Program {
    /// The first number of its LLVM's version.
    fn llvm(&self) -> Option<u32> {
        self.llvm.as_deref()?.split('.').next()?.parse().ok()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let llvm = self.llvm.as_deref().unwrap_or("of an unknown version");
        write!(f, "{}, LLVM {llvm}, {}", self.version, self.path.display())
    }
}

impl fmt::Display for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "probe-abi-doctor {}", env!("CARGO_PKG_VERSION"))?;
        for (part, (mark, text, advice)) in self.findings() {
            writeln!(f, "{mark} {part:10}  {text}")?;
            if !advice.is_empty() {
                writeln!(f, "{:12}  → {advice}", "")?;
            }
        }
        match self.is_good() {
            true => writeln!(f, "✓ probes can be built here"),
            false => writeln!(f, "✗ probes cannot be built here, or read other registers"),
        }?;
        writeln!(
            f,
            "which kinds of probes this kernel has: `bpftool feature`"
        )
    }
}

/// A text in which the home folder is `~`: its path often holds a name.
pub fn shortened(text: &str, home: Option<&Path>) -> String {
    match home
        .and_then(Path::to_str)
        .map(|home| home.trim_end_matches('/'))
    {
        None | Some("") => text.to_owned(),
        Some(home) => text.replace(&format!("{home}/"), "~/"),
    }
}
