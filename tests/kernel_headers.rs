//! Promise: the registers lie where the kernel's own headers say, and each role is the slot that the kernel's
//! own accessor reads, in three releases; and where the kernel has another opinion, it still has.
//!
//! The headers are Debian's `linux-headers`, compiled by clang: `xtask/src/internal`.

use xtask::{
    facts::Facts,
    internal::{self, Headers, Value},
    proof::{self, Proof},
    select::{MACHINES, Machine, Variant},
};

fn main() {
    let mut proofs = Vec::new();
    for machine in MACHINES {
        let title = |variant| proof::title(machine, variant);
        let wanted = machine.variants.iter().any(|variant| proof::is_wanted(&title(variant)));
        let headers = match wanted {
            true => Headers::of(machine.name),
            false => Err("this run is not about it".into()),
        };
        for variant in machine.variants {
            let headers = headers.clone();
            let missing = match wanted {
                true => headers.as_ref().map(drop).map_err(Clone::clone),
                false => Ok(()),
            };
            proofs.push(Proof::new(title(variant), missing, move || {
                prove(machine, variant, &headers?)
            }));
        }
    }
    proof::run(proofs)
}

fn prove(machine: &Machine, variant: &Variant, headers: &[Headers]) -> Result<(), String> {
    let value = Value::of(Facts::of(machine)?, variant.endian);
    let truths = headers.iter().map(|headers| internal::truth(headers, machine, variant));
    let truths = truths.collect::<Result<Vec<_>, _>>()?;
    proof::none(truths.iter().flat_map(|truth| value.complaints(truth)))?;
    for truth in &truths {
        let source = format!("the headers of Linux {}", truth.release);
        proof::checked(&source, machine.name, truth.facts());
    }
    for wrong in internal::wrong(&value) {
        let refused = truths.iter().any(|truth| !wrong.value.complaints(truth).is_empty());
        if !refused {
            println!("unseen {}: {}", machine.name, wrong.fact);
        }
    }
    Ok(())
}
