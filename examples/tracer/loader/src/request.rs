//! The probe's request about a function: the places of its arguments, from probe-abi.

use probe_abi::machine::{self, Endian, Machine};
use tracer_event::{Place, Request};

use crate::prototype::{Prototype, Type};

/// The places of a function's arguments and return value, on a machine.
pub fn request(function: &Prototype, machine: &Machine, endian: Endian) -> Request {
    let convention = &machine.user;
    let sizes = sizes(function);
    let mut request = Request {
        arguments: sizes.len() as u16,
        returns_string: (function.returns == Type::String).into(),
        returns_pair: matches!(
            return_place(function, machine, endian),
            Some(machine::Place::Pair { .. })
        )
        .into(),
        ..Request::default()
    };
    let slots = request.places.iter_mut().zip(&function.parameters);
    for (index, (slot, parameter)) in slots.enumerate() {
        if let Some(place) = convention.place(&sizes, index, endian) {
            *slot = Place {
                string: (parameter.ty == Type::String).into(),
                ..Place::new(place, sizes[index], convention)
            };
        }
    }
    request
}

/// The places of a syscall's arguments, on a machine.
pub fn syscall_request(
    syscall: &Prototype,
    machine: &Machine,
    endian: Endian,
) -> Result<Request, String> {
    let sizes = sizes(syscall);
    let mut request = Request {
        arguments: sizes.len() as u16,
        ..Request::default()
    };
    let slots = request.places.iter_mut().zip(&syscall.parameters);
    for (index, (slot, parameter)) in slots.enumerate() {
        let place = machine.syscall_place(&sizes, index, endian);
        let place = place.and_then(|place| Place::of_syscall(place, sizes[index], endian));
        let place = place.ok_or_else(|| {
            format!(
                "`{}` has more parameters than a syscall of `{}` has registers",
                syscall.name, machine.name
            )
        })?;
        *slot = Place {
            string: (parameter.ty == Type::String).into(),
            ..place
        };
    }
    Ok(request)
}

/// The sizes of the parameters, in bytes.
pub fn sizes(function: &Prototype) -> Vec<u8> {
    let parameters = function.parameters.iter();
    parameters
        .filter_map(|parameter| parameter.ty.size())
        .collect()
}

/// The place of the function's return value; `None` for `void`.
pub fn return_place(
    function: &Prototype,
    machine: &Machine,
    endian: Endian,
) -> Option<machine::Place> {
    machine.user.return_place(function.returns.size()?, endian)
}

#[cfg(test)]
mod tests {
    use tracer_event::{ARGUMENTS, NO_REGISTER};

    use super::*;

    /// The places of a prototype without pointers, so that its types are the same on all machines.
    fn places(prototype: &str, machine: &str, endian: Endian) -> Vec<Place> {
        let request = asked(prototype, machine, endian);
        request.places[..request.arguments.into()].to_vec()
    }

    fn asked(prototype: &str, machine: &str, endian: Endian) -> Request {
        let function = Prototype::parse(prototype).expect("it is a prototype");
        let machine = Machine::named(machine).expect("it is a machine");
        request(&function, machine, endian)
    }

    fn register(low: u8) -> Place {
        Place {
            low,
            ..Place::NOWHERE
        }
    }

    fn pair(low: u8, high: u8) -> Place {
        Place {
            low,
            high,
            ..Place::NOWHERE
        }
    }

    fn stack(on_stack: u8, offset: u16) -> Place {
        Place {
            on_stack,
            offset,
            ..Place::NOWHERE
        }
    }

    /// Procedure Call Standard for the Arm Architecture, "Parameter passing": rules C.3 to C.8. A pair starts at an
    /// even register, and on the stack at a multiple of 8. The register before it stays empty.
    #[test]
    fn arm() {
        // off64_t lseek64(int fd, off64_t offset, int whence);
        let lseek = "off64_t lseek64(int fd, off64_t offset, int whence)";
        let expected = [register(0), pair(2, 3), stack(4, 0)];
        assert_eq!(places(lseek, "arm", Endian::Little), expected);
        let expected = [register(0), pair(3, 2), stack(4, 0)];
        assert_eq!(places(lseek, "arm", Endian::Big), expected);

        // The last register stays empty, for the later parameters too.
        let odd = "void f(int, int, int, int64_t, int, int64_t, short)";
        let expected = [
            register(0),
            register(1),
            register(2),
            stack(8, 0),
            stack(4, 8),
            stack(8, 16),
            stack(2, 24),
        ];
        assert_eq!(places(odd, "arm", Endian::Little), expected);
    }

    /// System V ABI, MIPS Processor Supplement, "Function Calling Sequence": as on arm, with room on the stack for the
    /// four registers. On a big-endian machine a narrow value is at the high-address end of its slot.
    #[test]
    fn mips() {
        let odd = "void f(int, int64_t, char, int64_t, short)";
        let little = [
            register(0),
            pair(2, 3),
            stack(1, 16),
            stack(8, 24),
            stack(2, 32),
        ];
        let big = [
            register(0),
            pair(3, 2),
            stack(1, 19),
            stack(8, 24),
            stack(2, 34),
        ];
        assert_eq!(places(odd, "mips", Endian::Little), little);
        assert_eq!(places(odd, "mips", Endian::Big), big);
    }

    /// RISC-V calling convention, "Integer Calling Convention": a value that needs two registers is split if only one
    /// is left.
    #[test]
    fn riscv32() {
        let odd = "void f(int, int64_t, int64_t, int64_t, int64_t, int)";
        let split = Place {
            low: 7,
            ..stack(4, 0)
        };
        let expected = [
            register(0),
            pair(1, 2),
            pair(3, 4),
            pair(5, 6),
            split,
            stack(4, 4),
        ];
        assert_eq!(places(odd, "riscv32", Endian::Little), expected);
    }

    /// System V ABI, PowerPC Processor Supplement, "Parameter Passing": the high half comes first, in r3, r5, r7 or r9.
    #[test]
    fn powerpc() {
        let odd = "void f(int, int64_t, int, int64_t, int64_t, int)";
        let expected = [
            register(0),
            pair(3, 2),
            register(4),
            pair(7, 6),
            stack(8, 8),
            stack(4, 16),
        ];
        assert_eq!(places(odd, "powerpc", Endian::Big), expected);
    }

    /// System V ABI, Intel386 Processor Supplement, "Function Calling Sequence": all arguments are on the stack,
    /// aligned to 4.
    #[test]
    fn x86() {
        let odd = "void f(int, int64_t, char, int64_t)";
        let expected = [stack(4, 4), stack(8, 8), stack(1, 16), stack(8, 20)];
        assert_eq!(places(odd, "x86", Endian::Little), expected);
    }

    /// A register holds 64 bits.
    #[test]
    fn x86_64() {
        let seven = "void f(int64_t, char, int64_t, int, int64_t, int64_t, short)";
        let mut expected: Vec<Place> = (0..6).map(register).collect();
        expected.push(stack(2, 8));
        assert_eq!(places(seven, "x86_64", Endian::Little), expected);
    }

    /// `arch/x86/kernel/sys_ia32.c`, `arch/arm/kernel/sys_arm.c` and syscall(2).
    #[test]
    fn syscalls() {
        let pread = "ssize_t pread64(int fd, int64_t buf, int count)";
        let places = |machine, endian| {
            let function = Prototype::parse(pread).expect("it is a prototype");
            let machine = Machine::named(machine).expect("it is a machine");
            let request = syscall_request(&function, machine, endian).expect("it has room");
            request.places[..3].to_vec()
        };
        let little = Endian::Little;
        let x86_64 = [stack(4, 112), stack(8, 104), stack(4, 96)];
        assert_eq!(places("x86_64", little), x86_64);
        let x86 = [stack(4, 0), stack(8, 4), stack(4, 12)];
        assert_eq!(places("x86", little), x86);
        let arm = [stack(4, 68), stack(8, 8), stack(4, 16)];
        assert_eq!(places("arm", little), arm);
        let s390x = [stack(4, 156), stack(8, 48), stack(4, 60)];
        assert_eq!(places("s390x", Endian::Big), s390x);

        let eight = "void f(int, int, int, int, int, int, int, int)";
        let eight = Prototype::parse(eight).expect("it is a prototype");
        let machine = Machine::named("x86_64").expect("it is a machine");
        assert!(syscall_request(&eight, machine, little).is_err());
    }

    #[test]
    fn strings_are_marked() {
        let function = "const char *f(int, const char *, void *, char *const)";
        let request = asked(function, probe_abi::ARCH, Endian::THIS);
        assert_eq!(request.returns_string, 1);
        let mut strings = [0; ARGUMENTS];
        strings[1] = 1;
        strings[3] = 1;
        assert_eq!(request.places.map(|place| place.string), strings);
    }

    #[test]
    fn two_registers_return_64_bits_on_machines_of_32() {
        for machine in probe_abi::arch::MACHINES {
            let pair = |prototype| asked(prototype, machine.name, Endian::THIS).returns_pair;
            let wide = (machine.word == 4).into();
            assert_eq!(pair("int64_t f(void)"), wide, "{}", machine.name);
            assert_eq!(pair("int f(void)"), 0, "{}", machine.name);
            assert_eq!(pair("void f(void)"), 0, "{}", machine.name);
        }
    }

    #[test]
    fn every_argument_is_somewhere() {
        let ten =
            "void f(int64_t, int, int64_t, char, int64_t, short, int64_t, int64_t, int, int64_t)";
        for machine in probe_abi::arch::MACHINES {
            for endian in [Endian::Little, Endian::Big] {
                for place in places(ten, machine.name, endian) {
                    let nowhere = place.low == NO_REGISTER && place.on_stack == 0;
                    assert!(!nowhere, "{} {place:?}", machine.name);
                }
            }
        }
    }
}
