//! Every machine, whichever one is selected: host-side tools can use any of them, and one build's
//! tests see them all.
//!
//! Each module holds the same names: the C types, [`Ptr`](x86_64::Ptr), [`pt_regs`](x86_64::pt_regs)
//! with its methods, and the constants. The module's own page says where its facts come from and
//! what is peculiar to that machine.

pub use crate::{ptr::Ptr, regs::ReturnAddress};

include!("table.rs");

macro_rules! modules {
    ($($module:ident = $name:literal: $($endian:ident $triple:literal [$($also:literal)*]),+;)*) => {
        $(
            #[allow(non_camel_case_types)]
            pub mod $module;
        )*
    };
}
machines!(modules);

pub(crate) use machines;
