//! `usdt` lists the static probes of a program or a library, and prints the arguments of one while a command runs.

mod attach;
mod kernel;
mod site;

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use probe_abi::MACHINE;
use probe_abi_usdt::Elf;

use kernel::Kernel;

const USAGE: &str = "\
usage: usdt [--probe OBJECT] FILE [PROVIDER:NAME -- COMMAND [ARG...]]

Lists the static probes of FILE, a program or a library; or prints the arguments of one of them, in whichever process
comes by, while a COMMAND runs.

  --probe OBJECT   the BPF program; without it, what `cargo xtask probe` built of examples/usdt/probe
  --help           print this";

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error}");
            // The status by which `timeout` and similar programs say that they themselves failed, not the command.
            ExitCode::from(125)
        }
    }
}

/// The contents of the command line.
#[derive(Default)]
struct Arguments {
    /// The file, and the probe's name.
    words: Vec<OsString>,
    object: Option<PathBuf>,
    help: bool,
    command: Vec<OsString>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--") => {
                    arguments.command = words.collect();
                    break;
                }
                Some("--probe") => {
                    let path = words.next().ok_or("`--probe` needs a path behind it")?;
                    arguments.object = Some(path.into());
                }
                Some("--help" | "-h") => arguments.help = true,
                Some(option) if option.starts_with('-') => {
                    return Err(format!(
                        "there is no option `{option}`: accepted are `--probe` and `--help`"
                    ));
                }
                _ => arguments.words.push(word),
            }
        }
        Ok(arguments)
    }
}

fn run() -> Result<u8, String> {
    let arguments = Arguments::parse(env::args_os().skip(1))?;
    if arguments.help {
        println!("{USAGE}");
        return Ok(0);
    }
    let (path, name) = match &arguments.words[..] {
        [] => return Err(format!("no file is given\n{USAGE}")),
        [path] => (Path::new(path), None),
        [path, name] => (Path::new(path), Some(name.to_string_lossy())),
        [_, _, word, ..] => {
            return Err(format!(
                "`{}` is one word too many\n{USAGE}",
                word.display()
            ));
        }
    };
    let shown = path.display();
    let file = fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let elf = Elf::parse(&file).map_err(|error| format!("`{shown}`: {error}"))?;
    let Some(name) = name else {
        return list(&elf).map(|()| 0);
    };
    let [program, words @ ..] = &arguments.command[..] else {
        return Err(format!(
            "no command is given: it stands behind `--`\n{USAGE}"
        ));
    };
    let places = elf
        .probe(&name)
        .map_err(|error| format!("`{shown}`: {error}"))?;
    // The probes of a program of 32 bits name other registers than a kernel of 64 bits has.
    if *elf.machine() != MACHINE {
        let (other, this) = (elf.machine().name, MACHINE.name);
        return Err(format!(
            "`{shown}` is for `{other}`, and this kernel's registers are those of `{this}`"
        ));
    }
    let sites: Vec<_> = places.iter().map(|place| site::of(place)).collect();
    let object = arguments.object.unwrap_or_else(kernel::default_path);
    let mut kernel = Kernel::load(&object, &sites)?;
    let attached: Vec<_> = (0..)
        .zip(&places)
        .map(|(number, place)| attach::attach(kernel.program(), path, place, number))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("cannot attach to `{name}`: {error}"))?;
    let mut command = Command::new(program)
        .args(words)
        .spawn()
        .map_err(|error| format!("cannot run `{}`: {error}", program.display()))?;
    let status = kernel.follow(&mut command, |event| {
        let mut out = io::stdout().lock();
        match places.get(event.site as usize) {
            Some(place) => writeln!(
                out,
                "{} {place}{}",
                event.process,
                site::shown(place, event)
            ),
            None => Ok(()),
        }
    })?;
    // This lowers each semaphore again.
    drop(attached);
    Ok(status)
}

fn list(elf: &Elf) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let cannot = |error: io::Error| format!("cannot print: {error}");
    for place in elf.probes() {
        match place {
            Ok(place) => {
                let types = site::types(place);
                write!(out, "{place}{types} at {:#x}", place.location.address).map_err(cannot)?;
                if let Some(semaphore) = place.semaphore {
                    write!(out, ", semaphore at {:#x}", semaphore.address).map_err(cannot)?;
                }
                writeln!(out).map_err(cannot)?;
            }
            Err(error) => eprintln!("usdt: {error}"),
        }
    }
    Ok(())
}
