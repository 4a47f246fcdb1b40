//! The work of a guest, step by step.

use std::fmt::Write as _;

use probe_abi::machine::Machine as Value;

use super::{
    guests::{Guest, Syscalls},
    promise::Promise,
};

/// A kernel function with six arguments that exists everywhere, and its syscall. If the file descriptor is not valid,
/// it returns before it follows the other arguments' pointers.
pub const FUNCTION: &str = "__sys_sendto";
const SYSCALL: &str = "sendto";

/// A kernel function with integers of 64 bits that exists everywhere, and whose caller is in another file. It fails if
/// one of them is negative, before it looks at the rest.
pub const WIDE_FUNCTION: &str = "vfs_fallocate";

/// The syscalls whose parameters are read by their prototypes. They have 0 to 6 parameters, of up to 64 bits.
pub const TYPED: &[&str] = &[
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

/// The folders of the programs that are only loaded: the corpus, and the same with plain field access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corpus {
    Ours,
    Plain,
}

impl Corpus {
    pub fn folder(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Plain => "plain",
        }
    }
}

/// How a program is attached, by the name in `init.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Load,
    Uprobe,
    Uretprobe,
    Kprobe,
    Kretprobe,
    KprobeMulti,
    KretprobeMulti,
    RawTracepoint,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Uprobe => "uprobe",
            Self::Uretprobe => "uretprobe",
            Self::Kprobe => "kprobe",
            Self::Kretprobe => "kretprobe",
            Self::KprobeMulti => "kprobe.multi",
            Self::KretprobeMulti => "kretprobe.multi",
            Self::RawTracepoint => "raw_tracepoint",
        }
    }
}

/// The code that makes the calls for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A function of the guest itself, named in the step.
    Step,
    /// The function that calls all syscalls of [`TYPED`].
    Calls,
    /// The program of 32 bits.
    Other,
}

impl Caller {
    /// The step under which the guest prints the values of its calls. The names of kinds end with it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Step => "",
            Self::Calls => "calls",
            Self::Other => "other",
        }
    }
}

/// The tasks that a kernel has: of its own machine, and of one of 32 bits.
pub struct Tasks {
    machine: &'static str,
    pub bits: u32,
    /// The start of the names of programs.
    pub prefix: &'static str,
    pub caller: Caller,
    /// The step under which the guest says which machine it is.
    pub who: &'static str,
    symbols: Symbols,
}

/// The first symbol that the library tries for a syscall's function.
type Symbols = fn(&Value, &str) -> Option<String>;

impl Tasks {
    pub fn own(guest: &Guest) -> Self {
        Self {
            machine: guest.machine,
            bits: guest.bits,
            prefix: "",
            caller: Caller::Calls,
            who: "guest",
            symbols: |machine, syscall| first(machine.syscall_symbols(syscall).ok()?),
        }
    }

    /// The tasks of 32 bits of a kernel of 64 bits, if it has them.
    pub fn other(guest: &Guest) -> Option<Self> {
        let other = guest.other()?;
        Some(Self {
            machine: other.machine,
            bits: other.bits,
            prefix: "other_",
            caller: Caller::Other,
            who: "other",
            symbols: |machine, syscall| first(machine.compat_syscall_symbols(syscall).ok()?),
        })
    }

    /// The symbol of a syscall's function; the syscall's name if the library has no symbol.
    fn symbol(&self, syscall: &str) -> String {
        let machine = Value::named(self.machine);
        let symbol = machine.and_then(|machine| (self.symbols)(machine, syscall));
        symbol.unwrap_or_else(|| syscall.to_owned())
    }
}

fn first(mut symbols: impl Iterator<Item = impl ToString>) -> Option<String> {
    symbols.next().map(|symbol| symbol.to_string())
}

#[derive(Debug)]
pub struct Plan(Vec<Step>);

/// A program to load, and the function to probe with it.
#[derive(Debug)]
struct Step {
    /// The promise that it is a part of.
    promise: Promise,
    name: String,
    kind: Kind,
    caller: Caller,
    program: String,
    symbol: String,
}

impl Plan {
    pub fn new(guest: &Guest) -> Self {
        let mut plan = Self(Vec::new());
        plan.functions(guest);
        plan.syscalls(Promise::TypedSyscalls, guest, &Tasks::own(guest));
        if let (Some(other), Some(tasks)) = (&guest.other, Tasks::other(guest)) {
            plan.syscalls(Promise::Tasks32, guest, &tasks);
            let on_mixed = [
                (Kind::Uprobe, "other_mixed_entry"),
                (Kind::Uretprobe, "other_mixed_return"),
            ];
            for (kind, program) in on_mixed.into_iter().filter(|_| other.uprobes) {
                let caller = Caller::Other;
                plan.add(Promise::Tasks32, program, kind, caller, program, "mixed");
            }
        }
        for (program, symbol) in [("path", "sys_enter"), ("exit", "sys_exit")] {
            let (promise, kind) = (Promise::TypedSyscalls, Kind::RawTracepoint);
            plan.add(promise, program, kind, Caller::Calls, program, symbol);
        }
        plan
    }

    fn add(
        &mut self,
        promise: Promise,
        name: &str,
        kind: Kind,
        caller: Caller,
        program: &str,
        symbol: &str,
    ) {
        self.0.push(Step {
            promise,
            name: name.to_owned(),
            kind,
            caller,
            program: program.to_owned(),
            symbol: symbol.to_owned(),
        });
    }

    /// Adds functions of the guest and of the kernel.
    fn functions(&mut self, guest: &Guest) {
        let (wrapper, syscall) = match guest.syscalls {
            Syscalls::Wrapped(prefix) => (prefix, "syscall_wrapper"),
            Syscalls::Plain(prefix) => (prefix, "kernel_entry"),
        };
        let on_syscall = &*format!("{wrapper}{SYSCALL}");
        use Promise::*;
        for (promise, what, program, symbol) in [
            (Uprobe, "", "user_entry", "target"),
            (Uretprobe, "", "function_return", "target"),
            (Uprobe, ":mixed", "mixed_entry", "mixed"),
            (Uretprobe, ":mixed", "mixed_return", "mixed"),
            (Uretprobe, ":narrow", "narrow_return", "narrow"),
            (Kprobe, "", "kernel_entry", FUNCTION),
            (Kretprobe, "", "function_return", FUNCTION),
            (Kprobe, ":wide", "fallocate_entry", WIDE_FUNCTION),
            (Kretprobe, ":typed", "sendto_return", FUNCTION),
            (Kretprobe, ":wide", "fallocate_return", WIDE_FUNCTION),
            (Kretprobe, ":syscall", "syscall_return", on_syscall),
            (Syscall, "", syscall, on_syscall),
            (SysEnter, "", "sys_enter", "sys_enter"),
            (KprobeMulti, "", "kernel_entry", FUNCTION),
            (KretprobeMulti, "", "function_return", FUNCTION),
            (Context, "", "whole_context", "target"),
        ] {
            let kind = match promise {
                Uretprobe => Kind::Uretprobe,
                Kprobe | Syscall => Kind::Kprobe,
                Kretprobe => Kind::Kretprobe,
                SysEnter => Kind::RawTracepoint,
                KprobeMulti => Kind::KprobeMulti,
                KretprobeMulti => Kind::KretprobeMulti,
                _ => Kind::Uprobe,
            };
            let name = format!("{}{what}", promise.name());
            self.add(promise, &name, kind, Caller::Step, program, symbol);
        }
    }

    /// Adds syscalls of some tasks, in each way to see them.
    fn syscalls(&mut self, promise: Promise, guest: &Guest, tasks: &Tasks) {
        for syscall in TYPED {
            let symbol = &*tasks.symbol(syscall);
            for (kind, how, symbol) in [
                (Kind::Kprobe, guest.syscalls.how(), symbol),
                (Kind::Kretprobe, "returned", symbol),
                (Kind::RawTracepoint, "enter", "sys_enter"),
            ] {
                let program = format!("{}{syscall}_{how}", tasks.prefix);
                self.add(promise, &program, kind, tasks.caller, &program, symbol);
            }
        }
    }

    /// Adds a program of a folder that is only loaded.
    pub fn load(&mut self, program: &str) {
        let (promise, kind) = (Promise::Corpus, Kind::Load);
        self.add(promise, program, kind, Caller::Step, program, "-");
    }

    /// The text that `init.c` reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            let Step {
                name,
                program,
                symbol,
                ..
            } = step;
            let kind = match step.caller {
                Caller::Step => step.kind.name().to_owned(),
                caller => format!("{}.{}", step.kind.name(), caller.name()),
            };
            let _ = writeln!(text, "{name} {kind} {program} {symbol}");
        }
        text
    }

    /// The promise that a step is a part of.
    pub fn promise(&self, step: &str) -> Option<Promise> {
        let step = self.0.iter().find(|known| known.name == step)?;
        Some(step.promise)
    }

    /// The names of the steps that only load a program of a folder.
    pub fn loads(&self, corpus: Corpus) -> impl Iterator<Item = &str> {
        let names = self.0.iter().map(|step| step.name.as_str());
        names.filter(move |name| {
            name.split_once('/')
                .is_some_and(|(folder, _)| folder == corpus.folder())
        })
    }
}
