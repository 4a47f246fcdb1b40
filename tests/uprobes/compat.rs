//! A program of 32 bits, and the same program of 64 bits, on this kernel.

use std::{fs, path::Path, process::Command};

use aya::{
    Ebpf,
    maps::Array,
    programs::{Program, uprobe::UProbeScope},
};
use proofs::{
    bpf::{Toolchain, root},
    c::Compiler,
    host::{cannot, run, write_if_new},
    proof::{self, Proof},
    select::Machine,
};

use crate::{Failure, MACHINE, built, causes, same};

/// The machine of this kernel's tasks of 32 bits.
const COMPAT: &str = "x86";

pub fn proof(toolchain: Result<Toolchain, String>) -> Proof {
    let needs = crate::needs()
        .and_then(|()| compiler(COMPAT).map(drop))
        .and_then(|()| toolchain.as_ref().map(drop).map_err(Clone::clone))
        .and_then(|()| proof::syscall_tracepoints())
        .and_then(|()| runs_x86());
    let name = proof::name(MACHINE, None, "a task of 32 bits is told from one of 64");
    Proof::new(name, needs, move || sees_both(&toolchain?))
}

fn compiler(machine: &str) -> Result<Compiler, String> {
    let row = Machine::named(machine).ok_or_else(|| format!("`{machine}` is no row"))?;
    Compiler::gcc(&row.variants[0])
}

/// A kernel may lack them, or may refuse them (`ia32_emulation=0`).
fn runs_x86() -> Result<(), String> {
    let program = program(COMPAT)?;
    match Command::new(&program).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("a program of 32 bits ends with {}", output.status)),
        Err(error) => Err(format!("this kernel runs no program of 32 bits: {error}")),
    }
}

fn program(machine: &str) -> Result<std::path::PathBuf, String> {
    let folder = root().join("target/uprobes");
    let path = folder.join(format!("compat-{machine}"));
    write_if_new(&folder.join("README"), "What tests/uprobes has compiled.\n")?;
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut command = compiler(machine)?.command();
    command
        .current_dir(root())
        .args([
            "-O2",
            "-static",
            "-nostdlib",
            "-fno-pic",
            "-no-pie",
            "-fno-stack-protector",
            "-w",
            "-o",
        ])
        .args([&new, Path::new("tests/uprobes/compat.c")]);
    run(&mut command)?;
    fs::rename(&new, &path).map_err(cannot("rename", &new))?;
    Ok(path)
}

fn sees_both(toolchain: &Toolchain) -> Result<(), String> {
    let object = built(toolchain, "release", "compat")?;
    for (machine, kind) in [(COMPAT, 2), (MACHINE, 1)] {
        let program = program(machine)?;
        let seen = seen(&object, &program).map_err(|error| causes(&*error))?;
        let said = Command::new(&program).output();
        let said = said.map_err(cannot("run", &program))?.stdout;
        let said: Vec<i64> = said
            .chunks_exact(8)
            .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()))
            .collect();
        let same = |what, seen: &[i64], said: &[i64]| {
            same(&format!("{what} of a program for {machine}"), seen, said)
        };
        same("parameters and what is returned", &seen[..8], &said)?;
        same(
            "kind of code, and a path",
            &seen[8..10],
            &[kind, b'/'.into()],
        )?;
        let offset = 0x0123_4567_89ab_cdef;
        same("syscall", &seen[16..20], &[kind, 16, 4096, offset])?;
        // The registers do not show that code of 64 bits makes a syscall by `int $0x80`.
        let by_interrupt = if machine == MACHINE { 1 } else { 0 };
        same("syscall of the other kind", &seen[20..21], &[by_interrupt])?;
        // -EBADF
        same("result of the syscall", &seen[24..26], &[kind, -9])?;
    }
    Ok(())
}

fn seen(object: &[u8], path: &Path) -> Result<[i64; 32], Failure> {
    let mut ebpf = Ebpf::load(object)?;
    for (name, program) in ebpf.programs_mut() {
        match program {
            Program::UProbe(program) => {
                program.load()?;
                program.attach("mixed", path, UProbeScope::AllProcesses)?;
            }
            Program::RawTracePoint(program) => {
                program.load()?;
                let point = name
                    .strip_prefix("on_")
                    .ok_or("a program has another name")?;
                program.attach(point)?;
            }
            _ => return Err("a program is of another kind".into()),
        }
    }
    Command::new(path).output()?;
    let bss = ebpf.map(".bss").ok_or("there is no map `.bss`")?;
    let seen: Array<_, [i64; 32]> = bss.try_into()?;
    Ok(seen.get(&0, 0)?)
}
