//! The probe's object file, before it is loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use probe_abi::machine::{Machine, NoMachine};

/// Where `cargo xtask probe examples/tracer/probe <machine>` leaves the object for this machine.
pub fn default_path() -> PathBuf {
    let target = if cfg!(target_endian = "big") {
        "bpfeb-unknown-none"
    } else {
        "bpfel-unknown-none"
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../target/probes/probe")
        .join(probe_abi::ARCH)
        .join(target)
        .join("release/tracer")
}

/// The object, which must be for the machine of this loader.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let object = fs::read(path).map_err(|error| {
        format!(
            "cannot read the probe `{shown}`: {error}: build it with \
             `cargo xtask probe examples/tracer/probe {}`, or name it with `--probe`",
            probe_abi::ARCH
        )
    })?;
    let machine = Machine::of_object(&object).map_err(|error| match error {
        NoMachine::NoStamp => format!("`{shown}` is not the object of the tracer's probe"),
        error => format!("`{shown}` is no probe for this machine: {error}"),
    })?;
    if machine.name != probe_abi::ARCH {
        return Err(format!(
            "the probe `{shown}` is for `{}`, and this is `{}`",
            machine.name,
            probe_abi::ARCH
        ));
    }
    Ok(object)
}
