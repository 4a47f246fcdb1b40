//! The facts of a machine, as a value that programs, tools and proofs use.
//!
//! [`MACHINE`](crate::MACHINE) is the machine that a build is for. [`arch::MACHINES`](crate::arch::MACHINES) has all
//! machines, for programs on the host. For example, a loader for arm finds the place of the last parameter of
//! `pread64`:
//!
//! ```
//! use probe_abi::machine::{Endian, Machine, Place};
//!
//! let arm = Machine::named("arm").expect("it is one of the machines");
//! // ssize_t pread64(int fd, void *buf, size_t count, off64_t offset);
//! let sizes = [4, 4, 4, 8];
//! assert_eq!(arm.user.place(&sizes, 3, Endian::Little), Some(Place::Stack(0)));
//! assert_eq!(arm.user.registers[2].field, "uregs[2]");
//! ```
//!
//! # Syscalls
//!
//! A program on the host turns numbers into names and names into numbers:
//!
//! ```
//! use probe_abi::machine::Machine;
//!
//! let s390x = Machine::named("s390x").expect("it is one of the machines");
//! assert_eq!(s390x.syscall("openat").unwrap().number, 288);
//! assert_eq!(s390x.syscall_numbered(288).unwrap().name, "openat");
//!
//! let error = s390x.syscall("opnat").unwrap_err();
//! assert_eq!(error.to_string(), "`opnat` is not a syscall of s390x; did you mean `openat`?");
//! ```
//!
//! In a probe each number is a constant. A program can compare it, and can use it as a pattern:
//!
//! ```
//! use probe_abi::arch::aarch64::{c_ulong, nr};
//!
//! fn opens(number: c_ulong) -> bool {
//!     matches!(number, nr::openat | nr::openat2)
//! }
//! assert!(opens(56));
//! ```
//!
//! The name of a syscall that the machine does not have does not compile. aarch64 has no `open`: its C library calls
//! `openat`.
//!
//! ```compile_fail,E0599
//! let _ = probe_abi::arch::aarch64::nr::open;
//! ```

pub use crate::{
    symbols::{NoFunction, SyscallFunction, SyscallPrefix, SyscallSymbol},
    syscalls::{NoSuchSyscall, Syscall, SyscallTable},
};

pub use crate::go::convention::{GoConvention, GoG, GoPlace, GoShape, NoGoarch};
pub use crate::stamp::NoMachine;
use crate::{
    memory::{self, Memory},
    registers::{RegisterFile, Syntax},
    signature::Address,
};

/// The order of a value's bytes in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    Little,
    Big,
}

impl Endian {
    /// The byte order that this build is for.
    pub const THIS: Self = if cfg!(target_endian = "big") {
        Self::Big
    } else {
        Self::Little
    };
}

/// A slot of `pt_regs`: the place where the kernel keeps one register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The name of the field, as Rust and C write it: `rdi`, `regs[4]`, `psw.addr`.
    pub field: &'static str,
    /// In bytes, from the start of `pt_regs`.
    pub offset: u16,
    /// In bytes: 4 or 8.
    pub width: u8,
}

impl Slot {
    /// The slot of a value that is a part of `registers`.
    pub(crate) const fn of<R, T: Copy>(
        field: &'static str,
        registers: &'static R,
        value: &'static T,
    ) -> Self {
        let start = core::ptr::from_ref(registers);
        // SAFETY: both pointers are into the same value. The evaluation of a constant checks that.
        let offset = unsafe { core::ptr::from_ref(value).byte_offset_from(start) };
        Self {
            field,
            offset: offset as u16,
            width: size_of::<T>() as u8,
        }
    }

    /// The part of the slot that a value of `size` bytes fills: the whole slot, if the value is as wide or wider.
    #[inline]
    pub(crate) const fn low(self, size: u8, endian: Endian) -> Self {
        if size >= self.width {
            return self;
        }
        let skipped = match endian {
            Endian::Little => 0,
            Endian::Big => self.width - size,
        };
        Self {
            offset: self.offset + skipped as u16,
            width: size,
            ..self
        }
    }
}

/// Where a function finds its return address, at its first instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnAddress<Word> {
    /// In a register: this is the return address itself. It is only valid until the function's prologue reuses the
    /// register.
    Register(Word),
    /// On the stack: this is the address to read it from, as one [`c_ulong`](crate::c_ulong), with
    /// `bpf_probe_read_kernel` or `bpf_probe_read_user`.
    Stack(Word),
}

impl<Word: Address> ReturnAddress<Word> {
    /// The return address of a function of a process. If it is on the stack, it is read from the process's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number.
    #[inline(always)]
    pub fn read_user(self) -> Result<Word, i32> {
        self.read(Memory::User)
    }

    /// The return address of a function of the kernel. If it is on the stack, it is read from the kernel's memory.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_kernel`: a negative number.
    #[inline(always)]
    pub fn read_kernel(self) -> Result<Word, i32> {
        self.read(Memory::Kernel)
    }

    #[inline(always)]
    pub(crate) fn read(self, memory: Memory) -> Result<Word, i32> {
        match self {
            Self::Register(address) => Ok(address),
            Self::Stack(slot) => memory::read(memory, slot.into()),
        }
    }
}

/// The facts of a machine. The page of the machine's module names the documents that they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Rust's `target_arch`, the value of `CARGO_CFG_BPF_TARGET_ARCH`.
    pub name: &'static str,
    /// The size in bytes of a register, of a pointer and of C's `long`: 4 or 8.
    pub word: u8,
    /// `e_machine` of its ELF files: `linux/elf-em.h`. A machine of 32 bits and one of 64 bits may have the same value.
    pub elf_machine: u16,
    /// The convention of the kernel's functions.
    pub kernel: Convention,
    /// The convention of the kernel's functions that are declared `asmlinkage` or have variable arguments.
    pub asmlinkage: Convention,
    /// The convention of the functions of a process.
    pub user: Convention,
    /// The convention of the functions of a Go program; `None` if there is no Go for this machine.
    pub go: Option<GoConvention>,
    /// The slot of a syscall's own `pt_regs` that holds the number of the syscall.
    pub syscall_number: Slot,
    /// The bits of that slot that are the number.
    pub syscall_number_mask: u32,
    /// The slots of a syscall's own `pt_regs` that hold the arguments while the syscall runs.
    pub syscall_arguments: &'static [Slot],
    /// How these slots hold integers of 64 bits on a machine of 32 bits; `None` on a machine of 64 bits.
    pub syscall_pairs: Option<SyscallPairs>,
    /// Whether the function of a syscall is a wrapper. A wrapper's only argument is a pointer to the syscall's own
    /// `pt_regs`. `None` if kernels differ, by release or configuration:
    /// [`syscall_function`](Machine::syscall_function) tells it for one kernel. If this field is `Some(true)`, the
    /// machine's file names the release that brought the wrappers; older kernels have none.
    pub wraps_syscalls: Option<bool>,
    /// Its syscalls, in the order of their numbers.
    pub syscalls: SyscallTable,
    /// The prefixes of this machine's symbols for the functions of its syscalls, in the order to try.
    pub syscall_symbols: &'static [SyscallPrefix],
    /// The prefixes in a kernel of 64 bits that runs a task of this machine, for a machine of 32 bits. Empty if there
    /// is no such kernel, or if its prefixes are not known.
    pub compat_syscall_symbols: &'static [SyscallPrefix],
    /// How to recognize a task of 32 bits on this machine's kernel of 64 bits.
    pub compat: Compat,
    /// The place of a function's return address, at the function's first instruction.
    pub return_address: ReturnAddress<Slot>,
    /// The distance in bytes from the address in that slot to the address that the function returns to.
    pub return_address_behind: u8,
    pub instruction_pointer: Slot,
    /// On sparc64 the register is biased: the stack starts 2047 bytes above the address in it.
    pub stack_pointer: Slot,
    /// The register that the ABI reserves for a frame pointer; `None` if the ABI reserves no register.
    pub frame_pointer: Option<Slot>,
    /// The registers that its psABI names. The registers that ctx has come first.
    pub registers: RegisterFile,
    /// How its assembler writes operands.
    pub syntax: Syntax,
}

impl Machine {
    /// The machine of that name, which is Rust's `target_arch`; `None` if no machine has that name.
    #[inline]
    pub fn named(name: &str) -> Option<&'static Machine> {
        crate::arch::MACHINES
            .iter()
            .find(|machine| machine.name == name)
    }

    /// The machine that an ELF file is for. `e_machine` is the field of the file's header, and `word` is the size of an
    /// address in bytes: 4 if the file's class is `ELFCLASS32`, 8 if it is `ELFCLASS64`. `None` if no machine has these
    /// values.
    ///
    /// ```
    /// use probe_abi::machine::Machine;
    ///
    /// let riscv = |word| Machine::of_elf(243, word).map(|machine| machine.name);
    /// assert_eq!((riscv(8), riscv(4)), (Some("riscv64"), Some("riscv32")));
    /// ```
    #[inline]
    pub fn of_elf(e_machine: u16, word: u8) -> Option<&'static Machine> {
        crate::arch::MACHINES
            .iter()
            .find(|machine| machine.elf_machine == e_machine && machine.word == word)
    }
}

impl Machine {
    /// The place of parameter `n` of a syscall in the syscall's own `pt_regs`: [`Place::Register`] or [`Place::Pair`].
    ///
    /// `sizes` has the size in bytes of each parameter, from the first one: 1, 2, 4 or 8. The sizes after parameter `n`
    /// do not count. `None` if there is no parameter `n`, if a size is not 1, 2, 4 or 8, or if no slot is left for the
    /// parameter.
    ///
    /// ```
    /// use probe_abi::machine::{Endian, Machine, Place};
    ///
    /// let arm = Machine::named("arm").expect("it is one of the machines");
    /// // ssize_t pread64(int fd, void *buf, size_t count, off64_t offset);
    /// let Some(Place::Pair { low, high }) = arm.syscall_place(&[4, 4, 4, 8], 3, Endian::Little) else {
    ///     panic!("it is in two registers");
    /// };
    /// // The slot before the pair, `uregs[3]`, holds nothing.
    /// assert_eq!((low.field, high.field), ("uregs[4]", "uregs[5]"));
    /// ```
    ///
    /// The parameters are those of the system call, which are not always those of the C library's function. Some
    /// machines have their own order of parameters for a syscall whose pair would leave too few registers:
    ///
    /// | syscall | machines | parameters |
    /// |---|---|---|
    /// | `fadvise64_64` (on arm `arm_fadvise64_64`) | arm, powerpc | fd, **advice**, offset, length |
    /// | `fadvise64_64` | x86, riscv32 | fd, offset, length, advice |
    /// | `fadvise64` | mips | fd, offset, length, advice: seven slots, of which one is empty |
    /// | `sync_file_range2` (on arm `arm_sync_file_range` too) | arm, powerpc | fd, **flags**, offset, nbytes |
    /// | `sync_file_range` | x86, riscv32, mips | fd, offset, nbytes, flags |
    ///
    /// (`arch/arm/kernel/sys_arm.c`, `arch/powerpc/kernel/sys_ppc32.c`, `arch/mips/kernel/linux32.c`, `fs/sync.c`.)
    #[inline]
    pub const fn syscall_place(&self, sizes: &[u8], n: usize, endian: Endian) -> Option<Place> {
        let slots = Convention {
            registers: self.syscall_arguments,
            pairs: Pairs::of_syscalls(self.syscall_pairs),
            ..self.kernel
        };
        match slots.place(sizes, n, endian) {
            // A syscall has no arguments on the stack.
            None | Some(Place::Stack(_) | Place::Split { .. }) => None,
            place => place,
        }
    }
}

/// How to recognize a task of 32 bits, on a kernel of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compat {
    /// There are no tasks of 32 bits.
    None,
    /// By a slot of the registers of user code. The code is of 64 bits if the bits of `mask` in that slot are `wide`.
    Mode {
        slot: Slot,
        mask: u64,
        wide: u64,
        /// The usual value of these bits if the code is of 32 bits. Any value except `wide` means code of 32 bits.
        narrow: u64,
    },
    /// By the number of a syscall alone: the numbers from `first` to `last` are those of the other machine.
    Numbers { first: u32, last: u32 },
}

impl Compat {
    #[inline]
    pub(crate) const fn is_shown(self) -> bool {
        !matches!(self, Self::None)
    }

    /// The slot that shows it; `None` if no slot does.
    #[inline]
    pub(crate) const fn slot(self) -> Option<Slot> {
        match self {
            Self::Mode { slot, .. } => Some(slot),
            Self::None | Self::Numbers { .. } => None,
        }
    }

    /// Whether registers are those of code of 32 bits, by the value of the slot that shows it.
    #[inline(always)]
    pub(crate) const fn is_narrow(self, value: u64) -> bool {
        match self {
            Self::Mode { mask, wide, .. } => value & mask != wide,
            Self::None | Self::Numbers { .. } => false,
        }
    }
}

/// A calling convention: the places of the arguments at a function's first instruction, and of the value at its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convention {
    /// The registers that hold arguments, in order.
    pub registers: &'static [Slot],
    /// The start of the arguments on the stack.
    pub stack: StackArea,
    /// How integers of 64 bits are passed on a machine of 32 bits; `None` on a machine of 64 bits.
    pub pairs: Option<Pairs>,
    /// The register of the return value. A machine of 32 bits has a second register, for values of 64 bits. `pairs`
    /// says the order of the two.
    pub return_value: &'static [Slot],
}

/// The start of the arguments on the stack, in bytes above the address in the stack pointer's slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackArea {
    pub little_endian: u16,
    pub big_endian: u16,
}

impl StackArea {
    /// A start that is the same in both byte orders.
    #[inline]
    pub const fn at(offset: u16) -> Self {
        Self {
            little_endian: offset,
            big_endian: offset,
        }
    }

    #[inline]
    pub const fn offset(self, endian: Endian) -> u16 {
        match endian {
            Endian::Little => self.little_endian,
            Endian::Big => self.big_endian,
        }
    }
}

/// How a machine of 32 bits passes an integer of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs {
    /// The registers that a pair can start at. A register that is skipped stays empty.
    pub start: Start,
    /// Which of the two registers holds which half.
    pub order: Order,
    /// The place of a pair if only one register is left.
    pub last_register: LastRegister,
    /// The alignment of an integer of 64 bits on the stack, in bytes.
    pub stack_alignment: u8,
}

/// How a syscall's slots hold an integer of 64 bits on a machine of 32 bits: in two of the slots for arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallPairs {
    /// The slots that a pair can start at. A slot that is skipped holds nothing.
    pub start: Start,
    /// Which of the two slots holds which half.
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At any of the argument registers.
    Any,
    /// At the first, third, fifth or seventh argument register.
    Even,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    LowFirst,
    HighFirst,
    /// The order of the two halves in memory: the low half first on a little-endian machine.
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastRegister {
    /// The whole value is on the stack, and the register stays empty.
    Empty,
    /// The register has the low half, and the stack has the high half.
    LowHalf,
}

/// The place of an argument at a function's first instruction, or of a value at the function's return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the low bytes of a register. The other bytes mean nothing.
    Register(Slot),
    /// An integer of 64 bits in two registers.
    Pair { low: Slot, high: Slot },
    /// An integer of 64 bits with its low half in a register and its high half on the stack, `high` bytes above the
    /// address in the stack pointer's slot.
    Split { low: Slot, high: u16 },
    /// On the stack: the distance in bytes from the address in the stack pointer's slot up to the value's first byte.
    Stack(u16),
}

impl Convention {
    /// The place of parameter `n` of a C prototype at the function's first instruction.
    ///
    /// `sizes` has the size in bytes of each parameter, from the first one: 1, 2, 4 or 8. The parameters are integers
    /// and pointers; floating point and structs are passed by other rules. The sizes after parameter `n` do not count.
    /// `None` if there is no parameter `n`, or if a size is not 1, 2, 4 or 8.
    #[inline]
    pub const fn place(&self, sizes: &[u8], n: usize, endian: Endian) -> Option<Place> {
        if n >= sizes.len() {
            return None;
        }
        let mut next = Next {
            register: 0,
            offset: self.stack.offset(endian),
        };
        let mut index = 0;
        loop {
            let size = sizes[index];
            if !matches!(size, 1 | 2 | 4 | 8) {
                return None;
            }
            let place = self.pass(size, &mut next, endian);
            if index == n {
                return Some(place);
            }
            index += 1;
        }
    }

    /// The place of a return value of 1, 2, 4 or 8 bytes when the function has returned. `None` for another size.
    #[inline]
    pub const fn return_place(&self, size: u8, endian: Endian) -> Option<Place> {
        match (size, self.pairs) {
            (1 | 2 | 4, _) | (8, None) => Some(Place::Register(self.return_value[0])),
            (8, Some(pairs)) => Some(pairs.pair(self.return_value, 0, endian)),
            _ => None,
        }
    }

    /// Whether an integer of 64 bits that takes two registers starts at a register with an even index.
    #[inline]
    pub(crate) const fn pairs_are_even(&self) -> bool {
        match self.pairs {
            Some(pairs) => matches!(pairs.start, Start::Even),
            None => false,
        }
    }

    #[inline]
    const fn pass(&self, size: u8, next: &mut Next, endian: Endian) -> Place {
        let count = self.registers.len();
        if let (8, Some(pairs)) = (size, self.pairs) {
            let skipped = matches!(pairs.start, Start::Even) && next.register % 2 == 1;
            let first = next.register + skipped as usize;
            if first + 1 < count {
                next.register = first + 2;
                return pairs.pair(self.registers, first, endian);
            }
            if first < count && matches!(pairs.last_register, LastRegister::LowHalf) {
                next.register = count;
                return Place::Split {
                    low: self.registers[first],
                    high: next.take(4, 4),
                };
            }
            // Every later parameter is on the stack too.
            next.register = count;
            return Place::Stack(next.take(8, pairs.stack_alignment as u16));
        }
        if next.register < count {
            next.register += 1;
            return Place::Register(self.registers[next.register - 1]);
        }
        let word = if self.pairs.is_some() { 4 } else { 8 };
        let slot = next.take(word, 1);
        // A narrow value is at the end of the slot that has the low bytes.
        Place::Stack(match endian {
            Endian::Little => slot,
            Endian::Big => slot + word - size as u16,
        })
    }
}

/// The next free register and stack slot, after the parameters so far.
struct Next {
    register: usize,
    /// In bytes above the address in the stack pointer's slot.
    offset: u16,
}

impl Next {
    #[inline]
    const fn take(&mut self, size: u16, alignment: u16) -> u16 {
        let offset = self.offset.next_multiple_of(alignment);
        self.offset = offset + size;
        offset
    }
}

impl Pairs {
    /// The pairs of syscalls, whose parameters are all in registers.
    #[inline]
    pub(crate) const fn of_syscalls(pairs: Option<SyscallPairs>) -> Option<Self> {
        match pairs {
            None => None,
            Some(SyscallPairs { start, order }) => Some(Self {
                start,
                order,
                last_register: LastRegister::Empty,
                stack_alignment: 8,
            }),
        }
    }

    #[inline]
    const fn pair(&self, registers: &[Slot], first: usize, endian: Endian) -> Place {
        let (one, other) = (registers[first], registers[first + 1]);
        let low_first = match (self.order, endian) {
            (Order::LowFirst, _) | (Order::Memory, Endian::Little) => true,
            (Order::HighFirst, _) | (Order::Memory, Endian::Big) => false,
        };
        match low_first {
            true => Place::Pair {
                low: one,
                high: other,
            },
            false => Place::Pair {
                low: other,
                high: one,
            },
        }
    }
}

/// Slots of one machine by the names of their fields, if another machine's `pt_regs` has other names for them.
pub(crate) type Moved = &'static [(&'static str, Slot)];

/// The slots of the kernel's `pt_regs` that hold the registers of a machine of 32 bits.
pub(crate) const fn moved_all<const N: usize>(
    slots: &[Slot],
    moved: Moved,
    kernel: &Machine,
) -> [Slot; N] {
    let mut found = [kernel.stack_pointer; N];
    let mut n = 0;
    while n < N {
        found[n] = match find_moved(slots[n].field, moved, kernel) {
            Some(slot) => slot,
            None => panic!("the kernel's `pt_regs` has no such register of the other machine's"),
        };
        n += 1;
    }
    found
}

#[inline]
pub(crate) const fn find_moved(field: &str, moved: Moved, kernel: &Machine) -> Option<Slot> {
    let mut n = 0;
    while n < moved.len() {
        if is_same(moved[n].0, field) {
            return Some(moved[n].1);
        }
        n += 1;
    }
    if let Some(slot) = kernel.registers.of_field(field) {
        return Some(slot);
    }
    let mut n = 0;
    while n < kernel.syscall_arguments.len() {
        if is_same(kernel.syscall_arguments[n].field, field) {
            return Some(kernel.syscall_arguments[n]);
        }
        n += 1;
    }
    None
}

/// Compares the ends first, because names such as `regs[4]` and `regs[5]` begin alike. Each build of a probe compares
/// some thousands of names.
#[inline]
pub(crate) const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut n = one.len();
    if n != other.len() {
        return false;
    }
    while n > 0 {
        n -= 1;
        if one[n] != other[n] {
            return false;
        }
    }
    true
}

/// A slot from its field of `pt_regs`: `slot!(rdi)`, `slot!(regs[4])`, `slot!(psw.addr)`. The compiler checks the field
/// and the index. It is one expression, because a constant for each slot would slow down the build of every probe.
macro_rules! slot {
    // `stringify!` would put a space into `regs [4]` if another macro has matched the two parts.
    ($array:ident[$index:literal]) => {
        $crate::machine::slot!(@concat!(stringify!($array), "[", $index, "]"), $array[$index])
    };
    (@$name:expr, $($field:tt)+) => {
        $crate::machine::Slot::of($name, ZEROS, &ZEROS.$($field)+)
    };
    ($($field:tt)+) => {
        $crate::machine::slot!(@stringify!($($field)+), $($field)+)
    };
}
pub(crate) use slot;

/// The slots of several fields: `slots![rdi, rsi]`.
macro_rules! slots {
    ($($field:ident $([$index:literal])?),*) => {
        &[$($crate::machine::slot!($field $([$index])?)),*]
    };
}
pub(crate) use slots;
