//! The tracer's two BPF programs. One object of them serves every function: what to read of a call
//! comes with the attachment, as its cookie.
//!
//! There is no architecture in this file. What argument 6 is, and whether it has a register, is
//! probe-abi's to know.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use aya_ebpf::{
    EbpfContext,
    helpers::{
        bpf_get_attach_cookie, bpf_get_current_pid_tgid, bpf_probe_read_user,
        generated::bpf_probe_read_user_str,
    },
    macros::{map, uprobe, uretprobe},
    maps::{PerCpuArray, RingBuf, ring_buf::RingBufEntry},
    programs::{ProbeContext, RetProbeContext},
};
use probe_abi::{Ptr, UserCode, c_char, c_ulong, pt_regs, uintptr_t};
use tracer_event::{ARGUMENTS, Event, Request, TEXT, Value};

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(1 << 22, 0);

/// How many events found the ring buffer full.
#[map]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// The machine that this object is for. No kernel asks, and every kernel would run it: so the loader
/// does.
#[unsafe(no_mangle)]
#[unsafe(link_section = "machine")]
static MACHINE: [u8; probe_abi::ARCH.len()] = *probe_abi::ARCH.as_bytes().first_chunk().unwrap();

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[uprobe]
fn called(ctx: ProbeContext) {
    // SAFETY: this is the ctx of a uprobe, and the reference does not leave this function.
    let regs = unsafe { pt_regs::from_ctx(ctx.as_ptr()) }.user_code();
    let Some((event, request)) = begin(&ctx, 0) else {
        return;
    };
    for index in 0..ARGUMENTS {
        if index >= request.arguments.into() {
            break;
        }
        let string = request.string_arguments >> index & 1 == 1;
        put(&event, index, argument(regs, index), string);
    }
    event.submit(0);
}

#[uretprobe]
fn returned(ctx: RetProbeContext) {
    // SAFETY: this is the ctx of a uretprobe, and the reference does not leave this function.
    let regs = unsafe { pt_regs::from_ctx(ctx.as_ptr()) }.user_code();
    let Some((event, request)) = begin(&ctx, 1) else {
        return;
    };
    put(&event, 0, Ok(regs.return_value()), request.returns_string);
    event.submit(0);
}

/// The event in the ring buffer, all of it but the values.
#[inline(always)]
fn begin(ctx: &impl EbpfContext, returned: u32) -> Option<(RingBufEntry<Event>, Request)> {
    // SAFETY: the helper takes the ctx of the program that runs.
    let request = Request::from_cookie(unsafe { bpf_get_attach_cookie(ctx.as_ptr()) });
    let Some(mut entry) = EVENTS.reserve::<Event>(0) else {
        if let Some(lost) = LOST.get_ptr_mut(0) {
            // SAFETY: it is this processor's own, and map values stay where they are.
            unsafe { *lost += 1 };
        }
        return None;
    };
    let event = entry.as_mut_ptr();
    // SAFETY: the reserved entry is as large as an event.
    unsafe {
        (&raw mut (*event).function).write(request.function);
        (&raw mut (*event).returned).write(returned);
        (&raw mut (*event).thread).write(bpf_get_current_pid_tgid());
    }
    Some((entry, request))
}

/// An argument of the function that was called, wherever this machine passes it.
#[inline(always)]
fn argument(regs: &UserCode, index: usize) -> Result<c_ulong, i32> {
    if let Some(value) = regs.arg_at(index) {
        return Ok(value);
    }
    let address = regs.stack_arg_address_at(index).unwrap_or(0);
    // SAFETY: the helper checks the address.
    unsafe { bpf_probe_read_user(Ptr::<c_ulong>::new(address as uintptr_t).as_ptr()) }
}

/// Writes down a value, and the string that it points to.
#[inline(always)]
fn put(entry: &RingBufEntry<Event>, index: usize, value: Result<c_ulong, i32>, string: bool) {
    let bits = value.unwrap_or(0);
    let event = entry.as_ptr().cast_mut();
    // SAFETY: the reserved entry is as large as an event, and callers keep to the first ARGUMENTS
    // indices. An index of the array itself would be checked with a panic.
    unsafe {
        let slot = (&raw mut (*event).values).cast::<Value>().add(index);
        let text = (&raw mut (*slot).text).cast();
        let read = match value {
            Err(error) => error.into(),
            Ok(_) if string => {
                let pointer = Ptr::<c_char>::new(bits as uintptr_t);
                bpf_probe_read_user_str(text, TEXT as u32, pointer.as_ptr().cast())
            }
            Ok(_) => 0,
        };
        (&raw mut (*slot).bits).write(bits.into());
        (&raw mut (*slot).read).write(read);
    }
}

/// Nothing here panics: the verifier refuses a program that could get here, because it would not end.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
