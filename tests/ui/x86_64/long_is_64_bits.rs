use probe_abi::c_long;

fn offset(off: c_long) -> i32 {
    off
}

fn main() {}
