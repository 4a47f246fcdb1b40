//! Executed calls: gcc and clang compile callers and callees of C prototypes for a machine, and qemu runs them. A stub
//! in assembly sees the machine as a probe would.
//!
//! * The caller calls the stub. The stub finds the same registers and stack as a probe at a function's entry.
//! * The stub calls the callee, with a different value in every byte of registers and stack. The value that arrives
//!   tells the place that the callee has read.
//! * Return values are found in the same way. A callee that finds a different address in each place returns to one of
//!   them.
//!
//! The stub knows the machine's instructions and the assembler's names of registers. It knows nothing of conventions,
//! except the registers that a function may change. The kernel's `asm/ptrace.h` tells the slot of `pt_regs` for each
//! register.

mod prototypes;
mod said;
mod stubs;
mod upper;
mod wrong;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub use prototypes::{PARAMETERS, Prototype, TYPES, Type, prototypes};
pub use said::{Entry, Executed, Execution, Place, Read, Source, number};
pub use stubs::{KernelCalls, STUBS, Stub};
pub use upper::{Left, Narrow, Upper, Where};
pub use wrong::{Wrong, of_facts, wrong};

use probe_abi::machine;

use crate::{
    bpf::{root, which},
    c::Compiler,
    host::{cannot, run, write_if_new},
    select::{Endian, Machine, Variant},
};

/// The size in bytes of the stack that the stub sees above the stack pointer.
const STACK: usize = 256;

/// The kind of code whose functions are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    User,
    Kernel,
}

impl Calls {
    pub fn of(self, machine: &machine::Machine) -> &machine::Convention {
        match self {
            Calls::User => &machine.user,
            Calls::Kernel => &machine.kernel,
        }
    }
}

/// The library's value of an endianness.
pub fn of_library(endian: Endian) -> machine::Endian {
    match endian {
        Endian::Little => machine::Endian::Little,
        Endian::Big => machine::Endian::Big,
    }
}

/// A compiler for one machine, the linker and the emulator of its programs.
pub struct Tools {
    stub: &'static Stub,
    endian: Endian,
    compiler: Compiler,
    linker: Compiler,
    emulator: PathBuf,
}

impl Tools {
    /// `Err` says what is missing.
    pub fn new(
        machine: &Machine,
        variant: &Variant,
        compiler: Result<Compiler, String>,
    ) -> Result<Self, String> {
        let stub = Stub::of(machine)?;
        let emulator = stub
            .emulator(variant.endian)
            .ok_or("qemu does not know it")?;
        // GNU ld links the objects of both compilers. Debian bookworm has no GNU ld for loongarch64.
        let linker = Compiler::gcc(variant)
            .or_else(|_| Ok::<_, String>(Compiler::clang(variant)?.args(["-fuse-ld=lld"])));
        Ok(Self {
            stub,
            endian: variant.endian,
            compiler: compiler?,
            linker: linker?,
            emulator: which(emulator)
                .ok_or_else(|| format!("no `{emulator}` in PATH: `scripts/setup` installs it"))?,
        })
    }

    /// Compiles and runs prototypes, in the folder of that name under `target`.
    pub fn execute(
        &self,
        calls: Calls,
        prototypes: Vec<Prototype>,
        name: &str,
    ) -> Result<Execution, String> {
        let kernel = match calls {
            Calls::User => None,
            Calls::Kernel => self.stub.kernel(self.endian),
        };
        let flags = [
            "-O1",
            "-w",
            "-ffreestanding",
            "-fno-pic",
            "-fno-stack-protector",
            "-fno-asynchronous-unwind-tables",
        ];
        let flags = flags.into_iter().chain(self.stub.flags.iter().copied());
        let flags: Vec<&str> = flags.chain(kernel.map(|kernel| kernel.flag)).collect();

        let attribute = kernel.map_or("", |kernel| kernel.attribute);
        let source = self.source(&prototypes, attribute);
        let program = self.program(&source, &flags, name)?;
        let output = program.with_file_name("output");
        let file = fs::File::create(&output).map_err(cannot("write", &output))?;
        // A program that returns to a wrong address may never end.
        let status = Command::new("timeout")
            .arg("60")
            .args([&self.emulator, &program])
            .stdout(file)
            .status()
            .map_err(cannot("run", &self.emulator))?;
        let bytes = fs::read(&output).map_err(cannot("read", &output))?;
        if !status.success() || bytes.len() != self.output(prototypes.len()) {
            return Err(format!(
                "`{}` ended with {status} after {} bytes",
                program.display(),
                bytes.len()
            ));
        }
        let said = Execution::read(self.stub, self.endian, calls, prototypes, &bytes);
        said.map_err(|error| format!("`{}`: {error}", program.display()))
    }

    /// Compiles a program that prints its `output`, and links it with the stub, in the folder of that name under
    /// `target`.
    pub fn program(&self, source: &str, flags: &[&str], name: &str) -> Result<PathBuf, String> {
        let folder = root().join("target/executed").join(name);
        let object = folder.join("calls.o");
        let program = folder.join("calls");
        write_if_new(&folder.join("calls.c"), source)?;
        let compiled = self.compiler.clone().args(flags).object(source)?;
        fs::write(&object, compiled).map_err(cannot("write", &object))?;
        let mut link = self.linker.command();
        link.args(flags)
            .arg(format!("-DSTACK={STACK}"))
            .args(["-static", "-nostdlib", "-no-pie"])
            // Relaxed code needs a global pointer, and the two compilers may have different float ABIs.
            .args(["-Wl,--no-relax", "-Wl,--no-warn-mismatch"])
            .arg(folder_of_stubs().join(self.stub.assembly))
            .args([object.as_path(), Path::new("-o"), program.as_path()]);
        run(&mut link)?;
        Ok(program)
    }

    /// The emulator that runs its programs.
    pub fn emulator(&self) -> &Path {
        &self.emulator
    }

    /// The flags of the machine that the linker and the compilers need.
    pub fn flags(&self) -> &'static [&'static str] {
        self.stub.flags
    }

    /// The number of bytes that a program prints.
    fn output(&self, prototypes: usize) -> usize {
        let word = self.stub.word;
        let registers = self.stub.registers().len() * word;
        let entry = registers + word + STACK;
        let run = entry + 8 + 8 * PARAMETERS + registers;
        2 * entry + 4 * word + 2 * prototypes * run
    }

    fn source(&self, prototypes: &[Prototype], asmlinkage: &str) -> String {
        let definitions = [
            ("REGISTERS", self.stub.registers().len()),
            ("STACK", STACK),
            ("PARAMETERS", PARAMETERS),
            ("PROTOTYPES", prototypes.len()),
            ("OUTPUT", self.output(prototypes.len())),
        ];
        let definitions = definitions.map(|(name, value)| format!("#define {name} {value}\n"));
        let mut source = format!("#define ASMLINKAGE {asmlinkage}\n");
        source += &definitions.concat();
        source += include_str!("driver.c");
        let mut table = String::new();
        for (index, prototype) in prototypes.iter().enumerate() {
            source += &prototype.functions(index);
            table += &format!("\t{{caller_{index}, (void (*)(void))callee_{index}}},\n");
        }
        source + &format!("\nconst volatile struct prototype prototypes[] = {{\n{table}}};\n")
    }
}

fn folder_of_stubs() -> PathBuf {
    root().join("proofs/src/executed")
}
