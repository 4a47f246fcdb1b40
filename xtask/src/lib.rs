//! What the maintainer's commands and the proofs under `tests/` share.

#[path = "../../build/generate.rs"]
pub mod generate;
// Its other half is what cargo tells build scripts.
#[allow(dead_code)]
#[path = "../../build/inline_asm.rs"]
pub mod inline_asm;
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
pub mod executed;
pub mod facts;
pub mod generated;
pub mod host;
pub mod internal;
pub mod kernels;
pub mod libclang;
pub mod object;
pub mod package;
mod picture;
pub mod pins;
pub mod proof;
pub mod roles;
pub mod witnesses;
pub mod wrong;

// Which libclang the process has loaded.
pub use bindgen::clang_version;
