use probe_abi::{Entry, Go, c_void};

// func greet(name string)
type Leave = Go<fn(char)>;

fn name(ctx: *const c_void) {
    let _ = unsafe { Entry::<Leave>::from_ctx(ctx) }.read_arg::<0>();
}

fn main() {}
