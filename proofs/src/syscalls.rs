//! The tables of syscalls, from the kernel's own: `*.tbl` in its sources. The kernel's build makes `asm/unistd.h` and
//! the array of functions from them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    debian::{Archive, Part},
    facts::Facts,
    host::cannot,
    pins::Wanted,
    proof,
    select::{MACHINES, Machine},
    table::{NONE, Row, usual},
};

/// The sources of the newest kernel that proofs boot. Their tables of syscalls are unpacked.
pub fn sources() -> Result<PathBuf, String> {
    let wanted = Wanted::new("forky", "amd64", "linux-source-[0-9.]+");
    let (package, note) = Archive::debian()?.package(&wanted, Part::SyscallTables)?;
    note.into_iter().for_each(proof::note);
    let folder = fs::read_dir(&package.root).map_err(cannot("read", &package.root))?;
    let folder = folder.flatten().map(|entry| entry.path()).next();
    folder.ok_or_else(|| format!("`{}` has no folder", package.root.display()))
}

/// The first number of a machine's table: `__NR_Linux` in `arch/mips/include/uapi/asm/unistd.h`.
const STARTS: &[(&str, u32)] = &[("mips", 4000), ("mips64", 5000)];

/// Names that a header has in addition to a table: `arch/arm/include/uapi/asm/unistd.h`.
const ALIASES: &[(&str, &str, &str)] = &[("arm", "sync_file_range2", "arm_sync_file_range")];

/// All rows of a machine, in the order of their numbers and names.
pub fn rows(machine: &Machine, word: usize, sources: &Path) -> Result<Vec<Row>, String> {
    let bits = 8 * word;
    let path = table(machine, bits, sources)?;
    let mut rows = parse(&path, bits, &abis(machine, bits, sources)?)?;
    if machine.name == "arm" {
        // A table of aarch64 has the functions that are called for a task of arm.
        let compat = parse(&sources.join("arch/arm64/tools/syscall_32.tbl"), bits, &[])?;
        for row in &mut rows {
            let same = compat.iter().find(|other| other.name == row.name);
            row.compat_function =
                same.map_or_else(String::new, |other| match &other.compat_function {
                    none if none.is_empty() && other.function != row.function => {
                        other.function.clone()
                    }
                    function => function.clone(),
                });
        }
    }
    let aliases = ALIASES.iter().filter(|(of, ..)| *of == machine.name);
    for (_, alias, name) in aliases {
        let row = rows.iter().find(|row| row.name == *name).cloned();
        let row = row.ok_or_else(|| format!("{} has no `{name}`", machine.name))?;
        let name = (*alias).to_owned();
        rows.push(Row { name, ..row });
    }
    let start = STARTS.iter().find(|(name, _)| *name == machine.name);
    for row in &mut rows {
        row.number += start.map_or(0, |(_, number)| *number);
    }
    rows.sort();
    Ok(rows)
}

/// The file that a machine's build reads: its own, or the file that the newer machines share.
fn table(machine: &Machine, bits: usize, sources: &Path) -> Result<PathBuf, String> {
    let arch = format!("arch/{}", machine.linux);
    let abi = if bits == 64 { "n64" } else { "o32" };
    let paths = [
        format!("{arch}/kernel/syscalls/syscall.tbl"),
        format!("{arch}/kernel/syscalls/syscall_{abi}.tbl"),
        format!("{arch}/entry/syscalls/syscall_{bits}.tbl"),
        format!("{arch}/tools/syscall.tbl"),
        format!("{arch}/tools/syscall_{bits}.tbl"),
        "scripts/syscall.tbl".to_owned(),
    ];
    let mut paths = paths.iter().map(|path| sources.join(path));
    let found = paths.find(|path| path.exists());
    found.ok_or_else(|| format!("the kernel has no table for `{}`", machine.name))
}

/// The ABIs of a machine's lines, in addition to the lines for every machine of that width:
/// `arch/*/kernel/Makefile.syscalls`.
fn abis(machine: &Machine, bits: usize, sources: &Path) -> Result<Vec<String>, String> {
    let path = format!("arch/{}/kernel/Makefile.syscalls", machine.linux);
    let path = sources.join(path);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("syscall_abis_{bits} +=")));
    Ok(names
        .flat_map(|names| names.split_whitespace().map(str::to_owned))
        .collect())
}

fn parse(path: &Path, bits: usize, abis: &[String]) -> Result<Vec<Row>, String> {
    let text = fs::read_to_string(path).map_err(cannot("read", path))?;
    // In each file, these ABIs are for all machines that read it. `nospu` is for a processor's own cores and not for
    // its helpers. Each of the others is one of two ABIs that have separate files.
    let common = ["common", "nospu", "i386", "n64", "o32"];
    let bits = bits.to_string();
    let is_ours =
        |abi: &str| common.contains(&abi) || abi == bits || abis.iter().any(|it| it == abi);
    let mut rows = Vec::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let &[number, abi, name, ref functions @ ..] = &columns[..] else {
            continue;
        };
        if line.starts_with('#') || !is_ours(abi) {
            continue;
        }
        let number = number.parse();
        let function = |index: usize| match functions.get(index) {
            None | Some(&("-" | "sys_ni_syscall")) => String::new(),
            Some(&function) => function.to_owned(),
        };
        rows.push(Row {
            number: number.map_err(|_| format!("`{}`: `{line}`", path.display()))?,
            name: name.to_owned(),
            function: function(0),
            // It is called for tasks of 32 bits. A machine of 64 bits has it under another name.
            compat_function: match bits == "32" && function(1) != function(0) {
                true => function(1),
                false => String::new(),
            },
        });
    }
    Ok(rows)
}

/// The text of `src/syscalls.tbl`.
pub fn text() -> Result<String, String> {
    let sources = sources()?;
    let linux = sources.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!(
        "# The syscalls of every machine, from the tables of {linux}. `cargo xtask bless` writes this file.\n\
         # A cell is the number; behind `=` the kernel's function, where that is not `sys_` and the name, or \
         nothing where there is none;\n# behind `+` the function for tasks of 32 bits on a kernel of 64 bits.\n\
         name"
    );
    let mut cells: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (column, machine) in MACHINES.iter().enumerate() {
        text += &format!(" {}", machine.name);
        for row in rows(machine, Facts::of(machine)?.word, &sources)? {
            let line = cells.entry(row.name.clone()).or_default();
            line.resize(column, NONE.to_owned());
            line.push(cell(&row));
        }
    }
    text += "\n";
    for (name, mut line) in cells {
        line.resize(MACHINES.len(), NONE.to_owned());
        text += &format!("{name} {}\n", line.join(" "));
    }
    Ok(text)
}

fn cell(row: &Row) -> String {
    let mut cell = row.number.to_string();
    if row.function != usual(&row.name) {
        cell += "=";
        cell += &row.function;
    }
    if !row.compat_function.is_empty() {
        cell += "+";
        cell += &row.compat_function;
    }
    cell
}
