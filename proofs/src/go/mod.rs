//! Go's compilers, of several releases, and programs made from signatures.

mod compiler;
mod layout;
mod program;
mod stops;

pub use compiler::{GOARCHS, GoCompiler, Goarch, RELEASES, Sources};
pub use layout::{Leaf, Type, Values};
pub use program::{CLOSURE, Call, Signature, source};
pub use stops::{Stop, low, stops};
