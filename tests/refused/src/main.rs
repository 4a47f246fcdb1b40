//! The page on the verifier (src/verifier.md), as programs: a module for each row. The end of a program's name says
//! what the kernel does with it: `refused`, or `loads`. A module's first line has the messages.

#![no_std]
#![no_main]

mod helpers;

mod debug_alignment;
mod endless;
mod length;
mod licence;
mod may_panic;
mod memset;
mod modified_ctx;
mod never_written;
mod no_such_slot;
mod not_ctx;
mod number_as_pointer;
mod stack_index;
mod too_much;
mod two_pointers;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
