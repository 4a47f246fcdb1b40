//! The BPF program. One object serves every static probe: where the arguments are at each of its places lies in a map, and
//! which entry of it comes with the attachment, as its cookie.
//!
//! There is no machine in this file, and little else than maps and helpers: what is read is in the package beside it,
//! ../event, which has tests.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use aya_ebpf::{
    EbpfContext,
    helpers::bpf_get_attach_cookie,
    macros::{map, uprobe},
    maps::{Array, PerCpuArray, RingBuf},
    programs::ProbeContext,
};
use probe_abi::pt_regs;
use usdt_event::{Event, Site};

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(1 << 20, 0);

/// How many events found the ring buffer full.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The places. The loader knows how many there are.
#[map]
static SITES: Array<Site> = Array::with_max_entries(1, 0);

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[uprobe]
fn came_by(ctx: ProbeContext) {
    // SAFETY: the helper takes the ctx of the program that runs.
    let number = unsafe { bpf_get_attach_cookie(ctx.as_ptr()) } as u32;
    let Some(site) = SITES.get(number) else {
        return;
    };
    let Some(mut entry) = EVENTS.reserve::<Event>(0) else {
        if let Some(lost) = LOST.get_ptr_mut(0) {
            // SAFETY: it is this processor's own, and map values stay where they are.
            unsafe { *lost += 1 };
        }
        return;
    };
    // SAFETY: it is as large as an event, and is made of integers, which have any value.
    let event: &mut Event = unsafe { &mut *entry.as_mut_ptr() };
    event.site = number;
    event.process = ctx.tgid();
    // SAFETY: this is the ctx of a uprobe, and the reference does not leave this function.
    event.read(site, unsafe { pt_regs::from_ctx(ctx.as_ptr()) });
    entry.submit(0);
}

/// Nothing here panics: the verifier refuses a program that could get here, because it would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
