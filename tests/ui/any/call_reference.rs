//! A reference points to the program's own memory.

use probe_abi::{Entry, User, c_int, c_void};

type Stat = User<unsafe extern "C" fn(&c_int)>;

fn probe(ctx: *const c_void) {
    let _ = unsafe { Entry::<Stat>::from_ctx(ctx) };
}

fn main() {}
