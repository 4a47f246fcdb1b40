//! The same probes in Rust with this crate and in C with the kernel's struct: one for each role of each machine, and
//! some whole probes.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use crate::{
    bpf::{Probe, Reads, Toolchain, root},
    c::Compiler,
    facts::{Facts, Reading},
    host::write_if_new,
    libbpf::{self, Headers},
    select::{Endian, MACHINES, Machine},
};

/// A probe, in both languages: expressions of `regs` in Rust and of `ctx` in C.
#[derive(Debug)]
pub struct Pair {
    pub name: String,
    rust: String,
    c: C,
    /// The value that a probe returns if it only reads; `None` for a probe that does more.
    pub reading: Option<Option<Reading>>,
}

/// A probe's body in C.
#[derive(Debug)]
enum C {
    Value(String),
    /// Whole statements, with `FENCE` after each read: C needs it as Rust does.
    Statements(String),
}

impl Pair {
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
pub fn reads(facts: &Facts, endian: Endian) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (n, reading) in facts.arguments.iter().copied().enumerate() {
        let rust = format!("regs.arg::<{n}>()");
        pairs.push(Pair::reads(format!("argument_{n}"), rust, Some(reading)));
        let rust = format!("regs.arg_at({n}).unwrap_or(0)");
        pairs.push(Pair::reads(format!("argument_at_{n}"), rust, Some(reading)));
    }
    for (n, reading) in facts.user_arguments.iter().copied().enumerate() {
        let rust = format!("regs.user_code().arg::<{n}>()");
        pairs.push(Pair::reads(
            format!("user_argument_{n}"),
            rust,
            Some(reading),
        ));
    }
    for (n, reading) in facts.syscall_arguments.iter().copied().enumerate() {
        let rust = format!("regs.syscall_arg::<{n}>()");
        pairs.push(Pair::reads(
            format!("syscall_argument_{n}"),
            rust,
            Some(reading),
        ));
    }
    let first = facts.arguments.len();
    for n in [first, first + 1, first + 5] {
        let rust = format!("regs.stack_arg_address::<{n}>()");
        let reading = facts.stack_argument(n, endian);
        pairs.push(Pair::reads(format!("stack_argument_{n}"), rust, reading));
    }
    let first = facts.user_arguments.len();
    for n in [first, first + 3] {
        let rust = format!("regs.user_code().stack_arg_address::<{n}>()");
        let reading = facts.user_stack_argument(n, endian);
        pairs.push(Pair::reads(
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
    pairs.extend([
        Pair::reads(
            "syscall_number",
            "regs.syscall_number()",
            Some(facts.syscall_number),
        ),
        Pair::reads(
            "return_value",
            "regs.return_value()",
            Some(facts.return_value),
        ),
        Pair::reads("return_address", return_address, Some(facts.return_address)),
        Pair::reads(
            "instruction_pointer",
            "regs.instruction_pointer()",
            Some(facts.instruction_pointer),
        ),
        Pair::reads(
            "stack_pointer",
            "regs.stack_pointer()",
            Some(facts.stack_pointer),
        ),
        Pair::reads(
            "frame_pointer",
            "regs.frame_pointer().unwrap_or(0)",
            facts.frame_pointer,
        ),
    ]);
    pairs
}

/// Reads that a compiler may want to make narrower or wider, because of the later use of the value.
pub fn reshaped(facts: &Facts) -> Vec<Pair> {
    let arguments = &facts.arguments;
    let [first, second] = [0, 1].map(|n| arguments[n].slot.field);
    let cast = |bits| {
        Pair::whole(
            &format!("cast_to_u{bits}"),
            format!("regs.arg::<0>() as u{bits}"),
            C::Value(format!("(__UINT{bits}_TYPE__)ctx->{first}")),
        )
    };
    vec![
        cast(8),
        cast(16),
        cast(32),
        Pair::whole(
            "joined_pair",
            "regs.arg::<0>() as u64 | (regs.arg::<1>() as u64) << 32".into(),
            C::Value(format!("(u64)ctx->{first} | (u64)ctx->{second} << 32")),
        ),
    ]
}

/// Whole probes, as users write them.
pub fn whole(facts: &Facts) -> Vec<Pair> {
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
        Pair::whole("sum_of_all_arguments", sum_rust, C::Value(sum_c)),
        Pair::whole(
            "argument_chosen_at_run_time",
            "regs.arg_at(regs.instruction_pointer() as usize).unwrap_or(0)".into(),
            C::Statements(chosen),
        ),
        Pair::whole("syscall_switch", switch_rust, C::Statements(switch_c)),
        Pair::whole(
            "string_argument",
            "read_user_str(regs.arg::<1>() as u64)".into(),
            C::Value(format!("read_user_str((word)ctx->{})", fields[1])),
        ),
    ]
}

/// A typed probe, beside C with libbpf's macros.
#[derive(Debug)]
pub struct Typed {
    pub name: &'static str,
    /// An expression of `call` or `returned`, and its type.
    rust: String,
    /// The text after the macro's name and the probe's.
    c: String,
    /// `BPF_KPROBE` and so on.
    c_macro: &'static str,
    /// The number of instructions for errors that the macro does not report.
    pub for_errors: usize,
}

/// Typed probes as users write them, of parameters that are in registers.
pub fn typed(facts: &Facts) -> Vec<Typed> {
    let entry = |name, c_macro, code: &str, [rust, c]: [&str; 2], [read, value]: [&str; 2]| Typed {
        name,
        rust: format!(
            "let call = unsafe {{ Entry::<{code}<unsafe extern \"C\" fn({rust})>>::from_ctx(ctx) }};\n{read}"
        ),
        c: format!("{c})\n{{\n{value}\n}}"),
        c_macro,
        for_errors: 0,
    };
    let returned = |name, rust: &str, c: &str, [read, value]: [&str; 2]| Typed {
        name,
        rust: format!(
            "let returned = unsafe {{ Return::<Kernel<unsafe extern \"C\" fn() -> {rust}>>::from_ctx(ctx) }};\n{read}"
        ),
        c: format!("{c})\n{{\n{value}\n}}"),
        c_macro: "BPF_KRETPROBE",
        for_errors: 0,
    };
    let numbered = |each: fn(usize) -> String, between| {
        let all = (0..facts.arguments.len()).map(each);
        all.collect::<Vec<_>>().join(between)
    };
    let words = [
        numbered(|_| "c_ulong".to_owned(), ", "),
        numbered(|n| format!("word p{n}"), ", "),
    ];
    let sums = [
        numbered(|n| format!("call.arg::<{n}>() as u64"), " + "),
        format!("return {};", numbered(|n| format!("(u64)p{n}"), " + ")),
    ];
    let openat = [
        "c_int, *const c_char, c_int, ...",
        "int dirfd, const char *path, int flags",
    ];
    let mut typed = vec![
        entry(
            "narrow_arguments",
            "BPF_KPROBE",
            "Kernel",
            [
                "c_int, c_short, c_uchar",
                "int first, short second, unsigned char third",
            ],
            [
                "call.arg::<0>() as i64 + call.arg::<1>() as i64 + call.arg::<2>() as i64",
                "return (long long)first + second + third;",
            ],
        ),
        entry(
            "sum_of_words",
            "BPF_KPROBE",
            "Kernel",
            words.each_ref().map(String::as_str),
            sums.each_ref().map(String::as_str),
        ),
        entry(
            "value_behind_pointer",
            "BPF_KPROBE",
            "Kernel",
            ["c_long, *const c_int", "word first, const int *second"],
            [
                "match call.arg::<1>().read_kernel() { Ok(value) => value, Err(error) => error }",
                "int value;\nint error = bpf_probe_read_kernel(&value, sizeof(value), second);\n\
                 return error ? error : value;",
            ],
        ),
        returned(
            "returns_int",
            "c_int",
            "int value",
            [
                "let value: c_int = returned.value(); value as i64",
                "return value;",
            ],
        ),
        returned(
            "fails",
            "c_int",
            "int value",
            [
                "if returned.value() < 0 { returned.regs().stack_pointer() } else { 0 }",
                "return value < 0 ? PT_REGS_SP(ctx) : 0;",
            ],
        ),
        returned(
            "returns_pointer",
            "*mut c_void",
            "void *value",
            ["returned.value().address()", "return (u64)value;"],
        ),
    ];
    // On x86 user code has nothing in registers.
    if !facts.user_arguments.is_empty() {
        let openat = [openat[0], openat[1]];
        typed.extend([
            entry(
                "from_the_working_directory",
                "BPF_UPROBE",
                "User",
                openat,
                [
                    "call.arg::<0>() == -100 && call.arg::<2>() & 0o100 != 0",
                    "return dirfd == -100 && flags & 0100;",
                ],
            ),
            entry(
                "path",
                "BPF_UPROBE",
                "User",
                openat,
                [
                    "read_user_str(call.arg::<1>().address() as u64)",
                    "return read_user_str((u64)path);",
                ],
            ),
        ]);
    }
    if wraps_syscalls(facts).is_some() {
        let sum = |each: &str, between: &str| {
            let all = (0..4).map(|n| each.replace('#', &n.to_string()));
            all.collect::<Vec<_>>().join(between)
        };
        let words = [sum("c_ulong", ", "), sum("word p#", ", ")];
        let sums = [
            format!(
                "(|| Ok::<u64, i32>({}))().unwrap_or(0)",
                sum("call.read_arg::<#>()? as u64", " + ")
            ),
            format!("return {};", sum("(u64)p#", " + ")),
        ];
        let openat = [openat[0], openat[1]];
        typed.extend([
            entry(
                "syscall_path",
                "BPF_KSYSCALL",
                "Syscall",
                openat,
                [
                    "call.read_arg::<1>().map_or(0, |path| path.address() as u64)",
                    "return (u64)path;",
                ],
            ),
            entry(
                "syscall_flags",
                "BPF_KSYSCALL",
                "Syscall",
                openat,
                [
                    "call.read_arg::<0>() == Ok(-100) && call.read_arg::<2>().unwrap_or(0) & 0o100 != 0",
                    "return dirfd == -100 && flags & 0100;",
                ],
            ),
            Typed {
                // One for each of the four reads, and one for the value afterwards.
                for_errors: 5,
                ..entry(
                    "syscall_sum",
                    "BPF_KSYSCALL",
                    "Syscall",
                    words.each_ref().map(String::as_str),
                    sums.each_ref().map(String::as_str),
                )
            },
        ]);
    }
    typed
}

/// Whether a machine's kernels wrap their syscalls; `None` if only some kernels do.
fn wraps_syscalls(facts: &Facts) -> Option<bool> {
    probe_abi::machine::Machine::named(facts.name())?.wraps_syscalls
}

/// The name of a machine's typed probe.
pub fn typed_symbol(facts: &Facts, typed: &Typed) -> String {
    format!("{}__typed__{}", facts.name(), typed.name)
}

/// Whether libbpf's macros read other slots than the machine's, in C for BPF. They cast ctx to a struct of Linux
/// (`user_regs_struct`, `user_pt_regs`) whose slots are `unsigned long`, and this type has 8 bytes in BPF.
pub fn libbpf_is_wrong(facts: &Facts) -> bool {
    facts.word == 4 && matches!(facts.machine.linux, "riscv" | "loongarch")
}

/// Typed probes in C with libbpf's macros.
pub fn with_libbpf(
    headers: &Headers,
    clang: &Path,
    facts: &Facts,
    endian: Endian,
) -> Result<Vec<u8>, String> {
    let clang = Compiler::for_triple(clang.to_owned(), endian.bpf_target());
    let mut clang = headers
        .compiler(clang, facts)
        // rustc's default, with LLVM's name `generic`.
        .args(["-O2", "-mcpu=v1"])
        // CO-RE needs debug information.
        .args(["-g"]);
    if facts.name() == "x86" {
        // libbpf takes the machine from the compiler, and the compiler's machine is BPF.
        clang = clang.args(["-D__i386__"]);
    }
    // BPF's long has 8 bytes on every machine.
    let word = if facts.word == 4 { "int" } else { "long" };
    let mut source = libbpf::prelude(facts);
    source += &format!("typedef unsigned {word} word;\n{C_READ_USER_STR}");
    source += &format!(
        "#include <bpf/bpf_core_read.h>\n{KSYSCALL}static _Bool LINUX_HAS_SYSCALL_WRAPPER = {};\n",
        i32::from(wraps_syscalls(facts) == Some(true))
    );
    for typed in typed(facts) {
        let (symbol, Typed { c, c_macro, .. }) = (typed_symbol(facts, &typed), &typed);
        source += &format!("\nSEC(\"kprobe\") u64 {c_macro}({symbol}, {c}\n");
    }
    clang.object(&source)
}

/// The work of a loader, done by hand. libbpf has other names for `pt_regs`, with fields that only the kernel's own
/// struct has. Here all these names mean the probe's `pt_regs`, and the facts of the kernel are constants.
const KSYSCALL: &str = "\
#define pt_regs___arm64 pt_regs
#define pt_regs___s390 pt_regs
#define pt_regs___riscv pt_regs
#define pt_regs___loongarch pt_regs
#undef __kconfig
#define __kconfig
";

/// Every probe of a machine.
pub fn all(facts: &Facts, endian: Endian) -> Vec<Pair> {
    let mut pairs = reads(facts, endian);
    pairs.extend(reshaped(facts));
    pairs.extend(whole(facts));
    pairs
}

/// The machines that exist in an endianness, with their facts.
pub fn machines(endian: Endian) -> Result<Vec<&'static Facts>, String> {
    let machines = MACHINES
        .iter()
        .filter(|machine| machine.variant(endian).is_some());
    machines.map(Facts::of).collect()
}

/// The name of a machine's probe in the objects of all machines.
pub fn symbol(facts: &Facts, pair: &Pair) -> String {
    format!("{}__{}", facts.name(), pair.name)
}

/// An object with all machines' probes that use this crate: every build has the modules of all machines.
pub fn ours(toolchain: &Toolchain, endian: Endian) -> Result<Vec<u8>, String> {
    of_all_machines("pairs", &rust_source(endian)?, toolchain, endian)
}

/// The object of a package with this crate. `source` is the text of its programs' file after the first lines.
pub fn of_all_machines(
    name: &str,
    source: &str,
    toolchain: &Toolchain,
    endian: Endian,
) -> Result<Vec<u8>, String> {
    let package = folder(name, endian).join(match toolchain.reads() {
        Reads::ByConstruction => "by-construction",
        Reads::Fenced => "fenced",
    });
    let manifest = format!(
        "[workspace]\n\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nprobe-abi = {{ path = {:?}, default-features = false }}\n\n\
         [profile.release]\npanic = \"abort\"\nlto = true\ncodegen-units = 1\n",
        root()
    );
    write_if_new(&package.join("Cargo.toml"), &manifest)?;
    let source = format!(
        "{PREFACE}{source}\nconst _: () = assert!(probe_abi::READS_BY_CONSTRUCTION == {});\n",
        toolchain.reads() == Reads::ByConstruction
    );
    write_if_new(&package.join("src/main.rs"), &source)?;
    let any = MACHINES
        .iter()
        .find(|machine| machine.variant(endian).is_some());
    let any: &'static Machine = any.ok_or_else(|| format!("no machine is {endian}"))?;
    Probe::new(&package, any, endian).object(toolchain, name)
}

/// The first lines of a package for BPF.
const PREFACE: &str = "\
#![no_std]
#![no_main]
#![allow(unused, unreachable_patterns, non_snake_case)]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
";

/// The same in C. `fenced` tells the compiler not to merge reads after branches. Without it, the compiler makes code
/// that kernels refuse.
pub fn c(clang: &Path, endian: Endian, fenced: bool) -> Result<Vec<u8>, String> {
    let fence = if fenced {
        "__asm__ volatile(\"\" ::: \"memory\")"
    } else {
        ""
    };
    Compiler::for_triple(clang.to_owned(), endian.bpf_target())
        // rustc's default, with LLVM's name `generic`.
        .args(["-O2", "-mcpu=v1", "-nostdinc"])
        .args([format!("-DFENCE={fence}")])
        .args([OsString::from("-I"), root().join("build/headers").into()])
        .object(&c_source(endian)?)
}

fn rust_source(endian: Endian) -> Result<String, String> {
    let mut source = "\
use core::{ffi::c_void, mem::{MaybeUninit, transmute}};

#[inline(always)]
fn read_user_str(address: u64) -> i64 {
    let helper: unsafe extern \"C\" fn(*mut c_void, u32, u64) -> i64 = unsafe { transmute(114_usize) };
    let mut name = MaybeUninit::<[u8; 64]>::uninit();
    unsafe { helper(name.as_mut_ptr().cast(), 64, address) }
}
"
    .to_owned();
    for facts in machines(endian)? {
        let machine = facts.name();
        for pair in all(facts, endian) {
            let (symbol, rust) = (symbol(facts, &pair), &pair.rust);
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
        for typed in typed(facts) {
            let (symbol, rust) = (typed_symbol(facts, &typed), &typed.rust);
            write!(
                source,
                "
#[unsafe(no_mangle)]
#[unsafe(link_section = \"kprobe\")]
extern \"C\" fn {symbol}(ctx: *const c_void) -> u64 {{
    use probe_abi::arch::{machine}::*;
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

const C_READ_USER_STR: &str = "\
typedef __UINT64_TYPE__ u64;

static long (*const probe_read_user_str)(void *, unsigned, u64) = (void *)114;

static inline __attribute__((always_inline)) u64 read_user_str(u64 address)
{
	char name[64];

	return probe_read_user_str(name, sizeof(name), address);
}
";

fn c_source(endian: Endian) -> Result<String, String> {
    let mut source = C_READ_USER_STR.to_owned();
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
        for pair in all(facts, endian) {
            let symbol = symbol(facts, &pair);
            let body = match &pair.c {
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

fn folder(name: &str, endian: Endian) -> PathBuf {
    let packages = root().join("target/probes");
    packages.join(name).join(endian.to_string())
}
