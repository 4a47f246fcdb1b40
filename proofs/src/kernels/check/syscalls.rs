//! Syscalls of the kernel's own tasks, and of the tasks of 32 bits.

use probe_abi::machine::Machine as Value;

use super::{
    super::{
        guests::Syscalls,
        plan::{TYPED, Tasks},
        slots::*,
        symbols,
    },
    Check,
};
use crate::select::Endian;

/// The path that `init.c` passes to `openat`.
const PATH: &[u8; 16] = b"/no/such/file\0\0\0";

impl Check<'_> {
    pub fn syscall(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        let number = self.known("number")?;
        self.same("syscall_number", report[SYSCALL_NUMBER], number);
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            let what = format!("syscall argument {n}");
            self.same(&what, report[FIRST_SYSCALL_ARG + n], value);
        }
        Ok(())
    }

    /// If a syscall has no wrapper, its function's arguments are the registers of user code.
    pub fn syscall_function(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            self.same(&format!("argument {n}"), report[FIRST_ARG + n], value);
        }
        self.sendto_arguments(&report)
    }

    /// The values that the guest called with, and the results of its calls, are the values that the programs reported.
    fn syscalls_of(&mut self, tasks: &Tasks) -> Result<(), String> {
        let mask = u64::MAX >> (64 - tasks.bits);
        for syscall in TYPED {
            let called = self.transcript.text(tasks.caller.name(), syscall);
            let called = called.ok_or_else(|| format!("the guest did not call `{syscall}`"))?;
            let called = called.split(' ').map(|word| u64::from_str_radix(word, 16));
            let mut called: Vec<u64> = called
                .collect::<Result<_, _>>()
                .map_err(|error| format!("`{syscall}`: {error}"))?;
            let result = called.pop().unwrap_or_default();
            for how in [self.guest.syscalls.how(), "enter"] {
                let step = format!("{}{syscall}_{how}", tasks.prefix);
                let report = self.transcript.report(&step)?;
                for (n, &value) in called.iter().enumerate() {
                    let what = format!("{step}: parameter {n}");
                    self.same(&what, report[FIRST_SYSCALL_ARG + n], value);
                }
            }
            if self.kernel.kprobe_at_entry {
                let step = format!("{}{syscall}_returned", tasks.prefix);
                let report = self.transcript.report(&step)?;
                self.same(&step, report[RETURN_VALUE] & mask, result & mask);
            }
        }
        Ok(())
    }

    pub fn tasks_of_32_bits(&mut self) -> Result<(), String> {
        let tasks = Tasks::other(self.guest).ok_or("its machine is no guest")?;
        self.syscalls_of(&tasks)?;
        match &self.guest.other {
            Some(other) if other.uprobes => self.other_mixed(&tasks),
            _ => Ok(()),
        }
    }

    pub fn typed_syscalls(&mut self) -> Result<(), String> {
        self.syscalls_of(&Tasks::own(self.guest))?;
        let path = self.transcript.report("path")?;
        for (n, letters) in PATH.as_chunks().0.iter().enumerate() {
            let letters = match self.guest.endian {
                Endian::Little => u64::from_le_bytes(*letters),
                Endian::Big => u64::from_be_bytes(*letters),
            };
            self.same("path", path[FIRST_SYSCALL_ARG + n], letters);
        }
        let exit = self.transcript.report("exit")?;
        // EBADF, from `close`.
        self.same("sys_exit", exit[RETURN_VALUE], -9_i64 as u64);
        Ok(())
    }

    /// For every syscall that the kernel's release has, the function has the name that the machine's value gives.
    pub fn symbols(&mut self) -> Result<(), String> {
        let kallsyms = self.transcript.all("symbols", "line").join("\n");
        let value = Value::named(self.guest.machine).ok_or("the library has no such machine")?;
        let wrapped = matches!(self.guest.syscalls, Syscalls::Wrapped(_));
        let release = self.kernel.release;
        let complaints = symbols::complaints(value, release, wrapped, &kallsyms);
        self.differences.extend(complaints);
        match symbols::wrong_are_refused(value, release, wrapped, &kallsyms) {
            None => Ok(()),
            Some(wrong) => Err(format!(
                "a machine that is wrong in this is not refused: {wrong}"
            )),
        }
    }
}
