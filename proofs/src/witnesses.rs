//! Other sources for the library's facts of a machine, and the facts that each of these witnesses holds. A witness
//! holds a fact if it refuses a machine that is wrong in the fact.
//!
//! Each witness's proof is given the machines of [`wrong`]. It has to refuse exactly the machines that
//! [`Witness::sees`] promises. So this file is the table of facts and witnesses, and the table itself is tested.

use crate::{
    facts::Facts,
    wrong::{self, Wrong},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// Calls that gcc and clang compile, and qemu executes.
    Executed,
    /// The descriptions of calls that gcc and clang write for debuggers.
    Dwarf,
    /// libbpf's `bpf_tracing.h`.
    Libbpf,
    /// The kernel's own headers.
    KernelHeaders,
}

pub const WITNESSES: &[Witness] = &[
    Witness::Executed,
    Witness::Dwarf,
    Witness::Libbpf,
    Witness::KernelHeaders,
];

/// The names that [`wrong::roles`] has for the slots of a machine's calls.
fn is_of_calls(fact: &str) -> bool {
    let kernel = fact.strip_prefix("user code's ").unwrap_or(fact);
    kernel.starts_with("argument ")
        || [
            "first argument on the stack",
            "return value",
            "second return value",
            "return address",
            "where the return address is",
            "what is added to the return address",
            "stack pointer",
            "frame pointer",
        ]
        .contains(&kernel)
}

impl Witness {
    /// Whether this witness refuses a machine that is wrong in a fact.
    pub fn sees(self, machine: &str, fact: &str) -> bool {
        match self {
            Self::Executed => is_of_calls(fact),
            // DWARF numbers the registers as the psABI does, so this witness only counts them.
            Self::Dwarf => [
                "first argument on the stack",
                "user code's first argument on the stack",
                "where the return address is",
                "stack pointer",
            ]
            .contains(&fact),
            Self::Libbpf => libbpf_sees(machine, fact),
            Self::KernelHeaders => kernel_headers_see(machine, fact),
        }
    }

    /// Gives wrong machines to a proof. It has to refuse exactly the machines that this witness sees. Returns their
    /// number.
    pub fn hold(
        self,
        facts: &Facts,
        wrong: &[Wrong],
        refuses: impl Fn(&Facts) -> bool,
    ) -> Result<usize, String> {
        let mut refused = 0;
        for Wrong { fact, facts: wrong } in wrong {
            let sees = self.sees(facts.name(), fact);
            if refuses(wrong) != sees {
                return Err(format!(
                    "a machine that is wrong in this is {}refused: {fact}",
                    if sees { "not " } else { "" }
                ));
            }
            refused += usize::from(sees);
        }
        Ok(refused)
    }
}

fn libbpf_sees(machine: &str, fact: &str) -> bool {
    // Facts in which libbpf is mistaken (tests/libbpf.rs), and facts for which it has no macro.
    let unknown: &[&str] = match machine {
        "arm" => &["instruction pointer"],
        "loongarch64" => &["syscall argument 0"],
        "mips" => &[
            "syscall argument 4",
            "syscall argument 5",
            "syscall argument 6",
            "syscall argument 7",
        ],
        "powerpc" | "powerpc64" | "sparc64" => &["return address"],
        _ => &[],
    };
    if unknown.contains(&fact) {
        return false;
    }
    // On these machines it certainly takes the return address from a register.
    if fact == "where the return address is" {
        return ["aarch64", "powerpc", "powerpc64", "sparc64"].contains(&machine);
    }
    fact.starts_with("argument ")
        || fact.starts_with("syscall argument ")
        || [
            "return value",
            "return address",
            "instruction pointer",
            "stack pointer",
            "frame pointer",
        ]
        .contains(&fact)
}

fn kernel_headers_see(machine: &str, fact: &str) -> bool {
    // Facts that no accessor of the kernel gives, or gives from another place (proofs/src/internal/questions.rs).
    let unknown: &[&str] = match machine {
        "aarch64" => &["syscall number"],
        // A syscall has six arguments for the kernel.
        "arm" => &["syscall number", "syscall argument 6"],
        "mips" => &[
            "syscall argument 4",
            "syscall argument 5",
            "syscall argument 6",
            "syscall argument 7",
        ],
        "s390x" => &["frame pointer"],
        "sparc64" => &["what is added to the return address"],
        _ => &[],
    };
    if unknown.contains(&fact) {
        return false;
    }
    match fact {
        "first argument on the stack" => {
            ["x86_64", "x86", "s390x", "loongarch64", "mips"].contains(&machine)
        }
        "second return value" => false,
        _ if fact.starts_with("user code's ") => false,
        _ if fact.starts_with("argument ") => !["arm", "sparc64"].contains(&machine),
        _ => true,
    }
}

/// The facts of a machine that fewer than two witnesses hold.
pub fn held_by_fewer_than_two(facts: &Facts) -> Vec<String> {
    let facts_of = wrong::roles(facts).into_iter().map(|wrong| wrong.fact);
    let name = facts.name();
    let few = facts_of.filter(|fact| {
        let witnesses = WITNESSES.iter().filter(|witness| witness.sees(name, fact));
        witnesses.count() < 2
    });
    few.collect()
}
