//! One machine is one header, one file and one row: none is missing, and none is left over.

use std::{collections::BTreeSet, fs, path::Path};

use xtask::{
    bpf::root,
    select::{MACHINES, Machine},
};

fn rows() -> BTreeSet<String> {
    MACHINES
        .iter()
        .map(|machine| machine.name.to_owned())
        .collect()
}

/// The names of the files in a folder that have an extension, but for those that are not a machine's.
fn files(folder: &str, extension: &str, others: &[&str]) -> BTreeSet<String> {
    let folder = root().join(folder);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("a folder that can be listed").file_name())
        .filter_map(|name| {
            let name = Path::new(&name);
            assert_eq!(name.extension()?, extension, "{name:?} in {folder:?}");
            Some(name.file_stem()?.to_str()?.to_owned())
        })
        .filter(|name| !others.contains(&name.as_str()))
        .collect()
}

#[test]
fn every_row_has_a_header() {
    assert_eq!(files("headers", "h", &["ctypes"]), rows());
}

#[test]
fn every_row_has_a_file() {
    assert_eq!(files("src/arch", "rs", &["mod", "table"]), rows());
}

#[test]
fn every_row_has_committed_bindings() {
    assert_eq!(files("src/bindings", "rs", &[]), rows());
}

#[test]
fn rows_differ() {
    assert_eq!(rows().len(), MACHINES.len());
    let triples = || {
        MACHINES
            .iter()
            .flat_map(|machine| machine.variants)
            .map(|variant| variant.triple)
    };
    assert_eq!(triples().collect::<BTreeSet<_>>().len(), triples().count());
}

include!("../src/arch/table.rs");

macro_rules! readme_rows {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        fn readme_rows() -> Vec<String> {
            vec![$({
                use probe_abi::arch::$module::*;
                assert_eq!(ARCH, $name);
                let machine = Machine::named(ARCH).expect("both come from the table");
                let targets = machine.variants.iter().map(|variant| &variant.endian.bpf_target()[..5]);
                let targets: Vec<&str> = targets.collect();
                let char = if c_char::MIN == 0 { "unsigned" } else { "signed" };
                format!(
                    "| `{ARCH}` | {} | {} | {char} | {ARG_REGISTERS} | {SYSCALL_ARG_REGISTERS} |",
                    targets.join(", "),
                    c_long::BITS,
                )
            }),*]
        }
    };
}
machines!(readme_rows);

#[test]
fn the_readme_lists_every_machine() {
    let readme = include_str!("../README.md");
    let listed: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| `CARGO_CFG_BPF_TARGET_ARCH` |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let rows = readme_rows();
    assert_eq!(listed, rows, "the table should be:\n{}", rows.join("\n"));
}
