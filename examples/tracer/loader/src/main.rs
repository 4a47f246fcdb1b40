//! `tracer` runs a command and prints its calls of C functions, with their arguments and return values.

mod calls;
mod kernel;
mod library;
mod probe;
mod prototype;
mod request;
mod simulation;

use std::{env, ffi::OsString, io, path::PathBuf, process::ExitCode};

use kernel::{Probe, Refused, Traced};
use library::Library;
use probe_abi::MACHINE;
use prototype::Prototype;

const USAGE: &str = "\
usage: tracer [OPTION...] PROTOTYPE... -- COMMAND [ARG...]

A PROTOTYPE is a function as C declares it: 'int openat(int, const char *path, int flags, ...)'.
`char *` is printed as a string, any other pointer as an address.

  --syscalls       a PROTOTYPE is a syscall's, as its manual page has it; without one, some that are often made
  --library PATH   the library or program that the functions are in; without it, the C library
  --probe OBJECT   the probe; without it, what `cargo xtask probe` built of examples/tracer/probe
  --simulate       run the probe in rbpf over made-up calls, and no command
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
    functions: Vec<Prototype>,
    library: Option<PathBuf>,
    probe: Option<PathBuf>,
    simulate: bool,
    syscalls: bool,
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
                Some("--syscalls") => arguments.syscalls = true,
                Some("--help" | "-h") => arguments.help = true,
                Some(option) if option.starts_with('-') => {
                    return Err(format!(
                        "there is no option `{option}`: accepted are `--library`, `--probe`, `--simulate`, \
                         `--syscalls` and `--help`"
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
    let mut arguments = Arguments::parse(env::args_os().skip(1))?;
    if arguments.help {
        println!("{USAGE}");
        return Ok(0);
    }
    if arguments.syscalls {
        return trace_syscalls(&mut arguments);
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
    match Probe::load(&object, &arguments.functions, false) {
        Ok(probe) => {
            let library = arguments
                .library
                .map_or_else(Library::libc, Library::open)?;
            probe.trace(
                &arguments.functions,
                Traced::Functions(&library),
                &arguments.command,
            )
        }
        Err(Refused::Unavailable(why)) => {
            eprintln!("tracer: {why}; so these are made-up calls, on which rbpf runs the probe");
            simulation::run(&object, &arguments.functions, io::stdout().lock())?;
            Ok(0)
        }
        Err(Refused::Failed(why)) => Err(why),
    }
}

/// Prototypes of syscalls. A machine may lack some of them.
const SYSCALLS: &[&str] = &[
    "int access(const char *path, int mode)",
    "void *brk(void *end)",
    "int chdir(const char *path)",
    "int close(int fd)",
    "int dup2(int fd, int other)",
    "int execve(const char *path, char **argv, char **envp)",
    "void exit_group(int status)",
    "int faccessat(int dirfd, const char *path, int mode)",
    "int fcntl(int fd, int command, unsigned long argument)",
    "int fstat(int fd, struct stat *to)",
    "int getcwd(void *to, size_t size)",
    "ssize_t getdents64(int fd, void *to, unsigned count)",
    "pid_t getpid(void)",
    "int ioctl(int fd, unsigned request, void *argument)",
    "int kill(pid_t pid, int signal)",
    "int mkdirat(int dirfd, const char *path, mode_t mode)",
    "void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)",
    "int munmap(void *address, size_t length)",
    "int open(const char *path, int flags, mode_t mode)",
    "int openat(int dirfd, const char *path, int flags, mode_t mode)",
    "ssize_t pread64(int fd, void *to, size_t count, off64_t offset)",
    "ssize_t pwrite64(int fd, void *from, size_t count, off64_t offset)",
    "ssize_t read(int fd, void *to, size_t count)",
    "ssize_t readlinkat(int dirfd, const char *path, void *to, size_t size)",
    "int socket(int domain, int type, int protocol)",
    "int unlink(const char *path)",
    "int unlinkat(int dirfd, const char *path, int flags)",
    "ssize_t write(int fd, void *from, size_t count)",
];

fn trace_syscalls(arguments: &mut Arguments) -> Result<u8, String> {
    if arguments.simulate || arguments.library.is_some() {
        return Err("`--syscalls` goes with neither `--simulate` nor `--library`".to_owned());
    }
    if arguments.command.is_empty() {
        return Err(format!(
            "no command is given: it stands behind `--`\n{USAGE}"
        ));
    }
    if arguments.functions.is_empty() {
        let known = SYSCALLS.iter().map(|text| Prototype::parse(text));
        arguments.functions = known.collect::<Result<_, _>>()?;
        let has = |function: &Prototype| MACHINE.syscall(&function.name).is_ok();
        arguments.functions.retain(has);
    }
    let path = arguments.probe.take().unwrap_or_else(probe::default_path);
    let object = probe::read(&path)?;
    match Probe::load(&object, &arguments.functions, true) {
        Ok(probe) => probe.trace(&arguments.functions, Traced::Syscalls, &arguments.command),
        Err(Refused::Unavailable(why) | Refused::Failed(why)) => Err(why),
    }
}
