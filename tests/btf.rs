//! Promise: every field of `pt_regs` lies where the kernel's own description of its types (BTF) says,
//! and the kernel's struct is at least as long, so that the verifier lets every field be read.
//!
//! Two sources: the kernel that runs here, and the `vmlinux.h` that Debian makes of the BTF of its
//! newest kernels.

#[path = "facts/btf.rs"]
mod btf;
mod facts;

use std::{
    env::consts,
    fs,
    path::{Path, PathBuf},
};

use btf::{Btf, unreadable};
use btfparse::{Offset, TypeInformation};
use facts::Facts;
use xtask::{
    c::{Assertion, Compiler},
    debian::Package,
    proof::{self, Proof},
    select::Endian,
};

/// Debian's architectures for which it makes `vmlinux.h`, and which machine that is.
const DEBIAN: &[(&str, &str, Endian)] = &[
    ("amd64", "x86_64", Endian::Little),
    ("arm64", "aarch64", Endian::Little),
    ("ppc64el", "powerpc64", Endian::Little),
    ("riscv64", "riscv64", Endian::Little),
    ("s390x", "s390x", Endian::Big),
];

fn main() {
    let mut proofs: Vec<Proof> = DEBIAN
        .iter()
        .map(|&(arch, machine, endian)| debian(arch, machine, endian))
        .collect();
    proofs.push(running());
    proof::run(proofs)
}

fn facts(machine: &str) -> Option<Facts> {
    facts::all()
        .into_iter()
        .find(|facts| facts.machine.name == machine)
}

/// What the kernel calls a field. Where the UAPI has other names than the kernel, the library has the
/// UAPI's.
fn kernel_name(machine: &str, field: &str) -> String {
    match (machine, field) {
        ("x86_64", "eflags") => "flags".into(),
        ("x86_64", "orig_rax") => "orig_ax".into(),
        // In kernels that know FRED the slot is a union, and this its whole.
        ("x86_64", "cs" | "ss") => format!("{field}x"),
        ("x86_64", _) if !field.ends_with(|last: char| last.is_ascii_digit()) => {
            field.trim_start_matches('r').into()
        }
        ("riscv64", "pc") => "epc".into(),
        _ => field.into(),
    }
}

fn debian(arch: &'static str, machine: &'static str, endian: Endian) -> Proof {
    let facts = facts(machine).expect("the machine is in the table");
    let variant = facts
        .machine
        .variant(endian)
        .expect("and so is its variant");
    let ready = Compiler::clang(variant)
        .and_then(|clang| Ok((clang, Package::newest("sid", arch, "linux-bpf-dev")?)));
    let needs = ready.as_ref().map(drop).map_err(Clone::clone);
    Proof::new(format!("linux-bpf-dev, {machine}"), needs, move || {
        let (clang, package) = ready?;
        let header = find(&package.root.join("usr/include"), "vmlinux.h")
            .ok_or("the package has no vmlinux.h")?;
        let prelude = format!("#include \"{}\"", header.display());
        // The other way round it would be a field that the verifier refuses to read.
        let longer = format!("sizeof(struct pt_regs) >= {}", facts.pt_regs.size);
        let mut assertions = vec![Assertion::new(longer, 1)];
        for field in &facts.fields {
            let name = kernel_name(machine, &field.name);
            assertions.extend([
                Assertion::new(
                    format!("__builtin_offsetof(struct pt_regs, {name})"),
                    field.offset,
                ),
                Assertion::new(format!("sizeof(((struct pt_regs *)0)->{name})"), field.size),
            ]);
        }
        let checked = clang.args(["-std=gnu17"]).prove(&prelude, &assertions)?;
        proof::checked("linux-bpf-dev", machine, checked);
        Ok(())
    })
}

/// The first file of that name in a folder and those in it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        if path.is_dir() {
            return find(&path, name);
        }
        path.ends_with(name).then_some(path)
    })
}

const RUNNING: &str = "/sys/kernel/btf/vmlinux";

fn running() -> Proof {
    let ready = || {
        let facts = facts(consts::ARCH).ok_or(format!("`{}` is not in the table", consts::ARCH))?;
        let btf = fs::read(RUNNING).map_err(|error| format!("cannot read `{RUNNING}`: {error}"))?;
        Ok((facts, Btf(btf)))
    };
    let ready: Result<_, String> = ready();
    let needs = ready.as_ref().map(drop).map_err(Clone::clone);
    Proof::new(
        format!("the running kernel, {}", consts::ARCH),
        needs,
        || {
            let (facts, btf) = ready?;
            compare(&facts, &TypeInformation::new(&btf).map_err(unreadable)?)
        },
    )
}

fn compare(facts: &Facts, kernel: &TypeInformation) -> Result<(), String> {
    let machine = facts.machine.name;
    let pt_regs = kernel.id_of("pt_regs").ok_or("BTF has no `pt_regs`")?;
    let length = kernel.size_of(pt_regs).map_err(unreadable)?;
    if length < facts.pt_regs.size {
        return Err(format!(
            "the kernel's struct ends at {length}, ours at {}",
            facts.pt_regs.size
        ));
    }
    for field in &facts.fields {
        let name = kernel_name(machine, &field.name);
        let (ty, offset) = kernel.offset_of(pt_regs, &name).map_err(unreadable)?;
        let size = kernel.size_of(ty).map_err(unreadable)?;
        let Offset::ByteOffset(offset) = offset else {
            return Err(format!("`{name}` is a bit field in the kernel"));
        };
        if (offset as usize, size) != (field.offset, field.size) {
            return Err(format!(
                "`{name}` is at {offset} with {size} bytes in the kernel, ours at {} with {}",
                field.offset, field.size
            ));
        }
    }
    proof::checked(
        "the running kernel's BTF",
        machine,
        1 + 2 * facts.fields.len(),
    );
    Ok(())
}
