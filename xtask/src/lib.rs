//! What the maintainer's commands and the proofs under `tests/` share.

#[path = "../../build/generate.rs"]
pub mod generate;
#[path = "../../build/select.rs"]
pub mod select;

pub mod bpf;
pub mod ctx;
pub mod debian;
pub mod facts;
pub mod kernels;
pub mod object;
pub mod proof;
pub mod roles;
