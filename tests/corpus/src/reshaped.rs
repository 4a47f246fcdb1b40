//! Programs whose reads LLVM reshapes if there is a fence after each read, but none before it. LLVM shares the address
//! of two reads of one register. The second read then goes through a choice of two equal addresses.

use crate::machine::{c_ulong, pt_regs};

/// Passes the name of every program to a macro.
macro_rules! for_each {
    ($callback:ident) => {
        $callback! {
            eager_default_read_again result_with_a_default_read_again loop_from_an_eager_default
            two_choices_at_once loop_with_a_choice_in_it flat_map_over_all choice_of_a_choice
        }
    };
}
pub(crate) use for_each;

fn choice(regs: &pt_regs) -> usize {
    regs.instruction_pointer() as usize
}

fn mix(seed: u64, value: c_ulong) -> u64 {
    seed.wrapping_mul(31).wrapping_add(value as u64)
}

pub fn eager_default_read_again(regs: &pt_regs) -> u64 {
    let value = regs.arg_at(choice(regs)).map_or(regs.arg::<2>(), |_| 1);
    mix(value as u64, regs.arg::<2>())
}

pub fn result_with_a_default_read_again(regs: &pt_regs) -> u64 {
    let result = regs.arg_at(choice(regs)).ok_or(regs.stack_pointer() as u32);
    let value = match result {
        Ok(value) => value as u64,
        Err(other) => u64::from(other).wrapping_add(1),
    };
    mix(value, regs.stack_pointer())
}

pub fn loop_from_an_eager_default(regs: &pt_regs) -> u64 {
    let mut index = regs.arg_at(choice(regs)).unwrap_or(regs.arg::<2>()) as usize & 1;
    let mut sum = 0;
    while let Some(value) = regs.arg_at(index) {
        sum = mix(sum, value);
        index += 1;
    }
    sum
}

pub fn two_choices_at_once(regs: &pt_regs) -> u64 {
    let first = match (regs.arg_at(choice(regs)), regs.arg_at(3)) {
        (Some(one), Some(other)) => mix(one as u64, other),
        (Some(one), None) | (None, Some(one)) => one as u64,
        (None, None) => 0,
    };
    let second = regs.arg_at(regs.arg::<1>() as usize);
    mix(first, second.unwrap_or(0))
}

pub fn loop_with_a_choice_in_it(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    for index in (0..8).step_by(3) {
        if sum & 2 == 0 {
            sum = mix(sum, regs.arg_at(index).unwrap_or(0));
        }
        sum = mix(sum, regs.return_value());
    }
    sum
}

/// LLVM tests here whether ctx is null, unless it knows that it is not.
pub fn flat_map_over_all(regs: &pt_regs) -> u64 {
    let most = (0..8).flat_map(|index| regs.arg_at(index)).max();
    most.map_or(0, |value| value as u64)
}

pub fn choice_of_a_choice(regs: &pt_regs) -> u64 {
    let index = regs
        .arg_at(regs.arg::<1>() as usize & 7)
        .unwrap_or(regs.arg::<0>());
    let pair = (
        regs.arg_at(index as usize & 1),
        regs.arg_at(regs.arg::<0>() as usize & 7),
    );
    match pair {
        (Some(one), Some(other)) => mix(one as u64, other),
        _ => 1,
    }
}
