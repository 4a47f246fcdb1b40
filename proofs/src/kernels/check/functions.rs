//! Functions of the guest and of the kernel.

use super::{
    super::{
        plan::{FUNCTION, Tasks, WIDE_FUNCTION},
        slots::*,
        values::{FALLOCATE, MIXED, SENDTO, Type::Signed},
    },
    Check,
};

impl Check<'_> {
    pub fn user_entry(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        for (what, slot, key) in [
            ("instruction_pointer", INSTRUCTION_POINTER, "address"),
            ("stack_pointer", STACK_POINTER, "stack_pointer"),
            ("return_address", RETURN_ADDRESS, "return_address"),
        ] {
            self.same(what, report[slot], self.known(key)?);
        }
        // If the ABI has no frame pointer, the guest says nothing, and the crate must not either.
        let frame_pointer = self.known("frame_pointer").unwrap_or(0);
        self.same("frame_pointer", report[FRAME_POINTER], frame_pointer);
        for (n, &value) in self.values.args.iter().enumerate() {
            let value = value & self.guest.word();
            self.same(&format!("argument {n}"), report[FIRST_ARG + n], value);
        }
        Ok(())
    }

    pub fn mixed_entry(&mut self) -> Result<(), String> {
        self.mixed_entry_of(&Tasks::own(self.guest), "uprobe:mixed")
    }

    /// The address that the function of a step returns to, and its arguments, by a prototype.
    fn mixed_entry_of(&mut self, tasks: &Tasks, step: &str) -> Result<(), String> {
        let report = self.transcript.report(step)?;
        let returns_to = self.transcript.number(step, "return_address")?;
        let what = format!("read_return_address of `{step}`");
        self.same(&what, report[READ_RETURN_ADDRESS], returns_to);
        let args = self.values.args;
        self.typed(tasks, step, &report[FIRST_TYPED..], &MIXED, &args)
    }

    pub fn mixed_return(&mut self) -> Result<(), String> {
        let own = Tasks::own(self.guest);
        self.answer(&own, "uretprobe:mixed", 64)?;
        self.answer(&own, "uretprobe:narrow", 32)
    }

    /// The same in a task of 32 bits.
    pub fn other_mixed(&mut self, tasks: &Tasks) -> Result<(), String> {
        self.mixed_entry_of(tasks, "other_mixed_entry")?;
        self.answer(tasks, "other_mixed_return", 64)
    }

    /// The value that a function of the guest returns, by a prototype, as a signed integer.
    fn answer(&mut self, tasks: &Tasks, step: &str, bits: u32) -> Result<(), String> {
        let report = self.transcript.report(step)?;
        let answer = [self.values.answer];
        let reported = &report[FIRST_TYPED..];
        self.typed(tasks, step, reported, &[Signed(bits)], &answer)
    }

    pub fn user_return(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        let answer = self.values.answer & self.guest.word();
        self.same("return_value", report[RETURN_VALUE], answer);
        // If a return is caught, the function itself sees another return address.
        let returns_to = self.transcript.number("uprobe", "return_address")?;
        let at = report[INSTRUCTION_POINTER];
        self.same("instruction_pointer", at, returns_to);
        let stack = self.known("stack_pointer")? + self.guest.return_address_on_stack;
        self.same("stack_pointer", report[STACK_POINTER], stack);
        Ok(())
    }

    pub fn kernel_entry(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        let stopped = self.known("address")? + self.guest.kprobe_stops_behind;
        self.same("instruction_pointer", report[INSTRUCTION_POINTER], stopped);
        let behind = self
            .transcript
            .text(self.promise.name(), "behind")
            .is_some();
        if behind == self.kernel.kprobe_at_entry {
            self.differences
                .push("whether a kprobe can be on the first instruction is known otherwise".into());
        }
        self.function_arguments(&report)
    }

    pub fn multi_entry(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        let stopped = self.known("symbol")? + self.kernel.multi.unwrap_or(0);
        self.same("instruction_pointer", report[INSTRUCTION_POINTER], stopped);
        let entry = self.transcript.report("kprobe")?;
        let returns_to = entry[RETURN_ADDRESS];
        self.same("return_address", report[RETURN_ADDRESS], returns_to);
        self.function_arguments(&report)
    }

    fn function_arguments(&mut self, report: &[u64]) -> Result<(), String> {
        let own = Tasks::own(self.guest);
        for (n, &value) in self.values.syscall_args.iter().enumerate() {
            let whole = self.cut(&own, SENDTO[n], report[FIRST_ARG + n])?;
            let value = self.cut(&own, SENDTO[n], value)?;
            self.same(&format!("argument {n}"), whole, value);
        }
        self.sendto_arguments(report)
    }

    /// The same by a prototype.
    pub fn sendto_arguments(&mut self, report: &[u64]) -> Result<(), String> {
        let own = Tasks::own(self.guest);
        let (read, address) = (report[READ_RETURN_ADDRESS], report[RETURN_ADDRESS]);
        self.same("read_return_address", read, address);
        let values = self.values.syscall_args;
        self.typed(&own, FUNCTION, &report[FIRST_TYPED..], &SENDTO, &values)
    }

    pub fn wide_entry(&mut self) -> Result<(), String> {
        let own = Tasks::own(self.guest);
        let report = self.transcript.report("kprobe:wide")?;
        let reported = &report[FIRST_TYPED + 1..];
        let values = self.values.fallocate_args;
        self.typed(&own, WIDE_FUNCTION, reported, &FALLOCATE, &values)
    }

    /// The return address at the function's entry is the address at which its return is caught.
    pub fn kernel_return(&mut self) -> Result<(), String> {
        let report = self.own_report()?;
        let result = self.known("result")?;
        let [value, result] = [report[RETURN_VALUE], result].map(|value| u64::from(value as u32));
        self.same("return_value", value, result);
        let entry = self.transcript.report("kprobe")?;
        let at = report[INSTRUCTION_POINTER];
        self.same("instruction_pointer", at, entry[RETURN_ADDRESS]);
        Ok(())
    }

    /// The negative numbers of errors, as `int` and as `long`.
    pub fn typed_return(&mut self) -> Result<(), String> {
        for (step, key) in [
            ("kretprobe:typed", "result"),
            ("kretprobe:syscall", "result"),
            ("kretprobe:wide", "fallocated"),
        ] {
            let report = self.transcript.report(step)?;
            let result = self.transcript.number(step, key)?;
            let what = format!("the value of `{step}`");
            self.same(&what, report[FIRST_TYPED], result);
            if result.cast_signed() >= 0 {
                self.differences.push(format!("`{step}` did not fail"));
            }
        }
        Ok(())
    }
}
