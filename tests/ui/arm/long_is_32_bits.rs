use probe_abi::c_long;

fn offset(off: c_long) -> i64 {
    off
}

fn main() {}
