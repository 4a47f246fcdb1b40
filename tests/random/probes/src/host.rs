//! Random programs on the host: reads registers, and writes the value that every program returns for them.

use std::io::{Read, Write, stdin, stdout};

mod memory;

#[path = "model.rs"]
#[allow(dead_code)]
mod machine;

#[allow(warnings)]
mod programs {
    include!(env!("PROBE_ABI_RANDOM_PROGRAMS"));
}

macro_rules! all {
    ($($name:ident)*) => {
        const PROGRAMS: &[fn(&machine::pt_regs) -> u64] = &[$(programs::$name),*];
    };
}
programs::for_each!(all);

/// The number of roles that registers hold.
const ROLES: usize = 33;

fn main() -> std::io::Result<()> {
    let mut input = Vec::new();
    stdin().read_to_end(&mut input)?;
    let roles: Vec<machine::c_ulong> = input
        .as_chunks()
        .0
        .iter()
        .map(|value| u64::from_ne_bytes(*value) as machine::c_ulong)
        .collect();
    for registers in roles.chunks_exact(ROLES) {
        // SAFETY: there are as many roles as the model has.
        let registers = unsafe { machine::pt_regs::from_ctx(registers.as_ptr().cast()) };
        for program in PROGRAMS {
            stdout().write_all(&program(registers).to_ne_bytes())?;
        }
    }
    Ok(())
}
