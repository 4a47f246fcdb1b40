//! The corpus as BPF programs: every function of `programs` in a section that loaders understand.

#![no_std]
#![no_main]

// Only this crate reads by prototypes, so these programs have no twins.
#[cfg(not(any(
    feature = "elsewhere",
    feature = "operands",
    feature = "perf-event",
    feature = "plain",
    feature = "reshaped"
)))]
mod by_prototype;
#[cfg(feature = "elsewhere")]
mod elsewhere;
#[cfg(not(any(feature = "operands", feature = "reshaped")))]
mod helpers;
#[cfg(feature = "operands")]
mod operands;
#[cfg(feature = "plain")]
mod plain;
#[cfg(not(any(feature = "operands", feature = "reshaped")))]
mod programs;
#[cfg(feature = "reshaped")]
mod reshaped;

#[cfg(feature = "operands")]
use operands as tempting;
#[cfg(not(any(feature = "operands", feature = "reshaped")))]
use programs as tempting;
#[cfg(feature = "reshaped")]
use reshaped as tempting;

mod machine {
    #[cfg(feature = "elsewhere")]
    pub use crate::elsewhere::pt_regs;
    #[cfg(feature = "plain")]
    pub use crate::plain::pt_regs;
    pub use probe_abi::*;
}

macro_rules! probes {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        #[cfg_attr(not(feature = "perf-event"), unsafe(link_section = "uprobe"))]
        #[cfg_attr(feature = "perf-event", unsafe(link_section = "perf_event"))]
        pub extern "C" fn $name(ctx: *const machine::c_void) -> u64 {
            // SAFETY: a probe program's only argument is its ctx.
            tempting::$name(unsafe { machine::pt_regs::from_ctx(ctx) })
        }
    )* };
}
tempting::for_each!(probes);

// Only programs under the GPL may call helpers that read memory.
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 4] = *b"GPL\0";

/// The compiler calls it to fill an array. The verifier refuses the way in which compiler-builtins' own function steps
/// through memory, so BPF programs bring their own. Unlike C's function it returns nothing, because no function may
/// return an address of the stack.
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
