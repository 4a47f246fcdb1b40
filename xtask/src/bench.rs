//! `cargo xtask bench`: the cost of this crate, beside C and beside other crates.

use std::{
    fmt::Write as _,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use aya::{
    Ebpf,
    programs::{UProbe, uprobe::UProbeScope},
};

use proofs::{
    bpf::{Probe, Toolchain, root},
    c, ctx,
    facts::Facts,
    host::{run, write_if_new},
    libbpf::Headers,
    object::Object,
    package::Packages,
    pairs,
    select::{Endian, Machine},
};

/// Prints the figures and writes them to BENCHMARKS.md.
pub fn bench() -> Result<(), String> {
    let toolchain = Toolchain::find()?;
    let mut text = "# Benchmarks\n\nMade by `cargo xtask bench`, as root.\n".to_owned();
    instructions(&toolchain, &mut text)?;
    typed_instructions(&toolchain, &mut text)?;
    hits(&toolchain, &mut text)?;
    builds(&toolchain, &mut text)?;
    print!("{text}");
    let path = root().join("BENCHMARKS.md");
    fs::write(&path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

fn line(text: &mut String, cells: &[String]) {
    writeln!(text, "| {} |", cells.join(" | ")).expect("a string takes everything");
}

fn heading(text: &mut String, title: &str, why: &str, cells: &[&str]) {
    writeln!(text, "\n## {title}\n\n{why}\n").expect("a string takes everything");
    line(
        text,
        &cells
            .iter()
            .map(|cell| (*cell).to_owned())
            .collect::<Vec<_>>(),
    );
    line(text, &vec!["---".to_owned(); cells.len()]);
}

/// Machines that aya-ebpf 0.2.1 has.
const AYA: &[&str] = &[
    "x86_64",
    "aarch64",
    "arm",
    "riscv64",
    "s390x",
    "powerpc64",
    "mips",
    "mips64",
    "loongarch64",
];

fn instructions(toolchain: &Toolchain, text: &mut String) -> Result<(), String> {
    let why = "\
Instructions of a probe: probe-abi / C with the kernel's struct / aya-ebpf 0.2.1. `*` marks what \
kernels before 7.x refuse, because the compiler reads ctx at a computed address; the C is that \
which they take, with a fence behind each read, where plain C is not. Roles: the instructions of \
all reads of one role, added up.";
    let columns = [
        "machine",
        "roles",
        "sum of all arguments",
        "argument chosen at run time",
        "syscall switch",
        "string argument",
    ];
    heading(text, "Instructions", why, &columns);
    let clang = c::clang()?;
    for endian in [Endian::Little, Endian::Big] {
        let ours = Object::parse(&pairs::ours(toolchain, endian)?)?;
        let fenced = Object::parse(&pairs::c(&clang, endian, true)?)?;
        for facts in pairs::machines(endian)? {
            let aya = aya_object(toolchain, facts, endian)?;
            let mut row = vec![format!("{}, {endian}", facts.name())];
            let mut total = [0, 0];
            for pair in pairs::reads(facts, endian) {
                let symbol = pairs::symbol(facts, &pair);
                total[0] += ours.program(&symbol)?.len();
                total[1] += fenced.program(&symbol)?.len();
            }
            row.push(format!("{} / {}", total[0], total[1]));
            for pair in pairs::whole(facts) {
                let symbol = pairs::symbol(facts, &pair);
                let counted = |object: &Object, symbol: &str| {
                    let program = object.program(symbol)?;
                    let mark = if ctx::check(&program).is_err() {
                        "*"
                    } else {
                        ""
                    };
                    Ok::<_, String>(format!("{}{mark}", program.len()))
                };
                let theirs = match &aya {
                    Some(object) if object.programs().any(|name| name == pair.name) => {
                        counted(object, &pair.name)?
                    }
                    _ => "–".to_owned(),
                };
                row.push(format!(
                    "{} / {} / {theirs}",
                    counted(&ours, &symbol)?,
                    counted(&fenced, &symbol)?
                ));
            }
            line(text, &row);
        }
    }
    Ok(())
}

fn typed_instructions(toolchain: &Toolchain, text: &mut String) -> Result<(), String> {
    let why = "\
Instructions of a typed probe: probe-abi / C with libbpf's `BPF_KPROBE`, `BPF_UPROBE`, `BPF_KRETPROBE` and \
`BPF_KSYSCALL`. On riscv32 `–`: in C for BPF those macros read other slots. On x86 user code passes nothing in registers. \
Syscalls: where all kernels of the machine wrap them, or none does. `BPF_KSYSCALL` ignores errors of its reads; here the \
sum is zero if one of its four reads fails.";
    let headers = Headers::newest()?;
    let clang = c::clang()?;
    // The first machine has all typed probes.
    let all = pairs::typed(pairs::machines(Endian::Little)?[0]);
    let names = all.iter().map(|typed| typed.name.replace('_', " "));
    let columns: Vec<String> = ["machine".to_owned()].into_iter().chain(names).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    heading(text, "Typed probes", why, &columns);
    for endian in [Endian::Little, Endian::Big] {
        let ours = Object::parse(&pairs::ours(toolchain, endian)?)?;
        for facts in pairs::machines(endian)? {
            let typed = pairs::typed(facts);
            let c = pairs::with_libbpf(&headers, &clang, facts, endian)?;
            let c = Object::parse(&c)?;
            let mut row = vec![format!("{}, {endian}", facts.name())];
            for column in &all {
                let Some(probe) = typed.iter().find(|probe| probe.name == column.name) else {
                    row.push("–".to_owned());
                    continue;
                };
                let symbol = pairs::typed_symbol(facts, probe);
                let theirs = match pairs::libbpf_is_wrong(facts) {
                    true => "–".to_owned(),
                    false => c.program(&symbol)?.len().to_string(),
                };
                row.push(format!("{} / {theirs}", ours.program(&symbol)?.len()));
            }
            line(text, &row);
        }
    }
    Ok(())
}

/// The whole probes whose methods aya-ebpf has; `None` on a machine that aya-ebpf does not have.
fn aya_object(
    toolchain: &Toolchain,
    facts: &Facts,
    endian: Endian,
) -> Result<Option<Object>, String> {
    let machine = Machine::named(facts.name()).filter(|machine| AYA.contains(&machine.name));
    let Some(machine) = machine else {
        return Ok(None);
    };
    let package = folder().join("aya");
    let manifest = "[workspace]\n\n[package]\nname = \"aya\"\nversion = \"0.0.0\"\n\
                    edition = \"2024\"\n\n[dependencies]\naya-ebpf = \"=0.2.1\"\n\n\
                    [profile.release]\nlto = true\n";
    let terms: Vec<String> = (0..facts.arguments.len())
        .map(|n| format!("ctx.arg::<u64>({n}).unwrap_or(0)"))
        .collect();
    let source = format!(
        "\
#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use aya_ebpf::{{EbpfContext, bindings::pt_regs, helpers::generated, programs::ProbeContext}};

#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn sum_of_all_arguments(ctx: *mut core::ffi::c_void) -> u64 {{
    let ctx = ProbeContext::new(ctx);
    {}
}}

#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn argument_chosen_at_run_time(ctx: *mut core::ffi::c_void) -> u64 {{
    let ctx = ProbeContext::new(ctx);
    let index = unsafe {{ *ctx.as_ptr().cast::<u8>().add({}).cast::<usize>() }};
    ctx.arg::<u64>(index).unwrap_or(0)
}}

#[unsafe(no_mangle)]
#[unsafe(link_section = \"uprobe\")]
extern \"C\" fn string_argument(ctx: *mut core::ffi::c_void) -> u64 {{
    let ctx = ProbeContext::new(ctx);
    let mut name = MaybeUninit::<[u8; 64]>::uninit();
    let address = ctx.arg::<*const core::ffi::c_void>(1).unwrap_or(core::ptr::null());
    unsafe {{ generated::bpf_probe_read_user_str(name.as_mut_ptr().cast(), 64, address) as u64 }}
}}

const _: usize = size_of::<pt_regs>();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {{
    loop {{}}
}}
",
        terms.join(" + "),
        facts.instruction_pointer.slot.offset
    );
    write_if_new(&package.join("Cargo.toml"), manifest)?;
    write_if_new(&package.join("src/main.rs"), &source)?;
    let objects = Probe::new(&package, machine, endian)
        .args(&["--config", &aya_machine(machine.name, endian)])
        .target_dir(package.join("target"))
        // aya-ebpf has inline assembly, which is not stable for BPF.
        .build(&toolchain.clone().unstable())?;
    let bytes = fs::read(objects.join("aya")).map_err(|error| error.to_string())?;
    Object::parse(&bytes).map(Some)
}

/// The flag that tells aya-ebpf the machine: a cfg. The variable alone does not set it.
fn aya_machine(name: &str, endian: Endian) -> String {
    let target = endian.bpf_target();
    format!("target.{target}.rustflags=['--cfg=bpf_target_arch=\"{name}\"']")
}

const ROUNDS: usize = 21;
const HITS: u64 = 50_000;

/// The function that is probed.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn probe_abi_bench_target(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64 {
    black_box(a ^ b ^ c ^ d ^ e ^ f)
}

fn hits(toolchain: &Toolchain, text: &mut String) -> Result<(), String> {
    let why = format!(
        "Run time of a uprobe's program by the kernel's own statistics (`kernel.bpf_stats_enabled`): ours over \
         C's, the median of {ROUNDS} interleaved rounds of {HITS} hits each, and the whole range. The \
         last row is the same C twice: what the measurement is worth."
    );
    heading(
        text,
        "Cost of a hit",
        &why,
        &["probe", "ratio", "lowest", "highest"],
    );
    if !cfg!(target_arch = "x86_64") {
        return Err("the cost of a hit is measured on x86_64 alone".into());
    }
    let ours = pairs::ours(toolchain, Endian::Little)?;
    let c = pairs::c(&c::clang()?, Endian::Little, true)?;
    let statistics = Path::new("/proc/sys/kernel/bpf_stats_enabled");
    let before = fs::read(statistics).map_err(|error| format!("no statistics: {error}"))?;
    let enable = |value: &[u8]| {
        fs::write(statistics, value).map_err(|error| format!("cannot enable statistics: {error}"))
    };
    enable(b"1")?;
    let mut measured = Vec::new();
    for (what, ours, probe) in [
        (
            "sum of all arguments",
            &ours,
            "x86_64__sum_of_all_arguments",
        ),
        (
            "argument chosen at run time",
            &ours,
            "x86_64__argument_chosen_at_run_time",
        ),
        ("C twice", &c, "x86_64__sum_of_all_arguments"),
    ] {
        measured.push((what, ratios(ours, &c, probe)));
    }
    enable(&before)?;
    for (what, ratios) in measured {
        let ratios = ratios?;
        let shown = |ratio: f64| format!("{ratio:.3}");
        line(
            text,
            &[
                what.to_owned(),
                shown(ratios[ROUNDS / 2]),
                shown(ratios[0]),
                shown(ratios[ROUNDS - 1]),
            ],
        );
    }
    Ok(())
}

/// The ratio of our cost to C's in each round, sorted.
fn ratios(ours: &[u8], c: &[u8], probe: &str) -> Result<Vec<f64>, String> {
    let mut objects = [loaded(ours, probe)?, loaded(c, probe)?];
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let mut cost = [0.0; 2];
        for (object, cost) in objects.iter_mut().zip(&mut cost) {
            *cost = cost_of_a_hit(object, probe).map_err(|error| error.to_string())?;
        }
        ratios.push(cost[0] / cost[1]);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios)
}

fn loaded(object: &[u8], probe: &str) -> Result<Ebpf, String> {
    let mut object = Ebpf::load(object).map_err(|error| error.to_string())?;
    let program = uprobe(&mut object, probe).map_err(|error| error.to_string())?;
    program.load().map_err(|error| error.to_string())?;
    Ok(object)
}

type Failure = Box<dyn std::error::Error>;

fn uprobe<'a>(object: &'a mut Ebpf, probe: &str) -> Result<&'a mut UProbe, Failure> {
    let program = object
        .program_mut(probe)
        .ok_or("the object has no such probe")?;
    Ok(program.try_into()?)
}

/// Nanoseconds of the program for each hit.
fn cost_of_a_hit(object: &mut Ebpf, probe: &str) -> Result<f64, Failure> {
    let program = uprobe(object, probe)?;
    let here = std::env::current_exe()?;
    let link = program.attach("probe_abi_bench_target", here, UProbeScope::CallingProcess)?;
    let before = program.info()?;
    for hit in 0..HITS {
        black_box(probe_abi_bench_target(hit, 1, 2, 3, 4, 5));
    }
    let after = program.info()?;
    program.detach(link)?;
    let runs = after.run_count() - before.run_count();
    if runs != HITS {
        return Err(format!("{runs} runs of {HITS}").into());
    }
    Ok((after.run_time() - before.run_time()).as_nanos() as f64 / runs as f64)
}

/// How many times each build is made.
const BUILDS: usize = 3;

fn builds(toolchain: &Toolchain, text: &mut String) -> Result<(), String> {
    let why = format!(
        "A release build of an empty probe with nothing but the dependency, for x86_64, and again for aarch64: \
         crates compiled (the probe's own not counted), and seconds, the median of {BUILDS} interleaved."
    );
    let columns = [
        "dependency",
        "crates",
        "clean build",
        "after switching the machine",
    ];
    heading(text, "Builds", &why, &columns);
    let ours = |features: &str| format!("probe-abi = {{ path = {:?}{features} }}", root());
    let dependencies = [
        ("probe-abi", ours("")),
        (
            "probe-abi, `default-features = false`",
            ours(", default-features = false"),
        ),
        (
            "aya-ebpf-cty 0.3 + aya-ebpf-bindings 0.2",
            "aya-ebpf-cty = \"=0.3.0\"\naya-ebpf-bindings = \"=0.2.0\"".to_owned(),
        ),
    ];
    let mut packages = Vec::new();
    for (index, (what, dependency)) in dependencies.iter().enumerate() {
        packages.push((
            *what,
            empty_probe(toolchain, index, dependency)?,
            Vec::new(),
            0,
        ));
    }
    for _ in 0..BUILDS {
        for (_, package, times, crates) in &mut packages {
            let target = package.join("target");
            if target.exists() {
                fs::remove_dir_all(&target).map_err(|error| error.to_string())?;
            }
            let (clean, compiled) = build(toolchain, package, "x86_64")?;
            let (switched, _) = build(toolchain, package, "aarch64")?;
            times.push((clean, switched));
            *crates = compiled - 1;
        }
    }
    for (what, _, times, crates) in packages {
        let median = |mut times: Vec<Duration>| {
            times.sort();
            format!("{:.1} s", times[BUILDS / 2].as_secs_f64())
        };
        let (clean, switched) = times.into_iter().unzip();
        line(
            text,
            &[
                what.into(),
                crates.to_string(),
                median(clean),
                median(switched),
            ],
        );
    }
    writeln!(text, "\nThe packages: {}.", packaged()?).expect("a string takes everything");
    Ok(())
}

/// A package with a probe that reads nothing. Its dependencies are downloaded.
fn empty_probe(toolchain: &Toolchain, index: usize, dependency: &str) -> Result<PathBuf, String> {
    let package = folder().join(format!("empty-{index}"));
    let manifest = format!(
        "[workspace]\n\n[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{dependency}\n\n[profile.release]\nlto = true\n"
    );
    let source = "#![no_std]\n#![no_main]\n\n#[panic_handler]\n\
                  fn panic(_: &core::panic::PanicInfo<'_>) -> ! {\n    loop {}\n}\n";
    write_if_new(&package.join("Cargo.toml"), &manifest)?;
    write_if_new(&package.join("src/main.rs"), source)?;
    let mut cargo = toolchain.cargo();
    cargo.current_dir(&package).args(["fetch", "--quiet"]);
    run(&mut cargo)?;
    Ok(package)
}

/// Builds a package, and returns how long it took and how many crates were compiled.
fn build(
    toolchain: &Toolchain,
    package: &Path,
    machine: &str,
) -> Result<(Duration, usize), String> {
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(package)
        .args([
            "build",
            "--release",
            "--offline",
            "--target",
            "bpfel-unknown-none",
        ])
        .args(["--target-dir", "target"]);
    if package.ends_with("empty-2") {
        cargo.args(["--config", &aya_machine(machine, Endian::Little)]);
    } else {
        cargo.env("CARGO_CFG_BPF_TARGET_ARCH", machine);
    }
    let start = Instant::now();
    let said = run(&mut cargo)?.stderr;
    let took = start.elapsed();
    Ok((took, said.matches("   Compiling ").count()))
}

/// The sizes of the packages that a probe downloads.
fn packaged() -> Result<String, String> {
    let packages = Packages::pack()?;
    let downloaded = packages
        .iter()
        .filter(|package| ["probe-abi", "probe-abi-build"].contains(&package.name.as_str()));
    let sizes = downloaded.map(|package| {
        let size = fs::metadata(&package.path)
            .map_err(|error| error.to_string())?
            .len();
        Ok(format!("{}, {:.1} kB", package.name, size as f64 / 1000.0))
    });
    Ok(sizes.collect::<Result<Vec<_>, String>>()?.join("; "))
}

fn folder() -> PathBuf {
    root().join("target/bench")
}
