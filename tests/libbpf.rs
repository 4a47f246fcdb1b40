//! Promise: a register's role is the one that libbpf's bpf_tracing.h gives it, on every machine; and
//! where libbpf is wrong, it still is, and in the same way.
//!
//! libbpf is Debian's newest. It names fields, and clang turns them into offsets. The library's side is
//! a register file in which each slot holds its own offset: so what a method returns is where it read.

mod facts;

use facts::Facts;
use probe_abi::{SyscallArgument, arch};
use xtask::{
    bindings::Field,
    bpf::root,
    c::{Assertion, Compiler},
    debian::Package,
    proof::{self, Proof},
};

include!("../src/arch/table.rs");

/// Where libbpf is wrong: machine, role, the field that libbpf has for it, and why it is another one.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (
        "arm",
        "IP",
        "uregs[12]",
        "`ip` is r12 to an assembler: a scratch register",
    ),
    (
        "arm",
        "PARM1_SYSCALL",
        "uregs[0]",
        "also the return value's: ORIG_r0 keeps the argument",
    ),
    (
        "loongarch64",
        "PARM1_SYSCALL",
        "regs[4]",
        "it holds -ENOSYS while the syscall runs",
    ),
    (
        "mips",
        "PARM5",
        "regs[8]",
        "n64's: o32 passes four in registers",
    ),
    (
        "mips",
        "PARM6",
        "regs[9]",
        "n64's: o32 passes four in registers",
    ),
    (
        "mips",
        "PARM7",
        "regs[10]",
        "n64's: o32 passes four in registers",
    ),
    (
        "mips",
        "PARM8",
        "regs[11]",
        "n64's: o32 passes four in registers",
    ),
    (
        "mips",
        "PARM5_SYSCALL",
        "regs[8]",
        "n64's: o32's entry copies it from the stack to args",
    ),
    (
        "mips",
        "PARM6_SYSCALL",
        "regs[9]",
        "n64's: o32's entry copies it from the stack to args",
    ),
    (
        "mips",
        "PARM7_SYSCALL",
        UNSUPPORTED,
        "o32's entry copies it from the stack to args",
    ),
    (
        "powerpc64",
        "PARM7_SYSCALL",
        "gpr[9]",
        "no syscall has seven arguments",
    ),
    (
        "powerpc",
        "PARM7_SYSCALL",
        "gpr[9]",
        "no syscall has seven arguments",
    ),
    (
        "powerpc64",
        "RET",
        NO_FIELD,
        "`regs[31]` is mips's: the return address is in `link`",
    ),
    (
        "powerpc",
        "RET",
        NO_FIELD,
        "`regs[31]` is mips's: the return address is in `link`",
    ),
    (
        "sparc64",
        "RET",
        "u_regs[15]",
        "the call's own address: the function returns 8 bytes on",
    ),
];

/// Where `BPF_KPROBE_READ_RET_IP` takes the return address from a register, by Linux's names. Anywhere
/// else it reads memory: at the return address itself, if that is in a register.
const RETURN_ADDRESS_IN_REGISTER: &[&str] = &["arm64", "powerpc", "sparc"];

/// How libbpf writes that a machine has no such register.
const UNSUPPORTED: &str = "__unsupported__";

/// libbpf has a field that the struct has not: its macro does not compile.
const NO_FIELD: &str = "";

/// What the library says: the value of a role, none where the machine has no such register.
struct Roles {
    arguments: [Option<u64>; 8],
    syscall_arguments: [Option<u64>; 7],
    return_value: u64,
    /// And whether that is where the return address lies, on the stack.
    return_address: (u64, bool),
    instruction_pointer: u64,
    stack_pointer: u64,
    frame_pointer: Option<u64>,
}

impl Roles {
    /// By the name that libbpf's macros have for the role.
    fn by_name(&self) -> Vec<(String, Option<u64>)> {
        let numbered = |suffix: &'static str, values: &[Option<u64>]| {
            let numbers = (1..).zip(values.to_owned());
            numbers.map(move |(n, value)| (format!("PARM{n}{suffix}"), value))
        };
        numbered("", &self.arguments)
            .chain(numbered("_SYSCALL", &self.syscall_arguments))
            .chain([
                ("RC".into(), Some(self.return_value)),
                ("RET".into(), Some(self.return_address.0)),
                ("IP".into(), Some(self.instruction_pointer)),
                ("SP".into(), Some(self.stack_pointer)),
                ("FP".into(), self.frame_pointer),
            ])
            .collect()
    }
}

/// Asks for syscall argument `N`, which need not exist. A machine that has it answers with a method of its own, which comes
/// before the trait's.
struct Ask<'a, Regs, const N: usize>(&'a Regs);

trait NoSuchArgument {
    fn syscall_argument(&self) -> Option<u64>;
}

impl<Regs, const N: usize> NoSuchArgument for Ask<'_, Regs, N> {
    fn syscall_argument(&self) -> Option<u64> {
        None
    }
}

macro_rules! ask {
    ($regs:ident: $($n:literal)*) => { [$(Ask::<_, $n>($regs).syscall_argument()),*] };
}

macro_rules! roles {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        $(
            impl<const N: usize> Ask<'_, arch::$module::pt_regs, N>
            where
                arch::$module::pt_regs: SyscallArgument<N, { arch::$module::SYSCALL_ARG_REGISTERS }>,
            {
                fn syscall_argument(&self) -> Option<u64> {
                    Some(self.0.syscall_arg::<N>().into())
                }
            }
        )*

        /// The roles in a register file.
        fn roles(machine: &str, registers: &[u64]) -> Roles {
            match machine {
                $($name => {
                    use arch::$module::{ReturnAddress, pt_regs};
                    assert!(size_of_val(registers) >= size_of::<pt_regs>());
                    // SAFETY: it is long enough, and aligned for the widest slot.
                    let regs = unsafe { pt_regs::from_ctx(registers.as_ptr().cast()) };
                    Roles {
                        arguments: std::array::from_fn(|n| regs.arg_at(n).map(Into::into)),
                        syscall_arguments: ask!(regs: 0 1 2 3 4 5 6),
                        return_value: regs.return_value().into(),
                        return_address: match regs.return_address() {
                            ReturnAddress::Register(value) => (value.into(), false),
                            ReturnAddress::Stack(address) => (address.into(), true),
                        },
                        instruction_pointer: regs.instruction_pointer().into(),
                        stack_pointer: regs.stack_pointer().into(),
                        frame_pointer: regs.frame_pointer().map(Into::into),
                    }
                })*
                _ => unreachable!("the machine is in the table"),
            }
        }
    };
}
machines!(roles);

/// A register file in which every slot holds its own offset.
fn offsets(facts: &Facts) -> Vec<u64> {
    let mut bytes = vec![0; facts.pt_regs.size.next_multiple_of(8)];
    for &Field {
        offset, size, slot, ..
    } in &facts.fields
    {
        for at in (offset..offset + size).step_by(slot) {
            // The methods run here, so the byte order is this computer's.
            match slot {
                4 => bytes[at..at + 4].copy_from_slice(&(at as u32).to_ne_bytes()),
                8 => bytes[at..at + 8].copy_from_slice(&(at as u64).to_ne_bytes()),
                _ => panic!("a register of {slot} bytes"),
            }
        }
    }
    let words = bytes
        .chunks_exact(8)
        .map(|word| word.try_into().expect("8 bytes"));
    words.map(u64::from_ne_bytes).collect()
}

fn main() {
    // Both packages hold headers alone, the same on every architecture of Debian's.
    let libbpf = Package::newest("forky", "amd64", "libbpf-dev");
    let linux = Package::newest("forky", "amd64", "linux-libc-dev");
    let proofs = facts::all().into_iter().map(|facts| {
        let (libbpf, linux) = (libbpf.clone(), linux.clone());
        let needs = Compiler::clang(&facts.machine.variants[0])
            .and_then(|clang| Ok((clang, libbpf?, linux?)));
        let missing = needs.as_ref().map(drop).map_err(Clone::clone);
        let title = proof::name(facts.machine.name, None, "libbpf");
        Proof::new(title, missing, move || {
            let (clang, libbpf, linux) = needs?;
            Comparison::new(&facts, clang, &libbpf, &linux)?.run()
        })
    });
    proof::run(proofs.collect())
}

struct Comparison<'a> {
    facts: &'a Facts,
    clang: Compiler,
    prelude: String,
}

impl<'a> Comparison<'a> {
    fn new(
        facts: &'a Facts,
        clang: Compiler,
        libbpf: &Package,
        linux: &Package,
    ) -> Result<Self, String> {
        let machine = facts.machine.name;
        let arch = facts.machine.linux;
        let clang = clang
            // So that a struct can be a nameless member.
            .args(["-nostdinc", "-fms-extensions"])
            .headers(&libbpf.root.join("usr/include"))
            .headers(&linux.root.join("usr/lib/linux/uapi").join(arch))
            .headers(&linux.root.join("usr/include"));
        // Linux's headers have libbpf's types and sparc's register numbers, and headers/ the struct
        // that ctx is.
        let prelude = format!(
            "#define pt_regs uapi_pt_regs\n#include <asm/ptrace.h>\n#include <linux/types.h>\n#undef pt_regs\n\
             #include \"{}/headers/{machine}.h\"\n\
             #define __TARGET_ARCH_{arch}\n#include <bpf/bpf_tracing.h>\n\
             struct slots {{ struct pt_regs; char {UNSUPPORTED}; }};",
            root().display(),
        );
        Ok(Self {
            facts,
            clang,
            prelude,
        })
    }

    fn run(&self) -> Result<(), String> {
        let machine = self.facts.machine.name;
        let roles = roles(machine, &offsets(self.facts));
        let mistakes: Vec<_> = MISTAKES.iter().filter(|(on, ..)| *on == machine).collect();
        let mut mistaken = 0;
        let mut assertions = Vec::new();
        let mut checked = 0;
        for (role, ours) in roles.by_name() {
            // Where the library has no such register, it would be UNSUPPORTED's place.
            let ours = ours.unwrap_or(self.facts.pt_regs.size as u64);
            let theirs = offset_of(&format!("__PT_{role}_REG"));
            let Some((_, _, field, _)) = mistakes.iter().find(|(_, name, ..)| *name == role) else {
                assertions.push(Assertion::new(theirs, ours));
                continue;
            };
            mistaken += 1;
            if *field == NO_FIELD {
                self.does_not_compile(&theirs)?;
                checked += 1;
                continue;
            }
            let field = offset_of(field);
            assertions.extend([
                Assertion::new(format!("{theirs} == {field}"), 1),
                Assertion::new(format!("{field} == {ours}"), 0),
            ]);
        }
        if mistaken != mistakes.len() {
            return Err(
                "a mistake of libbpf's is listed under a role that it has no macro for".into(),
            );
        }
        checked += self.clang.prove(&self.prelude, &assertions)?;
        self.return_address(roles.return_address.1)?;
        proof::checked("libbpf", machine, checked + 1);
        Ok(())
    }

    fn does_not_compile(&self, theirs: &str) -> Result<(), String> {
        match self
            .clang
            .prove(&self.prelude, &[Assertion::new(theirs, 0)])
        {
            Err(error) if error.contains("no member named") => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(format!("libbpf has mended `{theirs}`")),
        }
    }

    /// Whether libbpf takes the return address from memory or from a register, as it is known to.
    fn return_address(&self, on_stack: bool) -> Result<(), String> {
        let read = "it is: BPF_KPROBE_READ_RET_IP(ip, ctx)";
        let expanded = self
            .clang
            .preprocessed(&format!("{}\n{read}", self.prelude))?;
        let (_, expanded) = expanded.rsplit_once("it is:").ok_or("the macro is gone")?;
        let from_memory = expanded.contains("bpf_probe_read_kernel");
        let known = !RETURN_ADDRESS_IN_REGISTER.contains(&self.facts.machine.linux);
        if from_memory != known || (on_stack && !from_memory) {
            return Err(format!("libbpf finds the return address by {expanded}"));
        }
        Ok(())
    }
}

fn offset_of(field: &str) -> String {
    format!("__builtin_offsetof(struct slots, {field})")
}
