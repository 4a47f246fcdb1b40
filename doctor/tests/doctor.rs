//! Promise: the doctor tells a computer that can build probes from one that cannot, and says what is missing and how to get
//! it.
//!
//! Computers that are made up, one defect each; and the one that this runs on, compared with what other sources say of it.

use std::{
    env::{self, consts},
    fs,
    path::Path,
    process::Command,
};

use probe_abi_doctor::{Computer, Core, Program, btf, layout, llvm_in, shortened};
use proofs::{
    bpf::Toolchain,
    host::output,
    proof::{self, Proof, none},
    select::Machine,
};

fn main() {
    let proof = |name: &str, needs, run: fn() -> Result<(), String>| Proof::new(name, needs, run);
    let toolchain = || Toolchain::find().map(drop);
    proof::run(vec![
        proof("made-up computers", Ok(()), made_up_computers),
        proof("LLVM in a program", Ok(()), llvm_is_found),
        proof("home folder", Ok(()), home_is_shortened),
        proof("arguments", Ok(()), arguments),
        proof(
            "BTF of another layout",
            types().map(drop),
            moved_fields_are_named,
        ),
        proof(
            "this computer",
            toolchain().and(types().map(drop)),
            this_computer,
        ),
        proof(
            "a folder's configuration",
            toolchain(),
            folder_configuration,
        ),
        proof("without bpf-linker", toolchain(), without_bpf_linker),
        proof("without an environment", Ok(()), without_environment),
    ])
}

fn equal<T: PartialEq + std::fmt::Debug>(is: &T, should_be: &T) -> Result<(), String> {
    match is == should_be {
        true => Ok(()),
        false => Err(format!("{is:?} should be {should_be:?}")),
    }
}

/// Whether a text has all of these lines, with however many blanks in them.
fn has(text: &str, expected: &[impl AsRef<str>]) -> Result<(), String> {
    let single_spaced = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(single_spaced).collect();
    let missing = expected.iter().map(|line| single_spaced(line.as_ref()));
    let missing = missing.filter(|line| !lines.contains(line));
    none(missing.map(|line| format!("there is no line `{line}` in\n{text}")))
}

// Made-up computers

fn program(path: &str, version: &str, llvm: &str) -> Program {
    Program {
        path: path.into(),
        version: version.into(),
        llvm: Some(llvm.into()),
    }
}

/// An x86_64 on which everything is there and works.
fn healthy() -> Computer {
    Computer {
        kernel: "Linux 6.12.1 x86_64".into(),
        rustc: Ok((
            program("/usr/bin/rustc", "1.96.0", "22.1.8"),
            Core::Precompiled,
        )),
        linker: Ok(program("/opt/bpf-linker", "0.13.0", "22.1")),
        trial: Some(Ok(())),
        selected: Some("x86_64".into()),
        libclang: Some("clang version 22".into()),
        layout: Ok((21, Vec::new())),
    }
}

/// What is changed of the healthy computer, whether that is still good, and the lines that it makes.
type Case = (fn(&mut Computer), bool, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        |_| {},
        true,
        &[
            "✓ rustc 1.96.0, LLVM 22.1.8, /usr/bin/rustc, with `core` for BPF",
            "✓ bpf-linker 0.13.0, LLVM 22.1, /opt/bpf-linker",
            "✓ together they build a probe",
            "✓ libclang clang version 22",
            "✓ machine `x86_64`",
            "✓ pt_regs Linux 6.12.1 x86_64: all 21 fields are at the same offsets",
            "✓ probes can be built here",
        ],
    ),
    (
        |it| it.rustc = Err("there is no `rustc` in PATH".into()),
        false,
        &[
            "✗ rustc there is no `rustc` in PATH",
            "→ rustup, from https://rustup.rs",
            "✗ probes cannot be built here, or read other registers",
        ],
    ),
    (
        |it| {
            it.rustc = Ok((program("rustc", "1.96.0", "22.1.8"), Core::Missing));
            (it.trial, it.selected) = (None, None);
        },
        false,
        &[
            "✗ rustc 1.96.0, LLVM 22.1.8, rustc, without `core` for BPF",
            "→ `rustup toolchain install nightly --component rust-src`",
            "– together not tried, because one of them is missing",
            "– machine not known, because nothing was built",
        ],
    ),
    (
        |it| it.rustc = Ok((program("rustc", "1.97.0-nightly", "22.1.8"), Core::Nightly)),
        true,
        &["✓ rustc 1.97.0-nightly, LLVM 22.1.8, rustc, with `cargo +nightly -Z build-std=core`"],
    ),
    (
        |it| it.linker = Err("there is no `bpf-linker` in PATH".into()),
        false,
        &[
            "✗ bpf-linker there is no `bpf-linker` in PATH",
            "→ `cargo install bpf-linker --force`",
        ],
    ),
    (
        |it| it.linker = Ok(program("bpf-linker", "0.9.15", "20.1.8")),
        false,
        &[
            "✗ bpf-linker 0.9.15, LLVM 20.1.8, bpf-linker: it does not read what LLVM 22 of rustc writes",
            "→ `cargo install bpf-linker --force`, with LLVM 22 or newer",
        ],
    ),
    (
        |it| it.linker = Ok(program("bpf-linker", "0.14.0", "23.1")),
        true,
        &["✓ bpf-linker 0.14.0, LLVM 23.1, bpf-linker"],
    ),
    (
        |it| it.trial = Some(Err("error: linking failed".into())),
        false,
        &["✗ together error: linking failed"],
    ),
    (
        |it| it.libclang = None,
        true,
        &[
            "– libclang missing, and only the feature `bindgen` asks for it",
            "→ `apt-get install libclang1`, or `LIBCLANG_PATH` set to its folder",
        ],
    ),
    (
        |it| it.selected = Some("arm".into()),
        true,
        &["✓ machine `arm`, and this computer is another machine"],
    ),
    (
        |it| it.layout = Ok((21, vec!["`di` is at 8, and here at 112".into()])),
        false,
        &["✗ pt_regs Linux 6.12.1 x86_64: `di` is at 8, and here at 112"],
    ),
    (
        |it| it.layout = Err("there is no BTF".into()),
        true,
        &["– pt_regs Linux 6.12.1 x86_64: not compared, because there is no BTF"],
    ),
];

fn made_up_computers() -> Result<(), String> {
    for (change, is_good, lines) in CASES {
        let mut computer = healthy();
        change(&mut computer);
        has(&computer.to_string(), lines)?;
        equal(&computer.is_good(), is_good)?;
    }
    // A value that is refused, as a build refuses it.
    let mut computer = healthy();
    computer.selected = Some("amd64".into());
    let text = computer.to_string();
    let refused = ["✗ machine", "names no machine", "did you mean `x86_64`"];
    equal(&refused.map(|part| text.contains(part)), &[true; 3])
}

fn llvm_is_found() -> Result<(), String> {
    for (program, version) in [
        (&b"\x7fELF\0libLLVM.so.22.1\0libc.so.6\0"[..], Some("22.1")),
        (b"libLLVM-17.so.1\0", Some("17")),
        (
            b"LLVM_PATH\0LLVM 22 builds\0LLVM19\0LLVM19.1.7\0",
            Some("19.1.7"),
        ),
        (b"LLVM19.1.7\0libLLVM.so.21.1\0", Some("21.1")),
        (b"LLVM 22 builds also support\0", None),
        (b"ends in LLVM", None),
    ] {
        equal(&llvm_in(program).as_deref(), &version)?;
    }
    Ok(())
}

fn home_is_shortened() -> Result<(), String> {
    let text = "/home/ann/.cargo /home/anna/x /usr";
    let short = "~/.cargo /home/anna/x /usr";
    for (home, expected) in [
        (Some("/home/ann"), short),
        (Some("/home/ann/"), short),
        (Some("/"), text),
        (Some(""), text),
        (None, text),
    ] {
        equal(&shortened(text, home.map(Path::new)).as_str(), &expected)?;
    }
    Ok(())
}

/// The running kernel's, if the library knows its machine.
fn types() -> Result<(&'static Machine, Vec<u8>), String> {
    let machine = Machine::named(consts::ARCH).ok_or("this is none of the machines")?;
    let types = fs::read(btf::RUNNING);
    types
        .map(|types| (machine, types))
        .map_err(|error| format!("cannot read its BTF: {error}"))
}

/// Each field is named, alone, if it is elsewhere or is called otherwise.
fn moved_fields_are_named() -> Result<(), String> {
    let (machine, types) = types()?;
    let kernel = btf::types(&types)?;
    let compare = |bindings: &str| layout(machine.name, bindings, &kernel);
    let bindings = machine.bindings;
    let (fields, _) = compare(bindings)?;
    equal(&compare(bindings)?, &(fields, Vec::new()))?;
    let names = bindings.split("\"Offset of field: pt_regs::").skip(1);
    let names: Vec<&str> = names.filter_map(|text| text.split('"').next()).collect();
    equal(&names.len(), &fields)?;
    for name in names {
        let of_field = format!("offset_of!(pt_regs, {name}) - ");
        let moved = compare(&bindings.replace(&of_field, &format!("{of_field}1")))?.1;
        let renamed = bindings.replace(&format!("pt_regs::{name}\""), "pt_regs::other\"");
        let renamed = compare(&renamed)?.1;
        match (&moved[..], &renamed[..]) {
            ([one], [other]) if one.starts_with(&format!("`{name}` is at ")) => {
                equal(&other.as_str(), &"there is no `other`")?;
            }
            _ => return Err(format!("`{name}`: {moved:?}, {renamed:?}")),
        }
    }
    match btf::types(&types[..64]).err() {
        Some(why) if why.starts_with("cannot read the BTF: ") => {}
        why => return Err(format!("the start of a file is not BTF: {why:?}")),
    }
    proof::checked("the running kernel's BTF", machine.name, fields);
    Ok(())
}

// This computer

/// The program, told which compiler the other proofs take, in a folder without configuration.
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
    equal(&stderr.contains("panicked"), &false)?;
    equal(&text.starts_with("probe-abi-doctor "), &true)?;
    let is_good = !text.contains('✗');
    equal(&said.status.code(), &Some(i32::from(!is_good)))?;
    Ok((text, is_good))
}

fn this_computer() -> Result<(), String> {
    let (text, is_good) = report(&mut doctor())?;
    equal(&is_good, &true)?;
    let told = output(Command::new(Toolchain::with_core()?.rustc()).arg("-vV"))?;
    let line = |key| {
        told.lines()
            .find_map(|line| line.strip_prefix(key))
            .unwrap_or("?")
    };
    let rustc = format!("{}, LLVM {}, ", line("release: "), line("LLVM version: "));
    let linker = output(Command::new("bpf-linker").arg("--version"))?;
    let linker = linker.trim().replace("bpf-linker ", "");
    let kernel = output(Command::new("uname").arg("-r"))?;
    for (part, version) in [
        ("rustc", &*rustc),
        ("bpf-linker", &*linker),
        ("pt_regs", kernel.trim()),
    ] {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("✓ {part} ")));
        equal(&row.is_some_and(|row| row.contains(version)), &true)?;
    }
    has(&text, &["✓ together they build a probe"])
}

/// cargo tells the doctor's trial what it tells a build in the folder.
fn folder_configuration() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doctor");
    let configuration = "[target.'cfg(target_arch = \"bpf\")']\nrustflags = [\"--cfg\", 'bpf_target_arch=\"riscv32\"']";
    fs::create_dir_all(folder.join(".cargo"))
        .and_then(|()| fs::write(folder.join(".cargo/config.toml"), configuration))
        .map_err(|error| error.to_string())?;
    let (text, _) = report(doctor().current_dir(folder))?;
    has(
        &text,
        &["✓ machine `riscv32`, and this computer is another machine"],
    )
}

fn without_bpf_linker() -> Result<(), String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).filter(|folder| !folder.join("bpf-linker").exists());
    let path = env::join_paths(folders).map_err(|error| error.to_string())?;
    let (text, is_good) = report(doctor().env("PATH", path))?;
    equal(&is_good, &false)?;
    has(&text, &["✗ bpf-linker there is no `bpf-linker` in PATH"])
}

fn without_environment() -> Result<(), String> {
    let (text, is_good) = report(doctor().env_clear())?;
    equal(&is_good, &false)?;
    has(&text, &["✗ rustc there is no `rustc` in PATH"])
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
    equal(
        &(
            refused.status.code(),
            &*String::from_utf8_lossy(&refused.stderr),
        ),
        &(Some(1), expected),
    )
}
