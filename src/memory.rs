//! The memory of the traced machine, which the pointers of a probe point to.
//!
//! It is the memory of a process or of the kernel. The probe names one of the two, because the same address can be
//! valid in both. [`Ptr`] has the methods that read memory. In a BPF program these methods are the kernel's helpers,
//! such as `bpf_probe_read_user`. A program may call them only under a licence that is compatible with the GPL. They
//! fail with a negative error number: `-14` (`-EFAULT`) if there is nothing at the address, or if its page is not in
//! memory. Aya's functions for these helpers return the same numbers, so `?` works with both.
//!
//! ```
//! use probe_abi::{Ptr, c_char, c_int};
//!
//! fn third(numbers: Ptr<c_int>) -> Result<c_int, i32> {
//!     numbers.wrapping_add(2).read_user()
//! }
//!
//! fn is_absolute(path: Ptr<c_char>) -> Result<bool, i32> {
//!     let mut text = [0; 64];
//!     let length = path.read_user_str(&mut text)?;
//!     Ok(length > 0 && text[0] == b'/')
//! }
//! ```
//!
//! An array that starts as zeros, such as `text` above, is filled by the function `memset` if it is longer than 8
//! bytes. aya-ebpf has a `memset`. A program without Aya needs its own, which [`verifier`](crate::verifier) shows.
//! Without `memset`, loaders report a missing function, or the verifier says `misaligned stack access`.
//!
//! In a test the methods read the memory that the test has made up: see [`testing`](crate::testing). In any other
//! program on the host there is nothing at any address.

use core::mem::MaybeUninit;

use crate::{ptr::Ptr, signature::Address};

/// The owner of the memory that an address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Memory {
    /// The process that the probe runs in. The kernel's `bpf_probe_read_user` reads its memory.
    User,
    /// The kernel. `bpf_probe_read_kernel` reads its memory.
    Kernel,
}

/// A type for which any bytes are a valid value: integers, [`Ptr`], and arrays and structs of these types.
///
/// ```
/// use probe_abi::{AnyBitPattern, Ptr, c_char, c_int};
///
/// #[derive(Clone, Copy)]
/// #[repr(C)]
/// struct file {
///     name: Ptr<c_char>,
///     flags: c_int,
/// }
///
/// // SAFETY: it has integers and a `Ptr`.
/// unsafe impl AnyBitPattern for file {}
///
/// fn flags(file: Ptr<file>) -> Result<c_int, i32> {
///     Ok(file.read_kernel()?.flags)
/// }
/// ```
///
/// # Safety
///
/// Any bytes are a value of the type: it has no `bool`, no `enum`, no reference and no Rust pointer that the program
/// follows.
#[diagnostic::on_unimplemented(
    message = "it is not known that any bytes are a value of `{Self}`, and traced memory may hold any bytes",
    label = "cannot be read from the traced machine's memory",
    note = "for your own struct of integers and `Ptr`s, write `unsafe impl AnyBitPattern for …`; read a `bool` or an `enum` as its integer"
)]
pub unsafe trait AnyBitPattern: Copy {}

macro_rules! any_bit_pattern {
    ($($type:ty)*) => { $(
        // SAFETY: the type is an integer.
        unsafe impl AnyBitPattern for $type {}
    )* };
}
any_bit_pattern!(u8 i8 u16 i16 u32 i32 u64 i64);

// SAFETY: any bytes are a value of each element.
unsafe impl<T: AnyBitPattern, const LENGTH: usize> AnyBitPattern for [T; LENGTH] {}

// SAFETY: the type is an integer.
unsafe impl<T, A: Address> AnyBitPattern for Ptr<T, A> {}

impl<T: AnyBitPattern, A: Address> Ptr<T, A> {
    /// Reads the value from the process's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number.
    #[inline(always)]
    pub fn read_user(self) -> Result<T, i32> {
        read(Memory::User, self.address().into())
    }

    /// Reads the value from the kernel's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn read_kernel(self) -> Result<T, i32> {
        read(Memory::Kernel, self.address().into())
    }

    /// Reads as many values as fit in `to` from the process's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number. `to` is filled with zeros then.
    #[inline(always)]
    pub fn read_user_into(self, to: &mut [T]) -> Result<(), i32> {
        read_into(Memory::User, self.address().into(), to)
    }

    /// Reads as many values as fit in `to` from the kernel's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number. `to` is filled with zeros then.
    #[inline(always)]
    pub fn read_kernel_into(self, to: &mut [T]) -> Result<(), i32> {
        read_into(Memory::Kernel, self.address().into(), to)
    }
}

/// A C type for a character: `char`, signed or unsigned.
pub trait Char {}

impl Char for u8 {}
impl Char for i8 {}

impl<T: Char, A: Address> Ptr<T, A> {
    /// Copies the string to `to`, and returns its length in bytes, without the zero byte at its end.
    ///
    /// `to` gets the zero byte too. A string that does not fit is cut, and its length is then `to.len() - 1`.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user_str`: a negative number.
    #[inline(always)]
    pub fn read_user_str(self, to: &mut [u8]) -> Result<usize, i32> {
        read_str(Memory::User, self.address().into(), to)
    }

    /// [`read_user_str`](Self::read_user_str) of a string in the kernel's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel_str`: a negative number.
    #[inline(always)]
    pub fn read_kernel_str(self, to: &mut [u8]) -> Result<usize, i32> {
        read_str(Memory::Kernel, self.address().into(), to)
    }
}

impl<T, A: Address> Ptr<T, A> {
    /// The pointer to the value `count` elements after this one in an array. The address wraps around at the end of the
    /// machine's addresses.
    #[inline(always)]
    pub fn wrapping_add(self, count: usize) -> Self {
        self.wrapping_byte_add(count.wrapping_mul(size_of::<T>()))
    }

    /// The pointer `count` bytes after this one. With `offset_of!` it points to a field of a struct. The address wraps
    /// around at the end of the machine's addresses.
    #[inline(always)]
    pub fn wrapping_byte_add(self, count: usize) -> Self {
        let address: u64 = self.address().into();
        Self::new(A::from_bits(address.wrapping_add(count as u64)))
    }
}

#[inline(always)]
pub(crate) fn read<T: AnyBitPattern>(memory: Memory, from: u64) -> Result<T, i32> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: `value` has room for `size_of::<T>()` bytes.
    let error = unsafe { copy(memory, value.as_mut_ptr().cast(), size_of::<T>(), from) };
    match error {
        // SAFETY: the bytes were written, and any bytes are a `T`.
        0 => Ok(unsafe { value.assume_init() }),
        error => Err(error as i32),
    }
}

/// Reads an integer of 1, 2, 4 or 8 bytes.
#[inline(always)]
pub(crate) fn read_bits(memory: Memory, from: u64, size: u8) -> Result<u64, i32> {
    match size {
        1 => Ok(read::<u8>(memory, from)?.into()),
        2 => Ok(read::<u16>(memory, from)?.into()),
        4 => Ok(read::<u32>(memory, from)?.into()),
        _ => read(memory, from),
    }
}

#[inline(always)]
fn read_into<T: AnyBitPattern>(memory: Memory, from: u64, to: &mut [T]) -> Result<(), i32> {
    // SAFETY: the slice has that size, and any bytes are values of its type.
    match unsafe { copy(memory, to.as_mut_ptr().cast(), size_of_val(to), from) } {
        0 => Ok(()),
        error => Err(error as i32),
    }
}

/// Reads as many of `length` values as fit in `to`, and returns how many it has read.
#[inline(always)]
pub(crate) fn read_some<T: AnyBitPattern>(
    memory: Memory,
    from: u64,
    length: u64,
    to: &mut [T],
) -> Result<usize, i32> {
    let count = match length < to.len() as u64 {
        true => length as usize,
        false => to.len(),
    };
    // SAFETY: the slice has room for `count` values, and any bytes are values of its type.
    match unsafe { copy(memory, to.as_mut_ptr().cast(), count * size_of::<T>(), from) } {
        0 => Ok(count),
        error => Err(error as i32),
    }
}

#[inline(always)]
fn read_str(memory: Memory, from: u64, to: &mut [u8]) -> Result<usize, i32> {
    // SAFETY: the slice has that length.
    let length = unsafe { copy_str(memory, to.as_mut_ptr(), to.len(), from) };
    match length {
        // An empty slice has no room for the zero byte.
        0 => Ok(0),
        1.. => Ok(length as usize - 1),
        error => Err(error as i32),
    }
}

#[cfg(target_arch = "bpf")]
use helpers::{copy, copy_str};
#[cfg(not(any(target_arch = "bpf", doc, feature = "testing")))]
use nowhere::{copy, copy_str};

#[cfg(all(any(doc, feature = "testing"), not(target_arch = "bpf")))]
use crate::testing::{copy, copy_str};

#[cfg(target_arch = "bpf")]
mod helpers {
    use core::{ffi::c_void, mem::transmute};

    use super::Memory;

    type Helper = unsafe extern "C" fn(to: *mut c_void, size: u32, from: u64) -> i64;

    // A call to a constant address is a call of the helper with that number: `enum bpf_func_id` in `uapi/linux/bpf.h`.
    macro_rules! call {
        ($number:literal($($argument:expr),*)) => {{
            // SAFETY: all four helpers have this type.
            let helper: Helper = unsafe { transmute::<usize, Helper>($number) };
            // SAFETY: the caller ensures it.
            unsafe { helper($($argument),*) }
        }};
    }

    /// # Safety
    ///
    /// `to` has room for `size` bytes.
    #[inline(always)]
    pub unsafe fn copy(memory: Memory, to: *mut u8, size: usize, from: u64) -> i64 {
        match memory {
            Memory::User => call!(112(to.cast(), size as u32, from)),
            Memory::Kernel => call!(113(to.cast(), size as u32, from)),
        }
    }

    /// Returns the length, including the zero byte.
    ///
    /// # Safety
    ///
    /// `to` has room for `size` bytes.
    #[inline(always)]
    pub unsafe fn copy_str(memory: Memory, to: *mut u8, size: usize, from: u64) -> i64 {
        match memory {
            Memory::User => call!(114(to.cast(), size as u32, from)),
            Memory::Kernel => call!(115(to.cast(), size as u32, from)),
        }
    }
}

#[cfg(not(any(target_arch = "bpf", doc, feature = "testing")))]
mod nowhere {
    use super::{EFAULT, Memory};

    pub unsafe fn copy(_: Memory, _: *mut u8, _: usize, _: u64) -> i64 {
        EFAULT
    }

    pub unsafe fn copy_str(_: Memory, _: *mut u8, _: usize, _: u64) -> i64 {
        EFAULT
    }
}

/// `-EFAULT`, of `asm-generic/errno-base.h`. It is the same on all machines.
pub(crate) const EFAULT: i64 = -14;
