//! The BPF programs: uprobes on the first instruction of a Go function, and on its return instructions. One object
//! serves programs of every release of Go.
//!
//! This file names no machine, and has little more than maps and helpers. The package beside it, ../event, reads the
//! registers and memory, and has tests.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use aya_ebpf::{
    EbpfContext,
    macros::{map, uprobe},
    maps::{LruHashMap, PerCpuArray, RingBuf},
    programs::ProbeContext,
};
use go_event::{Event, Read, ServeHttp, buffer};
use probe_abi::{Entry, GoSlice, Return, go_release};

go_release! {
    /// The release of Go that built the program. The loader sets it.
    struct Watched(GO_RELEASE);
}

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(1 << 20, 0);

/// How many events were lost because the ring buffer was full.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The buffers of calls that have not returned, by process and goroutine.
#[map]
static BUFFERS: LruHashMap<(u64, u64), GoSlice<u8>> = LruHashMap::with_max_entries(4096, 0);

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// Sends an event, if `write` could fill it.
#[inline(always)]
fn tell(ctx: &ProbeContext, write: impl FnOnce(&mut Event) -> Result<(), i32>) {
    let Some(mut entry) = EVENTS.reserve::<Event>(0) else {
        if let Some(lost) = LOST.get_ptr_mut(0) {
            // SAFETY: this processor alone uses it, and map values stay at their addresses.
            unsafe { *lost += 1 };
        }
        return;
    };
    // SAFETY: it is as large as an event, and an event has only integers, which may have any value.
    let event: &mut Event = unsafe { &mut *entry.as_mut_ptr() };
    event.process = ctx.tgid();
    (event.method_length, event.text_length) = (0, 0);
    match write(event) {
        Ok(()) => entry.submit(0),
        Err(_) => entry.discard(0),
    }
}

#[uprobe]
fn on_request(ctx: ProbeContext) {
    // SAFETY: this is the ctx of a uprobe at the function's first instruction.
    let call = unsafe { Entry::<ServeHttp<Watched>>::from_ctx(ctx.as_ptr()) };
    tell(&ctx, |event| event.request(call));
}

#[uprobe]
fn on_served(ctx: ProbeContext) {
    // SAFETY: this is the ctx of a uprobe at a return instruction.
    let returned = unsafe { Return::<ServeHttp<Watched>>::at_ret(ctx.as_ptr()) };
    tell(&ctx, |event| {
        event.served(returned);
        Ok(())
    });
}

#[uprobe]
fn on_read(ctx: ProbeContext) {
    // SAFETY: this is the ctx of a uprobe at the function's first instruction.
    let call = unsafe { Entry::<Read<Watched>>::from_ctx(ctx.as_ptr()) };
    if let (Ok(buffer), Ok(goroutine)) = (buffer(call), call.goroutine()) {
        let key = (ctx.tgid().into(), goroutine.address());
        let _ = BUFFERS.insert(&key, &buffer, 0);
    }
}

#[uprobe]
fn on_read_done(ctx: ProbeContext) {
    // SAFETY: this is the ctx of a uprobe at a return instruction.
    let returned = unsafe { Return::<Read<Watched>>::at_ret(ctx.as_ptr()) };
    let Ok(goroutine) = returned.goroutine() else {
        return;
    };
    let key = (ctx.tgid().into(), goroutine.address());
    // SAFETY: the value is copied at once, and no other goroutine has this key.
    let Some(buffer) = (unsafe { BUFFERS.get(&key) }).copied() else {
        return;
    };
    let _ = BUFFERS.remove(&key);
    tell(&ctx, |event| event.read(buffer, returned));
}

/// Never called: the verifier refuses a program that could get here, because the program would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
