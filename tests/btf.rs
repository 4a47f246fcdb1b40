//! Promise: every field of `pt_regs` lies where the kernel's own description of its types (BTF) says,
//! and the kernel's struct is at least as long, so that the verifier lets every field be read.
//!
//! Two sources: the kernel that runs here, and the `vmlinux.h` that Debian makes of the BTF of its
//! newest kernels.

mod facts;

use std::{env::consts, fs};

use proofs::{
    btf::{Btf, RUNNING, kernel_names},
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

fn debian(arch: &'static str, machine: &'static str, endian: Endian) -> Proof {
    let facts = facts::of(machine).expect("the machine is in the table");
    let variant = facts
        .machine
        .variant(endian)
        .expect("and so is its variant");
    let ready = Compiler::clang(variant)
        .and_then(|clang| Ok((clang, Package::newest("sid", arch, "linux-bpf-dev")?)));
    let needs = ready.as_ref().map(drop).map_err(Clone::clone);
    let title = proof::name(machine, endian, "linux-bpf-dev");
    Proof::new(title, needs, move || {
        let (clang, package) = ready?;
        let header = package.file("usr/include", "vmlinux.h")?;
        let prelude = format!("#include \"{}\"", header.display());
        // The other way round it would be a field that the verifier refuses to read.
        let longer = format!("sizeof(struct pt_regs) >= {}", facts.pt_regs.size);
        let mut assertions = vec![Assertion::new(longer, 1)];
        for field in &facts.fields {
            // These kernels are the newest.
            let name = &kernel_names(machine, &field.name)[0];
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

fn running() -> Proof {
    let ready = || {
        let facts = facts::of(consts::ARCH)?;
        let btf = fs::read(RUNNING).map_err(|error| format!("cannot read `{RUNNING}`: {error}"))?;
        Ok((facts, btf))
    };
    let ready: Result<_, String> = ready();
    let needs = ready.as_ref().map(drop).map_err(Clone::clone);
    Proof::new(
        proof::name(consts::ARCH, None, "the running kernel"),
        needs,
        || {
            let (facts, btf) = ready?;
            let (machine, size) = (facts.machine.name, facts.pt_regs.size);
            let differences = Btf::parse(&btf)?.differences(machine, size, &facts.fields)?;
            if !differences.is_empty() {
                return Err(differences.join("\n"));
            }
            proof::checked(
                "the running kernel's BTF",
                machine,
                1 + 2 * facts.fields.len(),
            );
            Ok(())
        },
    )
}
