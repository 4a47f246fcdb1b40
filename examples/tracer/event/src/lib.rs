//! The messages between the probe and its loader, and the parts of the probe that need no kernel and so have tests.
//!
//! No file of the tracer names a machine's register. The loader asks probe-abi for the place of each argument of a
//! prototype. It sends the probe the index of the register, counted from 0, or the distance above the stack pointer.

#![no_std]

use probe_abi::{
    Ptr, Return, SysEnter, SysExit, User, UserCode, c_char, c_long, c_ulong, c_void,
    machine::{self, Convention, Endian, Slot},
    uintptr_t,
};

/// How many arguments of a call are followed. This machine may have registers for fewer.
pub const ARGUMENTS: usize = 10;

/// How many bytes of a string are copied, with its terminating zero.
pub const TEXT: usize = 128;

/// The loader's request about a function. It is in the map `REQUESTS`, at the function's number. The probe gets this
/// number as the BPF cookie of the attachment.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Request {
    /// How many arguments the function has.
    pub arguments: u16,
    /// 1: the function returns a string.
    pub returns_string: u8,
    /// 1: the function returns 64 bits in two registers.
    pub returns_pair: u8,
    /// The places of the arguments.
    pub places: [Place; ARGUMENTS],
}

/// The place of an argument. On a machine of 32 bits, an argument of 64 bits can be in two registers, or half in a
/// register and half on the stack.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The register with the value or its low half, as an index among the argument registers; or [`NO_REGISTER`].
    pub low: u8,
    /// The register with the high half; or [`NO_REGISTER`].
    pub high: u8,
    /// How many bytes are on the stack: 0, 1, 2, 4 or 8.
    pub on_stack: u8,
    /// 1: the argument is a string.
    pub string: u8,
    /// The distance from the address in the stack pointer's slot up to these bytes.
    pub offset: u16,
}

/// No machine has this many argument registers.
pub const NO_REGISTER: u8 = u8::MAX;

/// A call or a return, in the form that it has in the ring buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// The function's number.
    pub function: u32,
    /// 0: the function was called, and `values` are its arguments. 1: it returned `values[0]`.
    pub returned: u32,
    /// The thread, as `bpf_get_current_pid_tgid` returns it.
    pub thread: u64,
    /// The first values, as many as the [`Request`] asks for; the other values may be anything.
    pub values: [Value; ARGUMENTS],
}

/// An argument or a return value.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The value, in the low bits. The bits above it may be anything.
    pub bits: u64,
    /// The result of reading it: 0, or a negative error number.
    pub read: i32,
    /// The length of `text`, or a negative error number. 0 if no string was requested.
    pub length: i32,
    /// The string that `bits` points to, if it was requested.
    pub text: [u8; TEXT],
}

impl Place {
    pub const NOWHERE: Self = Self {
        low: NO_REGISTER,
        high: NO_REGISTER,
        on_stack: 0,
        string: 0,
        offset: 0,
    };

    /// The place in probe-abi's form, for an argument of `size` bytes.
    pub fn new(place: machine::Place, size: u8, convention: &Convention) -> Self {
        let index = |slot: Slot| {
            let mut registers = convention.registers.iter();
            let index = registers.position(|register| register.offset == slot.offset);
            index.map_or(NO_REGISTER, |index| index as u8)
        };
        match place {
            machine::Place::Register(slot) => Self {
                low: index(slot),
                ..Self::NOWHERE
            },
            machine::Place::Pair { low, high } => Self {
                low: index(low),
                high: index(high),
                ..Self::NOWHERE
            },
            machine::Place::Split { low, high } => Self {
                low: index(low),
                on_stack: 4,
                offset: high,
                ..Self::NOWHERE
            },
            machine::Place::Stack(offset) => Self {
                on_stack: size,
                offset,
                ..Self::NOWHERE
            },
        }
    }

    /// The place of a syscall's argument of `size` bytes, from probe-abi's form. It is in the syscall's own registers,
    /// which are in memory. `None` if it is in two registers that are not next to each other.
    pub fn of_syscall(place: machine::Place, size: u8, endian: Endian) -> Option<Self> {
        let offset = match (place, endian) {
            // A narrow value is at the end of the slot that has the low bytes.
            (machine::Place::Register(slot), Endian::Big) => {
                slot.offset + u16::from(slot.width - size)
            }
            (machine::Place::Register(slot), Endian::Little) => slot.offset,
            (machine::Place::Pair { low, high }, endian) => {
                let (first, second) = match endian {
                    Endian::Little => (low, high),
                    Endian::Big => (high, low),
                };
                (second.offset == first.offset + 4).then_some(first.offset)?
            }
            _ => return None,
        };
        Some(Self {
            on_stack: size,
            offset,
            ..Self::NOWHERE
        })
    }

    /// Reads the argument of a syscall at this place.
    #[inline(always)]
    fn read_syscall(&self, enter: &SysEnter) -> Result<u64, i32> {
        let at = enter.regs().cast::<u8>();
        let at = at.wrapping_byte_add(self.offset.into());
        Ok(match self.on_stack {
            1 => at.read_kernel()?.into(),
            2 => at.cast::<u16>().read_kernel()?.into(),
            4 => at.cast::<u32>().read_kernel()?.into(),
            _ => at.cast::<u64>().read_kernel()?,
        })
    }

    /// Reads the argument at this place.
    #[inline(always)]
    fn read(&self, regs: &UserCode) -> Result<u64, i32> {
        // Each index in a place is that of a register.
        let register = |index: u8| wide(regs.arg_at(index.into()).unwrap_or(0));
        let in_registers = register(self.low) | register(self.high) << 32;
        let stack = Ptr::<u8>::new(regs.stack_pointer() as uintptr_t);
        let stack = stack.wrapping_byte_add(self.offset.into());
        let on_stack: u64 = match self.on_stack {
            0 => return Ok(in_registers),
            1 => stack.read_user()?.into(),
            2 => stack.cast::<u16>().read_user()?.into(),
            4 => stack.cast::<u32>().read_user()?.into(),
            _ => stack.cast::<u64>().read_user()?,
        };
        match self.low {
            NO_REGISTER => Ok(on_stack),
            _ => Ok(in_registers | on_stack << 32),
        }
    }
}

/// A register of 32 or of 64 bits.
#[inline(always)]
fn wide(register: impl Into<u64>) -> u64 {
    register.into()
}

impl Default for Place {
    fn default() -> Self {
        Self::NOWHERE
    }
}

/// A function whose return value is in one register.
type Word = User<unsafe extern "C" fn() -> c_ulong>;

/// A function that returns 64 bits.
type Wide = User<unsafe extern "C" fn() -> u64>;

impl Event {
    /// Records a call.
    #[inline(always)]
    pub fn call(&mut self, request: &Request, regs: &UserCode) {
        self.returned = 0;
        let places = request.places.iter().take(request.arguments.into());
        for (value, place) in self.values.iter_mut().zip(places) {
            value.put(place.read(regs), place.string);
        }
    }

    /// Records a syscall.
    #[inline(always)]
    pub fn syscall(&mut self, request: &Request, enter: &SysEnter) {
        self.returned = 0;
        let places = request.places.iter().take(request.arguments.into());
        for (value, place) in self.values.iter_mut().zip(places) {
            value.put(place.read_syscall(enter), place.string);
        }
    }

    /// Records the end of a syscall.
    #[inline(always)]
    pub fn syscall_ends(&mut self, exit: &SysExit) {
        self.returned = 1;
        let result = exit.value::<unsafe extern "C" fn() -> c_long>();
        // The sign is extended.
        self.values[0].put(Ok(result as u64), 0);
    }

    /// Records a return.
    ///
    /// # Safety
    ///
    /// `ctx` is that of a uretprobe.
    #[inline(always)]
    pub unsafe fn returned(&mut self, request: &Request, ctx: *const c_void) {
        self.returned = 1;
        // SAFETY: the caller ensures that it is one, and the references do not leave this function.
        let bits = unsafe {
            match request.returns_pair {
                0 => wide(Return::<Word>::from_ctx(ctx).value()),
                _ => Return::<Wide>::from_ctx(ctx).value(),
            }
        };
        self.values[0].put(Ok(bits), request.returns_string);
    }
}

impl Value {
    /// Records a value, and the string that it points to.
    #[inline(always)]
    fn put(&mut self, value: Result<u64, i32>, string: u8) {
        (self.bits, self.read) = match value {
            Ok(bits) => (bits, 0),
            Err(error) => (0, error),
        };
        self.length = match string {
            0 => 0,
            _ => {
                let string = Ptr::<c_char>::new(self.bits as uintptr_t);
                match string.read_user_str(&mut self.text) {
                    Ok(length) => length as i32,
                    Err(error) => error,
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::mem::zeroed;
    use std::vec::Vec;

    use probe_abi::{
        MACHINE, c_int, c_uchar, machine::Endian, nr, prototype, pt_regs, size_t, testing,
    };

    use super::*;

    prototype! {
        /// On machines of 32 bits, the 64-bit parameters are in every place that such a machine has.
        struct Mixed(User<unsafe extern "C" fn(
            a: c_int, b: u64, path: *const c_char, c: c_uchar, d: u64, e: i16, f: u64, g: size_t, h: i64, name: *const c_char
        ) -> u64>);

        /// On riscv32 one of them is split.
        struct Odd(User<unsafe extern "C" fn(
            a: u64, b: u64, c: u64, d: c_int, e: u64, f: c_int
        ) -> *const c_char>);
    }

    const WORD: u8 = MACHINE.word;

    /// The loader's request.
    fn request(sizes: &[u8], strings: &[usize]) -> Request {
        let mut request = Request {
            arguments: sizes.len() as u16,
            ..Request::default()
        };
        for (index, &size) in sizes.iter().enumerate() {
            let place = MACHINE.user.place(sizes, index, Endian::THIS);
            let place = place.expect("it is an integer");
            request.places[index] = Place {
                string: strings.contains(&index).into(),
                ..Place::new(place, size, &MACHINE.user)
            };
        }
        request
    }

    /// The probe's record of a call. Bits above a value are removed.
    fn call(request: &Request, sizes: &[u8], regs: &pt_regs) -> (Vec<u64>, Event) {
        // SAFETY: it has only integers.
        let mut event: Event = unsafe { zeroed() };
        event.call(request, regs.user_code());
        let values = sizes.iter().zip(&event.values);
        let values = values.map(|(&size, value)| value.bits & (u64::MAX >> (64 - 8 * size)));
        (values.collect(), event)
    }

    fn text(value: &Value) -> Result<&[u8], i32> {
        match usize::try_from(value.length) {
            Ok(length) => Ok(&value.text[..length]),
            Err(_) => Err(value.length),
        }
    }

    const MIXED: [u8; 10] = [4, 8, WORD, 1, 8, 2, 8, WORD, 8, WORD];

    #[test]
    fn finds_every_argument() {
        let path = testing::user_str(c"/etc");
        let name = testing::user_str(c"");
        let made = Mixed::call((
            -1,
            0x0102_0304_0506_0708,
            path,
            200,
            0x1112_1314_1516_1718,
            -2,
            u64::MAX - 1,
            9,
            i64::MIN + 3,
            name,
        ));
        let (values, event) = call(&request(&MIXED, &[2, 9]), &MIXED, made.regs());
        let expected = [
            u32::MAX.into(),
            0x0102_0304_0506_0708,
            wide(path.address()),
            200,
            0x1112_1314_1516_1718,
            0xfffe,
            u64::MAX - 1,
            9,
            1 << 63 | 3,
            wide(name.address()),
        ];
        assert_eq!(values, expected);
        assert_eq!(event.returned, 0);
        assert_eq!(event.values.map(|value| value.read), [0; 10]);
        assert_eq!(text(&event.values[2]), Ok(&b"/etc"[..]));
        assert_eq!(text(&event.values[9]), Ok(&b""[..]));

        let sizes = [8, 8, 8, 4, 8, 4];
        let made = Odd::call((1 << 40 | 1, 2 << 40 | 2, 3 << 40 | 3, 4, 5 << 40 | 5, 6));
        let (values, _) = call(&request(&sizes, &[]), &sizes, made.regs());
        assert_eq!(
            values,
            [1 << 40 | 1, 2 << 40 | 2, 3 << 40 | 3, 4, 5 << 40 | 5, 6]
        );
    }

    #[test]
    fn says_what_it_cannot_read() {
        let nowhere = Ptr::<u8>::new(16);
        let long = testing::user([b'x' as c_char; 300]);
        let made = Mixed::call((0, 0, nowhere.cast(), 0, 0, 0, 0, 0, 0, long.cast()));
        let (values, event) = call(&request(&MIXED, &[2, 9]), &MIXED, made.regs());
        assert_eq!((values[2], text(&event.values[2])), (16, Err(-14)));
        // The string is cut.
        assert_eq!(text(&event.values[9]), Ok(&[b'x'; TEXT - 1][..]));

        // The registers without their stack.
        let regs = *made.regs();
        drop(made);
        let request = request(&MIXED, &[]);
        let (_, event) = call(&request, &MIXED, &regs);
        for (place, value) in request.places.iter().zip(&event.values) {
            assert_eq!(value.read, if place.on_stack == 0 { 0 } else { -14 });
        }
    }

    #[test]
    fn writes_no_more_than_it_is_asked_for() {
        let made = Odd::call((1, 2, 3, 4, 5, 6));
        let (_, event) = call(&request(&[8, 8], &[]), &[8, 8, 8], made.regs());
        assert_eq!(event.values.map(|value| value.bits)[1..3], [2, 0]);
    }

    /// On machines of 32 bits `pread64` has its offset in two registers.
    #[test]
    fn finds_what_a_syscall_has() {
        type Pread = unsafe extern "C" fn(c_int, *const c_char, size_t, i64) -> c_long;
        let path = testing::user_str(c"/etc");
        let enter = SysEnter::calling::<Pread, _>(nr::pread64, (-1, path, 4096, i64::MIN + 3));
        let sizes = [4, WORD, WORD, 8];
        let mut request = Request {
            arguments: 4,
            ..Request::default()
        };
        for (index, &size) in sizes.iter().enumerate() {
            let place = MACHINE.syscall_place(&sizes, index, Endian::THIS);
            let place = Place::of_syscall(place.expect("it is there"), size, Endian::THIS);
            request.places[index] = Place {
                string: (index == 1).into(),
                ..place.expect("its halves are next to each other")
            };
        }
        // SAFETY: it has only integers.
        let mut event: Event = unsafe { zeroed() };
        event.syscall(&request, &enter);
        let bits = event.values.map(|value| value.bits);
        let expected = [u32::MAX.into(), wide(path.address()), 4096, 1 << 63 | 3];
        assert_eq!(bits[..4], expected);
        assert_eq!(text(&event.values[1]), Ok(&b"/etc"[..]));

        let words = [0, -2_i64 as u64];
        // SAFETY: these are the two words that `sys_exit` passes.
        event.syscall_ends(unsafe { SysExit::from_ctx(words.as_ptr().cast()) });
        assert_eq!((event.returned, event.values[0].bits as i64), (1, -2));
    }

    #[test]
    fn finds_what_is_returned() {
        // SAFETY: it has only integers.
        let mut event: Event = unsafe { zeroed() };
        let returns = |size| MACHINE.user.return_place(size, Endian::THIS);
        let mut request = Request {
            returns_pair: matches!(returns(8), Some(machine::Place::Pair { .. })).into(),
            ..Request::default()
        };
        let made = Mixed::returning(0x0102_0304_0506_0708);
        // SAFETY: it is the ctx of a return.
        unsafe { event.returned(&request, made.ctx()) };
        assert_eq!(
            (event.returned, event.values[0].bits),
            (1, 0x0102_0304_0506_0708)
        );

        request = Request {
            returns_string: 1,
            ..Request::default()
        };
        let made = Odd::returning(testing::user_str(c"what comes back"));
        // SAFETY: the same.
        unsafe { event.returned(&request, made.ctx()) };
        assert_eq!(text(&event.values[0]), Ok(&b"what comes back"[..]));
    }
}
