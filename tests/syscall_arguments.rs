//! The parameters of a syscall on every machine: by a kprobe on a kernel that wraps its syscalls, by a kprobe on one
//! that does not, and by `sys_enter`. Calls that the test makes are read back. The untyped methods find the arguments
//! in the same registers.

#[path = "corpus/src/told.rs"]
mod told;

use told::{Plain, Wrapped};

include!("../build/src/table.rs");

macro_rules! tests {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {$(
        mod $module {
            use super::*;
            use probe_abi::{Entry, Return, arch::$module::*};

            type Six = unsafe extern "C" fn(c_long, u8, *const c_char, i16, c_ulong, c_uint) -> c_int;
            /// Like `pread64` and `fallocate`. For the last one some machines have no slot left.
            type Wide = unsafe extern "C" fn(c_int, u64, u8) -> c_long;
            type Pread = unsafe extern "C" fn(c_int, *mut c_void, size_t, u64) -> ssize_t;
            type None = unsafe extern "C" fn() -> c_int;

            const POINTER: Ptr<c_char> = Ptr::new(0x1234_5678);
            const WIDE: u64 = 0x8123_4567_89ab_cdef;

            macro_rules! six {
                ($call:expr) => {{
                    let call = $call;
                    assert_eq!(call.read_arg::<0>(), Ok(-5));
                    assert_eq!(call.read_arg::<1>(), Ok(0xfe));
                    assert_eq!(call.read_arg::<2>(), Ok(POINTER));
                    assert_eq!(call.read_arg::<3>(), Ok(-300));
                    assert_eq!(call.read_arg::<4>(), Ok(0x8765_4321));
                    assert_eq!(call.read_arg::<5>(), Ok(0xfedc_ba98));
                }};
            }

            const SIX: (c_long, u8, Ptr<c_char>, i16, c_ulong, c_uint) =
                (-5, 0xfe, POINTER, -300, 0x8765_4321, 0xfedc_ba98);

            #[test]
            fn six_parameters() {
                six!(Entry::<Syscall<Six, Wrapped>>::call(SIX));
                six!(Entry::<Syscall<Six, Plain>>::call(SIX));
                let enter = SysEnter::calling::<Six, _>(nr::sendto, SIX);
                assert_eq!(enter.number(), nr::sendto);
                six!(enter.call::<Six>());
                // The untyped methods read the same slots.
                let regs = enter.regs().read_kernel().unwrap();
                assert_eq!(regs.syscall_arg::<0>(), -5 as c_long as c_ulong);
                assert_eq!(regs.syscall_arg::<1>() as u8, 0xfe);
                assert_eq!(regs.syscall_arg::<2>(), POINTER.address() as c_ulong);
                assert_eq!(regs.syscall_arg::<3>() as i16, -300);
                assert_eq!(regs.syscall_arg::<4>(), 0x8765_4321);
                assert_eq!(regs.syscall_arg::<5>() as u32, 0xfedc_ba98);
            }

            #[test]
            fn parameters_of_64_bits() {
                macro_rules! read {
                    ($wide:expr, $pread:expr) => {{
                        let (wide, pread) = ($wide, $pread);
                        assert_eq!(wide.read_arg::<0>(), Ok(-1));
                        assert_eq!(wide.read_arg::<1>(), Ok(WIDE));
                        assert_eq!(wide.read_arg::<2>(), Ok(7));
                        assert_eq!(pread.read_arg::<2>(), Ok(4096));
                        assert_eq!(pread.read_arg::<3>(), Ok(WIDE));
                    }};
                }
                let wide = (-1, WIDE, 7);
                let pread = (-1, Ptr::new(16), 4096, WIDE);
                read!(
                    Entry::<Syscall<Wide, Wrapped>>::call(wide),
                    Entry::<Syscall<Pread, Wrapped>>::call(pread)
                );
                read!(
                    Entry::<Syscall<Wide, Plain>>::call(wide),
                    Entry::<Syscall<Pread, Plain>>::call(pread)
                );
                let (one, other) = (
                    SysEnter::calling::<Wide, _>(nr::fallocate, wide),
                    SysEnter::calling::<Pread, _>(nr::pread64, pread),
                );
                read!(one.call::<Wide>(), other.call::<Pread>());
            }

            #[test]
            fn what_lies_nowhere_is_an_error() {
                if MACHINE.wraps_syscalls == Some(false) {
                    return;
                }
                let made = Entry::<Syscall<Six, Wrapped>>::call(SIX);
                let mut regs = *made.regs();
                // SAFETY: registers may have any bytes.
                unsafe { (&raw mut regs).write_bytes(0, 1) };
                // SAFETY: these are whole registers.
                let call = unsafe { Entry::<Syscall<Six, Wrapped>>::from_ctx((&raw const regs).cast()) };
                assert_eq!(call.read_arg::<0>(), Err(-14));
            }

            #[test]
            fn results() {
                let failed = Return::<Syscall<Six, Wrapped>>::returning(-2);
                assert_eq!(failed.value(), -2);
                let nothing = Return::<Syscall<None, Plain>>::returning(0);
                assert_eq!(nothing.value(), 0);
                for result in [-2_i64, 3] {
                    let ctx = [0, result as u64];
                    // SAFETY: these are the two words that `sys_exit` passes.
                    let exit = unsafe { SysExit::from_ctx(ctx.as_ptr().cast()) };
                    assert_eq!(i64::from(exit.value::<Six>()), result);
                }
            }
        }
    )*};
}
machines!(tests);
