//! Random programs: ordinary Rust around the public methods.

mod grammar;
mod judge;
mod package;

pub use grammar::{GRAMMAR, Random, Tree};
pub use judge::{Class, Judgement, WRONG_VALUE};
pub use package::{Methods, Program, Setting, Workshop};

/// The programs of a seed.
pub fn programs(seed: u64, numbers: std::ops::Range<u64>) -> Vec<Program> {
    numbers
        .map(|number| Program {
            name: format!("r{seed}_{number}"),
            tree: GRAMMAR.program(&mut Random::new(seed, number)),
        })
        .collect()
}
