//! Promise: a register's role is the one that libbpf's bpf_tracing.h gives it, on every machine. Where libbpf is known
//! to be wrong, it is still wrong in the same way.
//!
//! libbpf is Debian's newest. It names fields, and clang turns them into offsets.

use std::collections::HashMap;

use proofs::{
    c::Compiler,
    facts::{Facts, Reading},
    libbpf::{self, Headers, UNSUPPORTED},
    proof::{self, Proof, none},
    select::MACHINES,
    witnesses::Witness,
    wrong,
};

/// libbpf's mistakes: machine, role, libbpf's field for it, and the reason why the library has another field.
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

/// The machines, by Linux's names, where `BPF_KPROBE_READ_RET_IP` takes the return address from a register. On the
/// others it reads memory, even if the return address is in a register: then it reads at the return address itself.
const RETURN_ADDRESS_IN_REGISTER: &[&str] = &["arm64", "powerpc", "sparc"];

/// libbpf has a field that the struct does not have: its macro does not compile.
const NO_FIELD: &str = "";

/// libbpf's names for the roles of a machine, each with the library's slot for it; `None` if there is no such register.
fn roles(facts: &Facts) -> Vec<(String, Option<Reading>)> {
    let numbered = |suffix: &'static str, readings: &[Reading], most: usize| {
        let readings = readings.to_owned();
        (0..most).map(move |n| (format!("PARM{}{suffix}", n + 1), readings.get(n).copied()))
    };
    numbered("", &facts.arguments, 8)
        .chain(numbered("_SYSCALL", &facts.syscall_arguments, 7))
        .chain([
            ("RC".into(), Some(facts.return_value)),
            ("RET".into(), Some(facts.return_address)),
            ("IP".into(), Some(facts.instruction_pointer)),
            ("SP".into(), Some(facts.stack_pointer)),
            ("FP".into(), facts.frame_pointer),
        ])
        .collect()
}

/// libbpf's facts of a machine.
struct Truth {
    /// The offset of its field for a role; `None` if its macro does not compile.
    offsets: HashMap<String, Option<u64>>,
    /// The size of the fields of `pt_regs` in bytes. If libbpf has no field, it names the offset after them.
    size: u64,
    /// The offsets of the fields in [`MISTAKES`].
    mistaken: HashMap<&'static str, u64>,
    /// Whether libbpf reads the return address from memory.
    return_address_from_memory: bool,
}

impl Truth {
    /// The contradictions between the library and libbpf, except libbpf's known mistakes.
    fn complaints(&self, facts: &Facts) -> Vec<String> {
        let machine = facts.name();
        let mut complaints = Vec::new();
        for (role, ours) in roles(facts) {
            // libbpf's macros do not have the number that is added to the register.
            let ours = ours.map_or(self.size, |ours| ours.slot.offset as u64);
            let theirs = self.offsets[&role];
            let mistakes = MISTAKES.iter().filter(|(on, ..)| *on == machine);
            let mistake = mistakes.clone().find(|(_, name, ..)| *name == role);
            match mistake {
                None if theirs == Some(ours) => {}
                None => complaints.push(format!("{role}: {theirs:?}, and {ours} in the library")),
                Some((_, _, NO_FIELD, _)) if theirs.is_none() => {}
                Some((_, _, NO_FIELD, _)) => complaints.push(format!("libbpf has mended `{role}`")),
                Some((_, _, field, _)) => {
                    let field = self.mistaken[field];
                    if theirs != Some(field) {
                        complaints.push(format!(
                            "{role}: libbpf has changed its mistake to {theirs:?}"
                        ));
                    }
                    // On sparc64 the register is right, and the value is wrong.
                    let same_register = field == ours && facts.return_address.plus == 0;
                    if same_register {
                        complaints.push(format!("{role}: the library makes libbpf's mistake"));
                    }
                }
            }
        }
        let known = !RETURN_ADDRESS_IN_REGISTER.contains(&facts.machine.linux);
        if self.return_address_from_memory != known
            || (facts.returns_on_stack && !self.return_address_from_memory)
        {
            complaints.push("libbpf finds the return address elsewhere".to_owned());
        }
        complaints
    }
}

fn main() {
    let headers = Headers::newest();
    let proofs = MACHINES.iter().map(|machine| {
        let headers = headers.clone();
        let needs = Compiler::clang(&machine.variants[0])
            .and_then(|clang| Ok((Facts::of(machine)?, clang, headers?)));
        let missing = needs.as_ref().map(drop).map_err(Clone::clone);
        Proof::new(
            proof::name(machine.name, None, "libbpf"),
            missing,
            move || {
                let (facts, clang, headers) = needs?;
                let truth = Libbpf::new(facts, clang, &headers).truth(facts)?;
                proof::checked("libbpf", machine.name, roles(facts).len() + 1);
                none(truth.complaints(facts))?;
                let refuses = |wrong: &Facts| !truth.complaints(wrong).is_empty();
                Witness::Libbpf.hold(facts, &wrong::roles(facts), refuses)?;
                Ok(())
            },
        )
    });
    proof::run(proofs.collect())
}

/// libbpf's header, compiled for a machine.
struct Libbpf {
    clang: Compiler,
    prelude: String,
}

impl Libbpf {
    fn new(facts: &Facts, clang: Compiler, headers: &Headers) -> Self {
        let prelude = libbpf::prelude(facts);
        Self {
            clang: headers.compiler(clang, facts),
            prelude: format!("{prelude}struct slots {{ struct pt_regs; char {UNSUPPORTED}; }};"),
        }
    }

    fn truth(&self, facts: &Facts) -> Result<Truth, String> {
        let mistakes: Vec<_> = MISTAKES
            .iter()
            .filter(|(on, ..)| *on == facts.name())
            .collect();
        let roles: Vec<String> = roles(facts).into_iter().map(|(role, _)| role).collect();
        if let Some((_, role, ..)) = mistakes
            .iter()
            .find(|(_, role, ..)| !roles.iter().any(|known| known == role))
        {
            return Err(format!(
                "libbpf has no macro for `{role}`, of which a mistake is listed"
            ));
        }
        // The macros that are listed as broken are compiled one by one.
        let broken: Vec<&str> = mistakes
            .iter()
            .filter(|(_, _, field, _)| *field == NO_FIELD)
            .map(|(_, role, ..)| *role)
            .collect();
        let (broken, whole): (Vec<_>, Vec<_>) = roles
            .into_iter()
            .partition(|role| broken.contains(&role.as_str()));
        let mut offsets = HashMap::new();
        let macros: Vec<String> = whole
            .iter()
            .map(|role| offset_of(&format!("__PT_{role}_REG")))
            .collect();
        let numbers = self.clang.numbers(&self.prelude, &macros)?;
        offsets.extend(whole.into_iter().zip(numbers.into_iter().map(Some)));
        for role in broken {
            let macros = [offset_of(&format!("__PT_{role}_REG"))];
            let offset = match self.clang.numbers(&self.prelude, &macros) {
                Ok(numbers) => numbers.first().copied(),
                Err(error) if error.contains("no member named") => None,
                Err(error) => return Err(error),
            };
            offsets.insert(role, offset);
        }
        let fields: Vec<&'static str> = mistakes
            .iter()
            .map(|(_, _, field, _)| *field)
            .filter(|field| *field != NO_FIELD)
            .collect();
        let expressions: Vec<String> = fields
            .iter()
            .copied()
            .chain([UNSUPPORTED])
            .map(offset_of)
            .collect();
        let numbers = self.clang.numbers(&self.prelude, &expressions)?;
        Ok(Truth {
            offsets,
            size: numbers[fields.len()],
            mistaken: fields.into_iter().zip(numbers).collect(),
            return_address_from_memory: self.return_address_from_memory()?,
        })
    }

    /// Whether libbpf takes the return address from memory, and not from a register.
    fn return_address_from_memory(&self) -> Result<bool, String> {
        let read = "it is: BPF_KPROBE_READ_RET_IP(ip, ctx)";
        let expanded = self
            .clang
            .preprocessed(&format!("{}\n{read}", self.prelude))?;
        let (_, expanded) = expanded.rsplit_once("it is:").ok_or("the macro is gone")?;
        Ok(expanded.contains("bpf_probe_read_kernel"))
    }
}

fn offset_of(field: &str) -> String {
    format!("__builtin_offsetof(struct slots, {field})")
}
