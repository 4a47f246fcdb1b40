//! The machines that Debian has kernels for and qemu emulates, one row each: the facts about emulators, compilers,
//! packages and the configuration of kernels.

use std::fmt;

use crate::{
    debian::{Archive, Package, Part},
    pins::Wanted,
    select::Endian,
};

/// A machine to boot kernels on.
#[derive(Debug)]
pub struct Guest {
    /// The row of the crate's table.
    pub machine: &'static str,
    pub endian: Endian,
    /// The width of a register.
    pub bits: u32,
    /// Debian's name of it.
    pub debian: &'static str,
    pub emulator: Emulator,
    /// Arguments of the emulator: machine, processor, memory.
    pub hardware: &'static str,
    /// The kernel's console, which is the emulator's standard output.
    pub console: &'static str,
    /// More parameters for the kernel.
    pub parameters: &'static str,
    pub compiler: CrossCompiler,
    /// The name of a syscall's function, and whether its only argument is the syscall's `pt_regs`.
    pub syscalls: Syscalls,
    /// The distance from the probed instruction to the address at which the kernel says that it stopped.
    pub kprobe_stops_behind: u64,
    /// The number of bytes of the stack that a call takes for the return address.
    pub return_address_on_stack: u64,
    /// Its tasks of 32 bits.
    pub other: Option<Other>,
    pub kernels: &'static [DebianKernel],
}

/// The machine of 32 bits whose tasks a kernel of 64 bits runs too.
#[derive(Debug)]
pub struct Other {
    pub machine: &'static str,
    /// Whether the kernel sets uprobes in these tasks.
    pub uprobes: bool,
}

#[derive(Debug)]
pub enum Emulator {
    Installed(&'static str),
    /// From a newer Debian than this computer's: a package that is unpacked in the cache.
    Unpacked {
        program: &'static str,
        suite: &'static str,
        package: &'static str,
    },
}

#[derive(Debug)]
pub enum CrossCompiler {
    /// Debian's gcc for a target, with flags of its own.
    Gcc(&'static str, &'static [&'static str]),
    /// clang, if Debian has no gcc, with a C library from the machine's own packages.
    Clang {
        target: &'static str,
        suite: &'static str,
        libraries: &'static [&'static str],
    },
}

#[derive(Debug)]
pub enum Syscalls {
    Wrapped(&'static str),
    Plain(&'static str),
}

impl Syscalls {
    /// The word in the names of programs.
    pub fn how(&self) -> &'static str {
        match self {
            Self::Wrapped(_) => "wrapped",
            Self::Plain(_) => "plain",
        }
    }
}

/// A kernel of a Debian suite.
#[derive(Debug)]
pub struct DebianKernel {
    pub release: &'static str,
    pub suite: &'static str,
    /// The start of its package's name, before the version.
    kind: &'static str,
    /// The end of its package's name.
    flavour: &'static str,
    /// If it has kprobe.multi: the distance from the function's symbol to the address at which it says that it stopped,
    /// after the call of the kernel's tracer.
    pub multi: Option<u64>,
    /// Whether its verifier refuses to read at an address that is computed from ctx. The newest kernel accepts some of
    /// these reads.
    pub refuses_modified_ctx: bool,
    /// Whether its verifier refuses loops whose back edge is not a jump.
    pub refuses_loops: bool,
    /// Whether a kprobe can be on a function's first instruction. Without that there is no kretprobe.
    pub kprobe_at_entry: bool,
}

const fn kernel(
    release: &'static str,
    suite: &'static str,
    kind: &'static str,
    flavour: &'static str,
) -> DebianKernel {
    DebianKernel {
        release,
        suite,
        kind,
        flavour,
        multi: None,
        refuses_modified_ctx: true,
        refuses_loops: false,
        kprobe_at_entry: true,
    }
}

impl fmt::Display for DebianKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-*-{} of {}", self.kind, self.flavour, self.suite)
    }
}

impl DebianKernel {
    /// Its package, downloaded, with the kernel unpacked; and a line if the package is not the pinned one.
    pub fn package(
        &self,
        guest: &Guest,
        archive: &Archive,
    ) -> Result<(Package, Option<String>), String> {
        archive.package(&self.wanted(guest), Part::Kernel)
    }

    /// The package's name contains the version.
    pub fn wanted(&self, guest: &Guest) -> Wanted {
        let Self { kind, flavour, .. } = self;
        let name = format!("{kind}-[0-9][^a-z]*(deb[0-9]+)?-{flavour}");
        Wanted::new(self.suite, guest.debian, &name)
    }

    const fn multi(mut self, stops_behind: u64) -> Self {
        self.multi = Some(stops_behind);
        self
    }

    const fn refuses_loops(mut self) -> Self {
        self.refuses_loops = true;
        self
    }

    const fn reads_at_modified_ctx(mut self) -> Self {
        self.refuses_modified_ctx = false;
        self
    }

    const fn kprobe_behind_entry(mut self) -> Self {
        self.kprobe_at_entry = false;
        self
    }
}

impl Guest {
    /// The largest number that a register holds.
    pub fn word(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// The guest that its tasks of 32 bits are compiled for.
    pub fn other(&self) -> Option<&'static Guest> {
        let other = self.other.as_ref()?;
        GUESTS.iter().find(|guest| guest.machine == other.machine)
    }

    /// The oldest kernel whose package can be fetched, and a line if the package is not the pinned one.
    pub fn oldest_kernel(
        &self,
        archive: &Archive,
    ) -> Result<(&DebianKernel, Option<String>), String> {
        let mut failures: Vec<String> = Vec::new();
        for kernel in self.kernels {
            match kernel.package(self, archive) {
                Ok((_, note)) if failures.is_empty() => return Ok((kernel, note)),
                Ok(_) => {
                    let Self { machine, .. } = self;
                    let (release, why) = (kernel.release, failures.join("; "));
                    let note =
                        format!("{machine} is proven on {release}, and no older kernel: {why}");
                    return Ok((kernel, Some(note)));
                }
                Err(why) => failures.push(format!("{}: {why}", kernel.release)),
            }
        }
        let (machine, why) = (self.machine, failures.join("; "));
        Err(format!("no kernel of {machine}: {why}"))
    }
}

pub const GUESTS: &[Guest] = &[
    Guest {
        machine: "x86_64",
        endian: Endian::Little,
        bits: 64,
        debian: "amd64",
        emulator: Emulator::Installed("qemu-system-x86_64"),
        hardware: "-M pc -cpu max -m 512",
        console: "ttyS0",
        parameters: "",
        compiler: CrossCompiler::Gcc("x86_64-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Wrapped("__x64_sys_"),
        kprobe_stops_behind: 1,
        return_address_on_stack: 8,
        other: Some(Other {
            machine: "x86",
            uprobes: true,
        }),
        kernels: &[
            kernel("6.1", "bookworm", "linux-image", "cloud-amd64-unsigned").refuses_loops(),
            kernel("6.12", "trixie", "linux-image", "cloud-amd64-unsigned").multi(9),
            kernel("7.2", "forky", "linux-binary-unsigned", "cloud-amd64")
                .reads_at_modified_ctx()
                .multi(9),
        ],
    },
    Guest {
        machine: "x86",
        endian: Endian::Little,
        bits: 32,
        debian: "i386",
        emulator: Emulator::Installed("qemu-system-i386"),
        hardware: "-M pc -cpu max -m 512",
        console: "ttyS0",
        parameters: "",
        compiler: CrossCompiler::Gcc("i686-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Wrapped("__ia32_sys_"),
        kprobe_stops_behind: 1,
        return_address_on_stack: 4,
        other: None,
        kernels: &[kernel("6.1", "bookworm", "linux-image", "686-pae-unsigned").refuses_loops()],
    },
    Guest {
        machine: "aarch64",
        endian: Endian::Little,
        bits: 64,
        debian: "arm64",
        emulator: Emulator::Installed("qemu-system-aarch64"),
        hardware: "-M virt -cpu cortex-a72 -m 512",
        console: "ttyAMA0",
        parameters: "",
        compiler: CrossCompiler::Gcc("aarch64-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Wrapped("__arm64_sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        // `arch_uprobe_analyze_insn` of `arch/arm64/kernel/probes/uprobes.c` refuses code of 32 bits.
        other: Some(Other {
            machine: "arm",
            uprobes: false,
        }),
        kernels: &[
            kernel("6.1", "bookworm", "linux-image", "cloud-arm64-unsigned").refuses_loops(),
            kernel("6.12", "trixie", "linux-image", "cloud-arm64-unsigned"),
            kernel("7.2", "forky", "linux-binary-unsigned", "cloud-arm64").multi(8),
        ],
    },
    Guest {
        machine: "arm",
        endian: Endian::Little,
        bits: 32,
        debian: "armhf",
        emulator: Emulator::Installed("qemu-system-arm"),
        hardware: "-M virt -cpu cortex-a15 -m 512",
        console: "ttyAMA0",
        parameters: "",
        // A uprobe cannot be on Thumb code, which this compiler makes by default.
        compiler: CrossCompiler::Gcc("armv7-unknown-linux-gnueabihf", &["-marm"]),
        syscalls: Syscalls::Plain("sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: None,
        kernels: &[
            kernel("6.1", "bookworm", "linux-image", "armmp").refuses_loops(),
            kernel("6.12", "trixie", "linux-image", "armmp"),
            kernel("7.2", "forky", "linux-binary", "armmp"),
        ],
    },
    Guest {
        machine: "riscv64",
        endian: Endian::Little,
        bits: 64,
        debian: "riscv64",
        emulator: Emulator::Installed("qemu-system-riscv64"),
        hardware: "-M virt -cpu rv64 -m 512",
        console: "ttyS0",
        parameters: "",
        compiler: CrossCompiler::Gcc("riscv64gc-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Wrapped("__riscv_sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: None,
        kernels: &[
            kernel("6.12", "trixie", "linux-image", "riscv64").kprobe_behind_entry(),
            kernel("7.2", "forky", "linux-binary", "riscv64").multi(8),
        ],
    },
    Guest {
        machine: "s390x",
        endian: Endian::Big,
        bits: 64,
        debian: "s390x",
        emulator: Emulator::Installed("qemu-system-s390x"),
        hardware: "-M s390-ccw-virtio -cpu max -m 512",
        console: "ttysclp0",
        parameters: "",
        compiler: CrossCompiler::Gcc("s390x-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Wrapped("__s390x_sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: None,
        kernels: &[
            kernel("6.1", "bookworm", "linux-image", "s390x").refuses_loops(),
            kernel("6.12", "trixie", "linux-image", "s390x").multi(6),
            kernel("7.2", "forky", "linux-binary", "s390x").multi(6),
        ],
    },
    Guest {
        machine: "powerpc64",
        endian: Endian::Little,
        bits: 64,
        debian: "ppc64el",
        emulator: Emulator::Installed("qemu-system-ppc64"),
        // x-vof skips the firmware. The others are mitigations that the emulator does not have.
        hardware: "-M pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu power9 -m 1024",
        console: "hvc0",
        parameters: "",
        compiler: CrossCompiler::Gcc("powerpc64le-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Wrapped("sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: None,
        kernels: &[
            kernel("6.1", "bookworm", "linux-image", "powerpc64le").refuses_loops(),
            kernel("6.12", "trixie", "linux-image", "powerpc64le").multi(16),
            kernel("7.2", "forky", "linux-binary", "powerpc64le").multi(12),
        ],
    },
    Guest {
        machine: "mips",
        endian: Endian::Little,
        bits: 32,
        debian: "mipsel",
        emulator: Emulator::Installed("qemu-system-mipsel"),
        hardware: "-M malta -cpu 24Kf -m 512",
        console: "ttyS0",
        parameters: "",
        compiler: CrossCompiler::Gcc("mipsel-unknown-linux-gnu", &[]),
        syscalls: Syscalls::Plain("sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: None,
        kernels: &[kernel("6.1", "bookworm", "linux-image", "4kc-malta").refuses_loops()],
    },
    Guest {
        machine: "mips64",
        endian: Endian::Little,
        bits: 64,
        debian: "mips64el",
        emulator: Emulator::Installed("qemu-system-mips64el"),
        hardware: "-M malta -cpu MIPS64R2-generic -m 512",
        console: "ttyS0",
        parameters: "",
        compiler: CrossCompiler::Gcc("mips64el-unknown-linux-gnuabi64", &[]),
        syscalls: Syscalls::Plain("sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: Some(Other {
            machine: "mips",
            uprobes: true,
        }),
        kernels: &[
            kernel("6.1", "bookworm", "linux-image", "5kc-malta").refuses_loops(),
            kernel("6.12", "bookworm-backports", "linux-image", "5kc-malta"),
        ],
    },
    Guest {
        machine: "loongarch64",
        endian: Endian::Little,
        bits: 64,
        debian: "loong64",
        emulator: Emulator::Unpacked {
            program: "qemu-system-loongarch64",
            suite: "bookworm-backports",
            package: "qemu-system-misc",
        },
        hardware: "-M virt -cpu la464 -m 1024",
        console: "ttyS0,115200",
        // Without this, the kernel looks for a keyboard controller for a long time, and there is none.
        parameters: "initcall_blacklist=i8042_init",
        compiler: CrossCompiler::Clang {
            target: "loongarch64-linux-gnu",
            suite: "forky",
            libraries: &["libc6-dev", "libgcc-[0-9]+-dev", "linux-libc-dev"],
        },
        syscalls: Syscalls::Plain("sys_"),
        kprobe_stops_behind: 0,
        return_address_on_stack: 0,
        other: None,
        kernels: &[kernel("7.2", "forky", "linux-binary", "loong64").multi(8)],
    },
];
