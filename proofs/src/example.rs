//! An example with a loader, built and run as a user does: `examples/<name>/{loader,event,probe}`.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use crate::{
    bpf::{Probe, Toolchain, root},
    host::{Said, ended, run, write_if_new},
    select::{Endian, Machine, VARIABLE},
};

/// The facts of an example that a test needs.
#[derive(Debug)]
pub struct Example {
    /// Its folder, whose name its object has too.
    pub name: &'static str,
    /// The name of its loader.
    pub loader: &'static str,
}

/// The folder that all examples are built in.
pub fn built() -> PathBuf {
    root().join("target/examples")
}

impl Example {
    fn package(&self, package: &str) -> PathBuf {
        root().join("examples").join(self.name).join(package)
    }

    /// The probe's object.
    pub fn object(&self, machine: &str) -> Result<PathBuf, String> {
        let row = Machine::named(machine).ok_or("not a row of the table")?;
        let object = Probe::new(&self.package("probe"), row, Endian::Little)
            .args(&["--locked"])
            .object(&Toolchain::find()?, self.name)?;
        let path = built().join(format!("{}-probe-{machine}", self.name));
        write_if_new(&path, object)?;
        Ok(path)
    }

    /// Compiles the code of the probe for this computer, and tests it with calls or registers of the machine. Succeeds
    /// if `passed` tests pass.
    pub fn event_tests(&self, machine: &str, passed: usize) -> Result<(), String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(self.package("event"))
            .args(["test", "--lib", "--quiet", "--locked", "--target-dir"])
            .arg(built())
            .env(VARIABLE, machine);
        let said = run(&mut cargo)?.stdout;
        match said.contains(&format!("ok. {passed} passed; 0 failed")) {
            true => Ok(()),
            false => Err(said),
        }
    }

    /// The loader, as a command that knows its probe for this computer's machine. Both are built once.
    pub fn command(&self, own: &str) -> Result<Command, String> {
        type Loaders = BTreeMap<&'static str, Result<(PathBuf, PathBuf), String>>;
        static LOADERS: Mutex<Loaders> = Mutex::new(BTreeMap::new());
        let mut loaders = LOADERS.lock().unwrap_or_else(PoisonError::into_inner);
        let build = || {
            let mut cargo = Command::new(env!("CARGO"));
            cargo
                .current_dir(self.package("loader"))
                .args(["build", "--quiet", "--locked", "--target-dir"])
                .arg(built())
                .env_remove(VARIABLE);
            run(&mut cargo)?;
            Ok((built().join("debug").join(self.loader), self.object(own)?))
        };
        let (loader, probe) = loaders.entry(self.name).or_insert_with(build).clone()?;
        let mut command = Command::new(loader);
        command.arg("--probe").arg(probe);
        Ok(command)
    }
}

/// A loader ends with status 125 and with this error, and prints nothing.
pub fn refuses(mut command: Command, arguments: &[&str], message: &str) -> Result<(), String> {
    let said = ended(command.args(arguments))?;
    let expected = format!("error: {message}");
    let is_refused = said.status.code() == Some(125)
        && said.stderr.starts_with(&expected)
        && said.stdout.is_empty();
    match is_refused {
        true => Ok(()),
        false => Err(format!(
            "{arguments:?}: expected `{expected}`, and there is `{}`",
            said.stderr
        )),
    }
}

/// The lines that a loader prints about events, which start with a number, and the lines of the program that it
/// watches.
///
/// `Err` if it complains, or ends with another status.
pub fn events_and_own(
    command: &mut Command,
    status: i32,
) -> Result<(Vec<String>, Vec<String>), String> {
    let Said {
        status: ended,
        stdout,
        stderr,
    } = ended(command)?;
    if ended.code() != Some(status) || !stderr.is_empty() {
        return Err(format!("{ended}: {stderr}"));
    }
    let lines = stdout.lines().map(str::to_owned);
    Ok(lines.partition(|line| line.starts_with(|first: char| first.is_ascii_digit())))
}
