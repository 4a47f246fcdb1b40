//! Boots a kernel under its emulator, and reads the guest's output.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::guests::{Emulator, GUESTS, Guest};
use crate::{bpf::which, debian::Package};

/// The time that a guest may take. The slowest one takes about twenty seconds if the computer does nothing else.
const TIME_LIMIT: Duration = Duration::from_secs(240);

/// How many of the console's last lines are shown if a guest failed.
const LAST_LINES: usize = 15;

/// How often a guest may be booted if its kernel dies before it starts our process. Of all kernels here, only Linux
/// 6.12 does this, on one of five boots in qemu 7.2 of an x86_64, each time at a different place.
const ATTEMPTS: u32 = 4;

/// The first line of the guest's process.
const STARTED: &str = "@ guest release";

/// The line that ends a guest's work.
const DONE: &str = "@ guest done";

/// Boots a kernel and returns the console's lines, when the guest says that it is done.
pub fn boot(guest: &Guest, kernel: &Path, initramfs: &Path) -> Result<Vec<String>, String> {
    let mut attempt = 1;
    loop {
        let (lines, end) = boot_once(guest, kernel, initramfs)?;
        let Err(why) = end else {
            return Ok(lines);
        };
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        let failure = format!("{why}; the last lines of its console:\n{}", last.join("\n"));
        let started = lines.iter().any(|line| line.starts_with(STARTED));
        if started || attempt == ATTEMPTS {
            return Err(failure);
        }
        eprintln!("{}: booting again, because {failure}", guest.machine);
        attempt += 1;
    }
}

type Console = (Vec<String>, Result<(), String>);

fn boot_once(guest: &Guest, kernel: &Path, initramfs: &Path) -> Result<Console, String> {
    let mut emulator = emulator(guest)?;
    emulator
        .args(guest.hardware.split_whitespace())
        .args("-smp 1 -accel tcg -display none -monitor none -no-reboot -nodefaults".split(' '))
        .args(console(guest).split(' '))
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .arg("-append")
        .arg(format!(
            "console={} panic=-1 loglevel=4 {}",
            guest.console, guest.parameters
        ))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = emulator.spawn();
    let mut child = child.map_err(|error| format!("cannot run {emulator:?}: {error}"))?;
    let console = read(&mut child);
    // The emulator may have ended by itself. Then both calls fail, and that does no harm.
    let _ = child.kill();
    let _ = child.wait();
    Ok(console)
}

/// The console that is standard output: a serial line, or the console of s390x.
fn console(guest: &Guest) -> &'static str {
    if guest.console.starts_with("ttysclp") {
        "-chardev stdio,id=console -device sclpconsole,chardev=console"
    } else {
        "-serial stdio"
    }
}

fn read(child: &mut Child) -> Console {
    let (sender, receiver) = mpsc::channel();
    let streams: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);

    let end = Instant::now() + TIME_LIMIT;
    let mut lines: Vec<String> = Vec::new();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let why = match receiver.recv_timeout(left) {
            Ok(line) => {
                let done = line.starts_with(DONE);
                lines.push(line);
                if done {
                    return (lines, Ok(()));
                }
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {
                format!(
                    "the guest was not done after {} seconds",
                    TIME_LIMIT.as_secs()
                )
            }
            Err(RecvTimeoutError::Disconnected) => {
                "the guest stopped before it was done".to_owned()
            }
        };
        return (lines, Err(why));
    }
}

/// The emulator's command, before its arguments.
pub fn emulator(guest: &Guest) -> Result<Command, String> {
    match guest.emulator {
        Emulator::Installed(program) => match which(program) {
            Some(path) => Ok(Command::new(path)),
            None => Err(format!(
                "no `{program}` in PATH: `scripts/setup` installs it"
            )),
        },
        Emulator::Unpacked {
            program,
            suite,
            package,
        } => {
            let package = Package::newest(suite, own_arch()?, package)?;
            Ok(Command::new(package.root.join("usr/bin").join(program)))
        }
    }
}

/// Debian's name of the computer that this runs on.
fn own_arch() -> Result<&'static str, String> {
    let own = GUESTS
        .iter()
        .find(|guest| guest.machine == env::consts::ARCH);
    own.map(|guest| guest.debian).ok_or_else(|| {
        format!(
            "Debian has no emulators that run on `{}`",
            env::consts::ARCH
        )
    })
}
