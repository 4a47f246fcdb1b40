//! The kernel's names, and its accessors: what is asked of the headers, as data.
//!
//! In an accessor `regs` is a pointer to the constant `pt_regs`, and `task` a task that is as wide as the
//! kernel.

use super::{build::Release, value::ARGUMENTS};
use crate::bindings::Field;

/// A field whose name in the kernel's `struct pt_regs` is not UAPI's, which the library has: machine, the
/// library's name, the kernel's, and the first release that has that. Of more than one field `..` makes
/// a slot.
const NAMES: &[(&str, &str, &str, Release)] = &[
    ("x86_64", "rbp", "bp", FIRST),
    ("x86_64", "rbx", "bx", FIRST),
    ("x86_64", "rax", "ax", FIRST),
    ("x86_64", "rcx", "cx", FIRST),
    ("x86_64", "rdx", "dx", FIRST),
    ("x86_64", "rsi", "si", FIRST),
    ("x86_64", "rdi", "di", FIRST),
    ("x86_64", "orig_rax", "orig_ax", FIRST),
    ("x86_64", "rip", "ip", FIRST),
    // Of this slot `cs` is 16 bits from then on.
    ("x86_64", "cs", "csx", Release(6, 9)),
    ("x86_64", "eflags", "flags", FIRST),
    ("x86_64", "rsp", "sp", FIRST),
    ("x86_64", "ss", "ssx", Release(6, 9)),
    ("x86", "ebx", "bx", FIRST),
    ("x86", "ecx", "cx", FIRST),
    ("x86", "edx", "dx", FIRST),
    ("x86", "esi", "si", FIRST),
    ("x86", "edi", "di", FIRST),
    ("x86", "ebp", "bp", FIRST),
    ("x86", "eax", "ax", FIRST),
    ("x86", "xds", "ds..__dsh", FIRST),
    ("x86", "xes", "es..__esh", FIRST),
    ("x86", "xfs", "fs..__fsh", FIRST),
    ("x86", "xgs", "gs..__gsh", FIRST),
    ("x86", "orig_eax", "orig_ax", FIRST),
    ("x86", "eip", "ip", FIRST),
    ("x86", "xcs", "cs..__csh", FIRST),
    ("x86", "eflags", "flags", FIRST),
    ("x86", "esp", "sp", FIRST),
    ("x86", "xss", "ss..__ssh", FIRST),
    // UAPI's name for the program counter, which aarch64 has too.
    ("riscv64", "pc", "epc", FIRST),
    ("riscv32", "pc", "epc", FIRST),
    // What the syscall entry stores in the space that is kept for a callee's arguments.
    ("mips", "args", "pad0", FIRST),
    // UAPI's name.
    ("loongarch64", "csr_badv", "csr_badvaddr", FIRST),
];

/// Every release.
const FIRST: Release = Release(0, 0);

/// An accessor of a role.
struct Accessor {
    /// None are all.
    machines: &'static [&'static str],
    since: Release,
    role: &'static str,
    ask: &'static str,
    otherwise: Option<Otherwise>,
}

/// A disagreement that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// What the accessor gives instead, in C.
    pub is: &'static str,
    pub why: &'static str,
}

const fn accessor(role: &'static str, ask: &'static str) -> Accessor {
    Accessor {
        machines: &[],
        since: FIRST,
        role,
        ask,
        otherwise: None,
    }
}

impl Accessor {
    const fn of(self, machines: &'static [&'static str]) -> Self {
        Self { machines, ..self }
    }

    const fn since(self, major: u32, minor: u32) -> Self {
        let since = Release(major, minor);
        Self { since, ..self }
    }

    const fn but_is(self, is: &'static str, why: &'static str) -> Self {
        let otherwise = Some(Otherwise { is, why });
        Self { otherwise, ..self }
    }
}

/// Those that have `frame_pointer`. On powerpc it gives 0.
const FRAME_POINTER: &[&str] = &[
    "x86_64",
    "x86",
    "aarch64",
    "arm",
    "riscv64",
    "riscv32",
    "powerpc64",
    "powerpc",
];

/// Those that have `regs_get_kernel_argument`, how many arguments it knows, and since when.
const KERNEL_ARGUMENTS: &[(&str, usize, Release)] = &[
    ("x86_64", ARGUMENTS, FIRST),
    ("x86", ARGUMENTS, FIRST),
    ("s390x", ARGUMENTS, FIRST),
    ("loongarch64", ARGUMENTS, FIRST),
    // The others give 0 for one that is on the stack.
    ("aarch64", 8, FIRST),
    ("riscv64", 8, FIRST),
    ("riscv32", 8, FIRST),
    ("powerpc64", 8, Release(6, 12)),
    ("powerpc", 8, Release(6, 12)),
];

/// Those that pass a syscall's arguments 4 and on on the stack.
const SYSCALL_STACK: &str = "mips";

const ACCESSORS: &[Accessor] = &[
    accessor("instruction_pointer", "instruction_pointer(regs)"),
    accessor("stack_pointer", "kernel_stack_pointer(regs)"),
    accessor("stack_pointer", "user_stack_pointer(regs)"),
    accessor("return_value", "regs_return_value(regs)"),
    accessor("return_value", "syscall_get_return_value(task, regs)"),
    accessor("return_value", "OF_FAILURE(regs_return_value(regs))")
        .of(&["powerpc64", "powerpc", "mips64", "mips"])
        .but_is(
            "-regs_return_value(regs)",
            "the return value of a syscall whose error is told by another register",
        ),
    accessor("frame_pointer", "frame_pointer(regs)").of(FRAME_POINTER),
    accessor("frame_pointer", "REGISTER(fp)").of(&["mips64", "mips", "loongarch64"]),
    accessor(
        "frame_pointer",
        "ftrace_regs_get_frame_pointer((void *)regs)",
    )
    .of(&["s390x"])
    .since(6, 12)
    .but_is(
        "regs->gprs[15]",
        "kernel code has none: it is compiled to find its frames by the back chain",
    ),
    accessor("return_address", "procedure_link_pointer(regs)").of(&["aarch64"]),
    accessor("return_address", "regs->ARM_lr").of(&["arm"]),
    accessor("return_address", "regs->ra").of(&["riscv64", "riscv32"]),
    accessor("return_address", "regs->link").of(&["powerpc64", "powerpc"]),
    accessor("return_address", "REGISTER(ra)").of(&["mips64", "mips", "loongarch64"]),
    accessor(
        "return_address",
        "ftrace_regs_get_return_address((void *)regs)",
    )
    .of(&["x86_64", "x86", "s390x", "powerpc64"])
    .since(6, 13),
    accessor("return_address", "regs->u_regs[UREG_RETPC]")
        .of(&["sparc64"])
        .but_is(
            "regs->u_regs[15]",
            "the address of the call instruction; the function returns behind its delay slot",
        ),
    accessor(
        "syscall_number",
        "OF_SYSCALL((unsigned)syscall_get_nr(task, regs))",
    )
    .of(&[
        "x86_64",
        "x86",
        "riscv64",
        "riscv32",
        "s390x",
        "powerpc64",
        "powerpc",
        "loongarch64",
        "sparc64",
    ]),
    accessor("syscall_number", "(unsigned)syscall_get_nr(task, regs)")
        .of(&["aarch64"])
        .but_is(
            "(unsigned)regs->syscallno",
            "a copy that tracers can change, behind what stays where it is from release to release",
        ),
    accessor("syscall_number", "(unsigned)syscall_get_nr(task, regs)")
        .of(&["arm"])
        .but_is(
            "(unsigned)task_thread_info(task)->abi_syscall",
            "a copy that is not in pt_regs",
        ),
    accessor("syscall_number", "(unsigned)syscall_get_nr(task, regs)")
        .of(&["mips64", "mips"])
        .but_is(
            "(unsigned)task_thread_info(task)->syscall",
            "a copy that is not in pt_regs",
        ),
    accessor("syscall_number", "(unsigned)the_slot_of_syscall()").of(&["mips64", "mips"]),
];

/// An accessor of one role.
pub struct Question {
    pub role: String,
    pub ask: String,
    pub bits: u32,
    pub otherwise: Option<&'static Otherwise>,
}

/// All accessors that a machine has in a release.
pub fn of(machine: &str, word: usize, release: Release) -> impl Iterator<Item = Question> {
    let plain = ACCESSORS.iter().filter(move |accessor| {
        let machines = accessor.machines;
        (machines.is_empty() || machines.contains(&machine)) && accessor.since <= release
    });
    let plain = plain.map(|accessor| Question {
        role: accessor.role.into(),
        ask: accessor.ask.into(),
        // A syscall's number is an `int`.
        bits: if accessor.role == "syscall_number" {
            32
        } else {
            64
        },
        otherwise: accessor.otherwise.as_ref(),
    });
    let known = KERNEL_ARGUMENTS
        .iter()
        .find(|(name, _, since)| *name == machine && *since <= release);
    let known = known.map_or(0, |(_, arguments, _)| *arguments);
    let arguments = (0..known).map(|index| {
        let ask = format!("regs_get_kernel_argument(regs, {index})");
        question(format!("arguments[{index}]"), ask)
    });
    // o32 has four argument registers, n64 eight.
    let named = match machine {
        "mips" => 4,
        "mips64" => 8,
        _ => 0,
    };
    let registers = (0..named).map(|index| {
        let role = format!("arguments[{index}]");
        question(role, format!("REGISTER(a{index})"))
    });
    let stack = machine == SYSCALL_STACK;
    let syscall = (0..6).map(move |index| {
        let ask = format!("syscall_argument({index})");
        match stack && index >= 4 {
            false => question(format!("syscall_arguments[{index}]"), ask),
            // They are read where the caller has put them. It is where a function's are.
            true => question(format!("arguments[{index}]"), ask),
        }
    });
    let _ = word;
    plain.chain(arguments).chain(registers).chain(syscall)
}

fn question(role: String, ask: String) -> Question {
    Question {
        role,
        ask,
        bits: 64,
        otherwise: None,
    }
}

/// The offset of a field, its size, and the size of one element.
pub fn layout(machine: &str, release: Release, field: &Field) -> [String; 3] {
    let named = NAMES
        .iter()
        .find(|(of, ours, _, since)| *of == machine && *ours == field.name && *since <= release);
    let name = named.map_or(field.name.as_str(), |(_, _, theirs, _)| *theirs);
    let (first, last) = name.split_once("..").unwrap_or((name, name));
    let size = format!(
        "offsetof(struct pt_regs, {last}) + sizeof(regs->{last}) - offsetof(struct pt_regs, {first})"
    );
    let slot = match field.size == field.slot {
        true => size.clone(),
        false => format!("sizeof(regs->{first}[0])"),
    };
    [format!("offsetof(struct pt_regs, {first})"), size, slot]
}
