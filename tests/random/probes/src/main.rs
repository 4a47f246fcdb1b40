//! Random programs as BPF programs: every function of a generated file in a section that loaders
//! understand.

#![no_std]
#![no_main]
#![cfg_attr(feature = "assembly", feature(asm_experimental_arch))]

#[cfg(any(feature = "fields", feature = "memory", feature = "helper"))]
#[path = "model.rs"]
mod machine;

#[cfg(not(any(feature = "fields", feature = "memory", feature = "helper")))]
mod machine {
    pub use probe_abi::*;
}

#[allow(warnings)]
mod programs {
    include!(env!("PROBE_ABI_RANDOM_PROGRAMS"));
}

macro_rules! probes {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        #[unsafe(link_section = "uprobe")]
        pub extern "C" fn $name(ctx: *const core::ffi::c_void) -> u64 {
            // SAFETY: a probe program's only argument is its ctx.
            programs::$name(unsafe { machine::pt_regs::from_ctx(ctx) })
        }
    )* };
}
programs::for_each!(probes);

/// The compiler calls it to fill memory, as in `tests/corpus`.
///
/// # Safety
///
/// As for C's function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memset(start: *mut u8, byte: i32, length: usize) {
    for index in 0..length {
        // SAFETY: the caller's. Volatile, because otherwise the compiler recognizes the function and makes it call
        // itself.
        unsafe { start.add(index).write_volatile(byte as u8) };
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
