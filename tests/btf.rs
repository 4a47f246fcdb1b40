//! Promise: every field of `pt_regs` lies where the kernel's own description of its types (BTF) says. The kernel's
//! struct is at least as long, so that the verifier allows a read of every field.
//!
//! Three sources: the kernel that runs here; the `vmlinux.h` that Debian makes of the BTF of its newest kernels; and
//! made-up kernels, which write their structs as real kernels do.

mod facts;

use std::{env::consts, fs};

use facts::Declared;
use proofs::{
    btf::{self, RUNNING, kernel_names},
    c::{self, Assertion, Compiler},
    debian::Package,
    object::section,
    proof::{self, Proof, none},
    select::Endian,
};

/// Debian's architectures that it makes a `vmlinux.h` for, and the machine of each.
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
    proofs.extend(
        KERNELS
            .iter()
            .map(|&(machine, kernel)| made_up(machine, kernel)),
    );
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
        // If the kernel's struct were shorter, the verifier would refuse to read a field of the library's.
        let longer = format!("sizeof(struct pt_regs) >= {}", facts.pt_regs.size);
        let mut assertions = vec![Assertion::new(longer, 1)];
        for field in &facts.fields {
            // These kernels are the newest: they have the first of the names.
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
            compare(&facts, &btf, "the running kernel's BTF")
        },
    )
}

/// The ways in which kernels write the contents of the bindings: a union with the UAPI's struct, a struct in a struct,
/// halves of slots, padding.
const KERNELS: &[(&str, &str)] = &[
    (
        "aarch64",
        "struct pt_regs { union { struct { u64 r[34]; } user_regs; struct { u64 regs[31], sp, pc, pstate; }; };
         u64 orig_x0; int syscallno; }",
    ),
    (
        "s390x",
        "struct pt_regs { u64 args[1]; struct { u64 mask, addr; } psw; u64 gprs[16], orig_gpr2;
         union { u32 int_code; struct { unsigned short code, ilc; }; }; u32 parm; }",
    ),
    (
        "x86",
        "struct pt_regs { u32 bx, cx, dx, si, di, bp, ax; u16 ds, __dsh, es, __esh, fs, __fsh, gs, __gsh;
         u32 orig_ax, ip; u16 cs, __csh; u32 flags, sp; u16 ss, __ssh; }",
    ),
    (
        "mips",
        "struct pt_regs { u32 pad0[8], regs[32], cp0_status, hi, lo, cp0_badvaddr, cp0_cause, cp0_epc; }",
    ),
];

fn made_up(machine: &'static str, kernel: &'static str) -> Proof {
    let clang = c::clang();
    let needs = clang.as_ref().map(drop).map_err(Clone::clone);
    let title = proof::name(machine, None, "a made-up kernel");
    Proof::new(title, needs, move || {
        let bpf = Compiler::for_triple(clang?, Endian::Little.bpf_target());
        let source = format!(
            "typedef unsigned long u64; typedef unsigned u32; typedef unsigned short u16;\n{kernel} regs;"
        );
        let btf = section(&bpf.args(["-g"]).object(&source)?, ".BTF")?;
        let facts = facts::of(machine)?;
        compare(&facts, &btf, "BTF of made-up kernels")?;
        // A wrong number is refused.
        let wrong = |change: &dyn Fn(&mut Declared)| {
            let mut facts = facts.clone();
            change(&mut facts);
            compare(&facts, &btf, "a wrong value").is_ok()
        };
        let accepted = (0..facts.fields.len()).filter(|&n| {
            wrong(&|facts| facts.fields[n].offset += 8) || wrong(&|facts| facts.fields[n].size *= 2)
        });
        let mut accepted: Vec<&str> = accepted.map(|n| facts.fields[n].name.as_str()).collect();
        accepted.extend(wrong(&|facts| facts.pt_regs.size += 1024).then_some("the size"));
        none(accepted.iter().map(|name| format!("`{name}` may be wrong")))
    })
}

/// Compares the offset and the bytes of each field, and the least size of the struct.
fn compare(facts: &Declared, btf: &[u8], source: &str) -> Result<(), String> {
    let (machine, size) = (facts.machine.name, facts.pt_regs.size);
    let kernel = btf::types(btf)?;
    let length = btf::length(&kernel)?;
    let shorter = (length < size).then(|| format!("it has {length} bytes, and {size} here"));
    let elsewhere = facts.fields.iter().filter_map(|field| {
        let (here, there) = (
            (field.offset, field.size),
            btf::slot(&kernel, machine, &field.name),
        );
        (there != Some(here))
            .then(|| format!("`{}` is at {there:?}, and here at {here:?}", field.name))
    });
    none(shorter.into_iter().chain(elsewhere))?;
    proof::checked(source, machine, 1 + 2 * facts.fields.len());
    Ok(())
}
