//! Promise: `cargo xtask doctor` tells a computer that can build and run probes from one that cannot, and
//! says what is missing and how to get it.
//!
//! Computers that are made up, one defect each; and the one that this runs on, compared with what other
//! sources say of it.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use aya::{programs::ProgramType, sys::is_program_supported};
use proofs::{
    bindings::{Bindings, Field},
    bpf::{root, which},
    btf,
    c::{self, Compiler},
    doctor::{
        Computer, Kernel, Layout, User,
        probes::{Kind, Refusal},
        settings::{Setting, settings},
        shortened,
        tools::{Linker, Program, Rust, Tools, llvm_in},
        version,
    },
    host::run,
    object::section,
    proof::{self, Proof},
    select::Endian,
};

fn main() {
    let pure = |name: &str, run: fn() -> Result<(), String>| Proof::new(name, Ok(()), run);
    let here = |name: &str, needs, run: fn() -> Result<(), String>| Proof::new(name, needs, run);
    proof::run(vec![
        pure("a healthy computer", healthy_is_good),
        pure("defects", defects_are_named),
        pure("what is optional", optional_parts_may_be_missing),
        pure("kernel names of machines", kernels_machines_are_rows),
        pure("selected machine", selected_machine),
        pure("settings", settings_are_read),
        pure("LLVM in a program", llvm_is_found),
        pure("users", users_are_read),
        pure("home folder", home_is_shortened),
        here(
            "BTF of another layout",
            kernel_btf(),
            moved_fields_are_named,
        ),
        here(
            "BTF of other machines",
            c::clang().map(drop),
            btf_of_other_machines,
        ),
        here("this computer", root_and_probes(), this_computer),
        here("without bpf-linker", Ok(()), without_bpf_linker),
        here("without an environment", Ok(()), without_environment),
        here("a folder's configuration", Ok(()), folder_configuration),
        here("nobody", root_and_probes(), nobody),
    ])
}

// What the proofs need.

fn kernel_btf() -> Result<(), String> {
    match fs::metadata(btf::RUNNING) {
        Ok(_) => own_bindings().map(drop),
        Err(error) => Err(format!("cannot read `{}`: {error}", btf::RUNNING)),
    }
}

fn root_and_probes() -> Result<(), String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    if !User::parse(&status).root {
        return Err("this user is not root".into());
    }
    match is_program_supported(ProgramType::KProbe) {
        Ok(true) => Ok(()),
        _ => Err("this kernel takes no programs of probes".into()),
    }
}

fn own_bindings() -> Result<Bindings, String> {
    let path = root().join(format!("build/bindings/{}.rs", env::consts::ARCH));
    let text = fs::read_to_string(&path);
    let text = text.map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    Ok(Bindings::parse(&text))
}

// Made-up computers.

fn program(name: &str) -> Program {
    Program {
        path: Path::new("/usr/bin").join(name),
        version: "1.2.3".into(),
    }
}

/// An x86_64 on which everything is there and works.
fn healthy() -> Computer {
    Computer {
        kernel: Kernel {
            release: "6.12.1".into(),
            machine: "x86_64".into(),
            endian: Endian::Little,
            programs: "x86_64".into(),
            settings: vec![("lockdown", "[none] integrity".into())],
            configuration: Some("CONFIG_KPROBE_EVENTS=y\n# CONFIG_FPROBE is not set\n".into()),
        },
        user: User {
            root: true,
            capabilities: vec!["bpf", "perfmon", "sys_admin"],
        },
        layout: Ok(Layout {
            fields: 21,
            differences: Vec::new(),
        }),
        probes: Kind::ALL.iter().map(|kind| (*kind, Ok(()))).collect(),
        tools: Tools {
            rust: Ok(Rust {
                toolchain: "/usr/bin/rustc with precompiled core".into(),
                version: "1.96.0".into(),
                llvm: "22.1.8".into(),
                inline_asm: true,
            }),
            linker: Ok(Linker {
                program: program("bpf-linker"),
                llvm: Some("22.1".into()),
            }),
            trial: Some(Ok(())),
            libclang: Ok(program("libclang.so")),
            clang: Ok(program("clang")),
            bpftool: Ok(program("bpftool")),
            gcc: Ok(program("gcc")),
            qemu: Ok(program("qemu-system-x86_64")),
        },
        settings: Vec::new(),
    }
}

fn refused(refusal: fn(String) -> Refusal, why: &str) -> Vec<(Kind, Result<(), Refusal>)> {
    let refused = |kind: &Kind| (*kind, Err(refusal(why.to_owned())));
    Kind::ALL.iter().map(refused).collect()
}

/// Whether a text has all of these lines, with however many blanks in them.
fn has(text: &str, expected: &[&str]) -> Result<(), String> {
    let lines: Vec<String> = text.lines().map(single_spaced).collect();
    for line in expected {
        if !lines.contains(&single_spaced(line)) {
            return Err(format!("there is no line `{line}` in\n{text}"));
        }
    }
    Ok(())
}

fn single_spaced(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn equal<T: PartialEq + std::fmt::Debug>(is: &T, should_be: &T) -> Result<(), String> {
    match is == should_be {
        true => Ok(()),
        false => Err(format!("{is:?} should be {should_be:?}")),
    }
}

/// Nothing is wrong, nothing is missing, and every line says so.
fn healthy_is_good() -> Result<(), String> {
    let computer = healthy();
    let text = computer.to_string();
    has(
        &text,
        &[
            "✓ machine x86_64, which is `x86_64`, little-endian",
            "✓ BTF `pt_regs` of the running kernel: 21 fields at the same offsets",
            "✓ kprobe.multi (fprobe) loaded and attached",
            "✓ bpf-linker /usr/bin/bpf-linker, 1.2.3, LLVM 22.1",
            "✓ reads of ctx by construction: the compiler takes inline assembly for BPF",
            "lockdown [none] integrity",
            "✓ a probe for `x86_64` can be built here, and run here",
        ],
    )?;
    equal(&computer.verdict().is_good(), &true)?;
    let wrong = text.lines().skip(2).find(|line| line.starts_with('✗'));
    equal(&wrong, &None)?;
    equal(&text.contains("\nmissing\n"), &false)
}

/// A defect of the healthy computer, and the lines that it makes.
type Defect = (fn(&mut Computer), &'static [&'static str]);

const DEFECTS: &[Defect] = &[
    (
        |computer| {
            let layout = Layout {
                fields: 21,
                differences: vec!["`rdi` is somewhere else".into()],
            };
            computer.layout = Ok(layout);
        },
        &[
            "✗ BTF `pt_regs` of the running kernel: `rdi` is somewhere else",
            "✗ a probe for `x86_64` can be built here, and not run: the kernel's `pt_regs` is another one",
        ],
    ),
    (
        |computer| {
            computer.user.root = false;
            computer.user.capabilities = vec!["perfmon"];
            computer.probes = refused(Refusal::Forbidden, "loading is not permitted");
        },
        &[
            "✗ user not root, with the capabilities perfmon",
            "✗ uprobe loading is not permitted",
            "permission run it as root, or with the capabilities `bpf` and `perfmon`",
            "✗ a probe for `x86_64` can be built here, and not run: this user may not load probes",
        ],
    ),
    (
        |computer| computer.probes = refused(Refusal::Absent, "there is none"),
        &[
            // The configuration explains, and does not decide.
            "– kprobe there is none (although CONFIG_KPROBE_EVENTS=y)",
            "– kprobe.multi (fprobe) there is none (CONFIG_FPROBE is not set)",
            "✗ a probe for `x86_64` can be built here, and not run: this kernel has no probes",
        ],
    ),
    (
        |computer| {
            computer.tools.linker = Err("there is no bpf-linker in PATH".into());
            computer.tools.trial = None;
        },
        &[
            "✗ bpf-linker there is no bpf-linker in PATH",
            "– together not tried",
            "bpf-linker `scripts/setup`, or `cargo install bpf-linker`",
            "✗ a probe for `x86_64` cannot be built here, but run: there is no bpf-linker",
        ],
    ),
    (
        |computer| {
            computer.tools.linker = Ok(Linker {
                program: program("bpf-linker"),
                llvm: Some("20.1.8".into()),
            });
            computer.tools.trial = Some(Err("`rustc` failed: error: linking failed".into()));
        },
        &[
            "✗ bpf-linker /usr/bin/bpf-linker, 1.2.3, LLVM 20.1.8: LLVM 20 does not read what rustc writes, \
             which has LLVM 22",
            "✗ together `rustc` failed: error: linking failed",
            "bpf-linker one of LLVM 22 or newer: `scripts/setup`, or `cargo install bpf-linker` (--force)",
            "✗ a probe for `x86_64` cannot be built here, but run: LLVM 20 does not read what rustc writes, \
             which has LLVM 22",
        ],
    ),
    (
        |computer| computer.tools.trial = Some(Err("`rustc` failed: error: why".into())),
        &[
            "✗ together `rustc` failed: error: why",
            "✗ a probe for `x86_64` cannot be built here, but run: compiler and linker do not build a program",
        ],
    ),
    (
        |computer| {
            computer.tools.rust = Err("no Rust toolchain has `core` for BPF".into());
            computer.tools.trial = None;
            computer.probes = refused(Refusal::Absent, "there is none");
        },
        &[
            "✗ Rust no Rust toolchain has `core` for BPF",
            "Rust for BPF `scripts/setup`, or `rustup toolchain install nightly --component rust-src`",
            "✗ a probe for `x86_64` can neither be built here nor run: there is no Rust for BPF; this kernel \
             has no probes",
        ],
    ),
    (
        |computer| computer.kernel.machine = "m68k".into(),
        &[
            "✗ machine m68k is not a probe target: Linux has neither kprobes nor uprobes there",
            "✗ a probe for `m68k` can neither be built here nor run: the machine is not known; this computer \
             is `m68k`",
        ],
    ),
    (
        |computer| computer.kernel.machine = "vax".into(),
        &["✗ machine vax is not in the table of machines"],
    ),
];

fn defects_are_named() -> Result<(), String> {
    for (defect, lines) in DEFECTS {
        let mut computer = healthy();
        defect(&mut computer);
        has(&computer.to_string(), lines)?;
        equal(&computer.verdict().is_good(), &false)?;
    }
    Ok(())
}

/// What nobody needs who only builds and runs a probe; and programs of 32 bits on a kernel of 64.
fn optional_parts_may_be_missing() -> Result<(), String> {
    let mut computer = healthy();
    computer.kernel.programs = "x86".into();
    computer.kernel.configuration = None;
    computer.layout = Err("there is no BTF".into());
    let kprobe = computer
        .probes
        .iter_mut()
        .find(|(kind, _)| *kind == Kind::Kprobe);
    kprobe.ok_or("the computer has kprobes")?.1 = Err(Refusal::Absent("there is none".into()));
    let tools = &mut computer.tools;
    for optional in [
        &mut tools.libclang,
        &mut tools.clang,
        &mut tools.bpftool,
        &mut tools.gcc,
        &mut tools.qemu,
    ] {
        *optional = Err("it is not there".into());
    }
    let rust = tools.rust.as_mut().map_err(|why| why.clone())?;
    rust.inline_asm = false;
    let linker = tools.linker.as_mut().map_err(|why| why.clone())?;
    linker.llvm = None;
    tools.trial = None;
    has(
        &computer.to_string(),
        &[
            "✓ machine x86_64, which is `x86_64`, little-endian; this program is one of `x86`, and its \
             probes see the kernel's `pt_regs`",
            "– BTF `pt_regs` of the running kernel is not compared: there is no BTF",
            "– kprobe there is none",
            "✓ bpf-linker /usr/bin/bpf-linker, 1.2.3, LLVM of which the version is not known",
            "– together not tried: it would take compiling `core`",
            "– reads of ctx fenced: the compiler takes no inline assembly for BPF (nightly does, or \
             `RUSTC_BOOTSTRAP=probe_abi`)",
            "– libclang it is not there (the crate's own bindings serve)",
            "– qemu it is not there",
            "gcc `scripts/setup test`, or `apt-get install gcc`",
            "✓ a probe for `x86_64` can be built here, and run here",
        ],
    )
}

/// What kernels call the machines that they run on: uname's word, and where that is another one, the
/// word of /proc/sys/kernel/arch.
const UNAME: &[(&str, &str)] = &[
    ("x86_64", "x86_64"),
    ("i686", "x86"),
    ("i386", "x86"),
    ("aarch64", "aarch64"),
    ("armv7l", "arm"),
    ("armv6l", "arm"),
    ("arm", "arm"),
    ("riscv64", "riscv64"),
    ("riscv32", "riscv32"),
    ("s390x", "s390x"),
    ("ppc64le", "powerpc64"),
    ("ppc64", "powerpc64"),
    ("ppc", "powerpc"),
    ("mips", "mips"),
    ("mips64", "mips64"),
    ("loongarch64", "loongarch64"),
    ("sparc64", "sparc64"),
];

fn kernels_machines_are_rows() -> Result<(), String> {
    for (machine, row) in UNAME {
        let mut kernel = healthy().kernel;
        kernel.machine = (*machine).to_owned();
        equal(&kernel.row().map(|row| row.name), &Some(*row))?;
    }
    Ok(())
}

fn setting(value: &str, origin: &str, endian: Option<Endian>) -> Setting {
    Setting {
        value: value.into(),
        origin: origin.into(),
        endian,
    }
}

fn selected_machine() -> Result<(), String> {
    let report = |settings: &[Setting]| {
        let mut computer = healthy();
        computer.settings = settings.to_vec();
        computer.to_string()
    };
    has(
        &report(&[]),
        &[
            "– machine none is, and a build for BPF asks for it: `--cfg bpf_target_arch=\"x86_64\"` among the rustflags in \
             .cargo/config.toml",
        ],
    )?;
    has(
        &report(&[setting("s390x", "a", None), setting("arm", "b", None)]),
        &[
            "✓ machine `s390x`, by a: its probes do not run on this computer",
            "– machine `arm`, by b: overruled by a",
            "✗ a probe for `s390x` can be built here, and not run: this computer is `x86_64`",
        ],
    )?;
    has(
        &report(&[
            setting("x86_64", "a", Some(Endian::Little)),
            setting("s390x", "b", None),
        ]),
        &[
            "✓ machine `x86_64` for bpfel-unknown-none, by a",
            "✓ machine `s390x`, by b: its probes do not run on this computer",
            "✓ a probe for `x86_64` can be built here, and run here",
        ],
    )?;
    has(
        &report(&[setting("s390x", "a", Some(Endian::Little))]),
        &[
            "✗ machine `s390x` for bpfel-unknown-none, by a: `s390x` is big-endian only, and \
             `bpfel-unknown-none` is little-endian; build for `s390x` with `--target bpfeb-unknown-none`",
        ],
    )?;
    has(
        &report(&[setting("amd64", "a", None)]),
        &[
            "✗ machine `amd64`, by a: `CARGO_CFG_BPF_TARGET_ARCH` names no machine that is known: `amd64`; \
             did you mean `x86_64`?",
        ],
    )
}

/// What `cargo config get --show-origin` prints.
const CONFIGURATION: &str = r#"build.rustflags = '--cfg bpf_target_arch="mips"' # /a/config.toml
env.CARGO_CFG_BPF_TARGET_ARCH.force = true # /a/config.toml
env.CARGO_CFG_BPF_TARGET_ARCH.value = "arm" # /b/config.toml
target.bpfeb-unknown-none.linker = "bpf-linker" # /c/config.toml
target.bpfel-unknown-none.rustflags = [
    "--cfg", # /c/config.toml
    "bpf_target_arch=\"aarch64\"", # /c/config.toml
]
# The following environment variables may affect the loaded values.
# CARGO_HOME=/bpf_target_arch=
"#;

fn settings_are_read() -> Result<(), String> {
    let arm = setting("arm", "[env] in /b/config.toml", None);
    let flags = [
        setting(
            "aarch64",
            "rustflags in /c/config.toml",
            Some(Endian::Little),
        ),
        setting("mips", "rustflags in /a/config.toml", None),
    ];
    let of = |configuration, variables: &[(&str, &str)]| {
        settings(configuration, |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let all = [&flags[..], std::slice::from_ref(&arm)].concat();
    equal(&of("", &[]), &vec![])?;
    equal(&of(CONFIGURATION, &[]), &all)?;
    // As `cargo xtask` exports it.
    let exported = ("CARGO_CFG_BPF_TARGET_ARCH", "arm");
    equal(&of(CONFIGURATION, &[exported]), &all)?;
    // Someone else's is before that of the configuration.
    let mine = setting("x86", "the variable `CARGO_CFG_BPF_TARGET_ARCH`", None);
    equal(
        &of(CONFIGURATION, &[("CARGO_CFG_BPF_TARGET_ARCH", "x86")]),
        &[&flags[..], &[mine, arm.clone()]].concat(),
    )?;
    // Cargo takes the variable's flags and none of the configuration's, whatever they are.
    equal(
        &of(CONFIGURATION, &[("RUSTFLAGS", "-Cdebuginfo=2")]),
        &vec![arm.clone()],
    )?;
    let encoded = "--cfg\u{1f}bpf_target_arch=\"s390x\"\u{1f}-Copt-level=3";
    equal(
        &of(CONFIGURATION, &[("CARGO_ENCODED_RUSTFLAGS", encoded)]),
        &vec![
            setting("s390x", "the variable `CARGO_ENCODED_RUSTFLAGS`", None),
            arm,
        ],
    )
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

fn users_are_read() -> Result<(), String> {
    for (uids, capabilities, root, has, may) in [
        ("0\t0\t0\t0", "000001ffffffffff", true, 3, true),
        (
            "1000\t1000\t1000\t1000",
            "0000000000000000",
            false,
            0,
            false,
        ),
        ("1000\t1000\t1000\t1000", "000000c000000000", false, 2, true),
        // Root of a container.
        ("0\t0\t0\t0", "00000080a80425fb", true, 1, false),
        ("0\t1000\t0\t0", "0000000000200000", false, 1, true),
    ] {
        let status = format!("Name:\tdoctor\nUid:\t{uids}\nCapInh:\tff\nCapEff:\t{capabilities}\n");
        let user = User::parse(&status);
        equal(
            &(user.root, user.capabilities.len(), user.may_load()),
            &(root, has, may),
        )?;
    }
    equal(&User::parse("").may_load(), &false)
}

fn home_is_shortened() -> Result<(), String> {
    let text = "/home/ann/.cargo /home/anna/x /usr";
    let home = |path: &str| Some(PathBuf::from(path));
    let short = "~/.cargo /home/anna/x /usr";
    equal(&shortened(text, home("/home/ann")).as_str(), &short)?;
    equal(&shortened(text, home("/home/ann/")).as_str(), &short)?;
    for nowhere in [None, home("/"), home("")] {
        equal(&shortened(text, nowhere).as_str(), &text)?;
    }
    Ok(())
}

// The kernel's own description of its types.

/// The running kernel's is not that of a struct in which one field is elsewhere, wider, or unheard of, or
/// that is longer.
fn moved_fields_are_named() -> Result<(), String> {
    let btf = fs::read(btf::RUNNING).map_err(|error| error.to_string())?;
    let kernel = btf::Btf::parse(&btf)?;
    let Bindings { size, fields, .. } = own_bindings()?;
    let differences = |size, fields: &[Field]| kernel.differences(env::consts::ARCH, size, fields);
    equal(&differences(size, &fields)?, &vec![])?;
    for index in 0..fields.len() {
        let with = |change: fn(&mut Field)| {
            let mut fields = fields.clone();
            change(&mut fields[index]);
            differences(size, &fields)
        };
        let name = &fields[index].name;
        let named = [
            (with(|field| field.offset += 8)?, format!("`{name}` is at ")),
            (with(|field| field.size *= 2)?, format!("`{name}` is at ")),
            (
                with(|field| field.name.push_str("_2"))?,
                format!("`{name}_2` is not in the kernel's"),
            ),
        ];
        for (differences, expected) in named {
            match &differences[..] {
                [only] if only.starts_with(&expected) => {}
                _ => return Err(format!("{expected}: {differences:?}")),
            }
        }
    }
    equal(&differences(1 << 20, &fields)?.len(), &1)?;
    match btf::Btf::parse(&btf[..64]) {
        Err(why) if why.starts_with("cannot read the BTF: ") => {}
        _ => return Err("the start of a file is not BTF".into()),
    }
    proof::checked(
        "the running kernel's BTF",
        env::consts::ARCH,
        1 + 2 * fields.len(),
    );
    Ok(())
}

/// The ways in which kernels write what the bindings hold: a union with the UAPI's struct, a struct in a
/// struct, halves of slots, padding.
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

fn btf_of_other_machines() -> Result<(), String> {
    for (machine, kernels) in KERNELS {
        let path = root().join(format!("build/bindings/{machine}.rs"));
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let Bindings { size, fields, .. } = Bindings::parse(&text);
        let kernel = btf::Btf::parse(&compiled(kernels)?)?;
        equal(&kernel.differences(machine, size, &fields)?, &vec![])?;
        proof::checked("BTF of made-up kernels", machine, 1 + 2 * fields.len());
    }
    Ok(())
}

/// The BTF that clang writes for a struct.
fn compiled(kernels: &str) -> Result<Vec<u8>, String> {
    let source = format!(
        "typedef unsigned long u64; typedef unsigned u32; typedef unsigned short u16;\n{kernels} regs;"
    );
    let bpf = Compiler::for_triple(c::clang()?, Endian::Little.bpf_target());
    section(&bpf.args(["-g"]).object(&source)?, ".BTF")
}

// This computer.

/// The maintainer's program, as `cargo xtask` builds it.
fn xtask() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .ok_or("cargo's folder for temporary files is in its target folder")?;
    let mut build = Command::new(env!("CARGO"));
    build
        .current_dir(root())
        .args(["build", "--quiet", "--package", "xtask", "--target-dir"])
        .arg(target);
    run(&mut build)?;
    Ok(target.join("debug/xtask"))
}

/// A report, and whether it says that all is well.
fn report(command: &mut Command) -> Result<(String, bool), String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .arg("doctor")
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    // Nobody is told of a panic, or anything else.
    equal(&String::from_utf8_lossy(&stderr).as_ref(), &"")?;
    let text = String::from_utf8(stdout).map_err(|error| error.to_string())?;
    let verdict = text.lines().last().unwrap_or_default();
    if !verdict.contains(" a probe for `") {
        return Err(format!("there is no verdict at the end of\n{text}"));
    }
    equal(&status.code(), &Some(i32::from(!verdict.starts_with('✓'))))?;
    Ok((text, status.success()))
}

/// How a report marks something.
fn mark(text: &str, what: &str) -> Result<char, String> {
    let line = text.lines().find(|line| {
        let rest = line.chars().skip(2).collect::<String>();
        rest.strip_prefix(what)
            .is_some_and(|rest| rest.starts_with("  "))
    });
    line.and_then(|line| line.chars().next())
        .ok_or_else(|| format!("nothing is said of {what} in\n{text}"))
}

/// What the kernel's own list of its functions says, and the folder of its events.
fn this_computer() -> Result<(), String> {
    let (text, _) = report(&mut Command::new(xtask()?))?;
    let functions = fs::read_to_string("/proc/kallsyms").map_err(|error| error.to_string())?;
    let functions: BTreeSet<&str> = functions
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    if !functions.contains("emergency_restart") {
        return Err("/proc/kallsyms does not have what every kernel has".into());
    }
    let devices = Path::new("/sys/bus/event_source/devices");
    for (what, is_there) in [
        ("uprobe", devices.join("uprobe").exists()),
        ("uretprobe", functions.contains("uprobe_register")),
        ("kprobe", devices.join("kprobe").exists()),
        ("kretprobe", functions.contains("register_kretprobe")),
        (
            "kprobe.multi (fprobe)",
            functions.contains("register_fprobe"),
        ),
        ("perf_event", functions.contains("perf_event_set_bpf_prog")),
        ("BTF", Path::new(btf::RUNNING).exists()),
        ("bpftool", which("bpftool").is_some()),
    ] {
        let expected = if is_there { '✓' } else { '–' };
        equal(&(what, mark(&text, what)?), &(what, expected))?;
    }
    let release = Command::new("uname").arg("-r").output();
    let release = release.map_err(|error| error.to_string())?.stdout;
    has(
        &text,
        &[
            &format!("kernel {}", String::from_utf8_lossy(&release)),
            &format!("probe-abi {}", version()),
        ],
    )
}

fn without_bpf_linker() -> Result<(), String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).filter(|folder| !folder.join("bpf-linker").exists());
    let path = env::join_paths(folders).map_err(|error| error.to_string())?;
    let (text, is_good) = report(Command::new(xtask()?).env("PATH", path))?;
    equal(&is_good, &false)?;
    has(
        &text,
        &[
            "✗ bpf-linker there is no bpf-linker in PATH",
            "bpf-linker `scripts/setup`, or `cargo install bpf-linker`",
        ],
    )?;
    let verdict = text.lines().last().unwrap_or_default();
    equal(&verdict.contains("there is no bpf-linker"), &true)
}

fn without_environment() -> Result<(), String> {
    let (text, is_good) = report(Command::new(xtask()?).env_clear())?;
    equal(&is_good, &false)?;
    has(&text, &["– clang there is no clang in PATH"])
}

fn folder_configuration() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doctor-folder");
    let configuration = folder.join(".cargo/config.toml");
    fs::create_dir_all(folder.join(".cargo"))
        .and_then(|()| {
            fs::write(
                &configuration,
                "[env]\nCARGO_CFG_BPF_TARGET_ARCH = \"sparc64\"\n",
            )
        })
        .map_err(|error| error.to_string())?;
    let mut doctor = Command::new(xtask()?);
    doctor
        .current_dir(&folder)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_CFG_BPF_TARGET_ARCH")
        .env("HOME", &folder);
    let (text, is_good) = report(&mut doctor)?;
    equal(&is_good, &false)?;
    has(
        &text,
        &[
            "✓ machine `sparc64`, by [env] in ~/.cargo/config.toml: its probes do not run on this computer",
        ],
    )
}

/// Whoever may load nothing is told so, and what it takes.
fn nobody() -> Result<(), String> {
    const NOBODY: u32 = 65534;
    // Somewhere that nobody may look into.
    let folder = env::temp_dir().join(format!("probe-abi-doctor-test-{}", std::process::id()));
    let program = folder.join("xtask");
    let copied = fs::create_dir(&folder)
        .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)))
        .map_err(|error| error.to_string())
        .and_then(|()| {
            // In a process of its own: see tests/tracer.rs.
            let copied = Command::new("cp").arg(xtask()?).arg(&program).status();
            copied.map_err(|error| error.to_string())
        });
    let reported = copied.and_then(|_| {
        let mut doctor = Command::new(&program);
        report(doctor.current_dir("/").uid(NOBODY).gid(NOBODY))
    });
    fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let (text, is_good) = reported?;
    equal(&is_good, &false)?;
    has(
        &text,
        &[
            "✗ user not root, without the capabilities of loading a probe",
            "✗ uprobe loading is not permitted",
            "✗ perf_event loading is not permitted",
            "permission run it as root, or with the capabilities `bpf` and `perfmon`",
        ],
    )
}
