//! Promise: a machine is one header, one file and one row. The machine in CONTRIBUTING.md is added to a copy of the
//! tree, and everything passes there.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use proofs::{
    bpf::{Toolchain, root},
    host::run,
    proof::{self, Proof},
    select::Machine,
};

/// The machine that CONTRIBUTING.md adds, and its files.
const MACHINE: &str = "loongarch32";
const ADDED: [&str; 3] = [
    "build/headers/loongarch32.h",
    "build/src/table.rs",
    "src/arch/loongarch32.rs",
];

/// The files that `cargo xtask bless` writes then.
const GENERATED: [&str; 6] = [
    "README.md",
    "build/bindings/loongarch32.rs",
    "src/pictures/loongarch32.md",
    "src/syscalls.tbl",
    "tests/api/loongarch32.txt",
    "tests/api/root.txt",
];

/// Some of the tests that have proofs of each machine, by its name. Each of these tests has to be compiled again for
/// this one.
const OF_EACH: [&str; 5] = ["calls", "compilers", "registers", "uapi", "verifier"];

/// Tests of all machines at once.
const OF_ALL: [&str; 3] = ["api", "completeness", "selection"];

/// Proofs whose tool cannot know the machine: gcc, and Linux's UAPI.
const IGNORED: [&str; 3] = [
    "loongarch32::UAPI",
    "loongarch32::calls, gcc",
    "loongarch32::layouts, gcc",
];

fn main() {
    let needs = Toolchain::find().and_then(|_| listed(root()).map(drop));
    proof::run(vec![Proof::new("a header, a file and a row", needs, add)])
}

fn add() -> Result<(), String> {
    if Machine::named(MACHINE).is_some() {
        return Err(format!(
            "`{MACHINE}` is a machine now: CONTRIBUTING.md and this test need another"
        ));
    }
    let copy = Tree::copy_of(root(), root().join("target/new-machine"))?;
    let pages = root().join("CONTRIBUTING.md");
    let pages = fs::read_to_string(pages).map_err(|error| error.to_string())?;
    for path in ADDED {
        copy.add(path, block(&pages, path)?)?;
    }
    // The file is still empty. The maintainer's commands fill it, but need it to compile.
    copy.add(GENERATED[1], "")?;
    copy.cargo(&["xtask", "bless"])?;

    let mut expected = [&ADDED[..], &GENERATED[..]].concat();
    expected.sort_unstable();
    let touched = copy.touched()?;
    if touched != expected {
        return Err(format!(
            "the machine touched {touched:?}, and not {expected:?}"
        ));
    }

    let of_machine = Results::of(&copy.test(&OF_EACH, &[MACHINE])?);
    // If a tool is not installed, more proofs are ignored.
    if env::var_os("CI").is_some() && of_machine.ignored != IGNORED {
        return Err(format!(
            "ignored were {:?}, and not {IGNORED:?}",
            of_machine.ignored
        ));
    }
    let of_all = Results::of(&copy.test(&OF_ALL, &[])?);
    let compared = of_machine
        .passed
        .iter()
        .any(|name| name == "loongarch32::layouts, clang");
    if !compared || of_all.passed.is_empty() {
        return Err(format!(
            "passed were only {:?} and {:?}",
            of_machine.passed, of_all.passed
        ));
    }
    proof::checked("its own tests", MACHINE, of_machine.passed.len());
    Ok(())
}

/// The code block under a file's name. The name has its own line, in backticks, with a colon.
fn block<'a>(pages: &'a str, path: &str) -> Result<&'a str, String> {
    let missing = || format!("CONTRIBUTING.md has no block for `{path}`");
    let (_, below) = pages
        .split_once(&format!("\n`{path}`:\n\n```"))
        .ok_or_else(missing)?;
    let (_, text) = below.split_once('\n').ok_or_else(missing)?;
    text.split_once("```")
        .map(|(text, _)| text)
        .ok_or_else(missing)
}

/// The files of a repository that git does not ignore.
fn listed(repository: &Path) -> Result<Vec<String>, String> {
    let files = git(
        repository,
        &["ls-files", "--cached", "--others", "--exclude-standard"],
    )?;
    Ok(files.lines().map(str::to_owned).collect())
}

fn git(repository: &Path, args: &[&str]) -> Result<String, String> {
    let mut git = Command::new("git");
    git.current_dir(repository).args(args);
    run(&mut git).map(|said| said.stdout)
}

/// A copy of the repository, with its own history.
struct Tree(PathBuf);

impl Tree {
    fn copy_of(repository: &Path, folder: PathBuf) -> Result<Self, String> {
        let _ = fs::remove_dir_all(&folder);
        for path in listed(repository)? {
            let (from, to) = (repository.join(&path), folder.join(&path));
            // git also lists a file that is deleted, if it is still in the index.
            if from.exists() {
                to.parent()
                    .map_or(Ok(()), fs::create_dir_all)
                    .and_then(|()| fs::copy(&from, &to))
                    .map_err(|error| format!("cannot copy `{path}`: {error}"))?;
            }
        }
        // The second folder exists after the public API has been listed.
        for compiled in ["target/debug", "target/api"] {
            let (from, to) = (repository.join(compiled), folder.join(compiled));
            if from.exists() {
                copy_compiled(&from, &to)
                    .map_err(|error| format!("cannot copy `{compiled}`: {error}"))?;
            }
        }
        git(&folder, &["init", "--quiet"])?;
        git(&folder, &["add", "--all"])?;
        let author = ["-c", "user.name=a copy", "-c", "user.email=a@copy"];
        git(
            &folder,
            &[&author[..], &["commit", "--quiet", "--message=As it was"]].concat(),
        )?;
        Ok(Self(folder))
    }

    /// Writes a new file, or adds a row to the table.
    fn add(&self, path: &str, text: &str) -> Result<(), String> {
        let to = self.0.join(path);
        let text = match fs::read_to_string(&to) {
            // After the last row.
            Ok(table) => table.replacen("        }\n", &format!("{text}        }}\n"), 1),
            Err(_) => text.to_owned(),
        };
        fs::write(&to, text).map_err(|error| format!("cannot write `{path}`: {error}"))
    }

    /// The changed files.
    fn touched(&self) -> Result<Vec<String>, String> {
        let status = git(&self.0, &["status", "--porcelain", "--untracked-files=all"])?;
        let mut paths: Vec<String> = status.lines().map(|line| line[3..].to_owned()).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    fn test(&self, tests: &[&str], filter: &[&str]) -> Result<String, String> {
        let mut args = vec!["test", "--no-fail-fast"];
        args.extend(tests.iter().flat_map(|name| ["--test", name]));
        args.extend(filter);
        self.cargo(&args)
    }

    fn cargo(&self, args: &[&str]) -> Result<String, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&self.0)
            .args(args)
            // In CI, a proof whose tool does not know the new machine would fail.
            .env_remove("CI");
        run(&mut cargo).map(|said| said.stdout)
    }
}

/// Copies cargo's compiled files, so that it does not compile other crates again. The folder is not shared, because
/// cargo confuses the own crates of two trees.
fn copy_compiled(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let from = entry?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        let is_program = from.extension().is_none()
            && from.parent().is_some_and(|folder| folder.ends_with("deps"));
        if from.ends_with("incremental") {
            continue;
        }
        if from.is_dir() {
            copy_compiled(&from, &to)?;
        } else if !is_program {
            fs::copy(&from, &to)?;
            // cargo compiles a file again if it is newer than the result.
            let modified = fs::metadata(&from)?.modified()?;
            fs::File::open(&to)?.set_modified(modified)?;
        }
    }
    Ok(())
}

/// The results that tests print.
struct Results {
    passed: Vec<String>,
    ignored: Vec<String>,
}

impl Results {
    fn of(output: &str) -> Self {
        let with = |result| {
            let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
            let lines = lines.filter_map(move |line| line.strip_suffix(result));
            let mut names: Vec<String> = lines.map(|name| name.trim_end().to_owned()).collect();
            names.sort_unstable();
            names
        };
        Self {
            passed: with(" ... ok"),
            ignored: with(" ... ignored"),
        }
    }
}
