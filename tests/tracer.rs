//! The example tracer: built as a user builds it, and run on this kernel, in rbpf, and against wrong input.

use std::{
    collections::HashMap,
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock},
};

use proofs::{
    bpf::{Toolchain, root},
    example::{self, Example},
    host::{Said, ended, run},
    proof::{self, Proof, equal},
    select::MACHINES,
};

const EXAMPLE: Example = Example {
    name: "tracer",
    loader: "tracer",
};

/// The machines that the probe is built for: of 64 and 32 bits, with six, four and five registers for arguments, and of
/// both endiannesses.
const BUILT: [&str; 3] = ["x86_64", "arm", "s390x"];

fn main() {
    let mut proofs = Vec::new();
    for name in BUILT {
        proofs.push(Proof::new(
            proof::name(name, None, "builds"),
            probe_needs(),
            move || built(name).map(drop),
        ));
        proofs.push(Proof::new(
            proof::name(name, None, "simulates"),
            probe_needs(),
            move || simulates(name),
        ));
        proofs.push(Proof::new(
            proof::name(name, None, "finds every argument on the host"),
            Ok(()),
            move || event_tests(name),
        ));
    }
    proofs.push(Proof::new(
        "the_loaders_own_tests_pass",
        Ok(()),
        loader_tests,
    ));
    proofs.push(Proof::new(
        "refuses_wrong_input",
        probe_needs(),
        refuses_wrong_input,
    ));
    proofs.push(Proof::new(
        "refuses_another_machines_probe",
        probe_needs(),
        refuses_another_machines_probe,
    ));
    proofs.push(Proof::new(
        "runs_without_root",
        root_needs(),
        runs_without_root,
    ));
    proofs.push(Proof::new(
        "prints_every_value",
        kernel_needs(),
        prints_every_value,
    ));
    proofs.push(Proof::new(
        "traces_the_c_library",
        kernel_needs(),
        traces_the_c_library,
    ));
    proofs.push(Proof::new(
        "traces_syscalls",
        syscall_needs(),
        traces_syscalls,
    ));
    proofs.push(Proof::new(
        "refuses_what_is_not_there",
        kernel_needs(),
        refuses_what_is_not_there,
    ));
    proof::run(proofs);
}

// The needs of the proofs.

fn probe_needs() -> Result<(), String> {
    Toolchain::find().map(drop)
}

fn root_needs() -> Result<(), String> {
    probe_needs()?;
    proof::superuser()
}

fn kernel_needs() -> Result<(), String> {
    probe_needs()?;
    own()?;
    proof::uprobes()
}

fn syscall_needs() -> Result<(), String> {
    probe_needs()?;
    own()?;
    proof::syscall_tracepoints()
}

/// The machine that the proofs run on.
fn own() -> Result<&'static str, String> {
    let own = MACHINES
        .iter()
        .find(|machine| machine.name == env::consts::ARCH);
    match own {
        Some(machine) if cfg!(target_pointer_width = "64") => Ok(machine.name),
        _ => Err(format!(
            "`{}` is no 64-bit machine of the table",
            env::consts::ARCH
        )),
    }
}

// The programs that they run.

/// The probe for a machine and the loader for it, which runs on this computer.
#[derive(Clone)]
struct Tracer {
    probe: PathBuf,
    loader: PathBuf,
}

impl Tracer {
    fn run(&self, arguments: &[&str]) -> Result<Said, String> {
        let mut command = Command::new(&self.loader);
        command.arg("--probe").arg(&self.probe).args(arguments);
        ended(&mut command)
    }
}

/// The first caller builds it.
fn built(name: &'static str) -> Result<Tracer, String> {
    static BUILT: Mutex<Option<HashMap<&str, Result<Tracer, String>>>> = Mutex::new(None);
    let mut built = BUILT.lock().map_err(|_| "another build has panicked")?;
    built
        .get_or_insert_default()
        .entry(name)
        .or_insert_with(|| build(name))
        .clone()
}

fn build(name: &str) -> Result<Tracer, String> {
    let probe = EXAMPLE.object(name)?;
    run(example::cargo("build", name).args(["--bin", EXAMPLE.loader]))?;
    let built = example::built();
    let loader = built.join(format!("tracer-{name}"));
    copy(&built.join("debug/tracer"), &loader)?;
    Ok(Tracer { probe, loader })
}

/// Copies in a process of its own. If this process had the file open for writing, a process that another proof starts
/// at the same time would have it open too. The kernel does not run a file that is open for writing.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    run(Command::new("cp").arg(from).arg(to)).map(drop)
}

/// The path of the traced program. The first caller builds it.
fn target() -> Result<&'static str, String> {
    static BUILT: OnceLock<Result<String, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let target = example::built().join("target");
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        run(Command::new(rustc)
            .args(["--edition=2024", "-Copt-level=1", "-o"])
            .arg(&target)
            .arg(root().join("tests/tracer/target.rs")))?;
        let target = target.into_os_string().into_string();
        target.map_err(|path| format!("{path:?} is not UTF-8"))
    });
    built.as_deref().map_err(String::clone)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

// The proofs.

/// More arguments than any of the machines has registers for, and types that differ between machines. On machines of 32
/// bits, the 64-bit integers of the last prototype are at odd places.
const PROTOTYPES: [&str; 3] = [
    "long ten(int, unsigned char b, short, wchar_t, const char *path, void *, _Bool, char, size_t, const char *last)",
    "extern const char *open_it(const char *const restrict, enum how, struct stat buf[2], int (*f)(int, long), ...);",
    "int64_t mixed(int, uint64_t, char, long long, short, unsigned long long offset, off64_t, int)",
];

fn simulated(name: &str) -> Result<[&'static str; 3], String> {
    const OPEN_IT: &str = r#"open_it("argument 0", 2, 0x3000, 0x4000, ...) = "returned""#;
    const MIXED_OF_64: &str = "mixed(-1, 2, 'c', -4, -5, 6, -7, -8) = -1";
    // The two halves of each number differ.
    const MIXED_OF_32: &str = "mixed(-1, 12884901890, 'c', -21474836484, -5, 30064771078, -34359738375, -8) = -8589934593";
    const TEN: &str = r#"ten(-1, 2, -3, -4, "path", 0x6000, true, 'h', 9, "last") = -1"#;
    const WITH_UNSIGNED_WCHAR_T: &str =
        r#"ten(-1, 2, -3, 4, "path", 0x6000, true, 'h', 9, "last") = -1"#;
    Ok(match name {
        "x86_64" => [TEN, OPEN_IT, MIXED_OF_64],
        "arm" => [WITH_UNSIGNED_WCHAR_T, OPEN_IT, MIXED_OF_32],
        _ => return Err(format!("what is expected of `{name}`?")),
    })
}

fn simulates(name: &'static str) -> Result<(), String> {
    let tracer = built(name)?;
    let simulation = tracer.run(&[&["--simulate"], &PROTOTYPES[..]].concat())?;
    if name == "s390x" {
        let error = "error: cannot run the probe's program `called` in rbpf: it is big-endian, and rbpf runs \
                     little-endian bytecode\n";
        return equal(
            &(simulation.stderr.as_str(), simulation.status.code()),
            &(error, Some(125)),
        );
    }
    equal(&simulation.stderr.as_str(), &"")?;
    equal(&lines(&simulation.stdout), &simulated(name)?.to_vec())?;
    equal(&simulation.status.code(), &Some(0))
}

/// The probe's handling of a call, compiled for this computer, gets calls of the machine.
fn event_tests(machine: &str) -> Result<(), String> {
    EXAMPLE.event_tests(machine, 5)
}

/// The places are those of other machines, not of the loader's own.
fn loader_tests() -> Result<(), String> {
    example::own_tests(&["--bin", "tracer"], "x86_64", 10)
}

/// A command line fails with a status, and with a line on stderr that starts like this. Nothing else happens.
fn refused(tracer: &Tracer, cases: &[(&[&str], &str)]) -> Result<(), String> {
    for (arguments, message) in cases {
        let run = tracer.run(arguments)?;
        let first = run.stderr.lines().next().unwrap_or_default();
        let expected = format!("error: {message}");
        if !first.starts_with(&expected) || run.stderr.contains("panicked") {
            return Err(format!(
                "{arguments:?}: expected `{expected}`, but there is `{}`",
                run.stderr
            ));
        }
        equal(&(run.stdout.as_str(), run.status.code()), &("", Some(125)))?;
    }
    Ok(())
}

fn refuses_wrong_input() -> Result<(), String> {
    const NOT_ONE: &str =
        "is not a C prototype: accepted is one such as `int open(const char *path, int flags)`";
    refused(
        &built("x86_64")?,
        &[
            (&[], "no prototype is given"),
            (&["--", "ls"], "no prototype is given"),
            (
                &["int f(int)"],
                "no command is given: it stands behind `--`",
            ),
            (
                &["int f(int)", "--"],
                "no command is given: it stands behind `--`",
            ),
            (
                &["--sim"],
                "there is no option `--sim`: accepted are `--library`, `--probe`, `--simulate`, `--syscalls` and `--help`",
            ),
            (&["--library"], "`--library` needs a path behind it"),
            (
                &["--probe", "/nonexistent", "int f(int)", "--", "ls"],
                "cannot read the probe `/nonexistent`: No such file",
            ),
            (
                &["--probe", "/bin/ls", "int f(int)", "--", "ls"],
                "`/bin/ls` is not the object of the tracer's probe",
            ),
            (
                &["--probe", "/etc/passwd", "int f(int)", "--", "ls"],
                "`/etc/passwd` is not the object of the tracer's probe",
            ),
            (&[""], &format!("`` {NOT_ONE}")),
            (&["getenv"], &format!("`getenv` {NOT_ONE}")),
            (&["f(int)"], &format!("`f(int)` {NOT_ONE}")),
            (&["int f"], &format!("`int f` {NOT_ONE}")),
            (&["int f(int"], &format!("`int f(int` {NOT_ONE}")),
            (&["int f(int))"], &format!("`int f(int))` {NOT_ONE}")),
            (&["int int(int)"], &format!("`int int(int)` {NOT_ONE}")),
            (
                &["int f(int) {"],
                "`int f(int) {` is not a C prototype, for the `{` in it",
            ),
            (&["int f(int,)"], "`int f(int,)`: `` names no type"),
            (
                &["int f(void, int)"],
                "`int f(void, int)`: a parameter cannot be `void`",
            ),
            (
                &["int f(strin s)"],
                "`int f(strin s)`: `strin` is no type that is known here, or is a pointer that lacks its `*`: accepted are C's integer types, `void`, ",
            ),
            (
                &["double f(int)"],
                "`double f(int)`: `double` is not passed as integers are, and BPF has no floating point: accepted are ",
            ),
            (
                &["int f(struct stat s)"],
                "`int f(struct stat s)`: `struct stat` is not passed as integers are, or is a pointer that lacks its `*`: accepted are ",
            ),
            (
                &["int f(int, int, int, int, int, int, int, int, int, int, int)"],
                "`f` has 11 parameters: accepted are up to 10",
            ),
        ],
    )
}

fn refuses_another_machines_probe() -> Result<(), String> {
    let tracer = Tracer {
        probe: built("s390x")?.probe,
        ..built("x86_64")?
    };
    let message = format!(
        "the probe `{}` is for `s390x`, and this is `x86_64`",
        tracer.probe.display()
    );
    refused(&tracer, &[(&["--simulate", "int f(int)"], &message)])?;

    let message = format!(
        "this tracer is for `arm` and runs on `{}`: it can only `--simulate`",
        env::consts::ARCH
    );
    refused(&built("arm")?, &[(&["int f(int)", "--", "ls"], &message)])
}

/// The user `nobody` may not load a probe. Then the same bytecode runs on made-up calls, and a message says so.
fn runs_without_root() -> Result<(), String> {
    const NOBODY: u32 = 65534;
    let tracer = built("x86_64")?;
    // A folder that `nobody` may read.
    let folder = env::temp_dir().join(format!("probe-abi-tracer-{}", std::process::id()));
    let copied = fs::create_dir(&folder)
        .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)))
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))
        .and_then(|()| copy(&tracer.loader, &folder.join("loader")))
        .and_then(|()| copy(&tracer.probe, &folder.join("probe")));
    let result = copied.and_then(|_| {
        let mut command = Command::new(folder.join("loader"));
        command
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .arg("--probe")
            .arg(folder.join("probe"))
            .args(PROTOTYPES)
            .args(["--", "ls", "/etc"]);
        ended(&mut command)
    });
    fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let run = result?;
    let said = "tracer: loading a BPF program is not permitted: root may, or who has the capabilities `bpf` and \
                `perfmon`; so these are made-up calls, on which rbpf runs the probe\n";
    equal(&run.stderr.as_str(), &said)?;
    equal(&lines(&run.stdout), &simulated("x86_64")?.to_vec())?;
    equal(&run.status.code(), &Some(0))
}

/// Every register, stack slot, width and string of tests/tracer/target.rs, with the values of the call.
fn prints_every_value() -> Result<(), String> {
    let target = target()?;
    let run = built(own()?)?.run(&[
        "--library",
        target,
        "unsigned long ten(long, long, uint64_t, size_t, uintptr_t, long, long, long, ssize_t, void *)",
        "short narrow(int, unsigned, signed char, unsigned char, short, unsigned short, bool, char)",
        "void nothing(void)",
        "const char *text(const char *, const char *, const char *, const char *)",
        "long inner(long)",
        "long outer(long)",
        "int down(int)",
        "long meet(long)",
        "void leave(int)",
        "--",
        target,
    ])?;
    let long = format!(
        r#"text("say \"hi\",\n\xe2\x82\xac\\", "{}"..., NULL, 0x10) = "what comes back""#,
        "x".repeat(127)
    );
    let expected = [
        "ten(81985529216486895, -1, 2199023255552, 3298534883328, 4398046511104, 5497558138880, \
         6597069766656, 7696581394432, 8796093022208, 0x90000000000) = 18364758544493064720",
        r"narrow(-2, 4294967294, -128, 128, -32768, 32768, false, '\'') = -32768",
        "nothing() = void",
        &long,
        "outer(100) = 212",
        "inner(100) = 101",
        "inner(110) = 111",
        "down(2) = 3",
        "down(1) = 1",
        "down(0) = 0",
        "meet(1000) = 2000",
        "meet(500) = 1000",
        "leave(3) = ?",
    ];
    equal(&run.stderr.as_str(), &"")?;
    equal(&lines(&run.stdout), &expected.to_vec())?;
    equal(&run.status.code(), &Some(3))
}

/// A function of the C library that a command calls. Its argument is on the command line.
fn traces_the_c_library() -> Result<(), String> {
    let run = built(own()?)?.run(&["DIR *opendir(const char *name)", "--", "ls", "/etc"])?;
    let calls: Vec<&str> = lines(&run.stdout)
        .into_iter()
        .filter(|line| line.starts_with("opendir("))
        .collect();
    match calls[..] {
        [call] if call.starts_with(r#"opendir("/etc") = 0x"#) => {}
        _ => return Err(format!("`ls /etc` opens it once, but there is {calls:?}")),
    }
    equal(&(run.stderr.as_str(), run.status.code()), &("", Some(0)))?;

    // The tracer's status is the command's, also if the command is killed.
    for (script, status) in [("exit 7", 7), ("kill -KILL $$", 128 + 9)] {
        let run = built(own()?)?.run(&["int isatty(int)", "--", "sh", "-c", script])?;
        equal(
            &(run.stderr.as_str(), run.status.code()),
            &("", Some(status)),
        )?;
    }
    Ok(())
}

/// The syscalls of a command, by the user's prototypes and by the tracer's own.
fn traces_syscalls() -> Result<(), String> {
    const PATH: &str = "/nonexistent-of-probe-abi";
    let tracer = built(own()?)?;
    let openat = "int openat(int dirfd, const char *path, int flags, ...)";
    let close = "int close(int fd)";
    let run = tracer.run(&["--syscalls", openat, close, "--", "cat", PATH])?;
    let expected = format!("openat(-100, {PATH:?}, 0, ...) = -ENOENT (No such file or directory)");
    let found = lines(&run.stdout);
    // The dynamic loader's paths are in its file. If a path's page is not in memory, its address is printed.
    let known = ["openat(-100, \"/", "openat(-100, 0x", "close("];
    let is_other = |line: &&str| !known.iter().any(|known| line.starts_with(known));
    let others: Vec<&str> = found.iter().copied().filter(is_other).collect();
    equal(&others, &vec![])?;
    if !found.contains(&&*expected) {
        return Err(format!("no `{expected}` in {found:#?}"));
    }
    equal(&run.status.code(), &Some(1))?;

    // A string is only read if its page is in memory.
    let target = target()?;
    let run = tracer.run(&["--syscalls", openat, "--", target, "open-twice"])?;
    let found = lines(&run.stdout);
    let [.., absent, present] = found[..] else {
        return Err(format!("fewer than two lines: {found:?}"));
    };
    let error = "0, ...) = -ENOENT (No such file or directory)";
    equal(
        &present,
        &&*format!(r#"openat(-100, "\x7fELF\x02\x01\x01", {error}"#),
    )?;
    if !absent.starts_with("openat(-100, 0x") || !absent.ends_with(error) {
        return Err(format!("a page that is not in memory: `{absent}`"));
    }

    let run = tracer.run(&["--syscalls", "--", "cat", PATH])?;
    equal(&lines(&run.stdout).last(), &Some(&"exit_group(1) = ?"))?;
    equal(&run.status.code(), &Some(1))?;

    refused(
        &tracer,
        &[
            (&["--syscalls"], "no command is given"),
            (
                &["--syscalls", "--simulate", "--", "ls"],
                "`--syscalls` goes with neither `--simulate` nor `--library`",
            ),
            (
                &["--syscalls", "int opnat(int)", "--", "ls"],
                "`opnat` is not a syscall of ",
            ),
        ],
    )
}

fn refuses_what_is_not_there() -> Result<(), String> {
    let tracer = built(own()?)?;
    let f = "int f(int)";
    refused(
        &tracer,
        &[
            (
                &["int isatty(int)", "--", "nonexistent"],
                "there is no command `nonexistent`",
            ),
            (
                &["int isatty(int)", "--", "/etc/passwd"],
                "cannot run `/etc/passwd`: Permission denied",
            ),
            (
                &["--library", "/nonexistent", f, "--", "ls"],
                "cannot read the library `/nonexistent`: No such file",
            ),
            (
                &["--library", "/etc/passwd", f, "--", "ls"],
                "`/etc/passwd` is neither a library nor a program: ",
            ),
        ],
    )?;
    for (prototype, message) in [
        ("int no_such(int)", "has no function `no_such`: `nm -D "),
        ("int environ(int)", "`environ` of `"),
        (
            "size_t strlen(const char *)",
            "is chosen among several when a program starts: ",
        ),
    ] {
        let run = tracer.run(&[prototype, "--", "ls"])?;
        if !run.stderr.starts_with("error: ") || !run.stderr.contains(message) {
            return Err(format!(
                "`{prototype}`: expected `{message}`, but there is `{}`",
                run.stderr
            ));
        }
        equal(&(run.stdout.as_str(), run.status.code()), &("", Some(125)))?;
    }
    Ok(())
}
