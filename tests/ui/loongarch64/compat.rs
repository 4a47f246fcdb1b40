//! Kernels of this machine have no tasks of 32 bits.

use probe_abi::{SysEnter, compat, pt_regs};

fn of_a_uprobe(regs: &pt_regs) -> bool {
    regs.user_code().is_compat()
}

fn of_a_syscall(enter: &SysEnter) -> Result<bool, i32> {
    enter.is_compat()
}

fn main() {}
