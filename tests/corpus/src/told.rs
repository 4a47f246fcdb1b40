//! The facts that a loader may tell of a kernel, for tests and for loaded programs.

use probe_abi::syscall::Told;

/// The kernel wraps its syscalls.
pub struct Wrapped;

/// The kernel does not wrap its syscalls.
pub struct Plain;

impl Told for Wrapped {
    #[inline(always)]
    fn wrapped() -> bool {
        true
    }
}

impl Told for Plain {
    #[inline(always)]
    fn wrapped() -> bool {
        false
    }
}
