//! Made-up memory: the bytes that the kernel's helpers read for random programs, on the host and in the interpreter.

/// `-EFAULT`, of `asm-generic/errno-base.h`
const EFAULT: i64 = -14;

/// Does the same as `bpf_probe_read_user` if `user` is set, and otherwise as `bpf_probe_read_kernel`.
pub fn read(user: bool, to: &mut [u8], from: u64) -> i64 {
    for (index, byte) in to.iter_mut().enumerate() {
        match lies_at(user, from.wrapping_add(index as u64)) {
            Some(found) => *byte = found,
            None => {
                to.fill(0);
                return EFAULT;
            }
        }
    }
    0
}

/// A line of 32 bytes has small numbers of 8 bytes each, or random bytes, or does not exist.
fn lies_at(user: bool, address: u64) -> Option<u8> {
    let line = scattered(address >> 5, user);
    let byte = (scattered(address, user) >> 8) as u8;
    match (line % 8, address % 8) {
        (0, _) => None,
        (1..4, 0) => Some(byte % 8),
        (1..4, _) => Some(0),
        _ => Some(byte),
    }
}

/// A number that looks random: the last steps of SplitMix64, as in `proofs/src/random/grammar.rs`.
fn scattered(number: u64, user: bool) -> u64 {
    let mut bits = number.wrapping_mul(2).wrapping_add(user.into());
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
