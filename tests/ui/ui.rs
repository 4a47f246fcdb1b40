//! Programs that do not compile, and the compiler's messages about them.
//!
//! A folder beside this file is named for the machine that its cases are compiled for. The cases in `any`
//! hold for every machine. `TRYBUILD=overwrite cargo test --test ui` rewrites the messages.

use std::{env, fs, path::Path};

include!("../../build/src/table.rs");

macro_rules! names {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        const MACHINES: &[&str] = &[$($name),*];
    };
}
machines!(names);

#[test]
fn messages() {
    for folder in folders() {
        let machine = match &*folder {
            "any" => MACHINES[0],
            name => name,
        };
        assert!(MACHINES.contains(&machine), "`{machine}` is no machine");
        // SAFETY: this is the only test of its process.
        unsafe { env::set_var("CARGO_CFG_BPF_TARGET_ARCH", machine) };
        let cases = trybuild::TestCases::new();
        // A program that passes makes trybuild compile all of them to the end, so that it sees the
        // assertions that `cargo check` does not.
        cases.pass("pass.rs");
        cases.compile_fail(format!("{folder}/*.rs"));
    }
}

/// The folders of cases.
fn folders() -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<String> = fs::read_dir(here)
        .expect("this folder can be read")
        .map(|entry| entry.expect("an entry of it can be read").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "there are no cases");
    folders
}
