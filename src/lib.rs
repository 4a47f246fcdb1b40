#![no_std]
// Inline assembly for BPF is not stable. Where the compiler takes it, build.rs has found out.
#![cfg_attr(probe_abi_inline_asm, feature(asm_experimental_arch))]
#![doc = include_str!("../README.md")]

pub mod arch;
pub mod call;
mod distance;
mod indices;
pub mod machine;
pub mod memory;
pub mod operand;
mod ptr;
pub mod registers;
mod regs;
pub mod signature;
mod stamp;
mod symbols;
pub mod syscall;
mod syscalls;
#[cfg(all(any(doc, feature = "testing"), not(target_arch = "bpf")))]
pub mod testing;
#[doc = include_str!("verifier.md")]
pub mod verifier {}

pub use indices::{Argument, StackArgument, SyscallArgument};
pub use memory::{AnyBitPattern, Memory};
pub use signature::PassedAs;

/// Whether this build reads ctx by construction: each read is one instruction, with a constant offset in it,
/// that no compiler can reshape.
///
/// It is so where the compiler takes inline assembly for BPF: nightly, or any with `RUSTC_BOOTSTRAP` set. Otherwise a
/// fence keeps reads apart, which holds for almost every program. A program that relies on it says so:
///
/// ```
/// # #[cfg(target_arch = "bpf")]
/// const _: () = assert!(probe_abi::READS_BY_CONSTRUCTION, "build this with nightly");
/// ```
///
/// On a target that is not BPF it is false.
pub const READS_BY_CONSTRUCTION: bool = cfg!(probe_abi_inline_asm);

macro_rules! select {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        cfg_if::cfg_if! {
            $(if #[cfg(bpf_target_arch = $name)] {
                pub use arch::$module::*;
            } else)* {
                compile_error!("the build script selected no machine");
            }
        }
    };
}
arch::machines!(select);
