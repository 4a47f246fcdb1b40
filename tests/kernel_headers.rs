//! Promise: the registers lie where the kernel's own headers say, in three releases. Each role is the slot that the
//! kernel's own accessor reads. If the kernel's accessor is known to differ, it still differs.
//!
//! The headers are Debian's `linux-headers`, compiled by clang: `proofs/src/internal`.

use proofs::{
    facts::Facts,
    internal::{Headers, Truth, compat},
    proof::{self, Proof},
    select::{MACHINES, Machine, Variant},
    witnesses::Witness,
    wrong,
};

fn main() {
    let mut proofs = Vec::new();
    for machine in MACHINES {
        let name =
            |variant: &Variant| proof::name(machine.name, variant.endian, "the kernel's headers");
        let wanted = machine
            .variants
            .iter()
            .any(|variant| proof::is_wanted(&name(variant)));
        let headers = match wanted {
            true => Headers::of(machine.name).map(Some),
            false => Ok(None),
        };
        for variant in machine.variants {
            let headers = headers.clone();
            let missing = headers.as_ref().map(drop).map_err(Clone::clone);
            proofs.push(Proof::new(name(variant), missing, move || {
                prove(machine, variant, &headers?.unwrap_or_default())
            }));
        }
    }
    proof::run(proofs)
}

fn prove(machine: &Machine, variant: &Variant, headers: &[Headers]) -> Result<(), String> {
    let facts = Facts::of(machine)?;
    let truths = headers
        .iter()
        .map(|headers| Truth::new(headers, facts, variant));
    let truths = truths.collect::<Result<Vec<_>, _>>()?;
    let complaints = |facts: &Facts| -> Vec<String> {
        truths
            .iter()
            .flat_map(|truth| truth.complaints(facts))
            .collect()
    };
    proof::none(complaints(facts))?;
    let refuses = |wrong: &Facts| !complaints(wrong).is_empty();
    for wrong in [wrong::roles(facts), wrong::fields(facts)] {
        Witness::KernelHeaders.hold(facts, &wrong, refuses)?;
    }
    let mut of_tasks = 0;
    for headers in headers {
        let compared = compat(headers, machine, variant);
        of_tasks += compared.map_err(|error| format!("Linux {}: {error}", headers.release))?;
    }
    if of_tasks > 0 {
        proof::checked("the headers on tasks of 32 bits", machine.name, of_tasks);
    }
    for truth in &truths {
        let source = format!("the headers of Linux {}", truth.release);
        proof::checked(&source, machine.name, truth.facts());
    }
    Ok(())
}
