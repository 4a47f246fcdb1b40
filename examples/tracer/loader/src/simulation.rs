//! The probe without a kernel: rbpf runs the same bytecode on made-up registers and memory.
//!
//! This file does not know which register is which. The memory is that of probe_abi::testing, at its own addresses, so
//! a 64-bit computer can run the probe of a 32-bit machine.

use std::{
    cell::RefCell,
    ffi::CString,
    io::{self, Write},
    slice,
};

use object::{Object, ObjectSection, ObjectSymbol};
use probe_abi::{
    MACHINE, Ptr,
    machine::{Endian, Place, Slot},
    pt_regs, testing, uintptr_t,
};
use tracer_event::{Event, Request};

use crate::{
    calls::Calls,
    prototype::{Prototype, Type},
    request::{request, return_place, sizes},
};

/// Prints a made-up call of each function.
pub fn run(object: &[u8], functions: &[Prototype], out: impl Write) -> Result<(), String> {
    let called = Program::find(object, "called")?;
    let returned = Program::find(object, "returned")?;
    let mut calls = Calls::new(functions, false, out);
    for (number, function) in (0..).zip(functions) {
        let request = request(function, &MACHINE, Endian::THIS);
        let called = called.run(Registers::of_call(function), number, request)?;
        let returned = returned.run(Registers::of_return(function), number, request)?;
        for event in called.iter().chain(&returned) {
            calls
                .event(event)
                .map_err(|error| format!("cannot print: {error}"))?;
        }
    }
    calls
        .finish()
        .map_err(|error| format!("cannot print: {error}"))?;
    Ok(())
}

/// The bytes of registers, and around a value on the stack, that no value was put in.
const ANYTHING: u8 = 0xa5;

/// The size of the stack. The stack pointer is in the middle.
const STACK: usize = 0x4000;

/// The registers of a thread.
struct Registers {
    bytes: [u8; size_of::<pt_regs>()],
    /// The address in the stack pointer's slot.
    stack: Ptr<u8>,
}

impl Registers {
    fn new() -> Self {
        let stack: Ptr<[u8; STACK]> = testing::user([ANYTHING; STACK]);
        let mut registers = Self {
            bytes: [ANYTHING; size_of::<pt_regs>()],
            stack: stack.cast().wrapping_add(STACK / 2),
        };
        registers.write(MACHINE.stack_pointer, registers.stack.address() as u64);
        registers
    }

    /// The registers at a function's call, with each argument in the place where this machine passes it.
    fn of_call(function: &Prototype) -> Self {
        let mut registers = Self::new();
        let sizes = sizes(function);
        for (index, parameter) in function.parameters.iter().enumerate() {
            let text = match &parameter.name {
                Some(name) => name.clone(),
                None => format!("argument {index}"),
            };
            let value = value(parameter.ty, index, text);
            let place = MACHINE.user.place(&sizes, index, Endian::THIS);
            registers.put(place, sizes[index], value);
        }
        registers
    }

    fn of_return(function: &Prototype) -> Self {
        let mut registers = Self::new();
        let place = return_place(function, &MACHINE, Endian::THIS);
        let value = value(function.returns, 0, "returned".to_owned());
        registers.put(place, function.returns.size().unwrap_or(0), value);
        registers
    }

    /// Puts a value of `size` bytes into its place. `void` has no place.
    fn put(&mut self, place: Option<Place>, size: u8, value: u64) {
        match place {
            None => {}
            Some(Place::Register(slot)) => {
                // The other bits of the register do not belong to the value.
                let rest = u64::from_ne_bytes([ANYTHING; 8]);
                let rest = rest.checked_shl(8 * u32::from(size)).unwrap_or(0);
                self.write(slot, rest | value);
            }
            Some(Place::Pair { low, high }) => {
                self.write(low, value);
                self.write(high, value >> 32);
            }
            Some(Place::Split { low, high }) => {
                self.write(low, value);
                self.push(high, 4, value >> 32);
            }
            Some(Place::Stack(offset)) => self.push(offset, size, value),
        }
    }

    /// Writes the low bits.
    fn write(&mut self, slot: Slot, bits: u64) {
        let register = &mut self.bytes[slot.offset.into()..];
        match slot.width {
            4 => register[..4].copy_from_slice(&(bits as u32).to_ne_bytes()),
            _ => register[..8].copy_from_slice(&bits.to_ne_bytes()),
        }
    }

    /// Writes the low bytes `offset` bytes above the address in the stack pointer's slot.
    fn push(&self, offset: u16, size: u8, bits: u64) {
        let at = self.stack.wrapping_byte_add(offset.into());
        match size {
            1 => testing::user_at(at, bits as u8),
            2 => testing::user_at(at.cast(), bits as u16),
            4 => testing::user_at(at.cast(), bits as u32),
            _ => testing::user_at(at.cast(), bits),
        }
    }
}

/// A value of a type: numbers that count up, or down from zero if the type has a sign. A value that takes two registers
/// has a different number in its other half.
fn value(ty: Type, index: usize, text: String) -> u64 {
    let number = index as u64 + 1;
    let within = |size: Option<u8>, value: u64| value & (u64::MAX >> (64 - 8 * size.unwrap_or(8)));
    match ty {
        Type::Void => 0,
        Type::Bool => number & 1,
        Type::Char => u64::from(b'a') + index as u64,
        Type::Integer { bits, signed } => {
            let number = match bits > 8 * u32::from(MACHINE.word) {
                true => (number + 1) << 32 | number,
                false => number,
            };
            let number = if signed {
                number.wrapping_neg()
            } else {
                number
            };
            within(ty.size(), number)
        }
        Type::String => {
            let text = CString::new(text).unwrap_or_default();
            let text: Ptr<u8> = testing::user_str(&text);
            text.address() as u64
        }
        Type::Pointer => 0x1000 * number,
    }
}

/// One of the probe's programs.
struct Program(Vec<u8>);

impl Program {
    fn find(object: &[u8], name: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("cannot run the probe's program `{name}` in rbpf: {why}");
        let elf = object::File::parse(object).map_err(|error| wrong(&error.to_string()))?;
        if !elf.is_little_endian() {
            return Err(wrong(
                "it is big-endian, and rbpf runs little-endian bytecode",
            ));
        }
        let symbol = elf
            .symbol_by_name(name)
            .ok_or_else(|| wrong("the object does not have it"))?;
        let section = symbol
            .section_index()
            .and_then(|index| elf.section_by_index(index).ok())
            .ok_or_else(|| wrong("it is in no section"))?;
        let start = symbol.address();
        let range = start as usize..(start + symbol.size()) as usize;
        let code = section.data().ok().and_then(|data| data.get(range.clone()));
        let mut code = code
            .ok_or_else(|| wrong("its section is too short"))?
            .to_vec();

        // The probe only passes maps on to helpers. A helper knows a map by its number.
        for (offset, relocation) in section.relocations() {
            let offset = offset as usize;
            if !range.contains(&offset) {
                continue;
            }
            let at = offset - range.start;
            let instruction = code
                .get_mut(at..at + 16)
                .filter(|instruction| instruction[0] == rbpf::ebpf::LD_DW_IMM)
                .ok_or_else(|| wrong("it calls a function that was not inlined"))?;
            let map = match relocation.target() {
                object::RelocationTarget::Symbol(symbol) => elf.symbol_by_index(symbol),
                _ => return Err(wrong("it refers to something that is not a map")),
            };
            let number = match map.and_then(|map| map.name()) {
                Ok("REQUESTS") => REQUESTS,
                _ => OTHER_MAP,
            };
            instruction[4..8].copy_from_slice(&number.to_le_bytes());
        }
        Ok(Self(code))
    }

    /// Runs the program as the kernel would, for a thread with these registers. Returns the contents of the ring
    /// buffer.
    fn run(
        &self,
        mut registers: Registers,
        function: u32,
        request: Request,
    ) -> Result<Vec<Vec<u8>>, String> {
        let failed = |error: io::Error| format!("rbpf: {error}");
        let mut vm = rbpf::EbpfVmRaw::new(None).map_err(failed)?;
        vm.set_program(&self.0).map_err(failed)?;
        for &(number, helper) in HELPERS {
            vm.register_helper(number, helper).map_err(failed)?;
        }
        let kernel = Kernel {
            function,
            request: Box::new(request),
            reserved: vec![0; size_of::<Event>()],
            submitted: Vec::new(),
        };
        for (start, length) in [
            (kernel.request_address(), size_of::<Request>()),
            (kernel.reserved.as_ptr() as u64, kernel.reserved.len()),
        ] {
            vm.register_allowed_memory(start..start + length as u64);
        }
        KERNEL.set(Some(kernel));
        let result = vm.execute_program(&mut registers.bytes).map_err(failed);
        let kernel = KERNEL.take();
        result?;
        Ok(kernel.map(|kernel| kernel.submitted).unwrap_or_default())
    }
}

/// The state that the helpers work on.
struct Kernel {
    /// The function that was called.
    function: u32,
    /// The request about it.
    request: Box<Request>,
    /// The only event of the ring buffer.
    reserved: Vec<u8>,
    submitted: Vec<Vec<u8>>,
}

impl Kernel {
    fn request_address(&self) -> u64 {
        (&raw const *self.request) as u64
    }
}

thread_local! {
    // rbpf's helpers are plain functions, so a thread-local variable gives them their state.
    static KERNEL: RefCell<Option<Kernel>> = const { RefCell::new(None) };
}

fn kernel<T>(work: impl FnOnce(&mut Kernel) -> Option<T>) -> Option<T> {
    KERNEL.with_borrow_mut(|kernel| work(kernel.as_mut()?))
}

/// The helpers that the probe calls, under their numbers in the kernel's `enum bpf_func_id`.
const HELPERS: &[(u32, rbpf::Helper)] = &[
    (1, map_lookup_elem),
    (14, get_current_pid_tgid),
    (112, probe_read_user),
    (114, probe_read_user_str),
    (131, ringbuf_reserve),
    (132, ringbuf_submit),
    (174, get_attach_cookie),
];

/// The map with the requests.
const REQUESTS: u32 = 1;

/// A map in which no key is found: the counter of lost events. No event is lost here.
const OTHER_MAP: u32 = 2;

fn map_lookup_elem(map: u64, key: u64, _: u64, _: u64, _: u64) -> u64 {
    // SAFETY: the probe passes a pointer to an index on its stack.
    let key = unsafe { (key as *const u32).read_unaligned() };
    kernel(|kernel| {
        let found = map == REQUESTS.into() && key == kernel.function;
        found.then(|| kernel.request_address())
    })
    .unwrap_or(0)
}

fn get_current_pid_tgid(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    1 << 32 | 1
}

fn get_attach_cookie(_ctx: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    kernel(|kernel| Some(kernel.function.into())).unwrap_or(0)
}

fn ringbuf_reserve(_map: u64, size: u64, _flags: u64, _: u64, _: u64) -> u64 {
    kernel(|kernel| {
        let fits = size == kernel.reserved.len() as u64;
        fits.then_some(kernel.reserved.as_mut_ptr() as u64)
    })
    .unwrap_or(0)
}

fn ringbuf_submit(_data: u64, _flags: u64, _: u64, _: u64, _: u64) -> u64 {
    kernel(|kernel| {
        kernel.submitted.push(kernel.reserved.clone());
        Some(0)
    })
    .unwrap_or(0)
}

fn probe_read_user(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    // SAFETY: see `place`.
    let read = Ptr::new(from as uintptr_t).read_user_into(unsafe { place(to, size) });
    read.map_or_else(|error| error as u64, |()| 0)
}

fn probe_read_user_str(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    // SAFETY: see `place`.
    let read = Ptr::<u8>::new(from as uintptr_t).read_user_str(unsafe { place(to, size) });
    // The helper counts the zero byte.
    read.map_or_else(|error| error as u64, |length| length as u64 + 1)
}

/// The place that a helper writes to.
///
/// # Safety
///
/// The probe passes to its helpers a place on its stack or in its event, and the size of that place. The kernel's
/// verifier checks this for the same program.
unsafe fn place<'p>(to: u64, size: u64) -> &'p mut [u8] {
    // SAFETY: the caller ensures it.
    unsafe { slice::from_raw_parts_mut(to as *mut u8, size as usize) }
}
