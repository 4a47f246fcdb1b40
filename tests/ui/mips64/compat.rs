//! A task of 32 bits has the same registers, and its syscalls have numbers of their own.

use probe_abi::{SysEnter, SysExit, pt_regs};

fn of_a_uprobe(regs: &pt_regs) -> bool {
    regs.user_code().is_compat()
}

fn of_a_syscall(enter: &SysEnter) -> Result<bool, i32> {
    enter.is_compat()
}

fn of_its_end(exit: &SysExit) -> Result<bool, i32> {
    exit.is_compat()
}

fn main() {}
