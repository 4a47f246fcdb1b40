//! The answers of the types on the host: the parameters that are in registers, and the values that made-up calls
//! return.

use std::{collections::BTreeMap, process::Command};

use super::{
    Code, Subject,
    write::{SEEN, append, function, in_module, reads},
};
use crate::{
    bpf::root,
    executed::{PARAMETERS, Prototype, prototypes},
    host::{run, write_if_new},
    select::{MACHINES, VARIABLE},
};

/// The answers about a prototype.
pub struct Answers {
    /// Whether each parameter is in a register, by the bound of `arg`.
    pub in_register: [bool; PARAMETERS],
    /// The value that a probe has computed from each made-up call, and from each made-up return. It is 0 if the
    /// function returns nothing.
    pub entered: Vec<u64>,
    pub left: Vec<u64>,
}

/// The library's answers about all prototypes on all machines.
pub struct AllAnswers(BTreeMap<String, Vec<u64>>);

impl AllAnswers {
    /// For calls with each of these lists of values. The last value of a list is returned.
    pub fn new(values: &[[u64; PARAMETERS + 1]]) -> Result<Self, String> {
        let package = root().join("target/typed");
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"typed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nprobe-abi = {{ path = {:?}, default-features = false, features = [\"testing\"] }}\n\n\
             [profile.dev]\ndebug = false\n",
            root()
        );
        write_if_new(&package.join("Cargo.toml"), &manifest)?;
        write_if_new(&package.join("src/main.rs"), &source(values)?)?;
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&package)
            .args(["run", "--quiet", "--target-dir", "target"])
            .env_remove("RUSTFLAGS")
            .env_remove(VARIABLE);
        let output = run(&mut cargo)?.stdout;
        let mut said = BTreeMap::new();
        for line in output.lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            let numbers = words.map(|word| word.parse::<u64>());
            let numbers = numbers.collect::<Result<Vec<_>, _>>();
            said.insert(name, numbers.map_err(|_| format!("`{line}` says nothing"))?);
        }
        Ok(Self(said))
    }

    /// For one of [few](Subject::few) prototypes.
    pub fn of(&self, subject: &Subject, code: Code, index: usize) -> Result<Answers, String> {
        let symbol = subject.symbol(code, index);
        let said = self.0.get(&symbol).and_then(|said| said.split_first());
        let (mask, calls) = said.ok_or_else(|| format!("nothing is said of `{symbol}`"))?;
        let calls = calls.as_chunks().0.iter();
        let (entered, left) = calls.map(|&[entered, left]| (entered, left)).unzip();
        Ok(Answers {
            in_register: std::array::from_fn(|n| mask >> n & 1 == 1),
            entered,
            left,
        })
    }
}

fn source(values: &[[u64; PARAMETERS + 1]]) -> Result<String, String> {
    let mut source = format!(
        "{PREFACE}{SEEN}\nconst VALUES: &[[u64; {}]] = &{values:?};\n",
        PARAMETERS + 1
    );
    let prototypes = prototypes();
    let mut calls = String::new();
    for row in MACHINES {
        let subject = Subject::new(row, row.variants[0].endian)?;
        source += &in_module(&subject, |source| {
            for code in Code::ALL {
                for index in subject.few(code, &prototypes) {
                    let symbol = subject.symbol(code, index);
                    append(&mut calls, format_args!("    {}::{symbol}();\n", row.name));
                    check(source, &subject, code, index, &prototypes[index]);
                }
            }
        });
    }
    append(&mut source, format_args!("\nfn main() {{\n{calls}}}\n"));
    Ok(source)
}

fn check(source: &mut String, subject: &Subject, code: Code, index: usize, prototype: &Prototype) {
    let symbol = subject.symbol(code, index);
    let values = (0..prototype.parameters.len()).map(|n| format!("Bits::of(values[{n}]), "));
    let values: String = values.collect();
    let mask = (0..prototype.parameters.len())
        .map(|n| format!(" | (Is::<C, {n}>::IN_REGISTER as u64) << {n}"));
    let mask: String = mask.collect();
    let reads = reads(subject, code, index, prototype);
    let returned = match prototype.returns {
        Some(_) => format!("Return::<C>::returning(Bits::of(values[{PARAMETERS}])).value().bits()"),
        None => "0".to_owned(),
    };
    append(
        source,
        format_args!(
            "
pub fn {symbol}() {{
    type C = {code}<{}>;
    print!(\"{symbol} {{}}\", 0{mask});
    for values in VALUES {{
        let call = Entry::<C>::call(({values}));
        let mut seen = Seen::new();
        seen.result(call.read_return_address().map(|_| 0_u64));
{reads}        print!(\" {{}} {{}}\", seen.0, {returned});
    }}
    println!();
}}
",
            function(prototype)
        ),
    );
}

const PREFACE: &str = "
#![allow(non_snake_case, unused)]

use core::{ffi::c_void, marker::PhantomData};

use probe_abi::call::InRegister;

/// It has a constant of its own only if the bound holds; else it has the one of every type.
pub struct Is<C, const N: usize>(PhantomData<C>);

impl<C: InRegister<N>, const N: usize> Is<C, N> {
    pub const IN_REGISTER: bool = true;
}

pub trait Otherwise {
    const IN_REGISTER: bool = false;
}

impl<T> Otherwise for T {}
";
