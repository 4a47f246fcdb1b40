//! Programs that watch functions of Go.

use core::hint::black_box;

use probe_abi::{
    Entry, Go, GoAny, GoError, GoInt, GoInterface, GoSlice, GoString, GoStruct, GoUint, Ptr,
    Return, c_void,
    go::{InRegisters, OnStack, Release},
    prototype,
};

probes! {
    typed_go_parameters typed_go_parameters_of_old typed_go_either_release typed_go_either_branch typed_go_on_the_stack typed_go_match
    typed_go_text typed_go_text_of_either typed_go_elements typed_go_element typed_go_struct typed_go_array typed_go_interface
    typed_go_results typed_go_results_of_old typed_go_same_twice typed_go_not_inlined typed_go_goroutine typed_go_nothing
}

/// If the machine has argument registers, some parameters are in registers. The last ones are not.
type Mixed<R> = Go<
    fn(
        Ptr<c_void>,
        GoString,
        i8,
        GoSlice<u32>,
        GoStruct<(bool, GoString)>,
        [u16; 3],
        GoInt,
        GoSlice<u8>,
        u64,
    ) -> (GoInt, GoString, [i64; 2], GoError),
    R,
>;

prototype! {
    struct Kept(Go<fn(kept: GoInterface, any: GoAny, number: GoUint)>);
}

/// The release is only known when the program runs.
enum AtRunTime {}

impl Release for AtRunTime {
    #[inline(always)]
    fn has_registers(since: Option<u16>) -> bool {
        match since {
            Some(since) => black_box(since) > 20,
            None => false,
        }
    }
}

#[inline(always)]
fn mixed<'ctx, R: Release>(ctx: *const c_void) -> &'ctx Entry<Mixed<R>> {
    // SAFETY: a probe program's only argument is its ctx.
    unsafe { Entry::from_ctx(ctx) }
}

#[inline(always)]
fn left<'ctx, R: Release>(ctx: *const c_void) -> &'ctx Return<Mixed<R>> {
    // SAFETY: the same.
    unsafe { Return::at_ret(ctx) }
}

/// A number for the value that was read.
#[inline(always)]
fn of(read: Result<u64, i32>) -> u64 {
    read.unwrap_or_else(|error| error as u64)
}

#[inline(always)]
fn sum<R: Release>(call: &Entry<Mixed<R>>) -> Result<u64, i32> {
    let text = call.read_arg::<1>()?;
    let (flag, name) = call.read_arg::<4>()?;
    let [a, b, c] = call.read_arg::<5>()?;
    let rest = call.read_arg::<7>()?;
    Ok(u64::from(call.read_arg::<0>()?.address())
        .wrapping_mul(3)
        .wrapping_add(u64::from(text.length))
        .wrapping_add(call.read_arg::<2>()? as u64)
        .wrapping_add(u64::from(call.read_arg::<3>()?.capacity))
        .wrapping_add(if flag { name.length.into() } else { 7 })
        .wrapping_add(u64::from(a ^ b ^ c))
        .wrapping_add(call.read_arg::<6>()? as u64)
        .wrapping_add(rest.data.address().into())
        .wrapping_add(call.read_arg::<8>()?))
}

fn typed_go_parameters(ctx: *const c_void) -> u64 {
    of(sum(mixed::<InRegisters>(ctx)))
}

fn typed_go_parameters_of_old(ctx: *const c_void) -> u64 {
    of(sum(mixed::<OnStack>(ctx)))
}

fn typed_go_either_release(ctx: *const c_void) -> u64 {
    of(sum(mixed::<AtRunTime>(ctx)))
}

fn typed_go_either_branch(ctx: *const c_void) -> u64 {
    let call = mixed::<InRegisters>(ctx);
    let text = if call.read_arg::<2>().unwrap_or(0) < 0 {
        call.read_arg::<1>()
    } else {
        call.read_arg::<4>().map(|(_, name)| name)
    };
    of(text.map(|text| text.length.into()))
}

fn typed_go_on_the_stack(ctx: *const c_void) -> u64 {
    let call = mixed::<InRegisters>(ctx);
    match call.read_arg::<8>() {
        Ok(wide) if wide > 100 => of(call.read_arg::<5>().map(|all| all[1].into())),
        Ok(wide) => wide,
        Err(error) => error as u64,
    }
}

fn typed_go_match(ctx: *const c_void) -> u64 {
    let call = mixed::<AtRunTime>(ctx);
    match (call.read_arg::<0>(), call.read_arg::<6>()) {
        (Ok(receiver), Ok(number)) if receiver.is_null() => number as u64,
        (Ok(receiver), Ok(_)) => receiver.address().into(),
        (Err(error), _) | (_, Err(error)) => error as u64,
    }
}

#[inline(always)]
fn letters(text: GoString) -> Result<u64, i32> {
    let mut letters = [0; 48];
    let length = text.read_user(&mut letters)?;
    Ok(length as u64 ^ u64::from(letters[0]) ^ u64::from(letters[47]))
}

fn typed_go_text(ctx: *const c_void) -> u64 {
    of(mixed::<InRegisters>(ctx).read_arg::<1>().and_then(letters))
}

fn typed_go_text_of_either(ctx: *const c_void) -> u64 {
    of(mixed::<AtRunTime>(ctx).read_arg::<1>().and_then(letters))
}

fn typed_go_elements(ctx: *const c_void) -> u64 {
    let mut all = [0; 8];
    let read = mixed::<InRegisters>(ctx).read_arg::<3>();
    let count = read.and_then(|slice| slice.read_user(&mut all));
    of(count.map(|count| count as u64 ^ u64::from(all[7])))
}

fn typed_go_element(ctx: *const c_void) -> u64 {
    let call = mixed::<InRegisters>(ctx);
    let element = |index: usize| match call.read_arg::<3>()?.get(index) {
        Some(element) => element.read_user(),
        None => Err(1),
    };
    let index = call.read_arg::<6>().unwrap_or(0) as usize;
    of(element(index).or(element(2)).map(u64::from))
}

fn typed_go_struct(ctx: *const c_void) -> u64 {
    let read = mixed::<InRegisters>(ctx).read_arg::<4>();
    of(read.and_then(|(flag, name)| if flag { letters(name) } else { Ok(1) }))
}

fn typed_go_array(ctx: *const c_void) -> u64 {
    let read = mixed::<InRegisters>(ctx).read_arg::<5>();
    of(read.map(|all| all.into_iter().map(u64::from).sum()))
}

fn typed_go_interface(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let call = unsafe { Kept::entry(ctx) }.read();
    let read = || {
        let (kept, any) = (call.kept()?, call.any()?);
        let of_type = if kept.is_nil() { any.type_word } else { kept.read_type_user()? };
        Ok(u64::from(of_type.address()) ^ u64::from(call.number()?))
    };
    of(read())
}

#[inline(always)]
fn outcome<R: Release>(returned: &Return<Mixed<R>>) -> Result<u64, i32> {
    if !returned.read_result::<3>()?.is_nil() {
        return Ok(1);
    }
    let [first, last] = returned.read_result_above::<2>(16)?;
    let text = returned.read_result::<1>()?;
    let number = returned.read_result::<0>()? ^ first as GoInt ^ last as GoInt;
    Ok(letters(text)?.wrapping_add(number as u64))
}

fn typed_go_results(ctx: *const c_void) -> u64 {
    of(outcome(left::<InRegisters>(ctx)))
}

fn typed_go_results_of_old(ctx: *const c_void) -> u64 {
    of(outcome(left::<AtRunTime>(ctx)))
}

fn typed_go_same_twice(ctx: *const c_void) -> u64 {
    let call = mixed::<AtRunTime>(ctx);
    let once = call.read_arg::<1>().map_or(0, |text| text.length.into());
    let twice: u64 = call.read_arg::<1>().map_or(1, |text| text.data.address().into());
    twice.wrapping_sub(once)
}

#[inline(never)]
fn length(call: &Entry<Mixed<InRegisters>>) -> u64 {
    of(call.read_arg::<1>().map(|text| text.length.into()))
}

fn typed_go_not_inlined(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    if black_box(1) == 1 { length(call) } else { length(call).wrapping_add(1) }
}

fn typed_go_goroutine(ctx: *const c_void) -> u64 {
    let call = mixed::<AtRunTime>(ctx);
    let returned = left::<InRegisters>(ctx);
    of(call
        .read_goroutine_id(152)
        .or_else(|_| returned.read_goroutine_id(160)))
}

fn typed_go_nothing(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let call = unsafe { Entry::<Go<fn()>>::from_ctx(ctx) };
    call.regs().instruction_pointer().into()
}
