//! How a slot of ctx is read, and the reads that the methods of `pt_regs` consist of.
//!
//! The verifier accepts a load from ctx only if the load itself has a constant offset. A compiler may turn two loads
//! after a branch into one load at a computed address, and the kernel then refuses the program: `dereference of
//! modified ctx ptr`.

use core::mem::MaybeUninit;

use crate::{
    machine::{self, Convention, Endian, Machine, Slot},
    signature::Address,
};

/// A machine's `pt_regs`, under one of its calling conventions.
pub trait Registers: Sized {
    const MACHINE: Machine;
    const CONVENTION: Convention;
    /// `c_ulong`
    type Word: Address;
}

/// The slot that a read reads. It is a type and not a value, because only a constant may be in an instruction.
pub(crate) trait Role<R: Registers> {
    const SLOT: Slot;
}

/// The roles that have one slot.
macro_rules! roles {
    ($($role:ident $(<$n:ident>)? = $slot:expr;)*) => { $(
        pub(crate) enum $role $(<const $n: usize>)? {}

        impl<R: Registers $(, const $n: usize)?> Role<R> for $role $(<$n>)? {
            const SLOT: Slot = $slot;
        }
    )* };
}

roles! {
    Argument<N> = nth(R::CONVENTION.registers, N, R::MACHINE);
    SyscallArgument<N> = nth(R::MACHINE.syscall_arguments, N, R::MACHINE);
    SyscallNumber = R::MACHINE.syscall_number;
    ReturnValue = R::CONVENTION.return_value[0];
    ReturnAddress = match R::MACHINE.return_address {
        machine::ReturnAddress::Register(slot) | machine::ReturnAddress::Stack(slot) => slot,
    };
    Held<N> = nth_held(R::MACHINE, N);
    InstructionPointer = R::MACHINE.instruction_pointer;
    StackPointer = R::MACHINE.stack_pointer;
    FramePointer = match R::MACHINE.frame_pointer {
        Some(slot) => slot,
        None => R::MACHINE.stack_pointer,
    };
    Mode = match R::MACHINE.compat.slot() {
        Some(slot) => slot,
        None => R::MACHINE.stack_pointer,
    };
}

/// The slot at an index, or some slot if the index is too large: then the caller does not read it.
const fn nth(slots: &[Slot], index: usize, machine: Machine) -> Slot {
    match index < slots.len() {
        true => slots[index],
        false => machine.stack_pointer,
    }
}

/// The slot of register `index` among the registers that ctx has, or some slot if there are fewer.
#[inline]
const fn nth_held(machine: Machine, index: usize) -> Slot {
    let (mut n, mut held) = (0, 0);
    while let Some(register) = machine.registers.get(n) {
        if let Some(slot) = register.slot {
            if held == index {
                return slot;
            }
            held += 1;
        }
        n += 1;
    }
    machine.stack_pointer
}

/// How many registers ctx has.
#[inline]
const fn held(machine: Machine) -> usize {
    let (mut n, mut held) = (0, 0);
    while let Some(register) = machine.registers.get(n) {
        held += register.slot.is_some() as usize;
        n += 1;
    }
    held
}

/// Reads the slot of a role.
#[inline(always)]
pub(crate) fn read<R: Registers, Is: Role<R>>(regs: &R) -> R::Word {
    R::Word::from_bits(load::<R, Is>(regs))
}

/// Reads one slot of ctx in one instruction that has the offset in it. No compiler can reshape it.
///
/// The load has no side effect: the compiler may remove an unused load, and may merge two loads of the same slot. It is
/// as wide as the slot, because the kernel requires that of programs of type perf_event.
#[cfg(probe_abi_inline_asm)]
#[inline(always)]
pub(crate) fn load<R: Registers, Is: Role<R>>(regs: &R) -> u64 {
    use core::arch::asm;

    /// One instruction for each width.
    macro_rules! load {
        ($value:ident, $width:literal) => {
            asm!(
                concat!("{value} = *(u", $width, " *)({regs} + {offset})"),
                value = out(reg) $value,
                regs = in(reg) core::ptr::from_ref(regs),
                offset = const Is::SLOT.offset,
                options(pure, readonly, nostack, preserves_flags),
            )
        };
    }
    let value: u64;
    // SAFETY: the slot is in `R`, which `regs` borrows; the instruction only reads it.
    unsafe {
        match const { Is::SLOT.width } {
            1 => load!(value, "8"),
            2 => load!(value, "16"),
            4 => load!(value, "32"),
            _ => load!(value, "64"),
        }
        // The instruction fills the rest of the register with zeros: this tells LLVM so. With debug assertions the hint
        // would be a call, and there a few more instructions do not matter. A whole register has no rest, and a hint
        // about it would still cost something.
        if const { !cfg!(debug_assertions) && Is::SLOT.width < 8 } {
            core::hint::assert_unchecked(value <= const { u64::MAX >> (64 - 8 * Is::SLOT.width) });
        }
    }
    value
}

/// Reads one slot of ctx, for compilers that do not take inline assembly for BPF.
///
/// Two empty inline assemblies, one before the load and one after it, keep the load apart from others. They cost no
/// instruction, and LLVM never merges two of them. `black_box(())` is such an empty assembly. This is not a proof: LLVM
/// may still share the address of two reads of the same slot. Of 450 builds of random programs the kernel refused 1
/// with both assemblies. With only the assembly after the load it refused 18, and the programs had more instructions.
#[cfg(not(probe_abi_inline_asm))]
#[inline(always)]
pub(crate) fn load<R: Registers, Is: Role<R>>(regs: &R) -> u64 {
    let slot = core::ptr::from_ref(regs).wrapping_byte_add(const { Is::SLOT.offset as usize });
    core::hint::black_box(());
    // SAFETY: the slot is in `R`, which `regs` borrows, and aligned to its width.
    let value = unsafe {
        match const { Is::SLOT.width } {
            1 => volatile::<u8>(slot.cast()).into(),
            2 => volatile::<u16>(slot.cast()).into(),
            4 => volatile::<u32>(slot.cast()).into(),
            _ => volatile::<u64>(slot.cast()),
        }
    };
    core::hint::black_box(());
    value
}

/// A volatile read, which stays as wide as it is written.
///
/// With debug assertions `read_volatile` checks the pointer's alignment, and so does a read through a pointer. The
/// verifier refuses that check. A read through a reference has no check.
///
/// # Safety
///
/// `slot` is valid for a read and aligned.
#[cfg(not(probe_abi_inline_asm))]
#[inline(always)]
unsafe fn volatile<T: Copy>(slot: *const T) -> T {
    if cfg!(debug_assertions) {
        // SAFETY: the caller ensures it. A transmutation checks nothing.
        #[allow(clippy::transmute_ptr_to_ref)]
        let slot: &T = unsafe { core::mem::transmute(slot) };
        return *slot;
    }
    // SAFETY: the caller ensures it.
    unsafe { slot.read_volatile() }
}

/// `None`, with a zero in place of the value.
///
/// LLVM may compute with the value of an `Option` before it checks whether there is a value. In an ordinary `None` the
/// value is a register that was never written, and the verifier refuses the program (`R3 !read_ok`), although the
/// result is never used. LLVM can compute with a zero, which costs at most the instruction that sets it.
#[inline(always)]
pub(crate) fn zeroed_none<T: Copy>() -> Option<T> {
    const fn zeroed<T: Copy>() -> Option<T> {
        // SAFETY: `zeroed_none` has the compiler evaluate this, and an invalid value is then a compile error.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }
    const { assert!(zeroed::<T>().is_none()) }
    const { zeroed() }
}

/// The argument at an index that is chosen at run time: a comparison and a load for each register.
#[inline(always)]
pub(crate) fn argument_at<R: Registers>(regs: &R, index: usize) -> Option<R::Word> {
    const { assert!(R::CONVENTION.registers.len() <= 8) }
    macro_rules! compare {
        ($($n:literal)*) => { $(
            if const { $n < R::CONVENTION.registers.len() } && index == $n {
                return Some(read::<R, Argument<$n>>(regs));
            }
        )* };
    }
    compare!(0 1 2 3 4 5 6 7);
    zeroed_none()
}

/// The register in the slot at an offset that is chosen at run time: some comparisons, and a load for each register.
#[inline(always)]
pub(crate) fn slot_at<R: Registers>(regs: &R, offset: u16) -> Option<R::Word> {
    const { assert!(held(R::MACHINE) <= 40) }
    macro_rules! compare {
        ($($n:literal)*) => { $(
            if const { $n < held(R::MACHINE) } && offset == const { nth_held(R::MACHINE, $n).offset } {
                return Some(read::<R, Held<$n>>(regs));
            }
        )* };
    }
    compare!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
    compare!(20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39);
    zeroed_none()
}

/// The address of the stack slot at an index that is chosen at run time; `None` for the index of a register argument.
#[inline(always)]
pub(crate) fn stack_slot_at<R: Registers>(regs: &R, index: usize) -> Option<R::Word> {
    match index < const { R::CONVENTION.registers.len() } {
        true => zeroed_none(),
        false => Some(stack_slot(regs, index)),
    }
}

/// The address of the stack slot at an index. The index counts the register arguments too.
#[inline(always)]
pub(crate) fn stack_slot<R: Registers>(regs: &R, index: usize) -> R::Word {
    let first = const { R::CONVENTION.stack.offset(Endian::THIS) as u64 };
    let beyond = index.wrapping_sub(const { R::CONVENTION.registers.len() });
    let above = (beyond as u64).wrapping_mul(size_of::<R::Word>() as u64);
    R::Word::from_bits(
        load::<R, StackPointer>(regs)
            .wrapping_add(first)
            .wrapping_add(above),
    )
}

/// The address that the function returns to, or the place on the stack to read it from.
#[inline(always)]
pub(crate) fn return_address<R: Registers>(regs: &R) -> machine::ReturnAddress<R::Word> {
    let address = load::<R, ReturnAddress>(regs)
        .wrapping_add(const { R::MACHINE.return_address_behind as u64 });
    let address = R::Word::from_bits(address);
    match const { R::MACHINE.return_address } {
        machine::ReturnAddress::Register(_) => machine::ReturnAddress::Register(address),
        machine::ReturnAddress::Stack(_) => machine::ReturnAddress::Stack(address),
    }
}
