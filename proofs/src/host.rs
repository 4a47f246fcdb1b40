//! Programs and files of the computer that this runs on, with errors that name them.

use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
};

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Said {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end, whatever that is.
pub fn ended(command: &mut Command) -> Result<Said, String> {
    let output = command
        // Messages are shown as they are, so in one language.
        .env("LC_ALL", "C.UTF-8")
        .env("CARGO_TERM_COLOR", "never")
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    Ok(Said {
        status: output.status,
        stdout,
        stderr,
    })
}

/// Runs a program that succeeds. `Err` is the command, with all that it said.
pub fn run(command: &mut Command) -> Result<Said, String> {
    match ended(command)? {
        said if said.status.success() => Ok(said),
        Said { stdout, stderr, .. } => Err(format!("{command:?}\n{stdout}{stderr}")),
    }
}

/// What a program prints. `Err` is the first line of its complaint, for those who are told why a proof
/// cannot run.
pub fn output(command: &mut Command) -> Result<String, String> {
    let said = ended(command)?;
    if said.status.success() {
        return Ok(said.stdout);
    }
    let first = said.stderr.lines().find(|line| !line.starts_with("W:"));
    Err(format!(
        "`{}` failed: {}",
        command.get_program().display(),
        first.unwrap_or("it did not say why")
    ))
}

/// A file's hash, in hexadecimal digits.
pub fn sha256(path: &Path) -> Result<String, String> {
    let printed = output(Command::new("sha256sum").arg(path))?;
    let hash = printed.split_whitespace().next();
    hash.map(str::to_owned)
        .ok_or_else(|| "sha256sum printed nothing".to_owned())
}

/// An error of doing something to a file: `.map_err(cannot("write", path))`.
pub fn cannot(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("cannot {what} `{path}`: {error}")
}

/// Leaves a file alone that is as it should be, so that nothing is built again.
pub fn write_if_new(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot("write", path))?;
    }
    fs::write(path, text).map_err(cannot("write", path))
}
