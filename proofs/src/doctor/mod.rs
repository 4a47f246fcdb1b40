//! `cargo xtask doctor`: what this computer has of that which building and running a probe takes, in a
//! text to paste into an issue.

pub mod probes;
mod report;
pub mod settings;
pub mod tools;

use std::{env, ffi::CStr, fs, mem, process::Command};

use crate::{
    bindings::Bindings,
    bpf::root,
    btf, host,
    select::{self, Endian, Machine},
};
use probes::{Kind, Refusal};
use settings::Setting;
use tools::Tools;

pub use report::{Verdict, shortened, version};

/// What is known of a computer.
#[derive(Debug, Clone)]
pub struct Computer {
    pub kernel: Kernel,
    pub user: User,
    /// In what the running kernel's `pt_regs` differs from ours; `Err` says why it cannot be told.
    pub layout: Result<Layout, String>,
    pub probes: Vec<(Kind, Result<(), Refusal>)>,
    pub tools: Tools,
    /// How the current folder's configuration names a machine.
    pub settings: Vec<Setting>,
}

#[derive(Debug, Clone)]
pub struct Kernel {
    pub release: String,
    /// What the kernel is built for, in its own words.
    pub machine: String,
    pub endian: Endian,
    /// What programs of this computer are built for, in Rust's words: at least this one.
    pub programs: String,
    /// What the administrator allows: each setting and its value, where they can be read.
    pub settings: Vec<(&'static str, String)>,
    /// The lines of its configuration, if that can be read.
    pub configuration: Option<String>,
}

impl Kernel {
    /// The row of the table.
    pub fn row(&self) -> Option<&'static Machine> {
        select::called(&self.machine, self.endian).map(|(machine, _)| machine)
    }
}

/// Whoever runs this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub root: bool,
    pub capabilities: Vec<&'static str>,
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub fields: usize,
    pub differences: Vec<String>,
}

/// Prints the report on this computer. Gives whether probes can be built and run here.
pub fn doctor() -> bool {
    let computer = Computer::this();
    print!("{}", shortened(&computer.to_string(), env::home_dir()));
    computer.verdict().is_good()
}

impl Computer {
    pub fn this() -> Self {
        let kernel = Kernel::running();
        Self {
            user: User::parse(&read("/proc/self/status").unwrap_or_default()),
            layout: Layout::running(kernel.row()),
            probes: Kind::ALL
                .iter()
                .map(|kind| (*kind, kind.attempt()))
                .collect(),
            tools: Tools::find(kernel.endian),
            settings: settings::here(),
            kernel,
        }
    }
}

impl Kernel {
    fn running() -> Self {
        let (release, machine) = uname();
        let configuration = configuration(&release);
        Self {
            // What uname says of the machine is what a process of 32 bits may want to hear.
            machine: read("/proc/sys/kernel/arch").unwrap_or(machine),
            release,
            endian: if cfg!(target_endian = "big") {
                Endian::Big
            } else {
                Endian::Little
            },
            programs: env::consts::ARCH.to_owned(),
            settings: [
                (
                    "unprivileged_bpf_disabled",
                    read("/proc/sys/kernel/unprivileged_bpf_disabled"),
                ),
                (
                    "perf_event_paranoid",
                    read("/proc/sys/kernel/perf_event_paranoid"),
                ),
                ("lockdown", read("/sys/kernel/security/lockdown")),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
            configuration,
        }
    }
}

/// A file of one value.
fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

/// The kernel's release and machine.
fn uname() -> (String, String) {
    // SAFETY: zeros are valid in a struct of characters, which is all that uname fills.
    let mut names: libc::utsname = unsafe { mem::zeroed() };
    // SAFETY: the struct is the one that the call takes.
    if unsafe { libc::uname(&mut names) } < 0 {
        return ("unknown".into(), "unknown".into());
    }
    let text = |characters: &[libc::c_char]| {
        // SAFETY: the kernel ends what it writes there with a zero.
        let text = unsafe { CStr::from_ptr(characters.as_ptr()) };
        text.to_string_lossy().into_owned()
    };
    (text(&names.release), text(&names.machine))
}

fn configuration(release: &str) -> Option<String> {
    host::output(Command::new("gzip").args(["-dc", "/proc/config.gz"]))
        .ok()
        .or_else(|| read(&format!("/boot/config-{release}")))
        .or_else(|| read(&format!("/lib/modules/{release}/config")))
}

/// Those that BPF asks for, with their numbers in linux/capability.h.
const CAPABILITIES: [(&str, u32); 3] = [("bpf", 39), ("perfmon", 38), ("sys_admin", 21)];

impl User {
    /// From /proc/self/status.
    pub fn parse(status: &str) -> Self {
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim()
        };
        let effective = u64::from_str_radix(value("CapEff:"), 16).unwrap_or(0);
        Self {
            // The real, effective, saved and file system's number.
            root: value("Uid:").split_whitespace().nth(1) == Some("0"),
            capabilities: CAPABILITIES
                .iter()
                .filter(|(_, bit)| effective >> bit & 1 == 1)
                .map(|(name, _)| *name)
                .collect(),
        }
    }

    /// Whether the kernel takes probes from it.
    pub fn may_load(&self) -> bool {
        let has = |name| self.capabilities.contains(&name);
        has("sys_admin") || has("bpf") && has("perfmon")
    }
}

impl Layout {
    fn running(row: Option<&Machine>) -> Result<Self, String> {
        let machine = row.ok_or("it is not known what it should be")?.name;
        let text = read(&format!("{}/build/bindings/{machine}.rs", root().display()));
        let bindings = Bindings::parse(&text.ok_or("build/bindings cannot be read")?);
        let kernel = fs::read(btf::RUNNING)
            .map_err(|error| format!("cannot read `{}`: {error}", btf::RUNNING))?;
        let kernel = btf::Btf::parse(&kernel)?;
        let differences = kernel.differences(machine, bindings.size, &bindings.fields)?;
        Ok(Self {
            fields: bindings.fields.len(),
            differences,
        })
    }
}
