//! No parameter of a syscall is in a register of ctx on every kernel, so `arg` reads none.

use probe_abi::{Entry, Syscall, c_int, c_void, syscall::Told};

struct ByLoader;

impl Told for ByLoader {
    fn wrapped() -> bool {
        true
    }
}

type Close = unsafe extern "C" fn(c_int) -> c_int;

fn fd(ctx: *const c_void) -> c_int {
    unsafe { Entry::<Syscall<Close, ByLoader>>::from_ctx(ctx) }.arg::<0>()
}

fn main() {}
