//! User code passes every argument on the stack, and the kernel passes the first three words in registers. The
//! fourth word is on the stack: here it is the second half of the third parameter.

use probe_abi::{Entry, Kernel, User, c_int};

fn of_a_process(call: &Entry<User<unsafe extern "C" fn(c_int)>>) {
    let _ = call.read_arg::<0>();
    let _ = call.arg::<0>();
}

fn of_the_kernel(call: &Entry<Kernel<unsafe extern "C" fn(c_int, c_int, i64)>>) {
    let _ = call.arg::<1>();
    let _ = call.arg::<2>();
}

fn with_variable_arguments(call: &Entry<Kernel<unsafe extern "C" fn(c_int, ...)>>) {
    let _ = call.arg::<0>();
}

fn main() {}
