//! Without a build script, cargo would leave out the build-dependencies.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
