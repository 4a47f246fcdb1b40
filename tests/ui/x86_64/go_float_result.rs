use probe_abi::{Go, GoInt, Return, c_void};

// func half(n int) (float64, bool)
type Half = Go<fn(GoInt) -> (f64, bool)>;

fn is_whole(ctx: *const c_void) -> Result<bool, i32> {
    unsafe { Return::<Half>::at_ret(ctx) }.read_result::<1>()
}

fn main() {}
