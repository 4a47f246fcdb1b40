//! Writes down the value that cargo gives to build scripts in the user's folder.

fn main() {
    if let Some(machine) = std::env::var_os("CARGO_CFG_BPF_TARGET_ARCH") {
        std::fs::write("selected", machine.as_encoded_bytes()).expect("the folder is new");
    }
}
