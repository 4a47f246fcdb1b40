//! The library's facts of each machine, as data: the C types, the fields of `pt_regs`.
//!
//! Names and numbers come from the committed bindings. tests/bindings.rs proves that the library is compiled with
//! these.

// Each test uses only a part of this.
#![allow(dead_code)]

use proofs::{
    bindings::{Bindings, CType, Field, Layout},
    c::Assertion,
    select::{Machine, Variant},
};

include!("../../build/src/table.rs");

/// A machine, as Rust has it.
#[derive(Debug, Clone)]
pub struct Declared {
    pub machine: &'static Machine,
    pub types: Vec<CType>,
    pub pointer: Layout,
    pub pt_regs: Layout,
    pub fields: Vec<Field>,
}

/// Of all machines.
pub fn all() -> Vec<Declared> {
    macro_rules! facts {
        ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
            vec![$(
                Declared::of(
                    $name,
                    include_str!(concat!("../../build/bindings/", $name, ".rs")),
                    Layout::of::<probe_abi::arch::$module::Ptr<u8>>(),
                    Layout::of::<probe_abi::arch::$module::pt_regs>(),
                )
            ),*]
        };
    }
    machines!(facts)
}

/// Of one machine.
pub fn of(name: &str) -> Result<Declared, String> {
    let found = all().into_iter().find(|facts| facts.machine.name == name);
    found.ok_or_else(|| format!("`{name}` is not a row of the table"))
}

impl Declared {
    fn of(name: &str, bindings: &str, pointer: Layout, pt_regs: Layout) -> Self {
        let bindings = Bindings::parse(bindings);
        assert_eq!(
            bindings.size, pt_regs.size,
            "{name}: the bindings are about the type that the library has"
        );
        Self {
            machine: Machine::named(name).expect("both come from the table"),
            types: bindings.types,
            pointer,
            pt_regs,
            fields: bindings.fields,
        }
    }

    /// The machine in each endianness.
    pub fn variants(&self) -> impl Iterator<Item = &'static Variant> {
        self.machine.variants.iter()
    }

    /// The facts that C has to have of `struct pt_regs`.
    pub fn pt_regs_assertions(&self) -> Vec<Assertion> {
        let mut assertions = vec![
            Assertion::new("sizeof(struct pt_regs)", self.pt_regs.size),
            Assertion::new("_Alignof(struct pt_regs)", self.pt_regs.align),
        ];
        for Field {
            name, offset, size, ..
        } in &self.fields
        {
            let offset_of = format!("__builtin_offsetof(struct pt_regs, {name})");
            let size_of = format!("sizeof(((struct pt_regs *)0)->{name})");
            assertions.extend([
                Assertion::new(offset_of, *offset),
                Assertion::new(size_of, *size),
            ]);
        }
        assertions
    }

    pub fn field(&self, name: &str) -> &Field {
        let found = self.fields.iter().find(|field| field.name == name);
        found.unwrap_or_else(|| panic!("{} has no `{name}`", self.machine.name))
    }
}
