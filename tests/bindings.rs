//! The committed bindings are the ones that libclang makes of the headers, in each endianness of each machine. A wrong
//! header makes none.

use proofs::{
    generate::{self, Error},
    generated,
    proof::{self, Proof},
    select::{MACHINES, Machine, Variant},
};

fn main() {
    let proofs = match generate::libclang() {
        Ok(()) => {
            let machines = MACHINES.iter().flat_map(|machine| {
                let variants = machine.variants.iter();
                variants.map(move |variant| proof(machine, variant))
            });
            machines.chain(WRONG.map(refusal)).collect()
        }
        Err(error) => vec![Proof::new("bindings", Err(error), || Ok(()))],
    };
    proof::run(proofs);
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

/// Wrong headers, and the error for each.
const WRONG: [(&str, &str, &[&str]); 4] = [
    ("empty", "", &["no `struct pt_regs` in `", ".h`"]),
    (
        "of another struct",
        "struct user_regs { long sp; };\n",
        &["no `struct pt_regs` in `", ".h`"],
    ),
    (
        "truncated",
        "struct pt_regs {\n\tunsigned long regs[",
        // clang reads on in the next header.
        &["ctypes.h:", "error: expected '}'"],
    ),
    (
        "with a syntax error",
        "struct pt_regs { unsigned lnog sp; };\n",
        &[".h:1:", "error: expected ';' at end of declaration list"],
    ),
];

fn refusal((what, header, said): (&'static str, &'static str, &'static [&'static str])) -> Proof {
    Proof::new(format!("a header {what}"), Ok(()), move || {
        for machine in MACHINES {
            let wrong = Machine {
                name: machine.name,
                linux: machine.linux,
                variants: machine.variants,
                bindings: machine.bindings,
                header,
            };
            match generated::bindings(&wrong, &machine.variants[0]) {
                Err(Error::Header(why)) if said.iter().all(|part| why.contains(part)) => {}
                Err(Error::Libclang(_)) => {}
                other => return Err(format!("`{}`: {other:?}", machine.name)),
            }
        }
        Ok(())
    })
}
