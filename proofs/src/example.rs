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

/// cargo, for programs that run on this computer: loaders, and tests of the probes' code. `machine` is the machine that
/// they are for.
///
/// Name a loader with `--bin` and not with `--package`. For a package cargo takes only the features that this package
/// asks for, and would compile the common dependencies of all loaders anew.
pub fn cargo(command: &str, machine: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(root().join("examples"))
        .args([command, "--quiet", "--locked", "--target-dir"])
        .arg(built())
        .env(VARIABLE, machine);
    cargo
}

impl Example {
    /// The probe's object.
    pub fn object(&self, machine: &str) -> Result<PathBuf, String> {
        let row = Machine::named(machine).ok_or("not a row of the table")?;
        let package = root().join("examples").join(self.name).join("probe");
        let object = Probe::new(&package, row, Endian::Little)
            .args(&["--locked"])
            .object(&Toolchain::find()?, self.name)?;
        let path = built().join(format!("{}-probe-{machine}", self.name));
        write_if_new(&path, object)?;
        Ok(path)
    }

    /// Compiles the code of the probe for this computer, and tests it with calls or registers of the machine. Succeeds
    /// if `passed` tests pass.
    pub fn event_tests(&self, machine: &str, passed: usize) -> Result<(), String> {
        own_tests(
            &["--package", &format!("{}-event", self.name), "--lib"],
            machine,
            passed,
        )
    }

    /// The loader, as a command that knows its probe for this computer's machine. Both are built once.
    pub fn command(&self, own: &str) -> Result<Command, String> {
        type Loaders = BTreeMap<&'static str, Result<(PathBuf, PathBuf), String>>;
        static LOADERS: Mutex<Loaders> = Mutex::new(BTreeMap::new());
        let mut loaders = LOADERS.lock().unwrap_or_else(PoisonError::into_inner);
        let build = || {
            run(cargo("build", own).args(["--bin", self.loader]))?;
            Ok((built().join("debug").join(self.loader), self.object(own)?))
        };
        let (loader, probe) = loaders.entry(self.name).or_insert_with(build).clone()?;
        let mut command = Command::new(loader);
        command.arg("--probe").arg(probe);
        Ok(command)
    }
}

/// Runs the tests that are selected. Succeeds if `passed` tests pass.
pub fn own_tests(selected: &[&str], machine: &str, passed: usize) -> Result<(), String> {
    // The build for another machine would replace the program.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let said = run(cargo("test", machine).args(selected))?.stdout;
    match said.contains(&format!("ok. {passed} passed; 0 failed")) {
        true => Ok(()),
        false => Err(said),
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
