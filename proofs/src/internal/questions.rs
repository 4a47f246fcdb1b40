//! The questions to the headers, as data: the kernel's accessors for each role.
//!
//! In an accessor, `regs` points to the constant `pt_regs`, and `task` to a task of the kernel's width. The names in
//! capitals are in `prelude.c`.

use std::ops::Range;

use super::Release;

/// An accessor, or several: `#` stands for one of the indices.
struct Accessor {
    /// The role's name in `crate::wrong`.
    role: &'static str,
    /// The expression in C.
    ask: &'static str,
    indices: Range<usize>,
    otherwise: Option<Otherwise>,
    /// Empty for all machines.
    machines: &'static [&'static str],
    since: Release,
}

/// A disagreement that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// The accessor's other result, in C.
    pub is: &'static str,
    pub why: &'static str,
}

const fn accessor(role: &'static str, ask: &'static str) -> Accessor {
    Accessor {
        role,
        ask,
        indices: 0..1,
        otherwise: None,
        machines: &[],
        since: Release(0, 0),
    }
}

impl Accessor {
    const fn each(self, indices: Range<usize>) -> Self {
        Self { indices, ..self }
    }

    const fn of(self, machines: &'static [&'static str]) -> Self {
        Self { machines, ..self }
    }

    const fn since(self, release: Release) -> Self {
        let since = release;
        Self { since, ..self }
    }

    const fn but_is(self, is: &'static str, why: &'static str) -> Self {
        let otherwise = Some(Otherwise { is, why });
        Self { otherwise, ..self }
    }
}

/// A role whose slot is in the headers, but not the number that is added to its value.
pub const RETURN_REGISTER: &str = "return address's register";

const ACCESSORS: &[Accessor] = &[
    accessor("instruction pointer", "instruction_pointer(regs)"),
    accessor("stack pointer", "kernel_stack_pointer(regs)"),
    accessor("stack pointer", "user_stack_pointer(regs)"),
    accessor("return value", "regs_return_value(regs)"),
    accessor("return value", "syscall_get_return_value(task, regs)"),
    accessor("return value", "OF_FAILURE(regs_return_value(regs))")
        .of(&["powerpc64", "powerpc", "mips64", "mips"])
        .but_is(
            "-regs_return_value(regs)",
            "of a syscall, and another register tells that it has failed",
        ),
    // On powerpc it gives 0.
    accessor("frame pointer", "frame_pointer(regs)").of(&[
        "x86_64",
        "x86",
        "aarch64",
        "arm",
        "riscv64",
        "riscv32",
        "powerpc64",
        "powerpc",
    ]),
    accessor("frame pointer", "REGISTER(fp)").of(&["mips64", "mips", "loongarch64"]),
    accessor(
        "frame pointer",
        "ftrace_regs_get_frame_pointer((void *)regs)",
    )
    .of(&["s390x"])
    .since(Release(6, 12))
    .but_is(
        "kernel_stack_pointer(regs)",
        "the kernel's code has no frame pointers, and finds its frames by the stack pointer",
    ),
    // By the comment at `regs_get_kernel_argument`, "the top of stack is the return address".
    accessor("return address", "regs_get_kernel_stack_nth(regs, 0)").of(&["x86_64", "x86"]),
    accessor("return address", "procedure_link_pointer(regs)").of(&["aarch64"]),
    accessor("return address", "regs->ARM_lr").of(&["arm"]),
    accessor("return address", "regs->ra").of(&["riscv64", "riscv32"]),
    accessor("return address", "regs->link").of(&["powerpc64", "powerpc"]),
    accessor("return address", "REGISTER(ra)").of(&["mips64", "mips", "loongarch64"]),
    // loongarch64's accessor reads the memory at the return address: the code.
    accessor(
        "return address",
        "ftrace_regs_get_return_address((void *)regs)",
    )
    .of(&["x86_64", "s390x", "powerpc64"])
    .since(Release(6, 13)),
    accessor(RETURN_REGISTER, "regs->u_regs[UREG_RETPC]").of(&["sparc64"]),
    accessor("syscall number", "OF_SYSCALL(syscall_get_nr(task, regs))").of(&[
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
    accessor("syscall number", "syscall_get_nr(task, regs)")
        .of(&["aarch64"])
        .but_is(
            "regs->syscallno",
            "a copy that a tracer can change, behind what keeps its place from release to release",
        ),
    accessor("syscall number", "syscall_get_nr(task, regs)")
        .of(&["arm"])
        .but_is(
            "task_thread_info(task)->abi_syscall",
            "a copy that is not in pt_regs",
        ),
    accessor("syscall number", "syscall_get_nr(task, regs)")
        .of(&["mips64", "mips"])
        .but_is(
            "task_thread_info(task)->syscall",
            "a copy that is not in pt_regs",
        ),
    accessor("syscall number", "SLOT_OF_SYSCALL").of(&["mips64", "mips"]),
    accessor("syscall argument #", "SYSCALL_ARGUMENT(#)").each(0..4),
    accessor("syscall argument #", "SYSCALL_ARGUMENT(#)")
        .each(4..6)
        .of(SIX_IN_SLOTS),
    // The kernel reads them where their caller has put them, as for a function. The library reads them where the
    // syscall's entry has copied them.
    accessor("argument #", "SYSCALL_ARGUMENT(#)")
        .each(4..6)
        .of(&["mips"]),
    accessor("argument #", "REGISTER(a#)")
        .each(0..4)
        .of(&["mips"]),
    accessor("argument #", "REGISTER(a#)")
        .each(0..8)
        .of(&["mips64"]),
    accessor("argument #", "regs_get_kernel_argument(regs, #)")
        .each(0..10)
        .of(&["x86_64", "x86", "s390x", "loongarch64"]),
    // The accessor gives 0 for an argument on the stack.
    accessor("argument #", "regs_get_kernel_argument(regs, #)")
        .each(0..8)
        .of(&["aarch64", "riscv64", "riscv32"]),
    accessor("argument #", "regs_get_kernel_argument(regs, #)")
        .each(0..8)
        .of(&["powerpc64", "powerpc"])
        .since(Release(6, 12)),
];

const SIX_IN_SLOTS: &[&str] = &[
    "x86_64",
    "x86",
    "aarch64",
    "arm",
    "riscv64",
    "riscv32",
    "s390x",
    "powerpc64",
    "powerpc",
    "mips64",
    "loongarch64",
    "sparc64",
];

/// An accessor of one role.
#[derive(Debug)]
pub struct Question {
    pub role: String,
    pub ask: String,
    pub otherwise: Option<&'static Otherwise>,
}

/// The questions for a machine in a release.
pub fn of(machine: &str, release: Release) -> Vec<Question> {
    let accessors = ACCESSORS.iter().filter(|accessor| {
        let machines = accessor.machines;
        (machines.is_empty() || machines.contains(&machine)) && accessor.since <= release
    });
    let questions = accessors.flat_map(|accessor| {
        accessor.indices.clone().map(|index| {
            let numbered = |text: &str| text.replace('#', &index.to_string());
            Question {
                role: numbered(accessor.role),
                ask: numbered(accessor.ask),
                otherwise: accessor.otherwise.as_ref(),
            }
        })
    });
    questions.collect()
}
