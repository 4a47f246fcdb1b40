//! `gohttp` runs a Go program, and prints the requests of its HTTP server and the bytes that it reads through TLS.

mod kernel;

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use go_event::{Event, Kind};
use probe_abi::MACHINE;
use probe_abi_go::{Error, Program};

use kernel::Kernel;

const USAGE: &str = "\
usage: gohttp [--probe OBJECT] PROGRAM [ARG...]

Runs PROGRAM, a program of Go's, and prints a line for each request that its `net/http` server gets, for each handler
that returns, and for what it reads by `crypto/tls`.

  --probe OBJECT   the BPF program; without it, what `cargo xtask probe` built of examples/go/probe
  --help           print this";

/// The functions that are watched, with the BPF programs at their entry and at their returns.
const WATCHED: [(&str, &str, &str); 2] = [
    (
        "net/http.serverHandler.ServeHTTP",
        "on_request",
        "on_served",
    ),
    ("crypto/tls.(*Conn).Read", "on_read", "on_read_done"),
];

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
    object: Option<PathBuf>,
    help: bool,
    command: Vec<OsString>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.to_str() {
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
                _ => {
                    arguments.command = [word].into_iter().chain(words).collect();
                    break;
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
    let [path, words @ ..] = &arguments.command[..] else {
        return Err(format!("no program is given\n{USAGE}"));
    };
    let path = Path::new(path);
    let shown = path.display();
    let file = fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let of_program = |error: Error| format!("`{shown}`: {error}");
    let program = Program::parse(&file).map_err(of_program)?;
    if *program.machine() != MACHINE {
        let (other, this) = (program.machine().name, MACHINE.name);
        return Err(format!(
            "`{shown}` is for `{other}`, and this kernel's registers are those of `{this}`"
        ));
    }
    let release = program.release().map_err(of_program)?;
    let object = arguments.object.unwrap_or_else(kernel::default_path);
    let mut kernel = Kernel::load(&object, &release)?;
    let mut missing = Vec::new();
    for (name, at_entry, at_return) in WATCHED {
        let function = match program.function(name) {
            // The program may use only one of the two.
            Err(error @ Error::Unknown { .. }) => {
                missing.push(error);
                continue;
            }
            function => function.map_err(of_program)?,
        };
        kernel.attach(at_entry, path, function.entry.offset)?;
        for ret in &function.returns {
            kernel.attach(at_return, path, ret.place.offset)?;
        }
    }
    if missing.len() == WATCHED.len() {
        return Err(format!("`{shown}`: {}", missing[0]));
    }
    let mut command = Command::new(path)
        .args(words)
        .spawn()
        .map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    kernel.follow(&mut command, |event| {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", line(event))
    })
}

/// An event as a line.
fn line(event: &Event) -> String {
    let text = |bytes: &[u8], length: u32| {
        let bytes = bytes.get(..length as usize).unwrap_or(bytes);
        bytes.escape_ascii().to_string()
    };
    let (method, said) = (
        text(&event.method, event.method_length),
        text(&event.text, event.text_length),
    );
    let what = match event.kind {
        kind if kind == Kind::Request as u32 => format!("{method} {said}"),
        kind if kind == Kind::Served as u32 => "served".to_owned(),
        _ => format!("read \"{said}\""),
    };
    format!("{} g {:#x}: {what}", event.process, event.goroutine)
}
