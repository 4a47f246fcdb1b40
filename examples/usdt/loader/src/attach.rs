//! A uprobe on one place of a static probe, with its semaphore.
//!
//! aya attaches uprobes too, but it cannot pass the semaphore's place. The kernel needs that place when it sets the
//! uprobe: two uprobes at one place must have the same semaphore. So this does the same as aya, and also passes the
//! semaphore's place.

use std::{
    ffi::CString,
    fs, io,
    mem::zeroed,
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use aya_obj::generated::{
    PERF_FLAG_FD_CLOEXEC, bpf_attach_type, bpf_attr, bpf_cmd, perf_event_attr,
};
use probe_abi_usdt::Probe;

/// A uprobe that lasts as long as this value. The kernel raises the semaphore of every process that has the file in its
/// memory, now or later, and lowers it when this value is dropped.
pub struct Attached {
    _link: OwnedFd,
    _event: OwnedFd,
}

/// Runs a BPF program, with a cookie, whenever a process reaches that place of the file.
pub fn attach(
    program: BorrowedFd,
    path: &Path,
    place: &Probe,
    cookie: u64,
) -> Result<Attached, String> {
    let event = uprobe(path, place)?;
    // SAFETY: all fields are numbers.
    let mut attr: bpf_attr = unsafe { zeroed() };
    attr.link_create.__bindgen_anon_1.prog_fd = program.as_raw_fd() as u32;
    attr.link_create.__bindgen_anon_2.target_fd = event.as_raw_fd() as u32;
    attr.link_create.attach_type = bpf_attach_type::BPF_PERF_EVENT as u32;
    attr.link_create.__bindgen_anon_3.perf_event.bpf_cookie = cookie;
    // SAFETY: the kernel reads only as many bytes as the size says.
    let link = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            bpf_cmd::BPF_LINK_CREATE,
            &raw const attr,
            size_of_val(&attr),
        )
    };
    Ok(Attached {
        _link: owned(link).map_err(|error| format!("the kernel takes no link: {error}"))?,
        _event: event,
    })
}

/// Asks the kernel for a uprobe: `kernel/events/core.c`, the attributes of the PMU `uprobe`.
fn uprobe(path: &Path, place: &Probe) -> Result<OwnedFd, String> {
    const TYPE: &str = "/sys/bus/event_source/devices/uprobe/type";
    let path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| "the path has a zero in it".to_owned())?;
    let ty = fs::read_to_string(TYPE)
        .map_err(|error| format!("this kernel has no uprobes: cannot read `{TYPE}`: {error}"))?;
    let semaphore = place.semaphore.map_or(0, |semaphore| semaphore.offset);
    // The kernel takes this offset from the upper half of `config`.
    let semaphore = u32::try_from(semaphore).map_err(|_| {
        format!(
            "the semaphore is `{semaphore:#x}` bytes into the file, and the kernel takes 32 bits"
        )
    })?;
    // SAFETY: all fields are numbers.
    let mut attr: perf_event_attr = unsafe { zeroed() };
    attr.size = size_of_val(&attr) as u32;
    attr.type_ = ty
        .trim()
        .parse()
        .map_err(|_| format!("`{TYPE}` has no number"))?;
    attr.config = u64::from(semaphore) << 32;
    attr.__bindgen_anon_3.config1 = path.as_ptr() as u64;
    attr.__bindgen_anon_4.config2 = place.location.offset;
    let (any_process, one_cpu, no_group): (i32, i32, RawFd) = (-1, 0, -1);
    // SAFETY: the kernel reads the attributes and the path that they point to, and both exist.
    let event = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            any_process,
            one_cpu,
            no_group,
            PERF_FLAG_FD_CLOEXEC,
        )
    };
    owned(event).map_err(|error| format!("the kernel sets no uprobe: {error}"))
}

fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    match RawFd::try_from(result) {
        // SAFETY: the kernel has just made it, and nothing else owns it.
        Ok(descriptor) if descriptor >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}
