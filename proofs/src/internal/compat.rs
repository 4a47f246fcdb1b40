//! How to recognize a task of 32 bits, by the headers' own constants.

use probe_abi::machine::Compat;

use super::{Got, Headers};
use crate::{
    proof::none,
    select::{Machine, Variant},
};

/// A slot's value for code of 64 bits and its value for code of 32 bits, in C. For mips64, the first number of the
/// other machine's syscalls, and the first number after them.
const CONSTANTS: &[(&str, &str, &str)] = &[
    ("x86_64", "__USER_CS", "__USER32_CS"),
    ("aarch64", "PSR_MODE_EL0t", "PSR_MODE32_BIT | PSR_MODE_EL0t"),
    ("riscv64", "SR_UXL_64", "SR_UXL_32"),
    ("s390x", "PSW_MASK_EA | PSW_MASK_BA", "PSW_MASK_BA"),
    ("powerpc64", "MSR_SF", "0"),
    ("sparc64", "0", "TSTATE_AM"),
    ("mips64", "__NR_O32_Linux", "__NR_64_Linux"),
];

/// Compares a machine's constants with the headers, and checks that wrong ones are refused. Returns the number of facts
/// that were compared.
pub fn compat(headers: &Headers, machine: &Machine, variant: &Variant) -> Result<usize, String> {
    let ours = probe_abi::machine::Machine::named(machine.name).ok_or("no such machine")?;
    let constants = CONSTANTS.iter().find(|row| row.0 == machine.name);
    let Some(&(_, first, second)) = constants else {
        return match ours.compat {
            Compat::None => Ok(0),
            other => Err(format!("{other:?} is in no header that was asked")),
        };
    };
    let asked = [first, second].map(str::to_owned);
    let got = headers.ask(machine, variant, &asked)?;
    let [Got::Value(first), Got::Value(second)] = got[..] else {
        return Err(format!("no numbers: {got:?}"));
    };
    none(complaint(ours.compat, first, second))?;
    for wrong in wrong(ours.compat) {
        if complaint(wrong, first, second).is_none() {
            return Err(format!("{wrong:?} is not refused"));
        }
    }
    Ok(2)
}

fn complaint(compat: Compat, first: u64, second: u64) -> Option<String> {
    let is_right = match compat {
        Compat::None => false,
        Compat::Mode {
            mask, wide, narrow, ..
        } => first & mask == wide && second & mask == narrow && wide != narrow,
        Compat::Numbers { first: from, last } => {
            (u64::from(from), u64::from(last) + 1) == (first, second)
        }
    };
    (!is_right).then(|| format!("{compat:x?}, and the headers have {first:#x} and {second:#x}"))
}

fn wrong(compat: Compat) -> Vec<Compat> {
    match compat {
        Compat::None => Vec::new(),
        Compat::Mode {
            slot,
            mask,
            wide,
            narrow,
        } => [(0, wide, narrow), (mask, narrow, wide), (mask, wide, wide)]
            .map(|(mask, wide, narrow)| Compat::Mode {
                slot,
                mask,
                wide,
                narrow,
            })
            .to_vec(),
        Compat::Numbers { first, last } => [(first + 1, last), (first, last + 1)]
            .map(|(first, last)| Compat::Numbers { first, last })
            .to_vec(),
    }
}
