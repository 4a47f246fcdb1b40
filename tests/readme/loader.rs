use std::{error::Error, thread::sleep, time::Duration};

use aya::{
    Ebpf,
    maps::Array,
    programs::{UProbe, uprobe::UProbeScope},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut ebpf = Ebpf::load_file("target/bpfel-unknown-none/release/my-probe")?;
    let probe: &mut UProbe = ebpf
        .program_mut("on_openat")
        .ok_or("no probe")?
        .try_into()?;
    probe.load()?;
    probe.attach("openat", "libc", UProbeScope::AllProcesses)?;
    // Without Aya, the probe's map is `.bss`.
    let flags: Array<_, i32> = ebpf.map("FLAGS").ok_or("no map")?.try_into()?;
    loop {
        sleep(Duration::from_secs(1));
        println!("{:#o}", flags.get(&0, 0)?);
    }
}
