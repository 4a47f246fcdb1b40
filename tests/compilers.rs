//! Promise: gcc and clang have the same C types and the same fields of `pt_regs` as Rust, on every machine and in both
//! endiannesses.
//!
//! The bindings come from clang, so gcc is the compiler that could contradict. It reads the same build/headers, and its
//! own <stddef.h> and <stdint.h>. Only loongarch64 may lack a gcc: Debian bookworm does not have it.

mod facts;

use facts::Declared;
use proofs::{
    bindings::CType,
    bpf::root,
    c::{Assertion, Compiler},
    proof::{self, Proof},
    select::{Endian, Machine, Variant},
};

/// C's names of the types without a typedef.
const SPELLINGS: &[(&str, &str)] = &[
    ("c_char", "char"),
    ("c_schar", "signed char"),
    ("c_uchar", "unsigned char"),
    ("c_short", "short"),
    ("c_ushort", "unsigned short"),
    ("c_int", "int"),
    ("c_uint", "unsigned int"),
    ("c_long", "long"),
    ("c_ulong", "unsigned long"),
    ("c_longlong", "long long"),
    ("c_ulonglong", "unsigned long long"),
    // The types of POSIX and Linux. A bare compiler has no header for them: tests/uapi.rs reads Linux's own.
    ("ssize_t", "long"),
    ("__s8", "signed char"),
    ("__u8", "unsigned char"),
    ("__s16", "short"),
    ("__u16", "unsigned short"),
    ("__s32", "int"),
    ("__u32", "unsigned int"),
    ("__s64", "long long"),
    ("__u64", "unsigned long long"),
];

/// The types that <stddef.h> and <stdint.h> define under the alias's own name.
const TYPEDEFS: &[&str] = &[
    "size_t",
    "ptrdiff_t",
    "intptr_t",
    "uintptr_t",
    "intmax_t",
    "uintmax_t",
    "wchar_t",
    "int8_t",
    "uint8_t",
    "int16_t",
    "uint16_t",
    "int32_t",
    "uint32_t",
    "int64_t",
    "uint64_t",
];

fn main() {
    let mut proofs = Vec::new();
    for facts in facts::all() {
        let units = Units::of(&facts);
        for variant in facts.variants() {
            let machine = facts.machine;
            let gcc = Compiler::gcc(variant);
            if gcc.is_ok() || machine.name != "loongarch64" {
                proofs.push(units.proof("gcc", machine, variant, gcc));
            }
            proofs.push(units.proof("clang", machine, variant, Compiler::clang(variant)));
        }
    }
    proof::run(proofs)
}

/// The translation units that state a machine's facts: a prelude, and assertions.
#[derive(Clone)]
struct Units {
    headers: (String, Vec<Assertion>),
    types: Result<(String, Vec<Assertion>), String>,
}

impl Units {
    fn of(facts: &Declared) -> Self {
        Self {
            headers: headers(facts),
            types: types(facts),
        }
    }

    fn proof(
        &self,
        source: &'static str,
        machine: &'static Machine,
        variant: &Variant,
        compiler: Result<Compiler, String>,
    ) -> Proof {
        let units = self.clone();
        let big = variant.endian == Endian::Big;
        let byte_order = Assertion::new("__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__", big as i64);
        let needs = compiler.as_ref().map(drop).map_err(Clone::clone);
        let title = proof::name(machine.name, variant.endian, &format!("layouts, {source}"));
        Proof::new(title, needs, move || {
            let compiler = compiler?.args(["-ffreestanding"]);
            let mut checked = compiler.prove("", &[byte_order])?;
            for (prelude, assertions) in [units.headers, units.types?] {
                checked += compiler.prove(&prelude, &assertions)?;
            }
            proof::checked(source, machine.name, checked);
            Ok(())
        })
    }
}

/// build/headers, as the compiler reads them.
fn headers(facts: &Declared) -> (String, Vec<Assertion>) {
    let folder = root().join("build/headers");
    let prelude = ["ctypes", facts.machine.name]
        .map(|name| format!("#include \"{}/{name}.h\"\n", folder.display()));
    let mut assertions = Vec::new();
    for ty in &facts.types {
        let bits = 8 * ty.layout.size as i64;
        assertions.push(Assertion::new(
            &ty.name,
            if ty.signed { -bits } else { bits },
        ));
    }
    assertions.extend(facts.pt_regs_assertions());
    (prelude.concat(), assertions)
}

/// The C types, without build/headers.
fn types(facts: &Declared) -> Result<(String, Vec<Assertion>), String> {
    let mut assertions = vec![
        Assertion::new("sizeof(void *)", facts.pointer.size),
        Assertion::new("_Alignof(void *)", facts.pointer.align),
    ];
    for ty in &facts.types {
        let spelling = spelling(&ty.name)?;
        assertions.extend([
            Assertion::new(format!("sizeof({spelling})"), ty.layout.size),
            Assertion::new(format!("({spelling})-1 < ({spelling})1"), ty.signed as i64),
            Assertion::new(format!("_Alignof({spelling})"), c_align(facts, ty)),
        ]);
    }
    let known = SPELLINGS.len() + TYPEDEFS.len();
    if facts.types.len() != known {
        return Err(format!(
            "{} aliases, and {known} C types",
            facts.types.len()
        ));
    }
    Ok((
        "#include <stddef.h>\n#include <stdint.h>".into(),
        assertions,
    ))
}

fn spelling(alias: &str) -> Result<&str, String> {
    let spelt = SPELLINGS.iter().find(|(name, _)| *name == alias);
    let spelling = spelt.map(|(_, c)| *c);
    spelling
        .or_else(|| TYPEDEFS.contains(&alias).then_some(alias))
        .ok_or_else(|| format!("this test does not know how C writes `{alias}`"))
}

/// C's alignment of a type in a struct. It is Rust's, except on x86: i386's psABI aligns 64-bit integers to 4 bytes,
/// and Rust aligns them to 8 in every BPF program. The library's documentation says so.
fn c_align(facts: &Declared, ty: &CType) -> usize {
    match (facts.machine.name, ty.layout.size) {
        ("x86", 8) => 4,
        _ => ty.layout.align,
    }
}
