//! What the maintainer's commands and the proofs under `tests/` share.

#[path = "../../build/generate.rs"]
pub mod generate;
#[path = "../../build/select.rs"]
pub mod select;

pub mod api;
pub mod bench;
pub mod bindings;
pub mod bpf;
pub mod btf;
pub mod c;
pub mod ctx;
pub mod debian;
pub mod doctor;
pub mod facts;
pub mod generated;
pub mod host;
pub mod internal;
pub mod kernels;
pub mod libclang;
pub mod object;
pub mod package;
mod picture;
pub mod proof;
pub mod roles;

// Which libclang the process has loaded.
pub use bindgen::clang_version;
