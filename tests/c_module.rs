//! Promise: C that is linked into a probe reads the same `pt_regs` as the Rust beside it.
//!
//! The example is built as a user builds it, for machines of 64 and 32 bits and of both endiannesses. It runs on this
//! kernel, and for the other machines in rbpf, over made-up registers. The facts of a machine that build scripts get
//! are compared for every machine, and given to clang.

mod facts;

use std::{
    collections::HashMap,
    env::{self, consts},
    fs,
    hint::black_box,
    io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex, PoisonError},
};

use aya::{
    Ebpf, Pod,
    maps::Array,
    programs::{UProbe, uprobe::UProbeScope},
};
use btfparse::{Offset, TypeVariant};
use facts::Declared;
use probe_abi::{Ptr, c_ulong, pt_regs, testing};
use proofs::{
    bpf::{Probe, Toolchain, root, which},
    btf,
    c::{self, Assertion, Compiler},
    host,
    object::{Object, is_local_call, section},
    proof::{self, Proof, equal},
    select::{Endian, Machine, VARIABLE},
};
use rbpf::ebpf::Insn;

/// The machines that the example is built for: of 64 and 32 bits, of both endiannesses, and one whose user code has its
/// arguments on the stack.
const BUILT: [&str; 4] = ["x86_64", "x86", "arm", "s390x"];

fn main() {
    let mut proofs = Vec::new();
    for name in BUILT {
        proofs.push(Proof::new(
            proof::name(name, None, "C and Rust read the same registers"),
            build_needs(),
            move || same_registers(&facts::of(name)?),
        ));
        proofs.push(Proof::new(
            proof::name(name, None, "BTF has the types by their C names"),
            build_needs(),
            move || btf_names(&facts::of(name)?),
        ));
    }
    for optimization in OPTIMIZATIONS {
        let Optimization { level, inlining } = optimization;
        let calls = if inlining {
            "inlined"
        } else {
            "that stay calls"
        };
        proofs.push(Proof::new(
            format!("this kernel: opt-level {level}, calls {calls}"),
            kernel_needs(),
            move || traces_itself(optimization),
        ));
    }
    proofs.push(Proof::new(
        "its own tests pass on the host",
        build_needs(),
        host_tests,
    ));
    for (what, run) in ERRORS {
        proofs.push(Proof::new(format!("error: {what}"), build_needs(), run));
    }
    for facts in facts::all() {
        proofs.push(Proof::new(
            proof::name(facts.machine.name, None, "what build scripts are told"),
            c::clang().map(drop),
            move || told(&facts),
        ));
    }
    proof::run(proofs);
}

// The needs of the proofs.

fn build_needs() -> Result<(), String> {
    Toolchain::find()?;
    c::clang().map(drop)
}

fn kernel_needs() -> Result<(), String> {
    build_needs()?;
    proof::uprobes()?;
    if probe_abi::ARCH != consts::ARCH {
        return Err(format!(
            "these tests are built with the registers of `{}`, and run on `{}`",
            probe_abi::ARCH,
            consts::ARCH
        ));
    }
    Ok(())
}

// The example.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Optimization {
    /// In TOML.
    level: &'static str,
    /// Whether the linker inlines functions that it may leave as calls.
    inlining: bool,
}

const OPTIMIZATIONS: [Optimization; 3] = [
    optimization("3", true),
    optimization("\"s\"", true),
    optimization("\"s\"", false),
];

const fn optimization(level: &'static str, inlining: bool) -> Optimization {
    Optimization { level, inlining }
}

/// The package's own optimization.
const AS_IT_IS: Optimization = optimization("3", true);

/// The object. The first proof that needs it builds it.
fn example(name: &str, optimization: Optimization) -> Result<Vec<u8>, String> {
    type Objects = HashMap<(String, Optimization), Result<Vec<u8>, String>>;
    static OBJECTS: Mutex<Option<Objects>> = Mutex::new(None);
    let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
    objects
        .get_or_insert_default()
        .entry((name.to_owned(), optimization))
        .or_insert_with(|| build(name, optimization, |probe| probe))
        .clone()
}

fn build(
    name: &str,
    Optimization { level, inlining }: Optimization,
    given: impl FnOnce(Probe<'_>) -> Probe<'_>,
) -> Result<Vec<u8>, String> {
    let machine = Machine::named(name).ok_or("not a row of the table")?;
    let package = root().join("examples/c-module");
    let probe = Probe::new(&package, machine, Endian::Little)
        .args(&["--locked"])
        .args(&["--config", &format!("profile.release.opt-level={level}")])
        .env("CLANG", Some(c::clang()?))
        // One folder for all machines: code for this computer is compiled once.
        .target_dir(root().join("target/examples/c-module"));
    let probe = if inlining {
        probe
    } else {
        let target = machine.nearest(Endian::Little).endian.bpf_target();
        let threshold = "-Clink-arg=--llvm-args=--inline-threshold=-1000";
        let rustflags = format!("target.{target}.rustflags=[{threshold:?}]");
        probe.args(&["--config", &rustflags])
    };
    let object = given(probe).build(&Toolchain::find()?)?.join("c-module");
    fs::read(&object).map_err(|error| format!("cannot read `{}`: {error}", object.display()))
}

/// The object as a linker without `--btf` leaves it. The kernel checks a function on its own by its BTF. Without BTF it
/// checks the function together with its caller.
fn without_btf(mut object: Vec<u8>) -> Vec<u8> {
    for at in 0..object.len() {
        if object[at..].starts_with(b".BTF") {
            object[at..][..4].copy_from_slice(b".off");
        }
    }
    object
}

// On this kernel.

/// The data that the C side keeps.
#[repr(C)]
#[derive(Clone, Copy)]
struct Largest {
    size: c_ulong,
    regs: pt_regs,
}

// SAFETY: it is made of integers.
unsafe impl Pod for Largest {}

/// The traced function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn c_module_target(first: c_ulong, second: c_ulong, third: c_ulong) {
    black_box((first, second, third));
}

/// With BTF and without it, C keeps the registers of the call with the largest first argument, and the value of that
/// argument that Rust read.
fn traces_itself(optimization: Optimization) -> Result<(), String> {
    let object = example(consts::ARCH, optimization)?;
    let program = Object::parse(&object)?.program_with("called", |_| Some(0))?;
    equal(&program.iter().any(is_local_call), &!optimization.inlining)?;

    // The probe of one proof also sees the calls of another proof.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);

    for (object, has_btf) in [(object.clone(), true), (without_btf(object), false)] {
        let (largest, loaded_btf) = traced(&object).map_err(|error| {
            let causes = std::iter::successors(Some(&*error), |error| error.source());
            let causes: Vec<String> = causes.map(ToString::to_string).collect();
            format!("BTF: {has_btf}: {}", causes.join(": "))
        })?;
        let regs = largest.regs;
        equal(&largest.size, &0x7777_7777_7777)?;
        equal(
            &[regs.arg::<0>(), regs.arg::<1>(), regs.arg::<2>()],
            &[0x7777_7777_7777, 4, 5],
        )?;
        let code = c_module_target as extern "C" fn(_, _, _) as usize;
        equal(&regs.instruction_pointer(), &(code as c_ulong))?;
        equal(&loaded_btf, &has_btf)?;
    }
    Ok(())
}

/// The data that C keeps of three calls, and whether the kernel has the program's BTF.
fn traced(object: &[u8]) -> Result<(Largest, bool), Box<dyn std::error::Error>> {
    let mut ebpf = Ebpf::load(object)?;
    let program = ebpf.program_mut("called").ok_or("there is no program")?;
    let program: &mut UProbe = program.try_into()?;
    program.load()?;
    let has_btf = program.info()?.btf_id().is_some();
    program.attach(
        "c_module_target",
        env::current_exe()?,
        UProbeScope::CallingProcess,
    )?;

    let target = black_box(c_module_target as extern "C" fn(c_ulong, c_ulong, c_ulong));
    target(7, 1, 2);
    target(0x7777_7777_7777, 4, 5);
    target(8, 6, 9);

    let bss = ebpf.map(".bss").ok_or("there is no map `.bss`")?;
    let largest: Array<_, Largest> = bss.try_into()?;
    Ok((largest.get(&0, 0)?, has_btf))
}

// In rbpf.

/// The program keeps made-up registers byte by byte. Beside them it keeps the argument that Rust read from its place in
/// the psABI.
fn same_registers(facts: &Declared) -> Result<(), String> {
    let object = Object::parse(&example(facts.machine.name, AS_IT_IS)?)?;
    let psabi = proofs::facts::Facts::of(facts.machine)?;

    let mut largest = vec![0_u8; psabi.word + facts.pt_regs.size];
    let program = object.program_with("called", |section| {
        (section == ".bss").then_some(largest.as_ptr() as u64)
    })?;
    // All slots differ, and bytes in a wrong order are noticed.
    let mut call = |first: u8| -> Result<Vec<u8>, String> {
        let argument = vec![first; psabi.word];
        let mut ctx: Vec<u8> = (0..facts.pt_regs.size).map(|at| !(at as u8)).collect();
        match psabi.user_arguments.first() {
            Some(register) => ctx[register.slot.offset..][..psabi.word].copy_from_slice(&argument),
            None => on_the_stack(psabi, &ctx, &argument)?,
        }
        run(&program, &mut ctx, &mut largest)?;
        Ok([argument, ctx].concat())
    };
    call(3)?;
    let second = call(5)?;
    call(4)?;
    equal(&largest, &second)?;
    proof::checked("rbpf", facts.machine.name, second.len());
    Ok(())
}

/// Puts the first argument of user code at the place that the stack pointer's slot gives, on a little-endian machine.
fn on_the_stack(psabi: &proofs::facts::Facts, ctx: &[u8], argument: &[u8]) -> Result<(), String> {
    let place = psabi.user_stack_argument(0, Endian::Little);
    let place = place.ok_or("the first argument is nowhere")?;
    let mut address = [0; 8];
    address[..place.slot.width].copy_from_slice(&ctx[place.slot.offset..][..place.slot.width]);
    for (address, &byte) in (u64::from_le_bytes(address) + place.plus..).zip(argument) {
        testing::user_at(Ptr::new(address), byte);
    }
    Ok(())
}

/// Runs a program with `ctx` in its first register. Its memory holds the data that it refers to.
fn run(program: &[Insn], ctx: &mut [u8], data: &mut [u8]) -> Result<(), String> {
    let failed = |error: io::Error| format!("rbpf: {error}");
    let code: Vec<u8> = program.iter().flat_map(Insn::to_array).collect();
    let mut vm = rbpf::EbpfVmRaw::new(Some(&code)).map_err(failed)?;
    vm.register_helper(112, probe_read_user).map_err(failed)?;
    let start = data.as_mut_ptr() as u64;
    vm.register_allowed_memory(start..start + data.len() as u64);
    vm.execute_program(ctx).map(drop).map_err(failed)
}

fn probe_read_user(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    // SAFETY: the program passes memory of that size.
    let to = unsafe { std::slice::from_raw_parts_mut(to as *mut u8, size as usize) };
    match Ptr::new(from).read_user_into(to) {
        Ok(()) => 0,
        Err(error) => error as u64,
    }
}

// On this computer.

/// C and Rust, compiled for this computer, give the same for the calls of other machines.
fn host_tests() -> Result<(), String> {
    for name in BUILT {
        let mut cargo = Toolchain::find()?.cargo();
        cargo
            .current_dir(root().join("examples/c-module"))
            .args(["test", "--locked", "--bin=c-module", "--features=host"])
            .args(["--target", "host-tuple", "--target-dir"])
            .arg(root().join("target/examples/c-module"))
            .env("CLANG", c::clang()?)
            .env(VARIABLE, name);
        let said = host::run(&mut cargo)?.stdout;
        if !said.contains("test result: ok. 2 passed; 0 failed") {
            return Err(format!("`{name}`: {said}"));
        }
    }
    Ok(())
}

// BTF.

fn btf_names(facts: &Declared) -> Result<(), String> {
    let name = facts.machine.name;
    let btf = section(&example(name, AS_IT_IS)?, ".BTF")?;
    let types = btf::types(&btf)?;
    let word = proofs::facts::Facts::of(facts.machine)?.word;
    let named = |name: &str, is_kind: fn(&TypeVariant) -> bool| -> Vec<u32> {
        let types_of_kind = types.get().iter().filter(|(_, ty)| is_kind(ty));
        types_of_kind
            .map(|(&id, _)| id)
            .filter(|&id| types.name_of(id).as_deref() == Some(name))
            .collect()
    };
    let is_struct = |ty: &TypeVariant| matches!(ty, TypeVariant::Struct(_));
    let is_typedef = |ty: &TypeVariant| matches!(ty, TypeVariant::Typedef(_));

    let [rust, c] = named("pt_regs", is_struct)[..] else {
        return Err("`struct pt_regs` is not there twice, as Rust's and as C's".to_owned());
    };
    let [largest] = named("largest", is_struct)[..] else {
        return Err("there is no `struct largest`".to_owned());
    };
    for (id, prefix, start) in [(rust, "", 0), (c, "", 0), (largest, "regs.", word)] {
        for field in &facts.fields {
            let path = format!("{prefix}{}", field.name);
            let (ty, offset) = types.offset_of(id, &path).map_err(btf::unreadable)?;
            let Offset::ByteOffset(offset) = offset else {
                return Err(format!("`{path}` is a bit field"));
            };
            let size = types.size_of(ty).map_err(btf::unreadable)?;
            let expected = (start + field.offset, field.size);
            equal(&(&path, (offset as usize, size)), &(&path, expected))?;
        }
    }
    let [c_ulong] = named("c_ulong", is_typedef)[..] else {
        return Err("there is no typedef `c_ulong`".to_owned());
    };
    equal(&types.size_of(c_ulong).map_err(btf::unreadable)?, &word)?;
    proof::checked("BTF", name, 1 + 3 * facts.fields.len());
    Ok(())
}

// Errors.

type Run = fn() -> Result<(), String>;

const ERRORS: [(&str, Run); 4] = [
    ("there is no clang", || {
        let path = folder("path")?;
        // The linker of the build script.
        let cc = which("cc").ok_or("no cc in PATH")?;
        made(&path, symlink(cc, path.join("cc")))?;
        refused(
            |probe| probe.env("CLANG", None::<&str>).env("PATH", Some(path)),
            &[
                "cannot run `clang`, which `src/my_module.bpf.c` is compiled with: No such file or directory \
                 (os error 2)",
                INSTALL,
            ],
        )
    }),
    ("`CLANG` names nothing", || {
        refused(
            |probe| probe.env("CLANG", Some("clang-of-tomorrow")),
            &[
                "cannot run `clang-of-tomorrow`, which `src/my_module.bpf.c` is compiled with: No such file or \
                 directory (os error 2)",
                INSTALL,
            ],
        )
    }),
    ("`CLANG` is no clang", || {
        refused(
            |probe| probe.env("CLANG", Some("true")),
            &[
                "`true` does not compile for BPF: accepted in `CLANG` is a clang whose `--print-targets` lists \
                 `bpfel`",
            ],
        )
    }),
    ("bpf-linker does not read what clang wrote", || {
        let clang = folder("newer")?.join("clang");
        let script = format!(
            "#!/bin/sh\n{} \"$@\" || exit\nfor file; do case $file in *.o) printf 'BC\\300\\336 of the future' \
             > \"$file\"; esac; done\n",
            c::clang()?.display()
        );
        made(&clang, fs::write(&clang, script))?;
        made(
            &clang,
            fs::set_permissions(&clang, fs::Permissions::from_mode(0o755)),
        )?;
        let does_not_read = format!(
            "`bpf-linker` does not read the bitcode of `{}`: ERROR llvm: ",
            clang.display()
        );
        refused(
            |probe| probe.env("CLANG", Some(clang)),
            &[
                &does_not_read,
                "the LLVM of clang must not be newer than that of bpf-linker: name an older one, as in \
                 `CLANG=clang-22 cargo build …`, or install bpf-linker anew",
            ],
        )
    }),
];

const INSTALL: &str = "install it, with `apt-get install clang` or as your system has it, or name another one, \
                       as in `CLANG=clang-22 cargo build …`";

/// The build fails. Its script reports these lines, which may go on, and nothing else.
fn refused(given: impl FnOnce(Probe<'_>) -> Probe<'_>, said: &[&str]) -> Result<(), String> {
    // Then only the module is left to compile.
    example("x86_64", AS_IT_IS)?;
    let Err(output) = build("x86_64", AS_IT_IS, given) else {
        return Err("the build succeeds".to_owned());
    };
    let errors: Vec<&str> = output
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    let expected = said.iter().map(|line| format!("c-module@0.0.0: {line}"));
    let expected: Vec<String> = expected
        .chain(["build script logged errors".to_owned()])
        .collect();
    let as_expected = |(error, expected): (&&str, &String)| error.starts_with(expected.as_str());
    if errors.len() == expected.len() && errors.iter().zip(&expected).all(as_expected) {
        return Ok(());
    }
    Err(format!("expected {expected:#?}\nbut there is {output}"))
}

/// An empty folder for a proof.
fn folder(name: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("c_module")
        .join(name);
    if folder.exists() {
        made(&folder, fs::remove_dir_all(&folder))?;
    }
    made(&folder, fs::create_dir_all(&folder))?;
    Ok(folder)
}

fn made(path: &Path, result: io::Result<()>) -> Result<(), String> {
    result.map_err(|error| format!("cannot make `{}`: {error}", path.display()))
}

// The facts that build scripts get.

/// The facts of the selected machine, and the header for C.
#[derive(Clone)]
struct Told {
    values: HashMap<String, String>,
    header: String,
}

fn told(facts: &Declared) -> Result<(), String> {
    let machine = facts.machine;
    let clang = c::clang()?;
    let Told { values, header } = dependent(machine)?;
    let value = |name| values.get(name).map_or("", String::as_str);

    // tests/libbpf.rs and tests/uapi.rs use that name with libbpf and Linux.
    let expected = format!("__TARGET_ARCH_{}", machine.linux);
    equal(&value("c_macro"), &&*expected)?;
    equal(&value("name"), &machine.name)?;
    equal(&value("linux"), &machine.linux)?;

    // With its own triple clang's types are the machine's. For BPF the header defines them.
    let own = Compiler::for_triple(clang.clone(), value("clang_target"));
    let mut checked = own.prove("", &own_types(facts)?)?;
    for variant in facts.variants() {
        let bpf = Compiler::for_triple(clang.clone(), variant.endian.bpf_target());
        checked += bpf.prove(&header, &defined_types(facts))?;
    }
    proof::checked("probe_abi.h in C for BPF", machine.name, checked);
    Ok(())
}

fn own_types(facts: &Declared) -> Result<Vec<Assertion>, String> {
    let ty = |name| facts.types.iter().find(|ty| ty.name == name);
    let (long, char) = ty("c_long").zip(ty("c_char")).ok_or("there is no C type")?;
    Ok(vec![
        Assertion::new("sizeof(long)", long.layout.size),
        Assertion::new("sizeof(void *)", facts.pointer.size),
        Assertion::new("(char)-1 < (char)1", char.signed as i64),
    ])
}

fn defined_types(facts: &Declared) -> Vec<Assertion> {
    let mut assertions = facts.pt_regs_assertions();
    for ty in facts.types.iter().filter(|ty| ty.name.starts_with("c_")) {
        let name = &ty.name;
        assertions.extend([
            Assertion::new(format!("sizeof({name})"), ty.layout.size),
            Assertion::new(format!("({name})-1 < ({name})1"), ty.signed as i64),
        ]);
    }
    assertions
}

/// The facts that a build script gets on this computer's own target.
fn dependent(machine: &'static Machine) -> Result<Told, String> {
    static PACKAGE: LazyLock<Result<PathBuf, String>> = LazyLock::new(dependent_package);
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let package = PACKAGE.as_ref()?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(package)
        .args(["check", "--target-dir", "target"])
        .env(VARIABLE, machine.name);
    let stderr = host::run(&mut cargo)?.stderr;
    let told = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("warning: dependent@0.0.0: "));
    let values: HashMap<String, String> = told
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let include = values.get("include").ok_or("there is no `include`")?;
    let header = Path::new(include).join("probe_abi.h");
    let header = fs::read_to_string(&header)
        .map_err(|error| format!("cannot read `{}`: {error}", header.display()))?;
    Ok(Told { values, header })
}

/// A package whose build script prints the facts that it gets.
fn dependent_package() -> Result<PathBuf, String> {
    const BUILD: &str = r#"fn main() {
    probe_abi_build::run(|| {
        let machine = probe_abi_build::Machine::selected()?;
        for (name, value) in [
            ("name", machine.name()),
            ("linux", machine.linux()),
            ("clang_target", machine.clang_target()),
            ("c_macro", &machine.c_macro()),
            ("include", &machine.include()?.display().to_string()),
        ] {
            println!("cargo::warning={name}={value}");
        }
        Ok(())
    });
}
"#;
    let manifest = format!(
        "[package]\nname = \"dependent\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [build-dependencies]\nprobe-abi-build = {{ path = {:?} }}\n",
        root().join("build")
    );
    let package = folder("dependent")?;
    made(&package, fs::create_dir(package.join("src")))?;
    for (file, text) in [
        ("Cargo.toml", &*manifest),
        ("build.rs", BUILD),
        ("src/lib.rs", ""),
    ] {
        let file = package.join(file);
        made(&file, fs::write(&file, text))?;
    }
    let lock = package.join("Cargo.lock");
    made(&lock, fs::copy(root().join("Cargo.lock"), &lock).map(drop))?;
    Ok(package)
}
