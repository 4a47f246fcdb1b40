//! What a guest is asked to do, and whether what it says agrees with this crate.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use super::guests::{Guest, Kernel, Syscalls};
use crate::{bpf, btf::kernel_names};

mod slots {
    include!("../../../tests/kernel-probes/src/slots.rs");
}
use slots::*;

/// A kernel function with six arguments that exists everywhere, and the syscall that calls it. With a
/// file descriptor that is none it returns before it looks at what the others point to.
const FUNCTION: &str = "__sys_sendto";
const SYSCALL: &str = "sendto";

/// Whether each of the function's arguments is an `int`, of which only the low half means something.
const IS_INT: [bool; SYSCALL_ARGS] = [true, false, false, true, false, true];

/// What a guest does, step by step.
#[derive(Debug)]
pub struct Plan(Vec<Step>);

/// A program to load, and what to probe with it.
#[derive(Debug)]
struct Step {
    name: String,
    kind: &'static str,
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
            ("kprobe", "kprobe", "kernel_entry", FUNCTION),
            ("kretprobe", "kretprobe", "function_return", FUNCTION),
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
            name: name.to_owned(),
            kind,
            program: program.to_owned(),
            symbol: symbol.to_owned(),
        });
        Self(steps.into())
    }

    /// Adds a program that is only loaded.
    pub fn load(&mut self, program: &str) {
        self.0.push(Step {
            name: program.to_owned(),
            kind: "load",
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
        } in &self.0
        {
            let _ = writeln!(text, "{name} {kind} {program} {symbol}");
        }
        text
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

/// The words to call with: no two are the same, and neither are two halves of one.
#[derive(Debug)]
pub struct Values {
    args: [u64; ARGS],
    answer: u64,
    syscall_args: [u64; SYSCALL_ARGS],
}

impl Values {
    pub fn new(guest: &Guest) -> Self {
        let mask = u64::MAX >> (64 - guest.bits);
        let word = |n: usize| (0x1a2b_3c4d_5e6f_7081 + n as u64 * 0x0101_0101_0101_0101) & mask;
        // The second must be an address that user code could have, for as many bytes as the third says,
        // of which the kernel only takes 2 GiB.
        let [buffer, length] = match guest.bits {
            32 => [0x1b2c_3d4e, 0x00c0_ffee],
            _ => [0xa_1b2c_3d4e, word(21)],
        };
        Self {
            args: std::array::from_fn(word),
            answer: word(40),
            syscall_args: [word(20), buffer, length, word(22), word(23), word(24)],
        }
    }

    /// The text that `init.c` reads, behind the number of words that a program reports.
    pub fn text(&self) -> String {
        let words = self
            .args
            .iter()
            .chain([&self.answer])
            .chain(&self.syscall_args);
        words.fold(format!("{SLOTS}\n"), |text, word| {
            text + &format!("{word:x}\n")
        })
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
    "corpus",
];

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
    PROMISES
        .iter()
        .map(|&promise| {
            let check = Check {
                guest,
                kernel,
                plan,
                values: &values,
                said: &said,
                promise,
                differences: Vec::new(),
            };
            check.outcome()
        })
        .collect()
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

    fn all(&self, step: &'a str, key: &'a str) -> &[&'a str] {
        self.0.get(&(step, key)).map_or(&[], Vec::as_slice)
    }

    fn text(&self, step: &'a str, key: &'a str) -> Option<&'a str> {
        self.all(step, key).first().copied()
    }

    fn number(&self, step: &'a str, key: &'a str) -> Option<u64> {
        u64::from_str_radix(self.text(step, key)?, 16).ok()
    }

    /// What the program wrote down, if it was hit.
    fn report(&self, step: &'a str) -> Result<Vec<u64>, String> {
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

impl Check<'_> {
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
            "uprobe" => self.user_entry(),
            "uretprobe" => self.user_return(),
            "kprobe" => self.kernel_entry(),
            "kretprobe" | "kretprobe.multi" => self.kernel_return(),
            "syscall" => match self.guest.syscalls {
                Syscalls::Wrapped(_) => self.syscall(),
                Syscalls::Plain(_) => self.syscall_function(),
            },
            "sys_enter" => self.syscall(),
            "kprobe.multi" => self.multi_entry(),
            "context" => self.said.report(self.promise).map(drop),
            "BTF" => self.btf(),
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
            self.same(&format!("argument {n}"), report[FIRST_ARG + n], value);
        }
        Ok(())
    }

    fn user_return(&mut self) -> Result<(), String> {
        let report = self.said.report(self.promise)?;
        let popped = self.guest.return_address_on_stack;
        self.same("return_value", report[RETURN_VALUE], self.values.answer);
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
        self.function_arguments(&report);
        Ok(())
    }

    fn function_arguments(&mut self, report: &[u64]) {
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            let means = |word: u64| {
                if IS_INT[n] {
                    u64::from(word as u32)
                } else {
                    word
                }
            };
            self.same(
                &format!("argument {n}"),
                means(report[FIRST_ARG + n]),
                means(value),
            );
        }
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
        self.function_arguments(&report);
        Ok(())
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
        Ok(())
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
    let path = bpf::root().join(format!("src/bindings/{machine}.rs"));
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
