//! The contract's methods, for every machine, on a register file in which each two bytes tell their
//! offset. The machine that runs the test has nothing to do with it.

use proofs::{
    facts::{Facts, Reading},
    select::{Endian, Machine},
};

const HOST: Endian = if cfg!(target_endian = "big") {
    Endian::Big
} else {
    Endian::Little
};

/// As much memory as any ctx takes, aligned as ctx is: each two bytes hold their offset.
#[repr(C, align(8))]
struct Registers([u16; 256]);

impl Registers {
    fn new() -> Self {
        Self(std::array::from_fn(|i| 2 * i as u16))
    }

    /// What reading a role should give.
    fn read(&self, reading: Reading) -> u64 {
        let halves = &self.0[reading.slot.offset / 2..][..reading.slot.width / 2];
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_ne_bytes()).collect();
        let value = match *bytes {
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
            _ => u64::from_ne_bytes(bytes.try_into().expect("a slot has 4 or 8 bytes")),
        };
        (value + reading.plus) & reading.mask.map_or(u64::MAX, u64::from)
    }
}

include!("../build/src/table.rs");

macro_rules! tests {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            // Where the machine is of 64 bits, widening does nothing.
            #[allow(clippy::useless_conversion)]
            fn methods_read_their_slots() {
                use probe_abi::arch::$module::*;

                let machine = Machine::named(ARCH).expect("both come from the table");
                let facts = Facts::of(machine).expect("its file can be read");
                let registers = Registers::new();
                let read = |reading| registers.read(reading);
                // SAFETY: longer than any pt_regs, and aligned to 8 bytes.
                let regs = unsafe { pt_regs::from_ctx((&raw const registers).cast()) };
                assert!(size_of::<pt_regs>() <= size_of::<Registers>());

                assert_eq!(size_of::<c_ulong>(), facts.word);
                assert_eq!(size_of::<Ptr<u8>>(), facts.word);

                let args: Vec<u64> = facts.arguments.iter().copied().map(read).collect();
                assert_eq!(ARG_REGISTERS, args.len());
                for (index, &arg) in args.iter().enumerate() {
                    assert_eq!(regs.arg_at(index).map(u64::from), Some(arg), "argument {index}");
                    assert_eq!(regs.stack_arg_address_at(index), None, "argument {index}");
                }
                assert_eq!(regs.arg_at(ARG_REGISTERS), None);
                assert_eq!(regs.arg_at(usize::MAX), None);

                let of_registers = MACHINE.registers.iter().filter_map(|register| register.slot);
                let of_registers: Vec<_> = of_registers.map(|slot| slot.field).collect();
                for offset in 0..=u16::MAX {
                    let mut slots = facts.slots.iter();
                    let slot = slots.find(|slot| {
                        slot.offset == usize::from(offset) && of_registers.contains(&slot.field)
                    });
                    let value = slot.map(|&slot| read(Reading { slot, plus: 0, mask: None }));
                    assert_eq!(regs.slot_at(offset).map(u64::from), value, "offset {offset}");
                }
                assert_eq!(u64::from(regs.arg::<0>()), args[0]);
                assert_eq!(u64::from(regs.arg::<2>()), args[2]);
                assert_eq!(u64::from(regs.arg::<{ ARG_REGISTERS - 1 }>()), args[ARG_REGISTERS - 1]);

                let stack_arg = |index| facts.stack_argument(index, HOST).map(read);
                assert_eq!(
                    Some(u64::from(regs.stack_arg_address::<{ ARG_REGISTERS }>())),
                    stack_arg(ARG_REGISTERS)
                );
                assert_eq!(
                    Some(u64::from(regs.stack_arg_address::<{ ARG_REGISTERS + 3 }>())),
                    stack_arg(ARG_REGISTERS + 3)
                );
                assert_eq!(
                    regs.stack_arg_address_at(ARG_REGISTERS + 5).map(u64::from),
                    stack_arg(ARG_REGISTERS + 5)
                );

                let args: Vec<u64> = facts.syscall_arguments.iter().copied().map(read).collect();
                assert_eq!(SYSCALL_ARG_REGISTERS, args.len());
                assert_eq!(u64::from(regs.syscall_arg::<0>()), args[0]);
                assert_eq!(u64::from(regs.syscall_arg::<1>()), args[1]);
                assert_eq!(u64::from(regs.syscall_arg::<2>()), args[2]);
                assert_eq!(u64::from(regs.syscall_arg::<3>()), args[3]);
                assert_eq!(u64::from(regs.syscall_arg::<4>()), args[4]);
                assert_eq!(u64::from(regs.syscall_arg::<5>()), args[5]);
                assert_eq!(
                    u64::from(regs.syscall_arg::<{ SYSCALL_ARG_REGISTERS - 1 }>()),
                    args[SYSCALL_ARG_REGISTERS - 1]
                );
                assert_eq!(u64::from(regs.syscall_number()), read(facts.syscall_number));

                assert_eq!(u64::from(regs.return_value()), read(facts.return_value));
                assert_eq!(u64::from(regs.instruction_pointer()), read(facts.instruction_pointer));
                assert_eq!(u64::from(regs.stack_pointer()), read(facts.stack_pointer));
                assert_eq!(regs.frame_pointer().map(u64::from), facts.frame_pointer.map(read));
                let (address, on_stack) = match regs.return_address() {
                    ReturnAddress::Register(address) => (address, false),
                    ReturnAddress::Stack(address) => (address, true),
                };
                assert_eq!(u64::from(address), read(facts.return_address));
                assert_eq!(on_stack, facts.returns_on_stack);
            }
        }
    )*};
}
machines!(tests);

mod user_code {
    mod x86 {
        #[test]
        fn has_every_argument_on_the_stack() {
            use probe_abi::arch::x86::*;

            let regs = pt_regs {
                esp: 0x1000,
                eax: 1,
                eip: 2,
                ..Default::default()
            };
            let user = regs.user_code();
            assert_eq!(UserCode::ARG_REGISTERS, 0);
            assert_eq!(user.arg_at(0), None);
            assert_eq!(user.stack_arg_address::<0>(), 0x1004);
            assert_eq!(user.stack_arg_address::<7>(), 0x1020);
            assert_eq!(user.stack_arg_address_at(1), Some(0x1008));
            assert_eq!(user.return_value(), 1);
            assert_eq!(user.instruction_pointer(), 2);
            assert_eq!(user.return_address(), ReturnAddress::Stack(0x1000));
        }
    }
}

#[test]
fn a_wrapped_stack_pointer_does_not_panic() {
    let regs = probe_abi::arch::sparc64::pt_regs {
        u_regs: [u64::MAX; 16],
        ..Default::default()
    };
    assert_eq!(regs.stack_arg_address::<6>(), 2047 + 176 - 1);
    assert_eq!(
        regs.return_address(),
        probe_abi::arch::sparc64::ReturnAddress::Register(7)
    );
    assert!(regs.stack_arg_address_at(usize::MAX).is_some());
}
