//! The tracer's BPF programs: two for functions, and two for syscalls. One object serves every function. A map
//! has an entry for each function, which says how to read its calls. For a function, the attachment's cookie is the
//! number of the entry. For a syscall, its number selects the entry.
//!
//! This file names no machine, and has little more than maps and helpers. The package beside it, ../event, reads the
//! registers and memory, and has tests.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use aya_ebpf::{
    EbpfContext,
    helpers::{bpf_get_attach_cookie, bpf_get_current_pid_tgid},
    macros::{map, raw_tracepoint, uprobe, uretprobe},
    maps::{Array, HashMap, PerCpuArray, RingBuf, ring_buf::RingBufEntry},
    programs::{ProbeContext, RawTracePointContext, RetProbeContext},
};
use probe_abi::{SysEnter, SysExit, pt_regs};
use tracer_event::{Event, Request};

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(1 << 22, 0);

/// How many events were lost because the ring buffer was full.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The functions. The loader sets the number of entries.
#[map]
static REQUESTS: Array<Request> = Array::with_max_entries(1, 0);

/// The process whose syscalls are followed.
#[map]
static PROCESS: Array<u32> = Array::with_max_entries(1, 0);

/// The functions of syscalls, by the syscall's number.
#[map]
static SYSCALLS: HashMap<u32, u32> = HashMap::with_max_entries(512, 0);

/// For each thread, the function of the syscall that the thread is in.
#[map]
static OPEN: HashMap<u64, u32> = HashMap::with_max_entries(4096, 0);

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

#[raw_tracepoint(tracepoint = "sys_enter")]
fn sys_enter(ctx: RawTracePointContext) -> i32 {
    let thread = bpf_get_current_pid_tgid();
    if PROCESS.get(0) != Some(&((thread >> 32) as u32)) {
        return 0;
    }
    // SAFETY: this is the ctx of that raw tracepoint, and the reference does not leave this function.
    let enter = unsafe { SysEnter::from_ctx(ctx.as_ptr()) };
    let number = enter.number() as u32;
    // SAFETY: nothing changes it while a command runs.
    let Some(&function) = (unsafe { SYSCALLS.get(&number) }) else {
        return 0;
    };
    let _ = OPEN.insert(&thread, &function, 0);
    tell_of(function, |request, event| event.syscall(request, enter));
    0
}

#[raw_tracepoint(tracepoint = "sys_exit")]
fn sys_exit(ctx: RawTracePointContext) -> i32 {
    let thread = bpf_get_current_pid_tgid();
    // SAFETY: no other thread changes this thread's entry.
    let Some(&function) = (unsafe { OPEN.get(&thread) }) else {
        return 0;
    };
    let _ = OPEN.remove(&thread);
    // SAFETY: this is the ctx of that raw tracepoint, and the reference does not leave this function.
    let exit = unsafe { SysExit::from_ctx(ctx.as_ptr()) };
    tell_of(function, |_, event| event.syscall_ends(exit));
    0
}

/// Puts an event of a uprobe into the ring buffer.
#[inline(always)]
fn tell(ctx: &impl EbpfContext, write: impl FnOnce(&Request, &mut Event)) {
    // SAFETY: the helper takes the ctx of the program that runs.
    tell_of(unsafe { bpf_get_attach_cookie(ctx.as_ptr()) } as u32, write);
}

/// Puts an event into the ring buffer.
#[inline(always)]
fn tell_of(function: u32, write: impl FnOnce(&Request, &mut Event)) {
    let Some(request) = REQUESTS.get(function) else {
        return;
    };
    let Some(mut entry) = EVENTS.reserve::<Event>(0) else {
        if let Some(lost) = LOST.get_ptr_mut(0) {
            // SAFETY: this processor alone uses it, and map values stay at their addresses.
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
    // SAFETY: it is as large as an event, and an event has only integers, which may have any value.
    unsafe { &mut *entry.as_mut_ptr() }
}

/// Never called: the verifier refuses a program that could get here, because the program would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
