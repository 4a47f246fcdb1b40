//! The code that a compiler must accept for `src/regs.rs` to read ctx by construction.
//!
//! With `-Z build-std` there is no `core` yet when a build script runs, so this file brings the parts of `core` that
//! the compiler needs. If a compiler needs other parts, this file does not compile, and ctx is read with a fence.

#![feature(asm_experimental_arch)]
#![feature(decl_macro, lang_items, no_core, rustc_attrs)]
#![no_core]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[lang = "copy"]
pub trait Copy {}
impl Copy for u64 {}
impl<T> Copy for *const T {}

#[rustc_builtin_macro]
macro asm() {}

pub unsafe fn read(regs: *const u64) -> u64 {
    let value: u64;
    unsafe {
        asm!(
            "{value} = *(u64 *)({regs} + {offset})",
            value = out(reg) value,
            regs = in(reg) regs,
            offset = const 8,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    value
}
