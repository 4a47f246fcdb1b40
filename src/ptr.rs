use core::{fmt, marker::PhantomData};

/// A pointer as it lies in the traced machine's memory.
///
/// It is as wide as that machine's pointers, `Address`, where a Rust pointer in a BPF program is
/// always 8 bytes: in a struct that a probe reads from an arm process, `Ptr<T>` takes the 4 bytes
/// that `T *` takes there. It cannot be dereferenced, because what it points to is not the program's
/// memory: read it with `bpf_probe_read_user` or `bpf_probe_read_kernel`, from
/// [`as_ptr`](Self::as_ptr).
///
/// Each machine's own `Ptr<T>` is this type with its addresses.
#[repr(transparent)]
pub struct Ptr<T, Address> {
    address: Address,
    pointee: PhantomData<*const T>,
}

impl<T, Address: Copy> Ptr<T, Address> {
    /// A pointer to `address`.
    #[inline(always)]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            pointee: PhantomData,
        }
    }

    /// The address, as wide as the traced machine's.
    #[inline(always)]
    pub const fn address(self) -> Address {
        self.address
    }

    /// The same address, as a pointer to something else.
    #[inline(always)]
    pub const fn cast<U>(self) -> Ptr<U, Address> {
        Ptr::new(self.address)
    }
}

impl<T, Address: Copy + Into<u64>> Ptr<T, Address> {
    /// The pointer as helpers such as `bpf_probe_read_user` take it: zero-extended to the width of
    /// the program's own pointers. Not to be dereferenced.
    #[inline(always)]
    pub fn as_ptr(self) -> *const T {
        core::ptr::without_provenance(self.address.into() as usize)
    }

    /// Whether this is C's null pointer.
    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.address.into() == 0
    }
}

// By hand, because derived ones would ask the same of T.

impl<T, Address: Copy> Clone for Ptr<T, Address> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, Address: Copy> Copy for Ptr<T, Address> {}

impl<T, Address: PartialEq> PartialEq for Ptr<T, Address> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

impl<T, Address: Eq> Eq for Ptr<T, Address> {}

impl<T, Address: Default> Default for Ptr<T, Address> {
    /// The null pointer.
    #[inline(always)]
    fn default() -> Self {
        Self {
            address: Address::default(),
            pointee: PhantomData,
        }
    }
}

impl<T, Address: fmt::LowerHex> fmt::Debug for Ptr<T, Address> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address)
    }
}
