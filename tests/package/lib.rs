//! A struct of C, in the layout of the machine that the build script selects.

#![no_std]

use probe_abi::{Ptr, c_long};
use types::node;

#[allow(nonstandard_style)]
mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

/// The machine's word size, by the cfg that `emit` sets.
const WORD: usize = match cfg!(any(bpf_target_arch = "arm", bpf_target_arch = "powerpc")) {
    true => 4,
    false => size_of::<usize>(),
};

// The library's machine is the machine of these types.
const _: () = assert!(size_of::<c_long>() == WORD && size_of::<node>() == 2 * WORD);

pub fn next(node: &node) -> (Ptr<node>, c_long) {
    (node.next, node.value)
}
