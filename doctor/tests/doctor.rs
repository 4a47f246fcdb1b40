//! Promise: the doctor tells a computer that can build probes from one that cannot, and says what is missing and how to get
//! it.
//!
//! Most computers are made up, with one defect each. The last one is this computer. Its report is compared with other
//! sources.

use std::{
    env::{self, consts},
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use probe_abi_doctor::{Computer, Core, Program, btf, layout, llvm_in, shortened};
use proofs::{
    bpf::Toolchain,
    host::{output, write_if_new},
    proof::{self, Proof},
    select::Machine,
};

fn main() {
    let proof = |name: &str, needs, run: fn() -> Result<(), String>| Proof::new(name, needs, run);
    let (none, btf) = (|| Ok(()), || types().map(drop));
    let build = || Toolchain::find().map(drop);
    proof::run(vec![
        proof("made-up computers", none(), made_up_computers),
        proof("LLVM in a program", none(), llvm_is_found),
        proof("home folder", none(), home_is_shortened),
        proof("arguments", none(), arguments),
        proof("BTF of another layout", btf(), moved_fields_are_named),
        proof("this computer", build().and(btf()), this_computer),
        proof("a folder's configuration", build(), configuration),
        proof("other linkers", build(), other_linkers),
        proof("without an environment", none(), without_environment),
    ])
}

fn equal<T: PartialEq + std::fmt::Debug>(is: &T, should_be: &T) -> Result<(), String> {
    match is == should_be {
        true => Ok(()),
        false => Err(format!("{is:?} should be {should_be:?}")),
    }
}

/// A text without the spaces that align its columns.
fn single_spaced(text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    text.lines().map(line).collect()
}

fn has(text: &str, line: &str) -> Result<(), String> {
    match single_spaced(text).contains(&format!("\n{line}\n")) {
        true => Ok(()),
        false => Err(format!("there is no line `{line}` in\n{text}")),
    }
}

// Made-up computers

fn program(text: &str, llvm: u32) -> Program {
    Program {
        text: text.into(),
        llvm: Some(llvm),
    }
}

/// An x86_64 that has every part, and every part works.
fn healthy() -> Computer {
    Computer {
        kernel: "Linux 6.12.1 x86_64".into(),
        rustc: Ok((program("1.96.0", 22), Core::Precompiled)),
        linker: Ok(program("0.13.0", 22)),
        trial: Some(Ok(())),
        selected: Some("x86_64".into()),
        libclang: Some("clang version 22".into()),
        layout: Ok((21, Vec::new())),
    }
}

const HEALTHY: &str = "\
✓ rustc 1.96.0, with `core` for BPF
✓ bpf-linker 0.13.0
✓ together they build a probe
✓ libclang clang version 22
✓ machine `x86_64`
✓ pt_regs Linux 6.12.1 x86_64: all 21 fields are at the same offsets
✓ probes can be built here; `bpftool feature` tells which kinds this kernel has
";

/// The changes to the healthy computer. Each is made alone.
const CHANGES: &[fn(&mut Computer)] = &[
    |it| it.rustc = Err("there is none".into()),
    |it| it.rustc = Ok((program("1.96.0", 22), Core::Missing)),
    |it| it.rustc = Ok((program("1.97.0", 22), Core::Source)),
    |it| it.rustc = Ok((program("1.97.0", 22), Core::Nightly)),
    |it| it.linker = Err("there is none".into()),
    |it| it.linker = Ok(program("0.9.15", 20)),
    |it| it.linker = Ok(program("0.14.0", 23)),
    |it| it.trial = Some(Err("error: linking failed".into())),
    |it| (it.trial, it.selected) = (None, None),
    |it| it.libclang = None,
    |it| it.selected = None,
    |it| it.selected = Some("arm".into()),
    |it| it.selected = Some("s390x".into()),
    |it| it.selected = Some("amd64".into()),
    |it| it.layout = Ok((21, vec!["`di` is at 8, and here at 112".into()])),
    |it| it.layout = Err("there is no BTF".into()),
];

/// The lines of the report that differ then, except the last line. A change is bad if it makes a line with a ✗.
const CHANGED: &str = "\
✗ rustc there is none
→ `rustup toolchain install nightly --component rust-src`, with rustup from https://rustup.rs
✗ rustc 1.96.0, without `core` for BPF
→ `rustup toolchain install nightly --component rust-src`, with rustup from https://rustup.rs
✓ rustc 1.97.0, with `-Z build-std=core`
✓ rustc 1.97.0, with `cargo +nightly -Z build-std=core`
✗ bpf-linker there is none
→ `cargo install bpf-linker --force`
✗ bpf-linker 0.9.15: it does not read what LLVM 22 of rustc writes
→ `cargo install bpf-linker --force`
✓ bpf-linker 0.14.0
✗ together error: linking failed
– together not tried, because one of them is missing
– machine not known, because nothing was built
– libclang missing, and only the feature `bindgen` asks for it
→ `apt-get install libclang1`, or `LIBCLANG_PATH` set to its folder
– machine none is named in this folder; `--cfg bpf_target_arch=\"x86_64\"` in rustflags names this computer's
✓ machine `arm`, and this computer is another machine
✓ machine `s390x`, and this computer is another machine
✗ machine `CARGO_CFG_BPF_TARGET_ARCH` names no machine that is known: `amd64`; did you mean `x86_64`?
✗ pt_regs Linux 6.12.1 x86_64: `di` is at 8, and here at 112
– pt_regs Linux 6.12.1 x86_64: not compared, because there is no BTF
";

fn made_up_computers() -> Result<(), String> {
    let text = single_spaced(&healthy().to_string());
    equal(&text.split_once('\n').map(|(_, rows)| rows), &Some(HEALTHY))?;
    let mut changed = String::new();
    for change in CHANGES {
        let mut computer = healthy();
        change(&mut computer);
        let text = single_spaced(&computer.to_string());
        let is_new = |row: &&str| !HEALTHY.contains(row) && !row.starts_with("probe-abi-doctor");
        let (verdict, rows): (Vec<_>, Vec<_>) = { text.split_inclusive('\n') }
            .filter(is_new)
            .partition(|row| row.contains("; `bpftool"));
        let is_bad = rows.iter().any(|row| row.starts_with('✗'));
        equal(
            &(!computer.is_good(), verdict.len() == 1),
            &(is_bad, is_bad),
        )?;
        changed += &rows.concat();
    }
    equal(&changed.as_str(), &CHANGED)?;
    // The report that the README shows.
    let mut shown = healthy();
    let rustc = "1.97.0-nightly, LLVM 22.1.4, ~/.rustup/toolchains/nightly/bin/rustc";
    shown.rustc = Ok((program(rustc, 22), Core::Nightly));
    let linker = "0.9.15, LLVM 20.1.8, ~/.cargo/bin/bpf-linker";
    shown.linker = Ok(program(linker, 20));
    let why = "error: linking with `bpf-linker` failed: exit status: 1; ERROR llvm: Unknown attribute kind (102)";
    shown.trial = Some(Err(why.into()));
    shown.libclang = None;
    let is_shown = include_str!("../README.md").contains(&shown.to_string());
    equal(&(is_shown, shown.to_string()), &(true, shown.to_string()))
}

fn llvm_is_found() -> Result<(), String> {
    for (program, version) in [
        ("libLLVM.so.22.1\0libc.so.6", Some("22.1")),
        ("libLLVM-17.so.1", Some("17")),
        ("LLVM_PATH LLVM 22 LLVM19 LLVM19.1.7", Some("19.1.7")),
        ("LLVM19.1.7 libLLVM.so.21.1", Some("21.1")),
        ("LLVM 22 builds also support", None),
        ("ends in LLVM", None),
    ] {
        equal(&llvm_in(program.as_bytes()).as_deref(), &version)?;
    }
    Ok(())
}

fn home_is_shortened() -> Result<(), String> {
    let text = "/home/ann/.cargo /home/anna/x";
    let short = "~/.cargo /home/anna/x";
    let of = |home| shortened(text, Some(Path::new(home)));
    equal(
        &[of("/home/ann"), of("/home/ann/")],
        &[short; 2].map(str::to_owned),
    )?;
    equal(
        &[of("/"), of(""), shortened(text, None)],
        &[text; 3].map(str::to_owned),
    )
}

/// The types of the running kernel, if the library knows its machine.
fn types() -> Result<(&'static Machine, Vec<u8>), String> {
    let machine = Machine::named(consts::ARCH).ok_or("this is none of the machines")?;
    match fs::read(btf::RUNNING) {
        Ok(types) => Ok((machine, types)),
        Err(error) => Err(format!("cannot read the kernel's BTF: {error}")),
    }
}

/// If one field is elsewhere or has another name, the report names this field, and no other.
fn moved_fields_are_named() -> Result<(), String> {
    let (machine, types) = types()?;
    let kernel = btf::types(&types)?;
    let compare = |bindings: &str| layout(machine.name, bindings, &kernel);
    let bindings = machine.bindings;
    let fields = bindings.split("\"Offset of field: pt_regs::").skip(1);
    let fields: Vec<&str> = fields.filter_map(|text| text.split('"').next()).collect();
    equal(&compare(bindings)?, &(fields.len(), Vec::new()))?;
    for name in &fields {
        let offset = format!("offset_of!(pt_regs, {name}) - ");
        let moved = compare(&bindings.replace(&offset, &format!("{offset}1")))?.1;
        let renamed = bindings.replace(&format!("pt_regs::{name}\""), "pt_regs::other\"");
        equal(
            &compare(&renamed)?.1,
            &vec!["there is no `other`".to_owned()],
        )?;
        match &moved[..] {
            [one] if one.starts_with(&format!("`{name}` is at ")) => {}
            _ => return Err(format!("`{name}` is moved: {moved:?}")),
        }
    }
    match btf::types(&types[..64]).err() {
        Some(why) if why.starts_with("cannot read the BTF: ") => {}
        why => return Err(format!("the start of a file is not BTF: {why:?}")),
    }
    proof::checked("the running kernel's BTF", machine.name, fields.len());
    Ok(())
}

// This computer

/// The program, with the compiler that the other proofs use, in a folder without configuration.
fn doctor() -> Command {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_probe-abi-doctor"));
    doctor.current_dir(env::temp_dir()).env_remove("RUSTFLAGS");
    if let Some(toolchain) = Toolchain::with_core().ok().filter(|it| !it.builds_core()) {
        doctor.env("RUSTC", toolchain.rustc());
    }
    doctor
}

/// A report, and whether it says that all is well.
fn report(doctor: &mut Command) -> Result<(String, bool), String> {
    let said = doctor.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8(said.stdout).map_err(|error| error.to_string())?;
    let stderr = String::from_utf8_lossy(&said.stderr);
    let is_whole = text.starts_with("probe-abi-doctor ") && !stderr.contains("panicked");
    equal(&(is_whole, &text, &stderr), &(true, &text, &stderr))?;
    let is_good = !text.contains('✗');
    equal(&said.status.code(), &Some(i32::from(!is_good)))?;
    Ok((text, is_good))
}

fn this_computer() -> Result<(), String> {
    let (text, is_good) = report(&mut doctor())?;
    equal(&is_good, &true)?;
    let told = output(Command::new(Toolchain::with_core()?.rustc()).arg("-vV"))?;
    let line = |key| told.lines().find_map(|line| line.strip_prefix(key));
    let [rustc, llvm] = ["release: ", "LLVM version: "].map(|key| line(key).unwrap_or("?"));
    let linker = output(Command::new("bpf-linker").arg("--version"))?;
    let kernel = output(Command::new("uname").arg("-r"))?;
    let linker = linker.trim().trim_start_matches("bpf-linker ");
    for (part, versions) in [
        ("rustc", [rustc, llvm]),
        ("bpf-linker", [linker, "LLVM"]),
        ("pt_regs", [kernel.trim(), consts::ARCH]),
    ] {
        let start = format!("✓ {part} ");
        let row = text.lines().find(|line| line.starts_with(&start));
        let row = row.ok_or_else(|| format!("nothing good of {part} in\n{text}"))?;
        equal(&versions.map(|version| row.contains(version)), &[true; 2])?;
    }
    has(&text, "✓ together they build a probe")
}

/// A folder with a file.
fn folder(name: &str, file: &str, text: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    write_if_new(&folder.join(file), text).map(|()| folder)
}

/// cargo gives the doctor's trial the same value as a build in the folder.
fn configuration() -> Result<(), String> {
    let flags = r#"build.rustflags = ["--cfg", 'bpf_target_arch="riscv32"']"#;
    let folder = folder("doctor", ".cargo/config.toml", flags)?;
    let (text, _) = report(doctor().current_dir(folder))?;
    has(
        &text,
        "✓ machine `riscv32`, and this computer is another machine",
    )
}

fn other_linkers() -> Result<(), String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let of = |folders: &[PathBuf]| {
        let path = env::join_paths(folders).map_err(|error| error.to_string())?;
        report(doctor().env("PATH", path)).map(|(text, _)| text)
    };
    let fails = "#!/bin/sh\ntest $1 = --version && exec echo 0.0.1\necho it fails >&2; exit 1\n";
    folders.insert(0, folder("failing-linker", "bpf-linker", fails)?);
    let executable = Permissions::from_mode(0o755);
    let made = fs::set_permissions(folders[0].join("bpf-linker"), executable);
    made.map_err(|error| error.to_string())?;
    let failed = "✗ together error: linking with `bpf-linker` failed: exit status: 1; it fails";
    has(&of(&folders)?, failed)?;
    folders.retain(|folder| !folder.join("bpf-linker").exists());
    has(
        &of(&folders)?,
        "✗ bpf-linker there is no `bpf-linker` in PATH",
    )
}

fn without_environment() -> Result<(), String> {
    let (text, _) = report(doctor().env_clear())?;
    has(&text, "✗ rustc there is no `rustc` in PATH")
}

fn arguments() -> Result<(), String> {
    let version = format!("probe-abi-doctor {}\n", env!("CARGO_PKG_VERSION"));
    equal(&output(doctor().arg("--version"))?, &version)?;
    equal(
        &output(doctor().arg("--help"))?.starts_with("usage: "),
        &true,
    )?;
    let expected = "error: `--verbose x` is not accepted: give nothing, `--help` or `--version`\n";
    let refused = doctor().args(["--verbose", "x"]).output();
    let refused = refused.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&refused.stderr);
    equal(&(refused.status.code(), &*said), &(Some(1), expected))
}
