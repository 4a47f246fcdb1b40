use probe_abi::Ptr;

fn pointer(address: u64) -> Ptr<u8> {
    Ptr::new(address)
}

fn main() {}
