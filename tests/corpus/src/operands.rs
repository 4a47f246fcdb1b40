// Probes that read operands, which a loader puts into a map.

use probe_abi::{operand::Operand, pt_regs};

macro_rules! for_each {
    ($callback:ident) => {
        $callback! { operand two_operands operands_in_a_loop operand_or_argument }
    };
}
pub(crate) use for_each;

/// The value of a map. BPF programs reach it as a static.
#[unsafe(no_mangle)]
static mut OPERANDS: [Operand; 4] =
    [Operand::constant(0, 8, probe_abi::operand::Class::Unsigned); 4];

#[inline(always)]
fn nth(index: usize) -> &'static Operand {
    // SAFETY: nothing writes to it while a program runs, and the index is below 4.
    unsafe { &*(&raw const OPERANDS).cast::<Operand>().add(index & 3) }
}

pub fn operand(regs: &pt_regs) -> u64 {
    match nth(0).read(regs) {
        Ok(value) => value,
        Err(error) => error as u64,
    }
}

pub fn two_operands(regs: &pt_regs) -> u64 {
    let first = nth(0).read(regs).unwrap_or(1);
    let second = nth(1).read(regs).unwrap_or(2);
    first.wrapping_mul(31).wrapping_add(second)
}

pub fn operands_in_a_loop(regs: &pt_regs) -> u64 {
    let mut sum = 0u64;
    for index in 0..4 {
        if let Ok(value) = nth(index).read(regs) {
            sum = sum.wrapping_mul(31).wrapping_add(value);
        }
    }
    sum
}

pub fn operand_or_argument(regs: &pt_regs) -> u64 {
    match nth(2).read(regs) {
        Ok(value) if value != 0 => value,
        _ => regs.return_value() as u64,
    }
}
