//! The page on the verifier: each row's program is refused with the row's message, and the cured program loads.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proofs::{
    bpf::{Probe, Toolchain, root},
    kernels::LOOP_REFUSAL,
    proof::none,
    select::Endian,
    verifier::{Verdict, verdicts},
};

/// A section of the page.
#[derive(Debug, Clone)]
struct Row {
    messages: Vec<String>,
    /// The page's code of the refused program, and of the one that loads.
    refused: Vec<String>,
    loads: Vec<String>,
}

/// A module of the package: the programs of a row. Their names begin with the module's name.
#[derive(Debug)]
struct Module {
    messages: Vec<String>,
    profile: &'static str,
}

fn package() -> PathBuf {
    root().join("tests/refused")
}

/// The texts in backticks.
fn quoted(text: &str) -> Vec<String> {
    let parts = text.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

fn rows(page: &str) -> Result<Vec<Row>, String> {
    let sections = page.split("\n## ").skip(1);
    sections.map(row).collect()
}

fn row(section: &str) -> Result<Row, String> {
    let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
    let mut row = Row {
        messages: quoted(heading),
        refused: Vec::new(),
        loads: Vec::new(),
    };
    // Text and code alternate.
    let parts: Vec<&str> = text.split("```").collect();
    let mut is_refused = None;
    for pair in parts.chunks(2) {
        let [before, code] = pair else { break };
        let label = before.trim().lines().last().unwrap_or_default();
        match label {
            // More code of the same kind.
            "" => {}
            _ if label.starts_with("Refused") => is_refused = Some(true),
            _ if label.starts_with("Loads") => is_refused = Some(false),
            _ => is_refused = None,
        }
        let code = code.strip_prefix("text\n").unwrap_or(code).to_owned();
        match is_refused {
            Some(true) => row.refused.push(code),
            Some(false) => row.loads.push(code),
            None => {
                return Err(format!(
                    "the page has code that is neither refused nor loads: {code}"
                ));
            }
        }
    }
    match row.messages.is_empty() {
        true => Err(format!("a heading has no message: `{heading}`")),
        false => Ok(row),
    }
}

/// The modules of the package, and the text of all of them.
fn modules() -> Result<(BTreeMap<String, Module>, String), String> {
    let mut modules = BTreeMap::new();
    let mut text = String::new();
    for folder in ["src", "src/bin"] {
        for path in files(&package().join(folder))? {
            let source = fs::read_to_string(&path)
                .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
            text += &source;
            let name = stem(&path);
            if folder == "src" && !matches!(name.as_str(), "main" | "helpers") {
                modules.insert(name, module(&source));
            }
        }
    }
    Ok((modules, text))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("cannot read `{}`: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file's name without its extension.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn module(source: &str) -> Module {
    let documentation: Vec<&str> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .collect();
    let documentation = documentation.join("\n");
    let (first, rest) = documentation
        .split_once("\n\n")
        .unwrap_or((&documentation, ""));
    Module {
        messages: quoted(first),
        profile: match rest.trim_start().starts_with("In a debug build.") {
            true => "dev",
            false => "release",
        },
    }
}

/// The lines of code, without indentation.
fn lines(code: &str) -> Vec<&str> {
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Whether the page and the package have the same messages, and the page's code is the package's.
fn compare(page: &str, modules: &BTreeMap<String, Module>, source: &str) -> Result<(), String> {
    let rows = rows(page)?;
    let source = lines(source);
    let mut complaints = Vec::new();
    let mut left: BTreeSet<&String> = modules.keys().collect();
    let mut held_by_booted_kernels = 0;
    for row in &rows {
        let title = row.messages.join("`, `");
        if row
            .messages
            .iter()
            .any(|message| message.starts_with(LOOP_REFUSAL))
        {
            held_by_booted_kernels += 1;
            continue;
        }
        match modules
            .iter()
            .find(|(_, module)| module.messages == row.messages)
        {
            Some((name, _)) => {
                left.remove(name);
            }
            None => complaints.push(format!("`{title}` is on the page, and has no programs")),
        }
        for (what, blocks) in [("refused", &row.refused), ("loads", &row.loads)] {
            if blocks.is_empty() {
                complaints.push(format!("`{title}` has no code on the page that {what}"));
            }
            for block in blocks {
                let block = lines(block);
                if !source.windows(block.len()).any(|window| window == block) {
                    complaints.push(format!(
                        "`{title}` has code that is in no program: {block:?}"
                    ));
                }
            }
        }
    }
    for name in left {
        complaints.push(format!("`{name}` has programs, and is not on the page"));
    }
    if held_by_booted_kernels != 1 {
        complaints.push(format!("the page does not have one row `{LOOP_REFUSAL} …`"));
    }
    none(complaints)
}

/// The page has a row for each module with programs, and their code.
pub fn is_of_the_programs() -> Result<(), String> {
    let page = root().join("src/verifier.md");
    let page = fs::read_to_string(&page)
        .map_err(|error| format!("cannot read `{}`: {error}", page.display()))?;
    let (mut modules, source) = modules()?;
    compare(&page, &modules, &source)?;

    // Mistakes are noticed.
    let (first, _) = modules
        .first_key_value()
        .ok_or("the package has no modules")?;
    let first = first.clone();
    for (what, wrong) in [
        (
            "without a row",
            page.replace("\n## `infinite loop", "\n### `infinite loop"),
        ),
        (
            "with a row of no program",
            format!("{page}\n## `made up`\n"),
        ),
        ("with other code", page.replace(".min(256)", ".min(255)")),
    ] {
        if wrong == page || compare(&wrong, &modules, &source).is_ok() {
            return Err(format!("the page is taken {what}"));
        }
    }
    modules.remove(&first);
    match compare(&page, &modules, &source) {
        Ok(()) => Err(format!(
            "the page is taken without the programs of `{first}`"
        )),
        Err(_) => Ok(()),
    }
}

/// The kernel refuses the programs that the page calls refused, with the page's words, and loads the others.
pub fn is_what_the_kernel_says(toolchain: &Toolchain) -> Result<(), String> {
    let (modules, _) = modules()?;
    let mut complaints = Vec::new();
    let mut said = BTreeSet::new();
    let mut cured = BTreeMap::new();
    let ways = toolchain.ways();
    let mut builds = Vec::new();
    for (_, toolchain) in &ways {
        builds.extend([
            (toolchain, "release", "refused".to_owned()),
            (toolchain, "dev", "refused".to_owned()),
        ]);
    }
    // Programs that are refused for something that an object has once, independent of how ctx is read.
    for path in files(&package().join("src/bin"))? {
        let name = stem(&path);
        let profile = modules
            .get(&name)
            .map_or("release", |module| module.profile);
        builds.push((&ways[0].1, profile, name));
    }
    for (toolchain, profile, object) in builds {
        for (program, verdict) in programs(toolchain, profile, &object)? {
            let module = modules
                .iter()
                .filter(|(name, _)| program.starts_with(&format!("{name}_")))
                .max_by_key(|(name, _)| name.len());
            let Some((name, module)) = module else {
                complaints.push(format!("`{program}` is of no module"));
                continue;
            };
            let complaint = match (program.strip_prefix(name.as_str()), verdict) {
                (Some("_loads"), Ok(())) => {
                    *cured.entry(name).or_insert(0) += 1;
                    None
                }
                (Some("_loads"), Err(why)) => Some(format!("is refused: {why}")),
                // In the other profile it may be refused for other reasons, or not at all.
                _ if module.profile != profile => None,
                (_, Ok(())) => Some("is not refused".to_owned()),
                (_, Err(why)) => {
                    let is_said = |message: &&String| unnumbered(message) == unnumbered(&why);
                    match module.messages.iter().find(is_said) {
                        Some(message) => {
                            said.insert(message.clone());
                            None
                        }
                        None => Some(format!("is refused otherwise: {why}")),
                    }
                }
            };
            let reads = toolchain.reads();
            complaints
                .extend(complaint.map(|what| format!("{reads}, {profile}: `{program}` {what}")));
        }
    }
    for (name, module) in &modules {
        if !cured.contains_key(name) {
            complaints.push(format!("`{name}` has no program that loads"));
        }
        for message in &module.messages {
            // If a program has two messages, one may belong to a way of reading that nightly does not have.
            let is_known = said.contains(message) || (ways.len() == 1 && module.messages.len() > 1);
            if !is_known {
                complaints.push(format!("no program is refused with `{message}`"));
            }
        }
    }
    none(complaints)
}

/// The kernel's verdicts on the programs of one of the package's objects.
fn programs(
    toolchain: &Toolchain,
    profile: &'static str,
    object: &str,
) -> Result<Vec<(String, Verdict)>, String> {
    let object = Probe::new(&package(), super::x86_64()?, Endian::Little)
        .profile(profile)
        .args(&["--bin", object])
        .object(toolchain, object)?;
    verdicts(&object)
}

/// A message without the numbers that depend on LLVM's layout of a program: those of instructions, and of registers
/// except `R0`, which holds the return value.
fn unnumbered(message: &str) -> String {
    let words = message.split(' ').scan("", |before, word| {
        let register = word
            .strip_prefix('R')
            .is_some_and(|n| n != "0" && is_number(n));
        let instruction = *before == "insn" && is_number(word);
        *before = word;
        Some(match (register, instruction) {
            (true, _) => "R",
            (_, true) => "n",
            _ => word,
        })
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}
