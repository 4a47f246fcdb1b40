//! Some kernels of this machine do not hand the task's registers to the function of a syscall.

use probe_abi::{Entry, Syscall, c_int, c_void, syscall::Told};

type Close = unsafe extern "C" fn(c_int) -> c_int;

struct Loader;

impl Told for Loader {
    fn wrapped() -> bool {
        true
    }
}

fn is_of_32_bits(ctx: *const c_void) -> Result<bool, i32> {
    unsafe { Entry::<Syscall<Close, Loader>>::from_ctx(ctx) }.is_compat()
}

fn main() {}
