//! From events to lines: finds the return of each call, and prints the calls in their order.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Write},
};

use nix::errno::Errno;
use tracer_event::{Event, TEXT, Value};

use crate::prototype::{Prototype, Type};

/// The calls that are not printed yet.
pub struct Calls<'f, W> {
    functions: &'f [Prototype],
    /// They are syscalls, which return error numbers.
    syscalls: bool,
    out: W,
    /// In the order of the calls. The first call has not returned.
    waiting: VecDeque<Call>,
    /// How many calls were printed: the number of the first waiting call.
    printed: usize,
    /// For each thread, the numbers of its calls that have not returned. The innermost call is the last.
    open: HashMap<u64, Vec<usize>>,
}

struct Call {
    function: usize,
    arguments: String,
    returned: Option<String>,
}

impl<'f, W: Write> Calls<'f, W> {
    pub fn new(functions: &'f [Prototype], syscalls: bool, out: W) -> Self {
        Self {
            functions,
            syscalls,
            out,
            waiting: VecDeque::new(),
            printed: 0,
            open: HashMap::new(),
        }
    }

    /// Takes an event in the form that it has in the ring buffer.
    pub fn event(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() != size_of::<Event>() {
            return Ok(());
        }
        // SAFETY: the bytes are as long as an event, and integers may have any value.
        let event: Event = unsafe { bytes.as_ptr().cast::<Event>().read_unaligned() };
        let index = event.function as usize;
        let Some(function) = self.functions.get(index) else {
            return Ok(());
        };
        if event.returned == 0 {
            self.open
                .entry(event.thread)
                .or_default()
                .push(self.printed + self.waiting.len());
            self.waiting.push_back(Call {
                function: index,
                arguments: arguments(function, &event.values),
                returned: None,
            });
        } else {
            let value = &event.values[0];
            let error = if self.syscalls { error(value) } else { None };
            self.returned(
                &event,
                error.unwrap_or_else(|| shown(function.returns, value)),
            );
        }
        self.print_returned()
    }

    /// The innermost call of the function in that thread has returned. The calls within it will never return: a jump
    /// has left them.
    fn returned(&mut self, event: &Event, value: String) {
        let Some(open) = self.open.get_mut(&event.thread) else {
            return;
        };
        let (printed, waiting) = (self.printed, &self.waiting);
        let is_its =
            |&number: &usize| waiting[number - printed].function == event.function as usize;
        let Some(innermost) = open.iter().rposition(is_its) else {
            return;
        };
        let abandoned = open.split_off(innermost);
        for (position, number) in abandoned.into_iter().enumerate() {
            self.waiting[number - printed].returned = Some(match position {
                0 => value.clone(),
                _ => "?".to_owned(),
            });
        }
    }

    fn print_returned(&mut self) -> io::Result<()> {
        while let Some(Some(_)) = self.waiting.front().map(|call| &call.returned) {
            self.print_first()?;
        }
        Ok(())
    }

    fn print_first(&mut self) -> io::Result<()> {
        let Some(call) = self.waiting.pop_front() else {
            return Ok(());
        };
        self.printed += 1;
        let name = &self.functions[call.function].name;
        let returned = call.returned.as_deref().unwrap_or("?");
        writeln!(self.out, "{name}({}) = {returned}", call.arguments)
    }

    /// Prints the calls that have not returned, and returns how many lines were printed in all.
    pub fn finish(mut self) -> io::Result<usize> {
        while !self.waiting.is_empty() {
            self.print_first()?;
        }
        Ok(self.printed)
    }
}

fn arguments(function: &Prototype, values: &[Value]) -> String {
    let mut arguments: Vec<String> = function
        .parameters
        .iter()
        .zip(values)
        .map(|(parameter, value)| shown(parameter.ty, value))
        .collect();
    if function.variadic {
        arguments.push("...".to_owned());
    }
    arguments.join(", ")
}

/// The error that a syscall returns: the kernel's error numbers are up to 4095 (`MAX_ERRNO`).
fn error(value: &Value) -> Option<String> {
    let number = (value.bits as i64).checked_neg()?;
    let number = i32::try_from(number)
        .ok()
        .filter(|number| (1..4096).contains(number))?;
    Some(match Errno::from_raw(number) {
        // A number of the kernel's own, for a syscall that is started again. No program sees it.
        Errno::UnknownErrno => format!("-{number}"),
        errno => format!("-{errno:?} ({})", errno.desc()),
    })
}

/// A value as C writes it, with whole strings; `?` if it could not be read.
fn shown(ty: Type, value: &Value) -> String {
    if value.read < 0 {
        return "?".to_owned();
    }
    match (ty, usize::try_from(value.length)) {
        (Type::String, Ok(length)) => {
            let length = length.min(TEXT - 1);
            let text = value.text[..length].escape_ascii();
            let more = if length == TEXT - 1 { "..." } else { "" };
            format!("\"{text}\"{more}")
        }
        // If a string could not be read, its address is printed.
        _ => ty.show(value.bits),
    }
}
