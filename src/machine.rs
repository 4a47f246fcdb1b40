//! What a machine is: a value that programs, tools and proofs hold.
//!
//! [`MACHINE`](crate::MACHINE) is the one that a build is for, and [`arch::MACHINES`](crate::arch::MACHINES) are all
//! of them, for programs on the host. A loader for arm asks where `pread64` has its last parameter:
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
//! assert_eq!(error.to_string(), "`opnat` is no syscall of s390x; did you mean `openat`?");
//! ```
//!
//! In a probe each number is a constant, to compare with and to match on:
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
//! A number that the machine does not have does not compile. aarch64 has no `open`: its C library calls `openat`.
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

/// A slot of `pt_regs`: a register, as the kernel keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The field, as Rust and C write it: `rdi`, `regs[4]`, `psw.addr`.
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
        // SAFETY: both are in the same value, which the evaluation of a constant checks.
        let offset = unsafe { core::ptr::from_ref(value).byte_offset_from(start) };
        Self {
            field,
            offset: offset as u16,
            width: size_of::<T>() as u8,
        }
    }

    /// The part of the slot that a value of so many bytes fills: all of it, if the value is not narrower.
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
    /// In a register: this is the return address itself. Only valid until the function's prologue
    /// reuses the register.
    Register(Word),
    /// On the stack: this is where to read it, one [`c_ulong`](crate::c_ulong) wide, with
    /// `bpf_probe_read_kernel` or `bpf_probe_read_user`.
    Stack(Word),
}

impl<Word: Address> ReturnAddress<Word> {
    /// The return address of a function of the process, read from its stack where it is there.
    ///
    /// # Errors
    ///
    /// The error of `bpf_probe_read_user`: a negative number.
    #[inline(always)]
    pub fn read_user(self) -> Result<Word, i32> {
        self.read(Memory::User)
    }

    /// The return address of a function of the kernel, read from its stack where it is there.
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

/// What is known of a machine. Its module names the documents that say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Rust's `target_arch`, the value of `CARGO_CFG_BPF_TARGET_ARCH`.
    pub name: &'static str,
    /// How many bytes a register, a pointer and C's `long` have: 4 or 8.
    pub word: u8,
    /// `e_machine` of its ELF files: `linux/elf-em.h`. Machines of 32 and of 64 bits may have the same.
    pub elf_machine: u16,
    /// How the kernel's functions are called.
    pub kernel: Convention,
    /// How the kernel's functions are called that are declared `asmlinkage` or have variable arguments.
    pub asmlinkage: Convention,
    /// How the functions of a process are called.
    pub user: Convention,
    /// How the functions of a Go program are called; `None` if there is no Go for this machine.
    pub go: Option<GoConvention>,
    /// The slot of a syscall's own `pt_regs` that holds its number.
    pub syscall_number: Slot,
    /// Which bits of that slot are the number.
    pub syscall_number_mask: u32,
    /// The slots of a syscall's own `pt_regs` that hold its arguments while it runs.
    pub syscall_arguments: &'static [Slot],
    /// How those hold integers of 64 bits on a machine of 32 bits; `None` on one of 64 bits.
    pub syscall_pairs: Option<SyscallPairs>,
    /// Whether the function of a syscall is a wrapper, whose only argument is a pointer to the syscall's own `pt_regs`.
    /// `None` where kernels differ, by release or configuration: then [`syscall_function`](Machine::syscall_function)
    /// tells it of one kernel. Where it is `Some(true)`, kernels before the release that is named in the machine's file
    /// had no wrappers.
    pub wraps_syscalls: Option<bool>,
    /// Its syscalls, in the order of their numbers.
    pub syscalls: SyscallTable,
    /// How this machine's kernel names the functions of its syscalls, in the order to try.
    pub syscall_symbols: &'static [SyscallPrefix],
    /// The same of a kernel of 64 bits that runs a task of this machine, of 32 bits. Empty where there is none, or it
    /// is not known.
    pub compat_syscall_symbols: &'static [SyscallPrefix],
    /// What shows that a task is of 32 bits, on this machine's kernel of 64 bits.
    pub compat: Compat,
    /// Where a function finds its return address, at its first instruction.
    pub return_address: ReturnAddress<Slot>,
    /// How many bytes behind the address in that slot the function returns to.
    pub return_address_behind: u8,
    pub instruction_pointer: Slot,
    /// On sparc64 the register is biased: the stack starts 2047 bytes above it.
    pub stack_pointer: Slot,
    /// The register that the ABI sets aside for a frame pointer, if it does.
    pub frame_pointer: Option<Slot>,
    /// The registers that its psABI names, those that ctx has first.
    pub registers: RegisterFile,
    /// How its assembler writes them.
    pub syntax: Syntax,
}

impl Machine {
    /// The machine of that name, which is Rust's `target_arch`; `None` if there is none.
    #[inline]
    pub fn named(name: &str) -> Option<&'static Machine> {
        crate::arch::MACHINES
            .iter()
            .find(|machine| machine.name == name)
    }

    /// The machine that an ELF file is for, by its `e_machine` and by how many bytes an address of it has: 4 where its class
    /// is `ELFCLASS32`, and 8 where it is `ELFCLASS64`. `None` if there is none.
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
    /// Where parameter `n` of a syscall is in the syscall's own `pt_regs`: [`Place::Register`] or [`Place::Pair`].
    ///
    /// `sizes` has the size in bytes of each parameter from the first: 1, 2, 4 or 8. Those up to `n` decide. `None` if
    /// there is no parameter `n`, one of the sizes is not one of these, or no slot is left for it.
    ///
    /// ```
    /// use probe_abi::machine::{Endian, Machine, Place};
    ///
    /// let arm = Machine::named("arm").expect("it is one of the machines");
    /// // ssize_t pread64(int fd, void *buf, size_t count, off64_t offset);
    /// let Some(Place::Pair { low, high }) = arm.syscall_place(&[4, 4, 4, 8], 3, Endian::Little) else {
    ///     panic!("it is in two registers");
    /// };
    /// // The one between is empty.
    /// assert_eq!((low.field, high.field), ("uregs[4]", "uregs[5]"));
    /// ```
    ///
    /// The parameters are those of the system call, which are not always those of the C library's function. Where a pair
    /// would have left too few registers, some machines have their own order of parameters:
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
            // There is no stack.
            None | Some(Place::Stack(_) | Place::Split { .. }) => None,
            place => place,
        }
    }
}

/// What shows that a task is of 32 bits, on a kernel of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compat {
    /// Nothing: there are no such tasks.
    None,
    /// A slot of the registers of user code: of 64 bits is code where the bits of `mask` are `wide`.
    Mode {
        slot: Slot,
        mask: u64,
        wide: u64,
        /// What these bits usually are where code is of 32 bits. Any other value than `wide` means that, too.
        narrow: u64,
    },
    /// The number of a syscall, and nothing else: from `first` to `last` they are those of the other machine.
    Numbers { first: u32, last: u32 },
}

impl Compat {
    #[inline]
    pub(crate) const fn is_shown(self) -> bool {
        !matches!(self, Self::None)
    }

    /// The slot that shows it; `None` if none does.
    #[inline]
    pub(crate) const fn slot(self) -> Option<Slot> {
        match self {
            Self::Mode { slot, .. } => Some(slot),
            Self::None | Self::Numbers { .. } => None,
        }
    }

    /// Whether code is of 32 bits in whose registers that slot has that value.
    #[inline(always)]
    pub(crate) const fn is_narrow(self, value: u64) -> bool {
        match self {
            Self::Mode { mask, wide, .. } => value & mask != wide,
            Self::None | Self::Numbers { .. } => false,
        }
    }
}

/// How functions are called: what is where at a function's first instruction, and at its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convention {
    /// The registers that hold arguments, in order.
    pub registers: &'static [Slot],
    /// Where the arguments on the stack start.
    pub stack: StackArea,
    /// How integers of 64 bits are passed on a machine of 32 bits; `None` on one of 64 bits.
    pub pairs: Option<Pairs>,
    /// The register of the return value. On a machine of 32 bits a second one, for values of 64 bits:
    /// the two are in the order that `pairs` has.
    pub return_value: &'static [Slot],
}

/// Where the arguments on the stack start: in bytes above the address in the stack pointer's slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackArea {
    pub little_endian: u16,
    pub big_endian: u16,
}

impl StackArea {
    /// The same in both byte orders.
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
    /// Which registers a pair can start at. A register that is left out stays empty.
    pub start: Start,
    /// Which of the two registers has which half.
    pub order: Order,
    /// What happens to a pair for which one register is left.
    pub last_register: LastRegister,
    /// What the address on the stack of an integer of 64 bits is a multiple of, in bytes.
    pub stack_alignment: u8,
}

/// How the registers of a syscall hold an integer of 64 bits on a machine of 32 bits: in two of the slots for arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallPairs {
    /// Which slots a pair can start at. One that is left out holds nothing.
    pub start: Start,
    /// Which of the two slots has which half.
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
    /// As the two halves lie in memory: the low half first on a little-endian machine.
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastRegister {
    /// The value is on the stack as a whole, and the register stays empty.
    Empty,
    /// The register has the low half, and the stack has the high half.
    LowHalf,
}

/// Where an argument is at a function's first instruction, or a value at its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the low bytes of a register. The other bytes mean nothing.
    Register(Slot),
    /// An integer of 64 bits in two registers.
    Pair { low: Slot, high: Slot },
    /// An integer of 64 bits, whose high half is on the stack: so many bytes above the address in the stack
    /// pointer's slot.
    Split { low: Slot, high: u16 },
    /// On the stack: the value's first byte is so many bytes above the address in the stack pointer's slot.
    Stack(u16),
}

impl Convention {
    /// Where parameter `n` of a C prototype is at the function's first instruction.
    ///
    /// `sizes` has the size in bytes of each parameter from the first: 1, 2, 4 or 8. They are integers and
    /// pointers; floating point and structs are passed by other rules. Those up to `n` decide. `None` if
    /// there is no parameter `n`, or one of the sizes is not one of these.
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

    /// Where a return value of 1, 2, 4 or 8 bytes is when the function has returned. `None` for another size.
    #[inline]
    pub const fn return_place(&self, size: u8, endian: Endian) -> Option<Place> {
        match (size, self.pairs) {
            (1 | 2 | 4, _) | (8, None) => Some(Place::Register(self.return_value[0])),
            (8, Some(pairs)) => Some(pairs.pair(self.return_value, 0, endian)),
            _ => None,
        }
    }

    /// Whether an integer of 64 bits starts at a register with an even index, where it takes two.
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
            // Whatever follows is on the stack too.
            next.register = count;
            return Place::Stack(next.take(8, pairs.stack_alignment as u16));
        }
        if next.register < count {
            next.register += 1;
            return Place::Register(self.registers[next.register - 1]);
        }
        let word = if self.pairs.is_some() { 4 } else { 8 };
        let slot = next.take(word, 1);
        // A narrow value is at the end of its slot that has the low bytes.
        Place::Stack(match endian {
            Endian::Little => slot,
            Endian::Big => slot + word - size as u16,
        })
    }
}

/// What the parameters so far have left.
struct Next {
    register: usize,
    /// Above the address in the stack pointer's slot.
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
    /// Of syscalls, whose parameters are in registers alone.
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

/// Slots of one machine, by their fields' names, that another machine's `pt_regs` has in fields of other names.
pub(crate) type Moved = &'static [(&'static str, Slot)];

/// The slots that the kernel has for slots of a machine of 32 bits.
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
    let mut n = 0;
    while let Some(register) = kernel.registers.get(n) {
        match register.slot {
            Some(slot) if is_same(slot.field, field) => return Some(slot),
            _ => n += 1,
        }
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

#[inline]
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut n = 0;
    while n < one.len() && n < other.len() && one[n] == other[n] {
        n += 1;
    }
    n == one.len() && n == other.len()
}

/// A slot from its field of `pt_regs`: `slot!(rdi)`, `slot!(regs[4])`, `slot!(psw.addr)`. The compiler checks
/// field and index. It is one expression, because each constant of its own would be work in the build of every probe.
macro_rules! slot {
    // `stringify!` would put a space in `regs [4]` where another macro has matched the two parts.
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
