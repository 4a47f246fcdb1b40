//! Random programs: ordinary Rust around the public methods. They are written from numbers, built as users build, and
//! judged.
//!
//! A fault of a program is this crate's, unless a twin without this crate is refused in the same words.

mod grammar;
mod judge;
mod package;
mod prototypes;

use std::{collections::BTreeMap, fmt::Write as _};

pub use grammar::{GRAMMAR, Random, Tree};
pub use judge::{Class, Expected, HELPERS, Judgement, Programs, WRONG_VALUE, mistaken};
pub use package::{LTO, Methods, OPT_LEVELS, Program, ROLES, Setting, Workshop, readings};

use crate::{
    bpf::{Reads, Toolchain},
    select::Machine,
};

/// The number of programs in one object.
pub const TOGETHER: u64 = 150;

/// The programs of a seed.
pub fn programs(seed: u64, numbers: impl IntoIterator<Item = u64>) -> Vec<Program> {
    numbers
        .into_iter()
        .map(|number| Program {
            name: format!("random_{seed}_{number}"),
            tree: GRAMMAR.program(&mut Random::new(seed, number)),
        })
        .collect()
}

/// A fault of a program.
#[derive(Debug, Clone)]
pub struct Finding {
    pub program: Program,
    pub setting: Setting,
    pub class: Class,
    /// The methods that make a twin with the same fault. If there is no such twin, the fault is this crate's.
    pub twin: Option<Methods>,
}

impl Workshop {
    /// All faults of programs that are built in one way, and the numbers of the programs' instructions.
    pub fn examine(
        &self,
        programs: &[Program],
        expected: &Expected,
        setting: &Setting,
    ) -> Result<(Vec<Finding>, usize), String> {
        let judgement = self.judge(programs, Some(expected), setting, Methods::Ours)?;
        let wrong = programs.iter().zip(judgement.classes);
        let mut findings: Vec<Finding> = wrong
            .filter_map(|(program, class)| {
                Some(Finding {
                    program: program.clone(),
                    setting: *setting,
                    class: class?,
                    twin: None,
                })
            })
            .collect();
        self.excuse(&mut findings, setting)?;
        Ok((findings, judgement.instructions.iter().sum()))
    }

    /// Finds twins with the same fault.
    fn excuse(&self, findings: &mut [Finding], setting: &Setting) -> Result<(), String> {
        for methods in Methods::of_twins(self.toolchain.reads()) {
            let rest = findings.iter_mut().filter(|finding| finding.twin.is_none());
            let mut rest: Vec<&mut Finding> = rest.collect();
            let programs: Vec<Program> =
                rest.iter().map(|finding| finding.program.clone()).collect();
            if programs.is_empty() {
                break;
            }
            let twins = self.judge(&programs, None, setting, methods)?;
            for (finding, class) in rest.iter_mut().zip(twins.classes) {
                if class.as_ref() == Some(&finding.class) {
                    finding.twin = Some(methods);
                }
            }
        }
        Ok(())
    }

    /// Makes programs smaller that are wrong in one setting, as long as the fault stays the same.
    pub fn cut_down(
        &self,
        findings: &[Finding],
        setting: &Setting,
        methods: Methods,
    ) -> Result<Vec<Program>, String> {
        /// How many smaller programs of each are tried at a time.
        const TRIED: usize = 48;
        let arguments = self.arguments()?;
        let mut programs: Vec<Program> = findings
            .iter()
            .map(|finding| finding.program.clone())
            .collect();
        // How many of the smaller programs were tried; `None` after all were tried in vain.
        let mut tried = vec![Some(0); programs.len()];
        while tried.iter().any(Option::is_some) {
            let mut candidates = Vec::new();
            for (number, program) in programs.iter().enumerate() {
                let Some(tried) = &mut tried[number] else {
                    continue;
                };
                let mut smaller = GRAMMAR.smaller(&program.tree);
                smaller.retain(|tree| GRAMMAR.write(tree, arguments).is_some());
                // Some of every size first: the smallest programs are the least likely to have the same fault.
                let strides = smaller.len().div_ceil(TRIED).max(1);
                let mut order: Vec<(usize, Tree)> = smaller.into_iter().enumerate().collect();
                order.sort_by_key(|(place, _)| place % strides);
                let smaller = order.into_iter().map(|(_, tree)| tree);
                let before = candidates.len();
                let each = smaller.skip(*tried).take(TRIED).map(|tree| Program {
                    name: format!("{}_{number}", program.name),
                    tree,
                });
                candidates.extend(each.map(|candidate| (number, candidate)));
                *tried += candidates.len() - before;
            }
            for (number, tried) in tried.iter_mut().enumerate() {
                if candidates.iter().all(|candidate| candidate.0 != number) {
                    *tried = None;
                }
            }
            if candidates.is_empty() {
                break;
            }
            let named: Vec<Program> = candidates
                .iter()
                .enumerate()
                .map(|(index, (_, candidate))| Program {
                    name: format!("candidate_{index}"),
                    tree: candidate.tree.clone(),
                })
                .collect();
            let wrong_values = findings.iter().any(|finding| finding.class == WRONG_VALUE);
            let expected = match wrong_values {
                true => Some(self.expect(&named)?),
                false => None,
            };
            let judgement = self.judge(&named, expected.as_ref(), setting, methods)?;
            let mut is_smaller = vec![false; programs.len()];
            for ((number, candidate), class) in candidates.into_iter().zip(judgement.classes) {
                // The smallest come first.
                if !is_smaller[number] && class.as_ref() == Some(&findings[number].class) {
                    is_smaller[number] = true;
                    programs[number].tree = candidate.tree;
                    tried[number] = Some(0);
                }
            }
        }
        Ok(programs)
    }

    /// A program as rustfmt formats it, or unchanged if rustfmt fails.
    pub fn formatted(&self, program: &Program) -> Result<String, String> {
        let text = self.text(program)?.unwrap_or_default();
        Ok(package::formatted(&text).unwrap_or(text))
    }
}

/// The programs to make, and how they are built.
#[derive(Debug)]
pub struct Selection {
    pub seed: u64,
    pub count: u64,
    /// One of those that [`Workshop::takes`].
    pub machine: &'static Machine,
    pub settings: Vec<Setting>,
    /// The only way of reading ctx; `None` selects both.
    pub reads: Option<Reads>,
}

/// Makes programs, and prints their faults: a table, and each program with a fault of this crate, cut down.
pub fn run(selection: &Selection) -> Result<(), String> {
    let ways = Toolchain::find()?.ways();
    let mut ways: Vec<_> = ways
        .into_iter()
        .filter(|(reads, _)| selection.reads.is_none_or(|wanted| wanted == *reads))
        .collect();
    if ways.is_empty() {
        return Err(
            "`--fenced`: this toolchain always reads by construction, being a nightly".into(),
        );
    }
    // The safest way comes last.
    ways.sort_by_key(|(reads, _)| *reads == Reads::ByConstruction);
    let mut ours = 0;
    for (reads, toolchain) in ways {
        let workshop = Workshop::new(toolchain, selection.machine, "command");
        if !workshop.is_loaded() {
            println!("no kernel here loads these programs: they are decoded and run");
        }
        let mut table = Table::default();
        let mut findings = Vec::new();
        let mut start = 0;
        while start < selection.count {
            let end = (start + TOGETHER).min(selection.count);
            let programs = programs(selection.seed, start..end);
            let expected = workshop.expect(&programs)?;
            for setting in &selection.settings {
                let (found, instructions) = workshop.examine(&programs, &expected, setting)?;
                table.add(setting, programs.len(), instructions, &found);
                findings.extend(found);
            }
            start = end;
        }
        println!("reads {reads}, seed {}:\n{}", selection.seed, table.text());
        for setting in &selection.settings {
            let mut shown = findings.clone();
            shown.retain(|finding| finding.twin.is_none() && finding.setting == *setting);
            let small = workshop.cut_down(&shown, setting, Methods::Ours)?;
            for (finding, small) in shown.iter().zip(small) {
                println!(
                    "`{}` at {}: {}\n{}",
                    finding.program.name,
                    setting.name(),
                    finding.class,
                    workshop.formatted(&small)?
                );
            }
            ours += shown.len();
        }
    }
    match ours {
        0 => Ok(()),
        _ => Err(format!("{ours} programs are wrong for this crate's fault")),
    }
}

/// The number of programs with each fault.
#[derive(Debug, Default)]
pub struct Table {
    /// By setting: the number of programs, and of their instructions.
    programs: BTreeMap<String, (usize, usize)>,
    /// By setting and class: the number of programs, and the methods whose twins have the same fault.
    wrong: BTreeMap<(String, Class), BTreeMap<&'static str, usize>>,
}

impl Table {
    pub fn add(
        &mut self,
        setting: &Setting,
        programs: usize,
        instructions: usize,
        findings: &[Finding],
    ) {
        let all = self.programs.entry(setting.name()).or_default();
        all.0 += programs;
        all.1 += instructions;
        for finding in findings {
            let row = (setting.name(), finding.class.clone());
            let twin = finding.twin.unwrap_or(Methods::Ours).name();
            *self.wrong.entry(row).or_default().entry(twin).or_default() += 1;
        }
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for (setting, (programs, instructions)) in &self.programs {
            let _ = writeln!(
                text,
                "{setting}: {programs} programs, {instructions} instructions"
            );
            for ((_, class), twins) in self.wrong.iter().filter(|row| row.0.0 == *setting) {
                let counts: Vec<String> = twins
                    .iter()
                    .map(|(twin, count)| match *twin {
                        "ours" => format!("{count} ours"),
                        twin => format!("{count} as with `{twin}`"),
                    })
                    .collect();
                let _ = writeln!(text, "  {class}: {}", counts.join(", "));
            }
        }
        text
    }
}
