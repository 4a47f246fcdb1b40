//! The BPF program. One object serves every static probe: a map has the places of the arguments, in one entry for each
//! of the probe's places. The attachment's cookie is the number of the entry.
//!
//! This file names no machine, and has little more than maps and helpers. The package beside it, ../event, reads the
//! registers and memory, and has tests.

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

/// How many events were lost because the ring buffer was full.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The places. The loader sets the number of entries.
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
            // SAFETY: this processor alone uses it, and map values stay at their addresses.
            unsafe { *lost += 1 };
        }
        return;
    };
    // SAFETY: it is as large as an event, and an event has only integers, which may have any value.
    let event: &mut Event = unsafe { &mut *entry.as_mut_ptr() };
    event.site = number;
    event.process = ctx.tgid();
    // SAFETY: this is the ctx of a uprobe, and the reference does not leave this function.
    event.read(site, unsafe { pt_regs::from_ctx(ctx.as_ptr()) });
    entry.submit(0);
}

/// Never called: the verifier refuses a program that could get here, because the program would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
