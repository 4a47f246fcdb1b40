//! A uprobe on `int submit(const struct transfer *transfer)`: what the pointer points to, it reads with
//! types that bindgen made of include/transfer.h.

// As a BPF program. Its tests are programs of this computer: see the end.
#![cfg_attr(not(test), no_std, no_main)]

use core::mem::{MaybeUninit, zeroed};

use probe_abi::{Ptr, c_char, c_int, c_ulong, pt_regs, uintptr_t};

/// The machine's types: see build.rs.
#[allow(dead_code, nonstandard_style)]
mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

use types::transfer;

/// How many parts of a transfer are looked at: the verifier wants an end.
const PARTS: usize = 16;

/// The last call. A loader finds it in the map `.bss`.
#[unsafe(no_mangle)]
// SAFETY: it has integers, and addresses that may be null.
static mut SUBMITTED: Submitted = unsafe { zeroed() };

#[repr(C)]
struct Submitted {
    /// As it lay in the caller's memory.
    transfer: transfer,
    /// What its name points to.
    name: [c_char; 16],
    /// The lengths of its parts, added up.
    bytes: u64,
    urgent: bool,
    retries: u8,
}

/// A helper would refuse to read for a program that is under no GPL-compatible licence.
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// `ctx` might as well be a `*const c_void`, but then `pt_regs` would not be in the object's BTF.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn on_submit(ctx: *const pt_regs) -> c_int {
    submitted(ctx).map_or(1, |()| 0)
}

#[inline(always)]
fn submitted(ctx: *const pt_regs) -> Option<()> {
    let transfer: transfer = read(Ptr::new(first_argument(ctx)?))?;
    let mut bytes = 0;
    for index in 0..PARTS {
        if index >= transfer.count as usize {
            break;
        }
        bytes += read(element(transfer.parts, index))?.iov_len as u64;
    }
    // SAFETY: the program has no other reference to it.
    let submitted = unsafe { &mut *(&raw mut SUBMITTED) };
    read_text(transfer.names[0], &mut submitted.name)?;
    submitted.bytes = bytes;
    submitted.urgent = transfer.urgent() == 1;
    submitted.retries = transfer.retries();
    submitted.transfer = transfer;
    Some(())
}

/// What user code passed as its first argument: x86 has no register for it.
#[inline(always)]
fn first_argument(ctx: *const pt_regs) -> Option<c_ulong> {
    // SAFETY: this is the ctx of a uprobe, and the reference does not leave this function.
    let regs = unsafe { pt_regs::from_ctx(ctx.cast()) }.user_code();
    match regs.arg_at(0) {
        Some(value) => Some(value),
        None => read(Ptr::new(regs.stack_arg_address_at(0)?)),
    }
}

/// Where an element of an array lies.
#[inline(always)]
fn element<T>(array: Ptr<T>, index: usize) -> Ptr<T> {
    Ptr::new(array.address() + (index * size_of::<T>()) as uintptr_t)
}

/// Reads an integer, a `Ptr`, or a struct of such.
#[inline(always)]
fn read<T: Copy>(from: Ptr<T>) -> Option<T> {
    let mut value = MaybeUninit::uninit();
    // SAFETY: the value is written to and nothing else, and any bytes are one.
    unsafe {
        copy(BPF_PROBE_READ_USER, value.as_mut_ptr(), from.address())?;
        Some(value.assume_init())
    }
}

/// Reads a string, up to its zero.
#[inline(always)]
fn read_text<const LENGTH: usize>(from: Ptr<c_char>, to: &mut [c_char; LENGTH]) -> Option<()> {
    // SAFETY: the text is written to and nothing else.
    unsafe { copy(BPF_PROBE_READ_USER_STR, to, from.address()) }
}

// Of `enum bpf_func_id`. A framework such as aya-ebpf has these helpers as functions.
const BPF_PROBE_READ_USER: usize = 112;
const BPF_PROBE_READ_USER_STR: usize = 114;

#[cfg(not(test))]
#[inline(always)]
unsafe fn copy<T>(helper: usize, to: *mut T, from: uintptr_t) -> Option<()> {
    // SAFETY: both helpers have this signature, write no more than they are told, and check the address
    // that they read from.
    let result = unsafe {
        let helper: unsafe extern "C" fn(*mut T, u32, u64) -> i64 = core::mem::transmute(helper);
        helper(to, size_of::<T>() as u32, from.into())
    };
    (result >= 0).then_some(())
}

/// Nothing here panics: the verifier refuses a program that could get here, because it would not end.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// What the helpers do, for tests: the memory of the caller is their own.
#[cfg(all(not(target_arch = "bpf"), test))]
unsafe fn copy<T>(helper: usize, to: *mut T, from: uintptr_t) -> Option<()> {
    let from = from as usize as *const u8;
    let to = to.cast::<u8>();
    for index in 0..size_of::<T>() {
        // SAFETY: `to` has room for a `T`, and the tests point to one, or to a string.
        let byte = unsafe { from.add(index).read() };
        unsafe { to.add(index).write(byte) };
        if helper == BPF_PROBE_READ_USER_STR && byte == 0 {
            break;
        }
    }
    Some(())
}

// A kernel runs no test harness, so what can go wrong before the verifier looks is tested where the
// program is written: `cargo test --target` with this computer's target.
#[cfg(all(not(target_arch = "bpf"), test))]
mod tests {
    use super::{types::iovec, *};

    /// The registers at a call with this argument, on the machine in .cargo/config.toml.
    fn call(transfer: &transfer) -> pt_regs {
        pt_regs {
            rdi: &raw const *transfer as c_ulong,
            ..Default::default()
        }
    }

    #[test]
    fn adds_up_as_many_parts_as_it_may() {
        let parts = [(); 2 * PARTS].map(|()| iovec {
            iov_base: Ptr::default(),
            iov_len: 3,
        });
        // SAFETY: it has integers, and addresses that may be null.
        let mut transfer: transfer = unsafe { zeroed() };
        transfer.parts = Ptr::new(parts.as_ptr() as uintptr_t);
        transfer.names = [c"from a test"; 2].map(|name| Ptr::new(name.as_ptr() as uintptr_t));
        for (count, bytes) in [(0, 0), (2, 6), (16, 48), (17, 48)] {
            transfer.count = count;
            assert_eq!(on_submit(&call(&transfer)), 0);
            // SAFETY: the program has ended.
            let submitted = unsafe { &*(&raw const SUBMITTED) };
            assert_eq!(submitted.bytes, bytes);
            assert_eq!(
                submitted.name[..11],
                b"from a test".map(|byte| byte as c_char)
            );
        }
    }
}
