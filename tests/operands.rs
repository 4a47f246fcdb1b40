//! Promise: the operands of static probes mean the same to the library and to the machine's assembler, with any
//! compiler and any program. If a text is wrong, the parser fails with a sentence, and in no other way.
//!
//! The operands are those of Debian's programs for each machine, and those that gcc and clang make of a program with
//! `sys/sdt.h`. Each operand is parsed and written again. The assembler has to make the same bytes of both texts.

mod operands {
    pub mod evaluated;
    pub mod notes;
}

use std::collections::BTreeSet;

use object::{Object, ObjectSection};
use operands::{evaluated, notes};
use probe_abi::{
    machine::Machine,
    operand::{Class, Operand, OperandError},
    registers::{MemorySyntax, Syntax},
};
use proofs::{
    c::{Compiler, sdt_headers},
    debian::Package,
    proof::{self, Proof, none},
    select::{Endian, MACHINES, Variant},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

/// Debian's programs that have static probes.
const RUBY: &str = "libruby3\\.[0-9]";
const LIBVIRT: &str = "libvirt0";
const PHP: &str = "php8\\.[0-9]-cli";

/// Debian's archive for a machine: the suite, Debian's name of the machine, and its programs that have probes.
const ARCHIVE: &[(&str, Endian, &str, &str, &[&str])] = &[
    (
        "x86_64",
        Endian::Little,
        "bookworm",
        "amd64",
        &[RUBY, LIBVIRT, PHP],
    ),
    (
        "x86",
        Endian::Little,
        "bookworm",
        "i386",
        &[RUBY, LIBVIRT, PHP],
    ),
    (
        "aarch64",
        Endian::Little,
        "bookworm",
        "arm64",
        &[RUBY, LIBVIRT],
    ),
    (
        "arm",
        Endian::Little,
        "bookworm",
        "armhf",
        &[RUBY, LIBVIRT, PHP],
    ),
    ("riscv64", Endian::Little, "forky", "riscv64", &[LIBVIRT]),
    ("s390x", Endian::Big, "bookworm", "s390x", &[RUBY, LIBVIRT]),
    (
        "powerpc64",
        Endian::Little,
        "bookworm",
        "ppc64el",
        &[RUBY, LIBVIRT],
    ),
    (
        "mips",
        Endian::Little,
        "bookworm",
        "mipsel",
        &[RUBY, LIBVIRT],
    ),
    (
        "mips64",
        Endian::Little,
        "bookworm",
        "mips64el",
        &[RUBY, LIBVIRT],
    ),
    (
        "loongarch64",
        Endian::Little,
        "forky",
        "loong64",
        &[LIBVIRT],
    ),
];

fn main() {
    let mut proofs = Vec::new();
    let header = sdt_headers();
    for row in MACHINES {
        let Some(machine) = Machine::named(row.name) else {
            continue;
        };
        let variant = &row.variants[0];
        proofs.push(Proof::new(
            proof::name(row.name, None, "operands that are evaluated"),
            Ok(()),
            move || evaluated::agrees(machine),
        ));
        proofs.push(Proof::new(
            proof::name(row.name, None, "texts that are no operands"),
            Ok(()),
            move || never_panics(machine),
        ));
        let assembler = Assembler::of(machine, variant);
        let needs = assembler.as_ref().map(drop).map_err(Clone::clone);
        let found = ARCHIVE.iter().filter(|(name, ..)| *name == row.name);
        for &(_, endian, suite, arch, programs) in found {
            let variant = row.variants.iter().find(|variant| variant.endian == endian);
            let Some(variant) = variant else { continue };
            let assembler = Assembler::of(machine, variant);
            for &program in programs {
                let what = format!("operands of Debian's {}", program.replace("\\.[0-9]", ""));
                let name = proof::name(row.name, endian, &what);
                let package = match proof::is_wanted(&name) {
                    true => Package::newest(suite, arch, program),
                    false => Err("nobody asks for it".to_owned()),
                };
                let needs = package.as_ref().map(drop).map_err(Clone::clone);
                let needs = needs.and(assembler.as_ref().map(drop).map_err(Clone::clone));
                let assembler = assembler.clone();
                proofs.push(Proof::new(name, needs, move || {
                    let operands = notes::of_package(&package?, machine, endian)?;
                    assembler?.proves("Debian's programs", &operands)
                }));
            }
        }
        for (source, compiler) in [
            ("gcc", Compiler::gcc(variant)),
            ("clang", Compiler::clang(variant)),
        ] {
            // As in tests/compilers.rs.
            if source == "gcc" && compiler.is_err() && row.name == "loongarch64" {
                continue;
            }
            let assembler = assembler.clone();
            let missing = compiler.as_ref().map(drop).map_err(Clone::clone);
            let needs = needs
                .clone()
                .and(missing)
                .and(header.as_ref().map(drop).map_err(Clone::clone));
            let header = header.clone();
            let endian = variant.endian;
            proofs.push(Proof::new(
                proof::name(row.name, None, &format!("operands of a program, {source}")),
                needs,
                move || {
                    let compiler = compiler?.headers(&header?);
                    let operands = notes::of_a_program(&compiler, source, machine, endian)?;
                    assembler?.proves(source, &operands)
                },
            ));
        }
    }
    proof::run(proofs)
}

/// Whether the library may refuse this operand of a real program.
fn is_excused(error: &OperandError) -> bool {
    let of_register = error.register();
    if of_register.is_some_and(|error| error.not_in_ctx().is_some()) {
        return true;
    }
    let error = error.to_string();
    [
        "the address of a symbol is not in the operand",
        "the value does not fit in this register",
    ]
    .iter()
    .any(|excuse| error.contains(excuse))
}

/// A machine's assembler.
#[derive(Clone)]
struct Assembler {
    compiler: Compiler,
    machine: &'static Machine,
}

impl Assembler {
    fn of(machine: &'static Machine, variant: &'static Variant) -> Result<Self, String> {
        let compiler = Compiler::gcc(variant).or_else(|_| Compiler::clang(variant))?;
        Ok(Self { compiler, machine })
    }

    /// Whether the assembler makes the same bytes of the operands and of the library's text of them.
    fn proves(&self, source: &str, operands: &BTreeSet<String>) -> Result<(), String> {
        let mut read = Vec::new();
        let mut complaints = Vec::new();
        for text in operands {
            match Operand::parse(text, self.machine) {
                Ok(operand) => read.push((text, operand)),
                Err(error) if is_excused(&error) => {}
                Err(error) => complaints.push(error.to_string()),
            }
        }
        none(complaints)?;
        if read.is_empty() && !operands.is_empty() {
            return Err(format!("none of {} operands can be read", operands.len()));
        }
        let theirs = read
            .iter()
            .map(|(text, operand)| self.statement(text, operand));
        let theirs = self.assembled(theirs.collect())?;
        let ours = read.iter().map(|(_, operand)| {
            let text = operand.text(self.machine).to_string();
            match Operand::parse(&text, self.machine) {
                Ok(again) if again == *operand => Ok(self.statement(&text, operand)),
                again => Err(format!(
                    "`{text}` is read as {again:?}, and not {operand:?}"
                )),
            }
        });
        let ours = self.assembled(ours.collect::<Result<_, _>>()?)?;
        let differ = theirs.iter().zip(&ours).zip(&read);
        none(differ.filter(|((theirs, ours), _)| theirs != ours).map(
            |((theirs, ours), (text, operand))| {
                let written = operand.text(self.machine);
                format!("`{text}` is {theirs:x?}, and `{written}` is {ours:x?}")
            },
        ))?;
        // A wrong operand would be refused: each operand is compared with the next.
        let same = read.iter().zip(read.iter().skip(1)).zip(theirs.windows(2));
        let overlooked = same.filter(|(((_, one), (_, other)), bytes)| {
            place(one, self.machine) != place(other, self.machine) && bytes[0] == bytes[1]
        });
        none(overlooked.map(|(((one, _), (other, _)), _)| {
            format!("the assembler makes the same of `{one}` and `{other}`")
        }))?;
        proof::checked(source, self.machine.name, read.len());
        let excused = operands.len() - read.len();
        if excused > 0 {
            proof::checked(
                &format!("{source}, and are none that a probe can read"),
                self.machine.name,
                excused,
            );
        }
        Ok(())
    }

    /// An instruction with an operand in it.
    fn statement(&self, text: &str, operand: &Operand) -> String {
        let Syntax {
            constant, memory, ..
        } = self.machine.syntax;
        let (_, place) = text.split_once('@').unwrap_or_default();
        let is_register = operand_is_register(text, self.machine);
        let is_memory = !is_register && is_memory(place, memory, constant);
        if !is_register && !is_memory {
            let number = place.strip_prefix(constant).unwrap_or(place);
            return format!(".8byte {number}");
        }
        let (register, address) = match (self.machine.name, operand.size()) {
            ("x86_64", _) => ("test {}, {}", "lea {}, %rax"),
            ("x86", _) => ("test {}, {}", "lea {}, %eax"),
            ("aarch64", 1) => ("", "ldrb w1, {}"),
            ("aarch64", 2) => ("", "ldrh w1, {}"),
            ("aarch64", 4) => ("", "ldr w1, {}"),
            ("aarch64", _) => ("", "ldr x1, {}"),
            ("arm", 1) => ("mov r1, {}", "ldrb r1, {}"),
            ("arm", 2) => ("mov r1, {}", "ldrh r1, {}"),
            ("arm", _) => ("mov r1, {}", "ldr r1, {}"),
            ("riscv64" | "riscv32", _) => ("mv a1, {}", "lb a1, {}"),
            ("s390x", _) => ("lgr %r1, {}", "lay %r1, {}"),
            ("powerpc64" | "powerpc", _) if place.contains(',') => ("", "lbzx 3, {}"),
            ("powerpc64" | "powerpc", _) => ("mr 3, {}", "lbz 3, {}"),
            ("mips" | "mips64", _) => ("move $2, {}", "lb $2, {}"),
            ("loongarch64" | "loongarch32", _) if place.matches('$').count() > 1 => {
                ("", "ldx.b $a0, {}")
            }
            ("loongarch64" | "loongarch32", _) => ("move $a0, {}", "ld.b $a0, {}"),
            ("sparc64", _) => ("mov {}, %g1", "ldub {}, %g1"),
            (other, _) => unreachable!("no instructions of {other} are written down"),
        };
        let instruction = match (is_register, self.machine.name) {
            (true, "aarch64") if place.starts_with('w') => "mov w1, {}",
            (true, "aarch64") => "mov x1, {}",
            (true, _) => register,
            (false, _) => address,
        };
        instruction.replace("{}", place)
    }

    /// The bytes of each statement.
    fn assembled(&self, statements: Vec<String>) -> Result<Vec<Vec<u8>>, String> {
        let prelude = match self.machine.name {
            // Otherwise gas takes `$5` for a number, and fills the delay slot without showing it.
            "mips" | "mips64" => ".set noreorder\n",
            "sparc64" => ".register %g2, #scratch\n.register %g3, #scratch\n",
            _ => "",
        };
        let lines = statements
            .iter()
            .enumerate()
            .map(|(n, statement)| format!(".section .s{n}, \"a\", %progbits\n{statement}\n"));
        let lines: String = lines.collect::<String>().replace(
            "%progbits",
            match self.machine.name {
                "sparc64" => "@progbits",
                _ => "%progbits",
            },
        );
        let object = self
            .compiler
            .assembled(&format!("{prelude}{lines}"))
            .map_err(|errors| {
                let first: Vec<&str> = errors.lines().take(6).collect();
                format!("{}\n{}", first.join("\n"), statements.join("\n"))
            })?;
        let object = object::File::parse(&*object).map_err(|error| error.to_string())?;
        let bytes = (0..statements.len()).map(|n| {
            let section = object.section_by_name(&format!(".s{n}"));
            let section = section.ok_or_else(|| format!("there is no section .s{n}"))?;
            let data = section.data().map_err(|error| error.to_string())?;
            if data.is_empty() {
                return Err(format!("`{}` is nothing", statements[n]));
            }
            Ok(data.to_vec())
        });
        bytes.collect()
    }
}

/// The place of an operand, without its size and class.
fn place(operand: &Operand, machine: &Machine) -> String {
    let text = operand.text(machine).to_string();
    text.split_once('@')
        .map_or(text.clone(), |(_, place)| place.to_owned())
}

/// Whether a text is a register's name, as the assembler writes it. On powerpc a number alone is one.
fn operand_is_register(text: &str, machine: &Machine) -> bool {
    let Syntax {
        register, memory, ..
    } = machine.syntax;
    text.split_once('@').is_some_and(|(_, place)| {
        let is_name = place.starts_with(register) || memory == MemorySyntax::DisplacementOrPair;
        is_name && machine.register(place).is_ok()
    })
}

fn is_memory(place: &str, memory: MemorySyntax, constant: &str) -> bool {
    match memory {
        MemorySyntax::Scaled => !place.starts_with(constant),
        MemorySyntax::Brackets | MemorySyntax::Sum => place.starts_with('['),
        MemorySyntax::Pair => place.contains(','),
        _ => place.contains(['(', ',']),
    }
}

/// Any text is an operand or an error. The written form of an operand is parsed to the same operand.
fn never_panics(machine: &'static Machine) -> Result<(), String> {
    let registers = machine
        .registers
        .iter()
        .flat_map(|register| register.names());
    let registers: Vec<&str> = registers.collect();
    let parts = prop_oneof![
        3 => prop::sample::select(registers).prop_map(str::to_owned),
        3 => prop::sample::select(&[
            "1@", "2@", "-4@", "8@", "8f@", "@", "%", "$", "#", "i", "(", ")", "[", "]", ",", " ", "+", "-", ":", "lsl ", "uxtw ",
            "sxtw ", "0x", "foo", ".L1", "é", "%lo(",
        ][..]).prop_map(str::to_owned),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        1 => (-9i64..40).prop_map(|number| number.to_string()),
        1 => any::<String>(),
    ];
    let texts = prop::collection::vec(parts, 0..9).prop_map(|parts| parts.concat());
    let texts = (
        prop_oneof![Just(""), Just("8@"), Just("-4@"), Just("1@")],
        texts,
    );
    let mut runner = TestRunner::new(Config {
        cases: 1_000,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&texts, |(size, text)| {
        let text = format!("{size}{text}");
        match Operand::parse(&text, machine) {
            Ok(operand) => {
                let written = operand.text(machine).to_string();
                prop_assert_eq!(
                    Operand::parse(&written, machine).ok(),
                    Some(operand),
                    "{} is written {}",
                    text,
                    written
                );
                prop_assert!(matches!(operand.size(), 1 | 2 | 4 | 8));
                prop_assert!(operand.class() != Class::Float || text.contains('f'));
            }
            Err(error) => {
                prop_assert!(error.place() <= text.len() && text.is_char_boundary(error.place()));
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
        let count = Operand::parse_all(&text, machine).count();
        prop_assert!(count <= text.len());
        Ok(())
    });
    result.map_err(|error| error.to_string())?;
    refusals(machine)
}

/// Operands that are wrong on every machine, and the error for each.
fn refusals(machine: &Machine) -> Result<(), String> {
    let sizes = "an operand starts with its size and `@`";
    for (text, says) in [
        ("", sizes),
        ("@", sizes),
        ("3@0", sizes),
        ("-@", sizes),
        ("44@0", sizes),
        (
            "8@",
            "at its end: expected a register, a constant or a place in memory",
        ),
        ("8@.L5", "the address of a symbol is not in the operand"),
        (
            "8@some_symbol",
            "the address of a symbol is not in the operand",
        ),
    ] {
        match Operand::parse(text, machine) {
            Err(error) if error.to_string().contains(says) => {}
            other => return Err(format!("`{text}` gives {other:?}, and not: {says}")),
        }
    }
    // gcc writes this for riscv and mips.
    match Operand::parse("-4@%lo(counter)(s2)", machine) {
        Err(error)
            if machine.syntax.register == "%" || error.to_string().contains("of a symbol") => {}
        other => return Err(format!("the low part of an address is {other:?}")),
    }
    Ok(())
}
