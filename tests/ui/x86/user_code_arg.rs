use probe_abi::{c_ulong, pt_regs};

fn uprobe(regs: &pt_regs) -> c_ulong {
    regs.user_code().arg::<0>()
}

fn main() {}
