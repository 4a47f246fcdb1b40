//! Programs of this crate run on a real kernel of each machine that Debian has a kernel for. Every value that they
//! write is the value that the traced process knows.
//!
//! This test boots the oldest kernel of each machine; `cargo xtask kernels` boots all kernels.

use std::collections::BTreeSet;

use proofs::{
    bpf::{Toolchain, root},
    kernels::{
        self,
        guests::{GUESTS, Guest},
    },
    pins::{Pins, Wanted},
    proof::{self, Proof},
    select::Machine,
};

fn main() {
    let toolchain = Toolchain::find();
    let mut proofs = vec![
        Proof::new("every guest is a machine", Ok(()), guests_are_machines),
        Proof::new("every kernel is pinned", Ok(()), kernels_are_pinned),
    ];
    for guest in GUESTS {
        let name = proof::name(guest.machine, guest.endian, "a booted kernel");
        let ready = match &toolchain {
            Err(missing) => Err(missing.clone()),
            Ok(toolchain) if proof::is_wanted(&name) => {
                kernels::needs(guest).map(|kernel| (toolchain.clone(), kernel))
            }
            Ok(_) => Err("not wanted".to_owned()),
        };
        let needs = ready.as_ref().map(drop).map_err(Clone::clone);
        proofs.push(Proof::new(name, needs, move || {
            let (toolchain, kernel) = ready?;
            let proof = kernels::prove(&toolchain, guest, kernel)?;
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

/// The pins have all kernels, including those that only `cargo xtask kernels` boots, and no other.
fn kernels_are_pinned() -> Result<(), String> {
    let pins = Pins::read(&root().join(Pins::PATH))?;
    let is_kernel = |wanted: &&Wanted| {
        let kinds = ["linux-image-", "linux-binary-"];
        kinds.iter().any(|kind| wanted.name.starts_with(kind))
    };
    let pinned: BTreeSet<Wanted> = pins.wanted().filter(is_kernel).cloned().collect();
    let of_guest = |guest: &'static Guest| guest.kernels.iter().map(|kernel| kernel.wanted(guest));
    let booted: BTreeSet<Wanted> = GUESTS.iter().flat_map(of_guest).collect();
    let missing = booted
        .difference(&pinned)
        .map(|wanted| format!("`{wanted}` is not pinned: `{}` does so", wanted.command()));
    let left = pinned.difference(&booted).map(|wanted| {
        format!(
            "`{wanted}` is pinned in {}, and no guest has it",
            Pins::PATH
        )
    });
    proof::none(missing.chain(left))
}
