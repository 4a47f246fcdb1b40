//! The errors of `probe-abi-go`.

use probe_abi_go::{Program, Release};
use proofs::proof::none;

/// Versions as programs have them, each with its release, or the start of the error.
pub fn versions() -> Result<(), String> {
    let cases = [
        ("go1.24.4", Ok(24)),
        ("go1.19.8", Ok(19)),
        ("go1.9", Ok(9)),
        ("go1.21rc2", Ok(21)),
        ("go1.22.1 X:boringcrypto", Ok(22)),
        ("devel go1.25-12ec20a Tue Jan 7 2025", Ok(25)),
        (
            "devel +a1b2c3d Tue Jan 7 2020",
            Err("names no release of Go"),
        ),
        ("", Err("names no release of Go")),
        ("go1.", Err("names no release of Go")),
        ("go1.99999999", Err("names no release of Go")),
        ("go1.17.2 X:noregabi", Err("was built without registers")),
        (
            "go1.18 X:boringcrypto,noregabiargs",
            Err("was built without registers"),
        ),
    ];
    none(cases.into_iter().filter_map(|(text, expected)| {
        let said = Release::parse(text);
        let is_right = match (&said, expected) {
            (Ok(release), Ok(number)) => release.number == number && release.to_string() == text,
            (Err(error), Err(part)) => error.to_string().contains(part),
            _ => false,
        };
        (!is_right).then(|| format!("`{text}` is {said:?}"))
    }))
}

/// Files that are not Go programs.
pub fn files() -> Result<(), String> {
    let this = std::env::current_exe().and_then(std::fs::read);
    let this = this.map_err(|error| error.to_string())?;
    let mut of_sparc = this[..64].to_vec();
    // `e_machine`, of 16 bits: EM_SPARCV9.
    of_sparc[18..20].copy_from_slice(&43u16.to_le_bytes());
    // `e_shoff` and the number of sections, and the same fields for program headers.
    of_sparc[32..48].fill(0);
    of_sparc[56..64].fill(0);
    let said = |file: &[u8]| match Program::parse(file) {
        Ok(program) => program.release().map(|release| release.to_string()),
        Err(error) => Err(error),
    };
    let cases = [
        (&b""[..], "this is no ELF file"),
        (b"#!/bin/sh", "this is no ELF file"),
        (b"\x7fELF", "the ELF file is damaged: "),
        (&this[..40], "the ELF file is damaged: "),
        (
            &of_sparc,
            "the file is for a machine that has no Go (`e_machine` is 43, of 64 bits): accepted are `x86_64`,",
        ),
        (&this, "the program does not say that Go built it"),
    ];
    none(
        cases
            .into_iter()
            .filter_map(|(file, start)| match said(file) {
                Err(error) if error.to_string().starts_with(start) => None,
                other => Some(format!("expected `{start}`, and there is {other:?}")),
            }),
    )
}

/// A function that a program does not have gives an error. A damaged program is read or refused, without a panic.
pub fn program(bytes: &[u8]) -> Result<(), String> {
    let whole = Program::parse(bytes).map_err(|error| error.to_string())?;
    for (name, sentence) in [
        (
            "main.f9x",
            "the program has no function `main.f9x`; did you mean `main.f",
        ),
        (
            "main.nothing.of.that.kind",
            "the program has no function `main.nothing.of.that.kind`: a function is called",
        ),
    ] {
        match whole.function(name) {
            Err(error) if error.to_string().starts_with(sentence) => {}
            other => return Err(format!("`{name}`: {other:?}")),
        }
    }
    let read = |bytes: &[u8]| {
        if let Ok(program) = Program::parse(bytes) {
            let _ = program.release();
            let _ = program.function("main.f3");
        }
    };
    for cut in (0..bytes.len()).step_by(bytes.len() / 40) {
        read(&bytes[..cut]);
    }
    // Changes every byte of the headers, and of the information about the release.
    let mut damaged = bytes.to_vec();
    let info = bytes
        .windows(14)
        .position(|window| window == b"\xff Go buildinf:");
    let info = info.ok_or("there is no `.go.buildinfo`")?;
    for at in (0..64).chain(info..info + 64) {
        for value in [0, 0x7f, 0xff] {
            damaged[at] = value;
            read(&damaged);
        }
        damaged[at] = bytes[at];
    }
    Ok(())
}
