//! The contract's methods, for every machine, on a register file in which each byte tells its offset.
//!
//! Expected are byte offsets in ctx, taken from the kernel's layouts and the psABIs and not from the
//! headers and roles that they prove. The machine that runs the test has nothing to do with it.

use std::mem::size_of;

/// Where a machine keeps things: what `expected` says of it.
struct Expected {
    long: usize,
    /// All of ctx that is stable.
    size: usize,
    args: &'static [usize],
    syscall_args: &'static [usize],
    syscall_number: usize,
    /// In bytes.
    syscall_number_width: usize,
    return_value: usize,
    return_address: ReturnAddress,
    instruction_pointer: usize,
    stack_pointer: usize,
    frame_pointer: Option<usize>,
    /// Above the stack pointer, at a function's entry.
    first_stack_arg: u64,
}

#[derive(Clone, Copy)]
enum ReturnAddress {
    /// In the slot at this offset, but for a constant.
    Register(usize, u64),
    /// At the address in the slot at this offset.
    Stack(usize),
}
use ReturnAddress::{Register, Stack};

fn expected(arch: &str) -> Expected {
    match arch {
        "x86_64" => Expected {
            long: 8,
            size: 168,
            args: &[112, 104, 96, 88, 72, 64],
            syscall_args: &[112, 104, 96, 56, 72, 64],
            syscall_number: 120,
            syscall_number_width: 8,
            return_value: 80,
            return_address: Stack(152),
            instruction_pointer: 128,
            stack_pointer: 152,
            frame_pointer: Some(32),
            first_stack_arg: 8,
        },
        "x86" => Expected {
            long: 4,
            size: 68,
            args: &[24, 8, 4],
            syscall_args: &[0, 4, 8, 12, 16, 20],
            syscall_number: 44,
            syscall_number_width: 4,
            return_value: 24,
            return_address: Stack(60),
            instruction_pointer: 48,
            stack_pointer: 60,
            frame_pointer: Some(20),
            first_stack_arg: 4,
        },
        "aarch64" => Expected {
            long: 8,
            size: 280,
            args: &[0, 8, 16, 24, 32, 40, 48, 56],
            syscall_args: &[272, 8, 16, 24, 32, 40],
            syscall_number: 64,
            syscall_number_width: 8,
            return_value: 0,
            return_address: Register(240, 0),
            instruction_pointer: 256,
            stack_pointer: 248,
            frame_pointer: Some(232),
            first_stack_arg: 0,
        },
        "arm" => Expected {
            long: 4,
            size: 72,
            args: &[0, 4, 8, 12],
            syscall_args: &[68, 4, 8, 12, 16, 20, 24],
            syscall_number: 28,
            syscall_number_width: 4,
            return_value: 0,
            return_address: Register(56, 0),
            instruction_pointer: 60,
            stack_pointer: 52,
            frame_pointer: Some(44),
            first_stack_arg: 0,
        },
        "riscv64" => Expected {
            long: 8,
            size: 288,
            args: &[80, 88, 96, 104, 112, 120, 128, 136],
            syscall_args: &[280, 88, 96, 104, 112, 120],
            syscall_number: 136,
            syscall_number_width: 8,
            return_value: 80,
            return_address: Register(8, 0),
            instruction_pointer: 0,
            stack_pointer: 16,
            frame_pointer: Some(64),
            first_stack_arg: 0,
        },
        "riscv32" => Expected {
            long: 4,
            size: 144,
            args: &[40, 44, 48, 52, 56, 60, 64, 68],
            syscall_args: &[140, 44, 48, 52, 56, 60],
            syscall_number: 68,
            syscall_number_width: 4,
            return_value: 40,
            return_address: Register(4, 0),
            instruction_pointer: 0,
            stack_pointer: 8,
            frame_pointer: Some(32),
            first_stack_arg: 0,
        },
        "s390x" => Expected {
            long: 8,
            size: 168,
            args: &[40, 48, 56, 64, 72],
            syscall_args: &[152, 48, 56, 64, 72, 80],
            // The low half of the u32 at 160.
            syscall_number: if cfg!(target_endian = "big") {
                162
            } else {
                160
            },
            syscall_number_width: 2,
            return_value: 40,
            return_address: Register(136, 0),
            instruction_pointer: 16,
            stack_pointer: 144,
            frame_pointer: Some(112),
            first_stack_arg: 160,
        },
        "powerpc64" => Expected {
            long: 8,
            size: 352,
            args: &[24, 32, 40, 48, 56, 64, 72, 80],
            syscall_args: &[272, 32, 40, 48, 56, 64],
            syscall_number: 0,
            syscall_number_width: 8,
            return_value: 24,
            return_address: Register(288, 0),
            instruction_pointer: 256,
            stack_pointer: 8,
            frame_pointer: None,
            first_stack_arg: if cfg!(target_endian = "big") { 112 } else { 96 },
        },
        "powerpc" => Expected {
            long: 4,
            size: 176,
            args: &[12, 16, 20, 24, 28, 32, 36, 40],
            syscall_args: &[136, 16, 20, 24, 28, 32],
            syscall_number: 0,
            syscall_number_width: 4,
            return_value: 12,
            return_address: Register(144, 0),
            instruction_pointer: 128,
            stack_pointer: 4,
            frame_pointer: None,
            first_stack_arg: 8,
        },
        "mips" => Expected {
            long: 4,
            size: 184,
            args: &[48, 52, 56, 60],
            syscall_args: &[48, 52, 56, 60, 16, 20, 24, 28],
            syscall_number: 40,
            syscall_number_width: 4,
            return_value: 40,
            return_address: Register(156, 0),
            instruction_pointer: 180,
            stack_pointer: 148,
            frame_pointer: Some(152),
            first_stack_arg: 16,
        },
        "mips64" => Expected {
            long: 8,
            size: 304,
            args: &[32, 40, 48, 56, 64, 72, 80, 88],
            syscall_args: &[32, 40, 48, 56, 64, 72],
            syscall_number: 16,
            syscall_number_width: 8,
            return_value: 16,
            return_address: Register(248, 0),
            instruction_pointer: 296,
            stack_pointer: 232,
            frame_pointer: Some(240),
            first_stack_arg: 0,
        },
        "loongarch64" => Expected {
            long: 8,
            size: 320,
            args: &[32, 40, 48, 56, 64, 72, 80, 88],
            syscall_args: &[256, 40, 48, 56, 64, 72],
            syscall_number: 88,
            syscall_number_width: 8,
            return_value: 32,
            return_address: Register(8, 0),
            instruction_pointer: 264,
            stack_pointer: 24,
            frame_pointer: Some(176),
            first_stack_arg: 0,
        },
        "sparc64" => Expected {
            long: 8,
            size: 160,
            args: &[64, 72, 80, 88, 96, 104],
            syscall_args: &[64, 72, 80, 88, 96, 104],
            syscall_number: 8,
            syscall_number_width: 8,
            return_value: 64,
            return_address: Register(120, 8),
            instruction_pointer: 136,
            stack_pointer: 112,
            frame_pointer: None,
            first_stack_arg: 2047 + 176,
        },
        arch => panic!("this test knows nothing of {arch}"),
    }
}

/// As much memory as any ctx takes, each two bytes of which hold their offset. Aligned as ctx is.
#[repr(C, align(8))]
struct Registers([u16; 256]);

impl Registers {
    fn new() -> Self {
        Self(std::array::from_fn(|i| 2 * i as u16))
    }

    /// The slot of `width` bytes at `offset`, as this computer reads it.
    fn slot(&self, offset: usize, width: usize) -> u64 {
        let halves = &self.0[offset / 2..][..width / 2];
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_ne_bytes()).collect();
        match *bytes {
            [a, b] => u16::from_ne_bytes([a, b]).into(),
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
            _ => u64::from_ne_bytes(bytes.try_into().expect("8 bytes")),
        }
    }
}

include!("../src/arch/table.rs");

macro_rules! tests {
    ($($module:ident = $name:literal: $($endian:ident $triple:literal [$($also:literal)*]),+;)*) => {$(
        #[test]
        // Where the machine is of 64 bits, widening does nothing.
        #[allow(clippy::useless_conversion)]
        fn $module() {
            use probe_abi::arch::$module::*;

            let expected = expected(ARCH);
            let registers = Registers::new();
            let slot = |offset| registers.slot(offset, expected.long);
            // SAFETY: longer than any pt_regs, and aligned to 8 bytes.
            let regs = unsafe { pt_regs::from_ctx((&raw const registers).cast()) };

            assert_eq!(size_of::<c_ulong>(), expected.long);
            assert_eq!(size_of::<pt_regs>(), expected.size);
            assert_eq!(size_of::<Ptr<u8>>(), expected.long);
            assert_eq!(ARG_REGISTERS, expected.args.len());
            assert_eq!(SYSCALL_ARG_REGISTERS, expected.syscall_args.len());

            for (index, &offset) in expected.args.iter().enumerate() {
                assert_eq!(regs.arg_at(index).map(u64::from), Some(slot(offset)), "argument {index}");
                assert_eq!(regs.stack_arg_address_at(index), None, "argument {index}");
            }
            assert_eq!(regs.arg_at(ARG_REGISTERS), None);
            assert_eq!(regs.arg_at(usize::MAX), None);
            assert_eq!(u64::from(regs.arg::<0>()), slot(expected.args[0]));
            assert_eq!(u64::from(regs.arg::<2>()), slot(expected.args[2]));
            assert_eq!(
                u64::from(regs.arg::<{ ARG_REGISTERS - 1 }>()),
                slot(expected.args[ARG_REGISTERS - 1])
            );

            assert_eq!(u64::from(regs.syscall_arg::<0>()), slot(expected.syscall_args[0]));
            assert_eq!(u64::from(regs.syscall_arg::<1>()), slot(expected.syscall_args[1]));
            assert_eq!(u64::from(regs.syscall_arg::<2>()), slot(expected.syscall_args[2]));
            assert_eq!(u64::from(regs.syscall_arg::<3>()), slot(expected.syscall_args[3]));
            assert_eq!(u64::from(regs.syscall_arg::<4>()), slot(expected.syscall_args[4]));
            assert_eq!(u64::from(regs.syscall_arg::<5>()), slot(expected.syscall_args[5]));
            assert_eq!(
                u64::from(regs.syscall_arg::<{ SYSCALL_ARG_REGISTERS - 1 }>()),
                slot(expected.syscall_args[SYSCALL_ARG_REGISTERS - 1])
            );

            let number = registers.slot(expected.syscall_number, expected.syscall_number_width);
            assert_eq!(u64::from(regs.syscall_number()), number);
            assert_eq!(u64::from(regs.return_value()), slot(expected.return_value));
            assert_eq!(u64::from(regs.instruction_pointer()), slot(expected.instruction_pointer));
            assert_eq!(u64::from(regs.stack_pointer()), slot(expected.stack_pointer));
            assert_eq!(regs.frame_pointer().map(u64::from), expected.frame_pointer.map(slot));
            let address = match expected.return_address {
                Register(offset, plus) => {
                    ReturnAddress::Register((slot(offset) + plus).try_into().expect("a slot's value"))
                }
                Stack(offset) => ReturnAddress::Stack(slot(offset).try_into().expect("a slot's value")),
            };
            assert_eq!(regs.return_address(), address);

            let stack_arg = |above| {
                slot(expected.stack_pointer) + expected.first_stack_arg + (above * expected.long) as u64
            };
            assert_eq!(u64::from(regs.stack_arg_address::<{ ARG_REGISTERS }>()), stack_arg(0));
            assert_eq!(u64::from(regs.stack_arg_address::<{ ARG_REGISTERS + 3 }>()), stack_arg(3));
            assert_eq!(
                regs.stack_arg_address_at(ARG_REGISTERS + 5).map(u64::from),
                Some(stack_arg(5))
            );
        }
    )*};
}
machines!(tests);

#[test]
fn user_code_on_x86_has_every_argument_on_the_stack() {
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
