use probe_abi::{Entry, Go, GoInt, GoString, Return, c_void};

// func count(text string) int
type Count = Go<fn(GoString) -> GoInt>;

fn second(ctx: *const c_void) {
    let _ = unsafe { Entry::<Count>::from_ctx(ctx) }.read_arg::<1>();
    let _ = unsafe { Return::<Count>::at_ret(ctx) }.read_result::<1>();
}

fn main() {}
