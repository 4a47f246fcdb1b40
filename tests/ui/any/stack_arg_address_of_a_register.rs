use core::mem::MaybeUninit;

use probe_abi::pt_regs;

fn main() {
    let regs = MaybeUninit::<pt_regs>::zeroed();
    let regs = unsafe { regs.assume_init() };
    regs.stack_arg_address::<0>();
}
