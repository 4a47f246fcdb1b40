//! Every machine, whichever machine is selected: tools on the host can use any machine, and the tests of one build see
//! all of them.
//!
//! Each module has the same names: the C types, [`Ptr`](x86_64::Ptr), [`pt_regs`](x86_64::pt_regs) with its methods,
//! and the constants. The module's page names the sources of its facts and the peculiarities of that machine.
//!
//! # The C types
//!
//! `c_char` to `c_ulonglong`, `size_t`, `uintptr_t`, `wchar_t`, `int8_t` to `uint64_t`, `__u8` to `__s64` and `c_void`
//! are the types of the traced machine, on whichever machine the probe is compiled: on `arm`, `c_long` has 32 bits and
//! `c_char` is unsigned. [`Ptr`] is a pointer as it is in that machine's memory. BPF has no floating point, so there is
//! no `c_double`.
//!
//! # The methods of `pt_regs`
//!
//! `pt_regs` is the kernel's struct, with the kernel's names of its fields. A probe whose function is only known at run
//! time reads registers by its methods:
//!
//! | method | returns | meaningful |
//! |---|---|---|
//! | `pt_regs::from_ctx(ctx)`, `pt_regs::with_ctx(ctx, \|regs\| …)` | the registers (unsafe: `ctx` must be the ctx of a probe); `with_ctx` gives them for one call only | |
//! | `arg::<N>()` | function argument N, counted from 0 | at entry |
//! | `arg_at(index)` | the same, with an index chosen at run time; `None` if the argument is not in a register | at entry |
//! | `slot_at(offset)` | a register, by the offset of its slot; `None` if no slot is there | always |
//! | `stack_arg_address::<N>()`, `stack_arg_address_at(index)` | the address of an argument that is not in a register | at entry |
//! | `return_value()` | the function's return value | on return |
//! | `return_address()` | the address that the function returns to: in a register, or the place on the stack to read it from | at entry |
//! | `instruction_pointer()`, `stack_pointer()`, `frame_pointer()` | | always |
//! | `syscall_number()`, `syscall_arg::<N>()` | a syscall's number (one of `nr`) and arguments | in a syscall's own `pt_regs` |
//! | `user_code()` | the same registers under user code's calling convention, which differs on `x86` and on big-endian `powerpc64` | |
//! | `user_code().is_compat()` | whether this code is of 32 bits, on a kernel of 64 bits | in a uprobe of any kind, and in a syscall's own `pt_regs` |
//!
//! Every value is the whole register, a `c_ulong`: cast it to the C type of the argument. If the machine does not pass
//! an argument in a register, reading it does not compile:
//!
//! ```text
//! error[E0277]: argument `6` is not passed in a register: this machine's calling convention has `6` register arguments, counted from 0
//!    = note: an argument that is not in a register is on the stack: `stack_arg_address::<6>()` gives its address
//! ```
//!
//! On `x86` the kernel passes three arguments in registers, and user code passes none: `arg` reads an argument of the
//! kernel's code, and `user_code()` returns a type on which `arg` does not compile. On big-endian `powerpc64` the stack
//! arguments of the kernel and of user code start at different offsets. A uprobe that uses
//! `regs.user_code().arg::<0>()` is right on every machine that it compiles for.
//!
//! # What `ctx` holds
//!
//! A probe program gets a pointer to the kernel's own `struct pt_regs`, not to a copy in the layout that the UAPI
//! promises. The kind of probe decides which registers are meaningful:
//!
//! | probe | at entry | on return |
//! |---|---|---|
//! | kprobe, kretprobe | every register | every register |
//! | uprobe, uretprobe | every register | every register |
//! | kprobe.multi, fprobe | arguments, stack pointer, instruction pointer, frame pointer, link register | return value, stack pointer, instruction pointer, frame pointer |
//!
//! Up to Linux 6.12 a kprobe.multi program still gets every register. On 7.2 the other slots hold the values that an
//! earlier probe left there. The methods of `pt_regs`, used where they are meaningful, read none of these other slots.
//!
//! A task of 32 bits on a kernel of 64 bits is shown in the kernel's `pt_regs`, but has its own calling convention.
//! Select the kernel's machine; the arguments are in the places of the other machine.
//! `pt_regs::user_code().is_compat()` recognizes such a task if the registers show it, and the machine's module
//! `compat` reads such a call ([`syscall`](crate::syscall) has a table). A program can read `ctx`, but cannot write to
//! it: kernels before 7.x refuse a program that does.
//!
//! # `char` in the kernel
//!
//! `c_char` is the psABI's `char`, which user code has. The kernel itself is compiled with `-funsigned-char` since
//! Linux 6.2: since then a `char` of the kernel is a `u8` on every machine.

pub use crate::{
    machine::{Machine, ReturnAddress},
    ptr::Ptr,
};

include!(concat!(env!("OUT_DIR"), "/table.rs"));

macro_rules! modules {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        $(
            #[allow(non_camel_case_types)]
            pub mod $module;
        )*

        /// The facts of every machine, for a program that learns at run time which machine it needs.
        pub const MACHINES: &[Machine] = &[$($module::MACHINE),*];
    };
}
machines!(modules);

pub(crate) use machines;
