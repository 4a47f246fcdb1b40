//! Kernels of this machine differ in whether they wrap their syscalls, and no loader tells which kernel this is.

use probe_abi::{Entry, Syscall, c_int, c_void};

type Close = unsafe extern "C" fn(c_int) -> c_int;

fn fd(ctx: *const c_void) -> Result<c_int, i32> {
    unsafe { Entry::<Syscall<Close>>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
