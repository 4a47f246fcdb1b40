//! The example `usdt`: built as a user builds it, and run on this kernel and against wrong input. On the kernel it
//! watches a C program that prints the arguments of its static probes itself.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
    thread::sleep,
    time::{Duration, Instant},
};

use proofs::{
    bpf::{Toolchain, root},
    c::{Compiler, sdt_headers},
    example::{self, Example},
    host::{cannot, run},
    proof::{self, Proof, none},
    select::Machine,
};

const EXAMPLE: Example = Example {
    name: "usdt",
    loader: "usdt",
};

/// The machine of the kernel that it runs on.
const OWN: &str = "x86_64";

/// The machines that the probe is built for, of both endiannesses. tests/tracer.rs builds a probe for more machines.
const BUILT: [&str; 2] = [OWN, "s390x"];

/// The machines whose arguments are read on this computer: in registers, and on the stack. tests/operands.rs reads
/// those of all machines.
const READ: [&str; 2] = [OWN, "x86"];

fn main() {
    let toolchain = || Toolchain::find().map(drop);
    let mut proofs = Vec::new();
    for name in BUILT {
        proofs.push(Proof::new(
            proof::name(name, None, "builds"),
            toolchain(),
            move || EXAMPLE.object(name).map(drop),
        ));
    }
    for name in READ {
        proofs.push(Proof::new(
            proof::name(name, None, "reads arguments on the host"),
            Ok(()),
            move || EXAMPLE.event_tests(name, 2),
        ));
    }
    for level in ["-O0", "-O2"] {
        proofs.push(Proof::new(
            format!("lists and prints, {level}"),
            needs(),
            move || lists_and_prints(level),
        ));
    }
    proofs.push(Proof::new("semaphore", needs(), semaphore));
    proofs.push(Proof::new("wrong input", needs(), wrong_input));
    proof::run(proofs)
}

fn needs() -> Result<(), String> {
    Toolchain::find()?;
    sdt_headers()?;
    compiler()?;
    if env::consts::ARCH != OWN {
        return Err(format!("this computer is no {OWN}"));
    }
    proof::uprobes()
}

fn compiler() -> Result<Compiler, String> {
    let machine = Machine::named(OWN).ok_or("it is not a row of the table")?;
    Compiler::gcc(&machine.variants[0])
}

/// The C program, compiled once with that option. A rebuilt file with the same name would have no uprobes.
fn program(level: &'static str) -> Result<PathBuf, String> {
    static BUILT: Mutex<BTreeMap<&str, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
    let mut programs = BUILT.lock().map_err(|_| "another build has panicked")?;
    let build = || {
        let folder = example::built().join("usdt-program");
        let program = folder.join(format!("program{level}"));
        fs::create_dir_all(&folder).map_err(cannot("make", &folder))?;
        let mut gcc = compiler()?.headers(&sdt_headers()?).command();
        gcc.args([level, "-Wall", "-Werror", "-o"])
            .arg(&program)
            .arg(root().join("tests/usdt/program.c"));
        run(&mut gcc)?;
        Ok(program)
    };
    programs.entry(level).or_insert_with(build).clone()
}

// The proofs.

const PROBES: [(&str, &str); 5] = [
    ("shop:sold", "(i8, u8, i16, u16, i32, u32)"),
    ("shop:wide", "(i64, u64, u64)"),
    ("shop:constants", "(i32, i32, i64)"),
    ("shop:shelf", "(i8, u8, i16, u16, i32, i64, i32, u16, u8)"),
    ("shop:twice", "(i32, i16)"),
];

/// The arguments of each probe are as the program prints them, and those of the probes beside it differ.
fn lists_and_prints(level: &'static str) -> Result<(), String> {
    let program = program(level)?;
    let list = run(EXAMPLE.command(OWN)?.arg(&program))?.stdout;
    for (name, types) in PROBES {
        let line = format!("{name}{types} at 0x");
        if !list
            .lines()
            .any(|said| said.starts_with(&line) && said.contains(", semaphore at 0x"))
        {
            return Err(format!("no line is `{line}`:\n{list}"));
        }
    }
    if list.matches("shop:twice(").count() != 2 || list.lines().count() != 6 {
        return Err(format!("there are other places:\n{list}"));
    }
    let mut seen = Vec::new();
    for (name, _) in PROBES {
        let mut command = EXAMPLE.command(OWN)?;
        command.arg(&program).arg(name).arg("--").arg(&program);
        // The program's own exit status is 3.
        let (printed, own) =
            example::events_and_own(&mut command, 3).map_err(|error| format!("{name}: {error}"))?;
        let printed: Vec<_> = printed
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(_, call)| call.to_owned())
            .collect();
        let of_probe = format!("{name}(");
        let own: Vec<_> = own
            .into_iter()
            .filter(|line| line.starts_with(&of_probe))
            .collect();
        if own.is_empty() || printed != own {
            return Err(format!(
                "{name}: {printed:#?} is printed, and the program says {own:#?}"
            ));
        }
        seen.push(own);
    }
    proof::checked(level, OWN, seen.concat().len());
    // If a probe printed the arguments of another one, this would show it.
    let neighbours = seen.windows(2).filter(|pair| pair[0] == pair[1]);
    none(neighbours.map(|pair| format!("{:?} is said twice", pair[0])))
}

/// A program that runs before the probe and after it, and prints its semaphore on request.
struct Asked {
    program: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Asked {
    fn start(program: &Path) -> Result<Self, String> {
        let mut child = Command::new(program)
            .arg("wait")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(cannot("run", program))?;
        let to = child.stdin.take().ok_or("it has no input")?;
        let from = child.stdout.take().ok_or("it has no output")?;
        Ok(Self {
            program: child,
            to,
            from: BufReader::new(from),
        })
    }

    fn semaphore(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let asked = self.to.write_all(b"\n");
        asked
            .and_then(|()| self.from.read_line(&mut line))
            .map_err(|error| error.to_string())?;
        Ok(line.trim().to_owned())
    }

    /// Waits until the semaphore has that value.
    fn comes_to(&mut self, value: &str) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let semaphore = self.semaphore()?;
            if semaphore == value {
                return Ok(());
            }
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(format!("the semaphore is `{semaphore}`, and not `{value}`"));
            }
            sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The semaphore is 0, then 1 while the probe is watched, then 0 again. A program that starts in the meantime also has
/// 1.
fn semaphore() -> Result<(), String> {
    let program = program("-O2")?;
    let mut asked = Asked::start(&program)?;
    asked.comes_to("0")?;
    let mut command = EXAMPLE.command(OWN)?;
    command.arg(&program).args(["shop:sold", "--", "cat"]);
    let mut watching = command
        .stdin(Stdio::piped())
        .spawn()
        .map_err(cannot("run", &program))?;
    let raised = asked
        .comes_to("1")
        .and_then(|()| Asked::start(&program)?.comes_to("1"));
    // The command has no more input, so it ends.
    drop(watching.stdin.take());
    let status = watching.wait().map_err(|error| error.to_string())?;
    raised?;
    match status.success() {
        true => asked.comes_to("0"),
        false => Err(format!("it ended with {status}")),
    }
}

fn wrong_input() -> Result<(), String> {
    let program = program("-O2")?;
    let path = program.to_str().ok_or("the path is not UTF-8")?;
    for (arguments, message) in [
        (&[][..], "no file is given\nusage: "),
        (
            &["/nonexistent"],
            "cannot read `/nonexistent`: No such file",
        ),
        (
            &["/etc/passwd"],
            "`/etc/passwd`: it is not an ELF file: give a program or a library",
        ),
        (
            &["--pid", "1"],
            "there is no option `--pid`: accepted are `--probe` and `--help`",
        ),
        (&[path, "a:b", "c"], "`c` is one word too many\nusage: "),
        (
            &[path, "shop:sold"],
            "no command is given: it stands behind `--`\nusage: ",
        ),
        (
            &[path, "shop:sodl", "--", "true"],
            &format!("`{path}`: there is no probe `shop:sodl`: did you mean `shop:sold`?\n"),
        ),
        (
            &[path, "sold", "--", "true"],
            &format!("`{path}`: there is no probe `sold`: did you mean `shop:sold`?\n"),
        ),
        (
            &[path, "shop:sold", "--", "/nonexistent"],
            "cannot run `/nonexistent`: No such file",
        ),
        (
            &["--probe", "/etc/passwd", path, "shop:sold", "--", "true"],
            "`/etc/passwd` is no probe for this machine: ",
        ),
    ] {
        example::refuses(EXAMPLE.command(OWN)?, arguments, message)?;
    }
    Ok(())
}
