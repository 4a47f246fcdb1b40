//! The example `go`: built as a user builds it, and run on this kernel and against wrong input. On the kernel it traces
//! a Go program that prints the requests that it gets and the bytes that it reads.

use std::{collections::BTreeMap, env, path::PathBuf};

use proofs::{
    bpf::Toolchain,
    example::{self, Example},
    go::GoCompiler,
    proof::{self, Proof},
};

const EXAMPLE: Example = Example {
    name: "go",
    loader: "gohttp",
};

/// The machine of the kernel that it runs on.
const OWN: &str = "x86_64";

/// The machines that the probe is built for.
const BUILT: [&str; 2] = [OWN, "aarch64"];

/// The machines of the made-up calls on this computer: one with registers for arguments, and one without.
const READ: [&str; 2] = [OWN, "arm"];

/// The releases of Go that compile the program: one without registers for arguments, and one with them.
const RELEASES: [u16; 2] = [15, 19];

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
            proof::name(name, None, "reads calls on the host"),
            Ok(()),
            move || EXAMPLE.event_tests(name, 2),
        ));
    }
    for release in RELEASES {
        let name = format!("prints what a program of go1.{release} says");
        let needs = needs(&name, release);
        proofs.push(Proof::new(name, needs, move || prints(release)));
    }
    let needs = needs("wrong input", RELEASES[1]);
    proofs.push(Proof::new("wrong input", needs, wrong_input));
    proof::run(proofs)
}

fn needs(name: &str, release: u16) -> Result<(), String> {
    Toolchain::find()?;
    if env::consts::ARCH != OWN {
        return Err(format!("this computer is no {OWN}"));
    }
    proof::uprobes()?;
    match proof::is_wanted(name) {
        true => GoCompiler::of(release).map(drop),
        false => Ok(()),
    }
}

fn program(release: u16) -> Result<PathBuf, String> {
    let source = include_str!("gohttp/program.go");
    // Older releases have it in another package.
    let source = match release < 16 {
        true => source
            .replace("io.ReadAll", "ioutil.ReadAll")
            .replace("\t\"io\"\n", "\t\"io/ioutil\"\n"),
        false => source.to_owned(),
    };
    GoCompiler::of(release)?.program("amd64", &source, &format!("gohttp-{release}"))
}

/// The example prints each request, each return of a handler and all bytes that are read, as the program prints them,
/// and no other.
fn prints(release: u16) -> Result<(), String> {
    let program = program(release)?;
    let mut command = EXAMPLE.command(OWN)?;
    let (printed, own) = example::events_and_own(command.arg(&program), 0)?;
    let events = printed.iter().map(|line| {
        let (who, what) = line.split_once(": ")?;
        let (_, goroutine) = who.split_once(" g ")?;
        Some((goroutine, what))
    });
    let events: Option<Vec<(&str, &str)>> = events.collect();
    let events = events.ok_or_else(|| format!("some of these are no events: {printed:#?}"))?;
    let of = |start: &str| {
        let texts = own.iter().filter_map(|line| line.strip_prefix(start));
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let asked = of("asked ").into_iter().map(|request| {
        let (method, path) = request.split_once(' ').unwrap_or((&request, ""));
        // The part that the probe keeps.
        format!("{method} {}", &path[..path.len().min(64)])
    });
    let asked: Vec<_> = asked.collect();
    let served: Vec<_> = events
        .iter()
        .filter(|(_, what)| *what == "served")
        .collect();
    let requests: Vec<_> = events
        .iter()
        .filter(|(_, what)| *what != "served" && !what.starts_with("read "))
        .map(|(_, what)| what.to_string())
        .collect();
    if asked.len() != 4 || requests != asked || served.len() != asked.len() {
        return Err(format!(
            "{events:#?} is printed, and the program says {own:#?}"
        ));
    }
    // The last read gets the end of the connection, and no bytes.
    let read = count(
        events
            .iter()
            .filter_map(|(_, what)| what.strip_prefix("read ").filter(|read| *read != "\"\"")),
    );
    let mut reads = of("read ");
    if release < 17 {
        // No register holds the goroutine, which is needed to match the start and the return of a read.
        reads.clear();
    }
    if count(reads.iter().map(String::as_str)) != read {
        return Err(format!(
            "{read:?} is printed, and the program says {own:#?}"
        ));
    }
    if events.iter().any(|(g, _)| (*g == "0x0") != (release < 17)) {
        return Err(format!("the goroutines are wrong: {events:#?}"));
    }
    proof::checked("a Go program's own words", OWN, events.len());
    Ok(())
}

/// Counts equal texts.
fn count<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for text in texts {
        *all.entry(text.to_owned()).or_default() += 1;
    }
    all
}

fn wrong_input() -> Result<(), String> {
    for (arguments, message) in [
        (&[][..], "no program is given\nusage: "),
        (
            &["/nonexistent"],
            "cannot read `/nonexistent`: No such file",
        ),
        (
            &["/etc/passwd"],
            "`/etc/passwd`: this is no ELF file: it does not start with `\\x7fELF`",
        ),
        (
            &["/bin/true"],
            "`/bin/true`: the program does not say that Go built it: ",
        ),
        (
            &["--pid", "1"],
            "there is no option `--pid`: accepted are `--probe` and `--help`",
        ),
    ] {
        example::refuses(EXAMPLE.command(OWN)?, arguments, message)?;
    }
    Ok(())
}
