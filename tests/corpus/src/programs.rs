// The corpus: programs as users write them. Each is named after the change that it tempts LLVM to make.
//
// They do not name a register or a machine. `super::machine` has the methods to read with. So the same text is a BPF
// program on every machine, its twin with plain field access, and, on the host, the model that gives the value to
// return.

use super::helpers::{pid_tgid, read_kernel, read_user_str};
use super::machine::{ARG_REGISTERS, Argument, ReturnAddress, c_ulong, pt_regs};

/// Passes the name of every program to a macro.
macro_rules! for_each {
    ($callback:ident) => {
        $callback! {
            either_branch three_branches nested_branches early_return early_returns_in_a_row
            reassigned_in_a_branch added_in_a_branch swapped_pair ordered_pair short_circuit
            compared_all_ways same_work_in_both_branches array_of_two array_at_run_time
            match_on_index match_with_a_read_by_default match_on_sparse_values match_on_ranges
            match_with_scaled_reads match_on_two_values
            index_at_run_time index_beyond_the_last two_indices_at_run_time index_from_an_argument
            slot_at_run_time slot_from_an_argument two_slots_at_run_time slots_in_a_loop slot_or_argument
            slot_plus_scaled_slot
            loop_over_all loop_with_break loop_with_run_time_bound loop_downwards loop_with_a_stride
            loop_rereading_one loop_of_states loop_while_some
            iterator_sum iterator_position iterator_max iterator_zip
            closure_with_a_branch closure_called_twice closure_passed_on
            generic_over_one generic_over_two generic_over_a_trait method_of_a_wrapper
            helper_not_inlined helper_not_inlined_with_a_branch helper_not_inlined_with_an_index
            helpers_not_inlined_nested helper_not_inlined_with_two_callers
            option_or_else option_and_then option_filter option_zip option_question_mark result_of_option
            narrowed_to_u8 narrowed_to_u16 narrowed_to_u32 narrowed_all_ways narrowed_in_branches
            sign_extended shifted_down masked_bits tested_bit truth_of_a_byte
            every_role role_at_run_time return_address_of_either_kind frame_pointer_or_stack_pointer
            syscall_switch syscall_argument_in_branches syscall_and_function_argument
            stack_argument_at_run_time
            stack_nearly_full stack_of_all_arguments
            after_a_helper around_a_helper branch_on_a_helper helper_in_both_branches
            string_argument string_argument_of_either copied_registers ctx_or_copied_registers
        }
    };
}
pub(crate) use for_each;

/// A value that is only known when the program runs, and that is not an argument.
#[inline(always)]
fn choice(regs: &pt_regs) -> usize {
    regs.instruction_pointer() as usize
}

/// Combines values so that their order matters.
#[inline(always)]
fn mix(seed: u64, value: c_ulong) -> u64 {
    seed.wrapping_mul(31).wrapping_add(value as u64)
}

pub fn either_branch(regs: &pt_regs) -> u64 {
    let value = if choice(regs) == 0 {
        regs.arg::<0>()
    } else {
        regs.arg::<1>()
    };
    value as u64
}

pub fn three_branches(regs: &pt_regs) -> u64 {
    let value = if choice(regs) == 0 {
        regs.arg::<2>()
    } else if choice(regs) < 3 {
        regs.arg::<1>()
    } else {
        regs.return_value()
    };
    value as u64
}

pub fn nested_branches(regs: &pt_regs) -> u64 {
    let choice = choice(regs);
    let value = if choice & 1 == 0 {
        if choice & 2 == 0 {
            regs.arg::<0>()
        } else {
            regs.arg::<1>()
        }
    } else if choice & 2 == 0 {
        regs.arg::<2>()
    } else {
        regs.stack_pointer()
    };
    value as u64
}

pub fn early_return(regs: &pt_regs) -> u64 {
    if choice(regs) == 1 {
        return regs.arg::<1>() as u64;
    }
    regs.arg::<2>() as u64
}

pub fn early_returns_in_a_row(regs: &pt_regs) -> u64 {
    let choice = choice(regs);
    if choice == 0 {
        return regs.arg::<0>() as u64;
    }
    if regs.arg::<1>() as usize == choice {
        return (regs.arg::<1>() as u64).wrapping_add(1);
    }
    if choice > 4 {
        return regs.return_value() as u64;
    }
    regs.arg::<2>() as u64
}

pub fn reassigned_in_a_branch(regs: &pt_regs) -> u64 {
    let mut value = regs.arg::<0>();
    if choice(regs) > 2 {
        value = regs.arg::<2>();
    }
    value as u64
}

pub fn added_in_a_branch(regs: &pt_regs) -> u64 {
    let mut sum;
    if choice(regs) & 1 == 0 {
        sum = regs.arg::<0>() as u64;
    } else {
        sum = regs.arg::<1>() as u64;
    }
    if choice(regs) & 2 == 0 {
        sum = sum.wrapping_add(regs.arg::<2>() as u64);
    }
    sum
}

pub fn swapped_pair(regs: &pt_regs) -> u64 {
    let (first, second) = if choice(regs) & 1 == 0 {
        (regs.arg::<0>(), regs.arg::<1>())
    } else {
        (regs.arg::<1>(), regs.arg::<0>())
    };
    mix(first as u64, second)
}

pub fn ordered_pair(regs: &pt_regs) -> u64 {
    let (low, high) = if regs.arg::<0>() < regs.arg::<1>() {
        (regs.arg::<0>(), regs.arg::<1>())
    } else {
        (regs.arg::<1>(), regs.arg::<0>())
    };
    mix(low as u64, high)
}

pub fn short_circuit(regs: &pt_regs) -> u64 {
    let third = choice(regs) as c_ulong;
    let found = regs.arg::<0>() == third || (regs.arg::<1>() > third && regs.arg::<2>() != third);
    u64::from(found)
}

pub fn compared_all_ways(regs: &pt_regs) -> u64 {
    let first = regs.arg::<0>() > regs.arg::<1>();
    let second = regs.arg::<1>() > choice(regs) as c_ulong;
    let value = match (first, second) {
        (true, true) => regs.arg::<0>(),
        (true, false) => regs.arg::<1>(),
        (false, true) => regs.arg::<2>(),
        (false, false) => regs.return_value(),
    };
    value as u64
}

pub fn same_work_in_both_branches(regs: &pt_regs) -> u64 {
    #[inline(always)]
    fn work(value: c_ulong) -> u64 {
        let value = value as u64;
        (value ^ (value >> 7))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(13)
    }
    if choice(regs) & 1 == 0 {
        work(regs.arg::<0>())
    } else {
        work(regs.arg::<2>())
    }
}

pub fn array_of_two(regs: &pt_regs) -> u64 {
    [regs.arg::<0>(), regs.arg::<1>()][choice(regs) & 1] as u64
}

pub fn array_at_run_time(regs: &pt_regs) -> u64 {
    let values = [
        regs.arg::<0>(),
        regs.arg::<1>(),
        regs.arg::<2>(),
        regs.return_value(),
    ];
    values[choice(regs) & 3] as u64
}

pub fn match_on_index(regs: &pt_regs) -> u64 {
    let value = match choice(regs) {
        0 => regs.arg::<0>(),
        1 => regs.arg::<1>(),
        2 => regs.arg::<2>(),
        _ => 0,
    };
    value as u64
}

pub fn match_with_a_read_by_default(regs: &pt_regs) -> u64 {
    let value = match choice(regs) {
        1 => regs.arg::<2>(),
        2 => regs.arg::<1>(),
        _ => regs.arg::<0>(),
    };
    value as u64
}

pub fn match_on_sparse_values(regs: &pt_regs) -> u64 {
    let value = match choice(regs) {
        2 => regs.arg::<0>(),
        7 => regs.arg::<1>(),
        1000 => regs.arg::<2>(),
        0x7fff_0000 => regs.return_value(),
        _ => regs.stack_pointer(),
    };
    value as u64
}

pub fn match_on_ranges(regs: &pt_regs) -> u64 {
    let value = match choice(regs) {
        0..=1 => regs.arg::<2>(),
        2..=3 => regs.arg::<1>(),
        4..=5 => regs.arg::<0>(),
        _ => regs.return_value(),
    };
    value as u64
}

pub fn match_with_scaled_reads(regs: &pt_regs) -> u64 {
    match choice(regs) & 3 {
        0 => (regs.arg::<0>() as u64).wrapping_mul(3),
        1 => (regs.arg::<1>() as u64).wrapping_mul(3),
        2 => (regs.arg::<2>() as u64).wrapping_mul(3),
        _ => (regs.return_value() as u64).wrapping_mul(3),
    }
}

pub fn match_on_two_values(regs: &pt_regs) -> u64 {
    let choice = choice(regs);
    let value = match (choice & 1, choice >> 1 & 1) {
        (0, 0) => regs.arg::<0>(),
        (0, _) => regs.arg::<1>(),
        (_, 0) => regs.arg::<1>(),
        (_, _) => regs.arg::<2>(),
    };
    value as u64
}

pub fn index_at_run_time(regs: &pt_regs) -> u64 {
    regs.arg_at(choice(regs))
        .map_or(u64::MAX, |value| value as u64)
}

pub fn index_beyond_the_last(regs: &pt_regs) -> u64 {
    regs.arg_at(choice(regs) + ARG_REGISTERS - 1)
        .map_or(u64::MAX, |value| value as u64)
}

pub fn two_indices_at_run_time(regs: &pt_regs) -> u64 {
    let first = regs.arg_at(choice(regs)).unwrap_or(1);
    let second = regs.arg_at(choice(regs) ^ 1).unwrap_or(2);
    mix(first as u64, second)
}

pub fn index_from_an_argument(regs: &pt_regs) -> u64 {
    let index = regs.arg_at(choice(regs)).unwrap_or(0) as usize;
    regs.arg_at(index).map_or(u64::MAX, |value| value as u64)
}

/// An offset that may be that of a slot.
#[inline(always)]
fn offset(number: usize) -> u16 {
    number.wrapping_mul(4) as u16
}

pub fn slot_at_run_time(regs: &pt_regs) -> u64 {
    match regs.slot_at(offset(choice(regs))) {
        Some(value) => value as u64,
        None => u64::MAX,
    }
}

pub fn slot_from_an_argument(regs: &pt_regs) -> u64 {
    let value = regs.slot_at(regs.arg::<0>() as u16);
    value.map_or(choice(regs) as u64, |value| value as u64)
}

pub fn two_slots_at_run_time(regs: &pt_regs) -> u64 {
    let first = regs.slot_at(offset(choice(regs))).unwrap_or(7);
    let second = regs.slot_at(offset(choice(regs) >> 1)).unwrap_or(9);
    mix(first as u64, second)
}

pub fn slots_in_a_loop(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    for number in 0..choice(regs).min(12) {
        match regs.slot_at(offset(number)) {
            Some(value) => sum = mix(sum, value),
            None => sum ^= 1,
        }
    }
    sum
}

pub fn slot_or_argument(regs: &pt_regs) -> u64 {
    let index = choice(regs);
    let value = regs
        .slot_at(offset(index))
        .or_else(|| regs.arg_at(index & 1));
    value.map_or(1, |value| value as u64)
}

pub fn slot_plus_scaled_slot(regs: &pt_regs) -> u64 {
    let index = choice(regs);
    let base = regs.slot_at(offset(index & 0xff)).unwrap_or(0) as u64;
    let scaled = match index & 1 {
        0 => regs.slot_at(offset(index & 0x1f)).unwrap_or(1) as u64,
        _ => 0,
    };
    base.wrapping_add(scaled << (index & 3))
}

pub fn loop_over_all(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    for index in 0..ARG_REGISTERS {
        if let Some(value) = regs.arg_at(index) {
            sum = mix(sum, value);
        }
    }
    sum
}

pub fn loop_with_break(regs: &pt_regs) -> u64 {
    let mut seen = 0;
    for index in 0..ARG_REGISTERS {
        let value = regs.arg_at(index).unwrap_or(0);
        if value as usize == choice(regs) {
            break;
        }
        seen = mix(seen, value);
    }
    seen
}

pub fn loop_with_run_time_bound(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    for index in 0..choice(regs).min(ARG_REGISTERS) {
        sum = mix(sum, regs.arg_at(index).unwrap_or(0));
    }
    sum
}

pub fn loop_downwards(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    for index in (0..ARG_REGISTERS).rev() {
        sum = mix(sum, regs.arg_at(index).unwrap_or(0));
    }
    sum
}

pub fn loop_with_a_stride(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    let mut index = choice(regs) & 1;
    while index < ARG_REGISTERS {
        sum = mix(sum, regs.arg_at(index).unwrap_or(0));
        index += 2;
    }
    sum
}

pub fn loop_rereading_one(regs: &pt_regs) -> u64 {
    let mut sum = 0;
    for _ in 0..choice(regs).min(4) {
        sum = mix(sum, regs.arg::<1>());
    }
    sum
}

pub fn loop_of_states(regs: &pt_regs) -> u64 {
    let mut state = choice(regs) & 3;
    let mut sum = 0;
    for _ in 0..6 {
        let (next, value) = match state {
            0 => (2, regs.arg::<0>()),
            1 => (3, regs.arg::<1>()),
            2 => (1, regs.arg::<2>()),
            _ => (0, regs.return_value()),
        };
        state = next;
        sum = mix(sum, value);
    }
    sum
}

pub fn loop_while_some(regs: &pt_regs) -> u64 {
    let mut index = choice(regs) & 1;
    let mut sum = 0;
    while let Some(value) = regs.arg_at(index) {
        sum = mix(sum, value);
        index += 1;
    }
    sum
}

pub fn iterator_sum(regs: &pt_regs) -> u64 {
    (0..ARG_REGISTERS)
        .filter_map(|index| regs.arg_at(index))
        .fold(7, mix)
}

pub fn iterator_position(regs: &pt_regs) -> u64 {
    let wanted = choice(regs) as c_ulong;
    let position = (0..ARG_REGISTERS).position(|index| regs.arg_at(index) == Some(wanted));
    position.map_or(u64::MAX, |index| index as u64)
}

pub fn iterator_max(regs: &pt_regs) -> u64 {
    let largest = (0..ARG_REGISTERS)
        .filter_map(|index| regs.arg_at(index))
        .max();
    largest.map_or(0, |value| value as u64)
}

pub fn iterator_zip(regs: &pt_regs) -> u64 {
    let forwards = (0..ARG_REGISTERS).filter_map(|index| regs.arg_at(index));
    let backwards = (0..ARG_REGISTERS)
        .rev()
        .filter_map(|index| regs.arg_at(index));
    forwards
        .zip(backwards)
        .fold(0, |sum, (a, b)| mix(mix(sum, a), b))
}

pub fn closure_with_a_branch(regs: &pt_regs) -> u64 {
    let read = |first: bool| {
        if first {
            regs.arg::<0>()
        } else {
            regs.arg::<1>()
        }
    };
    read(choice(regs) & 1 == 0) as u64
}

pub fn closure_called_twice(regs: &pt_regs) -> u64 {
    let read = |index: usize| {
        if index & 1 == 0 {
            regs.arg::<0>()
        } else {
            regs.arg::<2>()
        }
    };
    mix(read(choice(regs)) as u64, read(choice(regs) >> 1))
}

pub fn closure_passed_on(regs: &pt_regs) -> u64 {
    fn either(first: bool, a: impl Fn() -> c_ulong, b: impl Fn() -> c_ulong) -> c_ulong {
        if first { a() } else { b() }
    }
    either(
        choice(regs) & 1 == 0,
        || regs.arg::<1>(),
        || regs.arg::<2>(),
    ) as u64
}

pub fn generic_over_one(regs: &pt_regs) -> u64 {
    fn low_half<const N: usize>(regs: &pt_regs) -> u64
    where
        pt_regs: Argument<N, ARG_REGISTERS>,
    {
        (regs.arg::<N>() as u64) & 0xffff
    }
    match choice(regs) & 3 {
        0 => low_half::<0>(regs),
        1 => low_half::<1>(regs),
        _ => low_half::<2>(regs),
    }
}

pub fn generic_over_two(regs: &pt_regs) -> u64 {
    fn either<const A: usize, const B: usize>(regs: &pt_regs, first: bool) -> c_ulong
    where
        pt_regs: Argument<A, ARG_REGISTERS> + Argument<B, ARG_REGISTERS>,
    {
        if first {
            regs.arg::<A>()
        } else {
            regs.arg::<B>()
        }
    }
    let choice = choice(regs);
    mix(
        either::<0, 2>(regs, choice & 1 == 0) as u64,
        either::<1, 0>(regs, choice & 2 == 0),
    )
}

pub fn generic_over_a_trait(regs: &pt_regs) -> u64 {
    trait Source {
        fn read(&self, regs: &pt_regs) -> c_ulong;
    }
    struct First;
    struct Last;
    impl Source for First {
        fn read(&self, regs: &pt_regs) -> c_ulong {
            regs.arg::<0>()
        }
    }
    impl Source for Last {
        fn read(&self, regs: &pt_regs) -> c_ulong {
            regs.arg_at(ARG_REGISTERS - 1).unwrap_or(0)
        }
    }
    fn read(regs: &pt_regs, source: impl Source) -> u64 {
        mix(1, source.read(regs))
    }
    if choice(regs) & 1 == 0 {
        read(regs, First)
    } else {
        read(regs, Last)
    }
}

pub fn method_of_a_wrapper(regs: &pt_regs) -> u64 {
    struct Call<'a> {
        regs: &'a pt_regs,
        writes: bool,
    }
    impl Call<'_> {
        fn length(&self) -> c_ulong {
            if self.writes {
                self.regs.arg::<1>()
            } else {
                self.regs.arg::<2>()
            }
        }
    }
    let call = Call {
        regs,
        writes: choice(regs) & 1 == 0,
    };
    mix(call.length() as u64, call.regs.arg::<0>())
}

pub fn helper_not_inlined(regs: &pt_regs) -> u64 {
    #[inline(never)]
    fn second(regs: &pt_regs) -> u64 {
        mix(2, regs.arg::<1>())
    }
    second(regs)
}

pub fn helper_not_inlined_with_a_branch(regs: &pt_regs) -> u64 {
    #[inline(never)]
    fn either(regs: &pt_regs, first: bool) -> u64 {
        let value = if first {
            regs.arg::<0>()
        } else {
            regs.arg::<2>()
        };
        mix(3, value)
    }
    either(regs, choice(regs) & 1 == 0)
}

pub fn helper_not_inlined_with_an_index(regs: &pt_regs) -> u64 {
    #[inline(never)]
    fn at(regs: &pt_regs, index: usize) -> u64 {
        regs.arg_at(index).map_or(5, |value| value as u64)
    }
    mix(at(regs, choice(regs)), at(regs, 1) as c_ulong)
}

pub fn helpers_not_inlined_nested(regs: &pt_regs) -> u64 {
    #[inline(never)]
    fn inner(regs: &pt_regs, index: usize) -> u64 {
        match index {
            0 => regs.arg::<0>() as u64,
            1 => regs.arg::<1>() as u64,
            _ => regs.return_value() as u64,
        }
    }
    #[inline(never)]
    fn outer(regs: &pt_regs, index: usize) -> u64 {
        if index > 3 {
            inner(regs, index - 3)
        } else {
            mix(inner(regs, index), regs.arg::<2>())
        }
    }
    outer(regs, choice(regs))
}

pub fn helper_not_inlined_with_two_callers(regs: &pt_regs) -> u64 {
    #[inline(never)]
    fn pair(regs: &pt_regs, seed: u64) -> u64 {
        mix(mix(seed, regs.arg::<0>()), regs.arg::<1>())
    }
    let choice = choice(regs) as u64;
    if choice & 1 == 0 {
        pair(regs, choice)
    } else {
        pair(regs, 1).wrapping_mul(choice)
    }
}

pub fn option_or_else(regs: &pt_regs) -> u64 {
    let value = regs
        .arg_at(choice(regs))
        .or_else(|| regs.arg_at(0))
        .unwrap_or_default();
    value as u64
}

pub fn option_and_then(regs: &pt_regs) -> u64 {
    let value = regs
        .arg_at(choice(regs))
        .and_then(|value| regs.arg_at(value as usize & 3))
        .map_or(u64::MAX, |value| value as u64);
    value
}

pub fn option_filter(regs: &pt_regs) -> u64 {
    let value = regs
        .arg_at(choice(regs))
        .filter(|&value| value & 1 == 0)
        .unwrap_or_else(|| regs.arg::<2>());
    value as u64
}

pub fn option_zip(regs: &pt_regs) -> u64 {
    let pair = regs.arg_at(choice(regs)).zip(regs.arg_at(choice(regs) + 1));
    pair.map_or(u64::MAX, |(a, b)| mix(a as u64, b))
}

pub fn option_question_mark(regs: &pt_regs) -> u64 {
    fn pair(regs: &pt_regs) -> Option<u64> {
        let first = regs.arg_at(choice(regs))?;
        let second = regs.arg_at(choice(regs) + 2)?;
        Some(mix(first as u64, second))
    }
    pair(regs).unwrap_or_else(|| regs.arg::<0>() as u64)
}

pub fn result_of_option(regs: &pt_regs) -> u64 {
    let value = regs.arg_at(choice(regs)).ok_or_else(|| regs.return_value());
    match value {
        Ok(value) => mix(1, value),
        Err(value) => mix(2, value),
    }
}

pub fn narrowed_to_u8(regs: &pt_regs) -> u64 {
    u64::from(regs.arg::<0>() as u8)
}

pub fn narrowed_to_u16(regs: &pt_regs) -> u64 {
    u64::from(regs.arg::<0>() as u16)
}

pub fn narrowed_to_u32(regs: &pt_regs) -> u64 {
    u64::from(regs.arg::<0>() as u32)
}

pub fn narrowed_all_ways(regs: &pt_regs) -> u64 {
    let byte = regs.arg::<1>() as u8;
    let short = regs.arg::<1>() as u16;
    let word = regs.arg::<1>() as u32;
    (u64::from(byte) + u64::from(short) + u64::from(word)).wrapping_add(regs.arg::<1>() as u64)
}

pub fn narrowed_in_branches(regs: &pt_regs) -> u64 {
    match choice(regs) & 3 {
        0 => u64::from(regs.arg::<0>() as u8),
        1 => u64::from(regs.arg::<0>() as u16),
        2 => u64::from(regs.arg::<1>() as u32),
        _ => u64::from(regs.arg::<1>() as u8),
    }
}

pub fn sign_extended(regs: &pt_regs) -> u64 {
    i64::from(regs.arg::<0>() as i32) as u64 ^ i64::from(regs.arg::<1>() as i8) as u64
}

pub fn shifted_down(regs: &pt_regs) -> u64 {
    (regs.arg::<0>() as u64 >> 16) & 0xff
}

pub fn masked_bits(regs: &pt_regs) -> u64 {
    let mask = if choice(regs) & 1 == 0 {
        0xff00
    } else {
        0x00ff
    };
    (regs.arg::<0>() & mask) as u64 | (regs.arg::<1>() as u64 & 0xffff_ffff)
}

pub fn tested_bit(regs: &pt_regs) -> u64 {
    if regs.arg::<0>() & 0x40 != 0 {
        regs.arg::<1>() as u64
    } else {
        regs.arg::<2>() as u64
    }
}

pub fn truth_of_a_byte(regs: &pt_regs) -> u64 {
    u64::from(regs.arg::<0>() as u8 != 0) + 2 * u64::from(regs.arg::<1>() as u16 == 0)
}

pub fn every_role(regs: &pt_regs) -> u64 {
    let mut sum = (0..ARG_REGISTERS)
        .filter_map(|index| regs.arg_at(index))
        .fold(0, mix);
    sum = mix(sum, regs.syscall_arg::<0>());
    sum = mix(sum, regs.syscall_arg::<3>());
    sum = mix(sum, regs.syscall_arg::<5>());
    sum = mix(sum, regs.syscall_number());
    sum = mix(sum, regs.return_value());
    sum = mix(sum, regs.instruction_pointer());
    sum = mix(sum, regs.stack_pointer());
    sum = mix(sum, regs.frame_pointer().unwrap_or(3));
    let (ReturnAddress::Register(address) | ReturnAddress::Stack(address)) = regs.return_address();
    sum = mix(sum, address);
    mix(sum, regs.stack_arg_address_at(ARG_REGISTERS).unwrap_or(4))
}

pub fn role_at_run_time(regs: &pt_regs) -> u64 {
    let value = match choice(regs) {
        0 => regs.return_value(),
        1 => regs.stack_pointer(),
        2 => regs.frame_pointer().unwrap_or(1),
        3 => regs.syscall_number(),
        4 => regs.syscall_arg::<1>(),
        5 => regs.arg::<2>(),
        _ => regs.instruction_pointer(),
    };
    value as u64
}

pub fn return_address_of_either_kind(regs: &pt_regs) -> u64 {
    if choice(regs) & 1 == 0 {
        return regs.return_value() as u64;
    }
    match regs.return_address() {
        ReturnAddress::Register(address) => mix(1, address),
        ReturnAddress::Stack(address) => mix(2, address),
    }
}

pub fn frame_pointer_or_stack_pointer(regs: &pt_regs) -> u64 {
    let frame = if choice(regs) & 1 == 0 {
        regs.frame_pointer()
    } else {
        None
    };
    frame.unwrap_or_else(|| regs.stack_pointer()) as u64
}

pub fn syscall_switch(regs: &pt_regs) -> u64 {
    let value = match regs.syscall_number() {
        0 | 1 => regs.syscall_arg::<2>(),
        2 => regs.syscall_arg::<0>(),
        9 => regs.syscall_arg::<5>(),
        42 => regs.syscall_arg::<1>(),
        257 => regs.syscall_arg::<3>(),
        number if number > 300 => regs.syscall_arg::<4>(),
        number => number,
    };
    value as u64
}

pub fn syscall_argument_in_branches(regs: &pt_regs) -> u64 {
    let value = if choice(regs) & 1 == 0 {
        regs.syscall_arg::<0>()
    } else {
        regs.syscall_arg::<4>()
    };
    value as u64
}

pub fn syscall_and_function_argument(regs: &pt_regs) -> u64 {
    let value = match choice(regs) & 3 {
        0 => regs.syscall_arg::<0>(),
        1 => regs.arg::<0>(),
        2 => regs.syscall_arg::<3>(),
        _ => regs.arg_at(3).unwrap_or(6),
    };
    value as u64
}

pub fn stack_argument_at_run_time(regs: &pt_regs) -> u64 {
    let index = choice(regs);
    let value = regs
        .arg_at(index)
        .or_else(|| regs.stack_arg_address_at(index));
    value.unwrap_or(0) as u64
}

pub fn stack_nearly_full(regs: &pt_regs) -> u64 {
    let mut slots = [0_u64; 56];
    let choice = choice(regs);
    for (index, slot) in slots.iter_mut().enumerate() {
        let value = if index & 1 == 0 {
            regs.arg::<0>()
        } else {
            regs.arg::<1>()
        };
        *slot = value as u64 ^ index as u64;
    }
    let last = if choice < 56 {
        slots[choice]
    } else {
        regs.arg::<2>() as u64
    };
    slots
        .iter()
        .fold(last, |sum, slot| sum.wrapping_mul(31).wrapping_add(*slot))
}

pub fn stack_of_all_arguments(regs: &pt_regs) -> u64 {
    let mut values = [0; ARG_REGISTERS];
    for (index, value) in values.iter_mut().enumerate() {
        *value = regs.arg_at(index).unwrap_or(0);
    }
    values
        .get(choice(regs))
        .map_or(u64::MAX, |value| *value as u64)
}

pub fn after_a_helper(regs: &pt_regs) -> u64 {
    let id = pid_tgid();
    let value = if id & 1 == 0 {
        regs.arg::<0>()
    } else {
        regs.arg::<1>()
    };
    mix(id, value)
}

pub fn around_a_helper(regs: &pt_regs) -> u64 {
    let before = regs.arg_at(choice(regs)).unwrap_or(0);
    let id = pid_tgid();
    let after = regs.arg_at(id as usize & 3).unwrap_or(0);
    mix(mix(id, before), after)
}

pub fn branch_on_a_helper(regs: &pt_regs) -> u64 {
    let value = match pid_tgid() as u32 {
        0 => regs.arg::<0>(),
        1..=999 => regs.arg::<1>(),
        1000..=9999 => regs.arg::<2>(),
        _ => regs.return_value(),
    };
    value as u64
}

pub fn helper_in_both_branches(regs: &pt_regs) -> u64 {
    if choice(regs) & 1 == 0 {
        let id = pid_tgid();
        mix(id, regs.arg::<0>())
    } else {
        let id = pid_tgid();
        mix(id, regs.arg::<2>())
    }
}

pub fn string_argument(regs: &pt_regs) -> u64 {
    let mut name = [0; 64];
    let length = read_user_str(&mut name, regs.arg::<1>());
    if length > 0 { u64::from(name[0]) } else { 0 }
}

pub fn string_argument_of_either(regs: &pt_regs) -> u64 {
    let mut name = [0; 64];
    let address = if choice(regs) & 1 == 0 {
        regs.arg::<0>()
    } else {
        regs.arg::<1>()
    };
    let length = read_user_str(&mut name, address);
    mix(length as u64, regs.arg::<2>())
}

pub fn copied_registers(regs: &pt_regs) -> u64 {
    let Some(syscall) = read_kernel::<pt_regs>(regs.arg::<0>()) else {
        return 0;
    };
    let value = match syscall.syscall_number() {
        0 => syscall.syscall_arg::<1>(),
        1 => syscall.syscall_arg::<2>(),
        _ => syscall.syscall_arg::<0>(),
    };
    value as u64
}

pub fn ctx_or_copied_registers(regs: &pt_regs) -> u64 {
    let copy = read_kernel::<pt_regs>(regs.arg::<0>()).unwrap_or_default();
    let value = if choice(regs) & 1 == 0 {
        regs.arg::<1>()
    } else {
        copy.arg::<1>()
    };
    value as u64
}
