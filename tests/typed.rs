//! Promise: a typed probe gets the values that the function was called with, and the value that it returned. This holds
//! for any prototype, on every machine, in both endiannesses, for user code, for the kernel's code and for its
//! `asmlinkage` functions.
//!
//! For tests/executed.rs, compilers call many prototypes. A prototype becomes a program here if one of its parameters
//! has a place, or a type in that place, that no prototype before it has. The programs read every parameter. An
//! interpreter runs them over two kinds of states. The first are made from the places in the machine's value, with
//! garbage everywhere else. The second are those that a stub saw when clang's code called the functions.
//!
//! Then the states are made for machines that are wrong in every way that this could show, and the results of the
//! programs have to differ. On the host, made-up calls of a few prototypes return the values that they were made with.
//! For all prototypes, the types' knowledge of registers is compared with the machine's value.

use std::{
    collections::BTreeMap,
    iter, ptr,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use probe_abi::{
    call,
    machine::{Machine, ReturnAddress},
    signature::{Elsewhere, Left, Take, TwoWords, Whole, Word},
};
use proofs::{
    bpf::Toolchain,
    c::Compiler,
    executed::{Calls, PARAMETERS, Prototype, Stub, Tools, Wrong, prototypes, wrong},
    proof::{self, Proof},
    select::{Endian, MACHINES},
    typed::{AllAnswers, Code, Garbage, Pair, Programs, State, Subject},
};

fn main() {
    let toolchain = Toolchain::find();
    let found = toolchain.as_ref().map(drop).map_err(Clone::clone);
    let mut proofs = Vec::new();
    for row in MACHINES {
        for variant in row.variants {
            // Each endianness has one way of reading: tests/codegen.rs compares both ways for both.
            let toolchain = toolchain.clone().map(|toolchain| match variant.endian {
                Endian::Little => toolchain.unstable(),
                Endian::Big => toolchain,
            });
            let name = |what| proof::name(row.name, variant.endian, what);
            let subject = Subject::new(row, variant.endian);
            proofs.push(Proof::new(name("typed calls"), found.clone(), {
                let (subject, toolchain) = (subject.clone(), toolchain.clone());
                move || over_made_up_states(&Built::new(subject?, &toolchain?)?)
            }));
            let tools = Tools::new(row, variant, Compiler::clang(variant));
            let needs = tools.as_ref().map(drop).map_err(Clone::clone);
            let folder = format!("typed-{}-{}", row.name, variant.endian);
            proofs.push(Proof::new(
                name("typed calls that are executed"),
                found.clone().and(needs),
                move || {
                    let built = Built::new(subject?, &toolchain?)?;
                    over_executed_states(&built, &tools?, &folder)
                },
            ));
        }
        proofs.push(Proof::new(
            proof::name(row.name, None, "made-up calls"),
            Ok(()),
            || made_up_calls(&Subject::new(row, row.variants[0].endian)?),
        ));
        proofs.push(Proof::new(
            proof::name(row.name, None, "types know what is in registers"),
            Ok(()),
            || types_know_registers(&Subject::new(row, row.variants[0].endian)?),
        ));
    }
    proof::run(proofs)
}

/// A machine's programs.
struct Built {
    subject: Subject,
    programs: Arc<Programs>,
}

impl Built {
    /// The programs of an endianness are built once.
    fn new(subject: Subject, toolchain: &Toolchain) -> Result<Self, String> {
        type All = BTreeMap<&'static str, Result<Arc<Programs>, String>>;
        static BUILT: Mutex<All> = Mutex::new(All::new());
        let endian = subject.endian;
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let programs = built
            .entry(endian.bpf_target())
            .or_insert_with(|| Programs::build(toolchain, endian).map(Arc::new));
        let programs = programs.clone()?;
        Ok(Self { subject, programs })
    }

    fn pair(&self, code: Code, index: usize, prototype: &Prototype) -> Result<Pair<'_>, String> {
        self.programs.of(&self.subject, code, index, prototype)
    }
}

/// A list of values for each call: random values, numbers whose bytes all have the top bit, and numbers whose bytes do
/// not have it, with zero among them. The last value of a list is returned.
fn values(garbage: &mut Garbage) -> [[u64; PARAMETERS + 1]; 3] {
    const TOP_BITS: u64 = 0x8080_8080_8080_8080;
    let mut some = || std::array::from_fn(|_| garbage.number());
    let mut all = [some(), some(), some()];
    all[1] = all[1].map(|value| value | TOP_BITS);
    all[2] = all[2].map(|value| if value & 3 == 0 { 0 } else { value & !TOP_BITS });
    all
}

/// The programs of one kind of code, and their inputs.
struct Runs<'a> {
    subject: &'a Subject,
    code: Code,
    pairs: Vec<(&'a Prototype, Pair<'a>)>,
    values: [[u64; PARAMETERS + 1]; 3],
}

impl<'a> Runs<'a> {
    fn new(built: &'a Built, code: Code, prototypes: &'a [Prototype]) -> Result<Self, String> {
        let chosen = built.subject.chosen(code, prototypes).into_iter();
        let pairs = chosen.map(|index| {
            let prototype = &prototypes[index];
            Ok::<_, String>((prototype, built.pair(code, index, prototype)?))
        });
        Ok(Self {
            subject: &built.subject,
            code,
            pairs: pairs.collect::<Result<_, _>>()?,
            values: values(&mut Garbage(code as u64)),
        })
    }

    /// Whether the programs of a prototype give the values that the function was called with on a machine, and the
    /// value that it returned.
    fn check(&self, machine: &Machine, index: usize) -> Result<(), String> {
        let Self { subject, code, .. } = *self;
        let (prototype, pair) = &self.pairs[index];
        let mut garbage = Garbage(index as u64);
        let entered = self
            .values
            .map(|values| State::entered(subject, machine, code, prototype, &values, &mut garbage));
        let returns_to = Ok(State::returns_to(subject));
        let expected = self
            .values
            .map(|values| subject.at_entry(code, prototype, &values, returns_to, Ok(())));
        same(
            "the call",
            subject,
            code,
            prototype,
            &pair.enter(&entered)?,
            &expected,
        )?;

        let left = self
            .values
            .map(|[.., value]| State::left(subject, machine, code, prototype, value, &mut garbage));
        let expected = self
            .values
            .map(|[.., value]| subject.at_return(prototype, value));
        let expected: Vec<u64> = expected.into_iter().flatten().collect();
        same(
            "the return",
            subject,
            code,
            prototype,
            &pair.leave(&left)?,
            &expected,
        )
    }

    /// Whether the programs give the helper's error if there is no stack memory.
    fn check_without_memory(&self, machine: &Machine, index: usize) -> Result<(), String> {
        const EFAULT: Result<(), i32> = Err(-14);
        let Self { subject, code, .. } = *self;
        let (prototype, pair) = &self.pairs[index];
        let mut garbage = Garbage(index as u64);
        let entered = self.values.map(|values| {
            let state = State::entered(subject, machine, code, prototype, &values, &mut garbage);
            state.without_memory()
        });
        let returns_to = match machine.return_address {
            ReturnAddress::Register(_) => Ok(State::returns_to(subject)),
            ReturnAddress::Stack(_) => EFAULT.map(|()| 0),
        };
        let expected = self
            .values
            .map(|values| subject.at_entry(code, prototype, &values, returns_to, EFAULT));
        same(
            "the call without a stack",
            subject,
            code,
            prototype,
            &pair.enter(&entered)?,
            &expected,
        )
    }
}

fn same(
    what: &str,
    subject: &Subject,
    code: Code,
    prototype: &Prototype,
    given: &[u64],
    expected: &[u64],
) -> Result<(), String> {
    match given == expected {
        true => Ok(()),
        false => Err(format!(
            "{}: a probe of `{}` as `{code}` gives {given:x?} for {what}, and not {expected:x?}",
            subject.row.name,
            prototype.named("f"),
        )),
    }
}

fn over_made_up_states(built: &Built) -> Result<(), String> {
    let prototypes = prototypes();
    let machine = built.subject.machine;
    let mut read = 0;
    for code in Code::ALL {
        let runs = Runs::new(built, code, &prototypes)?;
        let parameters = runs
            .pairs
            .iter()
            .map(|(prototype, _)| prototype.parameters.len());
        read += parameters.sum::<usize>();
        let all = 0..runs.pairs.len();
        let checks = all.clone().flat_map(|index| {
            [
                runs.check(machine, index),
                runs.check_without_memory(machine, index),
            ]
        });
        // One wrong fact gives a hundred complaints.
        proof::none(checks.filter_map(Result::err).take(5))?;
        // If the convention is that of a process, few of the code's prototypes have programs.
        if code != Code::User && !built.subject.is_called_otherwise(code) {
            continue;
        }
        let overlooked = wrong_for(&built.subject, code);
        let overlooked = overlooked.iter().filter(|wrong| {
            all.clone()
                .all(|index| runs.check(&wrong.machine, index).is_ok())
        });
        proof::none(overlooked.map(|wrong| format!("{code}: {wrong}, and nothing refuses it")))?;
    }
    proof::checked("typed probes", built.subject.row.name, read);
    Ok(())
}

/// The machines that are wrong about calls of this kind of code.
fn wrong_for(subject: &Subject, code: Code) -> Vec<Wrong> {
    let (machine, slots, endian) = (subject.machine, &subject.facts.slots, subject.endian);
    let mut all = match code {
        Code::User => wrong(machine, slots, Calls::User, endian),
        Code::Kernel => wrong(machine, slots, Calls::Kernel, endian),
        Code::Asmlinkage => {
            let kernel = machine.asmlinkage;
            let mut all = wrong(
                &Machine { kernel, ..*machine },
                slots,
                Calls::Kernel,
                endian,
            );
            for wrong in &mut all {
                wrong.machine.asmlinkage = wrong.machine.kernel;
            }
            all
        }
    };
    // A call does not use it.
    all.retain(|wrong| wrong.fact != "frame pointer");
    all
}

/// The programs over the states of clang's code in qemu.
fn over_executed_states(built: &Built, tools: &Tools, folder: &str) -> Result<(), String> {
    let subject = &built.subject;
    let user = tools.execute(Calls::User, prototypes(), &format!("{folder}-user"))?;
    let kernel = match Stub::of(subject.row)?.kernel(subject.endian) {
        Some(_) => Some(tools.execute(Calls::Kernel, prototypes(), &format!("{folder}-kernel"))?),
        None => None,
    };
    let chosen = Code::ALL.map(|code| subject.chosen(code, &prototypes()));
    let mut complaints = Vec::new();
    let mut checked = 0;
    let mut garbage = Garbage(0);
    for execution in iter::once(&user).chain(&kernel) {
        for (index, executed) in execution.prototypes.iter().enumerate() {
            let prototype = &executed.prototype;
            let codes = match (&kernel, ptr::eq(execution, &user)) {
                // The kernel's functions have the same convention.
                (None, _) => Code::ALL.to_vec(),
                (Some(_), true) => vec![Code::User],
                (Some(_), false) if prototype.asmlinkage => vec![Code::Asmlinkage],
                (Some(_), false) => vec![Code::Kernel],
            };
            for code in codes {
                if !chosen[code as usize].contains(&index) {
                    continue;
                }
                let pair = built.pair(code, index, prototype)?;
                let (mut entered, mut expected) = (Vec::new(), Vec::new());
                for (entry, values) in &executed.called {
                    let (state, returns_to) =
                        State::seen(subject, execution, code, entry, &mut garbage)?;
                    expected.push(subject.at_entry(
                        code,
                        prototype,
                        values,
                        Ok(returns_to),
                        Ok(()),
                    ));
                    entered.push(state);
                }
                let given = pair.enter(&entered)?;
                complaints
                    .extend(same("the call", subject, code, prototype, &given, &expected).err());
                let (mut left, mut expected) = (Vec::new(), Vec::new());
                for (registers, value) in &executed.returns {
                    left.push(State::registers(
                        subject,
                        execution,
                        registers,
                        &mut garbage,
                    )?);
                    expected.extend(subject.at_return(prototype, *value));
                }
                let given = pair.leave(&left)?;
                complaints
                    .extend(same("the return", subject, code, prototype, &given, &expected).err());
                checked += prototype.parameters.len() + usize::from(prototype.returns.is_some());
            }
        }
    }
    proof::none(complaints.into_iter().take(5))?;
    proof::checked(
        "typed probes of calls that clang makes",
        subject.row.name,
        checked,
    );
    Ok(())
}

/// The answers of the host.
fn said() -> Result<&'static AllAnswers, String> {
    static SAID: LazyLock<Result<AllAnswers, String>> = LazyLock::new(|| AllAnswers::new(&*VALUES));
    SAID.as_ref().map_err(Clone::clone)
}

static VALUES: LazyLock<[[u64; PARAMETERS + 1]; 3]> = LazyLock::new(|| values(&mut Garbage(0)));

/// Only for a few prototypes: the host's compiler takes longest for these.
fn made_up_calls(subject: &Subject) -> Result<(), String> {
    let prototypes = prototypes();
    let mut complaints = Vec::new();
    for code in Code::ALL {
        for index in subject.few(code, &prototypes) {
            let prototype = &prototypes[index];
            let said = said()?.of(subject, code, index)?;
            let count = prototype.parameters.len();
            let places = (0..count).map(|n| subject.in_register(code, prototype, n));
            if !places.eq(said.in_register[..count].iter().copied()) {
                complaints.push(format!(
                    "`arg` of `{}` as `{code}` is bound to {:?}",
                    prototype.named("f"),
                    &said.in_register[..count],
                ));
            }
            let calls =
                VALUES.map(|values| subject.at_entry(code, prototype, &values, Ok(0), Ok(())));
            let returns =
                VALUES.map(|[.., value]| subject.at_return(prototype, value).unwrap_or(0));
            complaints.extend(
                same(
                    "a made-up call",
                    subject,
                    code,
                    prototype,
                    &said.entered,
                    &calls,
                )
                .err(),
            );
            complaints.extend(
                same(
                    "a made-up return",
                    subject,
                    code,
                    prototype,
                    &said.left,
                    &returns,
                )
                .err(),
            );
        }
    }
    proof::none(complaints.into_iter().take(5))
}

// The types' knowledge of places.

/// The effect of a parameter of one word, and of one of two words: the number of registers left after it, and whether
/// it is in registers.
type Takes = [(usize, bool); 2];

trait IsWhole {
    const IS: bool;
}

impl IsWhole for Whole {
    const IS: bool = true;
}

impl IsWhole for Elsewhere {
    const IS: bool = false;
}

trait Count {
    const REGISTERS: usize;
    const EVEN: bool;
}

impl<const REGISTERS: usize, const EVEN: bool> Count for Left<REGISTERS, EVEN> {
    const REGISTERS: usize = REGISTERS;
    const EVEN: bool = EVEN;
}

const fn takes<Before, Room>() -> (usize, bool)
where
    Before: Take<Room, Left: Count, Where: IsWhole>,
{
    (
        <Before::Left as Count>::REGISTERS,
        <Before::Where as IsWhole>::IS,
    )
}

macro_rules! tables {
    ($name:ident, $even:literal: $($registers:literal)*) => {
        /// The index is the number of registers that are left.
        const $name: [Takes; 9] = [$([
            takes::<Left<$registers, $even>, Word>(),
            takes::<Left<$registers, $even>, TwoWords>(),
        ]),*];
    };
}
tables!(ANY, false: 0 1 2 3 4 5 6 7 8);
tables!(EVEN, true: 0 1 2 3 4 5 6 7 8);

include!("../build/src/table.rs");

/// The registers of a machine's types, for each kind of code: their number, and whether pairs start at even ones.
fn registers_of_types(name: &str) -> Option<[(usize, bool); 3]> {
    fn of<R: Count>() -> (usize, bool) {
        (R::REGISTERS, R::EVEN)
    }
    fn all<R>() -> [(usize, bool); 3]
    where
        R: call::Machine<UserRegisters: Count, KernelRegisters: Count, AsmlinkageRegisters: Count>,
    {
        [
            of::<R::UserRegisters>(),
            of::<R::KernelRegisters>(),
            of::<R::AsmlinkageRegisters>(),
        ]
    }
    macro_rules! find {
        ($($module:ident = $machine:literal, $linux:literal, $variants:tt;)*) => {
            match name {
                $($machine => Some(all::<probe_abi::arch::$module::pt_regs>()),)*
                _ => None,
            }
        };
    }
    machines!(find)
}

/// For all prototypes, the types and the machine's value agree for each parameter: on the registers that are left after
/// it, and on whether it is in registers.
fn types_know_registers(subject: &Subject) -> Result<(), String> {
    let of_types = registers_of_types(subject.row.name).ok_or("it is not in the table")?;
    let mut complaints = Vec::new();
    let mut checked = 0;
    for code in Code::ALL {
        for prototype in &prototypes() {
            let of = match (code, prototype.variadic) {
                (Code::User, _) => of_types[0],
                (Code::Kernel, false) => of_types[1],
                (Code::Kernel, true) | (Code::Asmlinkage, _) => of_types[2],
            };
            let (mut left, even) = of;
            let table = if even { &EVEN } else { &ANY };
            for (n, ty) in prototype.parameters.iter().enumerate() {
                let two_words = ty.size(subject.facts.word) > subject.facts.word;
                let (after, whole) = table[left][usize::from(two_words)];
                left = after;
                if whole != subject.in_register(code, prototype, n) {
                    complaints.push(format!(
                        "parameter {n} of `{}` as `{code}` is in registers: types say {whole}",
                        prototype.named("f"),
                    ));
                }
                checked += 1;
            }
        }
    }
    proof::none(complaints.into_iter().take(5))?;
    proof::checked("what types say of places", subject.row.name, checked);
    Ok(())
}
