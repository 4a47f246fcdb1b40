//! The probe in the kernel, and the command that it watches.

use std::{
    env::consts::ARCH,
    error::Error,
    ffi::OsString,
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
    maps::{Array, MapData, PerCpuArray, RingBuf},
    programs::{
        UProbe,
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

use probe_abi::{MACHINE, machine::Endian};
use tracer_event::Request;

use crate::{calls::Calls, library::Library, prototype::Prototype, request::request};

/// The two programs, accepted by the kernel.
pub struct Probe(Ebpf);

/// Why the programs are not in the kernel.
pub enum Refused {
    /// Nobody may load any here, or not this user.
    Unavailable(String),
    /// There is something wrong with these.
    Failed(String),
}

impl Probe {
    /// Loads the programs, and has them know these functions.
    pub fn load(object: &[u8], functions: &[Prototype]) -> Result<Self, Refused> {
        if probe_abi::ARCH != ARCH {
            return Err(Refused::Failed(format!(
                "this tracer is for `{}` and runs on `{ARCH}`: it can only `--simulate`",
                probe_abi::ARCH
            )));
        }
        const UPROBES: &str = "/sys/bus/event_source/devices/uprobe";
        if !Path::new(UPROBES).exists() {
            return Err(Refused::Unavailable(format!(
                "this kernel has no uprobes: there is no `{UPROBES}`"
            )));
        }
        let mut ebpf = EbpfLoader::new()
            .map_max_entries("REQUESTS", functions.len() as u32)
            .load(object)
            .map_err(refused)?;
        for name in ["called", "returned"] {
            program(&mut ebpf, name)
                .map_err(Refused::Failed)?
                .load()
                .map_err(refused)?;
        }
        let mut probe = Self(ebpf);
        probe.ask(functions).map_err(Refused::Failed)?;
        Ok(probe)
    }

    fn ask(&mut self, functions: &[Prototype]) -> Result<(), String> {
        let requests = self.map("REQUESTS")?;
        let mut requests: Array<MapData, InMap> =
            requests.try_into().map_err(|error| told(&error))?;
        for (number, function) in (0..).zip(functions) {
            let request = InMap(request(function, &MACHINE, Endian::THIS));
            requests
                .set(number, request, 0)
                .map_err(|error| told(&error))?;
        }
        Ok(())
    }

    /// Runs a command to its end, printing its calls of these functions. Returns its exit status.
    pub fn trace(
        mut self,
        functions: &[Prototype],
        library: &Library,
        command: &[OsString],
    ) -> Result<u8, String> {
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
                    program(&mut self.0, name)?
                        .attach(point, &library.path, UProbeScope::OneProcess(stopped.id()?))
                        .map_err(|error| {
                            format!("cannot attach to `{}`: {}", function.name, told(&error))
                        })?;
                }
            }
        }
        let mut events = RingBuf::try_from(self.map("EVENTS")?).map_err(|error| told(&error))?;
        let mut calls = Calls::new(functions, io::stdout().lock());

        let mut command = stopped.go()?;
        let status = loop {
            // First asked and then read: what it did before it ended is in the buffer by now.
            let ended = command
                .try_wait()
                .map_err(|error| format!("cannot wait for the command: {error}"))?;
            while let Some(event) = events.next() {
                calls.event(&event).map_err(cannot_print)?;
            }
            if let Some(status) = ended {
                break status;
            }
            // The end of the command does not wake this up: so not for long.
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
        // As a shell tells it.
        let status = status.code().or_else(|| Some(128 + status.signal()?));
        Ok(status
            .and_then(|status| status.try_into().ok())
            .unwrap_or(1))
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

/// A request as it lies in a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct InMap(Request);

// SAFETY: it has integers, and nothing between them.
unsafe impl Pod for InMap {}

fn program<'e>(ebpf: &'e mut Ebpf, name: &str) -> Result<&'e mut UProbe, String> {
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
    // Some already say what caused them.
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
        // SAFETY: between fork and exec only this one system call is made.
        unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
        let child = command.spawn().map_err(|error| {
            let program = program.display();
            match error.kind() {
                ErrorKind::NotFound => format!("there is no command `{program}`"),
                _ => format!("cannot run `{program}`: {error}"),
            }
        })?;
        let stopped = Self(child);
        // Whoever asked to be traced stops with a SIGTRAP when exec has set up the new program.
        match waitpid(stopped.pid()?, None) {
            Ok(WaitStatus::Stopped(pid, _)) => {
                // Where this ends before the command goes, so does the command.
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

    fn go(self) -> Result<Child, String> {
        ptrace::detach(self.pid()?, None)
            .map_err(|error| format!("cannot let the command go: {error}"))?;
        Ok(self.0)
    }
}
