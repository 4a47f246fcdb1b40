//! `cargo xtask kernels`: boots real kernels, runs this crate's own programs in them, and compares their reports with
//! the guest's own values.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

mod boot;
mod check;
pub mod guests;
mod image;
mod init;
mod plan;
mod promise;
pub mod symbols;
mod transcript;
mod values;

/// The words that a program reports, in their order.
mod slots {
    include!("../../../tests/kernel-probes/src/slots.rs");
}

pub use check::LOOP_REFUSAL;

use guests::{DebianKernel, GUESTS, Guest};
use image::Initramfs;
use plan::{Corpus, Plan};
use promise::{Outcome, Promise};
use values::Values;

use crate::{
    bpf::{self, Probe, Toolchain},
    debian::Archive,
    host::{cannot, output, sha256},
    object::Object,
    proof,
    select::Machine,
};

/// The machine whose corpus has a twin with plain field access.
const PLAIN_MACHINE: &str = "x86_64";

/// The meaning of the table's columns.
const LEGEND: &str = "\
* uprobe: 12 arguments, those in registers and those on the stack; instruction pointer, stack pointer,
  frame pointer, return address; and by a prototype, 12 arguments of many types, narrow and of 64 bits
* uretprobe: return value, instruction pointer, stack pointer; and by a prototype, values of 32 and of 64 bits
* kprobe: 6 arguments of a kernel function, also those on the stack, by methods and by a prototype;
  instruction pointer; and by a prototype, arguments of 64 bits
* kretprobe: return value, and the address that the function returned to, which the kprobe read as its return address;
  and by prototypes, an `int` and a `long` that are negative
* syscall: a kprobe on a syscall's function: 6 arguments, and where the kernel wraps it, the number
* sys_enter: the same by the raw tracepoint
* kprobe.multi, kretprobe.multi: as kprobe and kretprobe
* context: ctx is as long as `pt_regs`
* symbols: each syscall's function is in the kernel's symbols, by the name that the machine's value has, and wrapped if the
  value says so; also the functions for tasks of 32 bits
* typed syscalls: nine syscalls with 0 to 6 parameters, some of 64 bits: the parameters by kprobe and by sys_enter, the
  return values by kretprobe and by sys_exit; a path
* tasks of 32 bits: the same for a program of 32 bits on a kernel of 64, by the kernel's functions for such tasks; and if
  the kernel sets uprobes in them, 12 arguments of many types, and return values
* corpus: all programs of tests/corpus load. On x86_64, up to 6.12, the programs that a list names are
  refused if they read fields plainly
";

/// The kernels to boot. A part that is not named selects all.
#[derive(Debug)]
pub struct Selection {
    pub arch: Option<String>,
    pub release: Option<String>,
    pub list: bool,
}

impl Selection {
    fn kernels(&self) -> Result<Vec<(&'static Guest, &'static DebianKernel)>, String> {
        let wanted = |name: &Option<String>, is: &str| name.as_ref().is_none_or(|name| name == is);
        let all = || {
            GUESTS
                .iter()
                .flat_map(|guest| guest.kernels.iter().map(move |kernel| (guest, kernel)))
        };
        let kernels: Vec<_> = all()
            .filter(|(guest, kernel)| {
                wanted(&self.arch, guest.machine) && wanted(&self.release, kernel.release)
            })
            .collect();
        if kernels.is_empty() {
            let known: Vec<_> = all()
                .map(|(guest, kernel)| format!("`{} {}`", guest.machine, kernel.release))
                .collect();
            let arch = self.arch.as_deref().unwrap_or("any machine");
            let release = self.release.as_deref().unwrap_or("any release");
            return Err(format!(
                "there is no kernel for `{arch}` of `{release}`; there are: {}",
                known.join(", ")
            ));
        }
        Ok(kernels)
    }

    fn is_everything(&self) -> bool {
        self.arch.is_none() && self.release.is_none()
    }
}

/// Boots the selected kernels, one after the other, and prints a table of the promises that they confirmed. Writes the
/// table to a file if all kernels were selected.
pub fn run(selection: &Selection) -> Result<(), String> {
    let kernels = selection.kernels()?;
    if selection.list {
        for (guest, kernel) in kernels {
            println!("{} {}: {kernel}", guest.machine, kernel.release);
        }
        return Ok(());
    }
    let toolchain = Toolchain::find()?;
    let mut table = Table::default();
    for (guest, kernel) in kernels {
        let start = Instant::now();
        let result = prove(&toolchain, guest, kernel);
        eprintln!(
            "{} {}: {} s",
            guest.machine,
            kernel.release,
            start.elapsed().as_secs()
        );
        table.add(guest, kernel, result);
    }
    println!("{}", table.text());
    if selection.is_everything() {
        let path = bpf::root().join("KERNELS.md");
        fs::write(&path, table.page()?).map_err(cannot("write", &path))?;
    }
    match table.failures.as_slice() {
        [] => Ok(()),
        failures => Err(failures.join("\n")),
    }
}

/// The promises that a kernel confirmed, and the kernel.
#[derive(Debug)]
pub struct Booted {
    pub release: String,
    /// The package and its version, and the image's hash.
    pub image: String,
    outcomes: Vec<Outcome>,
    /// Wrong reports that the checks would accept too.
    overlooked: Vec<String>,
}

impl Booted {
    /// The promises that the kernel contradicted, and the wrong reports that the checks would accept, a line each.
    pub fn contradictions(&self) -> Vec<String> {
        let outcomes = Promise::ALL.iter().zip(&self.outcomes);
        let contradictions = outcomes.filter_map(|(promise, outcome)| match outcome {
            Outcome::Contradicted(why) => Some(format!("{}: {why}", promise.name())),
            Outcome::Confirmed | Outcome::Absent => None,
        });
        contradictions
            .chain(self.overlooked.iter().cloned())
            .collect()
    }
}

/// Boots one kernel and compares its reports.
pub fn prove(
    toolchain: &Toolchain,
    guest: &Guest,
    kernel: &DebianKernel,
) -> Result<Booted, String> {
    let note = |what: &str| eprintln!("{} {}: {what}", guest.machine, kernel.release);
    note("fetching the kernel");
    let (package, said) = kernel.package(guest, &Archive::debian()?)?;
    said.into_iter().for_each(proof::note);
    let folder = bpf::root()
        .join("target/kernels")
        .join(format!("{}-{}", guest.machine, kernel.release));
    fs::create_dir_all(&folder).map_err(cannot("make", &folder))?;

    note("building the programs and the guest");
    let image = write(&folder.join("kernel"), &image::kernel_in(&package.root)?)?;
    let (initramfs, plan) = initramfs(toolchain, guest, &folder)?;
    let initramfs = write(&folder.join("initramfs"), &initramfs)?;

    note(&format!("booting {} {}", package.name, package.version));
    let console = boot::boot(guest, &image, &initramfs)?;
    write(&folder.join("console"), console.join("\n").as_bytes())?;
    let release = console
        .iter()
        .find_map(|line| line.strip_prefix("@ guest release "));
    Ok(Booted {
        release: release.unwrap_or("unknown").to_owned(),
        image: format!(
            "{} {}, sha256 {}",
            package.name,
            package.version,
            sha256(&image)?
        ),
        outcomes: check::outcomes(guest, kernel, &plan, &console),
        overlooked: check::overlooked(guest, kernel, &plan, &console),
    })
}

/// The needs of a proof on a kernel, fetched if possible; and the kernel.
pub fn needs(guest: &Guest) -> Result<&DebianKernel, String> {
    boot::emulator(guest)?;
    init::compiler(guest)?;
    let (kernel, note) = guest.oldest_kernel(&Archive::debian()?)?;
    note.into_iter().for_each(proof::note);
    Ok(kernel)
}

/// Everything that the guest needs, without files of the host.
fn initramfs(
    toolchain: &Toolchain,
    guest: &Guest,
    folder: &Path,
) -> Result<(Vec<u8>, Plan), String> {
    let mut initramfs = Initramfs::default();
    for path in ["dev", "proc", "sys", "programs"] {
        initramfs.folder(path);
    }
    initramfs.console();
    let init = folder.join("init");
    init::compile(guest, &init)?;
    initramfs.file("init", &read(&init)?);
    let other = guest.other();
    if let Some(other) = other {
        let program = folder.join("other");
        init::compile(other, &program)?;
        initramfs.file("other", &read(&program)?);
    }

    let mut plan = Plan::new(guest);
    for (name, program) in programs(toolchain, guest, "kernel-probes", other.map(|_| "compat"))? {
        initramfs.file(&format!("programs/{name}"), &program);
    }
    let mut corpora = vec![(Corpus::Ours, None)];
    if guest.machine == PLAIN_MACHINE {
        corpora.push((Corpus::Plain, Some("plain")));
    }
    for (corpus, feature) in corpora {
        let folder = corpus.folder();
        initramfs.folder(&format!("programs/{folder}"));
        for (name, program) in programs(toolchain, guest, "corpus", feature)? {
            let name = format!("{folder}/{name}");
            initramfs.file(&format!("programs/{name}"), &program);
            plan.load(&name);
        }
    }
    initramfs.file("plan", plan.text().as_bytes());
    initramfs.file("values", Values::new(guest).text().as_bytes());
    Ok((initramfs.finish(), plan))
}

/// The programs of a package under tests/, in the form that the guest's kernel takes.
fn programs(
    toolchain: &Toolchain,
    guest: &Guest,
    package: &str,
    feature: Option<&str>,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let machine = Machine::named(guest.machine)
        .ok_or_else(|| format!("`{}` is not a row of the table", guest.machine))?;
    let folder = bpf::root().join("tests").join(package);
    let mut probe = Probe::new(&folder, machine, guest.endian);
    if let Some(feature) = feature {
        probe = probe.args(&["--features", feature]);
    }
    let object = Object::parse(&probe.object(toolchain, package)?)?;
    object
        .programs()
        .map(|name| Ok((name.to_owned(), object.bytes(name)?)))
        .collect()
}

/// The rows so far: a kernel each, with its outcome for each promise.
#[derive(Debug, Default)]
struct Table {
    rows: String,
    images: String,
    failures: Vec<String>,
}

impl Table {
    fn add(&mut self, guest: &Guest, kernel: &DebianKernel, result: Result<Booted, String>) {
        let named = format!("{} {}", guest.machine, kernel.release);
        match result {
            Err(error) => {
                let cells = " ✗ |".repeat(Promise::ALL.len());
                let _ = writeln!(
                    self.rows,
                    "| {} | {} |{cells}",
                    guest.machine, kernel.release
                );
                self.failures.push(format!("{named}: {error}"));
            }
            Ok(booted) => {
                let cells: String = booted
                    .outcomes
                    .iter()
                    .map(|outcome| format!(" {} |", outcome.sign()))
                    .collect();
                let _ = writeln!(
                    self.rows,
                    "| {} | {} |{cells}",
                    guest.machine, booted.release
                );
                let _ = writeln!(self.images, "* {}: {}", guest.machine, booted.image);
                let contradictions = booted.contradictions();
                self.failures.extend(
                    contradictions
                        .into_iter()
                        .map(|why| format!("{named}: {why}")),
                );
            }
        }
    }

    fn text(&self) -> String {
        let promises = Promise::ALL.iter().map(|promise| promise.name());
        let promises = promises.collect::<Vec<_>>().join(" | ");
        let line = "---|".repeat(Promise::ALL.len() + 2);
        format!("| machine | kernel | {promises} |\n|{line}\n{}", self.rows)
    }

    fn page(&self) -> Result<String, String> {
        let date = output(Command::new("date").args(["-u", "+%F"]))?;
        let date = date.trim();
        Ok(format!(
            "# Real kernels\n\n\
             What Debian's kernels confirmed of this crate under qemu on {date}. `cargo xtask kernels` \
             boots them, runs programs that this crate built for the machine, and rewrites this page.\n\n\
             ✓ is confirmed: every value that the programs wrote down is the one that the traced process \
             or the kernel's own lists have. – is a thing that this kernel does not have, ✗ is \
             contradicted.\n\n{}\n{LEGEND}\n## Images\n\n{}",
            self.text(),
            self.images
        ))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(cannot("read", path))
}

fn write(path: &Path, contents: &[u8]) -> Result<PathBuf, String> {
    fs::write(path, contents).map_err(cannot("write", path))?;
    Ok(path.to_owned())
}
