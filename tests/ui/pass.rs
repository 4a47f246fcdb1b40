//! Code that a user may write on any machine: all of it compiles.

use core::mem::MaybeUninit;

use probe_abi::{
    ARG_REGISTERS, Argument, Asmlinkage, Entry, Kernel, PassedAs, Ptr, Return,
    SYSCALL_ARG_REGISTERS, Syscall, SyscallArgument, User, arch::x86_64, c_char, c_int, c_uint,
    c_ulong, c_void, go::OnStack, prototype, pt_regs, size_t, syscall::Told, testing,
};

fn generic<const N: usize>(regs: &pt_regs) -> c_ulong
where
    pt_regs: Argument<N, ARG_REGISTERS>,
{
    regs.arg::<N>()
}

fn generic_syscall<const N: usize>(regs: &pt_regs) -> c_int
where
    pt_regs: SyscallArgument<N, SYSCALL_ARG_REGISTERS>,
{
    regs.syscall_arg::<N>() as c_int
}

fn last_register_argument(regs: &pt_regs) -> Option<c_ulong> {
    regs.arg_at(ARG_REGISTERS - 1)
}

fn first_stack_argument(regs: &pt_regs) -> Ptr<c_ulong> {
    Ptr::new(regs.stack_arg_address::<ARG_REGISTERS>() as _)
}

/// `enum kind` of C.
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(transparent)]
pub struct Kind(c_uint);

// SAFETY: it is one `unsigned int`, and any `unsigned int` is a value of it.
unsafe impl PassedAs for Kind {
    type As = c_uint;
}

type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;

prototype! {
    /// All kinds of types, and names that the macro could have for something.
    pub struct Everything(User<unsafe extern "C" fn(
        Access: *const Everything, Value: *mut *const c_char, index: i64, kind: Kind, call_back: Option<Compare>,
        compare: Compare, r#type: bool, pointer: Ptr<Kind>, self_: c_char, ...
    ) -> Kind>);
    struct Nothing(Kernel<unsafe extern "C" fn()>);
    pub(crate) struct Asm(Asmlinkage<unsafe extern "C" fn(code: c_int,)>);
    struct OfArm(probe_abi::arch::arm::User<unsafe extern "C" fn(offset: i64) -> f64>);
    struct Dup(Syscall<unsafe extern "C" fn(fd: c_int) -> c_int, Bare>);
    struct OfGo(x86_64::Go<fn(text: x86_64::GoString, Value: i8,) -> (bool, x86_64::GoInt)>);
    struct OfOldGo(x86_64::Go<fn(error: x86_64::GoError), OnStack>);
    struct GoNothing(probe_abi::arch::arm::Go<fn()>);
}

/// A loader has found that the kernel does not wrap syscalls.
enum Bare {}

impl Told for Bare {
    fn wrapped() -> bool {
        false
    }
}

/// bindgen writes the type of a pointer to a function in this form.
type Callback = Option<unsafe extern "C" fn(size: size_t) -> *mut c_void>;

fn calls() {
    let values = (
        Ptr::new(1),
        Ptr::new(2),
        -3,
        Kind(4),
        Ptr::new(5),
        Ptr::new(6),
        true,
        Ptr::new(7),
        8,
    );
    let call = Everything::call(values);
    assert_eq!(call.read().index(), Ok(-3));
    assert_eq!(call.read().kind(), Ok(Kind(4)));
    assert_eq!(call.read().r#type(), Ok(true));
    assert_eq!(call.read().Value(), Ok(Ptr::new(2)));
    assert_eq!(call.read_arg::<8>(), Ok(8));
    assert_eq!(Everything::returning(Kind(9)).value(), Kind(9));
    let _: &pt_regs = Nothing::call(()).regs();
    assert_eq!(Asm::call((-1,)).read().code(), Ok(-1));
    assert_eq!(OfArm::call((-1,)).offset(), -1);
    assert_eq!(Dup::call((2,)).read().fd(), Ok(2));
    let call = OfGo::call((testing::go_string("text"), -5));
    assert_eq!(call.read().Value(), Ok(-5));
    assert_eq!(OfGo::returning((true, -6)).read_result::<1>(), Ok(-6));
    let _: &probe_abi::arch::arm::pt_regs = GoNothing::call(()).regs();
    let call = Entry::<Kernel<Callback>>::call((10,));
    assert_eq!(call.arg::<0>(), 10);
    let returned = Return::<Kernel<Callback>>::returning(testing::kernel(11_u8).cast());
    assert_eq!(returned.value().cast::<u8>().read_kernel(), Ok(11));
}

fn in_a_function() -> c_int {
    type Local = c_int;
    prototype! {
        struct Close(Kernel<unsafe extern "C" fn(fd: Local)>);
    }
    Close::call((3,)).fd()
}

fn main() {
    calls();
    assert_eq!(in_a_function(), 3);
    // A pointer of either kind is a context.
    let mut ctx = MaybeUninit::<pt_regs>::zeroed();
    let ctx: *mut c_void = ctx.as_mut_ptr().cast();
    // SAFETY: zeroes are a whole pt_regs.
    let regs: &pt_regs = unsafe { pt_regs::from_ctx(ctx) };
    let _ = generic::<0>(regs) + generic::<{ ARG_REGISTERS - 1 }>(regs);
    let _ = generic_syscall::<{ SYSCALL_ARG_REGISTERS - 1 }>(regs);
    let _ = (last_register_argument(regs), first_stack_argument(regs));
    // SAFETY: the same.
    let (pid, _) = unsafe { pt_regs::with_ctx(ctx, |regs| (regs.arg::<0>() as c_int, regs.sp())) };
    let _: c_int = pid;
}

/// A user's own name for a method.
trait Sp {
    fn sp(&self) -> c_ulong;
}

impl Sp for pt_regs {
    fn sp(&self) -> c_ulong {
        self.stack_pointer()
    }
}
