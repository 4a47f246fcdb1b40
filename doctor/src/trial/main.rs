#![no_std]
#![no_main]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn probe(context: *const core::ffi::c_void) -> u32 {
    context.is_null().into()
}
