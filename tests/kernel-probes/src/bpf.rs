//! The kernel's helpers that the programs call, and the map that they write to.

use core::{ffi::c_void, mem::MaybeUninit, ptr};

use probe_abi::c_ulong;

use crate::slots::{HITS, SLOTS};

/// `struct bpf_map_def` of the object files that old versions of libbpf read. The host only looks at its name; the
/// guest makes the map.
#[unsafe(no_mangle)]
#[unsafe(link_section = "maps")]
pub static REPORT: [u32; 5] = [BPF_MAP_TYPE_ARRAY, 4, (SLOTS * 8) as u32, 1, 0];
const BPF_MAP_TYPE_ARRAY: u32 = 2;

/// A helper of `uapi/linux/bpf.h`: a call to it is an instruction with its number.
macro_rules! helper {
    ($number:literal: fn($($arg:ty),*) -> $ret:ty) => {
        // SAFETY: the kernel resolves the call by its number to a function of this type.
        unsafe { core::mem::transmute::<usize, unsafe extern "C" fn($($arg),*) -> $ret>($number) }
    };
}

/// The map's value, only for the first hit of the guest's first process. Later hits are not the ones that the host
/// asked for.
#[inline(always)]
pub fn report() -> Option<&'static mut [u64; SLOTS]> {
    report_if(|process| process == 1)
}

/// The same for the other process, which is of 32 bits.
#[cfg(feature = "compat")]
#[inline(always)]
pub fn report_of_other() -> Option<&'static mut [u64; SLOTS]> {
    report_if(|process| process > 1)
}

#[inline(always)]
fn report_if(is_it: fn(u64) -> bool) -> Option<&'static mut [u64; SLOTS]> {
    let lookup = helper!(1: fn(*const c_void, *mut u32) -> *mut [u64; SLOTS]);
    let current_pid_tgid = helper!(14: fn() -> u64);
    // SAFETY: the helper takes no argument.
    if !is_it(unsafe { current_pid_tgid() } >> 32) {
        return None;
    }
    // A constant would be in a section of its own, which the guest does not load.
    let mut first = 0;
    // SAFETY: the map has 4-byte keys and one value of this type, which the guest reads afterwards.
    let report = unsafe { lookup((&raw const REPORT).cast(), &raw mut first).as_mut() }?;
    report[HITS] += 1;
    (report[HITS] == 1).then_some(report)
}

/// The memory that an address is in.
#[derive(Clone, Copy)]
pub enum Memory {
    User,
    Kernel,
}

/// A word of the machine's memory; zero if it cannot be read.
#[inline(always)]
pub fn read(memory: Memory, address: Option<c_ulong>) -> u64 {
    match address {
        Some(address) => copy::<c_ulong>(memory, address).into(),
        None => 0,
    }
}

/// A copy of the machine's memory; zeros if it cannot be read.
#[inline(always)]
pub fn copy<T: Copy>(memory: Memory, address: c_ulong) -> T {
    let read = match memory {
        Memory::User => helper!(112: fn(*mut c_void, u32, *const c_void) -> i64),
        Memory::Kernel => helper!(113: fn(*mut c_void, u32, *const c_void) -> i64),
    };
    let mut value = MaybeUninit::<T>::uninit();
    let address = ptr::without_provenance(address as usize);
    // SAFETY: the helper writes as many bytes as the value has. If it fails, it writes zeros. T is made of integers.
    unsafe {
        read(value.as_mut_ptr().cast(), size_of::<T>() as u32, address);
        value.assume_init()
    }
}
