//! BPF's addresses have 64 bits on every machine.

use probe_abi::{Entry, Kernel, c_void};

type Kfree = Kernel<unsafe extern "C" fn(usize)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Kfree>::from_ctx(ctx) };
}

fn main() {}
