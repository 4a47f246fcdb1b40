use probe_abi::{Entry, Go, GoInt, c_void};

// func wait(seconds int)
type Wait = Go<fn(GoInt)>;

fn seconds(ctx: *const c_void) -> Result<GoInt, i32> {
    unsafe { Entry::<Wait>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
