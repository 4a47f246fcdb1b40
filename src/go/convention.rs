//! The calling convention of Go: the data of each machine, and the rules that compute places.

use core::fmt;

use crate::{
    distance::distance,
    machine::{Endian, Machine, Slot},
};

/// How Go functions are called on a machine: `src/cmd/compile/abi-internal.md` in Go's sources.
///
/// The registers come from `ParamIntRegNames` in `src/cmd/compile/internal/ssa/_gen/*Ops.go`. The releases come from
/// `src/internal/buildcfg/exp.go` and from Go's release notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoConvention {
    /// The GOARCH of its little-endian programs; `None` if there is no such GOARCH.
    pub little_endian: Option<&'static str>,
    /// The GOARCH of its big-endian programs; `None` if there is no such GOARCH.
    pub big_endian: Option<&'static str>,
    /// The first release whose functions have arguments and results in registers, as its second number: 22 is go1.22.
    /// In older releases everything is on the stack. `None` if everything is on the stack in every release.
    pub registers_since: Option<u16>,
    /// The registers of integers and pointers, in order. Arguments and results have the same ones.
    pub registers: &'static [Slot],
    /// The start of the arguments on the stack, in bytes above the address in the stack pointer's slot.
    pub stack: u16,
    /// The register that holds `g`, the running goroutine; `None` if no register holds it.
    pub g: Option<GoG>,
    /// The register that holds the closure, if the function is a closure.
    pub context: Slot,
}

/// The register that holds `g`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoG {
    /// The register holds `g` in every release.
    Always(Slot),
    /// The register holds `g` in releases that pass arguments in registers. Before, `g` is in the thread's own memory.
    WithRegisters(Slot),
}

/// The properties of a parameter's or a result's type that decide its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoShape {
    /// The number of registers that it takes: one for each integer or pointer in it. `None` if it is never in
    /// registers, because it has an array of several elements.
    pub components: Option<u8>,
    /// In bytes, in memory.
    pub size: u16,
    /// In bytes, in memory.
    pub alignment: u8,
}

/// The place of a parameter at a function's first instruction, or of a result at the function's return instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoPlace {
    /// In registers. The first component is in the register with this index of [`GoConvention::registers`], and each
    /// further component is in the next register. A narrow component is in the low bytes of its register; the other
    /// bytes mean nothing.
    Registers(u8),
    /// On the stack, in its form in memory: the distance in bytes from the address in the stack pointer's slot.
    Stack(u16),
}

impl GoConvention {
    /// Its GOARCH in a byte order; `None` if there is no such GOARCH.
    #[inline]
    pub const fn goarch(&self, endian: Endian) -> Option<&'static str> {
        match endian {
            Endian::Little => self.little_endian,
            Endian::Big => self.big_endian,
        }
    }

    /// Whether a release passes arguments in registers. `release` is its second number: 22 is go1.22.
    #[inline]
    pub const fn has_registers(&self, release: u16) -> bool {
        match self.registers_since {
            Some(since) => release >= since,
            None => false,
        }
    }

    /// The place of parameter `n` of a function at its first instruction; `None` if there is no parameter `n`. A
    /// receiver is the first parameter.
    ///
    /// `in_registers` is the answer of [`has_registers`](Self::has_registers) for the program's release.
    ///
    /// ```
    /// use probe_abi::machine::{GoPlace, GoShape, Machine};
    ///
    /// // func send(text string, to int32)
    /// let word = GoShape { components: Some(1), size: 4, alignment: 4 };
    /// let string = GoShape { components: Some(2), size: 16, alignment: 8 };
    /// let (s390x, _) = Machine::of_goarch("s390x").unwrap();
    /// let go = s390x.go.unwrap();
    ///
    /// let to = |release| go.place(&[string, word], 1, go.has_registers(release));
    /// assert_eq!(to(26), Some(GoPlace::Registers(2)));
    /// assert_eq!(go.registers[2].field, "gprs[4]");
    /// assert_eq!(to(25), Some(GoPlace::Stack(24)));
    /// ```
    #[inline]
    pub const fn place(
        &self,
        parameters: &[GoShape],
        n: usize,
        in_registers: bool,
    ) -> Option<GoPlace> {
        if n >= parameters.len() {
            return None;
        }
        let (place, _) = self.assign(parameters, n, self.stack, in_registers);
        Some(place)
    }

    /// The place of result `n` of a function at its return instruction; `None` if there is no result `n`. An offset on
    /// the stack is the same as at the first instruction, because the function has given back the rest of its stack.
    #[inline]
    pub const fn result_place(
        &self,
        parameters: &[GoShape],
        results: &[GoShape],
        n: usize,
        in_registers: bool,
        word: u8,
    ) -> Option<GoPlace> {
        if n >= results.len() {
            return None;
        }
        let (_, end) = self.assign(parameters, parameters.len(), self.stack, in_registers);
        // The results start at a multiple of a word, as the stack does.
        let start = end.next_multiple_of(word as u16);
        let (place, _) = self.assign(results, n, start, in_registers);
        Some(place)
    }

    /// The place of value `n`, and the end of the values before it on the stack.
    const fn assign(
        &self,
        values: &[GoShape],
        n: usize,
        start: u16,
        in_registers: bool,
    ) -> (GoPlace, u16) {
        let registers = if in_registers {
            self.registers.len()
        } else {
            0
        };
        let (mut next, mut end) = (0, start);
        let mut index = 0;
        loop {
            let mut place = GoPlace::Stack(end);
            if index == values.len() {
                return (place, end);
            }
            let GoShape {
                components,
                size,
                alignment,
            } = values[index];
            let before = end;
            match components {
                Some(components) if next + components as usize <= registers => {
                    place = GoPlace::Registers(next as u8);
                    next += components as usize;
                }
                _ => {
                    let offset = end.next_multiple_of(alignment as u16);
                    place = GoPlace::Stack(offset);
                    end = offset + size;
                }
            }
            if index == n {
                return (place, before);
            }
            index += 1;
        }
    }
}

impl Machine {
    /// The machine and the byte order of a GOARCH, which is Go's name for an architecture.
    ///
    /// ```
    /// use probe_abi::machine::{Endian, Machine};
    ///
    /// let (machine, endian) = Machine::of_goarch("ppc64le").unwrap();
    /// assert_eq!((machine.name, endian), ("powerpc64", Endian::Little));
    ///
    /// let error = Machine::of_goarch("aarch64").unwrap_err();
    /// assert_eq!(error.to_string(), "`aarch64` is no GOARCH; did you mean `arm64`?");
    /// let error = Machine::of_goarch("sparc64").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no Go for `sparc64`: the compiler has no such GOARCH");
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such GOARCH for Linux, or Go's compiler does not support the machine of that name.
    #[inline]
    pub fn of_goarch(name: &str) -> Result<(&'static Machine, Endian), NoGoarch<'_>> {
        match goarchs().find(|(_, _, goarch)| *goarch == name) {
            Some((machine, endian, _)) => Ok((machine, endian)),
            None => Err(NoGoarch { name }),
        }
    }
}

/// Each machine and byte order that has a GOARCH, with its GOARCH.
#[inline]
fn goarchs() -> impl Iterator<Item = (&'static Machine, Endian, &'static str)> {
    let each = |machine: &'static Machine| {
        [Endian::Little, Endian::Big]
            .into_iter()
            .filter_map(move |endian| Some((machine, endian, machine.go?.goarch(endian)?)))
    };
    crate::arch::MACHINES.iter().flat_map(each)
}

/// A name that is not a GOARCH of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoGoarch<'a> {
    /// The name.
    pub name: &'a str,
}

/// Other names of the machines of a GOARCH.
const ALIASES: &[(&str, &str)] = &[
    ("x86_64", "amd64"),
    ("x86-64", "amd64"),
    ("x64", "amd64"),
    ("aarch64", "arm64"),
    ("x86", "386"),
    ("i386", "386"),
    ("i686", "386"),
    ("loongarch64", "loong64"),
    ("powerpc64", "ppc64"),
    ("powerpc64le", "ppc64le"),
    ("ppc64el", "ppc64le"),
    ("mipsel", "mipsle"),
    ("mips64el", "mips64le"),
];

impl fmt::Display for NoGoarch<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        // Go also has names for architectures that its compiler does not support.
        let is_without = Machine::named(name).is_some_and(|machine| machine.go.is_none());
        if is_without || matches!(name, "ppc" | "riscv" | "sparc") {
            return write!(
                f,
                "there is no Go for `{name}`: the compiler has no such GOARCH"
            );
        }
        write!(f, "`{name}` is no GOARCH; ")?;
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        let near = || {
            let far = |goarch| distance(name, goarch, u8::eq_ignore_ascii_case);
            let near = goarchs().filter_map(|(_, _, goarch)| Some((far(goarch)?, goarch)));
            let (far, goarch) = near.min()?;
            (far <= name.len() / 3).then_some(goarch)
        };
        if let Some(goarch) = alias.map(|(_, goarch)| *goarch).or_else(near) {
            return write!(f, "did you mean `{goarch}`?");
        }
        f.write_str("accepted are")?;
        for (index, (_, _, goarch)) in goarchs().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} `{goarch}`")?;
        }
        Ok(())
    }
}

impl core::error::Error for NoGoarch<'_> {}
