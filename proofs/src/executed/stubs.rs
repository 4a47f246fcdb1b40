//! The machines: the registers that their stubs see, and the emulators that run their programs.

use super::{Calls, Narrow};
use crate::select::{Endian, Machine};

/// The stub that sees the calls of one machine.
pub struct Stub {
    pub machine: &'static str,
    pub word: usize,
    pub assembly: &'static str,
    /// The registers in the order that the assembly has, as slots of the kernel's `pt_regs`: `regs[0..31] sp`.
    registers: &'static str,
    /// The distance of the stack from the stack pointer: the stack is above.
    pub bias: usize,
    /// The content of the bits of a slot that a narrow value does not fill.
    pub narrow: Narrow,
    /// The flags of the compilers.
    pub flags: &'static [&'static str],
    /// qemu's program for each endianness.
    emulators: &'static [(Endian, &'static str)],
    kernel: Option<KernelCalls>,
}

/// How the calls of kernel code differ from those of user code.
#[derive(Debug, Clone, Copy)]
pub struct KernelCalls {
    pub endian: Endian,
    pub flag: &'static str,
    /// The attribute for `asmlinkage`.
    pub attribute: &'static str,
    /// The convention of functions that take variable arguments, or are `asmlinkage`.
    pub asmlinkage: Calls,
}

use Endian::{Big, Little};

/// A stub of 64 bits without special needs, for a machine that extends narrow values.
const fn stub(
    machine: &'static str,
    assembly: &'static str,
    registers: &'static str,
    emulators: &'static [(Endian, &'static str)],
) -> Stub {
    Stub {
        machine,
        word: 8,
        assembly,
        registers,
        bias: 0,
        narrow: Narrow::Extended,
        flags: &[],
        emulators,
        kernel: None,
    }
}

const RISCV: &str = "ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 \
                     s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6";
/// The calls of a program without shared libraries.
const MIPS: &[&str] = &["-mno-abicalls", "-G0"];

pub const STUBS: &[Stub] = &[
    Stub {
        narrow: Narrow::Unspecified,
        ..stub(
            "x86_64",
            "x86_64.S",
            "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15",
            &[(Little, "qemu-x86_64")],
        )
    },
    Stub {
        word: 4,
        narrow: Narrow::Unspecified,
        // arch/x86/Makefile; `asmlinkage` and variable arguments: arch/x86/include/asm/linkage.h and the
        // GCC manual, x86 function attributes, `regparm`.
        kernel: Some(KernelCalls {
            endian: Little,
            flag: "-mregparm=3",
            attribute: "__attribute__((regparm(0)))",
            asmlinkage: Calls::User,
        }),
        ..stub(
            "x86",
            "x86.S",
            "eax ebx ecx edx esi edi ebp esp",
            &[(Little, "qemu-i386")],
        )
    },
    Stub {
        narrow: Narrow::Unspecified,
        ..stub(
            "aarch64",
            "aarch64.S",
            "regs[0..31] sp",
            &[(Little, "qemu-aarch64"), (Big, "qemu-aarch64_be")],
        )
    },
    Stub {
        word: 4,
        flags: &["-marm"],
        ..stub(
            "arm",
            "arm.S",
            "uregs[0..15]",
            &[(Little, "qemu-arm"), (Big, "qemu-armeb")],
        )
    },
    Stub {
        narrow: Narrow::SignExtended,
        ..stub("riscv64", "riscv.S", RISCV, &[(Little, "qemu-riscv64")])
    },
    Stub {
        word: 4,
        ..stub("riscv32", "riscv.S", RISCV, &[(Little, "qemu-riscv32")])
    },
    stub("s390x", "s390x.S", "gprs[0..16]", &[(Big, "qemu-s390x")]),
    Stub {
        // arch/powerpc/Kconfig: `PPC64_BIG_ENDIAN_ELF_ABI_V2`, the default since Linux 6.5.
        kernel: Some(KernelCalls {
            endian: Big,
            flag: "-mabi=elfv2",
            attribute: "",
            asmlinkage: Calls::Kernel,
        }),
        ..stub(
            "powerpc64",
            "powerpc.S",
            "gpr[0..32] link",
            &[(Little, "qemu-ppc64le"), (Big, "qemu-ppc64")],
        )
    },
    Stub {
        word: 4,
        ..stub(
            "powerpc",
            "powerpc.S",
            "gpr[0..32] link",
            &[(Big, "qemu-ppc")],
        )
    },
    Stub {
        word: 4,
        flags: MIPS,
        ..stub(
            "mips",
            "mips.S",
            "regs[0..32]",
            &[(Little, "qemu-mipsel"), (Big, "qemu-mips")],
        )
    },
    Stub {
        narrow: Narrow::SignExtended,
        flags: MIPS,
        ..stub(
            "mips64",
            "mips.S",
            "regs[0..32]",
            &[(Little, "qemu-mips64el"), (Big, "qemu-mips64")],
        )
    },
    Stub {
        narrow: Narrow::SignExtended,
        ..stub(
            "loongarch64",
            "loongarch64.S",
            "regs[0..32]",
            &[(Little, "qemu-loongarch64")],
        )
    },
    Stub {
        bias: 2047,
        ..stub(
            "sparc64",
            "sparc64.S",
            "u_regs[0..16]",
            &[(Big, "qemu-sparc64")],
        )
    },
];

impl Stub {
    pub fn of(machine: &Machine) -> Result<&'static Stub, String> {
        let found = STUBS.iter().find(|stub| stub.machine == machine.name);
        found.ok_or_else(|| format!("there is no stub for `{}`", machine.name))
    }

    pub fn registers(&self) -> Vec<String> {
        let names = self.registers.split(' ').flat_map(|text| {
            let array = text
                .strip_suffix(']')
                .and_then(|text| text.split_once("[0.."));
            match array.and_then(|(name, count)| Some((name, count.parse().ok()?))) {
                Some((name, count)) => (0..count).map(|n: u8| format!("{name}[{n}]")).collect(),
                None => vec![text.to_owned()],
            }
        });
        names.collect()
    }

    pub fn emulator(&self, endian: Endian) -> Option<&'static str> {
        let found = self.emulators.iter().find(|(of, _)| *of == endian);
        found.map(|(_, program)| *program)
    }

    /// How the kernel's calls differ in that endianness, if they do.
    pub fn kernel(&self, endian: Endian) -> Option<KernelCalls> {
        self.kernel.filter(|kernel| kernel.endian == endian)
    }
}
