#![no_std]
#![doc = include_str!("../README.md")]

pub mod arch;
mod ptr;
mod regs;

pub use regs::{Argument, SyscallArgument};

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
