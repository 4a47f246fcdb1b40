//! The tracer's two BPF programs. One object of them serves every function: what to read of a call lies in a map, and which
//! entry of it comes with the attachment, as its cookie.
//!
//! There is no machine in this file, and little else than maps and helpers: what is read, and from where, is in the
//! package beside it, ../event, which has tests.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use aya_ebpf::{
    EbpfContext,
    helpers::{bpf_get_attach_cookie, bpf_get_current_pid_tgid},
    macros::{map, uprobe, uretprobe},
    maps::{Array, PerCpuArray, RingBuf, ring_buf::RingBufEntry},
    programs::{ProbeContext, RetProbeContext},
};
use probe_abi::pt_regs;
use tracer_event::{Event, Request};

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(1 << 22, 0);

/// How many events found the ring buffer full.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The functions. The loader knows how many there are.
#[map]
static REQUESTS: Array<Request> = Array::with_max_entries(1, 0);

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[uprobe]
fn called(ctx: ProbeContext) {
    tell(&ctx, |request, event| {
        // SAFETY: this is the ctx of a uprobe, and the reference does not leave this function.
        let regs = unsafe { pt_regs::from_ctx(ctx.as_ptr()) };
        event.call(request, regs.user_code());
    });
}

#[uretprobe]
fn returned(ctx: RetProbeContext) {
    tell(&ctx, |request, event| {
        // SAFETY: this is the ctx of a uretprobe.
        unsafe { event.returned(request, ctx.as_ptr()) };
    });
}

/// Puts an event into the ring buffer.
#[inline(always)]
fn tell(ctx: &impl EbpfContext, write: impl FnOnce(&Request, &mut Event)) {
    // SAFETY: the helper takes the ctx of the program that runs.
    let function = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) } as u32;
    let Some(request) = REQUESTS.get(function) else {
        return;
    };
    let Some(mut entry) = EVENTS.reserve::<Event>(0) else {
        if let Some(lost) = LOST.get_ptr_mut(0) {
            // SAFETY: it is this processor's own, and map values stay where they are.
            unsafe { *lost += 1 };
        }
        return;
    };
    let event = as_event(&mut entry);
    event.function = function;
    event.thread = bpf_get_current_pid_tgid();
    write(request, event);
    entry.submit(0);
}

#[inline(always)]
fn as_event(entry: &mut RingBufEntry<Event>) -> &mut Event {
    // SAFETY: it is as large as an event, and is made of integers, which have any value.
    unsafe { &mut *entry.as_mut_ptr() }
}

/// Nothing here panics: the verifier refuses a program that could get here, because it would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
