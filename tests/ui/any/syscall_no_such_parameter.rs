use probe_abi::{SysEnter, c_int};

type Close = unsafe extern "C" fn(c_int) -> c_int;

fn fd(enter: &SysEnter) -> Result<c_int, i32> {
    enter.call::<Close>().read_arg::<1>()
}

fn main() {}
