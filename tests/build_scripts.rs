//! What build scripts of users can ask probe-abi-build, and the error if there is no answer. Each case is a package
//! outside of the repository's workspace, like a user's package.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use proofs::{
    bpf::{Toolchain, root},
    generate,
    host::{cannot, ended, write_if_new},
    package::manifest,
    proof::{self, Proof},
    select::{Endian, Target, VARIABLE, select},
    users::{self, Turn},
};

fn main() {
    let bpf = || Toolchain::find().map(drop);
    let libclang = generate::libclang();
    let mut proofs = vec![
        Proof::new("cfg(bpf_target_arch), in all three forms", Ok(()), cfg),
        Proof::new("no machine is named", bpf(), no_machine),
        Proof::new("it is among the dependencies", bpf(), among_dependencies),
        Proof::new("libclang is missing", Ok(()), no_libclang),
        Proof::new(
            "two releases of probe-abi side by side",
            bpf(),
            two_releases,
        ),
        Proof::new(
            "types of another release are refused",
            libclang.clone(),
            another_release,
        ),
    ];
    for case in REFUSED {
        proofs.push(Proof::new(case.what, libclang.clone(), || refused(case)));
    }
    proof::run(proofs);
}

// How a case is built

/// A user's package, and how it is built.
struct UserPackage {
    folder: PathBuf,
    cargo: Command,
    /// Whether it is built with a file in libclang's place that is not a libclang.
    no_libclang: bool,
}

/// The files of a package except its build script.
#[derive(Default)]
struct Parts<'a> {
    /// Sections of Cargo.toml.
    manifest: &'a str,
    build_rs: &'a str,
    lib_rs: &'a str,
    config: &'a str,
    /// `types.h`
    header: &'a str,
}

fn folder() -> PathBuf {
    users::packages("build_scripts")
}

/// The two crates, with all features of the second that the cases use.
fn dependencies() -> String {
    format!(
        "[dependencies]\nprobe-abi = {{ path = {:?}, default-features = false }}\n\n\
         [build-dependencies]\nprobe-abi-build = {{ path = {:?}, features = [\"types\"] }}\n",
        root(),
        root().join("build")
    )
}

/// A build script whose last statement is `body`.
fn script(body: &str) -> String {
    format!(
        "#[allow(unused_imports)]\nuse probe_abi_build::{{Machine, Types}};\n\n\
         fn main() {{\n    probe_abi_build::run(|| {{\n        let machine = Machine::selected()?;\n        \
         {body}\n    }});\n}}\n"
    )
}

impl UserPackage {
    fn new(name: &str, parts: Parts) -> Result<Self, String> {
        let folder = folder().join(name);
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n{}",
            parts.manifest
        );
        for (file, text) in [
            ("Cargo.toml", &*manifest),
            ("build.rs", parts.build_rs),
            ("src/lib.rs", parts.lib_rs),
            (".cargo/config.toml", parts.config),
            ("types.h", parts.header),
        ] {
            write_if_new(&folder.join(file), text)?;
        }
        let lock = folder.join("Cargo.lock");
        fs::copy(root().join("Cargo.lock"), &lock).map_err(cannot("write", &lock))?;
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&folder)
            .args(["check", "--target", "host-tuple", "--target-dir"])
            .arg(users::target_dir());
        Ok(Self {
            folder,
            cargo,
            no_libclang: false,
        })
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.cargo.env(name, value);
        self
    }

    /// Builds for BPF, without a machine.
    fn for_bpf(mut self) -> Result<Self, String> {
        let toolchain = Toolchain::find()?;
        self.cargo = toolchain.cargo();
        self.cargo
            .current_dir(&self.folder)
            .arg("build")
            .args(toolchain.target(Endian::Little.bpf_target()))
            .arg("--target-dir")
            .arg(users::target_dir());
        Ok(self)
    }

    /// cargo's output; as an error if the build fails.
    fn build(mut self) -> Result<String, String> {
        let turn = Turn::wait()?;
        self.cargo.envs(users::env()).env("RUST_BACKTRACE", "1");
        if self.no_libclang {
            turn.link_libclang(Some(root().join("Cargo.toml")))?;
            self.cargo.env("LIBCLANG_PATH", users::libclang());
        }
        let said = ended(&mut self.cargo)?;
        match said.status.success() {
            true => Ok(said.stderr),
            false => Err(said.stderr),
        }
    }

    /// The build fails with these lines, and without a crash.
    fn refuses(self, lines: &[&str]) -> Result<(), String> {
        let said = match self.build() {
            Ok(said) => return Err(format!("it builds:\n{said}")),
            Err(said) => said,
        };
        let missing = lines.iter().find(|line| !said.contains(**line));
        let noise = ["' panicked", "stack backtrace", "can't find crate"]
            .into_iter()
            .find(|noise| said.contains(noise));
        match (missing, noise) {
            (None, None) => Ok(()),
            (Some(missing), _) => Err(format!("nothing has `{missing}`:\n{said}")),
            (_, Some(noise)) => Err(format!("there is `{noise}`:\n{said}")),
        }
    }
}

// The machine

fn cfg() -> Result<(), String> {
    const LIB: &str = "#![no_std]\n#![deny(warnings)]\n\n\
                       #[cfg(not(bpf_target_arch = \"arm\"))]\ncompile_error!(\"it is no arm\");\n\
                       #[cfg(bpf_target_arch = \"mips\")]\ncompile_error!(\"it is mips\");\n";
    let (manifest, build_rs) = (dependencies(), script("machine.emit();\n        Ok(())"));
    let package = |config: &str| {
        UserPackage::new(
            "cfg",
            Parts {
                manifest: &manifest,
                build_rs: &build_rs,
                lib_rs: LIB,
                config,
                ..Parts::default()
            },
        )
    };
    package("")?.env(VARIABLE, "arm").build()?;
    package(&format!("[env]\n{VARIABLE} = \"arm\"\n"))?.build()?;
    package("[build]\nrustflags = [\"--cfg\", 'bpf_target_arch=\"arm\"']\n")?.build()?;
    // The check fails for another machine.
    let said = package("")?.env(VARIABLE, "mips").build();
    match said {
        Err(said) if said.contains("it is no arm") && said.contains("it is mips") => Ok(()),
        said => Err(format!("for another machine: {said:?}")),
    }
}

fn no_machine() -> Result<(), String> {
    let target = Target {
        arch: "bpf",
        endian: Endian::Little,
    };
    let error = select(None, None, target)
        .err()
        .ok_or("a machine is selected")?;
    let error = error.to_string();
    let lines: Vec<String> = error
        .lines()
        .map(|line| format!("error: no-machine@0.0.0: {line}"))
        .collect();
    let only_build = format!(
        "[build-dependencies]\nprobe-abi-build = {{ path = {:?} }}\n",
        root().join("build")
    );
    let build_rs = script("machine.emit();\n        Ok(())").replace("{Machine, Types}", "Machine");
    let package = UserPackage::new(
        "no-machine",
        Parts {
            manifest: &only_build,
            build_rs: &build_rs,
            lib_rs: "#![no_std]\n",
            ..Parts::default()
        },
    )?;
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    package.for_bpf()?.refuses(&lines)
}

fn among_dependencies() -> Result<(), String> {
    let manifest = format!(
        "[dependencies]\nprobe-abi-build = {{ path = {:?} }}\n",
        root().join("build")
    );
    let package = UserPackage::new(
        "among-dependencies",
        Parts {
            manifest: &manifest,
            build_rs: "fn main() {}\n",
            lib_rs: "#![no_std]\n",
            ..Parts::default()
        },
    )?;
    package.for_bpf()?.refuses(&[
        "error: probe-abi-build is for build scripts: in Cargo.toml, move it from `[dependencies]` to `[build-dependencies]`",
    ])
}

// Types

fn no_libclang() -> Result<(), String> {
    let mut package = typed(
        "no-libclang",
        "int x;",
        "from_header(\"types.h\").allow([\"x\"])",
    )?;
    package.no_libclang = true;
    package.refuses(&[
        "error: no-libclang@0.0.0: libclang was not found, and bindgen reads C with it: install it (Debian's `libclang1`, \
         Fedora's `clang-libs`), or set `LIBCLANG_PATH` to its folder: ",
    ])
}

/// A package with types.
fn typed(name: &str, header: &str, types: &str) -> Result<UserPackage, String> {
    UserPackage::new(
        name,
        Parts {
            manifest: &dependencies(),
            build_rs: &script(&format!("Types::{types}.write(&machine, \"types.rs\")")),
            lib_rs: "#![no_std]\n#[allow(nonstandard_style)]\npub mod types {\n    \
                     include!(concat!(env!(\"OUT_DIR\"), \"/types.rs\"));\n}\n",
            header,
            ..Parts::default()
        },
    )
}

/// Types that the crate refuses, and the types to use instead.
struct Refused {
    what: &'static str,
    machine: &'static str,
    env: &'static [(&'static str, &'static str)],
    header: &'static str,
    types: &'static str,
    said: &'static [&'static str],
    /// The code that follows the error's advice, if the advice is about the build script.
    instead: Option<&'static str>,
}

const ALIGNED: &str = "struct __attribute__((aligned(16))) line { char bytes[16]; };\n\
                       struct page { int a; long long number; struct line line; };\n";

const REFUSED: &[Refused] = &[
    Refused {
        what: "a header that is not there",
        machine: "arm",
        env: &[],
        header: "",
        types: "from_header(\"none.h\").allow([\"x\"])",
        said: &["cannot read `none.h`: No such file or directory (os error 2)"],
        instead: None,
    },
    Refused {
        what: "a header that does not compile",
        machine: "arm",
        env: &[],
        header: "struct x { unknown a; };\n",
        types: "from_header(\"types.h\").allow([\"x\"])",
        said: &[
            "`types.h` does not compile for `arm`:",
            "types.h:1:12: error: unknown type name 'unknown'",
        ],
        instead: None,
    },
    Refused {
        what: "a header that includes one of the system",
        machine: "s390x",
        env: &[],
        header: "#include <linux/types.h>\nstruct x { __u32 a; };\n",
        types: "from_header(\"types.h\").allow([\"x\"])",
        said: &[
            "types.h:1:10: fatal error: 'linux/types.h' file not found",
            "clang searches only the folders that `Types::include` names",
        ],
        instead: Some(
            "from_header(\"types.h\").allow([\"x\"]).include(\"/usr/include\").include(\"/usr/include/x86_64-linux-gnu\")",
        ),
    },
    Refused {
        what: "a layout that Rust does not have",
        machine: "x86",
        env: &[],
        header: ALIGNED,
        types: "from_header(\"types.h\").allow([\"page\"])",
        said: &[
            "the offset of field `page::number` is not what it is in C on `x86`: leave the type without its fields, \
             `.opaque([\"page\"])`",
        ],
        instead: Some("from_header(\"types.h\").allow([\"page\"]).opaque([\"page\"])"),
    },
    Refused {
        what: "BTF that is not there",
        machine: "x86_64",
        env: &[],
        header: "",
        types: "from_btf(\"nowhere.btf\").allow([\"file\"])",
        said: &["cannot read `nowhere.btf`: No such file or directory (os error 2)"],
        instead: None,
    },
    Refused {
        what: "a file that has no BTF",
        machine: "x86_64",
        env: &[],
        header: "",
        types: "from_btf(\"Cargo.toml\").allow([\"file\"])",
        said: &["bpftool` cannot read the BTF of `Cargo.toml`: "],
        instead: None,
    },
    Refused {
        what: "there is no bpftool",
        machine: "x86_64",
        env: &[("BPFTOOL", "bpftool-of-tomorrow")],
        header: "",
        types: "from_btf(\"Cargo.toml\").allow([\"file\"])",
        said: &[
            "cannot run `bpftool-of-tomorrow`, which reads the BTF of `Cargo.toml`: No such file or directory (os error 2)",
            "install it, with `apt-get install bpftool` or as your system has it, or name it in `BPFTOOL`, or generate \
             `vmlinux.h` on another computer, with `bpftool btf dump file Cargo.toml format c > vmlinux.h`, and give it to \
             `Types::from_header`",
        ],
        instead: None,
    },
];

fn refused(case: &Refused) -> Result<(), String> {
    let name = case.what.to_lowercase().replace(' ', "-");
    let package = |types| {
        let package = typed(&name, case.header, types)?.env(VARIABLE, case.machine);
        let env = case.env.iter();
        Ok::<_, String>(env.fold(package, |package, (name, value)| package.env(name, value)))
    };
    package(case.types)?.refuses(case.said)?;
    case.instead
        .map_or(Ok(()), |types| package(types)?.build().map(drop))
}

// Releases

/// The two crates as a later release, in a folder of their own.
fn later_release() -> Result<PathBuf, String> {
    let later = folder().join("later");
    for folder in [
        "build-script",
        "src",
        "build/src",
        "build/headers",
        "build/bindings",
    ] {
        copy(&root().join(folder), &later.join(folder))?;
    }
    copy(
        &root().join("build/README.md"),
        &later.join("build/README.md"),
    )?;
    let of = |file| manifest(&root().join(file));
    let (mut library, mut build) = (of("Cargo.toml")?, of("build/Cargo.toml")?);
    let version = toml::Value::from("0.2.0");
    library["package"]["version"] = version.clone();
    library["build-dependencies"]["probe-abi-build"]["version"] = version.clone();
    build["package"]["version"] = version;
    for of_repository in ["dev-dependencies", "test"] {
        library.remove(of_repository);
    }
    let workspace = library["workspace"]
        .as_table_mut()
        .ok_or("there is no workspace")?;
    workspace.retain(|key, _| key == "package");
    workspace.insert("members".to_owned(), vec!["build"].into());
    for (file, table) in [("Cargo.toml", library), ("build/Cargo.toml", build)] {
        write_if_new(&later.join(file), table.to_string())?;
    }
    Ok(later)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    if from.is_dir() {
        for entry in fs::read_dir(from).map_err(cannot("read", from))? {
            let name = entry.map_err(|error| error.to_string())?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    write_if_new(to, &fs::read_to_string(from).map_err(cannot("read", from))?)
}

/// A probe that reads one register with each of two releases. A user's probe does so if it depends on a library that
/// depends on another release.
fn two_releases() -> Result<(), String> {
    let later = later_release()?;
    let manifest = format!(
        "[lib]\ncrate-type = [\"cdylib\"]\n\n[profile.dev]\npanic = \"abort\"\n\n[dependencies]\n\
         probe-abi = {{ path = {:?}, default-features = false }}\n\
         later = {{ package = \"probe-abi\", path = {later:?}, default-features = false }}\n",
        root()
    );
    const LIB: &str = r#"#![no_std]

use core::ffi::c_void;

#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe/now")]
extern "C" fn now(ctx: *const c_void) -> u32 {
    unsafe { probe_abi::pt_regs::from_ctx(ctx) }.arg::<1>() as u32
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe/later")]
extern "C" fn in_future(ctx: *const c_void) -> u32 {
    let now: probe_abi::Ptr<u8> = probe_abi::Ptr::new(unsafe { later::pt_regs::from_ctx(ctx) }.arg::<1>());
    now.address() as u32
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
"#;
    let package = UserPackage::new(
        "two-releases",
        Parts {
            manifest: &manifest,
            build_rs: "fn main() {}\n",
            lib_rs: LIB,
            config: "[target.bpfel-unknown-none]\nlinker = \"bpf-linker\"\n",
            ..Parts::default()
        },
    )?;
    package.for_bpf()?.env(VARIABLE, "arm").build()?;
    has_both("arm")
}

/// The object has both programs, and names their machine.
fn has_both(machine: &str) -> Result<(), String> {
    let path = users::target_dir().join("bpfel-unknown-none/debug/libtwo_releases.so");
    let object = fs::read(&path).map_err(cannot("read", &path))?;
    let of = probe_abi::machine::Machine::of_object(&object).map_err(|error| error.to_string())?;
    if of.name != machine {
        return Err(format!("the object is for `{}`", of.name));
    }
    let [now, later] =
        ["kprobe/now", "kprobe/later"].map(|name| proofs::object::section(&object, name));
    match now? == later? {
        true => Ok(()),
        false => Err("the two releases read differently".to_owned()),
    }
}

/// Types that the later release generates, with the library of this release.
fn another_release() -> Result<(), String> {
    let later = later_release()?;
    let manifest = dependencies().replace(
        &format!("{:?}", root().join("build")),
        &format!("{:?}", later.join("build")),
    );
    let package = UserPackage::new(
        "another-release",
        Parts {
            manifest: &manifest,
            build_rs: &script(
                "Types::from_header(\"types.h\").allow([\"x\"]).write(&machine, \"types.rs\")",
            ),
            lib_rs: "#![no_std]\npub mod types {\n    include!(concat!(env!(\"OUT_DIR\"), \"/types.rs\"));\n}\n",
            header: "struct x { int y; };\n",
            ..Parts::default()
        },
    )?;
    package.refuses(&[
        "these types were generated by probe-abi-build `0.2.0`, and probe-abi is of another release: name one version for \
         both in Cargo.toml",
    ])
}
