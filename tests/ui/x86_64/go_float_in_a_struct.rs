use probe_abi::{Entry, Go, GoInt, GoStruct, c_void};

// func area(of struct { name int; side float32 })
type Area = Go<fn(GoStruct<(GoInt, f32)>)>;

fn name(ctx: *const c_void) -> Result<(GoInt, f32), i32> {
    unsafe { Entry::<Area>::from_ctx(ctx) }.read_arg::<0>()
}

fn main() {}
