//! Programs and files of the computer that this runs on, with errors that name them.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, ExitStatus},
};

/// How a program ended, and its output.
#[derive(Debug)]
pub struct Said {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end, whether it succeeds or fails.
pub fn ended(command: &mut Command) -> Result<Said, String> {
    let output = command
        // Messages are shown unchanged, so they are all in one language.
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

/// Runs a program that has to succeed. `Err` is the command, with its whole output.
pub fn run(command: &mut Command) -> Result<Said, String> {
    match ended(command)? {
        said if said.status.success() => Ok(said),
        Said { stdout, stderr, .. } => Err(format!("{command:?}\n{stdout}{stderr}")),
    }
}

/// The output of a program. `Err` is the first line of its complaint: a reason why a proof cannot run.
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

/// The error of an operation on a file: `.map_err(cannot("write", path))`.
pub fn cannot(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("cannot {what} `{path}`: {error}")
}

/// Writes a file, unless it has these contents already: then nothing is built again.
pub fn write_if_new(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), String> {
    let contents = contents.as_ref();
    if fs::read(path).is_ok_and(|before| before == contents) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot("write", path))?;
    }
    fs::write(path, contents).map_err(cannot("write", path))
}

/// Waits until nobody else has a folder, in this process or in another. The caller has it until the file is closed.
pub fn lock(folder: &Path) -> Result<File, String> {
    fs::create_dir_all(folder).map_err(cannot("make", folder))?;
    let path = folder.join("lock");
    let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
    lock.map_err(cannot("lock", &path))
}
