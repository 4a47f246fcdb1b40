//! The probe in the kernel, and the command that it watches.

use std::{
    env::consts::ARCH,
    error::Error,
    ffi::OsString,
    fs,
    io::{self, ErrorKind, Write},
    iter,
    num::NonZeroU32,
    os::{
        fd::AsFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, Command},
};

use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{Array, HashMap, MapData, PerCpuArray, RingBuf},
    programs::{
        Program, RawTracePoint, UProbe,
        uprobe::{UProbeAttachLocation, UProbeAttachPoint, UProbeScope},
    },
};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        ptrace,
        wait::{WaitStatus, waitpid},
    },
    unistd::Pid,
};

use object::FileKind;
use probe_abi::{MACHINE, machine::Endian};
use tracer_event::Request;

use crate::{
    calls::Calls,
    library::Library,
    prototype::Prototype,
    request::{request, syscall_request},
};

/// The programs, which the kernel has accepted.
pub struct Probe(Ebpf);

/// The functions or syscalls that are traced.
#[derive(Clone, Copy)]
pub enum Traced<'l> {
    /// Functions of this library.
    Functions(&'l Library),
    Syscalls,
}

/// Why the programs are not in the kernel.
pub enum Refused {
    /// The kernel loads no programs here, or not for this user.
    Unavailable(String),
    /// These programs have an error.
    Failed(String),
}

impl Probe {
    /// Loads the programs, and sets up their requests for these functions.
    pub fn load(object: &[u8], functions: &[Prototype], syscalls: bool) -> Result<Self, Refused> {
        if probe_abi::ARCH != ARCH {
            return Err(Refused::Failed(format!(
                "this tracer is for `{}` and runs on `{ARCH}`: it can only `--simulate`",
                probe_abi::ARCH
            )));
        }
        const UPROBES: &str = "/sys/bus/event_source/devices/uprobe";
        if !syscalls && !Path::new(UPROBES).exists() {
            return Err(Refused::Unavailable(format!(
                "this kernel has no uprobes: there is no `{UPROBES}`"
            )));
        }
        let mut ebpf = EbpfLoader::new()
            .map_max_entries("REQUESTS", functions.len() as u32)
            .load(object)
            .map_err(refused)?;
        if syscalls {
            for name in ["sys_enter", "sys_exit"] {
                let program: &mut RawTracePoint =
                    program(&mut ebpf, name).map_err(Refused::Failed)?;
                program.load().map_err(refused)?;
            }
        } else {
            for name in ["called", "returned"] {
                let program: &mut UProbe = program(&mut ebpf, name).map_err(Refused::Failed)?;
                program.load().map_err(refused)?;
            }
        }
        let mut probe = Self(ebpf);
        probe.ask(functions, syscalls).map_err(Refused::Failed)?;
        Ok(probe)
    }

    fn ask(&mut self, functions: &[Prototype], syscalls: bool) -> Result<(), String> {
        if syscalls {
            let numbers = self.map("SYSCALLS")?;
            let mut numbers: HashMap<MapData, u32, u32> =
                numbers.try_into().map_err(|error| told(&error))?;
            for (index, function) in (0_u32..).zip(functions) {
                let syscall = MACHINE.syscall(&function.name);
                let number = syscall.map_err(|error| error.to_string())?.number;
                numbers
                    .insert(number, index, 0)
                    .map_err(|error| told(&error))?;
            }
        }
        let requests = self.map("REQUESTS")?;
        let mut requests: Array<MapData, InMap> =
            requests.try_into().map_err(|error| told(&error))?;
        for (number, function) in (0..).zip(functions) {
            let request = InMap(match syscalls {
                true => syscall_request(function, &MACHINE, Endian::THIS)?,
                false => request(function, &MACHINE, Endian::THIS),
            });
            requests
                .set(number, request, 0)
                .map_err(|error| told(&error))?;
        }
        Ok(())
    }

    /// Runs a command to its end, and prints its calls of these functions. Returns its exit status.
    pub fn trace(
        mut self,
        functions: &[Prototype],
        traced: Traced<'_>,
        command: &[OsString],
    ) -> Result<u8, String> {
        let stopped = match traced {
            Traced::Functions(library) => self.on_functions(functions, library, command)?,
            Traced::Syscalls => self.on_syscalls(command)?,
        };
        let mut events = RingBuf::try_from(self.map("EVENTS")?).map_err(|error| told(&error))?;
        let mut calls = Calls::new(
            functions,
            matches!(traced, Traced::Syscalls),
            io::stdout().lock(),
        );

        let mut command = stopped.go()?;
        let status = loop {
            // This is asked before the buffer is read: if the command has ended, all of its events are in the buffer.
            let ended = command
                .try_wait()
                .map_err(|error| format!("cannot wait for the command: {error}"))?;
            while let Some(event) = events.next() {
                calls.event(&event).map_err(cannot_print)?;
            }
            if let Some(status) = ended {
                break status;
            }
            // The end of the command does not end the wait, so the wait is short.
            let mut readable = [PollFd::new(events.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut readable, PollTimeout::from(20_u8));
        };
        calls.finish().map_err(cannot_print)?;
        let lost = self.lost()?;
        if lost > 0 {
            let _ = writeln!(
                io::stderr(),
                "tracer: {lost} calls and returns came too fast and were lost"
            );
        }
        // The status that a shell reports.
        let status = status.code().or_else(|| Some(128 + status.signal()?));
        Ok(status
            .and_then(|status| status.try_into().ok())
            .unwrap_or(1))
    }

    fn on_functions(
        &mut self,
        functions: &[Prototype],
        library: &Library,
        command: &[OsString],
    ) -> Result<Stopped, String> {
        let offsets: Vec<_> = functions
            .iter()
            .map(|function| library.function(&function.name))
            .collect::<Result<_, _>>()?;
        let stopped = Stopped::start(command)?;
        for (number, (function, offsets)) in (0..).zip(functions.iter().zip(&offsets)) {
            for &offset in offsets {
                for name in ["called", "returned"] {
                    let point = UProbeAttachPoint {
                        location: UProbeAttachLocation::AbsoluteOffset(offset),
                        cookie: Some(number),
                    };
                    let program: &mut UProbe = program(&mut self.0, name)?;
                    program
                        .attach(point, &library.path, UProbeScope::OneProcess(stopped.id()?))
                        .map_err(|error| {
                            format!("cannot attach to `{}`: {}", function.name, told(&error))
                        })?;
                }
            }
        }
        Ok(stopped)
    }

    fn on_syscalls(&mut self, command: &[OsString]) -> Result<Stopped, String> {
        let stopped = Stopped::start(command)?;
        stopped.is_of_this_machine()?;
        let process = self.map("PROCESS")?;
        let mut process: Array<MapData, u32> = process.try_into().map_err(|error| told(&error))?;
        process
            .set(0, stopped.id()?.get(), 0)
            .map_err(|error| told(&error))?;
        for name in ["sys_enter", "sys_exit"] {
            let program: &mut RawTracePoint = program(&mut self.0, name)?;
            program
                .attach(name)
                .map_err(|error| format!("cannot attach to `{name}`: {}", told(&error)))?;
        }
        Ok(stopped)
    }

    fn map(&mut self, name: &str) -> Result<aya::maps::Map, String> {
        self.0
            .take_map(name)
            .ok_or_else(|| format!("the probe has no map `{name}`"))
    }

    fn lost(&mut self) -> Result<u64, String> {
        let lost: PerCpuArray<MapData, u64> =
            PerCpuArray::try_from(self.map("LOST")?).map_err(|error| told(&error))?;
        let processors = lost.get(&0, 0).map_err(|error| told(&error))?;
        Ok(processors.iter().sum())
    }
}

/// A request in the form that it has in a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct InMap(Request);

// SAFETY: it has only integers, and no gaps between them.
unsafe impl Pod for InMap {}

fn program<'e, P>(ebpf: &'e mut Ebpf, name: &str) -> Result<&'e mut P, String>
where
    &'e mut P: TryFrom<&'e mut Program>,
{
    ebpf.program_mut(name)
        .and_then(|program| program.try_into().ok())
        .ok_or_else(|| format!("the probe has no program `{name}`"))
}

fn cannot_print(error: io::Error) -> String {
    format!("cannot print: {error}")
}

/// An error and its causes, in one line.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut lines: Vec<String> = causes(error).map(|error| error.to_string()).collect();
    // Some errors already name their causes.
    lines.dedup_by(|cause, error| error.contains(cause.as_str()));
    lines.join(": ").trim_end().to_owned()
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

fn refused(error: impl Error + 'static) -> Refused {
    let kind = causes(&error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind)
        .next();
    match kind {
        Some(ErrorKind::PermissionDenied) => Refused::Unavailable(
            "loading a BPF program is not permitted: root may, or who has the capabilities `bpf` and `perfmon`".to_owned(),
        ),
        // ENOSYS
        Some(ErrorKind::Unsupported) => Refused::Unavailable("this kernel has no BPF".to_owned()),
        _ => Refused::Failed(format!("cannot load the probe: {}", told(&error))),
    }
}

/// A command that has not run its first instruction.
struct Stopped(Child);

impl Stopped {
    fn start(command: &[OsString]) -> Result<Self, String> {
        let [program, arguments @ ..] = command else {
            return Err("no command is given".to_owned());
        };
        let mut command = Command::new(program);
        command.args(arguments);
        // SAFETY: between fork and exec this makes only one system call.
        unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
        let child = command.spawn().map_err(|error| {
            let program = program.display();
            match error.kind() {
                ErrorKind::NotFound => format!("there is no command `{program}`"),
                _ => format!("cannot run `{program}`: {error}"),
            }
        })?;
        let stopped = Self(child);
        // A process that asked to be traced stops with a SIGTRAP when exec has set up the new program.
        match waitpid(stopped.pid()?, None) {
            Ok(WaitStatus::Stopped(pid, _)) => {
                // If this process ends before the command, the command is killed.
                ptrace::setoptions(pid, ptrace::Options::PTRACE_O_EXITKILL)
                    .map_err(|error| format!("cannot hold the command: {error}"))?;
                Ok(stopped)
            }
            other => Err(format!(
                "`{}` did not stop to be traced: {other:?}",
                program.display()
            )),
        }
    }

    fn id(&self) -> Result<NonZeroU32, String> {
        NonZeroU32::new(self.0.id()).ok_or_else(|| "the command has no process".to_owned())
    }

    fn pid(&self) -> Result<Pid, String> {
        let id = self.0.id();
        let id = id.try_into().map_err(|_| format!("`{id}` is no process"))?;
        Ok(Pid::from_raw(id))
    }

    /// On a kernel of 64 bits, the syscalls of a program of 32 bits have other numbers.
    fn is_of_this_machine(&self) -> Result<(), String> {
        let path = format!("/proc/{}/exe", self.0.id());
        let program = fs::read(&path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
        let elf = FileKind::parse(&*program).map_err(|error| format!("`{path}`: {error}"))?;
        let word = if elf == FileKind::Elf32 { 4 } else { 8 };
        match word == MACHINE.word {
            true => Ok(()),
            false => Err(format!(
                "the command is a program of {} bits, and its syscalls are not those of `{}`",
                8 * word,
                MACHINE.name
            )),
        }
    }

    fn go(self) -> Result<Child, String> {
        ptrace::detach(self.pid()?, None)
            .map_err(|error| format!("cannot let the command go: {error}"))?;
        Ok(self.0)
    }
}
