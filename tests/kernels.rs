//! Programs of this crate run on a real kernel of each machine that Debian has one for, and every value
//! that they write down is the one that the traced process knows.
//!
//! Here it is the oldest kernel of each; `cargo xtask kernels` boots them all.

use xtask::{
    bpf::Toolchain,
    kernels::{self, guests::GUESTS},
    proof::{self, Proof},
    select::Machine,
};

fn main() {
    let toolchain = Toolchain::find();
    let mut proofs = vec![Proof::new(
        "every guest is a machine",
        Ok(()),
        guests_are_machines,
    )];
    for guest in GUESTS {
        let needs = match &toolchain {
            Err(missing) => Err(missing.clone()),
            Ok(_) if proof::is_wanted(guest.machine) => kernels::needs(guest, &guest.kernels[0]),
            Ok(_) => Ok(()),
        };
        let toolchain = toolchain.clone();
        proofs.push(Proof::new(guest.machine, needs, move || {
            let proof = kernels::prove(&toolchain?, guest, &guest.kernels[0])?;
            match proof.contradictions().as_slice() {
                [] => Ok(()),
                contradictions => Err(format!("{}\n{}", proof.image, contradictions.join("\n"))),
            }
        }));
    }
    proof::run(proofs);
}

fn guests_are_machines() -> Result<(), String> {
    for guest in GUESTS {
        let machine = Machine::named(guest.machine)
            .ok_or_else(|| format!("`{}` is not a row of the table", guest.machine))?;
        machine
            .variant(guest.endian)
            .ok_or_else(|| format!("`{}` is not {}", guest.machine, guest.endian))?;
    }
    Ok(())
}
