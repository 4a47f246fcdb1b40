//! examples/kernel-types: the types that a user's own bindgen makes have the machine's layout, in the memory of a
//! process, in the kernel, and in the BTF of the object.

#[path = "../facts/mod.rs"]
mod facts;

use std::{
    ffi::{CStr, CString, c_char, c_int, c_long, c_longlong, c_void},
    fs,
    hint::black_box,
    mem::size_of,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use aya::{
    Ebpf,
    maps::Array,
    programs::{RawTracePoint, UProbe, uprobe::UProbeScope},
};
use proofs::{
    bpf::{Probe, Toolchain, root, which},
    btf::RUNNING,
    c::{Assertion, Compiler},
    debian::Package,
    host::{cannot, output, run, write_if_new},
    proof::{self, Proof},
    select::{Endian, Machine, VARIABLE},
    users::{self, Turn},
};

/// The machines that the example is built for: of 64 and 32 bits, of both endiannesses, and one on which C aligns
/// 64-bit integers differently.
const BUILT: [&str; 4] = ["x86_64", "x86", "arm", "s390x"];

fn main() {
    let mut proofs = Vec::new();
    for name in BUILT {
        proofs.push(Proof::new(
            proof::name(
                name,
                None,
                "builds, and BTF has pt_regs and the struct as C has them",
            ),
            btf_needs(name),
            move || in_btf(name),
        ));
    }
    proofs.extend([
        Proof::new("reads a struct of this process", kernel_needs(), reads_user),
        Proof::new("loads with its BTF", kernel_btf_needs(), loads_with_btf),
        Proof::new(
            "linux_binprm of the running kernel",
            kernel_btf_needs(),
            reads_kernel,
        ),
        vmlinux("s390x", "s390x"),
        Proof::new(
            proof::name("arm", None, "pointers of Rust are refused"),
            probe_needs(),
            || {
                refused_with(
                    "arm",
                    ("::probe_abi::Ptr<iovec>", "*const iovec"),
                    "offset of field `transfer::count`",
                )
            },
        ),
        Proof::new(
            proof::name("x86", None, "structs that are not packed are refused"),
            probe_needs(),
            || refused_with("x86", ("C, packed(4)", "C"), "size of `transfer`"),
        ),
        Proof::new(
            "an enum, a function and what lies in them",
            probe_needs(),
            others,
        ),
        Proof::new("its own tests pass on the host", Ok(()), host_tests),
    ]);
    proof::run(proofs)
}

// The needs of the proofs.

fn probe_needs() -> Result<(), String> {
    Toolchain::find().map(drop)
}

fn btf_needs(name: &str) -> Result<(), String> {
    probe_needs()?;
    bpftool()?;
    clang(name).map(drop)
}

fn kernel_needs() -> Result<(), String> {
    probe_needs()?;
    if cfg!(not(target_arch = "x86_64")) {
        return Err("this computer is no x86_64".to_owned());
    }
    proof::uprobes()?;
    match Path::new(RUNNING).exists() {
        true => Ok(()),
        false => Err(format!("this kernel has no BTF: there is no {RUNNING}")),
    }
}

fn kernel_btf_needs() -> Result<(), String> {
    kernel_needs()?;
    bpftool().map(drop)
}

fn bpftool() -> Result<PathBuf, String> {
    // Debian installs it in a folder that is only in root's PATH.
    let installed = which("bpftool").or_else(|| {
        let path = PathBuf::from("/usr/sbin/bpftool");
        path.is_file().then_some(path)
    });
    installed.ok_or_else(|| "no bpftool: `scripts/setup`, or `apt-get install bpftool`".to_owned())
}

/// BTF as bpftool writes it in C.
fn c_of(what: &[&str]) -> Result<String, String> {
    let mut bpftool = Command::new(bpftool()?);
    bpftool
        .args(["btf", "dump"])
        .args(what)
        .args(["format", "c"]);
    output(&mut bpftool)
}

fn machine(name: &str) -> Result<&'static Machine, String> {
    Machine::named(name).ok_or_else(|| format!("`{name}` is not a row of the table"))
}

fn clang(name: &str) -> Result<Compiler, String> {
    let clang = Compiler::clang(machine(name)?.nearest(Endian::Little))?;
    Ok(clang.args(["-std=gnu17", "-DBPF_NO_PRESERVE_ACCESS_INDEX"]))
}

// The builds.

fn example() -> PathBuf {
    root().join("examples/kernel-types")
}

fn build(package: &Path, name: &str) -> Result<Vec<u8>, String> {
    let _turn = Turn::wait()?;
    let mut probe = Probe::new(package, machine(name)?, Endian::Little)
        .args(&["--locked"])
        .target_dir(users::target_dir());
    for (name, value) in users::env() {
        probe = probe.env(name, Some(value));
    }
    let objects = probe.build(&Toolchain::find()?)?;
    let object = objects.join("kernel-types");
    fs::read(&object).map_err(|error| format!("cannot read `{}`: {error}", object.display()))
}

/// A copy of the example, with another build script and program. Its name differs too, because cargo distinguishes
/// packages in one target folder by names and versions.
fn copy(title: &str, build_rs: &str, main_rs: &str) -> Result<PathBuf, String> {
    let package = users::packages("kernel_types").join(title);
    let named = |file: &str, before: &str| {
        let text = read(&example().join(file))?;
        let name = format!("{before}name = \"kernel-types");
        replaced(
            &text,
            &format!("{name}\"\n"),
            &format!("{name}-{title}\"\n"),
        )
    };
    let manifest = named("Cargo.toml", "[package]\n")?;
    let manifest = replaced(&manifest, "\"../..\"", &format!("{:?}", root()))?;
    let manifest = replaced(
        &manifest,
        "\"../../build\"",
        &format!("{:?}", root().join("build")),
    )?;
    for (file, text) in [
        ("Cargo.toml", format!("[workspace]\n\n{manifest}").as_str()),
        ("Cargo.lock", &named("Cargo.lock", "")?),
        ("build.rs", build_rs),
        ("src/main.rs", main_rs),
    ] {
        write_if_new(&package.join(file), text)?;
    }
    for file in [".cargo/config.toml", "include/transfer.h"] {
        write_if_new(&package.join(file), &read(&example().join(file))?)?;
    }
    Ok(package)
}

fn replaced(text: &str, old: &str, new: &str) -> Result<String, String> {
    match text.matches(old).count() {
        1 => Ok(text.replace(old, new)),
        count => Err(format!("`{old}` is there {count} times")),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(cannot("read", path))
}

// BTF

/// rustc's names of the integers in BTF. bpftool takes them for names of C. There are no aliases.
const INTEGERS: &str = "
typedef _Bool bool;
typedef __INT8_TYPE__ i8;
typedef __UINT8_TYPE__ u8;
typedef __INT16_TYPE__ i16;
typedef __UINT16_TYPE__ u16;
typedef __INT32_TYPE__ i32;
typedef __UINT32_TYPE__ u32;
typedef __INT64_TYPE__ i64;
typedef __UINT64_TYPE__ u64;
";

fn in_btf(name: &str) -> Result<(), String> {
    let object = users::packages("kernel_types").join(format!("{name}.o"));
    write_if_new(&object, build(&example(), name)?)?;
    has_types(
        &c_of(&["file", &object.to_string_lossy()])?,
        "an object's BTF",
        name,
    )
}

fn has_types(btf: &str, source: &str, name: &str) -> Result<(), String> {
    let clang = clang(name)?;
    // The header first: the facts that BTF has to have must be true in C.
    let of_transfer = of_transfer(name)?;
    clang.prove(&read(&example().join("include/transfer.h"))?, &of_transfer)?;
    let assertions = [of_pt_regs(name)?, of_transfer].concat();
    let checked = clang.prove(&format!("{INTEGERS}{btf}"), &assertions)?;
    proof::checked(source, name, checked);

    let without_integers = clang.prove(btf, &assertions).err().unwrap_or_default();
    if !without_integers.contains("unknown type name 'u8'") {
        return Err(format!("BTF has C's names of the integers:\n{btf}"));
    }
    for types in ["typedef", "c_ulong", "c_char"] {
        if btf.contains(types) {
            return Err(format!("BTF has `{types}`:\n{btf}"));
        }
    }
    Ok(())
}

fn of_pt_regs(name: &str) -> Result<Vec<Assertion>, String> {
    Ok(facts::of(name)?.pt_regs_assertions())
}

fn of_transfer(name: &str) -> Result<Vec<Assertion>, String> {
    let (offsets, size) = match name {
        "x86_64" | "aarch64" | "s390x" => ([0, 8, 16, 32, 40, 48, 64], 72),
        "arm" => ([0, 8, 16, 24, 28, 32, 40], 48),
        "x86" => ([0, 4, 12, 20, 24, 28, 36], 40),
        _ => return Err(format!("where are the fields of `transfer` on `{name}`?")),
    };
    let fields = [
        "direction",
        "offset",
        "timeout",
        "parts",
        "count",
        "names",
        "done",
    ];
    let mut assertions = vec![Assertion::new("sizeof(struct transfer)", size)];
    assertions.extend(
        fields
            .into_iter()
            .zip(offsets)
            .map(|(field, at)| offset("transfer", field, at)),
    );
    Ok(assertions)
}

fn offset(of: &str, field: &str, at: usize) -> Assertion {
    Assertion::new(format!("__builtin_offsetof(struct {of}, {field})"), at)
}

fn loads_with_btf() -> Result<(), String> {
    let mut ebpf = load(&build(&example(), "x86_64")?)?;
    let probe = on_submit(&mut ebpf)?;
    let id = probe.info().map_err(|error| error.to_string())?.btf_id();
    let id = id.ok_or("the kernel has no BTF of the program")?;
    has_types(
        &c_of(&["id", &id.to_string()])?,
        "BTF that the kernel took",
        "x86_64",
    )
}

// In the kernel

fn load(object: &[u8]) -> Result<Ebpf, String> {
    Ebpf::load(object).map_err(|error| format!("{error}: {error:?}"))
}

/// The example's program, accepted by the kernel.
fn on_submit(ebpf: &mut Ebpf) -> Result<&mut UProbe, String> {
    let probe = ebpf.program_mut("on_submit").ok_or("no `on_submit`")?;
    let probe: &mut UProbe = probe.try_into().map_err(failed)?;
    probe.load().map_err(failed)?;
    Ok(probe)
}

fn failed(error: aya::programs::ProgramError) -> String {
    format!("{error}: {error:?}")
}

/// The values that the program wrote.
fn written<T: aya::Pod>(ebpf: &Ebpf) -> Result<T, String> {
    let map = ebpf.map(".bss").ok_or("the object has no `.bss`")?;
    let map = Array::<_, T>::try_from(map).map_err(|error| error.to_string())?;
    map.get(&0, 0).map_err(|error| error.to_string())
}

#[repr(C)]
struct IoVec {
    base: *const c_void,
    length: usize,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
struct Transfer {
    direction: c_char,
    urgent_and_retries: u8,
    offset: c_longlong,
    timeout: [c_long; 2],
    parts: *const IoVec,
    count: usize,
    names: [*const c_char; 2],
    done: *const c_void,
}

/// The example's `Submitted`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Submitted {
    transfer: [u8; size_of::<Transfer>()],
    name: [u8; 16],
    bytes: u64,
    urgent: u8,
    retries: u8,
    rest: [u8; 6],
}

// SAFETY: it has only integers, and no padding.
unsafe impl aya::Pod for Submitted {}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn submit(transfer: *const Transfer) -> c_int {
    black_box(transfer);
    0
}

extern "C" fn done() {}

fn reads_user() -> Result<(), String> {
    let mut ebpf = load(&build(&example(), "x86_64")?)?;
    on_submit(&mut ebpf)?
        .attach("submit", "/proc/self/exe", UProbeScope::CallingProcess)
        .map_err(failed)?;

    let parts = [3, 40, 0, 500, 6000].map(|length| IoVec {
        base: std::ptr::null(),
        length,
    });
    // Written here, so that they are in memory: a probe does not load a page that is not.
    let names = ["submitted", "not asked for"].map(|name| CString::new(name).unwrap_or_default());
    let transfer = Transfer {
        direction: b'w' as c_char,
        urgent_and_retries: 0b1011,
        offset: -0x0123_4567_89ab_cdef,
        timeout: [7, 8],
        parts: parts.as_ptr(),
        // The probe does not read the last one.
        count: 4,
        names: [names[0].as_ptr(), names[1].as_ptr()],
        done: done as extern "C" fn() as *const c_void,
    };
    black_box(submit as extern "C" fn(*const Transfer) -> c_int)(&transfer);

    let submitted: Submitted = written(&ebpf)?;
    // SAFETY: the struct has that size, and is read with its own fields.
    let read: Transfer = unsafe {
        submitted
            .transfer
            .as_ptr()
            .cast::<Transfer>()
            .read_unaligned()
    };
    equal("transfer", &read, &transfer)?;
    equal("bytes", &submitted.bytes, &543)?;
    equal("urgent", &submitted.urgent, &1)?;
    equal("retries", &submitted.retries, &5)?;
    equal("name", &text(&submitted.name), &"submitted")
}

/// A string, up to its zero.
fn text(bytes: &[u8]) -> &str {
    CStr::from_bytes_until_nul(bytes)
        .ok()
        .and_then(|text| text.to_str().ok())
        .unwrap_or_default()
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, read: &T, there: &T) -> Result<(), String> {
    if read == there {
        return Ok(());
    }
    Err(format!(
        "{what}: the probe read {read:?}, and there is {there:?}"
    ))
}

// vmlinux.h

/// The example with other types, as in its README, and with a program that reads them.
fn for_kernel(title: &str, source: &str) -> Result<PathBuf, String> {
    let types = format!("        Types::{source}\n            .allow([\"linux_binprm\"])\n");
    let readme = read(&example().join("README.md"))?;
    let indented: String = types
        .lines()
        .map(|line| format!("    {}\n", &line[8..]))
        .collect();
    if !readme.contains(&indented) {
        return Err(format!("the README does not have\n{indented}"));
    }
    let build_rs = replaced(
        &read(&example().join("build.rs"))?,
        "        Types::from_header(\"include/transfer.h\")\n            .allow([\"transfer\"])\n",
        &types,
    )?;
    let main_rs = read(&root().join("tests/kernel_types/exec.rs"))?;
    copy(title, &build_rs, &main_rs)
}

/// The types of a kernel other than the running one, with their layout tests.
fn vmlinux(arch: &'static str, name: &'static str) -> Proof {
    let title = proof::name(name, None, "linux_binprm of Debian's kernel");
    let ready = match proof::is_wanted(&title) {
        true => probe_needs().and_then(|()| Package::newest("sid", arch, "linux-bpf-dev")),
        false => Err("not wanted".to_owned()),
    };
    let needs = ready.as_ref().map(drop).map_err(Clone::clone);
    Proof::new(title, needs, move || {
        let header = ready?.file("usr/include", "vmlinux.h")?;
        let package = for_kernel(
            &format!("vmlinux-{name}"),
            "from_header(\"include/vmlinux.h\")",
        )?;
        write_if_new(&package.join("include/vmlinux.h"), &read(&header)?)?;
        build(&package, name).map(drop)
    })
}

/// The probe's `Executed`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Executed {
    arguments: c_int,
    secure: u32,
    filename: [u8; 64],
    stack_limit: u64,
}

// SAFETY: it has only integers, and no padding.
unsafe impl aya::Pod for Executed {}

fn reads_kernel() -> Result<(), String> {
    let package = for_kernel("running", "from_running_kernel()")?;
    let mut ebpf = load(&build(&package, "x86_64")?)?;
    let probe = ebpf.program_mut("on_exec").ok_or("no `on_exec`")?;
    let probe: &mut RawTracePoint = probe.try_into().map_err(failed)?;
    probe.load().map_err(failed)?;
    probe.attach("sched_process_exec").map_err(failed)?;

    let program = "/bin/true";
    Command::new(program)
        .arg0("true")
        .args(["argument"; 76])
        .status()
        .map_err(|error| format!("cannot run `{program}`: {error}"))?;

    let executed: Executed = written(&ebpf)?;
    equal("argc", &executed.arguments, &77)?;
    equal("secureexec", &executed.secure, &0)?;
    equal("filename", &text(&executed.filename), &program)?;
    equal("rlim_stack", &executed.stack_limit, &stack_limit()?)
}

/// The limit of the stack of this process and of its children.
fn stack_limit() -> Result<u64, String> {
    let limits = read(Path::new("/proc/self/limits"))?;
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max stack size"))
        .and_then(|values| values.split_whitespace().next());
    match limit {
        Some("unlimited") => Ok(u64::MAX),
        Some(bytes) => bytes.parse().map_err(|_| format!("`{bytes}` is no size")),
        None => Err("/proc/self/limits has no stack".to_owned()),
    }
}

// Errors

/// If the build script changes the types, they do not compile, and a sentence gives the reason.
fn refused_with(name: &str, (right, wrong): (&str, &str), what: &str) -> Result<(), String> {
    let change = format!(
        "            .write(&machine, \"types.rs\")?;\n        \
         let path = std::env::var(\"OUT_DIR\").unwrap() + \"/types.rs\";\n        \
         let types = std::fs::read_to_string(&path).unwrap();\n        \
         assert!(types.contains({right:?}));\n        \
         std::fs::write(path, types.replace({right:?}, {wrong:?})).unwrap();\n        \
         Ok(())\n"
    );
    let build_rs = read(&example().join("build.rs"))?;
    let build_rs = replaced(
        &build_rs,
        "            .write(&machine, \"types.rs\")\n",
        &change,
    )?;
    let main_rs = read(&example().join("src/main.rs"))?;
    let package = copy(&format!("changed-{name}"), &build_rs, &main_rs)?;
    let sentence = format!(
        "the {what} is not what it is in C on `{name}`: leave the type without its fields, `.opaque([\"transfer\"])`"
    );
    match build(&package, name) {
        Ok(_) => Err("it builds".to_owned()),
        Err(said) if said.contains("error[E0080]") && said.contains(&sentence) => Ok(()),
        Err(said) => Err(said),
    }
}

/// Declarations that the example's own header does not have.
fn others() -> Result<(), String> {
    const HEADER: &str = "
enum direction { IN, OUT = 5 };
struct part { int a; };
struct __attribute__((aligned(16))) line { char bytes[16]; };
union both { struct part part; long long whole; _Bool flag; };
struct declared;
struct odd { struct declared *declared; union both both; enum direction direction; char rest[]; };
/** Moves. */
int shift(struct odd *odd, enum direction direction, _Bool now, const char *format, ...);
/* A word of Rust's. */
struct where { int x; };
";
    const MAIN: &str = "
#![no_std]
#![no_main]

use probe_abi::{Entry, User, c_int, Ptr};

#[allow(dead_code, nonstandard_style)]
mod types {
    include!(concat!(env!(\"OUT_DIR\"), \"/types.rs\"));
}

#[unsafe(no_mangle)]
#[unsafe(link_section = \"license\")]
static LICENSE: [u8; 4] = *b\"GPL\\0\";

#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn moved(ctx: *const probe_abi::c_void) -> c_int {
    let call = unsafe { Entry::<User<types::shift>>::from_ctx(ctx) };
    let direction: types::direction = call.arg::<1>();
    let odd: Ptr<types::odd> = call.arg::<0>();
    let now: bool = call.arg::<2>();
    let declared: Ptr<Ptr<types::declared>> = odd.cast();
    (direction == types::direction_OUT && now && !declared.is_null()) as c_int
}

const _: () = {
    const fn any<T: probe_abi::AnyBitPattern>() {}
    any::<types::both>();
    any::<types::part>();
    any::<types::where_>();
    assert!(size_of::<types::both>() == 8);
};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
";
    let build_rs = read(&example().join("build.rs"))?;
    let allowed = "            .allow([\"transfer\"])\n";
    let with = |more: &str| replaced(&build_rs, allowed, more);
    let asked = with(
        "            .allow([\"odd\", \"where\"])\n            .allow_functions([\"shift\"])\n",
    )?;
    let package = |title: &str, build_rs: &str| {
        let package = copy(title, build_rs, MAIN)?;
        write_if_new(&package.join("include/transfer.h"), HEADER)?;
        Ok::<_, String>(package)
    };
    // On x86, user code passes no arguments in registers.
    for name in ["x86_64", "arm"] {
        build(&package("others", &asked)?, name)?;
    }
    let refused = [
        (
            "line",
            "allow([\"line\", \"lines\"])",
            "has no type `lines`: did you mean `line`?",
        ),
        (
            "shifted",
            "allow_functions([\"shiftd\"])",
            "has no function `shiftd`: did you mean `shift`?",
        ),
        (
            "nothing",
            "allow([\"\"; 0])",
            "no type is asked for: name some with `Types::allow`",
        ),
    ];
    for (title, more, sentence) in refused {
        let package = package(
            &format!("others-{title}"),
            &with(&format!("            .{more}\n"))?,
        )?;
        match build(&package, "x86_64") {
            Ok(_) => return Err(format!("`{more}` builds")),
            Err(said) if said.contains(sentence) && !said.contains("panicked") => {}
            Err(said) => return Err(said),
        }
    }
    Ok(())
}

/// The probe, compiled for this computer, gives the same for the calls of a machine of 64 bits and of one of 32.
fn host_tests() -> Result<(), String> {
    let _turn = Turn::wait()?;
    for name in ["x86_64", "arm"] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(example())
            .args(["test", "--locked", "--bin=kernel-types", "--features=host"])
            .args(["--target", "host-tuple", "--target-dir"])
            .arg(users::target_dir())
            .envs(users::env())
            .env(VARIABLE, name);
        let said = run(&mut cargo)?.stdout;
        if !said.contains("test result: ok. 4 passed; 0 failed") {
            return Err(format!("`{name}`: {said}"));
        }
    }
    Ok(())
}
