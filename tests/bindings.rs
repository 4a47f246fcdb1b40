//! The committed bindings are what libclang makes of the headers, in each endianness of each machine.

use proofs::{
    generate::{self, Error},
    generated,
    proof::{self, Proof},
    select::{MACHINES, Machine, Variant},
};

fn main() {
    let proofs = match generate::libclang() {
        Ok(()) => MACHINES.iter().flat_map(|machine| {
            machine
                .variants
                .iter()
                .map(move |variant| proof(machine, variant))
        }),
        Err(error) => proof::run(vec![Proof::new("bindings", Err(error), || Ok(()))]),
    };
    proof::run(proofs.collect())
}

fn proof(machine: &'static Machine, variant: &'static Variant) -> Proof {
    let generated = generated::bindings(machine, variant);
    let needs = match &generated {
        Err(Error::Libclang(why)) => Err(why.clone()),
        _ => Ok(()),
    };
    let title = proof::name(machine.name, variant.endian, "bindings");
    Proof::new(title, needs, move || {
        generated.map_err(|error| format!("{error:?}"))?.compare()
    })
}
