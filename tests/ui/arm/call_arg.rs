//! An integer of 64 bits starts at an even register. Behind three words it is on the stack.

use probe_abi::{Entry, User, c_int, c_void, size_t};

// ssize_t pread64(int fd, void *buf, size_t count, off64_t offset);
type Pread64 = User<unsafe extern "C" fn(c_int, *mut c_void, size_t, i64)>;

fn probe(call: &Entry<Pread64>) {
    let _ = call.arg::<2>();
    let _ = call.arg::<3>();
}

fn main() {}
