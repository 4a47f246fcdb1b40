use probe_abi::{UserCode, c_ulong, pt_regs};

fn kernel_argument(regs: &pt_regs) -> c_ulong {
    regs.arg::<0>()
}

fn user_argument(code: &UserCode) -> c_ulong {
    code.stack_arg_address::<0>()
}

fn uprobe(regs: &pt_regs) -> c_ulong {
    kernel_argument(regs) + user_argument(regs)
}

fn main() {}
