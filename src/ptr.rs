use core::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

/// A pointer as it is in the traced machine's memory.
///
/// It is as wide as that machine's pointers, `Address`. A Rust pointer in a BPF program always has 8 bytes. In a struct
/// that a probe reads from an arm process, `Ptr<T>` takes 4 bytes, as `T *` does there. It cannot be dereferenced,
/// because the memory that it points to is not the program's own memory: read it with `bpf_probe_read_user` or
/// `bpf_probe_read_kernel`, from [`as_ptr`](Self::as_ptr).
///
/// Each machine's own `Ptr<T>` is this type with the addresses of that machine.
///
/// # With bindgen
///
/// bindgen writes C's `T *` as `*const T` or `*mut T`, and a pointer to a function as an `Option` of a Rust function.
/// All of them have 8 bytes in a BPF program. For a machine of 32 bits a struct with such a field does not compile; if
/// bindgen's layout tests are turned off, it compiles but is wrong. No option of bindgen 0.73 changes that. A build
/// script can write `::probe_abi::Ptr<T>` in their place:
///
/// ```text
/// impl syn::visit_mut::VisitMut for Pointers {
///     fn visit_type_mut(&mut self, ty: &mut syn::Type) {
///         syn::visit_mut::visit_type_mut(self, ty);
///         if let syn::Type::Ptr(pointer) = ty {
///             let pointee = &pointer.elem;
///             *ty = syn::parse_quote!(::probe_abi::Ptr<#pointee>);
///         }
///     }
/// }
/// ```
///
/// `examples/kernel-types`, in the crate's repository, is a whole package that does this, for the structs of a program
/// and for those of the kernel's `vmlinux.h`. It covers C types, the machine's clang target, functions, and the 64-bit
/// integers of x86.
#[repr(transparent)]
pub struct Ptr<T, Address> {
    address: Address,
    // It does not own a `T` and gives no access to one: it is a number for every `T`.
    pointee: PhantomData<fn() -> *const T>,
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

    /// The same address, as a pointer to another type.
    #[inline(always)]
    pub const fn cast<U>(self) -> Ptr<U, Address> {
        Ptr::new(self.address)
    }
}

impl<T, Address: Copy + Into<u64>> Ptr<T, Address> {
    /// The pointer in the form that helpers such as `bpf_probe_read_user` take: zero-extended to the width of the
    /// program's own pointers. Do not dereference it.
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

// Not derived, because a derive would require the same traits of `T`.

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

impl<T, Address: Hash> Hash for Ptr<T, Address> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address.hash(state);
    }
}

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

impl<T, Address: fmt::LowerHex> fmt::LowerHex for Ptr<T, Address> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl<T, Address: fmt::UpperHex> fmt::UpperHex for Ptr<T, Address> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// In the form of C's `%p`.
impl<T, Address: fmt::LowerHex> fmt::Pointer for Ptr<T, Address> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address)
    }
}

impl<T, Address: fmt::LowerHex> fmt::Debug for Ptr<T, Address> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address)
    }
}
