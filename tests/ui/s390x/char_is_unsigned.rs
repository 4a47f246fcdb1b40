use probe_abi::c_char;

fn is_ascii(c: c_char) -> bool {
    let signed: i8 = c;
    signed >= 0
}

fn main() {}
