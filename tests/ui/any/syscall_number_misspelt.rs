//! A syscall that no machine has.

fn opens(regs: &probe_abi::pt_regs) -> bool {
    matches!(regs.syscall_number(), probe_abi::nr::opnat)
}

fn main() {}
