//! Programs that write each parameter of a syscall, and its result, with the types of its prototype.

#[path = "../../corpus/src/told.rs"]
mod told;

use core::ffi::c_void;

use probe_abi::{Ptr, SysEnter, SysExit, c_char, c_int, nr};
use told::{Plain, Wrapped};

#[cfg(feature = "compat")]
use crate::bpf::report_of_other;
use crate::{
    bpf::report,
    slots::{self, *},
};

/// A parameter as a word of the report: with its sign, or as the first letters of the path that it points to.
trait Word {
    fn word(self) -> u64;
}

macro_rules! words {
    ($($integer:ident)*) => { $(
        impl Word for $integer {
            #[inline(always)]
            fn word(self) -> u64 {
                self as i64 as u64
            }
        }
    )* };
}
words!(i32 u32 i64 u64);

impl<T> Word for Ptr<T> {
    #[inline(always)]
    fn word(self) -> u64 {
        self.address().into()
    }
}

#[cfg(feature = "compat")]
impl<T> Word for probe_abi::compat::Ptr<T> {
    #[inline(always)]
    fn word(self) -> u64 {
        self.address().into()
    }
}

/// The word for a parameter that cannot be read.
const UNREADABLE: u64 = 0xbad0_bad0_bad0_bad0;

#[inline(always)]
fn word<T: Word>(read: Result<T, i32>) -> u64 {
    match read {
        Ok(value) => value.word(),
        Err(_) => UNREADABLE,
    }
}

macro_rules! programs {
    ($prefix:literal $is_one:expr; $($module:ident($($n:literal: $ty:ty),*) -> $returned:ty;)*) => { $(
        mod $module {
            use super::*;

            type Prototype = unsafe extern "C" fn($($ty),*) -> $returned;

            /// A kprobe on the syscall's function, in a kernel that wraps its syscalls.
            #[unsafe(export_name = concat!($prefix, stringify!($module), "_wrapped"))]
            #[unsafe(link_section = "kprobe")]
            pub extern "C" fn wrapped(ctx: *const c_void) -> i32 {
                let Some(report) = report() else { return 0 };
                // SAFETY: this program is attached to that function.
                let _call = unsafe { Entry::<Syscall<Prototype, Wrapped>>::from_ctx(ctx) };
                $(report[FIRST_SYSCALL_ARG + $n] = word(_call.read_arg::<$n>());)*
                0
            }

            /// A kprobe on the syscall's function, in a kernel that does not wrap it.
            #[unsafe(export_name = concat!($prefix, stringify!($module), "_plain"))]
            #[unsafe(link_section = "kprobe")]
            pub extern "C" fn plain(ctx: *const c_void) -> i32 {
                let Some(report) = report() else { return 0 };
                // SAFETY: this program is attached to that function.
                let _call = unsafe { Entry::<Syscall<Prototype, Plain>>::from_ctx(ctx) };
                $(report[FIRST_SYSCALL_ARG + $n] = word(_call.read_arg::<$n>());)*
                0
            }

            /// A kretprobe on the syscall's function.
            #[unsafe(export_name = concat!($prefix, stringify!($module), "_returned"))]
            #[unsafe(link_section = "kretprobe")]
            pub extern "C" fn returned(ctx: *const c_void) -> i32 {
                let Some(report) = report() else { return 0 };
                // SAFETY: this program is attached to the return of that function.
                let returned = unsafe { Return::<Syscall<Prototype, Wrapped>>::from_ctx(ctx) };
                report[RETURN_VALUE] = returned.value().word();
                0
            }

            /// `sys_enter`.
            #[unsafe(export_name = concat!($prefix, stringify!($module), "_enter"))]
            #[unsafe(link_section = "raw_tracepoint")]
            pub extern "C" fn enter(ctx: *const c_void) -> i32 {
                // SAFETY: this program is attached to `sys_enter`.
                let enter = unsafe { SysEnter::from_ctx(ctx) };
                let is_one: fn(&SysEnter) -> bool = $is_one;
                if !is_one(enter) || enter.number() != nr::$module {
                    return 0;
                }
                let Some(report) = report() else { return 0 };
                let _call = enter.call::<Prototype>();
                $(report[FIRST_SYSCALL_ARG + $n] = word(_call.read_arg::<$n>());)*
                0
            }
        }
    )* };
}

macro_rules! of_each_syscall {
    ($prefix:literal $is_one:expr) => {
        programs! { $prefix $is_one;
            getppid() -> c_int;
            close(0: c_int) -> c_int;
            listen(0: c_int, 1: c_int) -> c_int;
            faccessat(0: c_int, 1: *const c_char, 2: c_int) -> c_int;
            openat(0: c_int, 1: *const c_char, 2: c_int, 3: c_uint) -> c_int;
            pread64(0: c_int, 1: *const c_void, 2: size_t, 3: u64) -> ssize_t;
            fallocate(0: c_int, 1: c_int, 2: u64, 3: u64) -> c_int;
            mremap(0: c_ulong, 1: c_ulong, 2: c_ulong, 3: c_ulong, 4: c_ulong) -> *const c_void;
            sendto(
                0: c_int, 1: *const c_void, 2: size_t, 3: c_uint, 4: *const c_void, 5: c_int
            ) -> ssize_t;
        }
    };
}

mod own {
    use probe_abi::{
        Entry, Return, SysEnter, Syscall, c_char, c_int, c_uint, c_ulong, c_void, nr, size_t,
        ssize_t,
    };

    use super::{Plain, Word, Wrapped, report, slots::*, word};

    of_each_syscall!("" | _ | true);
}

/// The syscalls of tasks of 32 bits.
#[cfg(feature = "compat")]
mod other {
    use probe_abi::{
        c_void,
        compat::{
            Entry, Return, SysEnter, Syscall, c_char, c_int, c_uint, c_ulong, nr, size_t, ssize_t,
        },
    };

    use super::{Plain, Word, Wrapped, report_of_other as report, slots::*, word};

    of_each_syscall!("other_" | enter | enter.is_compat() == Ok(true));
}

/// `sys_enter`: writes the first sixteen letters of the path that `openat` is called with.
#[unsafe(no_mangle)]
#[unsafe(link_section = "raw_tracepoint")]
pub extern "C" fn path(ctx: *const c_void) -> i32 {
    type Openat = unsafe extern "C" fn(c_int, *const c_char, c_int, ...) -> c_int;

    // SAFETY: this program is attached to `sys_enter`.
    let enter = unsafe { SysEnter::from_ctx(ctx) };
    if enter.number() != nr::openat {
        return 0;
    }
    let Some(report) = report() else { return 0 };
    let text = &mut report[FIRST_SYSCALL_ARG..][..2];
    // SAFETY: integers consist of bytes.
    let text = unsafe { core::slice::from_raw_parts_mut(text.as_mut_ptr().cast(), 16) };
    if let Ok(path) = enter.call::<Openat>().read_arg::<1>() {
        let _ = path.read_user_str(text);
    }
    0
}

/// `sys_exit`: writes the result of the first syscall that fails.
#[unsafe(no_mangle)]
#[unsafe(link_section = "raw_tracepoint")]
pub extern "C" fn exit(ctx: *const c_void) -> i32 {
    type Close = unsafe extern "C" fn(c_int) -> c_int;

    // SAFETY: this program is attached to `sys_exit`.
    let exit = unsafe { SysExit::from_ctx(ctx) };
    let value = exit.value::<Close>();
    if value >= 0 {
        return 0;
    }
    let Some(report) = report() else { return 0 };
    report[RETURN_VALUE] = value.word();
    0
}
