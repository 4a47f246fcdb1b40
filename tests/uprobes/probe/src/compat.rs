//! Probes on the program of `compat.c`, of 32 bits or of 64 bits. Each keeps the values that it sees for
//! ../../compat.rs.

#![no_std]
#![no_main]

mod seen;

use probe_abi::{
    SysEnter, SysExit, c_char, c_int, c_long, c_short, c_uchar, c_void, compat, nr, prototype,
    pt_regs, size_t, ssize_t,
};
use seen::keep;

prototype! {
    struct Wide(probe_abi::User<unsafe extern "C" fn(
        a: c_int, b: u64, c: *const c_char, d: c_long, e: c_uchar, f: i64, g: c_short
    ) -> i64>);
    struct Narrow(compat::User<unsafe extern "C" fn(
        a: compat::c_int, b: u64, c: *const compat::c_char, d: compat::c_long, e: compat::c_uchar, f: i64,
        g: compat::c_short
    ) -> i64>);
}

type Pread = unsafe extern "C" fn(c_int, *mut c_void, size_t, i64) -> ssize_t;
type CompatPread =
    unsafe extern "C" fn(compat::c_int, *mut c_void, compat::size_t, i64) -> compat::ssize_t;

/// Keeps 1 for code of 64 bits, and 2 for code of 32 bits.
#[inline(always)]
fn keep_kind(index: usize, is_compat: bool) {
    keep(index, if is_compat { 2 } else { 1 });
}

#[inline(always)]
fn narrow(ctx: *const c_void) -> Result<(), i32> {
    // SAFETY: this is the ctx of a uprobe on `mixed`.
    let call = unsafe { Narrow::entry(ctx) }.read();
    keep(0, call.a()?.into());
    keep(1, call.b()? as i64);
    keep(2, call.c()?.address().into());
    keep(3, call.d()?.into());
    keep(4, call.e()?.into());
    keep(5, call.f()?);
    keep(6, call.g()?.into());
    keep(9, call.c()?.cast::<u8>().read_user()?.into());
    Ok(())
}

#[inline(always)]
fn wide(ctx: *const c_void) -> Result<(), i32> {
    // SAFETY: the same.
    let call = unsafe { Wide::entry(ctx) };
    keep(0, call.a().into());
    keep(1, call.b() as i64);
    keep(2, call.c().address() as i64);
    keep(3, call.d());
    keep(4, call.e().into());
    keep(5, call.f());
    keep(6, call.read().g()?.into());
    keep(9, call.c().cast::<u8>().read_user()?.into());
    Ok(())
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn on_mixed(ctx: *const c_void) -> c_int {
    // SAFETY: the same.
    let is_compat = unsafe { pt_regs::from_ctx(ctx) }.user_code().is_compat();
    keep_kind(8, is_compat);
    let read = match is_compat {
        true => narrow(ctx),
        false => wide(ctx),
    };
    if let Err(error) = read {
        keep(8, error.into());
    }
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn mixed_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `mixed`.
    let value = match unsafe { pt_regs::from_ctx(ctx) }.user_code().is_compat() {
        // SAFETY: the same.
        true => unsafe { Narrow::returned(ctx) }.value(),
        // SAFETY: the same.
        false => unsafe { Wide::returned(ctx) }.value(),
    };
    keep(7, value);
    0
}

#[inline(always)]
fn enter(ctx: *const c_void) -> Result<(), i32> {
    // SAFETY: this is the ctx of that raw tracepoint.
    let wide = unsafe { SysEnter::from_ctx(ctx) };
    // SAFETY: the same.
    let narrow = unsafe { compat::SysEnter::from_ctx(ctx) };
    match wide.is_compat()? {
        true if narrow.number() == compat::nr::pread64 => {
            let call = narrow.call::<CompatPread>();
            if call.read_arg::<0>()? != -78 {
                return Ok(());
            }
            keep_kind(16, true);
            keep(17, call.read_arg::<1>()?.address().into());
            keep(18, call.read_arg::<2>()?.into());
            keep(19, call.read_arg::<3>()?);
        }
        false if wide.number() == nr::pread64 => {
            let call = wide.call::<Pread>();
            if call.read_arg::<0>()? != -78 {
                return Ok(());
            }
            keep_kind(16, false);
            keep(17, call.read_arg::<1>()?.address() as i64);
            keep(18, call.read_arg::<2>()? as i64);
            keep(19, call.read_arg::<3>()?);
        }
        // A syscall that code of 64 bits makes by `int $0x80`.
        is_compat if narrow.number() == compat::nr::pread64 => {
            let call = narrow.call::<CompatPread>();
            if call.read_arg::<0>()? == -79 {
                keep_kind(20, is_compat);
            }
        }
        _ => {}
    }
    Ok(())
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "raw_tracepoint/sys_enter")]
extern "C" fn on_sys_enter(ctx: *const c_void) -> c_int {
    if let Err(error) = enter(ctx) {
        keep(16, error.into());
    }
    0
}

#[inline(always)]
fn exit(ctx: *const c_void) -> Result<(), i32> {
    // SAFETY: this is the ctx of that raw tracepoint.
    let wide = unsafe { SysExit::from_ctx(ctx) };
    let regs = wide.regs().read_kernel()?;
    match wide.is_compat()? {
        true => {
            // SAFETY: the same.
            let narrow = unsafe { compat::SysExit::from_ctx(ctx) };
            if regs.syscall_number() as u32 == compat::nr::pread64 && regs.rbx as i32 == -78 {
                keep_kind(24, true);
                keep(25, narrow.value::<CompatPread>().into());
            }
        }
        false => {
            if regs.syscall_number() == nr::pread64 && regs.syscall_arg::<0>() as i32 == -78 {
                keep_kind(24, false);
                keep(25, wide.value::<Pread>());
            }
        }
    }
    Ok(())
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "raw_tracepoint/sys_exit")]
extern "C" fn on_sys_exit(ctx: *const c_void) -> c_int {
    if let Err(error) = exit(ctx) {
        keep(24, error.into());
    }
    0
}
