//! The kernel's helpers that the programs call, by their numbers in `enum bpf_func_id`.

use core::{ffi::c_void, mem::transmute};

use crate::machine::c_ulong;

/// `bpf_get_current_pid_tgid`
#[inline(always)]
pub fn pid_tgid() -> u64 {
    // SAFETY: the kernel's helper 14 has this signature.
    let helper: unsafe extern "C" fn() -> u64 = unsafe { transmute(14_usize) };
    // SAFETY: it takes nothing and has no condition.
    unsafe { helper() }
}

/// `bpf_probe_read_kernel` of a whole `T`; `None` where the kernel refuses the address.
#[inline(always)]
pub fn read_kernel<T: Copy + Default>(address: c_ulong) -> Option<T> {
    // SAFETY: the kernel's helper 113 has this signature.
    let helper: unsafe extern "C" fn(*mut c_void, u32, u64) -> i64 =
        unsafe { transmute(113_usize) };
    let mut value = T::default();
    // SAFETY: `value` is as long as the helper is told, and any bytes make a T.
    let error = unsafe {
        helper(
            (&raw mut value).cast(),
            size_of::<T>() as u32,
            address as u64,
        )
    };
    (error == 0).then_some(value)
}

/// `bpf_probe_read_user_str` into a buffer: the length with the terminator, or an error.
#[inline(always)]
pub fn read_user_str(buffer: &mut [u8], address: c_ulong) -> i64 {
    // SAFETY: the kernel's helper 114 has this signature.
    let helper: unsafe extern "C" fn(*mut c_void, u32, u64) -> i64 =
        unsafe { transmute(114_usize) };
    // SAFETY: the buffer is as long as the helper is told.
    unsafe {
        helper(
            buffer.as_mut_ptr().cast(),
            buffer.len() as u32,
            address as u64,
        )
    }
}
