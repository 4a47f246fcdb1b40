//! What does not compile, and what the compiler says of it then.
//!
//! A folder under `tests/ui` is named for the machine that its cases are compiled for; those in
//! `any` are true of every machine. `TRYBUILD=overwrite cargo test
//! --test ui` rewrites the messages.

use std::{env, fs};

use xtask::{
    bpf::root,
    select::{MACHINES, Machine, VARIABLE},
};

#[test]
fn messages() {
    for (folder, machine) in folders() {
        // SAFETY: this is the only test of its process.
        unsafe { env::set_var(VARIABLE, machine.name) };
        let cases = trybuild::TestCases::new();
        // A program that passes makes trybuild compile all of them to the end, so that it sees the
        // assertions that `cargo check` does not.
        cases.pass("tests/ui/pass.rs");
        cases.compile_fail(format!("tests/ui/{folder}/*.rs"));
    }
}

/// The folders of cases, with the machine that each is for.
fn folders() -> Vec<(String, &'static Machine)> {
    let mut folders: Vec<_> = fs::read_dir(root().join("tests/ui"))
        .expect("tests/ui can be read")
        .map(|entry| entry.expect("an entry of tests/ui can be read").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let folder = path.file_name().unwrap_or_default().to_string_lossy();
            let machine = match &*folder {
                "any" => Some(&MACHINES[0]),
                name => Machine::named(name),
            };
            let machine = machine.unwrap_or_else(|| panic!("`{folder}` names no machine"));
            (folder.into_owned(), machine)
        })
        .collect();
    folders.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(!folders.is_empty(), "there are no cases under tests/ui");
    folders
}
