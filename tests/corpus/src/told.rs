//! What a loader may tell of a kernel, for tests and for programs that are loaded.

use probe_abi::syscall::Told;

/// The kernel wraps its syscalls.
pub struct Wrapped;

/// It does not.
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
