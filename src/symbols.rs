//! The kernel's symbols for the functions of its syscalls, and how these functions take their arguments.

use core::{error::Error, fmt, iter};

use crate::{
    machine::Machine,
    syscalls::{NoSuchSyscall, Syscall},
};

/// A prefix of the kernel's symbols, and the kind of arguments that goes with it. The symbol of a syscall's function is
/// a prefix and the function's name, such as `sys_openat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallPrefix {
    pub prefix: &'static str,
    /// Whether the function is a wrapper. A wrapper's only argument is a pointer to the syscall's own `pt_regs`; any
    /// other function has the arguments of the syscall. `None` if the name does not show it, because it depends on the
    /// kernel's configuration.
    pub wrapped: Option<bool>,
}

impl SyscallPrefix {
    #[inline]
    pub(crate) const fn registers(prefix: &'static str) -> Self {
        Self {
            prefix,
            wrapped: Some(true),
        }
    }

    #[inline]
    pub(crate) const fn arguments(prefix: &'static str) -> Self {
        Self {
            prefix,
            wrapped: Some(false),
        }
    }

    #[inline]
    pub(crate) const fn either(prefix: &'static str) -> Self {
        Self {
            prefix,
            wrapped: None,
        }
    }
}

/// A symbol that the function of a syscall may have in a kernel. `Display` writes the symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallSymbol {
    prefix: &'static str,
    function: &'static str,
    /// Whether the function is a wrapper: [`SyscallPrefix::wrapped`].
    pub wrapped: Option<bool>,
}

impl SyscallSymbol {
    /// Whether `symbol` is this symbol.
    #[inline]
    pub fn is(&self, symbol: &str) -> bool {
        symbol.strip_prefix(self.prefix) == Some(self.function)
    }
}

impl fmt::Display for SyscallSymbol {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.function)
    }
}

/// The function of a syscall in one kernel. A kprobe is attached to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallFunction<'a> {
    /// The kernel's name for it.
    pub symbol: &'a str,
    /// Whether its only argument is a pointer to the syscall's own `pt_regs`, which holds the arguments. A loader tells
    /// this to a probe.
    pub wrapped: bool,
}

impl Machine {
    /// The symbols that the function of a syscall may have, in the order to try. There are none if the kernel no longer
    /// has a function for the number.
    ///
    /// ```
    /// use probe_abi::machine::Machine;
    ///
    /// let riscv64 = Machine::named("riscv64").expect("it is one of the machines");
    /// let symbols: Vec<_> = riscv64.syscall_symbols("openat").unwrap().collect();
    /// // The first symbol is since Linux 6.6, and the second is of older kernels.
    /// assert_eq!(symbols[0].to_string(), "__riscv_sys_openat");
    /// assert_eq!(symbols[0].wrapped, Some(true));
    /// assert_eq!(symbols[1].to_string(), "sys_openat");
    /// assert_eq!(symbols[1].wrapped, Some(false));
    /// ```
    #[inline]
    pub fn syscall_symbols<'a>(
        &self,
        name: &'a str,
    ) -> Result<impl Iterator<Item = SyscallSymbol>, NoSuchSyscall<'a>> {
        let function = self.syscall(name)?.function;
        Ok(symbols(self.syscall_symbols, function))
    }

    /// [`syscall_symbols`](Self::syscall_symbols) for a task of this machine on a kernel of 64 bits, if this machine is
    /// one of 32 bits. For `x86` these are symbols of an x86_64 kernel.
    #[inline]
    pub fn compat_syscall_symbols<'a>(
        &self,
        name: &'a str,
    ) -> Result<impl Iterator<Item = SyscallSymbol>, NoSuchSyscall<'a>> {
        let function = compat(self.syscall(name)?);
        Ok(symbols(self.compat_syscall_symbols, function))
    }

    /// The function of a syscall in a kernel. `kallsyms` is the text of that kernel's `/proc/kallsyms`.
    ///
    /// ```
    /// use probe_abi::machine::Machine;
    ///
    /// let x86_64 = Machine::named("x86_64").expect("it is one of the machines");
    /// // A loader reads the text: std::fs::read_to_string("/proc/kallsyms").
    /// let kallsyms = "ffffffff8153f8b0 T __x64_sys_openat\n";
    /// let function = x86_64.syscall_function("openat", kallsyms).unwrap();
    /// assert_eq!(function.symbol, "__x64_sys_openat");
    /// assert!(function.wrapped);
    ///
    /// let error = x86_64.syscall_function("close", kallsyms).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "this kernel has no function for `close`: its symbols include none of `__x64_sys_close`, `sys_close`"
    /// );
    /// ```
    ///
    /// On powerpc the name does not show whether the function is a wrapper, but the addresses do. They must be
    /// readable: the kernel shows them to root unless `kernel.kptr_restrict` is 2.
    ///
    /// # Errors
    ///
    /// The machine has no such syscall, the kernel has no function for it, or the kernel hides the addresses.
    #[inline]
    pub fn syscall_function<'a, 'n>(
        &self,
        name: &'n str,
        kallsyms: &'a str,
    ) -> Result<SyscallFunction<'a>, NoFunction<'n>> {
        let function = self.syscall(name)?.function;
        find(name, self.syscall_symbols, function, kallsyms)
    }

    /// [`syscall_function`](Self::syscall_function) for a task of this machine on a kernel of 64 bits, if this machine
    /// is one of 32 bits. For `x86` the symbols are those of an x86_64 kernel.
    #[inline]
    pub fn compat_syscall_function<'a, 'n>(
        &self,
        name: &'n str,
        kallsyms: &'a str,
    ) -> Result<SyscallFunction<'a>, NoFunction<'n>> {
        let function = compat(self.syscall(name)?);
        find(name, self.compat_syscall_symbols, function, kallsyms)
    }
}

#[inline]
fn compat(syscall: Syscall) -> Option<&'static str> {
    syscall.compat_function.or(syscall.function)
}

#[inline]
fn symbols(
    prefixes: &'static [SyscallPrefix],
    function: Option<&'static str>,
) -> impl Iterator<Item = SyscallSymbol> {
    function.into_iter().flat_map(move |function| {
        prefixes.iter().map(move |prefix| SyscallSymbol {
            prefix: prefix.prefix,
            function,
            wrapped: prefix.wrapped,
        })
    })
}

#[inline]
fn find<'a, 'n>(
    name: &'n str,
    prefixes: &'static [SyscallPrefix],
    function: Option<&'static str>,
    kallsyms: &'a str,
) -> Result<SyscallFunction<'a>, NoFunction<'n>> {
    let Some(function) = function else {
        return Err(NoFunction::Dropped(name));
    };
    for symbol in symbols(prefixes, Some(function)) {
        let Some((_, found)) = lines(kallsyms).find(|(_, found)| symbol.is(found)) else {
            continue;
        };
        return Ok(SyscallFunction {
            symbol: found,
            wrapped: match symbol.wrapped {
                Some(wrapped) => wrapped,
                None => wraps(kallsyms)?,
            },
        });
    }
    Err(NoFunction::NotThere {
        name,
        prefixes,
        function,
        empty: lines(kallsyms).next().is_none(),
    })
}

/// The address and symbol of each line that is about the kernel itself.
#[inline]
fn lines(kallsyms: &str) -> impl Iterator<Item = (&str, &str)> {
    kallsyms.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (address, _, symbol) = (words.next()?, words.next()?, words.next()?);
        words.next().is_none().then_some((address, symbol))
    })
}

/// Whether a kernel wraps its syscalls, if the names do not show it. A kernel that does not wrap them has a second name
/// for the same function, `__se_sys_close`, and before Linux 4.17 `SyS_close`. In a kernel that wraps them, that name
/// belongs to another function or does not exist: `include/linux/syscalls.h` and
/// `arch/powerpc/include/asm/syscall_wrapper.h`.
#[inline]
fn wraps<'n>(kallsyms: &str) -> Result<bool, NoFunction<'n>> {
    let address = |name: &str| {
        let mut lines = lines(kallsyms);
        lines.find_map(|(address, symbol)| (symbol == name).then_some(address))
    };
    let Some(function) = address("sys_close") else {
        return Err(NoFunction::Untold);
    };
    if function.bytes().all(|digit| digit == b'0') {
        return Err(NoFunction::Untold);
    }
    let alias = address("__se_sys_close").or_else(|| address("SyS_close"));
    Ok(alias != Some(function))
}

/// Why a syscall has no function to probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoFunction<'n> {
    /// The machine has no such syscall.
    NoSuchSyscall(NoSuchSyscall<'n>),
    /// The kernel has the number of a syscall of that name, but no longer has a function for it.
    Dropped(&'n str),
    /// The kernel has no symbol that the function could have.
    #[non_exhaustive]
    NotThere {
        name: &'n str,
        prefixes: &'static [SyscallPrefix],
        function: &'static str,
        /// Whether the kernel has no symbols at all.
        empty: bool,
    },
    /// The symbols have no addresses, so it is not known whether the function is a wrapper.
    Untold,
}

impl<'n> From<NoSuchSyscall<'n>> for NoFunction<'n> {
    #[inline]
    fn from(error: NoSuchSyscall<'n>) -> Self {
        Self::NoSuchSyscall(error)
    }
}

impl fmt::Display for NoFunction<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchSyscall(error) => error.fmt(f),
            Self::Dropped(name) => write!(
                f,
                "`{name}` has a number, but kernels have no function for it any more"
            ),
            Self::NotThere { empty: true, .. } => f.write_str(
                "there are no symbols to look at: the text is not that of `/proc/kallsyms`, or this user may not read it",
            ),
            Self::NotThere {
                name,
                prefixes,
                function,
                ..
            } => {
                write!(
                    f,
                    "this kernel has no function for `{name}`: its symbols include none of "
                )?;
                let separators = iter::once("").chain(iter::repeat(", "));
                for (symbol, separator) in symbols(prefixes, Some(function)).zip(separators) {
                    write!(f, "{separator}`{symbol}`")?;
                }
                Ok(())
            }
            Self::Untold => f.write_str(
                "the addresses in `/proc/kallsyms` show whether this kernel wraps its syscalls, and they are hidden: \
                 read it as root, with `kernel.kptr_restrict` below 2",
            ),
        }
    }
}

impl Error for NoFunction<'_> {}
