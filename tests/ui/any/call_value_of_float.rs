//! A floating-point value is in no register of ctx. The function's parameters are.

use probe_abi::{Entry, Ptr, Return, User, c_char};

type Atof = User<unsafe extern "C" fn(*const c_char) -> f64>;

fn parameter(call: &Entry<Atof>) -> Result<Ptr<c_char>, i32> {
    call.read_arg::<0>()
}

fn probe(returned: &Return<Atof>) {
    let _ = returned.value();
}

fn main() {}
