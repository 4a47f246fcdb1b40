//! Promise: a probe recognizes tasks of 32 bits on kernels of 64 bits. It reads their calls and syscalls by the other
//! machine's convention, in this machine's registers.

#[path = "corpus/src/told.rs"]
mod told;

use probe_abi::{
    Entry, Return,
    machine::{Compat, Endian, Machine, Place},
    testing,
};
use told::{Plain, Wrapped};

macro_rules! tests {
    ($($module:ident $tells_mode:tt $syscall:tt;)*) => { $(
        mod $module {
            use super::*;
            use probe_abi::arch::$module::{self as wide, compat::*};

            type Mixed = unsafe extern "C" fn(
                c_int, u64, *const c_char, c_long, u8, i64, c_ulong, i16, u64, size_t,
            ) -> i64;
            type Six = unsafe extern "C" fn(c_long, u8, *const c_char, i16, c_ulong, c_uint) -> c_int;
            type Pread = unsafe extern "C" fn(c_int, *mut c_void, size_t, u64) -> ssize_t;
            type WideMixed = wide::User<unsafe extern "C" fn(wide::c_long, u64) -> wide::c_long>;

            const POINTER: Ptr<c_char> = Ptr::new(0x8123_4567);
            const LONG: u64 = 0x8123_4567_89ab_cdef;

            #[test]
            fn a_function_of_the_process() {
                let call = Entry::<User<Mixed>>::call((
                    -1, LONG, POINTER, -2, 0xfe, i64::MIN + 5, 0xfedc_ba98, -300, !LONG, 0x8000_0001,
                ));
                assert_eq!(call.read_arg::<0>(), Ok(-1));
                assert_eq!(call.read_arg::<1>(), Ok(LONG));
                assert_eq!(call.read_arg::<2>(), Ok(POINTER));
                assert_eq!(call.read_arg::<3>(), Ok(-2));
                assert_eq!(call.read_arg::<4>(), Ok(0xfe));
                assert_eq!(call.read_arg::<5>(), Ok(i64::MIN + 5));
                assert_eq!(call.read_arg::<6>(), Ok(0xfedc_ba98));
                assert_eq!(call.read_arg::<7>(), Ok(-300));
                assert_eq!(call.read_arg::<8>(), Ok(!LONG));
                assert_eq!(call.read_arg::<9>(), Ok(0x8000_0001));
                assert!(call.read_return_address().is_ok_and(|address| address != 0));
            }

            #[test]
            fn what_a_function_returns() {
                let returned = Return::<User<Mixed>>::returning(i64::MIN + 7);
                assert_eq!(returned.value(), i64::MIN + 7);
                let returned = Return::<User<Six>>::returning(-5);
                assert_eq!(returned.value(), -5);
                let returned = Return::<User<unsafe extern "C" fn() -> *const c_char>>::returning(POINTER);
                assert_eq!(returned.value(), POINTER);
            }

            #[test]
            fn a_syscall() {
                const SIX: (c_long, u8, Ptr<c_char>, i16, c_ulong, c_uint) =
                    (-5, 0xfe, POINTER, -300, 0x8765_4321, 0xfedc_ba98);
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
                six!(Entry::<Syscall<Six, Wrapped>>::call(SIX));
                six!(Entry::<Syscall<Six, Plain>>::call(SIX));
                let enter = SysEnter::calling::<Six, _>(nr::sendto, SIX);
                assert_eq!(enter.number(), nr::sendto);
                six!(enter.call::<Six>());

                let pread = (-1, Ptr::new(16), 4096, LONG);
                let enter = SysEnter::calling::<Pread, _>(nr::pread64, pread);
                assert_eq!(enter.call::<Pread>().read_arg::<2>(), Ok(4096));
                assert_eq!(enter.call::<Pread>().read_arg::<3>(), Ok(LONG));
                let call = Entry::<Syscall<Pread, Wrapped>>::call(pread);
                assert_eq!(call.read_arg::<3>(), Ok(LONG));
                let call = Entry::<Syscall<Pread, Plain>>::call(pread);
                assert_eq!(call.read_arg::<2>(), Ok(4096));
                assert_eq!(call.read_arg::<3>(), Ok(LONG));
            }

            #[test]
            fn the_result_of_a_syscall() {
                for result in [-2_i64, 3] {
                    let ctx = [0, result as u64];
                    // SAFETY: these are the two words that `sys_exit` passes.
                    let exit = unsafe { SysExit::from_ctx(ctx.as_ptr().cast()) };
                    assert_eq!(i64::from(exit.value::<Pread>()), result);
                }
            }

            /// A call of one kind of task is read as the other kind, as in a probe that does not know the task.
            #[test]
            fn which_task_it_is() {
                let narrow = Entry::<User<Six>>::call((0, 0, POINTER, 0, 0, 0));
                // SAFETY: these are whole registers.
                let narrow = unsafe { wide::pt_regs::from_ctx(narrow.ctx()) }.user_code();
                let of_64 = Entry::<WideMixed>::call((1, 2));
                tests!(@$tells_mode narrow, of_64);

                let narrow = SysEnter::calling::<Six, _>(nr::sendto, (0, 0, POINTER, 0, 0, 0));
                // SAFETY: these are the two words that `sys_enter` passes.
                let narrow = unsafe { wide::SysEnter::from_ctx(narrow.ctx()) };
                assert_eq!(narrow.is_compat(), Ok(true));
                type WideSix = unsafe extern "C" fn(wide::c_long) -> wide::c_long;
                let of_64 = wide::SysEnter::calling::<WideSix, _>(wide::nr::sendto, (1,));
                assert_eq!(of_64.is_compat(), Ok(false));
            }

            /// The names are written here again, from the kernel's `syscall_get_arguments` and its entry code.
            #[test]
            fn slots_of_a_syscall() {
                let expected: &[&str] = &$syscall;
                let (number, arguments) = expected.split_first().expect("there is a number");
                assert_eq!(MACHINE.syscall_number.field, *number);
                let fields: Vec<&str> = MACHINE.syscall_arguments.iter().map(|slot| slot.field).collect();
                assert_eq!(fields, arguments);
                assert_eq!(MACHINE.syscall_number.width, 8);
            }

            /// Only the registers differ.
            #[test]
            fn the_rest_is_the_other_machines() {
                let other = Machine::named(MACHINE.name).expect("it is one of the machines");
                for endian in [Endian::Little, Endian::Big] {
                    let sizes = [4, 8, 4, 1, 8, 8, 2, 4];
                    for n in 0..sizes.len() {
                        let (ours, theirs) = (MACHINE.user.place(&sizes, n, endian), other.user.place(&sizes, n, endian));
                        if let (Some(Place::Stack(ours)), Some(Place::Stack(theirs))) = (ours, theirs) {
                            assert_eq!(ours, theirs);
                        }
                        let kind = |place| match place {
                            Some(Place::Stack(_)) => 0,
                            Some(Place::Register(_)) => 1,
                            Some(Place::Pair { .. }) => 2,
                            Some(Place::Split { .. }) => 3,
                            None => 4,
                        };
                        assert_eq!(kind(ours), kind(theirs));
                    }
                }
                assert_eq!(MACHINE.syscalls, other.syscalls);
            }
        }
    )* };
    (@mode $narrow:ident, $of_64:ident) => {
        assert!($narrow.is_compat());
        assert!(!$of_64.regs().user_code().is_compat());
    };
    (@number $narrow:ident, $of_64:ident) => {
        let _ = ($narrow, $of_64);
    };
}

tests! {
    x86_64 mode ["orig_rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp"];
    aarch64 mode ["regs[7]", "orig_x0", "regs[1]", "regs[2]", "regs[3]", "regs[4]", "regs[5]", "regs[6]"];
    riscv64 mode ["a7", "orig_a0", "a1", "a2", "a3", "a4", "a5"];
    powerpc64 mode ["gpr[0]", "orig_gpr3", "gpr[4]", "gpr[5]", "gpr[6]", "gpr[7]", "gpr[8]"];
    mips64 number [
        "regs[2]", "regs[4]", "regs[5]", "regs[6]", "regs[7]", "regs[8]", "regs[9]", "regs[10]", "regs[11]"
    ];
}

/// A function that serves both kinds of tasks. The kernel has such functions where it always wraps its syscalls.
#[test]
fn a_function_of_both_kinds_of_tasks() {
    use probe_abi::arch::{aarch64, s390x, x86_64};

    type Close = unsafe extern "C" fn(i32) -> i32;

    macro_rules! of_32_bits {
        ($($machine:ident)*) => { $(
            let made = Entry::<$machine::compat::Syscall<Close>>::call((3,));
            assert_eq!(made.is_compat(), Ok(true));
            // SAFETY: these are whole registers.
            let made = unsafe { Entry::<$machine::Syscall<Close>>::from_ctx(made.ctx()) };
            assert_eq!(made.is_compat(), Ok(true));
        )* };
    }
    of_32_bits!(aarch64 x86_64);
    macro_rules! of_64_bits {
        ($($machine:ident)*) => { $(
            let made = Entry::<$machine::Syscall<Close>>::call((3,));
            assert_eq!(made.is_compat(), Ok(false));
        )* };
    }
    of_64_bits!(aarch64 s390x x86_64);
}

/// Code with a selector that the process has made itself is of 32 bits. Code with a selector from Xen is not.
#[test]
fn selectors() {
    let wide = |cs| {
        let made = Entry::<probe_abi::arch::x86_64::User<unsafe extern "C" fn()>>::call(());
        let mut regs = *made.regs();
        regs.cs = cs;
        !regs.user_code().is_compat()
    };
    // With FRED the other half of the slot does not belong to the selector.
    for cs in [0x33, 0xe033, 0x0123_0000_0033] {
        assert!(wide(cs), "{cs:#x}");
    }
    for cs in [0x23, 0xe023, 0x07, 0x0f, 0x37, 0x3f, 0xff] {
        assert!(!wide(cs), "{cs:#x}");
    }
}

/// Addressing modes: 24 bits, 31 bits, 64 bits.
#[test]
fn addressing_modes() {
    let made = Entry::<probe_abi::arch::s390x::User<unsafe extern "C" fn()>>::call(());
    let is_compat = |mask| {
        let mut regs = *made.regs();
        regs.psw.mask = mask;
        regs.user_code().is_compat()
    };
    assert!(is_compat(0x0705_0000_0000_0000));
    assert!(is_compat(0x0705_0000_8000_0000));
    assert!(!is_compat(0x0705_0001_8000_0000));
}

#[test]
fn address_masks() {
    let made = Entry::<probe_abi::arch::sparc64::User<unsafe extern "C" fn()>>::call(());
    assert!(!made.regs().user_code().is_compat());
    let mut regs = *made.regs();
    regs.tstate |= 0x800;
    assert!(regs.user_code().is_compat());
}

/// A machine whose kernels have no tasks of 32 bits does not recognize any.
#[test]
fn machines_of_which_nothing_shows_it() {
    let none = probe_abi::arch::MACHINES
        .iter()
        .filter(|machine| machine.compat == Compat::None)
        .map(|machine| machine.name);
    let expected = ["x86", "arm", "riscv32", "powerpc", "mips", "loongarch64"];
    assert_eq!(none.collect::<Vec<_>>(), expected);
}

/// At these addresses there is no memory.
#[test]
fn registers_that_cannot_be_read() {
    let ctx = [0_u64, 0];
    // SAFETY: these are the two words that `sys_enter` passes.
    let enter = unsafe { probe_abi::arch::x86_64::SysEnter::from_ctx(ctx.as_ptr().cast()) };
    assert_eq!(enter.is_compat(), Err(-14));
    // SAFETY: the same.
    let exit = unsafe { probe_abi::arch::aarch64::SysExit::from_ctx(ctx.as_ptr().cast()) };
    assert_eq!(exit.is_compat(), Err(-14));
    let mut regs =
        *Entry::<probe_abi::arch::aarch64::User<unsafe extern "C" fn()>>::call(()).regs();
    regs.regs[0] = 0;
    type OnClose = probe_abi::arch::aarch64::Syscall<unsafe extern "C" fn(i32) -> i32>;
    // SAFETY: these are whole registers.
    let close = unsafe { Entry::<OnClose>::from_ctx((&raw const regs).cast()) };
    assert_eq!(close.is_compat(), Err(-14));
    let string = testing::user_str::<u8, u32>(c"a task's string");
    assert_eq!(string.read_user(), Ok(b'a'));
}
