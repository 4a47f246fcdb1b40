use probe_abi::{Entry, Go, GoInt, c_void};

// func scale(n int, by float64)
type Scale = Go<fn(GoInt, f64)>;

fn by(ctx: *const c_void) -> Result<GoInt, i32> {
    unsafe { Entry::<Scale>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
