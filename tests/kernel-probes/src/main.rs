//! Programs that write down what each method of `pt_regs` gives on a running kernel.
//!
//! They know nothing of the machine but what `probe_abi` tells them, and nothing of the values to
//! expect: the host has those.

#![no_std]
#![no_main]

mod bpf;
mod slots;

use core::ffi::c_void;

use bpf::{Memory, copy, read, report};
use probe_abi::{ReturnAddress, c_ulong, pt_regs};
use slots::*;

/// A uprobe, on a function whose arguments are words.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
pub extern "C" fn user_entry(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to uprobes.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let Some(report) = report() else { return 0 };
    entry(regs, Memory::User, report);

    // The first argument on the stack is another on every machine; from the eighth on, all are there.
    macro_rules! arguments {
        (anywhere $($n:literal)*; on_the_stack $($s:literal)*) => {
            $(report[FIRST_ARG + $n] = match regs.user_code().arg_at($n) {
                Some(value) => value.into(),
                None => read(Memory::User, regs.user_code().stack_arg_address_at($n)),
            };)*
            $(report[FIRST_ARG + $s] = read(Memory::User, Some(regs.user_code().stack_arg_address::<$s>()));)*
        };
    }
    arguments!(anywhere 0 1 2 3 4 5 6 7; on_the_stack 8 9 10 11);
    0
}

/// A kprobe or a kprobe.multi, on a function with six arguments of at most a word each.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe")]
pub extern "C" fn kernel_entry(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to kprobes and to kprobe.multi.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let Some(report) = report() else { return 0 };
    entry(regs, Memory::Kernel, report);

    // Every machine passes the first three in registers.
    report[FIRST_ARG] = regs.arg::<0>().into();
    report[FIRST_ARG + 1] = regs.arg::<1>().into();
    report[FIRST_ARG + 2] = regs.arg::<2>().into();
    macro_rules! anywhere {
        ($($n:literal)*) => {
            $(report[FIRST_ARG + $n] = match regs.arg_at($n) {
                Some(value) => value.into(),
                None => read(Memory::Kernel, regs.stack_arg_address_at($n)),
            };)*
        };
    }
    anywhere!(3 4 5);
    0
}

/// A return probe of any kind.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kretprobe")]
pub extern "C" fn function_return(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to return probes.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let Some(report) = report() else { return 0 };
    report[INSTRUCTION_POINTER] = regs.instruction_pointer().into();
    report[STACK_POINTER] = regs.stack_pointer().into();
    report[RETURN_VALUE] = regs.return_value().into();
    0
}

/// A kprobe on a syscall's function, where the kernel wraps those: its only argument points to the
/// syscall's own registers.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe")]
pub extern "C" fn syscall_wrapper(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to kprobes.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let Some(report) = report() else { return 0 };
    syscall(regs.arg::<0>(), report);
    0
}

/// The raw tracepoint `sys_enter`, whose first argument points to the syscall's own registers.
#[unsafe(no_mangle)]
#[unsafe(link_section = "raw_tracepoint")]
pub extern "C" fn sys_enter(ctx: *const [u64; 2]) -> i32 {
    let Some(report) = report() else { return 0 };
    // SAFETY: a raw tracepoint's arguments are 64 bits each on every machine, and this one has two.
    let [regs, _number] = unsafe { *ctx };
    syscall(regs as c_ulong, report);
    0
}

/// Reads ctx up to the end of our struct, and writes down the last word.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe")]
pub extern "C" fn whole_context(ctx: *const c_void) -> i32 {
    let Some(report) = report() else { return 0 };
    let last = size_of::<pt_regs>() / size_of::<c_ulong>() - 1;
    // SAFETY: the word is inside the struct, which ctx is as long as.
    let word = unsafe { ctx.cast::<c_ulong>().add(last).read_volatile() };
    report[LAST_WORD] = word.into();
    0
}

#[inline(always)]
fn entry(regs: &pt_regs, memory: Memory, report: &mut [u64; SLOTS]) {
    report[INSTRUCTION_POINTER] = regs.instruction_pointer().into();
    report[STACK_POINTER] = regs.stack_pointer().into();
    if let Some(frame_pointer) = regs.frame_pointer() {
        report[FRAME_POINTER] = frame_pointer.into();
    }
    report[RETURN_ADDRESS] = match regs.return_address() {
        ReturnAddress::Register(address) => address.into(),
        ReturnAddress::Stack(slot) => read(memory, Some(slot)),
    };
}

#[inline(always)]
fn syscall(regs: c_ulong, report: &mut [u64; SLOTS]) {
    let regs: pt_regs = copy(Memory::Kernel, regs);
    report[SYSCALL_NUMBER] = regs.syscall_number().into();
    macro_rules! arguments {
        ($($n:literal)*) => {
            $(report[FIRST_SYSCALL_ARG + $n] = regs.syscall_arg::<$n>().into();)*
        };
    }
    arguments!(0 1 2 3 4 5);
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
