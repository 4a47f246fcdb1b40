//! The kernel's helpers that the programs call, by their numbers in `enum bpf_func_id`.

use core::mem::transmute;

use probe_abi::{c_ulong, c_void};

/// One of the helpers that read memory. It takes the place to write to, the number of bytes, and the address to read.
type Read = unsafe extern "C" fn(*mut c_void, u32, u64) -> i64;

/// `bpf_probe_read_user` of a whole `T`; `None` where the kernel refuses the address.
#[inline(always)]
pub fn read_user<T: Copy + Default>(address: c_ulong) -> Option<T> {
    // SAFETY: the kernel's helper 112 has this signature.
    read(unsafe { transmute::<usize, Read>(112) }, address)
}

/// `bpf_probe_read_kernel` of a whole `T`; `None` where the kernel refuses the address.
#[inline(always)]
pub fn read_kernel<T: Copy + Default>(address: c_ulong) -> Option<T> {
    // SAFETY: the kernel's helper 113 has this signature.
    read(unsafe { transmute::<usize, Read>(113) }, address)
}

#[inline(always)]
fn read<T: Copy + Default>(helper: Read, address: c_ulong) -> Option<T> {
    let mut value = T::default();
    let to = (&raw mut value).cast();
    // SAFETY: `value` is as long as the helper is told, and any bytes make a T.
    let error = unsafe { helper(to, size_of::<T>() as u32, address) };
    (error == 0).then_some(value)
}

/// `bpf_probe_read_user` of `length` bytes: 0, or an error.
///
/// # Safety
///
/// The buffer has at least `length` bytes.
#[inline(always)]
pub unsafe fn read_user_bytes(buffer: &mut [u8], length: u32, address: c_ulong) -> i64 {
    // SAFETY: the kernel's helper 112 has this signature.
    let helper = unsafe { transmute::<usize, Read>(112) };
    // SAFETY: the caller's.
    unsafe { helper(buffer.as_mut_ptr().cast(), length, address) }
}

/// `bpf_probe_read_user_str` into a buffer: the length with the terminator, or an error.
#[inline(always)]
pub fn read_user_str(buffer: &mut [u8], address: c_ulong) -> i64 {
    // SAFETY: the kernel's helper 114 has this signature.
    let helper = unsafe { transmute::<usize, Read>(114) };
    // SAFETY: the buffer is as long as the helper is told.
    unsafe { helper(buffer.as_mut_ptr().cast(), buffer.len() as u32, address) }
}
