//! The committed bindings are what libclang makes of the headers, in each endianness of each machine.

use std::{env, fs};

use xtask::{
    bpf::root,
    generate::{self, Error},
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
        Err(error) => proof::run(vec![Proof::new(
            "bindings",
            Err(format!("{error:?}")),
            || Ok(()),
        )]),
    };
    proof::run(proofs.collect())
}

fn proof(machine: &'static Machine, variant: &'static Variant) -> Proof {
    let generated = generate::bindings(
        &root().join("headers"),
        machine,
        variant,
        env!("CARGO_PKG_RUST_VERSION"),
    );
    let needs = match &generated {
        Err(Error::Libclang(why)) => Err(why.clone()),
        _ => Ok(()),
    };
    Proof::new(variant.triple, needs, move || {
        let generated = generated.map_err(|error| format!("{error:?}"))?;
        let path = root().join(format!("src/bindings/{}.rs", machine.name));
        if env::var_os("PROBE_ABI_BLESS").is_some() {
            return fs::write(&path, generated)
                .map_err(|error| format!("{}: {error}", path.display()));
        }
        let committed =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if generated == committed {
            return Ok(());
        }
        let differing = generated
            .lines()
            .zip(committed.lines())
            .find(|(new, old)| new != old);
        Err(format!(
            "{} is not what libclang makes of the headers: `cargo xtask bless` rewrites it\n\
             first difference, generated and committed: {differing:#?}",
            path.display()
        ))
    })
}
