//! The code that the maintainer's commands and the proofs under `tests/` share.

#[path = "../../build-script/syscalls.rs"]
pub mod table;

pub mod api;
pub mod bindings;
pub mod bpf;
// In a published package, because a program for users makes the same comparison.
#[path = "../../doctor/src/btf.rs"]
pub mod btf;
pub mod c;
pub mod ctx;
pub mod debian;
pub mod example;
pub mod executed;
pub mod facts;
pub mod generated;
pub mod go;
pub mod host;
pub mod internal;
pub mod interpreter;
pub mod kernels;
pub mod libbpf;
pub mod libclang;
pub mod object;
pub mod operands;
pub mod package;
pub mod pairs;
mod picture;
pub mod pins;
pub mod proof;
pub mod random;
pub mod registers;
pub mod stopped;
pub mod syscalls;
pub mod typed;
pub mod users;
pub mod verifier;
pub mod witnesses;
pub mod wrong;

pub use probe_abi_build::bindings as generate;
pub use probe_abi_build::select;
// The libclang that the process has loaded.
pub use probe_abi_build::bindgen::clang_version;
