#![cfg_attr(
    all(feature = "c", feature = "types"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(feature = "c", feature = "types")),
    doc = "For build scripts of eBPF probes. The features `c` and `types` have the rest."
)]
#![cfg_attr(target_arch = "bpf", no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

#[cfg(target_arch = "bpf")]
compile_error!(
    "probe-abi-build is for build scripts: in Cargo.toml, move it from `[dependencies]` to `[build-dependencies]`"
);

// Two modules are not part of the public interface: probe-abi's build script, probe-abi-doctor and the proofs of their
// repository use more of them than is exported below.
#[doc(hidden)]
#[cfg(not(target_arch = "bpf"))]
pub mod bindings;
#[cfg(all(feature = "types", not(target_arch = "bpf")))]
mod btf;
#[cfg(not(target_arch = "bpf"))]
mod header;
#[cfg(all(feature = "c", not(target_arch = "bpf")))]
mod module;
#[cfg(not(target_arch = "bpf"))]
mod script;
#[doc(hidden)]
#[cfg(not(target_arch = "bpf"))]
pub mod select;
#[cfg(all(feature = "types", not(target_arch = "bpf")))]
mod types;

#[cfg(all(feature = "c", not(target_arch = "bpf")))]
pub use module::Module;
#[cfg(all(feature = "types", not(target_arch = "bpf")))]
pub use {bindgen, types::Types};
#[cfg(not(target_arch = "bpf"))]
pub use {
    script::{Error, Selected, run},
    select::{Endian, MACHINES, Machine, VARIABLE, Variant},
};

/// The rows of the machines, as a macro. The library passes its own macro to it.
#[doc(hidden)]
#[cfg(not(target_arch = "bpf"))]
pub const TABLE: &str = include_str!("table.rs");
