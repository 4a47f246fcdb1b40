//! The messages between the probe and its loader, and the parts of the probe that need no kernel and so have tests.

#![no_std]

use probe_abi::{operand::Operand, pt_regs};

/// The maximum number of arguments of a static probe: `sys/sdt.h` has macros for no more.
pub const ARGUMENTS: usize = 12;

/// One place of a static probe, with the places of its arguments. It is in the map `SITES`, at the place's number. The
/// probe gets this number as the BPF cookie of the attachment.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Site {
    /// The entries after the last argument have 0 bytes, and read as 0.
    pub operands: [Operand; ARGUMENTS],
}

/// A process has reached the place: an event in the form that it has in the ring buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// The place's number.
    pub site: u32,
    /// The kernel's number of the process.
    pub process: u32,
    /// The arguments, with their sign: cast each to its type.
    pub values: [u64; ARGUMENTS],
    /// The result of reading each argument: 0, or a negative error number.
    pub errors: [i32; ARGUMENTS],
}

impl Event {
    /// Records the arguments.
    #[inline(always)]
    pub fn read(&mut self, site: &Site, regs: &pt_regs) {
        let places = self.values.iter_mut().zip(&mut self.errors);
        for (operand, (value, error)) in site.operands.iter().zip(places) {
            (*value, *error) = match operand.read(regs) {
                Ok(value) => (value, 0),
                Err(error) => (0, error),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::mem::zeroed;

    use probe_abi::{
        MACHINE, User, c_long, machine::Place, operand::Class, prototype, registers::View,
    };

    use super::*;

    prototype! {
        /// Its first arguments are in registers, or all arguments are on the stack.
        struct Function(User<unsafe extern "C" fn(a: c_long, b: c_long)>);
    }

    fn view(slot: probe_abi::machine::Slot) -> View {
        let mut registers = MACHINE.registers.iter();
        let found = registers.find(|register| register.slot == Some(slot));
        found
            .and_then(|register| register.view())
            .expect("it is a register")
    }

    /// The place of the function's argument at the function's first instruction.
    fn operand(n: usize, size: u8, class: Class) -> Operand {
        let word = MACHINE.word;
        let endian = probe_abi::machine::Endian::THIS;
        match MACHINE.user.place(&[word, word], n, endian) {
            Some(Place::Register(slot)) => Operand::register(view(slot), size, class),
            Some(Place::Stack(offset)) => {
                let low = if cfg!(target_endian = "big") {
                    word - size
                } else {
                    0
                };
                let offset = i64::from(offset) + i64::from(low);
                Operand::memory(view(MACHINE.stack_pointer), offset, size, class)
            }
            place => panic!("a word is at {place:?}"),
        }
    }

    #[test]
    fn reads_every_argument_by_its_type() {
        let mut site = Site::default();
        site.operands[0] = operand(0, 4, Class::Signed);
        site.operands[1] = operand(0, 2, Class::Unsigned);
        site.operands[2] = operand(1, 1, Class::Signed);
        site.operands[3] = Operand::constant(-7, 8, Class::Signed);
        let call = Function::call((-5, 0x1280));
        // SAFETY: it has only integers.
        let mut event: Event = unsafe { zeroed() };
        event.read(&site, call.regs());
        assert_eq!(
            event.values.map(|value| value as i64)[..5],
            [-5, 0xfffb, -128, -7, 0]
        );
        assert_eq!(event.errors, [0; ARGUMENTS]);
    }

    #[test]
    fn says_what_it_cannot_read() {
        let mut site = Site::default();
        let nowhere = view(MACHINE.stack_pointer);
        site.operands[0] = Operand::memory(nowhere, 1 << 20, 4, Class::Signed);
        site.operands[1] = Operand::constant(1, 4, Class::Signed);
        let call = Function::call((0, 0));
        // SAFETY: it has only integers.
        let mut event: Event = unsafe { zeroed() };
        event.read(&site, call.regs());
        assert_eq!(
            (&event.values[..2], &event.errors[..2]),
            (&[0, 1][..], &[-14, 0][..])
        );
    }
}
