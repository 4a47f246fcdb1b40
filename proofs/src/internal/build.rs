//! The kernel's headers, and the compiler that reads them.

use std::{
    collections::HashSet,
    ffi::OsString,
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{Got, Release, holds, number};
use crate::{
    bpf::root,
    c::{self, Compiler},
    debian::Package,
    host::{cannot, write_if_new},
    select::{Endian, Machine, Variant},
};

/// The headers of one release for one machine.
#[derive(Debug)]
pub struct Source {
    machine: &'static str,
    suite: &'static str,
    from: Configuration,
    /// The changes to the configuration, or the whole configuration: `NAME`, `NAME=value`, or `-NAME` for an option
    /// that is not set.
    config: &'static [&'static str],
}

/// The origin of the configuration and of the generated headers.
#[derive(Debug)]
enum Configuration {
    /// A kernel of Debian: its architecture and flavour.
    Debian(&'static str, &'static str),
    /// Written here. If the machine has no `asm/foo.h`, it is `asm-generic/foo.h`, as the kernel generates it
    /// (scripts/Makefile.asm-headers). `generated/*.h` and the tables of syscalls are `BY_HAND`.
    Hand,
}

use Configuration::{Debian, Hand};

const BOOKWORM: &str = "bookworm";
const BACKPORTS: &str = "bookworm-backports";
const TRIXIE: &str = "trixie";
const FORKY: &str = "forky";

/// The configuration of a small kernel for one processor, whose headers compile.
const SMALL: &[&str] = &[
    "MMU",
    "TINY_RCU",
    "TINY_SRCU",
    "SLUB",
    "HZ=250",
    "NR_CPUS=1",
    "BASE_SMALL=0",
    "THREAD_SIZE_ORDER=2",
];

const POWERPC: &[&str] = &[
    "PPC32",
    "32BIT",
    "CPU_BIG_ENDIAN",
    "PPC_BOOK3S_32",
    "GENERIC_ATOMIC64",
    "THREAD_INFO_IN_TASK",
    "HAVE_ARCH_WITHIN_STACK_FRAMES",
    "PPC_PAGE_SHIFT=12",
    "PAGE_SHIFT=12",
    "DATA_SHIFT=12",
    "THREAD_SHIFT=13",
    "PGTABLE_LEVELS=2",
    "KERNEL_START=0xc0000000",
    "PAGE_OFFSET=0xc0000000",
    "TASK_SIZE=0xb0000000",
    "PHYSICAL_START=0",
];
const SPARC64: &[&str] = &[
    "SPARC64",
    "64BIT",
    "CPU_BIG_ENDIAN",
    "PAGE_SHIFT=13",
    "PGTABLE_LEVELS=4",
];
const RISCV32: &[&str] = &[
    "32BIT",
    "ARCH_RV32I",
    "GENERIC_ATOMIC64",
    "THREAD_INFO_IN_TASK",
    "PAGE_SHIFT=12",
    "PGTABLE_LEVELS=2",
    "PAGE_OFFSET=0xc0000000",
];
const RISCV64: &[&str] = &[
    "64BIT",
    "ARCH_RV64I",
    "THREAD_INFO_IN_TASK",
    "PAGE_SHIFT=12",
    "PGTABLE_LEVELS=5",
    "PAGE_OFFSET=0xff60000000000000",
];
const LOONGARCH64: &[&str] = &[
    "64BIT",
    "PAGE_SIZE_16KB",
    "PAGE_SHIFT=14",
    "PGTABLE_LEVELS=3",
    "L1_CACHE_SHIFT=6",
];
const X86: &[&str] = &[
    "X86",
    "X86_32",
    "32BIT",
    "THREAD_INFO_IN_TASK",
    "HAVE_ARCH_WITHIN_STACK_FRAMES",
    "ARCH_HAS_MEM_ENCRYPT",
    "PAGE_SHIFT=12",
    "PGTABLE_LEVELS=2",
    "PAGE_OFFSET=0xc0000000",
    "PHYSICAL_START=0x1000000",
    "PHYSICAL_ALIGN=0x1000000",
    "X86_L1_CACHE_SHIFT=6",
    "X86_INTERNODE_CACHE_SHIFT=6",
];
/// For a kernel of 64 bits.
const MIPS: &[&str] = &[
    "-64BIT",
    "32BIT",
    "-CPU_MIPS64",
    "CPU_MIPS32",
    "-PHYS_ADDR_T_64BIT",
    "GENERIC_ATOMIC64",
];

const SOURCES: &[Source] = &[
    debian("x86_64", BOOKWORM, "amd64", "cloud-amd64"),
    debian("x86_64", BACKPORTS, "amd64", "cloud-amd64"),
    debian("x86_64", FORKY, "amd64", "cloud-amd64"),
    debian("x86", BOOKWORM, "i386", "686-pae"),
    hand("x86", BACKPORTS, X86),
    hand("x86", FORKY, X86),
    debian("aarch64", BOOKWORM, "arm64", "cloud-arm64"),
    debian("aarch64", BACKPORTS, "arm64", "cloud-arm64"),
    debian("aarch64", FORKY, "arm64", "cloud-arm64"),
    debian("arm", BOOKWORM, "armhf", "armmp"),
    debian("arm", BACKPORTS, "armhf", "armmp"),
    debian("arm", FORKY, "armhf", "armmp"),
    hand("riscv64", BOOKWORM, RISCV64),
    debian("riscv64", TRIXIE, "riscv64", "riscv64"),
    debian("riscv64", FORKY, "riscv64", "riscv64"),
    hand("riscv32", BOOKWORM, RISCV32),
    hand("riscv32", BACKPORTS, RISCV32),
    hand("riscv32", FORKY, RISCV32),
    debian("s390x", BOOKWORM, "s390x", "s390x"),
    debian("s390x", BACKPORTS, "s390x", "s390x"),
    debian("s390x", FORKY, "s390x", "s390x"),
    debian("powerpc64", BOOKWORM, "ppc64el", "powerpc64le"),
    debian("powerpc64", BACKPORTS, "ppc64el", "powerpc64le"),
    debian("powerpc64", FORKY, "ppc64el", "powerpc64le"),
    hand("powerpc", BOOKWORM, POWERPC),
    hand("powerpc", BACKPORTS, POWERPC),
    hand("powerpc", FORKY, POWERPC),
    // Debian dropped the machine, with its headers, before forky.
    debian("mips", BOOKWORM, "mipsel", "4kc-malta"),
    Source {
        config: MIPS,
        ..debian("mips", BACKPORTS, "mips64el", "5kc-malta")
    },
    debian("mips64", BOOKWORM, "mips64el", "5kc-malta"),
    debian("mips64", BACKPORTS, "mips64el", "5kc-malta"),
    // Debian's headers of 6.1 do not have such a folder.
    hand("loongarch64", BACKPORTS, LOONGARCH64),
    debian("loongarch64", FORKY, "loong64", "loong64"),
    hand("sparc64", BOOKWORM, SPARC64),
    hand("sparc64", BACKPORTS, SPARC64),
    hand("sparc64", FORKY, SPARC64),
];

const fn debian(
    machine: &'static str,
    suite: &'static str,
    arch: &'static str,
    flavour: &'static str,
) -> Source {
    Source {
        machine,
        suite,
        from: Debian(arch, flavour),
        config: &[],
    }
}

const fn hand(
    machine: &'static str,
    suite: &'static str,
    config: &'static [&'static str],
) -> Source {
    Source {
        machine,
        suite,
        from: Hand,
        config,
    }
}

/// The files that a kernel's build generates, as far as a constant `pt_regs` needs them: only enough for the headers to
/// compile.
const BY_HAND: &[(&str, &str)] = &[
    // kernel/bounds.c
    (
        "generated/bounds.h",
        "#define NR_PAGEFLAGS 25\n#define MAX_NR_ZONES 3\n#define NR_CPUS_BITS 1\n\
         #define SPINLOCK_SIZE 0\n#define LRU_GEN_WIDTH 0\n#define __LRU_REFS_WIDTH 0\n",
    ),
    // kernel/time/timeconst.bc
    ("generated/timeconst.h", ""),
    // kernel/sched/rq-offsets.c
    ("generated/rq-offsets.h", "#define RQ_nr_pinned 0\n"),
    // arch/*/kernel/asm-offsets.c, for assembly language
    ("generated/asm-offsets.h", ""),
    // arch/*/kernel/syscalls/syscall.tbl: the numbers of the syscalls
    ("asm/unistd_32.h", ""),
    ("asm/unistd_64.h", ""),
    ("asm/syscall_table_32.h", ""),
    ("asm/syscall_table_64.h", ""),
    // arch/x86/tools/cpufeaturemasks.awk: features that a configuration presumes
    (
        "asm/cpufeaturemasks.h",
        "#define REQUIRED_MASK_BIT_SET(x) 0\n#define DISABLED_MASK_BIT_SET(x) 0\n",
    ),
];

/// Headers that are on this computer.
#[derive(Debug, Clone)]
pub struct Headers {
    pub release: Release,
    source: &'static Source,
    /// The headers of all machines.
    common: PathBuf,
    /// The headers of one configuration.
    generated: Option<PathBuf>,
}

impl Headers {
    /// All headers for a machine. `Err` says what is missing.
    pub fn of(machine: &str) -> Result<Vec<Self>, String> {
        c::clang()?;
        let sources = SOURCES.iter().filter(|source| source.machine == machine);
        let headers: Vec<_> = sources.map(Source::headers).collect::<Result<_, _>>()?;
        match headers.is_empty() {
            true => Err("where the kernel's own headers for it are is not written down".into()),
            false => Ok(headers),
        }
    }

    /// The first of these names that is a field in the kernel's `asm/ptrace.h`.
    pub fn field<'a>(&self, machine: &Machine, names: &'a [String]) -> Result<&'a str, String> {
        let mut text = String::new();
        for folder in ["include/asm", "include/uapi/asm"] {
            let path = format!("arch/{}/{folder}/ptrace.h", machine.linux);
            let path = self.common.join(path);
            text += &fs::read_to_string(&path).map_err(cannot("read", &path))?;
        }
        let words = text.split(|letter: char| letter.is_whitespace() || ";[.".contains(letter));
        let words: HashSet<&str> = words.collect();
        // For `psw.addr`, a field of a field, it is the first part.
        let is_there = |name: &&String| {
            name.split('.')
                .next()
                .is_some_and(|part| words.contains(part))
        };
        let name = names.iter().find(is_there).map(String::as_str);
        let names = names.join("` or `");
        name.ok_or_else(|| format!("the kernel's `pt_regs` has no field `{names}`"))
    }

    /// The result of each expression, on a machine in one endianness.
    pub(super) fn ask(
        &self,
        machine: &Machine,
        variant: &Variant,
        expressions: &[String],
    ) -> Result<Vec<Got>, String> {
        let mut text = prelude();
        for (index, expression) in expressions.iter().enumerate() {
            write!(
                text,
                "unsigned long answer_{index}(void)\n{{\n\treturn (unsigned long)({expression});\n}}\n"
            )
            .expect("a string takes everything");
        }
        let llvm = compiler(self, machine, variant)?.llvm(&text)?;
        let answers = expressions.iter().enumerate().map(|(index, expression)| {
            let body = body(&llvm, &format!("@answer_{index}("));
            let body = body.ok_or_else(|| format!("`{expression}` is not compiled"))?;
            let got = got(&body, variant.endian);
            got.ok_or_else(|| format!("`{expression}` is no constant:\n{}", body.join("\n")))
        });
        answers.collect()
    }
}

impl Source {
    fn headers(&'static self) -> Result<Headers, String> {
        let package = |arch, flavour| {
            let name = format!("linux-headers-[0-9][^a-z]*(deb[0-9]+)?-{flavour}");
            Package::newest(self.suite, arch, &name)
        };
        let folder = |package: &Package| package.root.join("usr/src").join(&package.name);
        let common = package("amd64", "common")?;
        let generated = match self.from {
            Debian(arch, flavour) => Some(folder(&package(arch, flavour)?)),
            Hand => None,
        };
        let release = release(&common.name);
        let unnamed = || format!("`{}` is not named for a release of Linux", common.name);
        Ok(Headers {
            release: release.ok_or_else(unnamed)?,
            source: self,
            common: folder(&common),
            generated,
        })
    }
}

/// The release in the name of a package: `linux-headers-6.1.0-50-common`.
fn release(package: &str) -> Option<Release> {
    let mut numbers = package.strip_prefix("linux-headers-")?.split('.');
    let mut number = || numbers.next()?.parse().ok();
    Some(Release(number()?, number()?))
}

/// The size of the constant `pt_regs`: longer than any real one.
const LONGEST: usize = 512;

/// The text before the expressions.
fn prelude() -> String {
    let numbers = (0..LONGEST)
        .step_by(4)
        .map(|offset| format!("{:#x},", number(offset)));
    include_str!("prelude.c").replace("NUMBERS", &numbers.collect::<String>())
}

/// The instructions of a function in LLVM's assembly language.
fn body<'a>(llvm: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let mut lines = llvm.lines();
    lines.find(|line| line.starts_with("define ") && line.contains(name))?;
    Some(
        lines
            .take_while(|line| *line != "}")
            .map(str::trim)
            .collect(),
    )
}

/// A constant, `ret i64 300`; or `%1 = load i64, ptr inttoptr (i64 300 to ptr), align 8` and `ret i64 %1`. The read of
/// a slot whose address was computed as a number is still a load. Instead of `i64 300` it has
/// `i64 add (i64 ptrtoint (ptr @numbered to i64), i64 112)`.
fn got(body: &[&str], endian: Endian) -> Option<Got> {
    match body {
        [result] => constant(result.strip_prefix("ret ")?).map(Got::Value),
        [load, result] => {
            let (name, load) = load.split_once(" = load ")?;
            let load = load.strip_prefix("volatile ").unwrap_or(load);
            let (ty, address) = load.split_once(", ptr inttoptr (")?;
            let (address, _) = address.split_once(" to ptr)")?;
            (*result == format!("ret {ty} {name}")).then_some(())?;
            let slot = format!("{ty} add ({ty} ptrtoint (ptr @numbered to {ty}), ");
            let Some(offset) = address.strip_prefix(&slot) else {
                return constant(address).map(Got::At);
            };
            let offset = constant(offset.strip_suffix(')')?)?;
            let bits: usize = ty.strip_prefix('i')?.parse().ok()?;
            Some(Got::Value(holds(offset as usize, bits / 8, endian)))
        }
        _ => None,
    }
}

/// `i64 300`, with the number of bits that the type has.
fn constant(text: &str) -> Option<u64> {
    let (bits, value) = text.strip_prefix('i')?.split_once(' ')?;
    let bits: u32 = bits.parse().ok()?;
    let value: i64 = value.parse().ok()?;
    Some(value as u64 & u64::MAX.checked_shr(64 - bits)?)
}

/// clang, called as the kernel's Makefiles call it, as far as the headers depend on that.
fn compiler(headers: &Headers, machine: &Machine, variant: &Variant) -> Result<Compiler, String> {
    let Headers {
        common, generated, ..
    } = headers;
    let ours = own(headers, machine, variant)?;
    let arch = format!("arch/{}/include", machine.linux);

    let mut folders = vec![ours.join("include"), common.join(&arch)];
    if let Some(generated) = generated {
        folders.push(generated.join(&arch).join("generated"));
        folders.push(generated.join("include"));
    }
    folders.extend([common.join("include"), common.join(&arch).join("uapi")]);
    if let Some(generated) = generated {
        folders.push(generated.join(&arch).join("generated/uapi"));
        folders.push(generated.join("include/generated/uapi"));
    }
    folders.push(common.join("include/uapi"));
    // mips has boards: this is the board of Debian's kernels.
    folders.extend(
        ["mach-generic", "mach-malta"].map(|board| common.join(&arch).join("asm").join(board)),
    );
    folders.extend(["fallback", "fallback/uapi"].map(|folder| ours.join(folder)));

    let mut args: Vec<OsString> = [
        "-std=gnu11",
        "-O2",
        "-w",
        // The compiler's own headers have the built-in functions of a processor.
        "-nostdlibinc",
        "-D__KERNEL__",
        "-fms-extensions",
        "-fno-strict-aliasing",
        "-fno-delete-null-pointer-checks",
    ]
    .map(OsString::from)
    .to_vec();
    // The flags that arch/*/Makefile makes of a configuration.
    match machine.linux {
        "arm" => args.push("-D__LINUX_ARM_ARCH__=7".into()),
        "x86" => args.push("-DCC_USING_FENTRY".into()),
        _ => {}
    }
    for folder in folders {
        args.extend(["-I".into(), folder.into()]);
    }
    for header in ["compiler-version", "kconfig", "compiler_types"] {
        let path = common.join(format!("include/linux/{header}.h"));
        args.extend(["-include".into(), path.into()]);
    }
    Ok(Compiler::for_triple(c::clang()?, variant.triple).args(args))
}

/// The headers that are written here: the configuration, and the generated headers if there are no others.
fn own(headers: &Headers, machine: &Machine, variant: &Variant) -> Result<PathBuf, String> {
    let Headers { source, common, .. } = headers;
    let folder = root().join("target/kernel-headers");
    let folder = folder.join(format!("{}-{}", source.suite, variant.triple));
    let mut config = String::new();
    let mut options: Vec<&str> = Vec::new();
    match source.from {
        Debian(..) => {
            config += "#include_next <generated/autoconf.h>\n";
            // Debian compiles with gcc. clang does not have gcc's constraints for assembly language.
            options.extend(["-CC_IS_GCC", "CC_IS_CLANG"]);
            if let [_, _] = machine.variants {
                options.extend(match variant.endian {
                    Endian::Big => ["-CPU_LITTLE_ENDIAN", "CPU_BIG_ENDIAN"],
                    Endian::Little => ["-CPU_BIG_ENDIAN", "CPU_LITTLE_ENDIAN"],
                });
            }
        }
        Hand => {
            options.extend(["CC_IS_CLANG"].iter().chain(SMALL));
            for (path, text) in BY_HAND {
                write_if_new(&folder.join("include").join(path), text)?;
            }
            // In the order that a machine's own headers are searched in.
            let kernels = common.join("include/asm-generic");
            let uapi = common.join("include/uapi/asm-generic");
            link(&kernels, &folder.join("fallback/asm"))?;
            link(&uapi, &folder.join("fallback/uapi/asm"))?;
        }
    }
    for option in options.iter().chain(source.config) {
        let line = match (option.strip_prefix('-'), option.split_once('=')) {
            (Some(name), _) => format!("#undef CONFIG_{name}\n"),
            (None, Some((name, value))) => format!("#define CONFIG_{name} {value}\n"),
            (None, None) => format!("#define CONFIG_{option} 1\n"),
        };
        config += &line;
    }
    write_if_new(&folder.join("include/generated/autoconf.h"), &config)?;
    Ok(folder)
}

/// Makes a link, unless it is there already.
fn link(to: &Path, at: &Path) -> Result<(), String> {
    if fs::read_link(at).is_ok_and(|link| link == to) {
        return Ok(());
    }
    if let Some(folder) = at.parent() {
        fs::create_dir_all(folder).map_err(cannot("make", folder))?;
    }
    if at.is_symlink() {
        fs::remove_file(at).map_err(cannot("remove", at))?;
    }
    symlink(to, at).map_err(cannot("make", at))
}
