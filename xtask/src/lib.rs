//! What the maintainer's commands and the proofs under `tests/` share.

#[path = "../../build/generate.rs"]
pub mod generate;
#[path = "../../build/select.rs"]
pub mod select;

pub mod bpf;
pub mod c;
pub mod debian;
pub mod kernels;
pub mod proof;

// Which libclang the process has loaded.
pub use bindgen::clang_version;
