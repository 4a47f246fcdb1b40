//! Selects the machine, generates the bindings of all of them, and writes both down for the library.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

#[path = "build/dependents.rs"]
mod dependents;
#[cfg(feature = "bindgen")]
#[path = "build/generate.rs"]
mod generate;
#[path = "build/inline_asm.rs"]
mod inline_asm;
#[path = "build/select.rs"]
mod select;
#[path = "build/syscalls.rs"]
mod syscalls;

use select::{AYA_VARIABLE, Endian, MACHINES, Machine, Target, VARIABLE};

fn main() {
    for variable in [
        VARIABLE,
        "RUSTC_BOOTSTRAP",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    for input in [
        "build.rs",
        "build",
        "headers",
        "src/arch/table.rs",
        "src/bindings",
        "src/syscalls.tbl",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    let names: Vec<String> = MACHINES
        .iter()
        .map(|machine| format!("{:?}", machine.name))
        .collect();
    println!(
        "cargo::rustc-check-cfg=cfg(bpf_target_arch, values({}))",
        names.join(", ")
    );
    println!("cargo::rustc-check-cfg=cfg(probe_abi_inline_asm)");

    if let Err(error) = run() {
        for line in error.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), String> {
    let target_arch = variable("CARGO_CFG_TARGET_ARCH")?;
    let endian = match variable("CARGO_CFG_TARGET_ENDIAN")?.as_str() {
        "big" => Endian::Big,
        _ => Endian::Little,
    };
    let target = Target {
        arch: &target_arch,
        endian,
    };
    let selection = select::select(
        env::var_os(VARIABLE).as_deref(),
        env::var_os(AYA_VARIABLE).as_deref(),
        target,
    )
    .map_err(|error| error.to_string())?;
    if let Some(warning) = selection.warning {
        println!("cargo::warning={warning}");
    }
    println!(
        "cargo::rustc-cfg=bpf_target_arch={:?}",
        selection.machine.name
    );

    let sources = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    if target.is_bpf()
        && inline_asm::cargos_rustc()
            .is_some_and(|rustc| inline_asm::is_taken(rustc, endian.bpf_target(), &sources, &out))
    {
        println!("cargo::rustc-cfg=probe_abi_inline_asm");
    }
    let table = sources.join("src/syscalls.tbl");
    let table = fs::read_to_string(&table)
        .map_err(|error| format!("cannot read `{}`: {error}", table.display()))?;
    for (machine, text) in bindings(&sources, selection.machine, endian)? {
        let path = out.join(format!("{}.rs", machine.name));
        let cannot_write = |error| format!("cannot write `{}`: {error}", path.display());
        fs::write(&path, &text).map_err(cannot_write)?;
        // A machine that is being added has no picture yet: the library is what its picture is made from.
        let picture = sources.join(format!("src/bindings/{}.md", machine.name));
        let picture = fs::read(picture).unwrap_or_default();
        fs::write(path.with_extension("md"), picture).map_err(cannot_write)?;
        let syscalls = syscalls::rust(&syscalls::rows(&table, machine.name)?);
        fs::write(path.with_extension("syscalls.rs"), syscalls).map_err(cannot_write)?;
        if machine == selection.machine {
            let header = sources.join(format!("headers/{}.h", machine.name));
            dependents::tell(machine, machine.nearest(endian), &header, &text, &out)?;
        }
    }
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("cargo's `{name}`: {error}"))
}

fn committed(sources: &Path, machine: &Machine) -> Result<String, String> {
    let path = sources.join(format!("src/bindings/{}.rs", machine.name));
    fs::read_to_string(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

type Bindings = Vec<(&'static Machine, String)>;

fn all_committed(sources: &Path) -> Result<Bindings, String> {
    let bindings = MACHINES
        .iter()
        .map(|machine| Ok((machine, committed(sources, machine)?)));
    bindings.collect()
}

#[cfg(not(feature = "bindgen"))]
fn bindings(sources: &Path, _selected: &Machine, _endian: Endian) -> Result<Bindings, String> {
    all_committed(sources)
}

#[cfg(feature = "bindgen")]
fn bindings(sources: &Path, selected: &Machine, endian: Endian) -> Result<Bindings, String> {
    for name in ["LIBCLANG_PATH", "LLVM_CONFIG_PATH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    // These are for the user's own headers; here they could name another machine.
    for (name, _) in env::vars_os() {
        if name
            .as_encoded_bytes()
            .starts_with(b"BINDGEN_EXTRA_CLANG_ARGS")
        {
            // SAFETY: a build script has one thread.
            unsafe { env::remove_var(name) };
        }
    }

    if let Err(why) = generate::libclang() {
        warn_of_committed("libclang was not found", &why);
        return all_committed(sources);
    }
    let headers = sources.join("headers");
    let bindings = MACHINES.iter().map(|machine| {
        let variant = machine.nearest(endian);
        let rust_version = env!("CARGO_PKG_RUST_VERSION");
        match generate::bindings(&headers, machine, variant, rust_version) {
            Ok(text) => Ok((machine, text)),
            Err(generate::Error::Header(why)) => Err(why),
            Err(generate::Error::Libclang(why)) => {
                if machine == selected {
                    warn_of_committed("libclang is too old for this machine", &why);
                }
                Ok((machine, committed(sources, machine)?))
            }
        }
    });
    bindings.collect()
}

#[cfg(feature = "bindgen")]
fn warn_of_committed(what: &str, why: &str) {
    let why = why.lines().next().unwrap_or_default();
    println!(
        "cargo::warning={what}, so the bindings that come with the crate are used, which are the same \
         (install libclang or set `LIBCLANG_PATH` to generate them; `default-features = false` to do \
         without): {why}"
    );
}
