//! The BPF program in the kernel, and its events.

use std::{
    fs,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::ExitStatusExt,
    },
    path::{Path, PathBuf},
    process::Child,
    thread::sleep,
    time::Duration,
};

use aya::{
    Ebpf, EbpfLoader, Pod,
    maps::{Array, Map, MapData, PerCpuArray, RingBuf},
    programs::{ProgramFd, UProbe},
};
use probe_abi::machine::Machine;
use usdt_event::{Event, Site};

/// Where `cargo xtask probe examples/usdt/probe <machine>` leaves the object for this machine.
pub fn default_path() -> PathBuf {
    let target = if cfg!(target_endian = "big") {
        "bpfeb-unknown-none"
    } else {
        "bpfel-unknown-none"
    };
    let probes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/probes/probe");
    probes
        .join(probe_abi::ARCH)
        .join(target)
        .join("release/usdt")
}

pub struct Kernel {
    ebpf: Ebpf,
    program: ProgramFd,
}

impl Kernel {
    /// Loads the program of an object, and sets up these places for it.
    pub fn load(object: &Path, sites: &[Site]) -> Result<Self, String> {
        let shown = object.display();
        let bytes = fs::read(object)
            .map_err(|error| format!("cannot read the probe `{shown}`: {error}"))?;
        let machine = Machine::of_object(&bytes)
            .map_err(|error| format!("`{shown}` is no probe for this machine: {error}"))?;
        if machine.name != probe_abi::ARCH {
            let (other, this) = (machine.name, probe_abi::ARCH);
            return Err(format!(
                "the probe `{shown}` is for `{other}`, and this is `{this}`"
            ));
        }
        let mut ebpf = EbpfLoader::new()
            .map_max_entries("SITES", sites.len() as u32)
            .load(&bytes)
            .map_err(|error| format!("cannot load the probe: {error}"))?;
        let program: &mut UProbe = ebpf
            .program_mut("came_by")
            .and_then(|program| program.try_into().ok())
            .ok_or_else(|| format!("`{shown}` has no program `came_by`"))?;
        program
            .load()
            .map_err(|error| format!("cannot load the probe (as root?): {error}"))?;
        let program = program.fd().and_then(|program| Ok(program.try_clone()?));
        let program = program.map_err(|error| error.to_string())?;
        let mut kernel = Self { ebpf, program };
        let map = kernel.map("SITES")?;
        let mut map = Array::<MapData, InMap>::try_from(map).map_err(|error| error.to_string())?;
        for (number, site) in (0..).zip(sites) {
            map.set(number, InMap(*site), 0)
                .map_err(|error| error.to_string())?;
        }
        Ok(kernel)
    }

    /// The program, for attaching it.
    pub fn program(&self) -> BorrowedFd<'_> {
        self.program.as_fd()
    }

    /// Passes on each event until the command ends. Returns the command's exit status.
    pub fn follow(
        &mut self,
        command: &mut Child,
        mut tell: impl FnMut(&Event) -> std::io::Result<()>,
    ) -> Result<u8, String> {
        let events = self.map("EVENTS")?;
        let mut events = RingBuf::try_from(events).map_err(|error| error.to_string())?;
        let status = loop {
            // This is asked before the buffer is read: if the command has ended, all of its events are in the buffer.
            let ended = command
                .try_wait()
                .map_err(|error| format!("cannot wait for the command: {error}"))?;
            while let Some(event) = events.next() {
                if event.len() != size_of::<Event>() {
                    continue;
                }
                // SAFETY: the bytes are as long as an event, and integers may have any value.
                let event: Event = unsafe { event.as_ptr().cast::<Event>().read_unaligned() };
                tell(&event).map_err(|error| format!("cannot print: {error}"))?;
            }
            if let Some(status) = ended {
                break status;
            }
            sleep(Duration::from_millis(20));
        };
        let lost = self.map("LOST")?;
        let lost = PerCpuArray::<MapData, u64>::try_from(lost)
            .and_then(|lost| lost.get(&0, 0))
            .map_err(|error| error.to_string())?;
        match lost.iter().sum() {
            0u64 => {}
            lost => eprintln!("usdt: {lost} events came too fast and were lost"),
        }
        // The status that a shell reports.
        let status = status.code().or_else(|| Some(128 + status.signal()?));
        Ok(status
            .and_then(|status| status.try_into().ok())
            .unwrap_or(1))
    }

    fn map(&mut self, name: &str) -> Result<Map, String> {
        let map = self.ebpf.take_map(name);
        map.ok_or_else(|| format!("the probe has no map `{name}`"))
    }
}

/// A place in the form that it has in a map.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct InMap(Site);

// SAFETY: it has only integers, and no gaps between them.
unsafe impl Pod for InMap {}
