//! Files that are not ELF files, and damaged ELF files.

use gimli::{EndianSlice, Expression, Format, LittleEndian};
use probe_abi::{
    machine::Machine,
    operand::{Class, Operand},
};
use probe_abi_usdt::{
    Elf, Error,
    dwarf::{self, Frame},
};
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

/// Reads everything in it.
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

/// Random bytes, alone or after the beginning of an ELF file.
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

/// A program with some changed bytes, or without its end.
pub fn never_panics(program: &[u8]) -> Result<(), String> {
    let length = program.len();
    // The headers are at both ends. The notes are before the headers of sections.
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

/// Programs with one mistake, and the error for each.
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
    // `e_type`, with one byte zero.
    let object = changed(16, if program[5] == 1 { &[1, 0] } else { &[0, 1] });
    // `e_machine`
    let unknown = changed(18, &[0xee, 0xee]);
    // The text of the first note, which ends with the probe's name and a zero, and the size of the note before it.
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
            "the note of a probe is cut: `0` complete notes are before it",
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

/// The operand by which x86_64 reads an `int` at a location of DWARF, in a frame with this base.
fn located(location: &[u8], base: Option<&[u8]>) -> Result<Operand, dwarf::Error> {
    let expression = |bytes| Expression(EndianSlice::new(bytes, LittleEndian));
    let encoding = gimli::Encoding {
        address_size: 8,
        format: Format::Dwarf32,
        version: 5,
    };
    let frame = Frame {
        base: base.map(expression),
        cfa: None,
    };
    let machine = Machine::named("x86_64").expect("it is one of the machines");
    dwarf::operand(
        expression(location),
        encoding,
        &frame,
        machine,
        4,
        Class::Signed,
    )
}

/// Wrong locations, and random bytes.
pub fn any_location() -> Result<(), String> {
    const ADDRESS: &[u8] = &[3, 0, 0, 0, 0, 0, 0, 0, 0];
    for (location, base, says) in [
        (&[][..], None, "the variable is nowhere at this instruction"),
        // DW_OP_reg0, DW_OP_piece 4, DW_OP_reg1, DW_OP_piece 4
        (
            &[0x50, 0x93, 4, 0x51, 0x93, 4],
            None,
            "the variable is in pieces",
        ),
        // DW_OP_breg0 8, DW_OP_deref
        (&[0x70, 8, 6], None, "the location has to be computed"),
        (
            ADDRESS,
            None,
            "the variable is at an address that depends on where the file was loaded",
        ),
        // DW_OP_reg17
        (
            &[0x61],
            None,
            "register `17` of DWARF is `xmm0` of x86_64, which `pt_regs` does not have",
        ),
        // DW_OP_regx 99
        (
            &[0x90, 99],
            None,
            "`99` is not the number that DWARF has for a register of x86_64: `pt_regs` has",
        ),
        // DW_OP_fbreg 8, and DW_OP_call_frame_cfa
        (
            &[0x91, 8],
            None,
            "the variable is in the frame, and nothing says where the frame is",
        ),
        (
            &[0x91, 8],
            Some(&[0x9c][..]),
            "the variable is in the frame, whose address the call frame information knows",
        ),
        (
            &[0x91, 8],
            Some(ADDRESS),
            "the variable is at an address that depends",
        ),
        // DW_OP_entry_value DW_OP_reg5, DW_OP_stack_value
        (
            &[0xa3, 1, 0x55, 0x9f],
            None,
            "the variable is the value that a register had when the function was entered",
        ),
        (
            &[0xa3, 1, 0x55],
            None,
            "the variable is the value that a register had when the function was entered",
        ),
        (&[0x91], None, "the location is damaged: "),
    ] {
        match located(location, base) {
            Err(error) if error.to_string().starts_with(says) => {}
            other => return Err(format!("{location:x?} gives {other:?}, and not: {says}")),
        }
    }
    let bytes = || prop::collection::vec(any::<u8>(), 0..8);
    let result = runner(2_000).run(&(bytes(), bytes()), |(location, base)| {
        if let Err(error) = located(&location, Some(&base)) {
            prop_assert!(!error.to_string().contains(char::is_control));
        }
        Ok(())
    });
    result.map_err(|error| error.to_string())
}
