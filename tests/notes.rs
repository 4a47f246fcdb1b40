//! Promise: the notes of static probes, and the locations of DWARF, lead a probe to the values that the program has
//! there. If a file is wrong, their reader fails with a sentence, and in no other way.
//!
//! A C program with probes of all integer types is compiled for every machine, without optimization and with it. qemu
//! runs it and stops where a uprobe would. The values of the operands there, by registers and memory, are compared with
//! the values that the program prints. The contents of the notes are compared with readelf and the program's symbols.

mod notes {
    pub mod damaged;
    pub mod described;
    pub mod read;
    pub mod values;
}

use std::{fs, path::Path};

use notes::{damaged, described, read, values};
use probe_abi::machine::Machine;
use probe_abi_usdt::Elf;
use proofs::{
    c::{Compiler, sdt_headers},
    executed::{self, Tools},
    host::cannot,
    proof::{self, Proof},
    select::{MACHINES, Variant},
};

fn main() {
    let mut proofs = vec![
        Proof::new("files that are none", Ok(()), damaged::any_bytes),
        Proof::new("locations that are none", Ok(()), damaged::any_location),
    ];
    let header = sdt_headers();
    for row in MACHINES {
        let Some(machine) = Machine::named(row.name) else {
            continue;
        };
        for variant in row.variants {
            let gcc = Compiler::gcc(variant);
            // As in tests/compilers.rs.
            let (source, compiler) = match (gcc, row.name) {
                (Err(_), "loongarch64") => ("clang", Compiler::clang(variant)),
                (gcc, _) => ("gcc", gcc),
            };
            for level in ["-O0", "-O2"] {
                let what = format!("executed operands, {source} {level}");
                let name = proof::name(row.name, variant.endian, &what);
                let tools = Tools::new(row, variant, compiler.clone());
                let needs = tools.as_ref().map(drop).map_err(Clone::clone);
                let needs = needs.and(header.as_ref().map(drop).map_err(Clone::clone));
                let header = header.clone();
                let folder = name.replace([':', ',', ' '], "-");
                proofs.push(Proof::new(name, needs, move || {
                    proves(
                        machine,
                        variant,
                        &tools?,
                        &header?,
                        (source, level),
                        &folder,
                    )
                }));
            }
        }
    }
    proof::run(proofs)
}

fn proves(
    machine: &'static Machine,
    variant: &Variant,
    tools: &Tools,
    header: &Path,
    (source, level): (&str, &str),
    folder: &str,
) -> Result<(), String> {
    let header = header.to_str().ok_or("a path is not UTF-8")?;
    // clang for loongarch64 fails for an operand in memory. It also uses vectors, which qemu does not have.
    let of_compiler: &[&str] = match source {
        "clang" => &["-DSTAP_SDT_ARG_CONSTRAINT=nr", "-mno-lsx"],
        _ => &[],
    };
    let flags = [
        level,
        "-w",
        "-gdwarf-4",
        "-isystem",
        header,
        "-ffreestanding",
        "-fno-pic",
        "-fno-stack-protector",
        "-fno-asynchronous-unwind-tables",
        "-fno-unwind-tables",
    ];
    let flags = [&flags, of_compiler, tools.flags()].concat();
    let path = tools.program(include_str!("notes/program.c"), &flags, folder)?;
    let program = fs::read(&path).map_err(cannot("read", &path))?;
    let elf = Elf::parse(&program).map_err(|error| error.to_string())?;
    if elf.machine() != machine || elf.endian() != executed::of_library(variant.endian) {
        let (machine, endian) = (elf.machine().name, elf.endian());
        return Err(format!("it is taken for one of {machine}, {endian:?}"));
    }
    let probes = elf.probes().collect::<Result<Vec<_>, _>>();
    let probes = probes.map_err(|error| error.to_string())?;
    read::agrees(&path, &program, &probes)?;
    read::moved(&program, machine, elf.endian())?;
    damaged::never_panics(&program)?;

    let stops = values::stops(tools.emulator(), &path, machine, variant.endian, &probes)?;
    let checked = values::agree(&stops, |probe| {
        let arguments = probe.arguments().map(|argument| argument.operand());
        let told = arguments.map(|operand| operand.map_err(|error| error.to_string()));
        told.collect()
    })?;
    proof::checked(&format!("{source} {level}, notes"), machine.name, checked);
    // A register of a register window is not in ctx.
    let few = if machine.name == "sparc64" { 5 } else { 25 };
    if checked < few {
        return Err(format!("there are only {checked} operands"));
    }
    let variables = described::variables(&program, machine)?;
    let checked = values::agree(&stops, |probe| variables.of(probe))?;
    // On sparc64, frames start in such a register too.
    if checked < 5 && machine.name != "sparc64" {
        return Err(format!("DWARF gives only {checked} operands"));
    }
    proof::checked(&format!("{source} {level}, DWARF"), machine.name, checked);
    Ok(())
}
