//! The probe where there is no kernel for it: the same bytecode, run by rbpf on registers and memory
//! that are made up.
//!
//! Nothing here knows which register is which. The machine's memory lies at addresses of its own, so
//! that a 64-bit computer can run the probe of a 32-bit machine.

use std::{
    array,
    cell::RefCell,
    io::{self, Write},
};

use object::{Object, ObjectSection, ObjectSymbol};
use probe_abi::{UserCode, c_ulong, pt_regs};
use tracer_event::{Event, Request};

use crate::{
    calls::{Calls, request},
    prototype::{Prototype, Type},
};

/// Prints a made-up call of each function.
pub fn run(object: &[u8], functions: &[Prototype], out: impl Write) -> Result<(), String> {
    let called = Program::find(object, "called")?;
    let returned = Program::find(object, "returned")?;
    let mut calls = Calls::new(functions, out);
    for (index, function) in functions.iter().enumerate() {
        let request = request(index, function);
        let mut machine = Machine::new();
        machine.call(function);
        let called = called.run(&machine, request)?;
        machine.give_back(function);
        let returned = returned.run(&machine, request)?;
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

/// How many slots the registers fill.
const SLOTS: usize = size_of::<pt_regs>() / size_of::<c_ulong>();

type Slots = [c_ulong; SLOTS];

fn registers(slots: &Slots) -> &pt_regs {
    // SAFETY: the slots are as many as the registers have, and aligned to a slot.
    unsafe { pt_regs::from_ctx(slots.as_ptr().cast()) }
}

/// Which slot holds something: the one whose number is found there when each slot holds its own.
fn slot(role: impl FnOnce(&pt_regs) -> c_ulong) -> usize {
    role(registers(&array::from_fn(|number| number as c_ulong))) as usize
}

/// A thread of the machine, with registers and memory.
#[derive(Clone)]
struct Machine {
    slots: Slots,
    /// What lies at [`BASE`]: the stack, and above it strings.
    memory: Vec<u8>,
}

/// Where the memory starts. Below it everything is out of bounds, null included.
const BASE: u64 = 0x1_0000;

/// How large the stack is. The stack pointer is in the middle.
const STACK: usize = 0x4000;

impl Machine {
    fn new() -> Self {
        let mut machine = Self {
            slots: [0; SLOTS],
            memory: vec![0; STACK],
        };
        machine.slots[slot(|regs| regs.stack_pointer())] = (BASE as usize + STACK / 2) as c_ulong;
        machine
    }

    /// Sets up the call of a function: each argument where this machine passes it.
    fn call(&mut self, function: &Prototype) {
        for (index, parameter) in function.parameters.iter().enumerate() {
            let text = match &parameter.name {
                Some(name) => name.clone(),
                None => format!("argument {index}"),
            };
            let value = self.value(parameter.ty, index, &text);
            if user_code(&self.slots).arg_at(index).is_some() {
                let register = slot(|regs| regs.user_code().arg_at(index).unwrap_or(0));
                self.slots[register] = value;
            } else if let Some(address) = user_code(&self.slots).stack_arg_address_at(index) {
                let at = address as usize - BASE as usize;
                self.memory[at..][..size_of::<c_ulong>()].copy_from_slice(&value.to_ne_bytes());
            }
        }
    }

    fn give_back(&mut self, function: &Prototype) {
        let value = self.value(function.returns, 0, "returned");
        self.slots[slot(|regs| regs.return_value())] = value;
    }

    /// Something of a type: numbers that count up, or down from zero where the type has a sign. What
    /// is left of the register holds bits that are not the value's.
    fn value(&mut self, ty: Type, index: usize, text: &str) -> c_ulong {
        let number = index as c_ulong + 1;
        let within = |bits: u32, value: c_ulong| match bits {
            c_ulong::BITS => value,
            bits => value & ((1 << bits) - 1) | c_ulong::from(0xdead_beef_u32) << bits,
        };
        match ty {
            Type::Void => 0,
            Type::Bool => within(8, number & 1),
            Type::Char => within(8, c_ulong::from(b'a') + index as c_ulong),
            Type::Integer { bits, signed: true } => within(bits, number.wrapping_neg()),
            Type::Integer {
                bits,
                signed: false,
            } => within(bits, number),
            Type::String => {
                let address = BASE as usize + self.memory.len();
                self.memory.extend_from_slice(text.as_bytes());
                self.memory.push(0);
                address as c_ulong
            }
            Type::Pointer => (BASE as usize + index * size_of::<c_ulong>()) as c_ulong,
        }
    }

    /// The memory from an address on.
    fn at(&self, address: u64) -> Option<&[u8]> {
        self.memory
            .get(usize::try_from(address.checked_sub(BASE)?).ok()?..)
    }
}

fn user_code(slots: &Slots) -> &UserCode {
    registers(slots).user_code()
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

        // Maps are only handed on to helpers: any number tells them apart from null.
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
                object::RelocationTarget::Symbol(symbol) => symbol.0 as u32,
                _ => return Err(wrong("it refers to something that is not a map")),
            };
            instruction[4..8].copy_from_slice(&map.to_le_bytes());
        }
        Ok(Self(code))
    }

    /// Runs the program as the kernel would, for a thread that is in this state. Gives what came to
    /// lie in the ring buffer.
    fn run(&self, machine: &Machine, request: Request) -> Result<Vec<Vec<u8>>, String> {
        let failed = |error: io::Error| format!("rbpf: {error}");
        let mut vm = rbpf::EbpfVmRaw::new(None).map_err(failed)?;
        vm.set_program(&self.0).map_err(failed)?;
        for &(number, helper) in HELPERS {
            vm.register_helper(number, helper).map_err(failed)?;
        }
        let reserved = KERNEL.with_borrow_mut(|kernel| {
            *kernel = Some(Kernel {
                machine: machine.clone(),
                cookie: request.to_cookie(),
                reserved: vec![0; size_of::<Event>()],
                submitted: Vec::new(),
            });
            let reserved = kernel.as_ref().map_or(&[][..], |kernel| &kernel.reserved);
            let start = reserved.as_ptr() as u64;
            start..start + reserved.len() as u64
        });
        vm.register_allowed_memory(reserved);

        let mut ctx: Vec<u8> = machine
            .slots
            .iter()
            .flat_map(|slot| slot.to_ne_bytes())
            .collect();
        let result = vm.execute_program(&mut ctx).map_err(failed);
        let kernel = KERNEL.take();
        result?;
        Ok(kernel.map(|kernel| kernel.submitted).unwrap_or_default())
    }
}

/// What the helpers have behind them.
struct Kernel {
    machine: Machine,
    cookie: u64,
    /// The one place in the ring buffer.
    reserved: Vec<u8>,
    submitted: Vec<Vec<u8>>,
}

thread_local! {
    // rbpf's helpers are plain functions: this is how they are handed anything.
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

const EFAULT: u64 = 14;

fn map_lookup_elem(_map: u64, _key: u64, _: u64, _: u64, _: u64) -> u64 {
    // Only the count of lost events is looked up, and here none is lost.
    0
}

fn get_current_pid_tgid(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    1 << 32 | 1
}

fn get_attach_cookie(_ctx: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    kernel(|kernel| Some(kernel.cookie)).unwrap_or(0)
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
    kernel(|kernel| {
        let bytes = kernel.machine.at(from)?.get(..size as usize)?;
        write(to, bytes);
        Some(0)
    })
    .unwrap_or(EFAULT.wrapping_neg())
}

fn probe_read_user_str(to: u64, size: u64, from: u64, _: u64, _: u64) -> u64 {
    kernel(|kernel| {
        let text = kernel.machine.at(from)?;
        let length = text.iter().position(|&byte| byte == 0)?;
        let length = length.min((size as usize).checked_sub(1)?);
        write(to, &text[..length]);
        write(to + length as u64, &[0]);
        Some(length as u64 + 1)
    })
    .unwrap_or(EFAULT.wrapping_neg())
}

/// Writes to the probe's own memory, as a helper does.
fn write(to: u64, bytes: &[u8]) {
    // SAFETY: the probe hands its helpers a place on its stack or in its event, and that place's size:
    // the same program was held to it by the kernel's verifier.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to as *mut u8, bytes.len()) };
}
