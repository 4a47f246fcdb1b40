use probe_abi::{Entry, Go, GoInt, c_void};

// func wait(seconds int)
type Wait = Go<fn(GoInt)>;

fn seconds(ctx: *const c_void) -> GoInt {
    unsafe { Entry::<Wait>::from_ctx(ctx) }.arg::<0>()
}

fn main() {}
