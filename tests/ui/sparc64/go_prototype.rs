use probe_abi::{Go, GoInt, prototype};

prototype! {
    /// func wait(seconds int)
    pub struct Wait(Go<fn(seconds: GoInt)>);
}

fn main() {}
