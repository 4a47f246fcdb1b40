//! Promise: the number of every syscall is C's number for it, on every machine, and no syscall is missing.
//!
//! The library's table comes from the tables in the kernel's sources (`src/syscalls.tbl`). It is compared with
//! `asm/unistd.h` of Debian's `linux-libc-dev`, as each machine's gcc and clang read it.

use std::{collections::BTreeMap, sync::Arc};

use proofs::{
    c::Compiler,
    debian::Package,
    generated,
    proof::{self, Proof, none},
    select::{MACHINES, Machine},
    syscalls,
};

/// A machine's syscalls: name and number.
type Table = BTreeMap<Arc<str>, u64>;

/// Names in the header that are not syscalls: the start of the numbers, and their count.
const NO_SYSCALLS: &[&str] = &[
    "64_Linux",
    "64_Linux_syscalls",
    "Linux",
    "Linux_syscalls",
    "N32_Linux",
    "N32_Linux_syscalls",
    "O32_Linux",
    "O32_Linux_syscalls",
    "OABI_SYSCALL_BASE",
    "SYSCALL_BASE",
    "SYSCALL_MASK",
    "arch_specific_syscall",
    "syscalls",
];

fn main() {
    let package = Package::newest("forky", "amd64", "linux-libc-dev");
    let sources = syscalls::sources().map(drop);
    let mut proofs = vec![Proof::new("the table is the kernel's", sources, || {
        generated::syscalls()?.compare()
    })];
    proofs.push(Proof::new(
        "names, numbers, and what is like a name",
        Ok(()),
        names_and_numbers,
    ));
    proofs.push(Proof::new("parameters of 64 bits", Ok(()), wide_parameters));
    proofs.push(Proof::new(
        "functions in made-up kernels",
        Ok(()),
        functions,
    ));
    for machine in MACHINES {
        for variant in machine.variants {
            for (called, compiler) in [
                ("gcc", Compiler::gcc(variant)),
                ("clang", Compiler::clang(variant)),
            ] {
                // Debian bookworm has no gcc for it.
                if compiler.is_err() && called == "gcc" && machine.name == "loongarch64" {
                    continue;
                }
                let needs = package.clone().and_then(|package| Ok((package, compiler?)));
                let missing = needs.as_ref().map(drop).map_err(Clone::clone);
                let what = format!("numbers of syscalls, {called}");
                let title = proof::name(machine.name, variant.endian, &what);
                proofs.push(Proof::new(title, missing, move || {
                    let (package, compiler) = needs?;
                    let theirs = header(machine, &package, compiler)?;
                    let ours = ours(machine)?;
                    compare(&ours, &theirs)?;
                    proof::checked("asm/unistd.h", machine.name, ours.len());
                    // The refusals do not depend on the compiler.
                    match (variant == &machine.variants[0], called) {
                        (true, "clang") => wrong_are_refused(&ours, &theirs),
                        _ => Ok(()),
                    }
                }));
            }
        }
    }
    proof::run(proofs)
}

/// The error of a lookup for a name that the machine does not have.
const MISSING: &[(&str, &str, &str)] = &[
    (
        "x86_64",
        "opnat",
        "`opnat` is not a syscall of x86_64; did you mean `openat`?",
    ),
    (
        "x86_64",
        "SYS_openat",
        "`SYS_openat` is not a syscall of x86_64; did you mean `openat`?",
    ),
    (
        "x86_64",
        "newstat",
        "`newstat` is not a syscall of x86_64; did you mean `stat`?",
    ),
    (
        "aarch64",
        "open",
        "`open` is not a syscall of aarch64, but it is one of x86_64, x86, arm, s390x, powerpc64, powerpc, mips, mips64, sparc64; \
         did you mean `openat`?",
    ),
    (
        "riscv32",
        "clock_gettime",
        "`clock_gettime` is not a syscall of riscv32, but it is one of x86_64, x86, aarch64, arm, riscv64, s390x, powerpc64, \
         powerpc, mips, mips64, loongarch64, sparc64; did you mean `clock_gettime64`?",
    ),
    ("s390x", "", "`` is not a syscall of s390x"),
    (
        "s390x",
        "printf_of_a_name_that_is_longer_than_any",
        "`printf_of_a_name_that_is_longer_than_any` is not a syscall of s390x",
    ),
];

fn names_and_numbers() -> Result<(), String> {
    let mut complaints = Vec::new();
    for machine in probe_abi::arch::MACHINES {
        for syscall in machine.syscalls.iter() {
            let by_name = machine.syscall(syscall.name);
            let by_number = machine.syscall_numbered(syscall.number.into());
            let same = by_number.is_some_and(|found| found.number == syscall.number);
            if by_name != Ok(syscall) || !same {
                complaints.push(format!("{}: {by_name:?}, {by_number:?}", syscall.name));
            }
        }
        let numbers = machine.syscalls.iter().map(|syscall| syscall.number);
        for number in [numbers.max().unwrap_or_default() + 1, u32::MAX].map(u64::from) {
            // With other upper bits it is a different number.
            for number in [number, number << 32 | 1 << 40] {
                complaints.extend(
                    machine
                        .syscall_numbered(number)
                        .map(|found| format!("{number} is {}", found.name)),
                );
            }
        }
    }
    for &(machine, name, message) in MISSING {
        let value = probe_abi::machine::Machine::named(machine).ok_or("no such machine")?;
        match value.syscall(name) {
            Err(error) if error.to_string() == message => {}
            other => complaints.push(format!("{machine} says of `{name}`: {other:?}")),
        }
    }
    none(complaints)
}

/// A machine, a syscall, the symbols of a kernel, and the result: the symbol, and whether it is a wrapper.
type Lookup = (
    &'static str,
    &'static str,
    &'static str,
    Result<(&'static str, bool), &'static str>,
);

/// Lookups that booted kernels do not have. `tests/kernels.rs` does lookups in those kernels.
const LOOKUPS: &[Lookup] = &[
    // Before Linux 6.6.
    (
        "riscv64",
        "openat",
        "ffffffff80200000 T sys_openat\n",
        Ok(("sys_openat", false)),
    ),
    // A function of a module does not belong to the kernel.
    (
        "riscv64",
        "openat",
        "ffffffff80100000 t __riscv_sys_openat\t[evil]\nffffffff80200000 T sys_openat\n",
        Ok(("sys_openat", false)),
    ),
    (
        "powerpc64",
        "openat",
        "c0000000004f0000 T sys_openat\nc0000000004f1000 T sys_close\nc0000000004f1000 T __se_sys_close\n",
        Ok(("sys_openat", false)),
    ),
    (
        "powerpc64",
        "openat",
        "c0000000004f0000 T sys_openat\nc0000000004f1000 T sys_close\nc0000000004f1000 T SyS_close\n",
        Ok(("sys_openat", false)),
    ),
    (
        "powerpc64",
        "openat",
        "c0000000004f0000 T sys_openat\nc0000000004f1000 T sys_close\nc0000000004f0f00 t __se_sys_close\n",
        Ok(("sys_openat", true)),
    ),
    (
        "powerpc64",
        "openat",
        "c0000000004f0000 T sys_openat\nc0000000004f1000 T sys_close\n",
        Ok(("sys_openat", true)),
    ),
    (
        "powerpc64",
        "openat",
        "0000000000000000 T sys_openat\n0000000000000000 T sys_close\n",
        Err(
            "the addresses in `/proc/kallsyms` show whether this kernel wraps its syscalls, and they are hidden: \
             read it as root, with `kernel.kptr_restrict` below 2",
        ),
    ),
    (
        "x86_64",
        "openat",
        "0000000000000000 T __x64_sys_openat2\n",
        Err(
            "this kernel has no function for `openat`: its symbols include none of `__x64_sys_openat`, `sys_openat`",
        ),
    ),
    (
        "x86_64",
        "opnat",
        "0000000000000000 T __x64_sys_openat\n",
        Err("`opnat` is not a syscall of x86_64; did you mean `openat`?"),
    ),
    (
        "x86_64",
        "_sysctl",
        "0000000000000000 T __x64_sys_openat\n",
        Err("`_sysctl` has a number, but kernels have no function for it any more"),
    ),
    (
        "x86_64",
        "openat",
        "",
        Err(
            "there are no symbols to look at: the text is not that of `/proc/kallsyms`, or this user may not read it",
        ),
    ),
];

fn functions() -> Result<(), String> {
    let mut complaints = Vec::new();
    for (machine, name, kallsyms, expected) in LOOKUPS {
        let machine = probe_abi::machine::Machine::named(machine).ok_or("no such machine")?;
        let found = machine.syscall_function(name, kallsyms);
        let found = found
            .map(|found| (found.symbol, found.wrapped))
            .map_err(|error| error.to_string());
        if found != expected.map_err(str::to_owned) {
            complaints.push(format!("`{name}` in `{kallsyms}`: {found:?}"));
        }
    }
    none(complaints)
}

/// The slots from which the kernel takes a parameter of 64 bits, by its sources: the sizes of the syscall's parameters,
/// and the slots of some of them.
struct Wide {
    machines: &'static [&'static str],
    sizes: &'static [u8],
    /// A parameter, and its slots, from the first to the last one.
    slots: &'static [(usize, &'static [usize])],
}

const WIDE: &[Wide] = &[
    // arch/x86/kernel/sys_ia32.c: pread64(fd, ubuf, count, poslo, poshi), truncate64(filename, low, high),
    // readahead(fd, off_lo, off_hi, count), fadvise64_64(fd, low, high, len_low, len_high, advice). riscv32 calls the
    // functions of all machines, by its psABI.
    Wide {
        machines: &["x86", "riscv32"],
        sizes: &[4, 4, 4, 8],
        slots: &[(3, &[3, 4])],
    },
    Wide {
        machines: &["x86", "riscv32"],
        sizes: &[4, 8],
        slots: &[(1, &[1, 2])],
    },
    Wide {
        machines: &["x86", "riscv32"],
        sizes: &[4, 8, 4],
        slots: &[(1, &[1, 2]), (2, &[3])],
    },
    Wide {
        machines: &["x86", "riscv32"],
        sizes: &[4, 8, 8, 4],
        slots: &[(1, &[1, 2]), (2, &[3, 4]), (3, &[5])],
    },
    // arch/powerpc/include/asm/syscalls.h: ppc_pread64(fd, ubuf, count, reg6, pos1, pos2), ppc_truncate64(path, reg4, len1,
    // len2), ppc_readahead(fd, r4, offset1, offset2, count); arch/mips/kernel/linux32.c: pread(fd, buf, count, unused, a4, a5),
    // 32_truncate64(path, __dummy, a2, a3), readahead(fd, pad0, a2, a3, count); arm: syscall(2).
    Wide {
        machines: &["arm", "mips", "powerpc"],
        sizes: &[4, 4, 4, 8],
        slots: &[(3, &[4, 5])],
    },
    Wide {
        machines: &["arm", "mips", "powerpc"],
        sizes: &[4, 8],
        slots: &[(1, &[2, 3])],
    },
    Wide {
        machines: &["arm", "mips", "powerpc"],
        sizes: &[4, 8, 4],
        slots: &[(1, &[2, 3]), (2, &[4])],
    },
    // mips' fadvise64_64(fd, __pad, a2, a3, a4, a5, flags)
    Wide {
        machines: &["mips"],
        sizes: &[4, 8, 8, 4],
        slots: &[(1, &[2, 3]), (2, &[4, 5]), (3, &[6])],
    },
    // fallocate everywhere; fadvise64_64 and sync_file_range2 on arm and powerpc
    Wide {
        machines: &["x86", "riscv32", "arm", "mips", "powerpc"],
        sizes: &[4, 4, 8, 8],
        slots: &[(1, &[1]), (2, &[2, 3]), (3, &[4, 5])],
    },
];

type Value = probe_abi::machine::Machine;

fn wide_parameters() -> Result<(), String> {
    use probe_abi::machine::{Order, Start, SyscallPairs};

    for row in MACHINES {
        let machine = Value::named(row.name).ok_or("no such machine")?;
        none(misplaced(row, machine))?;
        let Some(pairs) = machine.syscall_pairs else {
            continue;
        };
        let SyscallPairs { start, order } = pairs;
        let start = match start {
            Start::Any => Start::Even,
            Start::Even => Start::Any,
        };
        let order = match order {
            Order::HighFirst => Order::LowFirst,
            Order::LowFirst | Order::Memory => Order::HighFirst,
        };
        for wrong in [
            Some(SyscallPairs { start, ..pairs }),
            Some(SyscallPairs { order, ..pairs }),
            None,
        ] {
            let machine = Value {
                syscall_pairs: wrong,
                ..*machine
            };
            // powerpc is only big-endian, where the order in memory is this order.
            let is_right = row.name == "powerpc"
                && wrong.is_some_and(|wrong| wrong.order == order && wrong.start == pairs.start);
            if misplaced(row, &machine).is_empty() != is_right {
                return Err(format!("{}: {wrong:?} is not refused", row.name));
            }
        }
    }
    Ok(())
}

fn misplaced(row: &Machine, machine: &Value) -> Vec<String> {
    use probe_abi::machine::{Endian, Place};

    let mut complaints = Vec::new();
    let wide = WIDE.iter().filter(|wide| wide.machines.contains(&row.name));
    for variant in row.variants {
        let is_big = variant.endian == proofs::select::Endian::Big;
        let endian = if is_big { Endian::Big } else { Endian::Little };
        for wide in wide.clone() {
            for &(parameter, slots) in wide.slots {
                let place = machine.syscall_place(wide.sizes, parameter, endian);
                let slot = |index: usize| machine.syscall_arguments[index];
                let expected = match *slots {
                    [one] => Place::Register(slot(one)),
                    [low, high, ..] if !is_big => Place::Pair {
                        low: slot(low),
                        high: slot(high),
                    },
                    [high, low, ..] => Place::Pair {
                        low: slot(low),
                        high: slot(high),
                    },
                    [] => unreachable!("a parameter is somewhere"),
                };
                if place != Some(expected) {
                    let Wide { sizes, .. } = wide;
                    complaints.push(format!(
                        "{}: {parameter} of {sizes:?} is {place:?}",
                        row.name
                    ));
                }
            }
        }
        // Six slots; some machines have seven or eight.
        let last = machine.syscall_arguments.len();
        let words = vec![machine.word; last + 1];
        let beyond = machine.syscall_place(&words, last, endian);
        let inside = machine.syscall_place(&words, last - 1, endian);
        let expected = machine
            .syscall_arguments
            .last()
            .copied()
            .map(Place::Register);
        if beyond.is_some() || inside != expected {
            complaints.push(format!("{}: {inside:?}, and then {beyond:?}", row.name));
        }
    }
    complaints
}

fn ours(machine: &Machine) -> Result<Table, String> {
    let value = probe_abi::machine::Machine::named(machine.name);
    let value = value.ok_or_else(|| format!("the library has no `{}`", machine.name))?;
    let rows = value.syscalls.iter();
    Ok(rows
        .map(|row| (row.name.into(), row.number.into()))
        .collect())
}

/// The numbers that a compiler reads from the header.
fn header(machine: &Machine, package: &Package, compiler: Compiler) -> Result<Table, String> {
    const HEADER: &str = "#include <asm/unistd.h>\n";
    let asm = package.root.join("usr/lib/linux/uapi").join(machine.linux);
    let compiler = compiler
        .args(["-nostdinc"])
        .headers(&asm)
        .headers(&package.root.join("usr/include"));
    let macros = compiler.clone().args(["-dM"]).preprocessed(HEADER)?;
    let names = macros.lines().filter_map(|line| {
        let name = line.strip_prefix("#define __NR_")?.split(' ').next()?;
        (!NO_SYSCALLS.contains(&name)).then(|| name.to_owned())
    });
    let names: Vec<String> = names.collect();
    let expressions: Vec<String> = names.iter().map(|name| format!("__NR_{name}")).collect();
    let numbers = compiler.numbers(HEADER, &expressions)?;
    Ok(names.into_iter().map(Arc::from).zip(numbers).collect())
}

/// Every table with one wrong row is refused.
fn wrong_are_refused(ours: &Table, theirs: &Table) -> Result<(), String> {
    let mut refused = 0;
    let next = ours.iter().cycle().skip(1);
    for ((name, number), (next, other)) in ours.iter().zip(next) {
        let set = |table: &mut Table, name: &Arc<str>, number| {
            table.insert(name.clone(), number);
        };
        type Change<'a> = &'a dyn Fn(&mut Table);
        let wrong: [(&str, Change<'_>); 4] = [
            ("is missing", &|table| {
                table.remove(name);
            }),
            ("has the next number", &|table| set(table, name, number + 1)),
            ("is there twice", &|table| {
                set(table, &format!("{name}x").into(), *number);
            }),
            ("and the next name are swapped", &|table| {
                set(table, name, *other);
                set(table, next, *number);
            }),
        ];
        for (what, change) in wrong {
            let mut table = ours.clone();
            change(&mut table);
            // On arm two names have the same number.
            if table == *ours {
                continue;
            }
            if compare(&table, theirs).is_ok() {
                return Err(format!("a table where `{name}` {what} is not refused"));
            }
            refused += 1;
        }
    }
    match refused {
        0 => Err("there is no syscall".into()),
        _ => Ok(()),
    }
}

fn compare(ours: &Table, theirs: &Table) -> Result<(), String> {
    let missing = theirs
        .iter()
        .filter(|(name, _)| !ours.contains_key(*name))
        .map(|(name, number)| format!("`{name}`, which is {number}, is missing"));
    let differ = ours.iter().filter_map(|(name, number)| {
        let said = match theirs.get(name) {
            Some(same) if same == number => return None,
            Some(other) => format!("{other}"),
            None => "none".to_owned(),
        };
        Some(format!("`{name}` is {number}, and in the header {said}"))
    });
    none(missing.chain(differ))
}
