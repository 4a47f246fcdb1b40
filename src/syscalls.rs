//! The syscalls of a machine: names, numbers, and the kernel's functions.

use core::{error::Error, fmt};

use crate::{arch::MACHINES, distance::distance, machine::Machine};

/// A syscall of one machine. Numbers stay the same from release to release. An older kernel lacks some syscalls, and a
/// kernel that is newer than this crate has more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    /// The name in `asm/unistd.h`, without `__NR_`.
    pub name: &'static str,
    /// The value that [`syscall_number`](crate::pt_regs::syscall_number) returns.
    pub number: u32,
    /// The kernel's function, by its name in the kernel's table: `sys_newstat` for `stat`. `None` if the table has the
    /// number but no longer has a function.
    pub function: Option<&'static str>,
    /// The function for a task of this machine on a kernel of 64 bits, if it differs: `compat_sys_open` for x86's
    /// `open`.
    pub compat_function: Option<&'static str>,
}

impl Syscall {
    /// A line that the build script wrote: `0 read sys_read -`.
    #[inline]
    fn parse(line: &'static str) -> Option<Self> {
        let mut cells = line.split(' ');
        let mut cell = || cells.next();
        let (number, name, function, compat_function) = (cell()?, cell()?, cell()?, cell()?);
        let some = |text| Some(text).filter(|text| *text != "-");
        Some(Self {
            name,
            number: number.parse().ok()?,
            function: some(function),
            compat_function: some(compat_function),
        })
    }
}

/// The syscalls of a machine, in the order of their numbers, and by name within one number.
///
/// ```
/// use probe_abi::machine::Machine;
///
/// let x86_64 = Machine::named("x86_64").expect("it is one of the machines");
/// assert_eq!(x86_64.syscalls.iter().next().unwrap().name, "read");
/// ```
///
/// The table is kept as text, which costs the build of a probe nothing. Each search reads it from the start. A program
/// that looks up a syscall for each event should collect them once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SyscallTable(&'static str);

impl SyscallTable {
    pub(crate) const fn of(lines: &'static str) -> Self {
        Self(lines)
    }

    /// All syscalls, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Syscall> + Clone + use<> {
        self.0.lines().filter_map(Syscall::parse)
    }
}

impl fmt::Debug for SyscallTable {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Machine {
    /// The syscall of that name: its name in `asm/unistd.h`, without `__NR_`.
    #[inline]
    pub fn syscall<'a>(&self, name: &'a str) -> Result<Syscall, NoSuchSyscall<'a>> {
        let found = self.syscalls.iter().find(|syscall| syscall.name == name);
        found.ok_or(NoSuchSyscall {
            name,
            machine: self.name,
        })
    }

    /// The syscall of that number; `None` if this machine has no such number. If two syscalls have the same number,
    /// this is the syscall whose name is first in the alphabet.
    ///
    /// arm has a few more syscalls of its own (`__ARM_NR_cacheflush` and its neighbours, from 0x0f0001 on), and an
    /// x86_64 kernel accepts the numbers of x32 (from 0x40000000 on). The table has neither of these groups.
    #[inline]
    pub fn syscall_numbered(&self, number: u64) -> Option<Syscall> {
        let mut syscalls = self.syscalls.iter();
        syscalls.find(|syscall| u64::from(syscall.number) == number)
    }
}

/// The error for a name that no syscall has. Its text says which name may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchSyscall<'a> {
    /// The name that was asked for.
    pub name: &'a str,
    /// The name of the machine.
    pub machine: &'static str,
}

impl NoSuchSyscall<'_> {
    /// The syscall of the machine with the most similar name, if one is similar.
    #[inline]
    pub fn nearest(&self) -> Option<Syscall> {
        let syscalls = Machine::named(self.machine)?.syscalls;
        // Prefixes in other places: libc's constants, the kernel's macros and functions.
        let bare = ["SYS_", "__NR_", "NR_", "sys_", "__se_sys_"]
            .iter()
            .find_map(|prefix| self.name.strip_prefix(prefix));
        let written = |name: &str| syscalls.iter().find(|syscall| syscall.name == name);
        if let Some(syscall) = bare.and_then(written) {
            return Some(syscall);
        }
        let by_function = |syscall: &Syscall| syscall.function.is_some_and(|it| self.is(it));
        if let Some(syscall) = syscalls.iter().find(by_function) {
            return Some(syscall);
        }
        let name = bare.unwrap_or(self.name);
        let near = syscalls
            .iter()
            .filter_map(|syscall| Some((distance(name, syscall.name, u8::eq)?, syscall)))
            .filter(|(distance, syscall)| *distance <= 2 && distance * 3 <= syscall.name.len());
        let nearest = near.min_by_key(|(distance, _)| *distance);
        // If this machine has dropped an old name, the newer one is longer: `open`, `openat`.
        let longer = || {
            let newer = ["at", "64", "at2", "3", "2", "4"];
            newer.iter().find_map(|end| {
                syscalls
                    .iter()
                    .find(|syscall| syscall.name.strip_suffix(end) == Some(name))
            })
        };
        nearest
            .map(|(_, syscall)| syscall)
            .filter(|_| !self.is_elsewhere())
            .or_else(longer)
    }

    /// Whether the name means this kernel function, with or without the `sys_`.
    #[inline]
    fn is(&self, function: &str) -> bool {
        function == self.name || function.strip_prefix("sys_") == Some(self.name)
    }

    #[inline]
    fn is_elsewhere(&self) -> bool {
        self.elsewhere().next().is_some()
    }

    /// The machines that have a syscall of this name.
    #[inline]
    fn elsewhere(&self) -> impl Iterator<Item = &'static str> {
        MACHINES
            .iter()
            .filter(|machine| machine.syscall(self.name).is_ok())
            .map(|machine| machine.name)
    }
}

impl fmt::Display for NoSuchSyscall<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a syscall of {}", self.name, self.machine)?;
        for (index, machine) in self.elsewhere().enumerate() {
            let before = if index == 0 {
                ", but it is one of "
            } else {
                ", "
            };
            write!(f, "{before}{machine}")?;
        }
        match self.nearest() {
            Some(syscall) => write!(f, "; did you mean `{}`?", syscall.name),
            None => Ok(()),
        }
    }
}

impl Error for NoSuchSyscall<'_> {}
