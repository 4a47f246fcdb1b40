//! Tests of a probe on the host: made-up calls, and made-up memory.
//!
//! A kernel cannot run a test harness. But a probe is Rust, and its work on a call is a function: `cargo test` runs
//! that function for the selected machine, on any computer.
//!
//! ```
//! use probe_abi::{Ptr, User, c_char, c_int, prototype, testing};
//!
//! prototype! {
//!     pub struct Openat(User<unsafe extern "C" fn(dirfd: c_int, path: *const c_char, flags: c_int, ...) -> c_int>);
//! }
//!
//! /// The work of the uprobe.
//! fn first_letter(call: &Openat) -> Result<u8, i32> {
//!     let path: Ptr<c_char> = call.read().path()?;
//!     path.cast().read_user()
//! }
//!
//! # fn main() {
//! // #[test]
//! let path = testing::user_str(c"/etc/passwd");
//! let call = Openat::call((-100, path, 0));
//! assert_eq!(first_letter(&call), Ok(b'/'));
//!
//! // There is nothing at this address.
//! let call = Openat::call((-100, Ptr::new(16), 0));
//! assert_eq!(first_letter(&call), Err(-14));
//! # }
//! ```
//!
//! The module exists with the feature `testing`, on the host. The feature links `std`. A probe with a panic handler
//! cannot be compiled together with `std`, so it enables the feature for its tests only: the README shows how.
//!
//! * `call` puts each value in the place where the machine passes it: in registers, or on the stack. If a value does
//!   not fill its register, the other bits of the register are not zeros.
//! * Each thread has its own memory, and so does each test. In a probe the kernel's helpers read memory; here the
//!   methods of [`Ptr`] read the test's memory. [`Memory::User`] and [`Memory::Kernel`] are two separate memories, as
//!   they are on a machine.
//! * Values are in the byte order of the computer that runs the test.
//! * Helpers of a framework do not work on the host. Keep the code that needs them (maps, output) out of the function
//!   that is tested.
//!
//! # With an interpreter
//!
//! An interpreter for BPF, such as `rbpf`, can run the compiled program on the same calls. [`Made::bytes`] is the
//! memory of the program's ctx. The helpers that the interpreter calls for the program can read memory by [`Ptr`]'s
//! methods:
//!
//! ```
//! use probe_abi::Ptr;
//!
//! /// `bpf_probe_read_user`, in the form that rbpf expects of a helper.
//! fn probe_read_user(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
//!     // SAFETY: the program passes the address of a place of that size.
//!     let to = unsafe { std::slice::from_raw_parts_mut(to as *mut u8, size as usize) };
//!     match Ptr::new(from as probe_abi::uintptr_t).read_user_into(to) {
//!         Ok(()) => 0,
//!         Err(error) => error as u64,
//!     }
//! }
//! ```

extern crate std;

use core::{
    cell::RefCell,
    ffi::{CStr, c_void},
    fmt,
    mem::MaybeUninit,
    ops::{Deref, Range},
    slice,
};
use std::{boxed::Box, collections::BTreeMap, thread_local, vec::Vec};

use crate::{
    call::{self, Code, Entry, GivesBack, Return, Takes},
    go::GoString,
    machine::{Compat, Endian, Place, ReturnAddress, Slot},
    memory::{AnyBitPattern, Char, EFAULT, Memory},
    ptr::Ptr,
    regs::{self, Registers},
    signature::Address,
    syscall::{Nested, SysEnter, Syscall},
};

thread_local! {
    static USER: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
    static KERNEL: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
}

/// One memory.
struct Bytes {
    /// The bytes at each address. A byte in a gap of a struct has no value.
    at: BTreeMap<u64, MaybeUninit<u8>>,
    /// The address for the next bytes, if the test does not choose an address.
    free: u64,
}

impl Bytes {
    const fn new() -> Self {
        Self {
            at: BTreeMap::new(),
            // There is nothing below this address, and so nothing at null.
            free: 0x1_0000,
        }
    }

    /// An address for `size` bytes. No other bytes have it, and there is nothing directly after them.
    fn allocate(&mut self, size: usize) -> u64 {
        let address = self.free;
        self.free += (size as u64 + 1).next_multiple_of(64);
        assert!(
            self.free <= u32::MAX.into(),
            "the memory of this test is full: it has 4 GiB"
        );
        address
    }

    fn put(&mut self, address: u64, bytes: &[MaybeUninit<u8>]) {
        self.at.extend((address..).zip(bytes.iter().copied()));
    }

    fn copy(&self, address: u64, to: &mut [MaybeUninit<u8>]) -> Option<()> {
        for (index, byte) in to.iter_mut().enumerate() {
            *byte = *self.at.get(&address.checked_add(index as u64)?)?;
        }
        Some(())
    }
}

fn with<T>(memory: Memory, work: impl FnOnce(&mut Bytes) -> T) -> T {
    let memory = match memory {
        Memory::User => &USER,
        Memory::Kernel => &KERNEL,
    };
    memory.with_borrow_mut(work)
}

/// Puts a value into the process's memory of this thread, and returns its address, which is below 4 GiB.
pub fn user<T: AnyBitPattern, A: Address>(value: T) -> Ptr<T, A> {
    put(Memory::User, &value)
}

/// Puts a value into the kernel's memory of this thread, and returns its address, which is below 4 GiB.
pub fn kernel<T: AnyBitPattern, A: Address>(value: T) -> Ptr<T, A> {
    put(Memory::Kernel, &value)
}

/// Puts a value at the address of a pointer, in the process's memory of this thread. It replaces the bytes there.
pub fn user_at<T: AnyBitPattern, A: Address>(at: Ptr<T, A>, value: T) {
    with(Memory::User, |memory| {
        memory.put(at.address().into(), bytes_of(&value));
    });
}

/// Puts a value at the address of a pointer, in the kernel's memory of this thread. It replaces the bytes there.
pub fn kernel_at<T: AnyBitPattern, A: Address>(at: Ptr<T, A>, value: T) {
    with(Memory::Kernel, |memory| {
        memory.put(at.address().into(), bytes_of(&value));
    });
}

/// Puts a string into the process's memory of this thread, and returns its address as [`user`] does.
pub fn user_str<T: Char, A: Address>(text: &CStr) -> Ptr<T, A> {
    put_str(Memory::User, text)
}

/// Puts a string into the kernel's memory of this thread, and returns its address as [`kernel`] does.
pub fn kernel_str<T: Char, A: Address>(text: &CStr) -> Ptr<T, A> {
    put_str(Memory::Kernel, text)
}

/// Puts the bytes of a Go string into the process's memory of this thread, and returns the string.
pub fn go_string<A: Address>(text: &str) -> GoString<A> {
    GoString {
        data: put_bytes(Memory::User, bytes_of_all(text.as_bytes())),
        length: A::from_bits(text.len() as u64),
    }
}

fn put<T: AnyBitPattern, A: Address>(memory: Memory, value: &T) -> Ptr<T, A> {
    put_bytes(memory, bytes_of(value))
}

fn put_str<T: Char, A: Address>(memory: Memory, text: &CStr) -> Ptr<T, A> {
    put_bytes(memory, bytes_of_all(text.to_bytes_with_nul()))
}

fn put_bytes<T, A: Address>(memory: Memory, bytes: &[MaybeUninit<u8>]) -> Ptr<T, A> {
    let address = with(memory, |memory| {
        let address = memory.allocate(bytes.len());
        memory.put(address, bytes);
        address
    });
    Ptr::new(A::from_bits(address))
}

fn bytes_of<T>(value: &T) -> &[MaybeUninit<u8>] {
    bytes_of_all(slice::from_ref(value))
}

fn bytes_of_all<T>(values: &[T]) -> &[MaybeUninit<u8>] {
    // SAFETY: the slice is as long as the values, and its bytes may hold anything.
    unsafe { slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// Does the work of `bpf_probe_read_user` and `bpf_probe_read_kernel`.
///
/// # Safety
///
/// `to` has room for `size` bytes.
pub(crate) unsafe fn copy(memory: Memory, to: *mut u8, size: usize, from: u64) -> i64 {
    // SAFETY: the caller ensures it. Bytes of `MaybeUninit` need no value.
    let to = unsafe { slice::from_raw_parts_mut(to.cast::<MaybeUninit<u8>>(), size) };
    if with(memory, |memory| memory.copy(from, to)).is_some() {
        return 0;
    }
    to.fill(MaybeUninit::new(0));
    EFAULT
}

/// Does the work of `bpf_probe_read_user_str` and `bpf_probe_read_kernel_str`, which return the length including the
/// zero byte.
///
/// # Safety
///
/// `to` has room for `size` bytes.
pub(crate) unsafe fn copy_str(memory: Memory, to: *mut u8, size: usize, from: u64) -> i64 {
    for index in 0..size {
        // SAFETY: the caller ensures it.
        let byte = unsafe { to.add(index) };
        // SAFETY: the same.
        let error = unsafe { copy(memory, byte, 1, from.wrapping_add(index as u64)) };
        if error != 0 {
            return error;
        }
        if index + 1 == size {
            // SAFETY: the same.
            unsafe { byte.write(0) };
        }
        // SAFETY: it was just copied. A gap of a struct is not text.
        if unsafe { byte.read() } == 0 {
            return index as i64 + 1;
        }
    }
    0
}

/// A made-up call or return. `View` is its type in a probe: an [`Entry`], a [`Return`] or the struct of a
/// [`prototype!`](crate::prototype).
pub struct Made<View: Seen> {
    regs: Box<View::Registers>,
    /// The parts of it that are in memory.
    lent: Vec<Lent>,
}

/// Bytes that are in memory as long as this value lives.
struct Lent {
    memory: Memory,
    range: Range<u64>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        with(self.memory, |memory| {
            for address in self.range.clone() {
                memory.at.remove(&address);
            }
        });
    }
}

/// A probe's view of registers.
///
/// # Safety
///
/// The type is a transparent wrapper of the registers.
#[doc(hidden)]
pub unsafe trait Seen {
    type Registers: call::Machine;
}

// SAFETY: it is a transparent wrapper.
unsafe impl<C: Code> Seen for Entry<C> {
    type Registers = C::Registers;
}

// SAFETY: it is a transparent wrapper.
unsafe impl<C: Code> Seen for Return<C> {
    type Registers = C::Registers;
}

impl<C: Code> Entry<C> {
    /// A call that a test makes, with a value for each parameter: `Entry::<C>::call((-100, path, 0))`.
    ///
    /// Each value is in the place where the machine passes it, as long as the result lives. [`testing`](self) has an
    /// example.
    pub fn call<Values>(values: Values) -> Made<Self>
    where
        C: Takes<Values>,
    {
        Made::entry::<C, _>(values)
    }
}

impl<C: Code> Return<C> {
    /// A return that a test makes, with the returned value.
    pub fn returning<Value>(value: Value) -> Made<Self>
    where
        C: GivesBack<Value>,
    {
        let mut made = Made::<Self>::new(C::MEMORY);
        write(
            &mut *made.regs,
            C::Registers::MACHINE.instruction_pointer,
            CALLER,
        );
        C::put(value, |place, size, bits| {
            made.put(C::MEMORY, place, size, bits)
        });
        made
    }
}

/// The bytes of a register or stack slot that no value was put in.
const ANYTHING: u8 = 0xa5;

/// The distance from the stack pointer to each end of a made-up stack. On sparc64 the first argument on the stack is
/// 2223 bytes above the stack pointer.
const STACK: u64 = 4096;

/// An address that is not the address of any code.
const FUNCTION: u64 = 0x40_0000;
const CALLER: u64 = 0x41_0000;

impl<View: Seen> Made<View> {
    /// The ctx that the kernel passes to a program for this call or return. It is valid as long as this value.
    pub fn ctx(&self) -> *const c_void {
        core::ptr::from_ref(&*self.regs).cast()
    }

    /// The memory that [`ctx`](Self::ctx) points to, for an interpreter of BPF.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the registers are integers without gaps.
        unsafe { slice::from_raw_parts(self.ctx().cast(), size_of::<View::Registers>()) }
    }

    fn new(code: Memory) -> Self {
        // SAFETY: any bytes are a value of the registers.
        let mut regs = unsafe {
            let mut regs = Box::<View::Registers>::new_uninit();
            regs.as_mut_ptr()
                .cast::<u8>()
                .write_bytes(ANYTHING, size_of::<View::Registers>());
            regs.assume_init()
        };
        let machine = View::Registers::MACHINE;
        let middle = with(code, |memory| memory.allocate(2 * STACK as usize)) + STACK;
        for (slot, value) in [
            (machine.stack_pointer, middle),
            (machine.instruction_pointer, FUNCTION),
        ] {
            write(&mut *regs, slot.low(machine.word, Endian::THIS), value);
        }
        if let Compat::Mode {
            slot, wide, narrow, ..
        } = machine.compat
        {
            let is_narrow = machine.word < slot.width;
            write(&mut *regs, slot, if is_narrow { narrow } else { wide });
        }
        Self {
            regs,
            lent: Vec::new(),
        }
    }

    #[doc(hidden)]
    pub fn entry<C, Values>(values: Values) -> Self
    where
        C: Code<Registers = View::Registers> + Takes<Values>,
    {
        let mut made = Self::new(C::MEMORY);
        let machine = View::Registers::MACHINE;
        match machine.return_address {
            ReturnAddress::Register(slot) => {
                let behind: u64 = machine.return_address_behind.into();
                let slot = slot.low(machine.word, Endian::THIS);
                write(&mut *made.regs, slot, CALLER - behind);
            }
            ReturnAddress::Stack(_) => made.push(C::MEMORY, 0, CALLER, machine.word),
        }
        if C::wrapped() {
            let lent = nested::<C, _>(values);
            write(
                &mut *made.regs,
                machine.kernel.registers[0],
                lent.range.start,
            );
            made.lent.push(lent);
            return made;
        }
        C::put(values, |place, size, bits| {
            made.put(C::MEMORY, place, size, bits)
        });
        made
    }

    /// Puts a value into its place.
    fn put(&mut self, code: Memory, place: Option<Place>, size: u8, bits: u64) {
        match place {
            Some(Place::Register(slot)) => {
                write(&mut *self.regs, slot.low(size, Endian::THIS), bits)
            }
            Some(Place::Pair { low, high }) => {
                write(&mut *self.regs, low, bits);
                write(&mut *self.regs, high, bits >> 32);
            }
            Some(Place::Split { low, high }) => {
                write(&mut *self.regs, low, bits);
                self.push(code, high, bits >> 32, 4);
            }
            Some(Place::Stack(offset)) => self.push(code, offset, bits, size),
            None => unreachable!("an integer has 1, 2, 4 or 8 bytes"),
        }
    }

    /// Puts an integer on the stack.
    fn push(&mut self, code: Memory, offset: u16, bits: u64, size: u8) {
        let top: u64 = regs::read::<_, regs::StackPointer>(&*self.regs).into();
        let start = top + u64::from(offset);
        with(code, |memory| {
            let bytes = integer(bits, size);
            memory.put(start, bytes_of_all(&bytes));
        });
        self.lent.push(Lent {
            memory: code,
            range: start..start + u64::from(size),
        });
    }
}

/// Puts a syscall's own registers into the kernel's memory.
fn nested<C: Code + Takes<Values>, Values>(values: Values) -> Lent {
    let mut made = Made::<Entry<C>>::new(Memory::Kernel);
    C::put(values, |place, size, bits| {
        made.put(Memory::Kernel, place, size, bits);
    });
    let regs: Ptr<C::Registers, u64> = kernel(*made.regs);
    let start = regs.address();
    Lent {
        memory: Memory::Kernel,
        range: start..start + size_of::<C::Registers>() as u64,
    }
}

/// A made-up syscall, for a program of `raw_tracepoint/sys_enter`.
pub struct MadeSyscall<R> {
    words: Box<[u64; 2]>,
    _regs: Lent,
    of: core::marker::PhantomData<R>,
}

impl<R: call::Machine> SysEnter<R> {
    /// A syscall that a test makes, with its number and a value for each parameter of the prototype `F`.
    pub fn calling<F, Values>(number: R::Word, values: Values) -> MadeSyscall<R>
    where
        Syscall<F, R, Nested>: Takes<Values> + Code<Registers = R>,
    {
        let regs = nested::<Syscall<F, R, Nested>, _>(values);
        MadeSyscall {
            words: Box::new([regs.range.start, number.into()]),
            _regs: regs,
            of: core::marker::PhantomData,
        }
    }
}

impl<R> MadeSyscall<R> {
    /// The ctx that the kernel passes to a program for this syscall. It is valid as long as this value.
    pub fn ctx(&self) -> *const c_void {
        self.words.as_ptr().cast()
    }
}

impl<R> Deref for MadeSyscall<R> {
    type Target = SysEnter<R>;

    fn deref(&self) -> &SysEnter<R> {
        // SAFETY: the struct is two words.
        unsafe { &*self.words.as_ptr().cast() }
    }
}

impl<R> fmt::Debug for MadeSyscall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MadeSyscall").field(&self.words).finish()
    }
}

/// The bytes of an integer, in the order of this computer.
fn integer(bits: u64, size: u8) -> Vec<u8> {
    match Endian::THIS {
        Endian::Little => bits.to_le_bytes()[..size.into()].to_vec(),
        Endian::Big => bits.to_be_bytes()[8 - usize::from(size)..].to_vec(),
    }
}

/// Writes the low bits to a slot.
fn write<R: call::Machine>(regs: &mut R, slot: Slot, bits: u64) {
    let bytes = integer(bits, slot.width);
    // SAFETY: the slot is in `R`, and any bytes are a value of it.
    unsafe {
        let at = core::ptr::from_mut(regs)
            .cast::<u8>()
            .add(slot.offset.into());
        at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
    }
}

impl<View: Seen> Deref for Made<View> {
    type Target = View;

    fn deref(&self) -> &View {
        // SAFETY: it is a transparent wrapper of the registers.
        unsafe { &*core::ptr::from_ref(&*self.regs).cast() }
    }
}

impl<View: Seen<Registers: fmt::Debug>> fmt::Debug for Made<View> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Made").field(&self.regs).finish()
    }
}
