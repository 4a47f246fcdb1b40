//! Checks whether a machine's names for the functions of its syscalls are those of a kernel.

use probe_abi::machine::{Machine, NoFunction, Syscall, SyscallPrefix};

/// The number of a release's last syscall. Since Linux 5.1, all machines have new syscalls under the same numbers:
/// `scripts/syscall.tbl`.
const LAST: &[(&str, u32)] = &[("6.1", 450), ("6.12", 462), ("7.2", 471)];

/// The kernels of 64 bits that run tasks of 32 bits, as Debian builds them, and the machine of these tasks.
const COMPAT: &[(&str, &str)] = &[("x86_64", "x86"), ("aarch64", "arm"), ("mips64", "mips")];

/// The facts that a kernel contradicts, a line each.
pub fn complaints(machine: &Machine, release: &str, wrapped: bool, kallsyms: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut look = |whose: &Machine, compat: bool| {
        for syscall in whose.syscalls.iter() {
            let found = match compat {
                false => whose.syscall_function(syscall.name, kallsyms),
                true => whose.compat_syscall_function(syscall.name, kallsyms),
            };
            match found {
                Ok(found) => {
                    if found.wrapped != wrapped {
                        let is = if found.wrapped { "" } else { "not " };
                        complaints.push(format!("`{}` is {is}said to be wrapped", found.symbol));
                    }
                }
                Err(NoFunction::Dropped(_)) => {}
                Err(_) if is_newer(syscall, release) => {}
                Err(error) => complaints.push(error.to_string()),
            }
        }
    };
    look(machine, false);
    if let Some((_, other)) = COMPAT.iter().find(|(name, _)| *name == machine.name) {
        look(
            Machine::named(other).expect("it is one of the machines"),
            true,
        );
    }
    complaints
}

/// Syscalls that only x86_64 has, with the releases that do not have them yet.
const LATE: &[(&str, &[&str])] = &[("uretprobe", &["6.1"]), ("uprobe", &["6.1", "6.12"])];

/// Whether a release does not have a syscall yet. The numbers of mips start at 4000 and 5000.
fn is_newer(syscall: Syscall, release: &str) -> bool {
    let last = LAST.iter().find(|(known, _)| *known == release);
    let late = LATE.iter().find(|(name, _)| *name == syscall.name);
    last.is_some_and(|(_, last)| syscall.number % 1000 > *last)
        || late.is_some_and(|(_, without)| without.contains(&release))
}

/// A machine with wrong names that the check does not refuse, if there is one.
pub fn wrong_are_refused(
    machine: &Machine,
    release: &str,
    wrapped: bool,
    kallsyms: &str,
) -> Option<String> {
    let mut wrong = Vec::new();
    for prefix in machine.syscall_symbols {
        wrong.push(SyscallPrefix {
            prefix: "__no_such_",
            ..*prefix
        });
        wrong.push(SyscallPrefix {
            wrapped: Some(!wrapped),
            ..*prefix
        });
    }
    let wrong = wrong.into_iter().find(|prefix| {
        let prefixes = vec![*prefix].leak();
        let machine = Machine {
            syscall_symbols: prefixes,
            ..*machine
        };
        complaints(&machine, release, wrapped, kallsyms).is_empty()
    });
    wrong.map(|prefix| format!("{prefix:?}"))
}
