use probe_abi::{Go, GoError, GoInt, Return, c_void};

// func write(n int) (int, error)
type Write = Go<fn(GoInt) -> (GoInt, GoError)>;

/// A uretprobe.
fn written(ctx: *const c_void) -> Result<GoInt, i32> {
    unsafe { Return::<Write>::from_ctx(ctx) }.read_result::<0>()
}

fn main() {}
