//! How a role is read: the macros that turn an architecture's block of roles into the methods of its
//! `pt_regs`.

use core::{hint::black_box, mem::MaybeUninit};

/// Reads one slot of ctx in a way that every kernel's verifier accepts.
///
/// The verifier wants a constant offset in the load itself. Where two branches load from different
/// slots, LLVM is free to select the address and load once; a volatile load alone does not hold it
/// back. An empty inline assembly behind the load does, because LLVM never merges two of those, and
/// it costs no instruction. That is what `black_box(())` is.
///
/// The load is volatile for its width: a program of type perf_event may only read whole slots, and only
/// a volatile load is sure to stay as wide as it is written. LLVM 22 keeps the width of a plain one
/// too, whatever the value is cast to, but nothing makes it. It costs no instruction either
/// (`tests/codegen.rs`).
#[inline(always)]
pub(crate) fn load<T: Copy>(slot: &T) -> T {
    // SAFETY: a reference is valid for a read of its type, and T is Copy.
    let value = unsafe { core::ptr::from_ref(slot).read_volatile() };
    black_box(());
    value
}

/// `None`, with a zero where the value would be.
///
/// LLVM may compute with the value of an `Option` before it asks whether there is one. In an ordinary
/// `None` that is a register that nothing was written to, and the verifier refuses the program
/// (`R3 !read_ok`) although the result is never used. A zero is a value to compute with, and costs at
/// most the instruction that sets it.
#[inline(always)]
pub(crate) fn none<T: Copy>() -> Option<T> {
    const fn zeroed<T: Copy>() -> Option<T> {
        // SAFETY: `none` has the compiler evaluate this, where an invalid value is an error.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }
    const { assert!(zeroed::<T>().is_none()) }
    zeroed()
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

/// Says that a function's argument `N` is in a register, on a machine that has `REGISTERS` of them
/// for arguments.
///
/// It is the bound of `pt_regs::arg`, and the one to repeat in a function that is generic over the
/// index:
///
/// ```
/// use probe_abi::{ARG_REGISTERS, Argument, c_ulong, pt_regs};
///
/// fn low_byte<const N: usize>(regs: &pt_regs) -> u8
/// where
///     pt_regs: Argument<N, ARG_REGISTERS>,
/// {
///     regs.arg::<N>() as u8
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "argument `{N}` is not passed in a register: this machine's calling convention has `{REGISTERS}` register arguments, counted from 0",
    label = "not a register argument of `{Self}`",
    note = "one that is not lies on the stack: `stack_arg_address::<{N}>()` gives its address",
    note = "a function that is generic over the index repeats the bound: `where pt_regs: Argument<N, ARG_REGISTERS>`"
)]
pub trait Argument<const N: usize, const REGISTERS: usize> {}

/// Says that syscall argument `N` is in a slot of a syscall's own `pt_regs`, on a machine that has
/// `REGISTERS` of them.
#[diagnostic::on_unimplemented(
    message = "there is no syscall argument `{N}`: this machine's syscalls have `{REGISTERS}` arguments, counted from 0",
    label = "not a syscall argument of `{Self}`",
    note = "a function that is generic over the index repeats the bound: `where pt_regs: SyscallArgument<N, SYSCALL_ARG_REGISTERS>`"
)]
pub trait SyscallArgument<const N: usize, const REGISTERS: usize> {}

// Stable Rust cannot bound `N < REGISTERS`, and an assertion evaluated after monomorphisation is
// not seen by `cargo check`: so the pairs are listed, for each number of registers that a machine has.
macro_rules! indices {
    ($($registers:literal: $($n:literal)*;)*) => { $($(
        #[diagnostic::do_not_recommend]
        impl<Registers> Argument<$n, $registers> for Registers {}
        #[diagnostic::do_not_recommend]
        impl<Registers> SyscallArgument<$n, $registers> for Registers {}
    )*)* };
}

indices! {
    3: 0 1 2;
    4: 0 1 2 3;
    5: 0 1 2 3 4;
    6: 0 1 2 3 4 5;
    7: 0 1 2 3 4 5 6;
    8: 0 1 2 3 4 5 6 7;
}

/// The slot at a run-time index of a list: a comparison and a constant-offset load for each.
macro_rules! nth {
    ($regs:ident, $index:ident, $($slot:ident $([$i:literal])?),*) => {{
        let n = 0;
        $(
            if $index == n {
                return Some($crate::regs::load(&$regs.$slot $([$i])?));
            }
            let n = n + 1;
        )*
        let _ = (n, $index);
        $crate::regs::none()
    }};
}
pub(crate) use nth;

/// The calling convention of one kind of code: which slots hold its arguments, and where the others lie.
macro_rules! arguments {
    (
        $regs:ident:
        $($arg:ident $([$i:literal])?),*;
        stack $stack:ident $([$s:literal])? + $first:literal $(, big $first_big:literal)?;
    ) => {
        impl $regs {
            /// How many arguments of a function are passed in registers.
            pub const ARG_REGISTERS: usize = {
                const NAMES: &[&str] = &[$(stringify!($arg $([$i])?)),*];
                NAMES.len()
            };

            /// Argument `N` of the function, counted from zero: the whole register.
            ///
            /// Meaningful at the function's entry, in every kind of probe (kprobe, uprobe, kprobe.multi,
            /// fprobe). An argument narrower than a register need not be extended: cast it to its C
            /// type. On 32-bit machines a 64-bit argument takes two registers.
            ///
            /// An argument that this machine does not pass in a register does not compile.
            #[inline(always)]
            pub fn arg<const N: usize>(&self) -> c_ulong
            where
                Self: $crate::regs::Argument<N, { $regs::ARG_REGISTERS }>,
            {
                // The bound leaves only indices that are in the list.
                self.arg_at(N).unwrap_or(0)
            }

            /// [`arg`](Self::arg) at an index chosen at run time; `None` where this machine does not
            /// pass that argument in a register.
            #[inline(always)]
            pub fn arg_at(&self, index: usize) -> Option<c_ulong> {
                $crate::regs::nth!(self, index, $($arg $([$i])?),*)
            }

            /// The address on the stack where argument `N` lies, for an argument that is not passed
            /// in a register; read it with `bpf_probe_read_kernel` or `bpf_probe_read_user`.
            ///
            /// Meaningful at the function's entry. `N` counts slots of one [`c_ulong`], register
            /// arguments included, as they are for arguments of the basic integer and pointer types.
            /// On a big-endian machine a narrower argument lies at the slot's far end: read the whole
            /// slot and cast.
            ///
            /// An argument that is in a register does not compile.
            #[inline(always)]
            pub fn stack_arg_address<const N: usize>(&self) -> c_ulong {
                const {
                    assert!(
                        N >= $regs::ARG_REGISTERS,
                        "this argument is passed in a register: read it with `arg`",
                    )
                }
                self.stack_slot(N)
            }

            /// [`stack_arg_address`](Self::stack_arg_address) at an index chosen at run time; `None`
            /// where the argument is passed in a register, and [`arg_at`](Self::arg_at) has it.
            #[inline(always)]
            pub fn stack_arg_address_at(&self, index: usize) -> Option<c_ulong> {
                if index < Self::ARG_REGISTERS { $crate::regs::none() } else { Some(self.stack_slot(index)) }
            }

            #[inline(always)]
            fn stack_slot(&self, index: usize) -> c_ulong {
                const FIRST: c_ulong = {
                    let first = $first;
                    $(let first = if cfg!(target_endian = "big") { $first_big } else { first };)?
                    first
                };
                let slot = index.wrapping_sub(Self::ARG_REGISTERS).wrapping_mul(size_of::<c_ulong>());
                $crate::regs::load(&self.$stack $([$s])?).wrapping_add(FIRST).wrapping_add(slot as c_ulong)
            }
        }
    };
}
pub(crate) use arguments;

/// Turns an architecture's roles into its module: the types that the generator wrote for it, and the
/// methods of its `pt_regs`.
macro_rules! roles {
    (
        arch: $arch:literal;
        arguments: $($arg:ident $([$arg_i:literal])?),*;
        stack_arguments: $stack:ident $([$stack_i:literal])? + $stack_first:literal $(, big $stack_first_big:literal)?;
        $(user_code: $user_code:ident;)?
        syscall_arguments: $($sysarg:ident $([$sysarg_i:literal])?),*;
        syscall_number: $nr:ident $([$nr_i:literal])? $(& $nr_mask:literal)?;
        return_value: $rv:ident $([$rv_i:literal])?;
        return_address: $ra_kind:ident($ra:ident $([$ra_i:literal])? $(+ $ra_offset:literal)?);
        instruction_pointer: $ip:ident $(.$ip_field:ident)? $([$ip_i:literal])?;
        stack_pointer: $sp:ident $([$sp_i:literal])?;
        frame_pointer: $fp_kind:ident $(($fp:ident $([$fp_i:literal])?))?;
    ) => {
        include!(concat!(env!("OUT_DIR"), "/", $arch, ".rs"));

        pub use core::ffi::c_void;

        /// A pointer as it lies in this machine's memory: [`Ptr`](crate::arch::Ptr) with its addresses.
        pub type Ptr<T> = $crate::ptr::Ptr<T, uintptr_t>;

        /// [`ReturnAddress`](crate::arch::ReturnAddress) with this machine's addresses.
        pub type ReturnAddress = $crate::regs::ReturnAddress<c_ulong>;

        /// This machine's name: Rust's `target_arch`, the value of `CARGO_CFG_BPF_TARGET_ARCH`.
        pub const ARCH: &str = $arch;

        /// How many arguments of a function are passed in registers.
        pub const ARG_REGISTERS: usize = pt_regs::ARG_REGISTERS;

        /// How many arguments of a syscall its own `pt_regs` holds.
        pub const SYSCALL_ARG_REGISTERS: usize = {
            const NAMES: &[&str] = &[$(stringify!($sysarg $([$sysarg_i])?)),*];
            NAMES.len()
        };

        $crate::regs::arguments! {
            pt_regs: $($arg $([$arg_i])?),*;
            stack $stack $([$stack_i])? + $stack_first $(, big $stack_first_big)?;
        }

        impl pt_regs {
            /// The registers that a probe program's context holds.
            ///
            /// # Safety
            ///
            /// `ctx` is what the kernel passed to a kprobe, kretprobe, uprobe, uretprobe, kprobe.multi
            /// or fprobe program on this machine, or points to a whole `pt_regs` elsewhere (in host
            /// tests, or a copy that `bpf_probe_read_kernel` made). The reference must not outlive
            /// that program's run, which the compiler cannot see from a raw pointer: it grants
            /// whatever lifetime is asked for. [`with_ctx`](Self::with_ctx) asks for the shortest.
            #[inline(always)]
            pub unsafe fn from_ctx<'ctx>(ctx: *const c_void) -> &'ctx pt_regs {
                // SAFETY: the caller passes a ctx: at least as long as pt_regs (the verifier refuses a
                // read past its end), aligned to its slots, and left alone by the kernel while the
                // program runs.
                unsafe { &*ctx.cast() }
            }

            /// [`from_ctx`](Self::from_ctx) for the time of one call: a program that keeps the
            /// registers for longer does not compile.
            ///
            /// # Safety
            ///
            /// `ctx` is as in [`from_ctx`](Self::from_ctx). The lifetime is seen to.
            #[inline(always)]
            pub unsafe fn with_ctx<T>(ctx: *const c_void, probe: impl FnOnce(&pt_regs) -> T) -> T {
                // SAFETY: the caller passes a ctx, and the reference ends with this function.
                probe(unsafe { Self::from_ctx(ctx) })
            }

            /// What the function returned: the whole register.
            ///
            /// Meaningful in a return probe of any kind. A value narrower than a register need not
            /// be extended: cast it to its C type.
            #[inline(always)]
            pub fn return_value(&self) -> c_ulong {
                $crate::regs::load(&self.$rv $([$rv_i])?)
            }

            /// The address of the instruction that was probed.
            ///
            /// Meaningful in every kind of probe. In a kprobe it is the address that the kernel
            /// stopped at, on x86 and x86_64 behind the breakpoint: one byte past the instruction. In
            /// a kprobe.multi it is where the kernel's tracer goes back to, on most machines some
            /// bytes behind the function's symbol (9 on x86_64, 6 on s390x). In a return probe of any
            /// kind it is the address that the function returns to.
            #[inline(always)]
            pub fn instruction_pointer(&self) -> c_ulong {
                $crate::regs::load(&self.$ip $(.$ip_field)? $([$ip_i])?)
            }

            /// The stack pointer, as the register holds it.
            ///
            /// Meaningful in every kind of probe.
            #[inline(always)]
            pub fn stack_pointer(&self) -> c_ulong {
                $crate::regs::load(&self.$sp $([$sp_i])?)
            }

            /// The register that the ABI sets aside for a frame pointer; `None` where it has none.
            ///
            /// Filled in every kind of probe. Whether it points to a frame is up to how the traced
            /// code was compiled.
            #[inline(always)]
            pub fn frame_pointer(&self) -> Option<c_ulong> {
                $fp_kind $(($crate::regs::load(&self.$fp $([$fp_i])?)))?
            }

            /// Where the function returns to.
            ///
            /// Meaningful only at the function's first instruction, in a kprobe, uprobe, kprobe.multi
            /// or fprobe.
            #[inline(always)]
            pub fn return_address(&self) -> ReturnAddress {
                ReturnAddress::$ra_kind(
                    $crate::regs::load(&self.$ra $([$ra_i])?) $(.wrapping_add($ra_offset))?
                )
            }

            /// The number of the syscall.
            ///
            /// Meaningful in a syscall's own `pt_regs`: the one that a syscall wrapper has as its
            /// argument 0 and `raw_tracepoint/sys_enter` as its first, copied with
            /// `bpf_probe_read_kernel`. Not in the ctx of a probe on some function.
            #[inline(always)]
            pub fn syscall_number(&self) -> c_ulong {
                // A slot narrower than a register is widened.
                #[allow(clippy::unnecessary_cast)]
                let number = $crate::regs::load(&self.$nr $([$nr_i])?) as c_ulong;
                number $(& $nr_mask)?
            }

            /// Argument `N` of the syscall, counted from zero.
            ///
            /// Meaningful where [`syscall_number`](Self::syscall_number) is. Reads the slot that
            /// keeps the argument while the syscall runs, where the first argument's register is
            /// also the return value's.
            ///
            /// An argument that a syscall cannot have does not compile.
            #[inline(always)]
            pub fn syscall_arg<const N: usize>(&self) -> c_ulong
            where
                Self: $crate::regs::SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
            {
                #[inline(always)]
                fn nth(regs: &pt_regs, index: usize) -> Option<c_ulong> {
                    $crate::regs::nth!(regs, index, $($sysarg $([$sysarg_i])?),*)
                }
                // The bound leaves only indices that are in the list.
                nth(self, N).unwrap_or(0)
            }

            /// These registers under the calling convention of user code: what a uprobe on any
            /// machine asks for arguments.
            ///
            /// On every machine but x86 it is the same convention and the same type. There, the
            /// kernel passes arguments in registers and user code does not: see [`UserCode`].
            #[inline(always)]
            pub fn user_code(&self) -> &UserCode {
                $crate::regs::roles!(@user_code self $($user_code)?)
            }
        }

        $crate::regs::roles!(@UserCode $($user_code)?);
    };
    (@user_code $self:ident) => { $self };
    (@user_code $self:ident $user_code:ident) => { $user_code::of($self) };
    (@UserCode) => {
        /// The registers under the calling convention of user code: on this machine, the kernel's
        /// own.
        pub type UserCode = pt_regs;
    };
    (@UserCode $user_code:ident) => {};
}
pub(crate) use roles;
