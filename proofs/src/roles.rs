//! The same probes in Rust with this crate and in C with the kernel's struct: one for each role of each
//! machine, and some that are whole.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    bpf::{Probe, Reads, Toolchain, root, which},
    c::Compiler,
    facts::{Facts, Reading},
    host::{cannot, write_if_new},
    select::{Endian, MACHINES, Machine},
};

/// A probe, in both languages: expressions of `regs` in Rust and of `ctx` in C.
#[derive(Debug)]
pub struct Role {
    pub name: String,
    rust: String,
    c: C,
    /// What a probe that only reads gives; `None` for one that does more.
    pub reading: Option<Option<Reading>>,
}

/// A probe's body in C.
#[derive(Debug)]
enum C {
    Value(String),
    /// Whole statements, with `FENCE` behind each read: C has the same need of it.
    Statements(String),
}

impl Role {
    fn reads(name: impl Into<String>, rust: impl Into<String>, reading: Option<Reading>) -> Self {
        let c = reading.map_or("0".to_owned(), |reading| {
            let mut c = format!("(word)(ctx->{} + {})", reading.slot.field, reading.plus);
            if let Some(mask) = reading.mask {
                write!(c, " & {mask}").expect("a string takes everything");
            }
            c
        });
        Self {
            name: name.into(),
            rust: rust.into(),
            c: C::Value(c),
            reading: Some(reading),
        }
    }

    fn whole(name: &str, rust: String, c: C) -> Self {
        Self {
            name: name.into(),
            rust,
            c,
            reading: None,
        }
    }
}

/// The probes that only read: every role that the machine has.
pub fn reads(facts: &Facts, endian: Endian) -> Vec<Role> {
    let mut roles = Vec::new();
    for (n, reading) in facts.arguments.iter().copied().enumerate() {
        let rust = format!("regs.arg::<{n}>()");
        roles.push(Role::reads(format!("argument_{n}"), rust, Some(reading)));
        let rust = format!("regs.arg_at({n}).unwrap_or(0)");
        roles.push(Role::reads(format!("argument_at_{n}"), rust, Some(reading)));
    }
    for (n, reading) in facts.user_arguments.iter().copied().enumerate() {
        let rust = format!("regs.user_code().arg::<{n}>()");
        roles.push(Role::reads(
            format!("user_argument_{n}"),
            rust,
            Some(reading),
        ));
    }
    for (n, reading) in facts.syscall_arguments.iter().copied().enumerate() {
        let rust = format!("regs.syscall_arg::<{n}>()");
        roles.push(Role::reads(
            format!("syscall_argument_{n}"),
            rust,
            Some(reading),
        ));
    }
    let first = facts.arguments.len();
    for n in [first, first + 1, first + 5] {
        let rust = format!("regs.stack_arg_address::<{n}>()");
        let reading = facts.stack_argument(n, endian);
        roles.push(Role::reads(format!("stack_argument_{n}"), rust, reading));
    }
    let first = facts.user_arguments.len();
    for n in [first, first + 3] {
        let rust = format!("regs.user_code().stack_arg_address::<{n}>()");
        let reading = facts.user_stack_argument(n, endian);
        roles.push(Role::reads(
            format!("user_stack_argument_{n}"),
            rust,
            reading,
        ));
    }
    let kind = if facts.returns_on_stack {
        "Stack"
    } else {
        "Register"
    };
    let return_address = format!(
        "match regs.return_address() {{ ReturnAddress::{kind}(address) => address, _ => 1 }}"
    );
    roles.extend([
        Role::reads(
            "syscall_number",
            "regs.syscall_number()",
            Some(facts.syscall_number),
        ),
        Role::reads(
            "return_value",
            "regs.return_value()",
            Some(facts.return_value),
        ),
        Role::reads("return_address", return_address, Some(facts.return_address)),
        Role::reads(
            "instruction_pointer",
            "regs.instruction_pointer()",
            Some(facts.instruction_pointer),
        ),
        Role::reads(
            "stack_pointer",
            "regs.stack_pointer()",
            Some(facts.stack_pointer),
        ),
        Role::reads(
            "frame_pointer",
            "regs.frame_pointer().unwrap_or(0)",
            facts.frame_pointer,
        ),
    ]);
    roles
}

/// Reads that a compiler may want to make narrower or wider, for what becomes of the value.
pub fn reshaped(facts: &Facts) -> Vec<Role> {
    let arguments = &facts.arguments;
    let [first, second] = [0, 1].map(|n| arguments[n].slot.field);
    let cast = |bits| {
        Role::whole(
            &format!("cast_to_u{bits}"),
            format!("regs.arg::<0>() as u{bits}"),
            C::Value(format!("(__UINT{bits}_TYPE__)ctx->{first}")),
        )
    };
    vec![
        cast(8),
        cast(16),
        cast(32),
        Role::whole(
            "joined_pair",
            "regs.arg::<0>() as u64 | (regs.arg::<1>() as u64) << 32".into(),
            C::Value(format!("(u64)ctx->{first} | (u64)ctx->{second} << 32")),
        ),
    ]
}

/// Whole probes, as users write them.
pub fn whole(facts: &Facts) -> Vec<Role> {
    let fields: Vec<&str> = facts
        .arguments
        .iter()
        .map(|reading| reading.slot.field)
        .collect();
    let syscall: Vec<&str> = facts
        .syscall_arguments
        .iter()
        .map(|reading| reading.slot.field)
        .collect();
    let index = facts.instruction_pointer.slot.field;
    let number = facts.syscall_number;
    let mask = number
        .mask
        .map_or(String::new(), |mask| format!(" & {mask}"));

    let sum = |terms: Vec<String>| terms.join(" + ");
    let sum_rust = sum((0..fields.len())
        .map(|n| format!("regs.arg::<{n}>() as u64"))
        .collect());
    let sum_c = sum(fields
        .iter()
        .map(|field| format!("(u64)ctx->{field}"))
        .collect());

    let mut chosen = format!("switch ((u64)ctx->{index}) {{\n");
    for (n, field) in fields.iter().enumerate() {
        writeln!(chosen, "case {n}: value = ctx->{field}; FENCE; break;")
            .expect("a string takes everything");
    }
    chosen += "default: value = 0;\n}";

    let cases = [(0, 2), (1, 1), (2, 0), (9, 5), (42, 3), (257, 4)];
    let mut switch_rust = "match regs.syscall_number() {\n".to_owned();
    let mut switch_c = format!(
        "word number = ctx->{}{mask};\nswitch (number) {{\n",
        number.slot.field
    );
    for (case, n) in cases {
        writeln!(switch_rust, "{case} => regs.syscall_arg::<{n}>(),")
            .expect("a string takes everything");
        writeln!(
            switch_c,
            "case {case}: value = ctx->{}; FENCE; break;",
            syscall[n]
        )
        .expect("a string takes everything");
    }
    switch_rust += "number => number,\n}";
    switch_c += "default: value = number;\n}";

    vec![
        Role::whole("sum_of_all_arguments", sum_rust, C::Value(sum_c)),
        Role::whole(
            "argument_chosen_at_run_time",
            "regs.arg_at(regs.instruction_pointer() as usize).unwrap_or(0)".into(),
            C::Statements(chosen),
        ),
        Role::whole("syscall_switch", switch_rust, C::Statements(switch_c)),
        Role::whole(
            "string_argument",
            "read_user_str(regs.arg::<1>() as u64)".into(),
            C::Value(format!("read_user_str((word)ctx->{})", fields[1])),
        ),
    ]
}

/// Every probe of a machine.
pub fn all(facts: &Facts, endian: Endian) -> Vec<Role> {
    let mut roles = reads(facts, endian);
    roles.extend(reshaped(facts));
    roles.extend(whole(facts));
    roles
}

/// The machines that exist in an endianness, with what is expected of them.
pub fn machines(endian: Endian) -> Result<Vec<&'static Facts>, String> {
    let machines = MACHINES
        .iter()
        .filter(|machine| machine.variant(endian).is_some());
    machines.map(Facts::of).collect()
}

/// The name of a machine's probe in the objects of all machines.
pub fn symbol(facts: &Facts, role: &Role) -> String {
    format!("{}__{}", facts.name(), role.name)
}

/// An object of all machines' probes with this crate: every machine's module is in every build.
pub fn ours(toolchain: &Toolchain, endian: Endian) -> Result<Vec<u8>, String> {
    let package = folder(endian).join(match toolchain.reads() {
        Reads::ByConstruction => "by-construction",
        Reads::Fenced => "fenced",
    });
    let manifest = format!(
        "[workspace]\n\n[package]\nname = \"roles\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nprobe-abi = {{ path = {:?}, default-features = false }}\n\n\
         [profile.release]\nlto = true\n",
        root()
    );
    write_if_new(&package.join("Cargo.toml"), &manifest)?;
    let source = format!(
        "{}\nconst _: () = assert!(probe_abi::READS_BY_CONSTRUCTION == {});\n",
        rust_source(endian)?,
        toolchain.reads() == Reads::ByConstruction
    );
    write_if_new(&package.join("src/main.rs"), &source)?;
    let any = MACHINES
        .iter()
        .find(|machine| machine.variant(endian).is_some());
    let any: &'static Machine = any.ok_or_else(|| format!("no machine is {endian}"))?;
    let objects = Probe::new(&package, any, endian)
        .target_dir(package.join("target"))
        .build(toolchain)?;
    read(&objects.join("roles"))
}

/// The same in C. `fenced` tells the compiler not to merge reads behind branches, without
/// which it makes of them what kernels refuse.
pub fn c(clang: &Path, endian: Endian, fenced: bool) -> Result<Vec<u8>, String> {
    let fence = if fenced {
        "__asm__ volatile(\"\" ::: \"memory\")"
    } else {
        ""
    };
    Compiler::for_triple(clang.to_owned(), endian.bpf_target())
        // rustc's default, which LLVM calls `generic`.
        .args(["-O2", "-mcpu=v1", "-nostdinc"])
        .args([format!("-DFENCE={fence}")])
        .args([OsString::from("-I"), root().join("headers").into()])
        .object(&c_source(endian)?)
}

/// The clang that the figures are of.
pub fn clang() -> Result<PathBuf, String> {
    which("clang-22").ok_or_else(|| "no clang-22 in PATH: `scripts/setup` installs it".into())
}

fn rust_source(endian: Endian) -> Result<String, String> {
    let mut source = "\
#![no_std]
#![no_main]
#![allow(unused_imports, unreachable_patterns, non_snake_case)]

use core::{ffi::c_void, mem::{MaybeUninit, transmute}};

#[inline(always)]
fn read_user_str(address: u64) -> i64 {
    let helper: unsafe extern \"C\" fn(*mut c_void, u32, u64) -> i64 = unsafe { transmute(114_usize) };
    let mut name = MaybeUninit::<[u8; 64]>::uninit();
    unsafe { helper(name.as_mut_ptr().cast(), 64, address) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
"
    .to_owned();
    for facts in machines(endian)? {
        let machine = facts.name();
        for role in all(facts, endian) {
            let (symbol, rust) = (symbol(facts, &role), &role.rust);
            write!(
                source,
                "
#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn {symbol}(ctx: *const c_void) -> u64 {{
    use probe_abi::arch::{machine}::*;
    let regs = unsafe {{ pt_regs::from_ctx(ctx) }};
    let value = {{ {rust} }};
    value as u64
}}
"
            )
            .expect("a string takes everything");
        }
    }
    Ok(source)
}

fn c_source(endian: Endian) -> Result<String, String> {
    let mut source = "\
typedef __UINT64_TYPE__ u64;

static long (*const probe_read_user_str)(void *, unsigned, u64) = (void *)114;

static inline __attribute__((always_inline)) u64 read_user_str(u64 address)
{
	char name[64];

	return probe_read_user_str(name, sizeof(name), address);
}
"
    .to_owned();
    for facts in machines(endian)? {
        let machine = facts.name();
        // BPF's long has 8 bytes on every machine.
        let word = if facts.word == 4 { "int" } else { "long" };
        write!(
            source,
            "
#define pt_regs {machine}_pt_regs
#define word unsigned {word}
#include \"{machine}.h\"
"
        )
        .expect("a string takes everything");
        for role in all(facts, endian) {
            let symbol = symbol(facts, &role);
            let body = match &role.c {
                C::Value(value) => format!("return {value};"),
                C::Statements(statements) => format!("word value;\n{statements}\nreturn value;"),
            };
            write!(
                source,
                "
__attribute__((section(\"uprobe\"))) u64 {symbol}(struct pt_regs *ctx)
{{
{body}
}}
"
            )
            .expect("a string takes everything");
        }
        source += "\n#undef word\n#undef pt_regs\n";
    }
    Ok(source)
}

fn folder(endian: Endian) -> PathBuf {
    root().join("target/probes/roles").join(endian.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(cannot("read", path))
}
