//! What the kernel calls the functions of its syscalls, and how they take their arguments.

use core::{error::Error, fmt, iter};

use crate::{
    machine::Machine,
    syscalls::{NoSuchSyscall, Syscall},
};

/// What stands before a function's name, `sys_openat`, in the kernel's symbols; and what such a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallPrefix {
    pub prefix: &'static str,
    /// Whether the function is a wrapper, whose only argument is a pointer to the syscall's own `pt_regs`. Otherwise it
    /// has the arguments of the syscall. `None` where the name does not tell: that is up to how the kernel was
    /// configured.
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

/// A symbol that the function of a syscall may have in a kernel. Displayed, it is the symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallSymbol {
    prefix: &'static str,
    function: &'static str,
    /// Whether it is a wrapper: [`SyscallPrefix::wrapped`].
    pub wrapped: Option<bool>,
}

impl SyscallSymbol {
    /// Whether a symbol is this one.
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

/// The function of a syscall in one kernel: what a kprobe is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallFunction<'a> {
    /// The kernel's name for it.
    pub symbol: &'a str,
    /// Whether its only argument is a pointer to the syscall's own `pt_regs`, which has the arguments. What a loader
    /// tells a probe.
    pub wrapped: bool,
}

impl Machine {
    /// The symbols that the function of a syscall may have, in the order to try. None, where the kernel has no
    /// function for the number any more.
    ///
    /// ```
    /// use probe_abi::machine::Machine;
    ///
    /// let riscv64 = Machine::named("riscv64").expect("it is one of the machines");
    /// let symbols: Vec<_> = riscv64.syscall_symbols("openat").unwrap().collect();
    /// // Since Linux 6.6, and before.
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

    /// [`syscall_symbols`](Self::syscall_symbols) of a task of this machine, of 32 bits, on a kernel of 64 bits: of
    /// `x86`, what an x86_64 kernel calls the function.
    #[inline]
    pub fn compat_syscall_symbols<'a>(
        &self,
        name: &'a str,
    ) -> Result<impl Iterator<Item = SyscallSymbol>, NoSuchSyscall<'a>> {
        let function = compat(self.syscall(name)?);
        Ok(symbols(self.compat_syscall_symbols, function))
    }

    /// The function of a syscall in the kernel whose `/proc/kallsyms` this is.
    ///
    /// ```
    /// use probe_abi::machine::Machine;
    ///
    /// let x86_64 = Machine::named("x86_64").expect("it is one of the machines");
    /// // In earnest, std::fs::read_to_string("/proc/kallsyms").
    /// let kallsyms = "ffffffff8153f8b0 T __x64_sys_openat\n";
    /// let function = x86_64.syscall_function("openat", kallsyms).unwrap();
    /// assert_eq!(function.symbol, "__x64_sys_openat");
    /// assert!(function.wrapped);
    ///
    /// let error = x86_64.syscall_function("close", kallsyms).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "this kernel has no function for `close`: among its symbols is none of `__x64_sys_close`, `sys_close`"
    /// );
    /// ```
    ///
    /// On powerpc the name does not tell whether the function is a wrapper, and the addresses do: those have to be
    /// readable, which the kernel makes them for root where `kernel.kptr_restrict` is not 2.
    ///
    /// # Errors
    ///
    /// The machine has no such syscall, the kernel has no function for it, or its addresses are hidden.
    #[inline]
    pub fn syscall_function<'a, 'n>(
        &self,
        name: &'n str,
        kallsyms: &'a str,
    ) -> Result<SyscallFunction<'a>, NoFunction<'n>> {
        let function = self.syscall(name)?.function;
        find(name, self.syscall_symbols, function, kallsyms)
    }

    /// [`syscall_function`](Self::syscall_function) of a task of this machine, of 32 bits, in the symbols of a kernel of
    /// 64 bits: of `x86`, those of an x86_64 kernel.
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

/// The address and symbol of each line of the kernel's own.
#[inline]
fn lines(kallsyms: &str) -> impl Iterator<Item = (&str, &str)> {
    kallsyms.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (address, _, symbol) = (words.next()?, words.next()?, words.next()?);
        words.next().is_none().then_some((address, symbol))
    })
}

/// Whether a kernel wraps its syscalls, where the names do not tell. One that does not has a second name for the same
/// function, `__se_sys_close`, and before Linux 4.17 `SyS_close`; one that does has another function of that name, or none:
/// `include/linux/syscalls.h` and `arch/powerpc/include/asm/syscall_wrapper.h`.
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
    /// The kernel has the number of a syscall of that name, and no function for it any more.
    Dropped(&'n str),
    /// The kernel has no symbol that the function could have.
    #[non_exhaustive]
    NotThere {
        name: &'n str,
        prefixes: &'static [SyscallPrefix],
        function: &'static str,
        /// Whether there are no symbols at all.
        empty: bool,
    },
    /// Whether the function is a wrapper cannot be told, because the symbols have no addresses.
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
                    "this kernel has no function for `{name}`: among its symbols is none of "
                )?;
                let separators = iter::once("").chain(iter::repeat(", "));
                for (symbol, separator) in symbols(prefixes, Some(function)).zip(separators) {
                    write!(f, "{separator}`{symbol}`")?;
                }
                Ok(())
            }
            Self::Untold => f.write_str(
                "whether this kernel wraps its syscalls shows in the addresses of `/proc/kallsyms`, which are hidden: \
                 read it as root, with `kernel.kptr_restrict` below 2",
            ),
        }
    }
}

impl Error for NoFunction<'_> {}
