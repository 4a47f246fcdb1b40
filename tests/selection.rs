//! The machine that a build is for, and the error if there is none.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    sync::LazyLock,
};

use proofs::select::{Endian, MACHINES, Machine, Selection, Target, select};
use proptest::prelude::*;

const BPFEL: Target = Target {
    arch: "bpf",
    endian: Endian::Little,
};
const BPFEB: Target = Target {
    arch: "bpf",
    endian: Endian::Big,
};
const HOST: Target = Target {
    arch: "x86_64",
    endian: Endian::Little,
};
const BIG_HOST: Target = Target {
    arch: "s390x",
    endian: Endian::Big,
};
const TARGETS: [Target; 4] = [BPFEL, BPFEB, HOST, BIG_HOST];

static ACCEPTED: LazyLock<String> = LazyLock::new(|| format!("accepted: {}", names(|_| true)));
static ACCEPTED_LITTLE: LazyLock<String> = LazyLock::new(|| {
    let (these, others) = (
        names(|machine| machine.variant(Endian::Little).is_some()),
        names(|machine| machine.variant(Endian::Little).is_none()),
    );
    format!("accepted: {these}; only with `--target bpfeb-unknown-none`: {others}")
});
static ACCEPTED_BIG: LazyLock<String> = LazyLock::new(|| {
    let (these, others) = (
        names(|machine| machine.variant(Endian::Big).is_some()),
        names(|machine| machine.variant(Endian::Big).is_none()),
    );
    format!("accepted: {these}; only with `--target bpfel-unknown-none`: {others}")
});

/// Rows of the table, as an error lists them.
fn names(which: impl Fn(&Machine) -> bool) -> String {
    let rows = MACHINES.iter().filter(|machine| which(machine));
    let names: Vec<String> = rows.map(|machine| format!("`{}`", machine.name)).collect();
    names.join(", ")
}

/// The lines of the error for a value.
fn error(value: &str, target: Target<'_>) -> Vec<String> {
    match select(Some(OsStr::new(value)), None, target) {
        Ok(Selection { machine, .. }) => panic!("{value:?} selects {}", machine.name),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

#[test]
fn every_row_selects_itself() {
    for machine in MACHINES {
        for target in TARGETS {
            let selection = select(Some(OsStr::new(machine.name)), None, target);
            if target.arch != "bpf" || machine.variant(target.endian).is_some() {
                let warning = None;
                assert_eq!(selection, Ok(Selection { machine, warning }));
            } else {
                assert!(selection.is_err(), "{} in {}", machine.name, target.endian);
            }
        }
    }
}

#[test]
fn endianness_that_the_machine_does_not_have() {
    for (name, target, wrong, way_out) in [
        (
            "x86_64",
            BPFEB,
            "little-endian only, and `bpfeb-unknown-none` is big-endian",
            "bpfel-unknown-none",
        ),
        (
            "loongarch64",
            BPFEB,
            "little-endian only, and `bpfeb-unknown-none` is big-endian",
            "bpfel-unknown-none",
        ),
        (
            "s390x",
            BPFEL,
            "big-endian only, and `bpfel-unknown-none` is little-endian",
            "bpfeb-unknown-none",
        ),
        (
            "sparc64",
            BPFEL,
            "big-endian only, and `bpfel-unknown-none` is little-endian",
            "bpfeb-unknown-none",
        ),
    ] {
        let expected = [
            format!("`{name}` is {wrong}"),
            format!("build for `{name}` with `--target {way_out}`"),
        ];
        assert_eq!(error(name, target), expected);
    }
}

/// The lines of the error if no machine is named, with a value for aya-ebpf or without.
fn nothing(of_aya: Option<&OsStr>, target: Target<'_>) -> Vec<String> {
    match select(None, of_aya, target) {
        Ok(Selection { machine, .. }) => panic!("nothing selects {}", machine.name),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

#[test]
fn nothing_selected_on_bpf() {
    for (target, expected) in [
        (
            BPFEL,
            [
                "no machine is named, and `bpfel-unknown-none` does not tell which machine the probe will \
                 run on",
                "name it in .cargo/config.toml: `[target.bpfel-unknown-none]`, and below it `rustflags = \
                 [\"--cfg\", 'bpf_target_arch=\"x86_64\"']`",
                "cargo takes rustflags from one place only: the variable `RUSTFLAGS` hides those of \
                 .cargo/config.toml, and `target.bpfel-unknown-none.rustflags` hides `build.rustflags`",
                "without Aya, the variable `CARGO_CFG_BPF_TARGET_ARCH` also names it: \
                 `CARGO_CFG_BPF_TARGET_ARCH=x86_64 cargo build …`",
                &ACCEPTED_LITTLE,
            ],
        ),
        (
            BPFEB,
            [
                "no machine is named, and `bpfeb-unknown-none` does not tell which machine the probe will \
                 run on",
                "name it in .cargo/config.toml: `[target.bpfeb-unknown-none]`, and below it `rustflags = \
                 [\"--cfg\", 'bpf_target_arch=\"aarch64\"']`",
                "cargo takes rustflags from one place only: the variable `RUSTFLAGS` hides those of \
                 .cargo/config.toml, and `target.bpfeb-unknown-none.rustflags` hides `build.rustflags`",
                "without Aya, the variable `CARGO_CFG_BPF_TARGET_ARCH` also names it: \
                 `CARGO_CFG_BPF_TARGET_ARCH=aarch64 cargo build …`",
                &ACCEPTED_BIG,
            ],
        ),
    ] {
        assert_eq!(nothing(None, target), expected);
    }
}

/// The line for .cargo/config.toml is right as copied: cargo would give the named value.
#[test]
fn the_line_for_the_configuration_is_toml() {
    for (target, machine) in [(BPFEL, "x86_64"), (BPFEB, "aarch64")] {
        let lines = nothing(None, target);
        let quoted: Vec<&str> = lines[1].split('`').skip(1).step_by(2).collect();
        let configuration: toml::Table = quoted.join("\n").parse().unwrap();
        let flags = &configuration["target"][target.endian.bpf_target()]["rustflags"];
        let expected = ["--cfg", &format!("bpf_target_arch={machine:?}")].map(toml::Value::from);
        assert_eq!(flags.as_array().unwrap(), &expected);
    }
}

#[test]
fn named_to_aya_alone() {
    for (value, shown, example) in [
        ("s390x", "`s390x`", [None, Some("s390x")]),
        ("riscv64", "`riscv64`", [Some("riscv64"), None]),
        ("arm", "`arm`", [Some("arm"), Some("arm")]),
        ("arm64", "`arm64`", [None, None]),
        ("", "``", [None, None]),
        ("\n", "`\\n`", [None, None]),
    ] {
        for (target, meant) in [BPFEL, BPFEB].into_iter().zip(example) {
            let mut expected = nothing(None, target);
            if let Some(meant) = meant {
                let usual = if target.endian == Endian::Little {
                    "x86_64"
                } else {
                    "aarch64"
                };
                expected[1] = expected[1].replace(usual, meant);
                expected[3] = expected[3].replace(usual, meant);
            }
            let line = format!(
                "`AYA_BPF_TARGET_ARCH` is set to {shown}, and only aya-ebpf reads it: `--cfg \
                 bpf_target_arch` names the machine to every crate"
            );
            expected.insert(3, line);
            assert_eq!(nothing(Some(OsStr::new(value)), target), expected);
        }
    }
    // If the machine is known, there is no message about aya-ebpf's value.
    let of_aya = Some(OsStr::new("mips"));
    for (value, target, name) in [(Some("arm"), BPFEL, "arm"), (None, HOST, "x86_64")] {
        let selection = select(value.map(OsStr::new), of_aya, target).expect("a machine");
        assert_eq!((selection.machine.name, selection.warning), (name, None));
    }
    let other = error("arm64", BPFEL).join("\n");
    let selection = select(Some(OsStr::new("arm64")), of_aya, BPFEL);
    assert_eq!(selection.map_err(|error| error.to_string()), Err(other));
}

#[test]
fn paths() {
    for (value, name) in [
        ("/home/me/probe/x86_64", "x86_64"),
        ("/x86_64", "x86_64"),
        ("../x86_64", "x86_64"),
        (r"C:\probes\my probe\amd64", "x86_64"),
        ("/home/me/arm/riscv64gc-unknown-linux-gnu", "riscv64"),
    ] {
        let expected = [
            &*format!(
                "`CARGO_CFG_BPF_TARGET_ARCH` is a path, and no machine's name is a path: `{}`",
                value.escape_debug()
            ),
            "`relative = true` in `[env]` of .cargo/config.toml turns a name into a path: leave it out",
            &format!("did you mean `{name}`?"),
            &ACCEPTED_LITTLE,
        ];
        assert_eq!(error(value, BPFEL), expected);
    }
    for value in ["/", "/home/me/x86_64/", "/home/me/nonsense", "x86_64/bin"] {
        let wrong =
            format!("`CARGO_CFG_BPF_TARGET_ARCH` names no machine that is known: `{value}`");
        assert_eq!(error(value, BPFEL)[0], wrong);
    }
}

#[test]
fn long_values_are_cut() {
    let shown = |value: &str| error(value, BPFEL)[0].clone();
    let names_no = "`CARGO_CFG_BPF_TARGET_ARCH` names no machine that is known: ";
    let whole = "n".repeat(80);
    assert_eq!(shown(&whole), format!("{names_no}`{whole}`"));
    assert_eq!(
        shown(&format!("{whole}n")),
        format!("{names_no}`{whole}…` (81 characters)")
    );
    // The value is cut between characters, before they are escaped.
    let strange = "\n☃".repeat(5000);
    let cut = r"\n☃".repeat(40);
    assert_eq!(
        shown(&strange),
        format!("{names_no}`{cut}…` (10000 characters)")
    );

    let list = format!("{},", "arm,".repeat(3000));
    let path = format!("/{}/arm", "folder/".repeat(3000));
    let not_a_target = format!("arc-{}", "x".repeat(3000));
    for value in [
        &*list,
        &path,
        &not_a_target,
        &" ".repeat(3000),
        &"n".repeat(1 << 20),
    ] {
        for target in TARGETS {
            let error = error(value, target);
            assert!(error.iter().all(|line| line.len() < 300), "{error:?}");
        }
    }
    let bytes = [0xff; 3000];
    let error = select(Some(OsStr::from_bytes(&bytes)), None, BPFEL)
        .unwrap_err()
        .to_string();
    assert!(error.contains("…` (3000 characters)"), "{error}");
    assert!(error.len() < 700, "{error}");
    assert!(
        nothing(Some(OsStr::from_bytes(&bytes)), BPFEL)
            .iter()
            .all(|line| line.len() < 500)
    );
}

#[test]
fn nothing_selected_on_a_host() {
    for machine in MACHINES {
        for variant in machine.variants {
            let target = Target {
                arch: machine.name,
                endian: variant.endian,
            };
            let warning = None;
            assert_eq!(
                select(None, None, target),
                Ok(Selection { machine, warning })
            );
        }
    }
    // Rust's `target_arch` has names for revisions of two machines.
    for (arch, name) in [("mips32r6", "mips"), ("mips64r6", "mips64")] {
        let target = Target { arch, ..BIG_HOST };
        let selection = select(None, None, target).expect("a host is always served");
        assert_eq!((selection.machine.name, selection.warning), (name, None));
    }
}

#[test]
fn nothing_selected_on_a_host_that_is_no_row() {
    for arch in ["wasm32", "avr", "csky", "sparc", "m68k", "hexagon"] {
        let selection =
            select(None, None, Target { arch, ..HOST }).expect("a host is always served");
        assert_eq!(selection.machine.name, "x86_64");
        let warning = format!(
            "`{arch}` is not a machine that probes run on, so this build has the types of `x86_64`; \
             set `CARGO_CFG_BPF_TARGET_ARCH` to choose"
        );
        assert_eq!(selection.warning, Some(warning));
    }
}

#[test]
fn empty() {
    let hint = |example| {
        format!(
            "`--cfg bpf_target_arch` without a value has the same effect: write `--cfg \
             bpf_target_arch=\"{example}\"`"
        )
    };
    let wrong = "`CARGO_CFG_BPF_TARGET_ARCH` is empty: ";
    for (value, shown) in [
        ("", "``"),
        (" ", "` `"),
        ("\n", "`\\n`"),
        ("\t \r", "`\\t \\r`"),
    ] {
        for (target, example, accepted) in [
            (BPFEL, "x86_64", &ACCEPTED_LITTLE),
            (BPFEB, "aarch64", &ACCEPTED_BIG),
            (HOST, "x86_64", &ACCEPTED),
        ] {
            let expected = [
                format!("{wrong}{shown}"),
                hint(example),
                accepted.to_string(),
            ];
            assert_eq!(error(value, target), expected);
        }
    }
}

#[test]
fn several() {
    for value in [
        "arm,x86_64",
        "x86_64,x86_64",
        "x86_64,",
        ",",
        "arm, mips, sparc64",
    ] {
        let expected = [
            &*format!(
                "`CARGO_CFG_BPF_TARGET_ARCH` is a list, and a build is for one machine: `{value}`"
            ),
            "`--cfg bpf_target_arch` given twice has the same effect: name one machine, and build once \
             for each",
            &ACCEPTED_LITTLE,
        ];
        assert_eq!(error(value, BPFEL), expected);
    }
}

#[test]
fn not_utf8() {
    for (bytes, shown) in [
        (&b"x86\xff64"[..], "`x86\u{fffd}64`"),
        (b"\xc3", "`\u{fffd}`"),
    ] {
        let error = select(Some(OsStr::from_bytes(bytes)), None, BPFEL).expect_err("it is no row");
        let accepted = &*ACCEPTED_LITTLE;
        let expected = format!("`CARGO_CFG_BPF_TARGET_ARCH` is not UTF-8: {shown}\n{accepted}");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn not_a_probe_target() {
    const ARC: &str =
        "its `pt_regs` is not the one that Linux promises, and changed between Linux 6.1 and 6.12";
    const NO_PROBES: &str = "Linux has neither kprobes nor uprobes there";
    const SPARC: &str = "of the SPARC machines, Linux has kprobes and uprobes on `sparc64` alone";
    const CSKY: &str = "each of its two ABIs has another `pt_regs`, and this crate knows neither";
    const UNKNOWN: &str = "Linux has no uprobes there, and this crate does not know the registers that its kprobes get";
    for (value, why) in [
        ("arc", ARC),
        ("ARC", ARC),
        ("arc-unknown-linux-gnu", ARC),
        ("alpha", NO_PROBES),
        ("hexagon", NO_PROBES),
        ("m68k", NO_PROBES),
        ("xtensa", NO_PROBES),
        ("sparc", SPARC),
        ("sparc-unknown-linux-gnu", SPARC),
        ("csky", CSKY),
        ("csky-unknown-linux-gnuabiv2", CSKY),
        ("parisc", UNKNOWN),
        ("hppa", UNKNOWN),
        ("sh", UNKNOWN),
        ("sh4", UNKNOWN),
    ] {
        let wrong = format!("`{value}` is not a probe target: {why}");
        assert_eq!(error(value, BPFEL), [&*wrong, &ACCEPTED_LITTLE]);
        assert_eq!(error(value, HOST), [&*wrong, &ACCEPTED]);
    }
}

/// The second line of the error for a value, with `bpfel-unknown-none`, with `bpfeb-unknown-none`, and on a host.
#[test]
fn likely_intentions() {
    let nothing = [""; 3];
    let plainly = |name: &str| format!("did you mean `{name}`?");
    let with = |name: &str, target: &str| {
        format!("did you mean `{name}`, built with `--target {target}-unknown-none`?")
    };
    let or = |name: &str, target: &str, endian: &str| {
        format!(
            "did you mean `{name}`, built with `--target {target}-unknown-none`, or in \
             {endian}-endian, as it is built now?"
        )
    };
    let little = |name: &str| [plainly(name), with(name, "bpfel"), plainly(name)];
    let big = |name: &str| [with(name, "bpfeb"), plainly(name), plainly(name)];
    let little_of_both =
        |name: &str| [plainly(name), or(name, "bpfel", "big"), with(name, "bpfel")];
    let big_of_both = |name: &str| {
        [
            or(name, "bpfeb", "little"),
            plainly(name),
            with(name, "bpfeb"),
        ]
    };
    let either = |name: &str| [plainly(name), plainly(name), with(name, "bpfel")];

    for (value, expected) in [
        ("amd64", little("x86_64")),
        ("x86-64", little("x86_64")),
        ("X86_64", little("x86_64")),
        ("x64", little("x86_64")),
        (" x86_64", little("x86_64")),
        ("x86_64\t", little("x86_64")),
        ("\"x86_64\"", little("x86_64")),
        ("x8664", little("x86_64")),
        ("x86_46", little("x86_64")),
        ("x86_64-unknown-linux-gnu", little("x86_64")),
        ("i386", little("x86")),
        ("i586", little("x86")),
        ("i686", little("x86")),
        ("386", little("x86")),
        ("i686-unknown-linux-musl", little("x86")),
        ("riscv", little("riscv64")),
        ("riscv64gc", little("riscv64")),
        ("riscv64gc-unknown-linux-gnu", little("riscv64")),
        ("RISCV32", little("riscv32")),
        ("loong64", little("loongarch64")),
        ("loongarch", little("loongarch64")),
        ("loongson64", nothing.map(str::to_owned)),
        ("s390", big("s390x")),
        ("s390x-unknown-linux-gnu", big("s390x")),
        ("S390X", big("s390x")),
        ("ppc", big("powerpc")),
        ("sparcv9", big("sparc64")),
        ("arm64", little_of_both("aarch64")),
        ("aarch64-unknown-linux-gnu", little_of_both("aarch64")),
        ("aarch64_be", big_of_both("aarch64")),
        ("aarch64_be-unknown-linux-gnu", big_of_both("aarch64")),
        ("AArch64", either("aarch64")),
        ("aarch46", either("aarch64")),
        ("armhf", little_of_both("arm")),
        ("armv7", little_of_both("arm")),
        ("armv7l", little_of_both("arm")),
        ("armeb-unknown-linux-gnueabi", big_of_both("arm")),
        ("ppc64le", little_of_both("powerpc64")),
        ("ppc64el", little_of_both("powerpc64")),
        ("powerpc64le", little_of_both("powerpc64")),
        ("powerpc64le-unknown-linux-gnu", little_of_both("powerpc64")),
        ("ppc64", big_of_both("powerpc64")),
        ("powerpc64-unknown-linux-gnu", big_of_both("powerpc64")),
        ("mipsel", little_of_both("mips")),
        ("mipsle", little_of_both("mips")),
        ("mips-unknown-linux-gnu", big_of_both("mips")),
        ("mips32r6", big_of_both("mips")),
        ("mips64el", little_of_both("mips64")),
        ("mips64le", little_of_both("mips64")),
        ("mips64r6", big_of_both("mips64")),
        ("MIPS64", either("mips64")),
        ("nonsense", nothing.map(str::to_owned)),
        ("bpf", nothing.map(str::to_owned)),
        ("x86_64;arm", nothing.map(str::to_owned)),
        ("riscv64\u{202e}", little("riscv64")),
        ("x86_64\ncargo::rustc-cfg=evil", nothing.map(str::to_owned)),
    ] {
        let accepted = [&ACCEPTED_LITTLE, &ACCEPTED_BIG, &ACCEPTED];
        for ((target, meant), accepted) in
            [BPFEL, BPFEB, HOST].into_iter().zip(expected).zip(accepted)
        {
            let wrong = format!(
                "`CARGO_CFG_BPF_TARGET_ARCH` names no machine that is known: `{}`",
                value.escape_debug()
            );
            let mut lines = vec![wrong, meant, accepted.to_string()];
            lines.retain(|line| !line.is_empty());
            assert_eq!(error(value, target), lines);
        }
    }
}

#[test]
fn every_other_name_in_the_table_leads_to_its_row() {
    for machine in MACHINES {
        for variant in machine.variants {
            for name in variant.also.iter().chain([&variant.triple]) {
                let target = match variant.endian {
                    Endian::Little => BPFEL,
                    Endian::Big => BPFEB,
                };
                let meant = format!("did you mean `{}`?", machine.name);
                assert_eq!(error(name, target)[1], meant, "{name}");
            }
        }
    }
}

/// The machine and the BPF target that an error suggests; `None` for the target if the error suggests no target.
fn suggestion(error: &str) -> Option<(&str, Option<&str>)> {
    let (_, rest) = error.split_once("did you mean `")?;
    let (name, rest) = rest.split_once('`').expect("a name ends");
    let target = rest
        .strip_prefix(", built with `--target ")
        .map(|rest| rest.split_once('`').expect("a target ends").0);
    Some((name, target))
}

/// Checks that hold for every value.
fn check(value: &OsStr, target: Target<'_>) -> Result<(), TestCaseError> {
    let error = match select(Some(value), None, target) {
        Ok(Selection { machine, warning }) => {
            prop_assert_eq!(value.to_str(), Some(machine.name));
            prop_assert_eq!(warning, None);
            return Ok(());
        }
        Err(error) => error.to_string(),
    };
    prop_assert!(value.to_str().and_then(Machine::named).is_none() || target.arch == "bpf");
    let strange = |c: char| c.is_control() && c != '\n' || "\u{2028}\u{2029}\u{202e}".contains(c);
    prop_assert!(!error.contains(strange), "{:?}", error);
    prop_assert!((2..=4).contains(&error.lines().count()), "{:?}", error);
    prop_assert!(
        error.lines().all(|line| !line.starts_with("cargo")),
        "{:?}",
        error
    );
    if let Some((name, bpf_target)) = suggestion(&error) {
        let target = match bpf_target {
            Some("bpfel-unknown-none") => BPFEL,
            Some("bpfeb-unknown-none") => BPFEB,
            Some(other) => panic!("{other} is no BPF target"),
            None => target,
        };
        let selection = select(Some(OsStr::new(name)), None, target);
        prop_assert_eq!(selection.map(|selection| selection.machine.name), Ok(name));
    }
    Ok(())
}

/// A known name, with some characters inserted, replaced or left out.
fn mutated_name() -> impl Strategy<Value = String> {
    let names = MACHINES.iter().flat_map(|machine| {
        let others = machine
            .variants
            .iter()
            .flat_map(|variant| variant.also.iter().chain([&variant.triple]));
        others.copied().chain([machine.name])
    });
    let names: Vec<&str> = names.chain(["arc", "csky", "sparc"]).collect();
    let mutation = (
        any::<prop::sample::Index>(),
        0..3_usize,
        prop::collection::vec(any::<char>(), 0..3),
    );
    (
        prop::sample::select(names),
        prop::collection::vec(mutation, 0..3),
    )
        .prop_map(|(name, mutations)| {
            let mut name: Vec<char> = name.chars().collect();
            for (at, removed, inserted) in mutations {
                let at = at.index(name.len() + 1);
                let end = (at + removed).min(name.len());
                name.splice(at..end, inserted);
            }
            name.into_iter().collect()
        })
}

proptest! {
    // Failures are only printed, not written into the source tree.
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_row_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for target in TARGETS {
            check(&OsString::from(OsStr::from_bytes(&bytes)), target)?;
        }
    }

    #[test]
    fn any_text_gives_a_row_or_an_error(text in prop::collection::vec(any::<char>(), 0..24)) {
        for target in TARGETS {
            check(OsStr::new(&String::from_iter(&text)), target)?;
        }
    }

    #[test]
    fn any_slip_gives_a_row_or_an_error(name in mutated_name()) {
        for target in TARGETS {
            check(OsStr::new(&name), target)?;
        }
    }
}
