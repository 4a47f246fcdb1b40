use probe_abi::{Entry, Go, c_int, c_void};

type Close = Go<unsafe extern "C" fn(fd: c_int) -> c_int>;

fn fd(ctx: *const c_void) -> Result<c_int, i32> {
    unsafe { Entry::<Close>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
