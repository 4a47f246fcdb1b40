//! A machine is one header, one file and one row. Every machine has all three, and there are no others.

use std::{collections::BTreeSet, fs, path::Path};

use proofs::{
    bpf::root, facts::Facts, generated, select::MACHINES, witnesses::held_by_fewer_than_two, wrong,
};

fn rows() -> BTreeSet<String> {
    MACHINES
        .iter()
        .map(|machine| machine.name.to_owned())
        .collect()
}

/// The names of the files in a folder with an extension, except the files that do not belong to a machine.
fn files(folder: &str, extension: &str, others: &[&str]) -> BTreeSet<String> {
    let folder = root().join(folder);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("a folder that can be listed").file_name())
        .filter_map(|name| {
            let name = Path::new(&name);
            (name.extension()? == extension)
                .then(|| Some(name.file_stem()?.to_str()?.to_owned()))?
        })
        .filter(|name| !others.contains(&name.as_str()))
        .collect()
}

#[test]
fn every_row_has_a_header() {
    assert_eq!(files("build/headers", "h", &["ctypes"]), rows());
}

#[test]
fn every_row_has_a_file() {
    assert_eq!(files("src/arch", "rs", &["mod"]), rows());
}

#[test]
fn every_row_has_committed_bindings_and_a_picture() {
    assert_eq!(files("build/bindings", "rs", &[]), rows());
    assert_eq!(files("src/pictures", "md", &[]), rows());
}

#[test]
fn rows_differ() {
    assert_eq!(rows().len(), MACHINES.len());
    let triples = || {
        MACHINES
            .iter()
            .flat_map(|machine| machine.variants)
            .map(|variant| variant.triple)
    };
    assert_eq!(triples().collect::<BTreeSet<_>>().len(), triples().count());
}

#[test]
fn the_readme_lists_every_machine() {
    generated::readme()
        .and_then(|readme| readme.compare())
        .unwrap();
}

/// The texts for readers, and the folder that their links start from.
const TEXTS: [&str; 14] = [
    "README.md",
    "PROOF.md",
    "CONTRIBUTING.md",
    "KERNELS.md",
    "BENCHMARKS.md",
    "build/README.md",
    "doctor/README.md",
    "examples/c-module/README.md",
    "examples/go/README.md",
    "examples/kernel-types/README.md",
    "examples/tracer/README.md",
    "examples/usdt/README.md",
    "go/README.md",
    "usdt/README.md",
];

#[test]
fn links_lead_somewhere() {
    for text in TEXTS {
        let path = root().join(text);
        let text = fs::read_to_string(&path).unwrap();
        let headings: Vec<String> = text.lines().filter_map(anchor).collect();
        for target in text.split("](").skip(1) {
            let target = target.split(')').next().unwrap_or_default();
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if target.starts_with("https://") {
                continue;
            }
            assert!(path.with_file_name(file).exists(), "{target} in {path:?}");
            let is_here = file.is_empty();
            assert!(
                !is_here || headings.contains(&anchor.to_owned()),
                "{target} in {path:?}"
            );
        }
    }
}

/// The name of a heading in links.
fn anchor(line: &str) -> Option<String> {
    let heading = line
        .starts_with('#')
        .then(|| line.trim_start_matches('#').trim())?;
    let kept = heading
        .chars()
        .filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
}

#[test]
fn the_page_on_proof_names_every_test() {
    let page = include_str!("../PROOF.md");
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit('|').next());
    let named: BTreeSet<&str> = last
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let tests = fs::read_dir(root().join("tests")).unwrap();
    for test in tests {
        let path = test.unwrap().path();
        let is_test = path.extension().is_some() || path.join("main.rs").exists();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        assert!(
            !is_test || named.contains(&*name),
            "PROOF.md does not name `{name}`"
        );
    }
}

#[test]
fn every_machines_page_has_the_picture_of_its_registers() {
    for machine in MACHINES {
        let path = root().join(format!("src/arch/{}.rs", machine.name));
        let file = fs::read_to_string(path).unwrap();
        let included = format!(
            "#![doc = include_str!(concat!(env!(\"OUT_DIR\"), \"/{}.md\"))]",
            machine.name
        );
        assert!(
            file.contains(&included),
            "src/arch/{}.rs lacks `{included}`",
            machine.name
        );
        generated::picture(machine)
            .and_then(|picture| picture.compare())
            .unwrap();
    }
}

/// Why fewer than two witnesses prove a fact that a wrong machine in a test can show. Booted kernels do not count as
/// witnesses here: a program cannot be built for a wrong machine.
fn excuse(machine: &str, fact: &str) -> Option<&'static str> {
    match (machine, fact) {
        (_, fact) if fact.starts_with("user code's argument ") => Some(
            "tests/executed.rs demands that they are the kernel's, which others hold; uprobes in booted kernels",
        ),
        (_, "second return value") => {
            Some("only a call that is executed shows it; gcc's and clang's agree")
        }
        ("s390x", "syscall number") => None,
        (_, "syscall number") => {
            Some("libbpf has no macro for it; the kernel's headers or booted kernels have it")
        }
        ("sparc64", "what is added to the return address") => {
            Some("the kernel adds nothing where it reads it")
        }
        ("arm", "instruction pointer") => Some("libbpf is mistaken; booted kernels have it"),
        ("arm", "syscall argument 6") => {
            Some("to the kernel's accessor a syscall has six arguments")
        }
        ("loongarch64", "syscall argument 0") => Some("libbpf is mistaken; booted kernels have it"),
        (
            "mips",
            "syscall argument 4" | "syscall argument 5" | "syscall argument 6"
            | "syscall argument 7",
        ) => Some(
            "libbpf is mistaken, and the kernel's accessor reads the user's stack; booted kernels have them",
        ),
        _ => None,
    }
}

#[test]
fn two_witnesses_hold_every_fact() {
    for machine in MACHINES {
        let facts = Facts::of(machine).unwrap();
        let few = held_by_fewer_than_two(facts);
        for fact in &few {
            assert!(
                excuse(machine.name, fact).is_some(),
                "{}: {fact}",
                machine.name
            );
        }
        for wrong in wrong::roles(facts) {
            let excused = excuse(machine.name, &wrong.fact);
            assert!(
                excused.is_none() || few.contains(&wrong.fact),
                "{}: two witnesses hold the {}, and it is excused: {excused:?}",
                machine.name,
                wrong.fact
            );
        }
    }
}
