//! `tracer` runs a command and prints its calls of C functions, arguments and return values included.

mod calls;
mod kernel;
mod library;
mod probe;
mod prototype;
mod request;
mod simulation;

use std::{env, ffi::OsString, io, path::PathBuf, process::ExitCode};

use kernel::{Probe, Refused};
use library::Library;
use prototype::Prototype;

const USAGE: &str = "\
usage: tracer [OPTION...] PROTOTYPE... -- COMMAND [ARG...]

A PROTOTYPE is a function as C declares it: 'int openat(int, const char *path, int flags, ...)'.
`char *` is printed as a string, any other pointer as an address.

  --library PATH   the library or program that the functions are in; without it, the C library
  --probe OBJECT   the probe; without it, what `cargo xtask probe` built of examples/tracer/probe
  --simulate       run the probe in rbpf over made-up calls, and no command
  --help           print this";

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error}");
            // As `timeout` and its like say that they failed, and not the command.
            ExitCode::from(125)
        }
    }
}

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    functions: Vec<Prototype>,
    library: Option<PathBuf>,
    probe: Option<PathBuf>,
    simulate: bool,
    help: bool,
    command: Vec<OsString>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            let mut path = || {
                let path = words.next().map(PathBuf::from);
                path.ok_or_else(|| format!("`{}` needs a path behind it", word.display()))
            };
            match word.to_str() {
                Some("--") => {
                    arguments.command = words.collect();
                    break;
                }
                Some("--library") => arguments.library = Some(path()?),
                Some("--probe") => arguments.probe = Some(path()?),
                Some("--simulate") => arguments.simulate = true,
                Some("--help" | "-h") => arguments.help = true,
                Some(option) if option.starts_with('-') => {
                    return Err(format!(
                        "there is no option `{option}`: accepted are `--library`, `--probe`, `--simulate` and \
                         `--help`"
                    ));
                }
                Some(prototype) => arguments.functions.push(Prototype::parse(prototype)?),
                None => {
                    let word = word.display();
                    return Err(format!("`{word}` is not a C prototype: it is not UTF-8"));
                }
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
    if arguments.functions.is_empty() {
        return Err(format!("no prototype is given\n{USAGE}"));
    }
    if arguments.command.is_empty() && !arguments.simulate {
        return Err(format!(
            "no command is given: it stands behind `--`\n{USAGE}"
        ));
    }

    let object = probe::read(&arguments.probe.unwrap_or_else(probe::default_path))?;
    if arguments.simulate {
        simulation::run(&object, &arguments.functions, io::stdout().lock())?;
        return Ok(0);
    }
    match Probe::load(&object, &arguments.functions) {
        Ok(probe) => {
            let library = arguments
                .library
                .map_or_else(Library::libc, Library::open)?;
            probe.trace(&arguments.functions, &library, &arguments.command)
        }
        Err(Refused::Unavailable(why)) => {
            eprintln!("tracer: {why}; so these are made-up calls, on which rbpf runs the probe");
            simulation::run(&object, &arguments.functions, io::stdout().lock())?;
            Ok(0)
        }
        Err(Refused::Failed(why)) => Err(why),
    }
}
