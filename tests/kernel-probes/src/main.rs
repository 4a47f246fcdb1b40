//! Programs that write the results of each method of `pt_regs` on a running kernel, and the arguments and return values
//! of prototypes.
//!
//! Everything that they know of the machine comes from `probe_abi`. They do not know the expected values: the host has
//! these.

#![no_std]
#![no_main]

mod bpf;
mod slots;
mod syscalls;

use core::ffi::c_void;

#[cfg(feature = "compat")]
use bpf::report_of_other;
use bpf::{Memory, copy, read, report};
use probe_abi::{
    Kernel, Return, ReturnAddress, User, c_int, c_long, c_longlong, c_uint, c_ulong, prototype,
    pt_regs, size_t,
};
use slots::*;

prototype! {
    /// The kernel's `__sys_sendto`; `sys_sendto` if the kernel does not wrap it, which returns `long`.
    struct Sendto(Kernel<unsafe extern "C" fn(
        fd: c_int,
        buffer: *mut c_void,
        length: size_t,
        flags: c_uint,
        address: *mut c_void,
        address_length: c_int,
    ) -> c_int>);

    /// The kernel's `vfs_fallocate`.
    struct Fallocate(Kernel<unsafe extern "C" fn(
        file: *mut c_void,
        mode: c_int,
        offset: c_longlong,
        length: c_longlong,
    ) -> c_int>);
}

/// The guest's `narrow`.
type Narrow = User<unsafe extern "C" fn() -> c_int>;

/// The function of any syscall.
type Syscall = Kernel<unsafe extern "C" fn() -> c_long>;

/// A uprobe on a function whose arguments are words.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
pub extern "C" fn user_entry(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to uprobes.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let Some(report) = report() else { return 0 };
    entry(regs, Memory::User, report);

    // The number of the first argument on the stack depends on the machine. From the eighth on, all are there.
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

macro_rules! on_mixed {
    ($entry:ident $return:ident) => {
        prototype! {
            /// The guest's `mixed`. On any machine, integers of 64 bits and narrower ones are on the stack. On machines
            /// of 32 bits, an integer of 64 bits is at an odd place.
            struct Mixed(User<unsafe extern "C" fn(
                a: c_int,
                b: c_longlong,
                c: *const c_void,
                d: c_ushort,
                e: c_schar,
                f: c_ulonglong,
                g: c_uint,
                h: bool,
                i: c_int,
                j: c_longlong,
                k: c_short,
                l: c_char,
            ) -> c_longlong>);
        }

        /// A uprobe on `mixed`.
        #[unsafe(no_mangle)]
        #[unsafe(link_section = "uprobe")]
        pub extern "C" fn $entry(ctx: *const c_void) -> i32 {
            // SAFETY: this program is attached to a uprobe on `mixed`.
            let call = unsafe { Mixed::entry(ctx) };
            let Some(report) = report() else { return 0 };
            attempt(report, |report| {
                report[READ_RETURN_ADDRESS] = call.read_return_address()?.into();
                report[FIRST_TYPED] = call.read().a()? as u64;
                report[FIRST_TYPED + 1] = call.read().b()? as u64;
                report[FIRST_TYPED + 2] = call.read().c()?.address().into();
                report[FIRST_TYPED + 3] = call.read().d()? as u64;
                report[FIRST_TYPED + 4] = call.read().e()? as u64;
                report[FIRST_TYPED + 5] = call.read().f()?;
                report[FIRST_TYPED + 6] = call.read().g()? as u64;
                report[FIRST_TYPED + 7] = call.read().h()? as u64;
                report[FIRST_TYPED + 8] = call.read().i()? as u64;
                report[FIRST_TYPED + 9] = call.read().j()? as u64;
                report[FIRST_TYPED + 10] = call.read().k()? as u64;
                report[FIRST_TYPED + 11] = call.read().l()? as u64;
                Ok(())
            })
        }

        /// A uretprobe on `mixed`.
        #[unsafe(no_mangle)]
        #[unsafe(link_section = "uretprobe")]
        pub extern "C" fn $return(ctx: *const c_void) -> i32 {
            // SAFETY: this program is attached to a uretprobe on `mixed`.
            let value: c_longlong = unsafe { Mixed::returned(ctx) }.value();
            let Some(report) = report() else { return 0 };
            report[FIRST_TYPED] = value as u64;
            0
        }
    };
}

mod own {
    use probe_abi::{
        User, c_char, c_int, c_longlong, c_schar, c_short, c_uint, c_ulonglong, c_ushort, prototype,
    };

    use super::{attempt, c_void, report, slots::*};

    on_mixed!(mixed_entry mixed_return);
}

/// In a task of 32 bits.
#[cfg(feature = "compat")]
mod other {
    use probe_abi::{
        compat::{
            User, c_char, c_int, c_longlong, c_schar, c_short, c_uint, c_ulonglong, c_ushort,
        },
        prototype,
    };

    use super::{attempt, c_void, report_of_other as report, slots::*};

    on_mixed!(other_mixed_entry other_mixed_return);
}

/// A uretprobe on `narrow`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uretprobe")]
pub extern "C" fn narrow_return(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to a uretprobe on `narrow`.
    let value: c_int = unsafe { Return::<Narrow>::from_ctx(ctx) }.value();
    write_down(value.into())
}

/// A kprobe or a kprobe.multi on a function with the arguments of `sendto`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe")]
pub extern "C" fn kernel_entry(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to kprobes and to kprobe.multi.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let Some(report) = report() else { return 0 };
    entry(regs, Memory::Kernel, report);

    // Every machine passes the first three arguments in registers.
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

    // SAFETY: the function has these parameters.
    let call = unsafe { Sendto::entry(ctx) };
    attempt(report, |report| {
        report[READ_RETURN_ADDRESS] = call.read_return_address()?.into();
        report[FIRST_TYPED] = call.fd() as u64;
        report[FIRST_TYPED + 1] = call.buffer().address().into();
        report[FIRST_TYPED + 2] = call.length().into();
        report[FIRST_TYPED + 3] = call.read().flags()?.into();
        report[FIRST_TYPED + 4] = call.read().address()?.address().into();
        report[FIRST_TYPED + 5] = call.read().address_length()? as u64;
        Ok(())
    })
}

/// A kretprobe on `__sys_sendto`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kretprobe")]
pub extern "C" fn sendto_return(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to a kretprobe on `__sys_sendto`.
    let value: c_int = unsafe { Sendto::returned(ctx) }.value();
    write_down(value.into())
}

/// A kretprobe on a syscall's function.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kretprobe")]
pub extern "C" fn syscall_return(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to kretprobes on functions of syscalls.
    let value: c_long = unsafe { Return::<Syscall>::from_ctx(ctx) }.value();
    write_down(value.into())
}

/// A kprobe on `vfs_fallocate`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe")]
pub extern "C" fn fallocate_entry(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to a kprobe on `vfs_fallocate`.
    let call = unsafe { Fallocate::entry(ctx) };
    let Some(report) = report() else { return 0 };
    attempt(report, |report| {
        report[FIRST_TYPED] = call.file().address().into();
        report[FIRST_TYPED + 1] = call.mode() as u64;
        report[FIRST_TYPED + 2] = call.read().offset()? as u64;
        report[FIRST_TYPED + 3] = call.read().length()? as u64;
        Ok(())
    })
}

/// A kretprobe on `vfs_fallocate`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kretprobe")]
pub extern "C" fn fallocate_return(ctx: *const c_void) -> i32 {
    // SAFETY: this program is attached to a kretprobe on `vfs_fallocate`.
    let value: c_int = unsafe { Fallocate::returned(ctx) }.value();
    write_down(value.into())
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

/// A kprobe on a syscall's function in a kernel that wraps its syscalls. The only argument points to the syscall's own
/// registers.
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

/// Reads ctx up to the end of our struct, and writes the last word.
#[unsafe(no_mangle)]
#[unsafe(link_section = "kprobe")]
pub extern "C" fn whole_context(ctx: *const c_void) -> i32 {
    let Some(report) = report() else { return 0 };
    let last = size_of::<pt_regs>() / size_of::<c_ulong>() - 1;
    // SAFETY: the word is inside the struct, and ctx is as long as the struct.
    let word = unsafe { ctx.cast::<c_ulong>().add(last).read_volatile() };
    report[LAST_WORD] = word.into();
    0
}

/// Writes the values that are read, or the error of the read that fails.
#[inline(always)]
fn attempt(
    report: &mut [u64; SLOTS],
    read: impl FnOnce(&mut [u64; SLOTS]) -> Result<(), i32>,
) -> i32 {
    if let Err(error) = read(report) {
        report[ERROR] = error as u64;
    }
    0
}

/// Writes the value that a function returned.
#[inline(always)]
fn write_down(value: i64) -> i32 {
    if let Some(report) = report() {
        report[FIRST_TYPED] = value as u64;
    }
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
