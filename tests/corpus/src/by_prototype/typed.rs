//! Programs that are written with the prototype of the function that they watch.

use core::hint::black_box;

use probe_abi::{
    Entry, Kernel, PassedAs, Ptr, Return, User, c_char, c_int, c_long, c_short, c_uint, c_ulong,
    c_void, prototype, size_t,
};

probes! {
    typed_either_branch typed_of_two_widths typed_match typed_match_with_the_stack typed_loop
    typed_sum_of_all typed_all_or_nothing typed_option typed_filtered typed_with_a_default
    typed_closures typed_closure_of_a_branch typed_generic typed_not_inlined typed_not_inlined_with_a_branch
    typed_in_an_array typed_beside_registers typed_same_twice typed_same_in_two_widths
    typed_path typed_path_of_either typed_struct typed_elements typed_field typed_pointer_chain
    typed_return_address typed_return_value typed_return_of_a_pointer typed_negative
    typed_entry_or_return typed_kernel typed_kernel_or_user typed_enum typed_variadic typed_nothing
}

prototype! {
    /// On every machine except x86 some of these are in registers. On every machine some are on the stack.
    struct Mixed(User<unsafe extern "C" fn(
        fd: c_int, path: *const c_char, small: c_short, offset: i64, letter: c_char, count: size_t, wide: u64,
        flag: bool, last_but_three: c_uint, far: i64, byte: u8, end: *mut c_void
    ) -> c_long>);

    struct Vfs(Kernel<unsafe extern "C" fn(file: *const File, buffer: *mut c_char, count: size_t) -> c_int>);

    struct Printf(User<unsafe extern "C" fn(format: *const c_char, ...) -> c_int>);

    struct Account(User<unsafe extern "C" fn(kind: Kind, bytes: u64) -> *mut c_void>);
}

#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub struct Kind(c_uint);

// SAFETY: it is one `unsigned int`.
unsafe impl PassedAs for Kind {
    type As = c_uint;
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct File {
    name: Ptr<c_char>,
    next: Ptr<File>,
    flags: c_uint,
    mode: c_uint,
}

// SAFETY: it has integers and pointers.
unsafe impl probe_abi::AnyBitPattern for File {}

#[inline(always)]
fn mixed<'ctx>(ctx: *const c_void) -> &'ctx Mixed {
    // SAFETY: a probe program's only argument is its ctx.
    unsafe { Mixed::entry(ctx) }
}

/// A value that is only known when the program runs, and that is not an argument.
#[inline(always)]
fn choice(call: &Mixed) -> usize {
    call.regs().instruction_pointer() as usize
}

#[inline(always)]
fn mix(seed: u64, value: u64) -> u64 {
    seed.wrapping_mul(31).wrapping_add(value)
}

#[inline(always)]
fn or_error<T: Into<i64>>(value: Result<T, i32>) -> u64 {
    match value {
        Ok(value) => value.into() as u64,
        Err(error) => error as u64,
    }
}

fn typed_either_branch(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let value = if choice(call) == 0 {
        call.read().fd()
    } else {
        call.read().small().map(c_int::from)
    };
    or_error(value)
}

fn typed_of_two_widths(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    if choice(call) & 1 == 0 {
        or_error(call.read().letter().map(i64::from))
    } else {
        or_error(call.read().offset())
    }
}

fn typed_match(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let value = match choice(call) {
        0 => call.read().fd().map(i64::from),
        1 => call.read().offset(),
        2 => call.read().small().map(i64::from),
        7 => call.read().letter().map(i64::from),
        _ => Ok(0),
    };
    or_error(value)
}

fn typed_match_with_the_stack(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    match choice(call) & 3 {
        0 => or_error(call.read().fd()),
        1 => or_error(call.read().far()),
        2 => or_error(call.read().byte()),
        _ => call.read().wide().unwrap_or(3),
    }
}

fn typed_loop(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let mut sum = 0;
    for _ in 0..choice(call).min(4) {
        sum = mix(sum, call.read().count().map_or(1, |count| count as u64));
        sum = mix(sum, or_error(call.read().fd()));
    }
    sum
}

fn typed_sum_of_all(ctx: *const c_void) -> u64 {
    let call = mixed(ctx).read();
    let mut sum = or_error(call.fd());
    sum = mix(sum, call.path().map_or(1, |path| path.address() as u64));
    sum = mix(sum, or_error(call.small()));
    sum = mix(sum, or_error(call.offset()));
    sum = mix(sum, or_error(call.letter()));
    sum = mix(sum, call.count().map_or(2, |count| count as u64));
    sum = mix(sum, call.wide().unwrap_or(3));
    sum = mix(sum, or_error(call.flag().map(i64::from)));
    sum = mix(sum, or_error(call.last_but_three()));
    sum = mix(sum, or_error(call.far()));
    sum = mix(sum, or_error(call.byte()));
    mix(sum, call.end().map_or(4, |end| end.address() as u64))
}

#[inline(always)]
fn all_of(call: &Mixed) -> Result<u64, i32> {
    let call = call.read();
    let sum = mix(call.fd()? as u64, call.small()? as u64);
    let sum = mix(mix(sum, call.offset()? as u64), call.far()? as u64);
    Ok(mix(
        mix(sum, u64::from(call.flag()?)),
        u64::from(call.byte()?),
    ))
}

fn typed_all_or_nothing(ctx: *const c_void) -> u64 {
    match all_of(mixed(ctx)) {
        Ok(sum) => sum,
        Err(error) => error as u64,
    }
}

fn typed_option(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let path = call.read().path().ok();
    path.map_or(u64::MAX, |path| path.address() as u64)
}

fn typed_filtered(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    match call.read().fd() {
        Ok(fd) if fd >= 0 => fd as u64,
        _ => or_error(call.read().small()),
    }
}

fn typed_with_a_default(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let fd = call.read().fd().unwrap_or(-1);
    mix(fd as u64, or_error(call.read().fd()))
}

fn typed_closures(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let first = || or_error(call.read().fd());
    let second = || call.read().wide().unwrap_or(0);
    if choice(call) & 1 == 0 {
        first()
    } else {
        second()
    }
}

fn typed_closure_of_a_branch(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let read = |first: bool| match first {
        true => call.read().offset(),
        false => call.read().far(),
    };
    mix(
        or_error(read(choice(call) & 1 == 0)),
        or_error(read(choice(call) & 2 == 0)),
    )
}

fn typed_generic(ctx: *const c_void) -> u64 {
    use probe_abi::call::HasParameter;

    #[inline(always)]
    fn low<C: HasParameter<N, Value: Into<i64>>, const N: usize>(call: &Entry<C>) -> u64 {
        or_error(call.read_arg::<N>()) & 0xffff
    }
    let call = mixed(ctx);
    match choice(call) & 1 {
        0 => low::<_, 0>(call),
        _ => low::<_, 2>(call),
    }
}

fn typed_not_inlined(ctx: *const c_void) -> u64 {
    #[inline(never)]
    fn sum(call: &Mixed) -> u64 {
        mix(or_error(call.read().fd()), or_error(call.read().far()))
    }
    let call = mixed(ctx);
    mix(sum(call), or_error(call.read().byte()))
}

fn typed_not_inlined_with_a_branch(ctx: *const c_void) -> u64 {
    #[inline(never)]
    fn either(call: &Mixed, first: bool) -> u64 {
        match first {
            true => or_error(call.read().small()),
            false => or_error(call.read().letter().map(i64::from)),
        }
    }
    let call = mixed(ctx);
    mix(either(call, true), either(call, choice(call) & 1 == 0))
}

fn typed_in_an_array(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let values = [
        or_error(call.read().fd()),
        or_error(call.read().small()),
        or_error(call.read().offset()),
        or_error(call.read().far()),
    ];
    values[choice(call) & 3]
}

fn typed_beside_registers(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let regs = call.regs();
    let value = match choice(call) & 1 {
        0 => regs.stack_pointer() as u64,
        _ => or_error(call.read().fd()),
    };
    mix(
        value,
        regs.arg_at(choice(call)).map_or(1, |value| value as u64),
    )
}

fn typed_same_twice(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let first = or_error(call.read().small());
    let again = if first & 1 == 0 {
        or_error(call.read().small())
    } else {
        5
    };
    mix(first, again)
}

fn typed_same_in_two_widths(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let whole = call.regs().user_code().arg_at(0).unwrap_or(0) as u64;
    let narrow = or_error(call.read().fd());
    if whole > narrow { whole } else { narrow }
}

#[inline(always)]
fn length(path: Ptr<c_char>) -> Result<u64, i32> {
    let mut text = [0; 32];
    let length = path.read_user_str(&mut text)?;
    Ok(mix(length as u64, u64::from(black_box(text)[0])))
}

fn typed_path(ctx: *const c_void) -> u64 {
    let path = mixed(ctx).read().path();
    path.and_then(length).unwrap_or(0)
}

fn typed_path_of_either(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let path = match choice(call) & 1 {
        0 => call.read().path(),
        _ => call.read().end().map(Ptr::cast),
    };
    path.and_then(length).unwrap_or(0)
}

#[inline(always)]
fn vfs<'ctx>(ctx: *const c_void) -> &'ctx Vfs {
    // SAFETY: a probe program's only argument is its ctx.
    unsafe { Vfs::entry(ctx) }
}

fn typed_struct(ctx: *const c_void) -> u64 {
    let Ok(file) = vfs(ctx).file().read_kernel() else {
        return 1;
    };
    mix(file.flags.into(), file.mode.into())
}

fn typed_elements(ctx: *const c_void) -> u64 {
    let call = vfs(ctx);
    let mut sum = 0;
    for index in 0..8 {
        if index >= call.count() as usize {
            break;
        }
        match call.buffer().cast::<u16>().wrapping_add(index).read_user() {
            Ok(value) => sum = mix(sum, value.into()),
            Err(_) => break,
        }
    }
    sum
}

fn typed_field(ctx: *const c_void) -> u64 {
    let file = vfs(ctx).file();
    let mode = file
        .wrapping_byte_add(core::mem::offset_of!(File, mode))
        .cast::<c_uint>();
    mode.read_kernel().map_or(0, u64::from)
}

fn typed_pointer_chain(ctx: *const c_void) -> u64 {
    let mut file = vfs(ctx).file();
    let mut last = 0;
    for _ in 0..5 {
        let Ok(value) = file.read_kernel() else { break };
        last = value.flags.into();
        if value.next.is_null() {
            break;
        }
        file = value.next;
    }
    last
}

fn typed_return_address(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    let address = match choice(call) & 1 {
        0 => call.read_return_address(),
        _ => call.regs().return_address().read_user(),
    };
    address.map_or(0, |address| address as u64)
}

fn typed_return_value(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let returned = unsafe { Mixed::returned(ctx) };
    let value: c_long = returned.value();
    if value < 0 {
        (value as u64).wrapping_neg()
    } else {
        1
    }
}

fn typed_return_of_a_pointer(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let block = unsafe { Account::returned(ctx) }.value();
    if block.is_null() {
        return 0;
    }
    block.cast::<u64>().read_user().unwrap_or(1)
}

fn typed_negative(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let error = unsafe { Vfs::returned(ctx) }.value();
    match error {
        -100..0 => error.unsigned_abs().into(),
        _ => 0,
    }
}

fn typed_entry_or_return(ctx: *const c_void) -> u64 {
    type Open = Kernel<unsafe extern "C" fn(c_int, c_ulong) -> c_int>;

    // A program that runs at the entry and at the return asks the kernel where it is. This program asks a register.
    // SAFETY: a probe program's only argument is its ctx.
    let call = unsafe { Entry::<Open>::from_ctx(ctx) };
    if call.regs().instruction_pointer() & 1 == 0 {
        mix(call.arg::<0>() as u64, call.arg::<1>() as u64)
    } else {
        // SAFETY: the same.
        unsafe { Return::<Open>::from_ctx(ctx) }.value() as u64
    }
}

fn typed_kernel(ctx: *const c_void) -> u64 {
    let call = vfs(ctx);
    let value = if call.count() > 3 {
        call.file().address()
    } else {
        call.buffer().address()
    };
    value as u64
}

fn typed_kernel_or_user(ctx: *const c_void) -> u64 {
    let call = mixed(ctx);
    match choice(call) & 1 {
        0 => or_error(call.read().fd()),
        _ => vfs(ctx).count() as u64,
    }
}

fn typed_enum(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let call = unsafe { Account::entry(ctx) }.read();
    match (call.kind(), call.bytes()) {
        (Ok(Kind(1)), Ok(bytes)) => bytes,
        (Ok(Kind(other)), _) => other.into(),
        (Err(error), _) => error as u64,
    }
}

fn typed_variadic(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let format = unsafe { Printf::entry(ctx) }.read().format();
    format
        .and_then(|format| format.cast::<u8>().read_user())
        .map_or(0, u64::from)
}

fn typed_nothing(ctx: *const c_void) -> u64 {
    // SAFETY: a probe program's only argument is its ctx.
    let call = unsafe { Entry::<User<unsafe extern "C" fn()>>::from_ctx(ctx) };
    call.regs().stack_pointer() as u64
}
