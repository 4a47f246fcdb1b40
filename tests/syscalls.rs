//! Promise: every syscall's number is the one that C has for it, on every machine, and none is missing.
//!
//! The library's table comes from the tables in the kernel's sources (`src/syscalls.tbl`). What it is compared with is
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

/// What the header defines that is no syscall: what numbers start from, and how many there are.
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
    for machine in MACHINES {
        for variant in machine.variants {
            for (called, compiler) in [
                ("gcc", Compiler::gcc(variant)),
                ("clang", Compiler::clang(variant)),
            ] {
                // Debian bookworm has none.
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
                    // What is refused depends on nobody's compiler.
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

/// What a lookup says of a name that the machine does not have.
const MISSING: &[(&str, &str, &str)] = &[
    (
        "x86_64",
        "opnat",
        "`opnat` is no syscall of x86_64; did you mean `openat`?",
    ),
    (
        "x86_64",
        "SYS_openat",
        "`SYS_openat` is no syscall of x86_64; did you mean `openat`?",
    ),
    (
        "x86_64",
        "newstat",
        "`newstat` is no syscall of x86_64; did you mean `stat`?",
    ),
    (
        "aarch64",
        "open",
        "`open` is no syscall of aarch64, though of x86_64, x86, arm, s390x, powerpc64, powerpc, mips, mips64, sparc64; \
         did you mean `openat`?",
    ),
    (
        "riscv32",
        "clock_gettime",
        "`clock_gettime` is no syscall of riscv32, though of x86_64, x86, aarch64, arm, riscv64, s390x, powerpc64, \
         powerpc, mips, mips64, loongarch64, sparc64; did you mean `clock_gettime64`?",
    ),
    ("s390x", "", "`` is no syscall of s390x"),
    (
        "s390x",
        "printf_of_a_name_that_is_longer_than_any",
        "`printf_of_a_name_that_is_longer_than_any` is no syscall of s390x",
    ),
];

fn names_and_numbers() -> Result<(), String> {
    let mut complaints = Vec::new();
    for machine in probe_abi::arch::MACHINES {
        for syscall in machine.syscalls {
            let by_name = machine.syscall(syscall.name);
            let by_number = machine.syscall_numbered(syscall.number.into());
            let same = by_number.is_some_and(|found| found.number == syscall.number);
            if by_name != Ok(syscall) || !same {
                complaints.push(format!("{}: {by_name:?}, {by_number:?}", syscall.name));
            }
        }
        let numbers = machine.syscalls.iter().map(|syscall| syscall.number);
        for number in [numbers.max().unwrap_or_default() + 1, u32::MAX].map(u64::from) {
            // With another upper half it is another number.
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

fn ours(machine: &Machine) -> Result<Table, String> {
    let value = probe_abi::machine::Machine::named(machine.name);
    let value = value.ok_or_else(|| format!("the library has no `{}`", machine.name))?;
    let rows = value.syscalls.iter();
    Ok(rows
        .map(|row| (row.name.into(), row.number.into()))
        .collect())
}

/// What a compiler makes of the header.
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

/// That every table is refused which is wrong in one row.
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
            // Two names have the same number on arm.
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
