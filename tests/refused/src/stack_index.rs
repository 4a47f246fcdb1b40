//! `math between fp pointer and register with unbounded min value is not allowed`,
//! `invalid unbounded variable-offset read from stack R2`,
//! `invalid variable-offset read from stack R2 var_off=(0x0; 0x7f8) off=-24 size=8`

use probe_abi::{c_ulong, c_void, pt_regs};

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn stack_index_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let arguments = [regs.arg::<0>(), regs.arg::<1>(), regs.arg::<2>()];
    let index = regs.return_value() as usize;
    // SAFETY: the traced function returns 0, 1 or 2.
    unsafe { *arguments.get_unchecked(index) }
}

/// The same, where the index has 32 bits.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn stack_index_of_32_bits_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let arguments = [regs.arg::<0>(), regs.arg::<1>(), regs.arg::<2>()];
    let index = regs.return_value() as u32 as usize;
    // SAFETY: the traced function returns 0, 1 or 2.
    unsafe { *arguments.get_unchecked(index) }
}

/// The same, where the index has 8 bits.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn stack_index_of_8_bits_refused(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let arguments = [regs.arg::<0>(), regs.arg::<1>(), regs.arg::<2>()];
    let index = regs.return_value() as u8 as usize;
    // SAFETY: the traced function returns 0, 1 or 2.
    unsafe { *arguments.get_unchecked(index) }
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
extern "C" fn stack_index_loads(ctx: *const c_void) -> c_ulong {
    // SAFETY: the kernel calls this with its pt_regs.
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    let arguments = [regs.arg::<0>(), regs.arg::<1>(), regs.arg::<2>()];
    let index = regs.return_value() as usize;
    arguments.get(index).copied().unwrap_or(0)
}
