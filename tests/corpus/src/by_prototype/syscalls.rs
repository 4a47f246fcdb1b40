//! Syscalls with their prototypes.

#[path = "../told.rs"]
mod told;

use probe_abi::{
    Entry, Return, SysEnter, SysExit, Syscall, c_char, c_int, c_void, nr, size_t, ssize_t,
    syscall::Told,
};
use told::{Plain, Wrapped};

probes! {
    typed_syscall_wrapped typed_syscall_plain typed_syscall_either typed_syscall_of_a_branch typed_syscall_enter typed_syscall_enter_of_many
    typed_syscall_result typed_syscall_exit
}

type Openat = unsafe extern "C" fn(c_int, *const c_char, c_int, ...) -> c_int;
type Pread = unsafe extern "C" fn(c_int, *mut c_void, size_t, u64) -> ssize_t;
type Sendto =
    unsafe extern "C" fn(c_int, *const c_void, size_t, c_int, *const c_void, c_int) -> ssize_t;

/// It is only known when the program runs.
struct Either;

impl Told for Either {
    #[inline(always)]
    fn wrapped() -> bool {
        core::hint::black_box(true)
    }
}

#[inline(always)]
fn or_error<T: Into<i64>>(value: Result<T, i32>) -> u64 {
    match value {
        Ok(value) => value.into() as u64,
        Err(error) => error as u64,
    }
}

#[inline(always)]
fn all<T: Told>(ctx: *const c_void) -> Result<u64, i32> {
    // SAFETY: a probe program's only argument is its ctx.
    let call = unsafe { Entry::<Syscall<Sendto, T>>::from_ctx(ctx) };
    let mut sum = call.read_arg::<0>()? as u64;
    sum ^= call.read_arg::<1>()?.address() as u64;
    sum ^= call.read_arg::<3>()? as u64;
    sum ^= call.read_arg::<4>()?.address() as u64;
    Ok(sum ^ call.read_arg::<5>()? as u64)
}

fn typed_syscall_wrapped(ctx: *const c_void) -> u64 {
    all::<Wrapped>(ctx).unwrap_or(1)
}

fn typed_syscall_plain(ctx: *const c_void) -> u64 {
    all::<Plain>(ctx).unwrap_or(1)
}

fn typed_syscall_either(ctx: *const c_void) -> u64 {
    all::<Either>(ctx).unwrap_or(1)
}

fn typed_syscall_of_a_branch(ctx: *const c_void) -> u64 {
    // SAFETY: the same.
    let call = unsafe { Entry::<Syscall<Pread, Either>>::from_ctx(ctx) };
    match call.regs().instruction_pointer() & 3 {
        0 => or_error(call.read_arg::<0>()),
        1 => call.read_arg::<3>().unwrap_or(2),
        2 => call.read_arg::<2>().map_or(3, |count| count as u64),
        _ => 0,
    }
}

fn typed_syscall_enter(ctx: *const c_void) -> u64 {
    // SAFETY: ctx has two words.
    let enter = unsafe { SysEnter::from_ctx(ctx) };
    or_error(enter.call::<Openat>().read_arg::<2>())
}

fn typed_syscall_enter_of_many(ctx: *const c_void) -> u64 {
    // SAFETY: ctx has two words.
    let enter = unsafe { SysEnter::from_ctx(ctx) };
    match enter.number() {
        nr::openat => or_error(enter.call::<Openat>().read_arg::<0>()),
        nr::pread64 => enter.call::<Pread>().read_arg::<3>().unwrap_or(1),
        nr::sendto | nr::recvfrom => or_error(enter.call::<Sendto>().read_arg::<5>()),
        number => number as u64,
    }
}

fn typed_syscall_result(ctx: *const c_void) -> u64 {
    // SAFETY: as for an entry.
    let returned = unsafe { Return::<Syscall<Openat, Wrapped>>::from_ctx(ctx) };
    u64::from(returned.value() < 0)
}

fn typed_syscall_exit(ctx: *const c_void) -> u64 {
    // SAFETY: ctx has two words.
    let exit = unsafe { SysExit::from_ctx(ctx) };
    match exit.value::<Openat>() {
        error @ ..0 => error as u64,
        _ => 0,
    }
}
