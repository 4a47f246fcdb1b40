//! A uprobe on `int submit(const struct transfer *transfer)`: it reads the struct that the pointer points to, with
//! types that bindgen generates from include/transfer.h.

// For a BPF program. The tests are programs of your computer: see the end.
#![cfg_attr(not(test), no_std, no_main)]

use core::mem::zeroed;

use probe_abi::{User, c_int, prototype, pt_regs};

/// The machine's types: see build.rs.
#[allow(dead_code, nonstandard_style)]
mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

use types::transfer;

prototype! {
    /// The probed function.
    struct Submit(User<unsafe extern "C" fn(transfer: *const transfer) -> c_int>);
}

/// How many parts of a transfer are read: the verifier requires a bound.
const PARTS: usize = 16;

/// The last call. A loader finds it in the map `.bss`.
#[unsafe(no_mangle)]
// SAFETY: it has integers, and addresses that may be null.
static mut SUBMITTED: Submitted = unsafe { zeroed() };

#[repr(C)]
struct Submitted {
    /// The transfer, as it was in the caller's memory.
    transfer: transfer,
    /// The string that its first name points to.
    name: [u8; 16],
    /// The sum of the lengths of its parts.
    bytes: u64,
    urgent: bool,
    retries: u8,
}

/// A helper reads nothing for a program whose licence is not compatible with the GPL.
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// `ctx` could also be a `*const c_void`, but then `pt_regs` would not be in the object's BTF.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn on_submit(ctx: *const pt_regs) -> c_int {
    // SAFETY: this is the ctx of a uprobe on `submit`, and the reference does not leave this function.
    let call = unsafe { Submit::entry(ctx.cast()) };
    // SAFETY: the program has no other reference to it.
    let last = unsafe { &mut *(&raw mut SUBMITTED) };
    submitted(call, last).map_or(1, |()| 0)
}

/// The probe's work on a call.
#[inline(always)]
fn submitted(call: &Submit, last: &mut Submitted) -> Result<(), i32> {
    let transfer = call.read().transfer()?.read_user()?;
    let mut bytes = 0_u64;
    for index in 0..PARTS {
        if index >= transfer.count as usize {
            break;
        }
        let part = transfer.parts.wrapping_add(index).read_user()?;
        bytes = bytes.wrapping_add(part.iov_len as u64);
    }
    transfer.names[0].read_user_str(&mut last.name)?;
    last.bytes = bytes;
    last.urgent = transfer.urgent() == 1;
    last.retries = transfer.retries();
    last.transfer = transfer;
    Ok(())
}

/// Never called: the verifier refuses a program that could get here, because the program would not end.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

// A kernel cannot run a test harness. These tests find mistakes that no verifier sees, on your computer. README.md has
// the command.
#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use probe_abi::{Ptr, size_t, testing};

    use super::{types::iovec, *};

    /// `-EFAULT`
    const FAULT: i32 = -14;

    /// A transfer with these parts.
    fn transfer_of(lengths: &[size_t]) -> transfer {
        let mut parts = [iovec {
            iov_base: Ptr::default(),
            iov_len: 1000,
        }; 2 * PARTS];
        for (part, &length) in parts.iter_mut().zip(lengths) {
            part.iov_len = length;
        }
        // SAFETY: it has integers, and addresses that may be null.
        let mut transfer: transfer = unsafe { zeroed() };
        transfer.parts = testing::user(parts).cast();
        transfer.count = lengths.len() as size_t;
        transfer.names = [c"from a test", c"not asked for"].map(testing::user_str);
        transfer
    }

    /// The record of a call with this transfer.
    fn submit(transfer: transfer) -> Result<Submitted, i32> {
        // SAFETY: it has integers, and addresses that may be null.
        let mut last: Submitted = unsafe { zeroed() };
        submitted(&Submit::call((testing::user(transfer),)), &mut last)?;
        Ok(last)
    }

    fn text(bytes: &[u8]) -> &CStr {
        CStr::from_bytes_until_nul(bytes).expect("the string ends")
    }

    #[test]
    fn adds_up_as_many_parts_as_it_may() {
        for (lengths, bytes) in [
            (&[][..], 0),
            (&[3, 40][..], 43),
            (&[3; PARTS][..], 48),
            (&[3; PARTS + 1][..], 48),
        ] {
            let submitted = submit(transfer_of(lengths)).expect("all is readable");
            assert_eq!(submitted.bytes, bytes, "{lengths:?}");
        }
    }

    #[test]
    fn keeps_the_fields() {
        let mut transfer = transfer_of(&[1, 2]);
        transfer.offset = -0x0123_4567_89ab_cdef;
        transfer.set_urgent(1);
        transfer.set_retries(5);
        let submitted = submit(transfer).expect("all is readable");
        assert_eq!({ submitted.transfer.offset }, -0x0123_4567_89ab_cdef);
        assert_eq!({ submitted.transfer.count }, 2);
        assert_eq!((submitted.urgent, submitted.retries), (true, 5));
    }

    #[test]
    fn a_long_name_is_cut() {
        let mut transfer = transfer_of(&[]);
        let name = |transfer| submit(transfer).map(|submitted| submitted.name);
        let whole = name(transfer).expect("the name is readable");
        assert_eq!(text(&whole), c"from a test");

        transfer.names[0] = testing::user_str(c"sixteen letters!");
        let cut = name(transfer).expect("the name is readable");
        assert_eq!(text(&cut), c"sixteen letters");
    }

    #[test]
    fn says_that_it_cannot_read() {
        let nothing = Ptr::<u8>::new(16);
        let mut without_parts = transfer_of(&[3]);
        without_parts.parts = nothing.cast();
        assert_eq!(submit(without_parts).map(|_| ()), Err(FAULT));

        let mut without_name = transfer_of(&[3]);
        without_name.names[0] = nothing.cast();
        assert_eq!(submit(without_name).map(|_| ()), Err(FAULT));

        // SAFETY: it has integers, and addresses that may be null.
        let mut last: Submitted = unsafe { zeroed() };
        let call = Submit::call((nothing.cast(),));
        assert_eq!(submitted(&call, &mut last), Err(FAULT));
    }
}
