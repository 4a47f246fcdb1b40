//! Selects the machine, and writes the bindings of all machines for the library.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use probe_abi_build::{Error, MACHINES, Machine, Selected};

mod inline_asm;
mod syscalls;

fn main() {
    for variable in [
        "RUSTC_BOOTSTRAP",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    for input in ["build-script", "src/pictures", "src/syscalls.tbl"] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rustc-check-cfg=cfg(probe_abi_inline_asm)");
    probe_abi_build::run(script);
}

fn script() -> Result<(), Error> {
    let selected = Machine::selected()?;
    selected.emit();

    let sources = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let target = selected.endian().bpf_target();
    if selected.is_probe()
        && inline_asm::cargos_rustc()
            .is_some_and(|rustc| inline_asm::is_taken(rustc, target, &sources, &out))
    {
        println!("cargo::rustc-cfg=probe_abi_inline_asm");
    }

    write(&out.join("table.rs"), probe_abi_build::TABLE)?;
    let table = sources.join("src/syscalls.tbl");
    let table = fs::read_to_string(&table)
        .map_err(|error| Error::new(format_args!("cannot read `{}`: {error}", table.display())))?;
    for (machine, text) in bindings(&selected)? {
        let path = out.join(format!("{}.rs", machine.name));
        write(&path, &text)?;
        // A machine that is being added has no picture yet: the picture is made from the library.
        let picture = sources.join(format!("src/pictures/{}.md", machine.name));
        let picture = fs::read_to_string(picture).unwrap_or_default();
        write(&path.with_extension("md"), &picture)?;
        let rows = syscalls::rows(&table, machine.name).map_err(Error::new)?;
        write(&path.with_extension("syscalls.rs"), &syscalls::rust(&rows))?;
    }
    Ok(())
}

fn variable(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|error| Error::new(format_args!("cargo's `{name}`: {error}")))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text)
        .map_err(|error| Error::new(format_args!("cannot write `{}`: {error}", path.display())))
}

type Bindings = Vec<(&'static Machine, String)>;

fn all_committed() -> Bindings {
    let machines = MACHINES.iter();
    machines
        .map(|machine| (machine, machine.bindings.to_owned()))
        .collect()
}

#[cfg(not(feature = "bindgen"))]
fn bindings(_selected: &Selected) -> Result<Bindings, Error> {
    Ok(all_committed())
}

#[cfg(feature = "bindgen")]
fn bindings(selected: &Selected) -> Result<Bindings, Error> {
    use probe_abi_build::bindings;

    for name in ["LIBCLANG_PATH", "LLVM_CONFIG_PATH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    // These are for the user's own headers. Here they could name another machine.
    for (name, _) in env::vars_os() {
        if name
            .as_encoded_bytes()
            .starts_with(b"BINDGEN_EXTRA_CLANG_ARGS")
        {
            // SAFETY: a build script has one thread.
            unsafe { env::remove_var(name) };
        }
    }

    if let Err(why) = bindings::libclang() {
        warn_of_committed("libclang was not found", &why);
        return Ok(all_committed());
    }
    let bindings = MACHINES.iter().map(|machine| {
        let variant = machine.nearest(selected.endian());
        match bindings::generate(machine, variant, env!("CARGO_PKG_RUST_VERSION")) {
            Ok(text) => Ok((machine, text)),
            Err(bindings::Error::Header(why)) => Err(Error::new(why)),
            Err(bindings::Error::Libclang(why)) => {
                if machine == selected.machine() {
                    warn_of_committed("libclang is too old for this machine", &why);
                }
                Ok((machine, machine.bindings.to_owned()))
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
