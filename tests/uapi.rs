//! Promise: the registers that a probe gets lie where a distribution's kernel headers (UAPI) say, on every machine on
//! which that is true. On the other machines the headers are still wrong.
//!
//! The headers are those of Debian's `linux-libc-dev`. The struct is the one that they promise to a probe,
//! `bpf_user_pt_regs_t`. The kernel passes its own `struct pt_regs` instead. On mips, mips64 and loongarch64 the two
//! differ, and the library has the kernel's.

mod facts;

use facts::Declared;
use proofs::{
    c::{Assertion, Compiler},
    debian::Package,
    proof::{self, Proof},
};

/// UAPI's facts of a machine.
struct Uapi {
    /// Up to this offset the struct is ctx.
    true_up_to: usize,
    /// The fields from there on that ctx does not have in this form: name, offset and size.
    lies: &'static [(&'static str, usize, usize)],
}

/// The UAPI struct of both widths of mips: 64-bit registers, as ptrace(2) transfers them. n64's ctx has the same
/// `regs`, but another order of the fields after it: only `hi` is in the same place. o32's ctx has 32-bit registers
/// after eight slots of its own.
const MIPS: &[(&str, usize, usize)] = &[
    ("lo", 256, 8),
    ("hi", 264, 8),
    ("cp0_epc", 272, 8),
    ("cp0_badvaddr", 280, 8),
    ("cp0_status", 288, 8),
    ("cp0_cause", 296, 8),
    ("regs", 0, 256),
];

/// UAPI has ten slots here, but ctx ends after five: the verifier refuses to read the others.
const LOONGARCH: &[(&str, usize, usize)] = &[("reserved", 280, 80)];

fn uapi(machine: &str) -> Option<Uapi> {
    let (true_up_to, lies) = match machine {
        "x86_64" => (168, &[][..]),
        "x86" => (68, &[][..]),
        "aarch64" => (272, &[][..]),
        "arm" => (72, &[][..]),
        "riscv64" => (256, &[][..]),
        "riscv32" => (128, &[][..]),
        "s390x" => (152, &[][..]),
        "powerpc64" => (352, &[][..]),
        "powerpc" => (176, &[][..]),
        "sparc64" => (160, &[][..]),
        "mips" => (0, MIPS),
        "mips64" => (256, &MIPS[..6]),
        "loongarch64" => (280, LOONGARCH),
        _ => return None,
    };
    Some(Uapi { true_up_to, lies })
}

fn main() {
    let package = Package::newest("forky", "amd64", "linux-libc-dev");
    let mut proofs = Vec::new();
    for facts in facts::all() {
        for variant in facts.variants() {
            let uapi = uapi(facts.machine.name);
            let uapi = uapi.ok_or("what UAPI says of this machine is not written down");
            let needs = package
                .clone()
                .and_then(|package| Ok((uapi?, package, Compiler::clang(variant)?)));
            let missing = needs.as_ref().map(drop).map_err(Clone::clone);
            let facts = facts.clone();
            let title = proof::name(facts.machine.name, variant.endian, "UAPI");
            proofs.push(Proof::new(title, missing, move || {
                let (uapi, package, clang) = needs?;
                prove(&facts, &uapi, &package, clang)
            }));
        }
    }
    proof::run(proofs)
}

fn prove(facts: &Declared, uapi: &Uapi, package: &Package, clang: Compiler) -> Result<(), String> {
    let machine = facts.machine.name;
    let asm = package
        .root
        .join("usr/lib/linux/uapi")
        .join(facts.machine.linux);
    let clang = clang
        .args(["-nostdinc"])
        .headers(&asm)
        .headers(&package.root.join("usr/include"));
    let headers =
        "#include <asm/ptrace.h>\n#include <asm/bpf_perf_event.h>\n#include <linux/types.h>";
    let mut assertions = types(facts)?;
    assertions.extend(registers(facts, uapi)?);
    let checked = clang.prove(headers, &assertions)?;
    proof::checked("linux-libc-dev", machine, checked);
    Ok(())
}

/// The types that Linux defines, under its own names for them.
fn types(facts: &Declared) -> Result<Vec<Assertion>, String> {
    let linux = [
        ("size_t", "__kernel_size_t"),
        ("ssize_t", "__kernel_ssize_t"),
        ("ptrdiff_t", "__kernel_ptrdiff_t"),
    ];
    let same = [
        "__s8", "__u8", "__s16", "__u16", "__s32", "__u32", "__s64", "__u64",
    ];
    let mut assertions = Vec::new();
    for (alias, name) in linux.into_iter().chain(same.map(|name| (name, name))) {
        let ty = facts.types.iter().find(|ty| ty.name == alias);
        let ty = ty.ok_or_else(|| format!("there is no alias `{alias}`"))?;
        assertions.extend([
            Assertion::new(format!("sizeof({name})"), ty.layout.size),
            Assertion::new(format!("({name})-1 < ({name})1"), ty.signed as i64),
        ]);
    }
    Ok(assertions)
}

fn registers(facts: &Declared, uapi: &Uapi) -> Result<Vec<Assertion>, String> {
    let is_true = facts
        .fields
        .iter()
        .take_while(|field| field.end() <= uapi.true_up_to);
    let mut fields: Vec<(&str, usize, usize)> = is_true
        .map(|field| (field.name.as_str(), field.offset, field.size))
        .collect();
    let ours = |lie: &(&str, usize, usize)| {
        let field = facts.fields.iter().find(|field| field.name == lie.0);
        field.is_some_and(|field| (field.offset, field.size) == (lie.1, lie.2))
    };
    if !uapi.lies.is_empty() && uapi.lies.iter().all(ours) {
        return Err("the library has what UAPI says, which is not ctx here".into());
    }
    fields.extend(uapi.lies);

    // The sizes of the fields add up to the size of the struct: every field of UAPI is compared.
    let size: usize = fields.iter().map(|(_, _, size)| size).sum();
    let mut assertions = vec![Assertion::new("sizeof(bpf_user_pt_regs_t)", size)];
    for (name, offset, size) in fields {
        assertions.extend([
            Assertion::new(
                format!("__builtin_offsetof(bpf_user_pt_regs_t, {name})"),
                offset,
            ),
            Assertion::new(format!("sizeof(((bpf_user_pt_regs_t *)0)->{name})"), size),
        ]);
    }
    Ok(assertions)
}
