//! A raw tracepoint on `sched_process_exec(struct task_struct *, pid_t, struct linux_binprm *)`: the
//! program that tests/kernel_types.rs puts in the place of the example's own.

#![no_std]
#![no_main]

use core::{
    mem::{MaybeUninit, transmute, zeroed},
    panic::PanicInfo,
};

use probe_abi::{Ptr, c_char, c_int, c_ulong, uintptr_t};

#[allow(dead_code, nonstandard_style)]
mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

use types::linux_binprm;

/// No other process has so many arguments.
const ARGUMENTS: c_int = 77;

#[unsafe(no_mangle)]
// SAFETY: it has integers, and addresses that may be null.
static mut EXECUTED: Executed = unsafe { zeroed() };

#[repr(C)]
struct Executed {
    arguments: c_int,
    secure: u32,
    filename: [c_char; 64],
    stack_limit: c_ulong,
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[unsafe(no_mangle)]
#[unsafe(link_section = "raw_tp/sched_process_exec")]
extern "C" fn on_exec(arguments: &[u64; 3]) -> c_int {
    executed(Ptr::new(arguments[2] as uintptr_t)).map_or(1, |()| 0)
}

#[inline(always)]
fn executed(program: Ptr<linux_binprm>) -> Option<()> {
    const PROBE_READ_KERNEL: usize = 113;
    const PROBE_READ_KERNEL_STR: usize = 115;
    let mut read = MaybeUninit::<linux_binprm>::uninit();
    // SAFETY: the program has no other reference to the static, and the kernel writes to all of `read`.
    let (program, executed) = unsafe {
        copy(PROBE_READ_KERNEL, read.as_mut_ptr(), program.address())?;
        (read.assume_init_ref(), &mut *(&raw mut EXECUTED))
    };
    if program.argc != ARGUMENTS {
        return None;
    }
    executed.arguments = program.argc;
    executed.secure = program.secureexec();
    executed.stack_limit = program.rlim_stack.rlim_cur;
    // SAFETY: the text is written to and nothing else.
    unsafe {
        copy(
            PROBE_READ_KERNEL_STR,
            &mut executed.filename,
            program.filename.address(),
        )
    }
}

#[inline(always)]
unsafe fn copy<T>(helper: usize, to: *mut T, from: uintptr_t) -> Option<()> {
    // SAFETY: both helpers have this signature, write no more than they are told, and check the address
    // that they read from.
    let result = unsafe {
        let helper: unsafe extern "C" fn(*mut T, u32, u64) -> i64 = transmute(helper);
        helper(to, size_of::<T>() as u32, from)
    };
    (result >= 0).then_some(())
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
