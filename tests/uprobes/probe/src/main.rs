//! Probes on the functions of `functions.c`. Each keeps the values that it sees for ../../main.rs.

#![no_std]
#![no_main]

mod seen;

use probe_abi::{
    PassedAs, c_char, c_int, c_longlong, c_schar, c_short, c_uchar, c_uint, c_ulonglong, c_ushort,
    c_void, prototype,
};
use seen::keep;

/// `enum kind`
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Kind(c_int);

// SAFETY: it is one `int`, and may have any value of an `int`.
unsafe impl PassedAs for Kind {
    type As = c_int;
}

type Callback = unsafe extern "C" fn(c_int) -> c_int;

prototype! {
    struct Mixed(probe_abi::User<unsafe extern "C" fn(
        a: c_schar, b: c_ushort, c: c_int, d: c_uint, e: c_longlong, f: *const c_char, g: bool,
        h: Kind, i: Callback, j: c_short, k: c_ulonglong, l: c_uchar,
    ) -> c_longlong>);
    struct Narrow(probe_abi::User<unsafe extern "C" fn(a: c_int) -> c_schar>);
    struct Wraps(probe_abi::User<unsafe extern "C" fn(a: c_int) -> c_ushort>);
    struct IsOdd(probe_abi::User<unsafe extern "C" fn(a: c_uint) -> bool>);
    struct Title(probe_abi::User<unsafe extern "C" fn() -> *const c_char>);
    struct Plain(probe_abi::User<unsafe extern "C" fn()>);
    struct Formatted(probe_abi::User<unsafe extern "C" fn(format: *const c_char, ...) -> c_int>);
}

#[inline(always)]
fn keep_read(index: usize, value: Result<i64, i32>) {
    match value {
        Ok(value) => keep(index, value),
        // The test passes no such value.
        Err(error) => keep(index, i64::from(error) ^ i64::MIN),
    }
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn on_mixed(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uprobe on `mixed`.
    let call = unsafe { Mixed::entry(ctx) };
    keep(0, i64::from(call.a()));
    keep(1, i64::from(call.b()));
    keep(2, i64::from(call.c()));
    keep(3, i64::from(call.d()));
    keep(4, call.e());
    keep(5, call.f().address() as i64);
    // The parameters from here on are on the stack. `read` also reads parameters in registers.
    keep_read(12, call.read().d().map(i64::from));
    keep_read(6, call.read().g().map(i64::from));
    keep_read(7, call.read().h().map(|kind| i64::from(kind.0)));
    keep_read(8, call.read().i().map(|callback| callback.address() as i64));
    keep_read(9, call.read().j().map(i64::from));
    keep_read(10, call.read().k().map(|value| value as i64));
    keep_read(11, call.read().l().map(i64::from));
    // More zeros would become a call of `memset`, which does not exist here.
    let mut text = [0; 8];
    keep_read(
        14,
        call.f()
            .read_user_str(&mut text)
            .map(|length| length as i64),
    );
    keep(15, i64::from_ne_bytes(text));
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn on_plain(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uprobe on `plain`.
    let call = unsafe { Plain::entry(ctx) };
    keep_read(13, call.read_return_address().map(|address| address as i64));
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn on_formatted(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uprobe on `formatted`.
    let call = unsafe { Formatted::entry(ctx) };
    keep(16, call.format().address() as i64);
    keep_read(17, call.format().cast::<u8>().read_user().map(i64::from));
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn mixed_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `mixed`.
    keep(20, unsafe { Mixed::returned(ctx) }.value());
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn narrow_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `narrow`.
    let value: c_schar = unsafe { Narrow::returned(ctx) }.value();
    keep(21, i64::from(value));
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn wraps_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `wraps`.
    let value: c_ushort = unsafe { Wraps::returned(ctx) }.value();
    keep(22, i64::from(value));
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn is_odd_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `is_odd`.
    let value: bool = unsafe { IsOdd::returned(ctx) }.value();
    keep(23, i64::from(value));
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn title_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `title`.
    let value: probe_abi::Ptr<c_char> = unsafe { Title::returned(ctx) }.value();
    keep(24, value.address() as i64);
    0
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
extern "C" fn formatted_returned(ctx: *const c_void) -> c_int {
    // SAFETY: this is the ctx of a uretprobe on `formatted`.
    let value: c_int = unsafe { Formatted::returned(ctx) }.value();
    keep(25, i64::from(value));
    0
}
