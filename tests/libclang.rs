//! Promise: with any libclang that a user has, the bindings are the committed ones, letter for letter.
//!
//! There is one exception: libclang 14 does not know loongarch64, and reports that. The build script then takes the
//! committed bindings of that machine.
//!
//! A process loads only one libclang. So this program writes each text in a process of its own, and tells that process
//! which libclang to load.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use proofs::{
    bpf::root,
    clang_version,
    generate::{self, Error},
    generated,
    host::run,
    proof::{self, Proof},
    select::{Endian, MACHINES, Machine, Variant},
};

/// From the oldest libclang of Debian bookworm to that of today's rustc.
const VERSIONS: [u32; 4] = [14, 16, 19, 22];

/// Older versions do not know the architecture.
const LOONGARCH_SINCE: u32 = 16;

/// The first argument of a process that generates bindings. A machine and an endianness follow.
const GENERATE: &str = "generate-bindings";

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [command, name, endian] = &args[..]
        && command == GENERATE
    {
        println!("{}", bindings_of(name, endian));
        return;
    }
    let mut proofs = Vec::new();
    for version in VERSIONS {
        for machine in MACHINES {
            let variants = machine.variants.iter();
            proofs.extend(variants.map(|variant| proof(version, machine, variant)));
        }
    }
    proof::run(proofs)
}

/// The libclang that this process has, and below it the bindings, or the reason why there are none.
fn bindings_of(name: &str, endian: &str) -> String {
    let machine = Machine::named(name).expect("the parent took it from the table");
    let mut variants = machine.variants.iter();
    let variant = variants.find(|variant| variant.endian.to_string() == endian);
    let variant = variant.expect("and this from its row");
    let rust_version = generated::rust_version().expect("Cargo.toml has a `rust-version`");
    let text = generate::generate(machine, variant, &rust_version);
    let text = text.unwrap_or_else(|error| match error {
        Error::Libclang(why) => format!("libclang: {why}"),
        Error::Header(why) => format!("headers: {why}"),
    });
    format!("{}\n{text}", clang_version().full)
}

fn proof(version: u32, machine: &'static Machine, variant: &'static Variant) -> Proof {
    let folder = PathBuf::from(format!("/usr/lib/llvm-{version}/lib"));
    let needs = if folder.join(format!("libclang-{version}.so.1")).exists() {
        Ok(())
    } else {
        Err(format!(
            "libclang {version} is not installed: `scripts/setup`, or `apt-get install libclang1-{version}`"
        ))
    };
    let what = format!("libclang {version}");
    let title = proof::name(machine.name, variant.endian, &what);
    Proof::new(title, needs, move || {
        let printed = in_process(&folder, machine, variant.endian)?;
        let (loaded, text) = printed.split_once('\n').unwrap_or_default();
        if !loaded.contains(&format!("version {version}.")) {
            return Err(format!("another libclang was loaded: {loaded}"));
        }
        let expected = expected(version, machine, variant)?;
        if text.trim_end() != expected.trim_end() {
            return Err(format!("this is not what is committed:\n{text}"));
        }
        proof::checked(&format!("libclang {version}, texts"), machine.name, 1);
        Ok(())
    })
}

fn expected(version: u32, machine: &Machine, variant: &Variant) -> Result<String, String> {
    if machine.linux == "loongarch" && version < LOONGARCH_SINCE {
        return Ok(format!("libclang: it does not know `{}`", variant.triple));
    }
    let committed = root().join(format!("build/bindings/{}.rs", machine.name));
    fs::read_to_string(committed).map_err(|error| error.to_string())
}

fn in_process(libclang: &Path, machine: &Machine, endian: Endian) -> Result<String, String> {
    let this = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let mut this = Command::new(this);
    this.args([GENERATE, machine.name, &endian.to_string()])
        .env("LIBCLANG_PATH", libclang);
    run(&mut this).map(|said| said.stdout)
}
