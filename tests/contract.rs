//! The results of the methods with a number that is chosen at run time, for every machine and every number. Other reads
//! are tested by the instructions that are emitted for BPF (`codegen`), and by running these (`verifier`).

use probe_abi::machine::Slot;

/// Memory as large as the largest ctx, and aligned like ctx.
#[repr(C, align(8))]
struct Memory([u16; 256]);

impl Memory {
    fn read(&self, slot: Slot) -> u64 {
        let (first, bytes) = (usize::from(slot.offset), usize::from(slot.width));
        let halves = self.0[first / 2..][..bytes / 2].iter();
        let bytes: Vec<u8> = halves.flat_map(|half| half.to_ne_bytes()).collect();
        match *bytes {
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
            _ => u64::from_ne_bytes(bytes.try_into().expect("a slot has 4 or 8 bytes")),
        }
    }
}

include!("../build/src/table.rs");

macro_rules! tests {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            // On a machine of 64 bits, widening does nothing.
            #[allow(clippy::useless_conversion)]
            fn numbers_chosen_at_run_time() {
                use probe_abi::arch::$module::*;

                assert!(size_of::<pt_regs>() <= size_of::<Memory>());
                // Each two bytes hold their own offset.
                let memory = Memory(std::array::from_fn(|i| 2 * i as u16));
                let ones = Memory([u16::MAX; 256]);
                // SAFETY: both are longer than any pt_regs, and aligned to 8 bytes.
                let [regs, ones] =
                    [&memory, &ones].map(|it| unsafe { pt_regs::from_ctx((&raw const *it).cast()) });
                let slots = MACHINE.registers.iter().filter_map(|register| register.slot);
                let slots: Vec<Slot> = slots.collect();
                for offset in 0..=u16::MAX {
                    let slot = slots.iter().find(|slot| slot.offset == offset);
                    let value = slot.map(|&slot| memory.read(slot));
                    assert_eq!(regs.slot_at(offset).map(u64::from), value, "offset {offset}");
                }
                for index in 0..ARG_REGISTERS {
                    assert_eq!(regs.stack_arg_address_at(index), None, "argument {index}");
                }
                assert_eq!(regs.arg_at(usize::MAX), None);
                // An address past the last one does not panic.
                assert!(ones.stack_arg_address_at(ARG_REGISTERS).is_some());
                assert!(ones.stack_arg_address_at(usize::MAX).is_some());
                let _ = ones.return_address();
            }
        }
    )*};
}
machines!(tests);
