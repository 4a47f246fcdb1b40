//! The BPF programs in the kernel, and their events.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Child,
    thread::sleep,
    time::Duration,
};

use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, MapData, PerCpuArray, RingBuf},
    programs::{
        UProbe,
        uprobe::{UProbeAttachLocation, UProbeScope},
    },
};
use go_event::Event;
use probe_abi::machine::Machine;
use probe_abi_go::Release;

/// Where `cargo xtask probe examples/go/probe <machine>` leaves the object for this machine.
pub fn default_path() -> PathBuf {
    let target = if cfg!(target_endian = "big") {
        "bpfeb-unknown-none"
    } else {
        "bpfel-unknown-none"
    };
    let probes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/probes/probe");
    probes.join(probe_abi::ARCH).join(target).join("release/go")
}

pub struct Kernel {
    ebpf: Ebpf,
}

impl Kernel {
    /// Loads the programs of an object, for Go programs of that release.
    pub fn load(object: &Path, release: &Release) -> Result<Self, String> {
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
        let number = u32::from(release.number);
        let mut ebpf = EbpfLoader::new()
            .override_global("GO_RELEASE", &number, true)
            .load(&bytes)
            .map_err(|error| format!("cannot load the probe: {error}"))?;
        for (name, program) in ebpf.programs_mut() {
            let program: &mut UProbe = program
                .try_into()
                .map_err(|_| format!("`{name}` of `{shown}` is no uprobe"))?;
            program
                .load()
                .map_err(|error| format!("cannot load `{name}` (as root?): {error}"))?;
        }
        Ok(Self { ebpf })
    }

    /// Runs one of the BPF programs whenever a process reaches an offset of a file, as long as `self` lives.
    pub fn attach(&mut self, program: &str, path: &Path, offset: u64) -> Result<(), String> {
        let cannot = |error: &dyn std::fmt::Display| {
            format!("cannot attach `{program}` to `{}`: {error}", path.display())
        };
        let found = self.ebpf.program_mut(program);
        let found: &mut UProbe = found
            .and_then(|program| program.try_into().ok())
            .ok_or_else(|| cannot(&"the probe has no such program"))?;
        // aya searches the libraries for a path that is not absolute.
        let whole = path.canonicalize().map_err(|error| cannot(&error))?;
        let location = UProbeAttachLocation::AbsoluteOffset(offset);
        found
            .attach(location, whole, UProbeScope::AllProcesses)
            .map(drop)
            .map_err(|error| cannot(&error))
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
            lost => eprintln!("gohttp: {lost} events came too fast and were lost"),
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
