//! Which kinds of probes the running kernel has: each is tried with a program of two instructions.

use std::{
    ffi::{CStr, CString},
    fs,
    hint::black_box,
    io, mem,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    ptr,
};

use aya_obj::generated::{
    PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF, PERF_FLAG_FD_CLOEXEC, bpf_attach_type, bpf_attr,
    bpf_cmd, bpf_prog_type, perf_event_attr, perf_sw_ids, perf_type_id,
};

/// A kind of program that is handed a `pt_regs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Uprobe,
    Uretprobe,
    Kprobe,
    Kretprobe,
    KprobeMulti,
    PerfEvent,
}

/// Why there is no probe of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Whoever runs this may not, or nobody may.
    Forbidden(String),
    /// The kernel has none.
    Absent(String),
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Uprobe,
        Self::Uretprobe,
        Self::Kprobe,
        Self::Kretprobe,
        Self::KprobeMulti,
        Self::PerfEvent,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Uprobe => "uprobe",
            Self::Uretprobe => "uretprobe",
            Self::Kprobe => "kprobe",
            Self::Kretprobe => "kretprobe",
            Self::KprobeMulti => "kprobe.multi (fprobe)",
            Self::PerfEvent => "perf_event",
        }
    }

    /// The option that gives a kernel this kind.
    pub fn option(self) -> &'static str {
        match self {
            Self::Uprobe | Self::Uretprobe => "CONFIG_UPROBE_EVENTS",
            Self::Kprobe | Self::Kretprobe => "CONFIG_KPROBE_EVENTS",
            Self::KprobeMulti => "CONFIG_FPROBE",
            Self::PerfEvent => "CONFIG_BPF_EVENTS",
        }
    }

    /// Loads a program of this kind and attaches it, for the moment, to where it does no harm.
    pub fn attempt(self) -> Result<(), Refusal> {
        match self {
            Self::Uprobe => on_uprobe(false),
            Self::Uretprobe => on_uprobe(true),
            Self::Kprobe => on_kprobe(false),
            Self::Kretprobe => on_kprobe(true),
            Self::KprobeMulti => on_kprobe_multi(),
            Self::PerfEvent => on_clock(),
        }
    }
}

/// A function that every kernel has, and that none calls while it works.
const RARE: &CStr = c"emergency_restart";

fn on_kprobe(returns: bool) -> Result<(), Refusal> {
    let program = load(bpf_prog_type::BPF_PROG_TYPE_KPROBE, None)?;
    attach(&program, &probe_event("kprobe", returns, RARE, 0)?)
}

/// On a function of this program, in this process.
fn on_uprobe(returns: bool) -> Result<(), Refusal> {
    let program = load(bpf_prog_type::BPF_PROG_TYPE_KPROBE, None)?;
    let (path, offset) = file_offset(probed as *const () as u64)
        .ok_or_else(|| Refusal::Absent("/proc/self/maps does not show this program".into()))?;
    let event = probe_event("uprobe", returns, &path, offset)?;
    attach(&program, &event)?;
    probed();
    Ok(())
}

#[inline(never)]
extern "C" fn probed() {
    black_box(());
}

fn on_kprobe_multi() -> Result<(), Refusal> {
    let multi = bpf_attach_type::BPF_TRACE_KPROBE_MULTI;
    let program = load(bpf_prog_type::BPF_PROG_TYPE_KPROBE, Some(multi))?;
    let symbols = [RARE.as_ptr()];
    let mut attr = zeroed::<bpf_attr>();
    // SAFETY: of a union that is zero all over, every member can be accessed.
    let link = unsafe { &mut attr.link_create };
    link.__bindgen_anon_1.prog_fd = program.as_raw_fd().cast_unsigned();
    link.attach_type = multi as u32;
    link.__bindgen_anon_3.kprobe_multi.cnt = 1;
    link.__bindgen_anon_3.kprobe_multi.syms = symbols.as_ptr() as u64;
    bpf(bpf_cmd::BPF_LINK_CREATE, &mut attr).map_err(refused("attaching"))?;
    Ok(())
}

/// On this process's own clock, at a tick that does not come.
fn on_clock() -> Result<(), Refusal> {
    let program = load(bpf_prog_type::BPF_PROG_TYPE_PERF_EVENT, None)?;
    let mut attr = zeroed::<perf_event_attr>();
    attr.type_ = perf_type_id::PERF_TYPE_SOFTWARE as u32;
    attr.config = perf_sw_ids::PERF_COUNT_SW_CPU_CLOCK as u64;
    attr.__bindgen_anon_1.sample_period = u64::from(u32::MAX) * 1_000;
    attach(&program, &perf_event(attr)?)
}

/// The instructions `r0 = 0; exit`, each with its operation in the first byte.
const PROGRAM: [[u8; 8]; 2] = [[0xb7, 0, 0, 0, 0, 0, 0, 0], [0x95, 0, 0, 0, 0, 0, 0, 0]];

fn load(kind: bpf_prog_type, attach: Option<bpf_attach_type>) -> Result<OwnedFd, Refusal> {
    let mut attr = zeroed::<bpf_attr>();
    // SAFETY: of a union that is zero all over, every member can be accessed.
    let program = unsafe { &mut attr.__bindgen_anon_3 };
    program.prog_type = kind as u32;
    program.expected_attach_type = attach.map_or(0, |attach| attach as u32);
    program.insns = PROGRAM.as_ptr() as u64;
    program.insn_cnt = PROGRAM.len() as u32;
    program.license = c"GPL".as_ptr() as u64;
    bpf(bpf_cmd::BPF_PROG_LOAD, &mut attr).map_err(refused("loading"))
}

/// An event of the kernel's `kprobe` or `uprobe`: a symbol, or an offset in a file.
fn probe_event(device: &str, returns: bool, at: &CStr, offset: u64) -> Result<OwnedFd, Refusal> {
    let device = Path::new("/sys/bus/event_source/devices").join(device);
    let absent = || Refusal::Absent(format!("there is no `{}`", device.display()));
    let number = |file: &str, prefix: &str| -> Option<u32> {
        let text = fs::read_to_string(device.join(file)).ok()?;
        text.trim().strip_prefix(prefix)?.parse().ok()
    };
    let mut attr = zeroed::<perf_event_attr>();
    attr.type_ = number("type", "").ok_or_else(absent)?;
    if returns {
        attr.config = 1 << number("format/retprobe", "config:").ok_or_else(absent)?;
    }
    attr.__bindgen_anon_3.config1 = at.as_ptr() as u64;
    attr.__bindgen_anon_4.config2 = offset;
    perf_event(attr)
}

/// An event of this process, on whichever processor.
fn perf_event(mut attr: perf_event_attr) -> Result<OwnedFd, Refusal> {
    attr.size = mem::size_of::<perf_event_attr>() as u32;
    // SAFETY: attr outlives the call, and so do the strings whose addresses it holds.
    let event = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            ptr::from_ref(&attr),
            0,
            -1,
            -1,
            libc::c_ulong::from(PERF_FLAG_FD_CLOEXEC),
        )
    };
    descriptor(event).map_err(refused("opening the event"))
}

/// Until the event is closed.
fn attach(program: &OwnedFd, event: &OwnedFd) -> Result<(), Refusal> {
    for (request, argument) in [
        (PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()),
        (PERF_EVENT_IOC_ENABLE, 0),
    ] {
        // SAFETY: both requests take a number.
        let done = unsafe { libc::ioctl(event.as_raw_fd(), request.into(), argument) };
        if done < 0 {
            return Err(refused("attaching")(io::Error::last_os_error()));
        }
    }
    Ok(())
}

fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    // SAFETY: attr outlives the call, and so does what it points to.
    descriptor(unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as u32,
            ptr::from_mut(attr),
            mem::size_of::<bpf_attr>(),
        )
    })
}

fn descriptor(returned: libc::c_long) -> io::Result<OwnedFd> {
    match RawFd::try_from(returned) {
        // SAFETY: the kernel has just made it, for this caller.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

fn refused(what: &'static str) -> impl Fn(io::Error) -> Refusal {
    move |error| match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => Refusal::Forbidden(format!("{what} is not permitted")),
        _ => Refusal::Absent(format!("{what}: {error}")),
    }
}

/// All that the kernel's structs need: integers, and unions of them.
fn zeroed<T>() -> T {
    // SAFETY: zeros are valid in the types that this is called with, `bpf_attr` and `perf_event_attr`.
    unsafe { mem::zeroed() }
}

/// In which file, and where in it, the code at an address lies.
fn file_offset(address: u64) -> Option<(CString, u64)> {
    let maps = fs::read("/proc/self/maps").ok()?;
    maps.split(|&byte| byte == b'\n').find_map(|line| {
        // "start-end permissions offset device inode      path"
        let path = line.iter().position(|&byte| byte == b'/')?;
        let (numbers, path) = line.split_at(path);
        let mut numbers = std::str::from_utf8(numbers).ok()?.split(' ');
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let (start, end) = numbers.next()?.split_once('-')?;
        let (start, end, offset) = (hex(start)?, hex(end)?, hex(numbers.nth(1)?)?);
        let path = CString::new(std::ffi::OsStr::from_bytes(path).as_bytes()).ok()?;
        (start..end)
            .contains(&address)
            .then(|| (path, address - start + offset))
    })
}
