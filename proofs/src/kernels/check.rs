//! What a guest is asked to do, and whether what it says agrees with this crate.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use super::{
    guests::{Guest, Kernel, Syscalls},
    symbols,
};
use crate::{bpf, btf::kernel_names, select::Endian};
use probe_abi::machine::Machine as Value;

mod slots {
    include!("../../../tests/kernel-probes/src/slots.rs");
}
use slots::*;

/// A kernel function with six arguments that exists everywhere, and the syscall that calls it. With a
/// file descriptor that is none it returns before it looks at what the others point to.
const FUNCTION: &str = "__sys_sendto";
const SYSCALL: &str = "sendto";

/// A kernel function with integers of 64 bits that exists everywhere, and whose caller is in another file. It fails
/// where one of them is negative, before it looks at the rest.
const WIDE_FUNCTION: &str = "vfs_fallocate";

/// An integer type of C's.
#[derive(Debug, Clone, Copy)]
enum Type {
    Signed(u32),
    Unsigned(u32),
    Bool,
    /// `char`, whose sign is the machine's.
    Char,
    /// A pointer, or `size_t`.
    Word,
}

use Type::{Bool, Char, Signed, Unsigned, Word};

/// The parameters of `mixed` in `init.c`.
const MIXED: [Type; ARGS] = [
    Signed(32),
    Signed(64),
    Word,
    Unsigned(16),
    Signed(8),
    Unsigned(64),
    Unsigned(32),
    Bool,
    Signed(32),
    Signed(64),
    Signed(16),
    Char,
];

/// `int __sys_sendto(int fd, void *buff, size_t len, unsigned int flags, struct sockaddr *addr, int addr_len)`, of
/// `net/socket.c`
const SENDTO: [Type; SYSCALL_ARGS] = [Signed(32), Word, Word, Unsigned(32), Word, Signed(32)];

/// `int vfs_fallocate(struct file *file, int mode, loff_t offset, loff_t len)`, of `fs/open.c`, behind the file,
/// which the guest does not know.
const FALLOCATE: [Type; FALLOCATE_ARGS] = [Signed(32), Signed(64), Signed(64)];

const FALLOCATE_ARGS: usize = 3;

/// The syscalls whose parameters are read as their prototypes have them: with 0 to 6 of them, of up to 64 bits.
const TYPED: &[&str] = &[
    "getppid",
    "close",
    "listen",
    "faccessat",
    "openat",
    "pread64",
    "fallocate",
    "mremap",
    "sendto",
];

/// What `init.c` calls `openat` with.
const PATH: &[u8; 16] = b"/no/such/file\0\0\0";

/// The tasks that a kernel has: of its own machine, and of one of 32 bits.
struct Tasks {
    machine: &'static str,
    bits: u32,
    /// What names of programs begin with.
    prefix: &'static str,
    /// What kinds of steps end with, and the step under which the guest says what it called with.
    calls: &'static str,
    /// The step under which it says what it is.
    who: &'static str,
    symbols: Symbols,
}

/// The first symbol that the library says to try for a syscall's function.
type Symbols = fn(&Value, &str) -> Option<String>;

impl Tasks {
    fn own(guest: &Guest) -> Self {
        Self {
            machine: guest.machine,
            bits: guest.bits,
            prefix: "",
            calls: "calls",
            who: "guest",
            symbols: |machine, syscall| first(machine.syscall_symbols(syscall).ok()?),
        }
    }

    /// Of a kernel of 64 bits that has them.
    fn other(guest: &Guest) -> Option<Self> {
        let other = guest.other()?;
        Some(Self {
            machine: other.machine,
            bits: other.bits,
            prefix: "other_",
            calls: "other",
            who: "other",
            symbols: |machine, syscall| first(machine.compat_syscall_symbols(syscall).ok()?),
        })
    }

    /// The symbol of a syscall's function; its name where the library has none.
    fn symbol(&self, syscall: &str) -> String {
        let machine = Value::named(self.machine);
        let symbol = machine.and_then(|machine| (self.symbols)(machine, syscall));
        symbol.unwrap_or_else(|| syscall.to_owned())
    }
}

fn first(mut symbols: impl Iterator<Item = impl ToString>) -> Option<String> {
    symbols.next().map(|symbol| symbol.to_string())
}

/// What a guest does, step by step.
#[derive(Debug)]
pub struct Plan(Vec<Step>);

/// A program to load, and what to probe with it.
#[derive(Debug)]
struct Step {
    /// The promise that it is a part of.
    promise: &'static str,
    name: String,
    kind: String,
    program: String,
    symbol: String,
}

impl Plan {
    pub fn new(guest: &Guest) -> Self {
        let (wrapper, program) = match guest.syscalls {
            Syscalls::Wrapped(prefix) => (prefix, "syscall_wrapper"),
            Syscalls::Plain(prefix) => (prefix, "kernel_entry"),
        };
        let on_syscall = format!("{wrapper}{SYSCALL}");
        let steps = [
            ("uprobe", "uprobe", "user_entry", "target"),
            ("uretprobe", "uretprobe", "function_return", "target"),
            ("uprobe:mixed", "uprobe", "mixed_entry", "mixed"),
            ("uretprobe:mixed", "uretprobe", "mixed_return", "mixed"),
            ("uretprobe:narrow", "uretprobe", "narrow_return", "narrow"),
            ("kprobe", "kprobe", "kernel_entry", FUNCTION),
            ("kretprobe", "kretprobe", "function_return", FUNCTION),
            ("kprobe:wide", "kprobe", "fallocate_entry", WIDE_FUNCTION),
            ("kretprobe:typed", "kretprobe", "sendto_return", FUNCTION),
            (
                "kretprobe:wide",
                "kretprobe",
                "fallocate_return",
                WIDE_FUNCTION,
            ),
            (
                "kretprobe:syscall",
                "kretprobe",
                "syscall_return",
                &on_syscall,
            ),
            ("syscall", "kprobe", program, &on_syscall),
            ("sys_enter", "raw_tracepoint", "sys_enter", "sys_enter"),
            ("kprobe.multi", "kprobe.multi", "kernel_entry", FUNCTION),
            (
                "kretprobe.multi",
                "kretprobe.multi",
                "function_return",
                FUNCTION,
            ),
            ("context", "uprobe", "whole_context", "target"),
        ];
        let steps = steps.map(|(name, kind, program, symbol)| Step {
            promise: name.split(':').next().unwrap_or(name),
            name: name.to_owned(),
            kind: kind.to_owned(),
            program: program.to_owned(),
            symbol: symbol.to_owned(),
        });
        let mut steps = Vec::from(steps);
        let mut syscalls = |promise, tasks: &Tasks| {
            let Tasks { prefix, calls, .. } = tasks;
            for syscall in TYPED {
                let symbol = tasks.symbol(syscall);
                for (kind, what, symbol) in [
                    ("kprobe", guest.syscalls.how(), &*symbol),
                    ("kretprobe", "returned", &symbol),
                    ("raw_tracepoint", "enter", "sys_enter"),
                ] {
                    let program = format!("{prefix}{syscall}_{what}");
                    steps.push(Step {
                        promise,
                        name: program.clone(),
                        kind: format!("{kind}.{calls}"),
                        program,
                        symbol: symbol.to_owned(),
                    });
                }
            }
        };
        syscalls(TYPED_SYSCALLS, &Tasks::own(guest));
        if let (Some(other), Some(tasks)) = (&guest.other, Tasks::other(guest)) {
            syscalls(OF_32_BITS, &tasks);
            let on_mixed = [
                ("uprobe.other", "other_mixed_entry"),
                ("uretprobe.other", "other_mixed_return"),
            ];
            for (kind, program) in on_mixed.into_iter().filter(|_| other.uprobes) {
                steps.push(Step {
                    promise: OF_32_BITS,
                    name: program.to_owned(),
                    kind: kind.to_owned(),
                    program: program.to_owned(),
                    symbol: "mixed".to_owned(),
                });
            }
        }
        for (program, symbol) in [("path", "sys_enter"), ("exit", "sys_exit")] {
            steps.push(Step {
                promise: TYPED_SYSCALLS,
                name: program.to_owned(),
                kind: "raw_tracepoint.calls".to_owned(),
                program: program.to_owned(),
                symbol: symbol.to_owned(),
            });
        }
        Self(steps)
    }

    /// Adds a program that is only loaded.
    pub fn load(&mut self, program: &str) {
        self.0.push(Step {
            promise: "corpus",
            name: program.to_owned(),
            kind: "load".to_owned(),
            program: program.to_owned(),
            symbol: "-".to_owned(),
        });
    }

    /// The text that `init.c` reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Step {
            name,
            kind,
            program,
            symbol,
            ..
        } in &self.0
        {
            let _ = writeln!(text, "{name} {kind} {program} {symbol}");
        }
        text
    }

    /// The promise that a step is a part of.
    fn promise(&self, step: &str) -> Option<&'static str> {
        let step = self.0.iter().find(|known| known.name == step)?;
        Some(step.promise)
    }

    /// The names of the steps that only load a program of some folder.
    fn loads<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.0.iter().map(|step| step.name.as_str());
        names.filter(move |name| {
            name.split_once('/')
                .is_some_and(|(first, _)| first == folder)
        })
    }
}

/// The numbers to call with, which C cuts to the types of the parameters: no two are the same, neither are two halves of
/// one, and each is negative in every type that has a sign.
#[derive(Debug)]
pub struct Values {
    args: [u64; ARGS],
    answer: u64,
    syscall_args: [u64; SYSCALL_ARGS],
    fallocate_args: [u64; FALLOCATE_ARGS],
}

impl Values {
    pub fn new(guest: &Guest) -> Self {
        let number = |n: usize| 0x9a2b_bc4d_de6f_f081 + n as u64 * 0x0101_0101_0101_0101;
        let word = |n: usize| number(n) & guest.word();
        // The second must be an address that user code could have, for as many bytes as the third says,
        // of which the kernel only takes 2 GiB.
        let [buffer, length] = match guest.bits {
            32 => [0x1b2c_3d4e, 0x00c0_ffee],
            _ => [0xa_1b2c_3d4e, number(21) >> 1],
        };
        Self {
            args: std::array::from_fn(number),
            answer: number(30),
            syscall_args: [word(20), buffer, length, word(22), word(23), word(24)],
            fallocate_args: [number(25), number(26), number(27)],
        }
    }

    /// The text that `init.c` reads, behind the number of words that a program reports.
    pub fn text(&self) -> String {
        let numbers = self
            .args
            .iter()
            .chain([&self.answer])
            .chain(&self.syscall_args)
            .chain(&self.fallocate_args);
        numbers.fold(format!("{SLOTS}\n"), |text, number| {
            text + &format!("{number:x}\n")
        })
    }
}

impl Guest {
    /// The largest number that a register holds.
    fn word(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }
}

/// What a kernel said about one of the crate's promises.
#[derive(Debug)]
pub enum Outcome {
    Confirmed,
    /// The kernel has no such thing, as is known of it.
    Absent,
    Contradicted(String),
}

/// The promises, in the table's order.
pub const PROMISES: &[&str] = &[
    "uprobe",
    "uretprobe",
    "kprobe",
    "kretprobe",
    "syscall",
    "sys_enter",
    "kprobe.multi",
    "kretprobe.multi",
    "context",
    "BTF",
    "symbols",
    TYPED_SYSCALLS,
    OF_32_BITS,
    "corpus",
];

const TYPED_SYSCALLS: &str = "typed syscalls";
const OF_32_BITS: &str = "tasks of 32 bits";

/// Those that no program's report is about.
const WITHOUT_REPORTS: &[&str] = &["BTF", "symbols", "corpus"];

/// The folders of the programs that are only loaded: the corpus, and the same with plain field access.
pub const OURS: &str = "ours";
pub const PLAIN: &str = "plain";

/// What kernels refuse of the corpus when it reads fields plainly.
const REFUSED_WHEN_PLAIN: &[&str] = include!("../../../tests/corpus/refused.rs");

/// Why they refuse it: the address is computed from ctx, or differs from path to path.
const REFUSALS: [&str; 2] = ["dereference of modified ctx ptr", "variable ctx access"];

/// What Linux 6.1 says of a loop that goes back other than by a jump, whatever is in it.
pub const LOOP_REFUSAL: &str = "back-edge from insn";

/// Compares everything that a guest said with what it should have.
pub fn outcomes(guest: &Guest, kernel: &Kernel, plan: &Plan, console: &[String]) -> Vec<Outcome> {
    let said = Said::new(console);
    let values = Values::new(guest);
    let promises = PROMISES.iter();
    let checks = promises.map(|promise| Check::new(guest, kernel, plan, &values, &said, promise));
    checks.map(Check::outcome).collect()
}

/// Reports that are wrong in one word, and are taken for right.
pub fn overlooked(guest: &Guest, kernel: &Kernel, plan: &Plan, console: &[String]) -> Vec<String> {
    let values = Values::new(guest);
    let is_confirmed = |console: &[String], promise: &'static str| {
        let said = Said::new(console);
        let check = Check::new(guest, kernel, plan, &values, &said, promise);
        matches!(check.outcome(), Outcome::Confirmed)
    };
    let is_about_programs = |line: &&String| !line.starts_with("@ symbols ");
    let mut console: Vec<String> = console.iter().filter(is_about_programs).cloned().collect();
    let with_reports = PROMISES.iter().copied();
    let with_reports = with_reports.filter(|promise| !WITHOUT_REPORTS.contains(promise));
    let right: Vec<&str> = with_reports
        .filter(|promise| is_confirmed(&console, promise))
        .collect();
    let mut overlooked = Vec::new();
    for index in 0..console.len() {
        let line = console[index].clone();
        let Some((step, words)) = report_in(&line) else {
            continue;
        };
        // What a step says is not compared whose promise is absent.
        let Some(&own) = right.iter().find(|own| plan.promise(step) == Some(own)) else {
            continue;
        };
        let written = (0..words.len()).filter(|&slot| words[slot] != 0 || slot == ERROR);
        for slot in written.filter(|&slot| is_compared(step, slot)) {
            // Methods of `pt_regs` give whole registers, of which a narrow argument is the low bits.
            let wrong: &[u64] = match slot {
                FIRST_TYPED.. => &[1, 1 << 31, 1 << 63],
                _ => &[1],
            };
            for wrong in wrong {
                let mut words = words.clone();
                words[slot] ^= wrong;
                console[index] = line_of(step, &words);
                // Some words of a step are compared by the promise of another step.
                let mut promises = [own].into_iter().chain(right.iter().copied());
                if promises.all(|promise| is_confirmed(&console, promise)) {
                    overlooked.push(format!(
                        "word {slot} of the report of `{step}` may be wrong by {wrong:#x}"
                    ));
                }
            }
        }
        console[index] = line;
    }
    overlooked
}

/// The step that a line is the report of, and its words.
fn report_in(line: &str) -> Option<(&str, Vec<u64>)> {
    let (step, words) = line.strip_prefix("@ ")?.split_once(" report ")?;
    let words = words.split_whitespace();
    let words = words.map(|word| u64::from_str_radix(word, 16));
    Some((step, words.collect::<Result<_, _>>().ok()?))
}

fn line_of(step: &str, words: &[u64]) -> String {
    words
        .iter()
        .fold(format!("@ {step} report "), |line, word| {
            line + &format!("{word:x} ")
        })
}

/// Whether a word that a step reports is known otherwise: from the guest, or by another step.
fn is_compared(step: &str, slot: usize) -> bool {
    match (step, slot) {
        (_, HITS | LAST_WORD) => false,
        // Nobody else tells of the kernel's stack and frames, nor which file it opened.
        (step, STACK_POINTER | FRAME_POINTER) => step.starts_with('u'),
        ("kprobe:wide", FIRST_TYPED) => false,
        // Without a list of kprobes, where this one stopped.
        ("syscall", INSTRUCTION_POINTER) => false,
        _ => true,
    }
}

/// The guest's lines, by step and key.
struct Said<'a>(BTreeMap<(&'a str, &'a str), Vec<&'a str>>);

impl<'a> Said<'a> {
    fn new(console: &'a [String]) -> Self {
        let mut said: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in console.iter().filter_map(|line| line.strip_prefix("@ ")) {
            let mut parts = line.splitn(3, ' ');
            if let (Some(step), Some(key)) = (parts.next(), parts.next()) {
                said.entry((step, key))
                    .or_default()
                    .push(parts.next().unwrap_or_default());
            }
        }
        Self(said)
    }

    fn all<'s>(&'s self, step: &'s str, key: &'s str) -> &'s [&'s str] {
        let said: &BTreeMap<(&'s str, &'s str), Vec<&'s str>> = &self.0;
        said.get(&(step, key)).map_or(&[], Vec::as_slice)
    }

    fn text<'s>(&'s self, step: &'s str, key: &'s str) -> Option<&'s str> {
        self.all(step, key).first().copied()
    }

    fn number(&self, step: &str, key: &str) -> Option<u64> {
        u64::from_str_radix(self.text(step, key)?, 16).ok()
    }

    /// What the program wrote down, if it was hit.
    fn report(&self, step: &str) -> Result<Vec<u64>, String> {
        for key in ["failed", "refused"] {
            if let Some(why) = self.text(step, key) {
                return Err(format!("{key}: {why}"));
            }
        }
        let report = self.text(step, "report").ok_or("it did not report")?;
        let words = report
            .split_whitespace()
            .map(|word| u64::from_str_radix(word, 16));
        match words.collect::<Result<Vec<_>, _>>() {
            Ok(words) if words.len() != SLOTS => {
                Err(format!("it reported {} words of {SLOTS}", words.len()))
            }
            Ok(words) if words[HITS] == 0 => Err("it was never hit".into()),
            Ok(words) if words[ERROR] != 0 => Err(format!(
                "a read failed with error {}",
                words[ERROR].cast_signed()
            )),
            Ok(words) => Ok(words),
            Err(_) => Err(format!("its report is garbled: `{report}`")),
        }
    }
}

/// One promise, being checked.
struct Check<'a> {
    guest: &'a Guest,
    kernel: &'a Kernel,
    plan: &'a Plan,
    values: &'a Values,
    said: &'a Said<'a>,
    promise: &'static str,
    differences: Vec<String>,
}

impl<'a> Check<'a> {
    fn new(
        guest: &'a Guest,
        kernel: &'a Kernel,
        plan: &'a Plan,
        values: &'a Values,
        said: &'a Said<'a>,
        promise: &'static str,
    ) -> Self {
        Self {
            guest,
            kernel,
            plan,
            values,
            said,
            promise,
            differences: Vec::new(),
        }
    }

    fn outcome(mut self) -> Outcome {
        if self.is_absent() {
            return match self.is_there() {
                true => Outcome::Contradicted("it works, where it is known not to".into()),
                false => Outcome::Absent,
            };
        }
        match self.compare() {
            Err(error) => Outcome::Contradicted(error),
            Ok(()) if self.differences.is_empty() => Outcome::Confirmed,
            Ok(()) => Outcome::Contradicted(self.differences.join("; ")),
        }
    }

    fn is_absent(&self) -> bool {
        match self.promise {
            "kprobe.multi" | "kretprobe.multi" => self.kernel.multi.is_none(),
            "kretprobe" => !self.kernel.kprobe_at_entry,
            OF_32_BITS => self.guest.other.is_none(),
            "BTF" => !self.kernel.btf,
            _ => false,
        }
    }

    fn is_there(&self) -> bool {
        match self.promise {
            "BTF" => self.said.text("btf", "size").is_some(),
            _ => self.said.report(self.promise).is_ok(),
        }
    }

    fn compare(&mut self) -> Result<(), String> {
        match self.promise {
            "uprobe" => self.user_entry().and_then(|()| self.mixed_entry()),
            "uretprobe" => self.user_return().and_then(|()| self.mixed_return()),
            "kprobe" => self.kernel_entry().and_then(|()| self.wide_entry()),
            "kretprobe" => self.kernel_return().and_then(|()| self.typed_return()),
            "kretprobe.multi" => self.kernel_return(),
            "syscall" => match self.guest.syscalls {
                Syscalls::Wrapped(_) => self.syscall(),
                Syscalls::Plain(_) => self.syscall_function(),
            },
            "sys_enter" => self.syscall(),
            "kprobe.multi" => self.multi_entry(),
            "context" => self.said.report(self.promise).map(drop),
            "BTF" => self.btf(),
            "symbols" => self.symbols(),
            TYPED_SYSCALLS => self.typed_syscalls(),
            OF_32_BITS => self.of_32_bits(),
            "corpus" => self.corpus(),
            other => Err(format!("nothing checks `{other}`")),
        }
    }

    fn same(&mut self, what: &str, is: u64, should_be: u64) {
        if is != should_be {
            self.differences
                .push(format!("{what} is {is:#x} and should be {should_be:#x}"));
        }
    }

    /// A number that the guest knows otherwise than by this crate.
    fn known(&self, key: &'static str) -> Result<u64, String> {
        self.said
            .number(self.promise, key)
            .ok_or_else(|| format!("the guest did not say its {key}"))
    }

    /// What the program of a step wrote down.
    fn report(&self, step: &str) -> Result<Vec<u64>, String> {
        let report = self.said.report(step);
        report.map_err(|why| format!("{step}: {why}"))
    }

    fn user_entry(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        self.same(
            "instruction_pointer",
            report[INSTRUCTION_POINTER],
            self.known("address")?,
        );
        self.same(
            "stack_pointer",
            report[STACK_POINTER],
            self.known("stack_pointer")?,
        );
        self.same(
            "return_address",
            report[RETURN_ADDRESS],
            self.known("return_address")?,
        );
        // The guest says nothing where the ABI has none, and neither must the crate.
        self.same(
            "frame_pointer",
            report[FRAME_POINTER],
            self.known("frame_pointer").unwrap_or(0),
        );
        for (n, &value) in self.values.args.iter().enumerate() {
            let value = value & self.guest.word();
            self.same(&format!("argument {n}"), report[FIRST_ARG + n], value);
        }
        Ok(())
    }

    /// Where the function of a step returns to, and its arguments, by a prototype.
    fn mixed_entry(&mut self) -> Result<(), String> {
        let step = "uprobe:mixed";
        let report = self.said.report(step)?;
        let returns_to = self.said.number(step, "return_address");
        self.same(
            "read_return_address of `mixed`",
            report[READ_RETURN_ADDRESS],
            returns_to.ok_or("the guest did not say where `mixed` returns to")?,
        );
        let values = self.values.args;
        self.typed("mixed", &report[FIRST_TYPED..], &MIXED, &values)
    }

    /// The same in a task of 32 bits, and what it returns.
    fn other_mixed(&mut self, tasks: &Tasks) -> Result<(), String> {
        let step = "other_mixed_entry";
        let report = self.report(step)?;
        let returns_to = self.said.number(step, "return_address");
        self.same(
            "read_return_address of a task of 32 bits",
            report[READ_RETURN_ADDRESS],
            returns_to.ok_or("the guest did not say where `mixed` returns to")?,
        );
        let returned = self.report("other_mixed_return")?;
        let (values, answer) = (self.values.args, [self.values.answer]);
        let (mixed, reported) = ("mixed of 32 bits", &report[FIRST_TYPED..]);
        self.typed_in(tasks, mixed, reported, &MIXED, &values)?;
        let reported = &returned[FIRST_TYPED..];
        self.typed_in(tasks, "its value", reported, &[Signed(64)], &answer)
    }

    fn mixed_return(&mut self) -> Result<(), String> {
        let answer = [self.values.answer];
        let mixed = self.said.report("uretprobe:mixed")?;
        self.typed(
            "mixed's value",
            &mixed[FIRST_TYPED..],
            &[Signed(64)],
            &answer,
        )?;
        let narrow = self.said.report("uretprobe:narrow")?;
        self.typed(
            "narrow's value",
            &narrow[FIRST_TYPED..],
            &[Signed(32)],
            &answer,
        )
    }

    /// Words that were reported by a prototype: numbers that C has cut to these types.
    fn typed(
        &mut self,
        what: &str,
        reported: &[u64],
        types: &[Type],
        numbers: &[u64],
    ) -> Result<(), String> {
        let own = Tasks::own(self.guest);
        self.typed_in(&own, what, reported, types, numbers)
    }

    fn typed_in(
        &mut self,
        tasks: &Tasks,
        what: &str,
        reported: &[u64],
        types: &[Type],
        numbers: &[u64],
    ) -> Result<(), String> {
        for (n, (&number, c)) in numbers.iter().zip(types).enumerate() {
            let value = self.cut(tasks, number, *c)?;
            self.same(&format!("typed: {what}, {n}"), reported[n], value);
        }
        Ok(())
    }

    /// A number as a type of C's has it, extended to 64 bits by its sign.
    fn cut(&self, tasks: &Tasks, number: u64, c: Type) -> Result<u64, String> {
        let (bits, signed) = match c {
            Bool => return Ok(u64::from(number != 0)),
            Signed(bits) => (bits, true),
            Unsigned(bits) => (bits, false),
            Word => (tasks.bits, false),
            Char => match self.said.text(tasks.who, "char") {
                Some("signed") => (8, true),
                Some("unsigned") => (8, false),
                _ => return Err("the guest did not say whether `char` is signed".into()),
            },
        };
        let unused = 64 - bits;
        let number = number << unused;
        Ok(match signed {
            true => (number.cast_signed() >> unused).cast_unsigned(),
            false => number >> unused,
        })
    }

    fn user_return(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        let popped = self.guest.return_address_on_stack;
        let answer = self.values.answer & self.guest.word();
        self.same("return_value", report[RETURN_VALUE], answer);
        // Where a return is caught, the function itself sees another return address.
        let returns_to = self.said.number("uprobe", "return_address");
        self.same(
            "instruction_pointer",
            report[INSTRUCTION_POINTER],
            returns_to.unwrap_or(0),
        );
        self.same(
            "stack_pointer",
            report[STACK_POINTER],
            self.known("stack_pointer")? + popped,
        );
        Ok(())
    }

    fn kernel_entry(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        let stopped = self.known("address")? + self.guest.kprobe_stops_behind;
        self.same("instruction_pointer", report[INSTRUCTION_POINTER], stopped);
        let behind = self.said.text(self.promise, "behind").is_some();
        if behind == self.kernel.kprobe_at_entry {
            self.differences
                .push("whether a kprobe can be on the first instruction is known otherwise".into());
        }
        self.function_arguments(&report)
    }

    fn function_arguments(&mut self, report: &[u64]) -> Result<(), String> {
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            let own = Tasks::own(self.guest);
            let whole = self.cut(&own, report[FIRST_ARG + n], SENDTO[n])?;
            let value = self.cut(&own, value, SENDTO[n])?;
            self.same(&format!("argument {n}"), whole, value);
        }
        self.sendto_arguments(report)
    }

    /// The same by a prototype.
    fn sendto_arguments(&mut self, report: &[u64]) -> Result<(), String> {
        self.same(
            "read_return_address",
            report[READ_RETURN_ADDRESS],
            report[RETURN_ADDRESS],
        );
        let values = self.values.syscall_args;
        self.typed(FUNCTION, &report[FIRST_TYPED..], &SENDTO, &values)
    }

    fn wide_entry(&mut self) -> Result<(), String> {
        let report = self.said.report("kprobe:wide")?;
        let values = self.values.fallocate_args;
        self.typed(
            WIDE_FUNCTION,
            &report[FIRST_TYPED + 1..],
            &FALLOCATE,
            &values,
        )
    }

    /// Negative numbers of errors, as `int` and as `long`.
    fn typed_return(&mut self) -> Result<(), String> {
        for (step, key) in [
            ("kretprobe:typed", "result"),
            ("kretprobe:syscall", "result"),
            ("kretprobe:wide", "fallocated"),
        ] {
            let report = self.said.report(step)?;
            let result = self.said.number(step, key);
            let result = result.ok_or_else(|| format!("the guest did not say its {key}"))?;
            self.same(
                &format!("the value of `{step}`"),
                report[FIRST_TYPED],
                result,
            );
            if result.cast_signed() >= 0 {
                self.differences.push(format!("`{step}` did not fail"));
            }
        }
        Ok(())
    }

    /// The return address at the function's entry is where its return is caught.
    fn kernel_return(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        let result = self.known("result")?;
        self.same(
            "return_value",
            u64::from(report[RETURN_VALUE] as u32),
            u64::from(result as u32),
        );
        let entry = self.said.report("kprobe")?;
        self.same(
            "instruction_pointer",
            report[INSTRUCTION_POINTER],
            entry[RETURN_ADDRESS],
        );
        Ok(())
    }

    fn multi_entry(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        let stopped = self.known("symbol")? + self.kernel.multi.unwrap_or(0);
        self.same("instruction_pointer", report[INSTRUCTION_POINTER], stopped);
        let entry = self.said.report("kprobe")?;
        self.same(
            "return_address",
            report[RETURN_ADDRESS],
            entry[RETURN_ADDRESS],
        );
        self.function_arguments(&report)
    }

    fn syscall(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        self.same(
            "syscall_number",
            report[SYSCALL_NUMBER],
            self.known("number")?,
        );
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            self.same(
                &format!("syscall argument {n}"),
                report[FIRST_SYSCALL_ARG + n],
                value,
            );
        }
        Ok(())
    }

    /// Where nothing wraps it, it is a function whose arguments are the registers of user code.
    fn syscall_function(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            self.same(&format!("argument {n}"), report[FIRST_ARG + n], value);
        }
        self.sendto_arguments(&report)
    }

    fn btf(&mut self) -> Result<(), String> {
        let theirs: Vec<[&str; 3]> = self
            .said
            .all("btf", "field")
            .iter()
            .filter_map(|line| line.split(' ').collect::<Vec<_>>().try_into().ok())
            .collect();
        let ours = layout(self.guest.machine)?;
        for (name, offset) in &ours.fields {
            let known = kernel_names(self.guest.machine, name);
            let found = theirs
                .iter()
                .find(|[field, ..]| known.iter().any(|name| name == field));
            match found.map(|[_, at, _]| at.parse()) {
                Some(Ok(at)) => self.same(&format!("the offset of `{name}`"), *offset, at),
                _ => self
                    .differences
                    .push(format!("the kernel's pt_regs has no `{name}`")),
            }
        }
        let size = self
            .said
            .text("btf", "size")
            .and_then(|size| size.parse().ok());
        if size.is_none_or(|size: u64| size < ours.size) {
            self.differences.push(format!(
                "the kernel's pt_regs is shorter than {} bytes: {size:?}",
                ours.size
            ));
        }
        Ok(())
    }

    /// What the guest called with, and what that returned, is what the programs wrote down.
    fn syscalls_of(&mut self, tasks: &Tasks) -> Result<(), String> {
        let mask = u64::MAX >> (64 - tasks.bits);
        for syscall in TYPED {
            let called = self.said.text(tasks.calls, syscall);
            let called = called.ok_or_else(|| format!("the guest did not call `{syscall}`"))?;
            let called = called.split(' ').map(|word| u64::from_str_radix(word, 16));
            let mut called: Vec<u64> = called
                .collect::<Result<_, _>>()
                .map_err(|error| format!("`{syscall}`: {error}"))?;
            let result = called.pop().unwrap_or_default();
            for how in [self.guest.syscalls.how(), "enter"] {
                let step = format!("{}{syscall}_{how}", tasks.prefix);
                let report = self.report(&step)?;
                for (n, &value) in called.iter().enumerate() {
                    let what = format!("{step}: parameter {n}");
                    self.same(&what, report[FIRST_SYSCALL_ARG + n], value);
                }
            }
            if self.kernel.kprobe_at_entry {
                let step = format!("{}{syscall}_returned", tasks.prefix);
                let report = self.report(&step)?;
                self.same(&step, report[RETURN_VALUE] & mask, result & mask);
            }
        }
        Ok(())
    }

    fn of_32_bits(&mut self) -> Result<(), String> {
        let tasks = Tasks::other(self.guest).ok_or("its machine is no guest")?;
        self.syscalls_of(&tasks)?;
        match &self.guest.other {
            Some(other) if other.uprobes => self.other_mixed(&tasks),
            _ => Ok(()),
        }
    }

    fn typed_syscalls(&mut self) -> Result<(), String> {
        self.syscalls_of(&Tasks::own(self.guest))?;
        let path = self.report("path")?;
        for (n, letters) in PATH.as_chunks().0.iter().enumerate() {
            let letters = match self.guest.endian {
                Endian::Little => u64::from_le_bytes(*letters),
                Endian::Big => u64::from_be_bytes(*letters),
            };
            self.same("path", path[FIRST_SYSCALL_ARG + n], letters);
        }
        let exit = self.report("exit")?;
        // EBADF, of `close`.
        self.same("sys_exit", exit[RETURN_VALUE], -9_i64 as u64);
        Ok(())
    }

    /// Every syscall that the kernel's release has, has its function under the name that the machine's value says.
    fn symbols(&mut self) -> Result<(), String> {
        let kallsyms = self.said.all("symbols", "line").join("\n");
        let value = Value::named(self.guest.machine).ok_or("the library has no such machine")?;
        let wrapped = matches!(self.guest.syscalls, Syscalls::Wrapped(_));
        self.differences.extend(symbols::complaints(
            value,
            self.kernel.release,
            wrapped,
            &kallsyms,
        ));
        match symbols::wrong_are_refused(value, self.kernel.release, wrapped, &kallsyms) {
            None => Ok(()),
            Some(wrong) => Err(format!(
                "a machine that is wrong in this is not refused: {wrong}"
            )),
        }
    }

    /// The whole corpus loads; and where the verifier refuses addresses computed from ctx, so it does those
    /// programs that are listed as refused when they read fields plainly, and no others.
    fn corpus(&mut self) -> Result<(), String> {
        let verdict = |program| match self.said.text(program, "loaded") {
            Some(_) => Ok(()),
            None => Err(self
                .said
                .text(program, "refused")
                .unwrap_or("the guest did not say why")),
        };
        let mut differences = Vec::new();
        let mut loaded = 0;
        for program in self.plan.loads(OURS) {
            match verdict(program) {
                Ok(()) => loaded += 1,
                Err(why) if self.kernel.refuses_loops && why.starts_with(LOOP_REFUSAL) => {}
                Err(why) => differences.push(format!("`{program}` is refused: {why}")),
            }
        }
        let twins = self.plan.loads(PLAIN);
        for program in twins.filter(|_| self.kernel.refuses_modified_ctx) {
            let name = program.trim_start_matches("plain/");
            let refused = REFUSED_WHEN_PLAIN.contains(&name);
            let verdict = verdict(program);
            let expected = match verdict {
                Ok(()) => !refused,
                Err(why) if self.kernel.refuses_loops && why.starts_with(LOOP_REFUSAL) => true,
                Err(why) => refused && REFUSALS.iter().any(|reason| why.starts_with(reason)),
            };
            if !expected {
                differences.push(format!("the kernel said of `{program}`: {verdict:?}"));
            }
        }
        self.differences.extend(differences);
        match loaded {
            0 => Err("no program of the corpus was loaded".into()),
            _ => Ok(()),
        }
    }
}

/// What the committed bindings say of `pt_regs`.
struct Layout {
    size: u64,
    fields: Vec<(String, u64)>,
}

fn layout(machine: &str) -> Result<Layout, String> {
    let path = bpf::root().join(format!("build/bindings/{machine}.rs"));
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    // "offset_of!(pt_regs, sp) - 248usize" and "size_of::<pt_regs>() - 280usize", which bindgen writes
    // for the compiler to check.
    let number = |text: &str| {
        text.split("usize")
            .next()
            .and_then(|number| number.trim().parse().ok())
    };
    let fields: Vec<(String, u64)> = text
        .split("offset_of!(pt_regs, ")
        .skip(1)
        .filter_map(|rest| {
            let (name, rest) = rest.split_once(") - ")?;
            Some((name.to_owned(), number(rest)?))
        })
        .collect();
    let size = text
        .split("size_of::<pt_regs>() - ")
        .nth(1)
        .and_then(number);
    match size {
        Some(size) if !fields.is_empty() => Ok(Layout { size, fields }),
        _ => Err(format!("`{}` says nothing of `pt_regs`", path.display())),
    }
}
