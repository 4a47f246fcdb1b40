//! Reads by operands, on any machine.

use probe_abi::operand::Operand;

use crate::select::Endian;

/// The byte order of this computer, and of registers and memory that are made up on it.
pub const HOST: Endian = if cfg!(target_endian = "big") {
    Endian::Big
} else {
    Endian::Little
};

/// Reads by an operand, on one machine.
pub type Read = fn(&Operand, &[u8; 400]) -> Result<u64, i32>;

include!("../../build/src/table.rs");

macro_rules! reads {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        /// The function that reads as a machine of that name does, from the bytes that ctx points to.
        pub fn read_of(machine: &str) -> Option<Read> {
            match machine {
                $($name => Some(|operand, bytes| {
                    #[repr(C, align(8))]
                    struct File([u8; 400]);

                    let file = File(*bytes);
                    let ctx = (&raw const file).cast();
                    // SAFETY: the array is longer than any pt_regs, and aligned to 8 bytes.
                    operand.read(unsafe { probe_abi::arch::$module::pt_regs::from_ctx(ctx) })
                }),)*
                _ => None,
            }
        }
    };
}
machines!(reads);
