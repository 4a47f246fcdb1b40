//! Only the caller knows which function the probe is on.

use probe_abi::{Entry, User, c_int, c_void};

type Close = User<unsafe extern "C" fn(c_int)>;

fn probe(ctx: *const c_void) {
    let _ = Entry::<Close>::from_ctx(ctx);
}

fn main() {}
