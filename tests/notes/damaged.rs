//! Files that are no ELF files, or were ones.

use probe_abi_usdt::{Elf, Error};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

/// Reads all that there is in it.
fn read(file: &[u8]) {
    match Elf::parse(file) {
        Ok(elf) => {
            for probe in elf.probes() {
                match probe {
                    Ok(probe) => {
                        for argument in probe.arguments() {
                            let part = &probe.operands[argument.start..];
                            assert!(part.starts_with(argument.text));
                            if let Err(error) = argument.operand() {
                                assert!(error.place() <= argument.text.len());
                            }
                        }
                        assert!(
                            elf.probe(&probe.to_string()).is_ok() || !probe.to_string().is_empty()
                        );
                    }
                    Err(error) => sentence(error),
                }
            }
            let _ = elf.probe("p:nothing").map_err(|error| sentence(&error));
        }
        Err(error) => sentence(&error),
    }
}

fn sentence(error: &Error) {
    assert!(!error.to_string().contains(char::is_control));
}

/// Bytes of any kind, behind the beginning of an ELF file or not.
pub fn any_bytes() -> Result<(), String> {
    let beginnings = prop_oneof![
        Just(&b""[..]),
        Just(&b"\x7fELF\x01\x01\x01"[..]),
        Just(&b"\x7fELF\x02\x01\x01"[..]),
        Just(&b"\x7fELF\x01\x02\x01"[..]),
        Just(&b"\x7fELF\x02\x02\x01"[..]),
    ];
    let files = (beginnings, prop::collection::vec(any::<u8>(), 0..200));
    let result = runner(2_000).run(&files, |(beginning, behind)| {
        read(&[beginning, &behind].concat());
        Ok(())
    });
    result.map_err(|error| error.to_string())?;
    for (file, says) in [
        (&b""[..], "it is not an ELF file"),
        (b"#!/bin/sh\necho", "it is not an ELF file"),
        (
            b"\x7fELF\x02\x01\x01 and nothing else",
            "the ELF file is damaged",
        ),
    ] {
        match Elf::parse(file) {
            Err(error) if error.to_string().starts_with(says) => {}
            other => return Err(format!("{file:?} gives {other:?}, and not: {says}")),
        }
    }
    Ok(())
}

/// A program with some bytes that are others, or without its end.
pub fn never_panics(program: &[u8]) -> Result<(), String> {
    let length = program.len();
    // The headers are at both ends, and the notes before those of sections.
    let places = prop_oneof![
        0..256.min(length),
        length.saturating_sub(4096)..length,
        0..length
    ];
    let changes = prop::collection::vec((places, any::<u8>()), 1..8);
    let end = prop_oneof![4 => Just(length), 1 => 0..length];
    let result = runner(50).run(&(changes, end), |(changes, end)| {
        let mut changed = program.to_vec();
        for (at, byte) in changes {
            changed[at] = byte;
        }
        read(&changed[..end]);
        Ok(())
    });
    result.map_err(|error| error.to_string())?;
    refused(program)
}

/// What is wrong in one thing, and what is said of it.
fn refused(program: &[u8]) -> Result<(), String> {
    let elf = Elf::parse(program).map_err(|error| error.to_string())?;
    for (name, says) in [
        (
            "p:narow",
            "there is no probe `p:narow`: did you mean `p:narrow`?",
        ),
        (
            "narrow",
            "there is no probe `narrow`: did you mean `p:narrow`?",
        ),
        (
            "q:else",
            "there is no probe `q:else`: accepted are a provider and a name, with `:` between them",
        ),
    ] {
        match elf.probe(name) {
            Err(error) if error.to_string() == says => {}
            other => return Err(format!("`{name}` gives {other:?}, and not: {says}")),
        }
    }
    let changed = |at: usize, bytes: &[u8]| {
        let mut changed = program.to_vec();
        changed[at..][..bytes.len()].copy_from_slice(bytes);
        changed
    };
    // `e_type`, of which one byte is zero.
    let object = changed(16, if program[5] == 1 { &[1, 0] } else { &[0, 1] });
    // `e_machine`
    let unknown = changed(18, &[0xee, 0xee]);
    // A text of the first note, which ends with the name and a zero, and the size of the note before it.
    let note = program.windows(8).position(|bytes| bytes == b"stapsdt\0");
    let note = note.ok_or("it has no note")?;
    let cut = changed(note - 8, &[0x7f; 4]);
    let semaphores = nowhere(program, note)?;
    for (file, says) in [
        (&object, "the ELF file is an object that was not linked yet"),
        (
            &unknown,
            "with the number `61166`, which is not known: accepted are `62` of 64 bits (x86_64), ",
        ),
        (
            &cut,
            "the note of a probe is cut: the one behind `0` others",
        ),
        (
            &semaphores,
            "the semaphore of the probe `p:narrow` is at `0x8`, where the file has nothing that can be written",
        ),
    ] {
        let elf = Elf::parse(file);
        let error = match &elf {
            Ok(elf) => elf.probes().find_map(Result::err),
            Err(error) => Some(error),
        };
        match error.map(Error::to_string) {
            Some(error) if error.contains(says) => {}
            other => return Err(format!("{other:?} is said, and not: {says}")),
        }
    }
    Ok(())
}

/// The program with a semaphore at address 8 in its first note.
fn nowhere(program: &[u8], note: usize) -> Result<Vec<u8>, String> {
    let word = if program[4] == 2 { 8 } else { 4 };
    let mut changed = program.to_vec();
    let semaphore = changed
        .get_mut(note + 8 + 2 * word..note + 8 + 3 * word)
        .ok_or("the note is cut")?;
    semaphore.fill(0);
    semaphore[if program[5] == 1 { 0 } else { word - 1 }] = 8;
    Ok(changed)
}
