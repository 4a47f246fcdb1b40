use probe_abi::{Entry, Go, c_void};

// func grow(n uint)
type Grow = Go<fn(usize)>;

fn n(ctx: *const c_void) -> Result<usize, i32> {
    unsafe { Entry::<Grow>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
