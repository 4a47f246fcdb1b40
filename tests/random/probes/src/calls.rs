//! Typed calls without this crate: the file that the environment names has the place of each parameter.

use core::{ffi::c_void, marker::PhantomData};

use super::{ARGUMENTS, RETURN_ADDRESS, RETURNS_ON_STACK, STACK_POINTER, c_ulong, pt_regs};

pub struct User<F>(PhantomData<F>);

pub struct Kernel<F>(PhantomData<F>);

pub struct Syscall<F>(PhantomData<F>);

/// Whether a function's stack is in the memory of a process or of the kernel.
pub trait Code {
    const USER: bool;
}

impl<F> Code for User<F> {
    const USER: bool = true;
}

impl<F> Code for Kernel<F> {
    const USER: bool = false;
}

impl<F> Code for Syscall<F> {
    const USER: bool = false;
}

/// The place of a value: numbers of roles, and bytes above the stack pointer.
pub enum Place {
    Register(usize),
    Pair { low: usize, high: usize },
    Split { low: usize, high: u64 },
    Stack(u64),
    /// In bytes after the address in the kernel's first argument.
    Nested(u64),
}

/// Parameter `N` of a function.
pub trait Nth<const N: usize>: Code {
    type Value: Value;
    const PLACE: Place;
}

/// The return value of a function.
pub trait Returns: Code {
    type Value: Value;
    const PLACE: Place;
}

pub trait Value {
    fn from_bits(bits: u64) -> Self;
}

macro_rules! integers {
    ($($integer:ident)*) => { $(
        impl Value for $integer {
            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                bits as Self
            }
        }
    )* };
}
integers!(u8 i8 u16 i16 u32 i32 u64 i64);

impl Value for bool {
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits as u8 != 0
    }
}

#[derive(Clone, Copy)]
pub struct Ptr<T>(c_ulong, PhantomData<*const T>);

impl<T> Ptr<T> {
    #[inline(always)]
    pub fn address(self) -> c_ulong {
        self.0
    }
}

impl<T> Value for Ptr<T> {
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        Self(bits as c_ulong, PhantomData)
    }
}

#[repr(transparent)]
pub struct Entry<C>(pt_regs, PhantomData<C>);

impl<C: Code> Entry<C> {
    #[inline(always)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx Self {
        // SAFETY: the caller passes registers.
        unsafe { core::mem::transmute(ctx) }
    }

    #[inline(always)]
    pub fn arg<const N: usize>(&self) -> <C as Nth<N>>::Value
    where
        C: Nth<N>,
    {
        const { assert!(matches!(C::PLACE, Place::Register(_) | Place::Pair { .. })) }
        Value::from_bits(in_registers(&self.0, C::PLACE))
    }

    #[inline(always)]
    pub fn read_arg<const N: usize>(&self) -> Result<<C as Nth<N>>::Value, i32>
    where
        C: Nth<N>,
    {
        let above = |bytes: u64| self.0.role(STACK_POINTER).wrapping_add(bytes as c_ulong);
        let read_at = |address: c_ulong| -> Result<u64, i32> {
            Ok(match size_of::<C::Value>() {
                1 => read::<u8>(C::USER, address)?.into(),
                2 => read::<u16>(C::USER, address)?.into(),
                4 => read::<u32>(C::USER, address)?.into(),
                _ => read::<u64>(C::USER, address)?,
            })
        };
        let bits = match C::PLACE {
            Place::Stack(bytes) => read_at(above(bytes))?,
            Place::Nested(bytes) => read_at(self.0.role(ARGUMENTS).wrapping_add(bytes as c_ulong))?,
            Place::Split { low, high } => {
                let high = read::<u32>(C::USER, above(high))?;
                u64::from(self.0.role(low)) | u64::from(high) << 32
            }
            place => in_registers(&self.0, place),
        };
        Ok(Value::from_bits(bits))
    }

    #[inline(always)]
    pub fn read_return_address(&self) -> Result<c_ulong, i32> {
        let address = self.0.role(RETURN_ADDRESS);
        match RETURNS_ON_STACK {
            true => read(C::USER, address),
            false => Ok(address),
        }
    }

    #[inline(always)]
    pub fn regs(&self) -> &pt_regs {
        &self.0
    }
}

#[repr(transparent)]
pub struct Return<C>(pt_regs, PhantomData<C>);

impl<C: Returns> Return<C> {
    #[inline(always)]
    pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx Self {
        // SAFETY: the caller passes registers.
        unsafe { core::mem::transmute(ctx) }
    }

    #[inline(always)]
    pub fn value(&self) -> C::Value {
        Value::from_bits(in_registers(&self.0, C::PLACE))
    }
}

#[inline(always)]
fn in_registers(regs: &pt_regs, place: Place) -> u64 {
    match place {
        Place::Register(role) => regs.role(role).into(),
        Place::Pair { low, high } => u64::from(regs.role(low)) | u64::from(regs.role(high)) << 32,
        Place::Split { .. } | Place::Stack(_) | Place::Nested(_) => 0,
    }
}

/// An integer of the machine's memory.
#[inline(always)]
fn read<T: Copy>(user: bool, from: c_ulong) -> Result<T, i32> {
    let mut value = core::mem::MaybeUninit::<T>::uninit();
    match copy(user, value.as_mut_ptr().cast(), size_of::<T>(), from.into()) {
        // SAFETY: it was written to, and any bytes are an integer.
        0 => Ok(unsafe { value.assume_init() }),
        error => Err(error as i32),
    }
}

#[cfg(target_arch = "bpf")]
#[inline(always)]
fn copy(user: bool, to: *mut c_void, size: usize, from: u64) -> i64 {
    type Helper = unsafe extern "C" fn(*mut c_void, u32, u64) -> i64;
    let number: usize = if user { 112 } else { 113 };
    // SAFETY: the kernel's helpers `bpf_probe_read_user` and `bpf_probe_read_kernel` have this signature.
    let helper: Helper = unsafe { core::mem::transmute(number) };
    // SAFETY: `to` has room for the value.
    unsafe { helper(to, size as u32, from) }
}

#[cfg(not(target_arch = "bpf"))]
fn copy(user: bool, to: *mut c_void, size: usize, from: u64) -> i64 {
    // SAFETY: `to` has room for the value.
    let to = unsafe {
        to.write_bytes(0, size);
        core::slice::from_raw_parts_mut(to.cast(), size)
    };
    crate::memory::read(user, to, from)
}
