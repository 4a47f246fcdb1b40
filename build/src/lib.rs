//! For build scripts of eBPF probes: which machine the probe will run on, types in that machine's layout, and C beside
//! Rust.
//!
//! A probe that depends on [probe-abi](https://docs.rs/probe-abi) has the machine's C types and registers without any build
//! script. This crate is for a package that wants more of the machine:
//!
//! ```no_run
//! // build.rs
//! use probe_abi_build::Machine;
//!
//! fn main() {
//!     probe_abi_build::run(|| {
//!         let machine = Machine::selected()?;
//!         // `#[cfg(bpf_target_arch = "arm")]` is true in this package.
//!         machine.emit();
//!         Ok(())
//!     });
//! }
//! ```
//!
#![cfg_attr(
    feature = "types",
    doc = "With the feature `types`, [`Types`] are those of a C header or of a kernel, in the machine's layout:"
)]
#![cfg_attr(
    not(feature = "types"),
    doc = "With the feature `types`, `Types` are those of a C header or of a kernel, in the machine's layout:"
)]
//!
//! ```no_run
//! # #[cfg(feature = "types")]
//! probe_abi_build::run(|| {
//!     let machine = probe_abi_build::Machine::selected()?;
//!     probe_abi_build::Types::from_running_kernel().allow(["linux_binprm"]).write(&machine, "types.rs")
//! });
//! ```
//!
#![cfg_attr(
    feature = "c",
    doc = "With the feature `c`, a [`Module`] in C is compiled for the machine, and linked by bpf-linker:"
)]
#![cfg_attr(
    not(feature = "c"),
    doc = "With the feature `c`, a `Module` in C is compiled for the machine, and linked by bpf-linker:"
)]
//!
//! ```no_run
//! # #[cfg(feature = "c")]
//! probe_abi_build::run(|| {
//!     let machine = probe_abi_build::Machine::selected()?;
//!     probe_abi_build::Module::new("src/my_module.bpf.c").link(&machine)
//! });
//! ```
//!
//! It belongs to `[build-dependencies]`, in the same version as probe-abi.

#![cfg_attr(target_arch = "bpf", no_std)]
#![warn(missing_docs)]

#[cfg(target_arch = "bpf")]
compile_error!(
    "probe-abi-build is for build scripts: in Cargo.toml, move it from `[dependencies]` to `[build-dependencies]`"
);

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
    select::{Endian, Machine, Variant},
};

/// The rows of the machines, as a macro that the library hands a macro of its own.
#[doc(hidden)]
#[cfg(not(target_arch = "bpf"))]
pub const TABLE: &str = include_str!("table.rs");
