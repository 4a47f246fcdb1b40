//! A syscall that this machine does not have, though others do.

fn opens(regs: &probe_abi::pt_regs) -> bool {
    matches!(regs.syscall_number(), probe_abi::nr::open)
}

fn main() {}
