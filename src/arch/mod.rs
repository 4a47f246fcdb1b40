//! Every machine, whichever one is selected: host-side tools can use any of them, and one build's
//! tests see them all.
//!
//! Each module holds the same names: the C types, [`Ptr`](x86_64::Ptr), [`pt_regs`](x86_64::pt_regs)
//! with its methods, and the constants. The module's own page says where its facts come from and
//! what is peculiar to that machine.
//!
//! # What `ctx` holds
//!
//! A probe program gets a pointer to the kernel's own `struct pt_regs`, not to a copy in the layout
//! that the UAPI promises. How much of it means something depends on the kind of probe:
//!
//! | probe | at entry | on return |
//! |---|---|---|
//! | kprobe, kretprobe | every register | every register |
//! | uprobe, uretprobe | every register | every register |
//! | kprobe.multi, fprobe | arguments, stack pointer, instruction pointer, frame pointer, link register | return value, stack pointer, instruction pointer, frame pointer |
//!
//! Up to Linux 6.12 a kprobe.multi program still gets every register; on 7.2 the other slots hold what
//! an earlier probe left there. The methods of `pt_regs` read nothing else where they are meaningful.
//!
//! A task of 32 bits on a kernel of 64 bits is shown in the kernel's `pt_regs`, with its own calling
//! convention: the machine to select is the kernel's, and the arguments are where the other machine's
//! are. `pt_regs::user_code().is_compat()` tells it where the registers show it, and the machine's module `compat` reads
//! such a call ([`syscall`](crate::syscall) has a table). `ctx` can be read and not written: kernels before 7.x refuse a program that writes to it.
//!
//! # `char` in the kernel
//!
//! `c_char` is the psABI's, which user code has. The kernel itself is compiled with `-funsigned-char`
//! since Linux 6.2: a `char` of the kernel's is a `u8` on every machine from there on.

pub use crate::{
    machine::{Machine, ReturnAddress},
    ptr::Ptr,
};

include!(concat!(env!("OUT_DIR"), "/table.rs"));

macro_rules! modules {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        $(
            #[allow(non_camel_case_types)]
            pub mod $module;
        )*

        /// What is known of every machine, for a program that learns at run time which one it asks about.
        pub const MACHINES: &[Machine] = &[$($module::MACHINE),*];
    };
}
machines!(modules);

pub(crate) use machines;
