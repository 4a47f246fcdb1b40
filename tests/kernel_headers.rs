//! Promise: the registers lie where the kernel's own headers say, and each role is the slot that the kernel's
//! own accessor reads, in three releases; and where the kernel has another opinion, it still has.
//!
//! The headers are Debian's `linux-headers`, compiled by clang: `proofs/src/internal`.

use proofs::{
    facts::Facts,
    internal::{self, Value},
    proof::{self, Proof},
    select::{MACHINES, Machine, Variant},
};

fn main() {
    let mut proofs = Vec::new();
    for machine in MACHINES {
        for variant in machine.variants {
            let title = proof::title(machine, variant);
            let needs = match proof::is_wanted(&title) {
                true => internal::needs(machine.name),
                false => Ok(()),
            };
            proofs.push(Proof::new(title, needs, || prove(machine, variant)));
        }
    }
    proof::run(proofs)
}

fn prove(machine: &Machine, variant: &Variant) -> Result<(), String> {
    let value = Value::of(Facts::of(machine)?, variant.endian);
    let truths = internal::truths(machine, variant)?;
    proof::none(truths.iter().flat_map(|truth| value.complaints(truth)))?;
    for truth in &truths {
        let source = format!("the headers of Linux {}", truth.release);
        proof::checked(&source, machine.name, truth.facts());
    }
    for wrong in internal::wrong(&value) {
        let refused = truths
            .iter()
            .any(|truth| !wrong.value.complaints(truth).is_empty());
        if !refused {
            println!("unseen {}: {}", machine.name, wrong.fact);
        }
    }
    Ok(())
}
