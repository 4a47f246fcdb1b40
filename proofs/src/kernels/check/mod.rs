//! Checks whether a guest's output agrees with this crate.

use super::{
    guests::{DebianKernel, Guest, Syscalls},
    plan::{Plan, Tasks},
    promise::{Outcome, Promise},
    transcript::Transcript,
    values::{Type, Values},
};

mod corpus;
mod functions;
mod overlooked;
mod syscalls;

pub use corpus::LOOP_REFUSAL;
pub use overlooked::overlooked;

/// Compares a guest's whole output with the expected values.
pub fn outcomes(
    guest: &Guest,
    kernel: &DebianKernel,
    plan: &Plan,
    console: &[String],
) -> Vec<Outcome> {
    let transcript = Transcript::new(console);
    let values = Values::new(guest);
    let outcome = |&promise: &Promise| {
        let check = Check {
            guest,
            kernel,
            plan,
            values: &values,
            transcript: &transcript,
            promise,
            differences: Vec::new(),
        };
        check.outcome()
    };
    Promise::ALL.iter().map(outcome).collect()
}

/// One promise, being checked.
struct Check<'a> {
    guest: &'a Guest,
    kernel: &'a DebianKernel,
    plan: &'a Plan,
    values: &'a Values,
    transcript: &'a Transcript<'a>,
    promise: Promise,
    differences: Vec<String>,
}

impl Check<'_> {
    fn outcome(mut self) -> Outcome {
        if self.is_absent() {
            return match self.own_report() {
                Ok(_) => Outcome::Contradicted("it works, where it is known not to".into()),
                Err(_) => Outcome::Absent,
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
            Promise::KprobeMulti | Promise::KretprobeMulti => self.kernel.multi.is_none(),
            Promise::Kretprobe => !self.kernel.kprobe_at_entry,
            Promise::Tasks32 => self.guest.other.is_none(),
            _ => false,
        }
    }

    fn compare(&mut self) -> Result<(), String> {
        match self.promise {
            Promise::Uprobe => self.user_entry().and_then(|()| self.mixed_entry()),
            Promise::Uretprobe => self.user_return().and_then(|()| self.mixed_return()),
            Promise::Kprobe => self.kernel_entry().and_then(|()| self.wide_entry()),
            Promise::Kretprobe => self.kernel_return().and_then(|()| self.typed_return()),
            Promise::KretprobeMulti => self.kernel_return(),
            Promise::Syscall => match self.guest.syscalls {
                Syscalls::Wrapped(_) => self.syscall(),
                Syscalls::Plain(_) => self.syscall_function(),
            },
            Promise::SysEnter => self.syscall(),
            Promise::KprobeMulti => self.multi_entry(),
            Promise::Context => self.own_report().map(drop),
            Promise::Symbols => self.symbols(),
            Promise::TypedSyscalls => self.typed_syscalls(),
            Promise::Tasks32 => self.tasks_of_32_bits(),
            Promise::Corpus => self.corpus(),
        }
    }

    fn same(&mut self, what: &str, is: u64, should_be: u64) {
        if is != should_be {
            self.differences
                .push(format!("{what} is {is:#x} and should be {should_be:#x}"));
        }
    }

    /// The report of the promise's first step.
    fn own_report(&self) -> Result<Vec<u64>, String> {
        self.transcript.report(self.promise.name())
    }

    /// A number of that step that the guest knows.
    fn known(&self, key: &str) -> Result<u64, String> {
        self.transcript.number(self.promise.name(), key)
    }

    /// Words that were reported by a prototype: numbers that C has cut to these types.
    fn typed(
        &mut self,
        tasks: &Tasks,
        what: &str,
        reported: &[u64],
        types: &[Type],
        numbers: &[u64],
    ) -> Result<(), String> {
        for (n, (&number, &ty)) in numbers.iter().zip(types).enumerate() {
            let value = self.cut(tasks, ty, number)?;
            self.same(&format!("typed: {what}, {n}"), reported[n], value);
        }
        Ok(())
    }

    /// A number as a value of a C type in some tasks.
    fn cut(&self, tasks: &Tasks, ty: Type, number: u64) -> Result<u64, String> {
        let char_is_signed = match self.transcript.text(tasks.who, "char") {
            Some("signed") => true,
            Some("unsigned") => false,
            _ => return Err("the guest did not say whether `char` is signed".into()),
        };
        Ok(ty.cut(number, tasks.bits, char_is_signed))
    }
}
