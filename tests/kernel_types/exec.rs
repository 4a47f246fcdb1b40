//! A raw tracepoint on `sched_process_exec(struct task_struct *, pid_t, struct linux_binprm *)`: the
//! program that tests/kernel_types.rs puts in the place of the example's own.

#![no_std]
#![no_main]

use core::{mem::zeroed, panic::PanicInfo};

use probe_abi::{Ptr, c_int, c_ulong, uintptr_t};

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
    filename: [u8; 64],
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
fn executed(program: Ptr<linux_binprm>) -> Result<(), i32> {
    let program = program.read_kernel()?;
    if program.argc != ARGUMENTS {
        return Err(0);
    }
    // SAFETY: the program has no other reference to it.
    let executed = unsafe { &mut *(&raw mut EXECUTED) };
    executed.arguments = program.argc;
    executed.secure = program.secureexec();
    executed.stack_limit = program.rlim_stack.rlim_cur;
    program.filename.read_kernel_str(&mut executed.filename)?;
    Ok(())
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
