//! The proofs of the proof tools. The files that they fetch are the pinned ones; otherwise they report it. A proof that
//! cannot run has never passed. The proofs of each machine have its name.

use std::{collections::BTreeSet, env, fs, path::PathBuf, process::Command, thread};

use proofs::{
    bpf::{root, which},
    debian::{Archive, Mirror, Part},
    host::{cannot, ended, output, run, sha256},
    kernels::guests::{GUESTS, Guest},
    package::manifest,
    pins::{Entry, Pins, Wanted},
    proof::{self, Proof},
    select::MACHINES,
};

/// With this variable, this program runs made-up proofs.
const MADE_UP: &str = "PROBE_ABI_MADE_UP_PROOFS";

fn main() {
    if env::var_os(MADE_UP).is_some() {
        proof::run(made_up());
    }
    let fetched = |what: &str, work: fn() -> Result<(), String>| {
        Proof::new(format!("fetch: {what}"), needs(), work)
    };
    let pure = |name: &str, work: fn() -> Result<(), String>| Proof::new(name, Ok(()), work);
    proof::run(vec![
        fetched("by its pin, without an index", by_pin),
        fetched("by several at once", by_several),
        fetched("what was fetched, without a mirror", from_the_cache),
        fetched("a wrong hash", wrong_hash),
        fetched("a path that is gone", gone),
        fetched("a package that is not pinned", not_pinned),
        fetched("a kernel alone", kernel_alone),
        fetched("an index out of step", out_of_step),
        fetched("nothing of a machine", nothing),
        fetched("pins that are renewed", renewed),
        pure("fetch: a file of pins that is wrong", wrong_pins),
        pure("a proof that cannot run is ignored, or fails", cannot_run),
        pure("names: what a machine's proofs are called", names),
        pure("names: those that the filter of a machine runs", filters),
        pure("names: those of Rust's own test runner", libtest_names),
    ])
}

// The files that proofs fetch.

fn needs() -> Result<(), String> {
    for program in ["apt-get", "dpkg-deb", "sha256sum"] {
        which(program).ok_or_else(|| format!("no `{program}` in PATH"))?;
    }
    Ok(())
}

/// A mirror in a folder, with a cache and pins of its own.
struct Made {
    folder: PathBuf,
    pins: Pins,
}

/// The file in the packages, and the file in a kernel's package. Each holds its version.
const FILE: &str = "usr/share/version";
const KERNEL: &str = "boot/vmlinuz-made-up";

impl Made {
    fn up(name: &str) -> Result<Self, String> {
        let folder = root().join("target/made-up-mirrors").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("pool")).map_err(cannot("make", &folder))?;
        Ok(Self {
            folder,
            pins: Pins::default(),
        })
    }

    fn write(&self, path: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.folder.join(path);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(cannot("make", folder))?;
        fs::write(&path, text).map_err(cannot("write", &path))?;
        Ok(path)
    }

    /// A package in the pool, of all architectures.
    fn package(&self, package: &str, version: &str) -> Result<Entry, String> {
        let content = format!("content/{package}_{version}");
        let control = format!(
            "Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n\
             Description: made up\n"
        );
        self.write(&format!("{content}/DEBIAN/control"), &control)?;
        self.write(&format!("{content}/{FILE}"), version)?;
        if package.starts_with("linux-") {
            self.write(&format!("{content}/{KERNEL}"), version)?;
        }
        let path = format!("pool/{package}_{version}_all.deb");
        let archive = self.folder.join(&path);
        let mut build = Command::new("dpkg-deb");
        build
            .args(["--root-owner-group", "--build"])
            .arg(self.folder.join(content))
            .arg(&archive);
        output(&mut build)?;
        Ok(Entry {
            package: package.to_owned(),
            version: version.to_owned(),
            path,
            sha256: sha256(&archive)?,
        })
    }

    /// A package that is not in the pool, or not yet.
    fn announced(&self, package: &str, version: &str) -> Result<Entry, String> {
        let entry = self.package(package, version)?;
        let path = self.folder.join(&entry.path);
        fs::remove_file(&path).map_err(cannot("remove", &path))?;
        Ok(entry)
    }

    /// A suite's index for an architecture, and the hash of it in the suite's release file.
    fn index(&self, wanted: &Wanted, entries: &[&Entry]) -> Result<(), String> {
        let packages: String = entries.iter().map(|entry| self.stanza(entry)).collect();
        let of_arch = format!("main/binary-{}/Packages", wanted.arch);
        let suite = format!("dists/{}", wanted.suite);
        let index = self.write(&format!("{suite}/{of_arch}"), &packages)?;
        let date = output(Command::new("date").args(["-u", "-R"]))?;
        let release = format!(
            "Origin: Debian\nSuite: {0}\nCodename: {0}\nDate: {1}Architectures: {2}\nComponents: main\n\
             SHA256:\n {3} {4} {of_arch}\n",
            wanted.suite,
            date.replace("+0000", "UTC"),
            wanted.arch,
            sha256(&index)?,
            packages.len(),
        );
        self.write(&format!("{suite}/Release"), &release).map(drop)
    }

    fn stanza(&self, entry: &Entry) -> String {
        let size = fs::metadata(self.folder.join(&entry.path)).map_or(0, |file| file.len());
        format!(
            "Package: {}\nVersion: {}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nSize: {size}\n\
             Filename: {}\nSHA256: {}\nDescription: made up\n\n",
            entry.package, entry.version, entry.path, entry.sha256
        )
    }

    /// The state in the hours after the package index is written, and before the suite is released.
    fn out_of_step(&self, wanted: &Wanted, entry: &Entry) -> Result<(), String> {
        self.index(wanted, &[entry])?;
        let index = format!(
            "dists/{}/main/binary-{}/Packages",
            wanted.suite, wanted.arch
        );
        let newer = self.stanza(entry).replace("made up", "newer .");
        self.write(&index, &newer).map(drop)
    }

    fn pin(&mut self, wanted: &Wanted, entry: &Entry) -> Result<(), String> {
        self.pins.set(wanted.clone(), entry.clone());
        self.pins.write(&self.folder.join("packages.lock"))
    }

    fn archive(&self) -> Archive {
        Archive {
            folder: self.folder.join("cache"),
            pins: self.folder.join("packages.lock"),
            mirror: Some(Mirror {
                options: "trusted=yes".to_owned(),
                // apt copies the file, and does not use it in place.
                address: format!("copy:{}", self.folder.display()),
            }),
        }
    }

    /// Fetches a package, which has to have that version. Returns the note about it.
    fn fetches(&self, wanted: &Wanted, version: &str) -> Result<Option<String>, String> {
        let (package, note) = self.archive().package(wanted, Part::Whole)?;
        let file = package.root.join(FILE);
        let read = fs::read_to_string(&file).map_err(cannot("read", &file))?;
        match read == version && package.version == version {
            true => Ok(note),
            false => Err(format!("{package:?} has `{read}`, and not `{version}`")),
        }
    }
}

fn wanted() -> Wanted {
    Wanted::new("trixie", "s390x", "made-up-[0-9]+")
}

/// Whether a text has all these words, in this order.
fn says(text: &str, words: &[&str]) -> Result<(), String> {
    let mut rest = text;
    for word in words {
        let (_, behind) = rest
            .split_once(word)
            .ok_or_else(|| format!("`{word}` is not, or not in its place, in: {text}"))?;
        rest = behind;
    }
    Ok(())
}

fn nothing_is_said(note: Option<String>) -> Result<(), String> {
    note.map_or(Ok(()), |note| Err(format!("it says: {note}")))
}

fn refused<T: std::fmt::Debug>(result: Result<T, String>, words: &[&str]) -> Result<(), String> {
    match result {
        Ok(value) => Err(format!("it is not refused: {value:?}")),
        Err(why) => says(&why, words),
    }
}

fn by_pin() -> Result<(), String> {
    let mut made = Made::up("by-pin")?;
    let entry = made.package("made-up-1", "1:2.0+b~1")?;
    made.pin(&wanted(), &entry)?;
    nothing_is_said(made.fetches(&wanted(), "1:2.0+b~1")?)
}

fn by_several() -> Result<(), String> {
    let mut made = Made::up("by-several")?;
    let entry = made.package("made-up-1", "1")?;
    made.pin(&wanted(), &entry)?;
    thread::scope(|scope| {
        let fetch = || made.fetches(&wanted(), "1").and_then(nothing_is_said);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(fetch)).collect();
        let ends = threads.into_iter().map(|thread| thread.join());
        proof::none(ends.filter_map(|end| match end {
            Ok(result) => result.err(),
            Err(_) => Some("it panicked".to_owned()),
        }))
    })
}

fn from_the_cache() -> Result<(), String> {
    let mut made = Made::up("from-the-cache")?;
    let entry = made.package("made-up-1", "1")?;
    made.pin(&wanted(), &entry)?;
    nothing_is_said(made.fetches(&wanted(), "1")?)?;
    let pool = made.folder.join("pool");
    fs::remove_dir_all(&pool).map_err(cannot("remove", &pool))?;
    nothing_is_said(made.fetches(&wanted(), "1")?)
}

fn wrong_hash() -> Result<(), String> {
    let mut made = Made::up("wrong-hash")?;
    let other = made.package("made-up-1", "0")?;
    let entry = made.package("made-up-1", "1")?;
    let wrong = Entry {
        sha256: other.sha256,
        ..entry.clone()
    };
    made.pin(&wanted(), &wrong)?;
    let failed = [
        "`trixie s390x made-up-[0-9]+`",
        "its pin failed",
        "Hash Sum mismatch",
    ];
    refused(
        made.archive().package(&wanted(), Part::Whole),
        &[&failed[..], &["its index failed"]].concat(),
    )?;
    made.index(&wanted(), &[&entry])?;
    let note = made.fetches(&wanted(), "1")?.unwrap_or_default();
    says(&note, &["is 1, by the index: its pin failed", failed[2]])
}

fn gone() -> Result<(), String> {
    let mut made = Made::up("gone")?;
    let old = made.package("made-up-1", "1")?;
    made.pin(&wanted(), &old)?;
    fs::remove_file(made.folder.join(&old.path)).map_err(|error| error.to_string())?;
    let entries = ["2.9", "2.10", "2.1"].map(|version| made.package("made-up-2", version));
    let [a, b, c] = entries;
    made.index(
        &wanted(),
        &[&a?, &b?, &c?, &made.announced("made-up-2", "3")?],
    )?;
    let note = made.fetches(&wanted(), "2.10")?.unwrap_or_default();
    says(
        &note,
        &[
            "is 2.10, by the index: its pin failed",
            &old.path,
            "No such file",
        ],
    )
}

/// If `CI` is set, it is an error: the package of today's index is not the one that is proven.
fn not_pinned() -> Result<(), String> {
    let made = Made::up("not-pinned")?;
    made.pins.write(&made.folder.join("packages.lock"))?;
    let entry = made.package("made-up-1", "1")?;
    made.index(&wanted(), &[&entry])?;
    let how = "it is not pinned: `cargo xtask pin trixie s390x 'made-up-[0-9]+'` does so";
    match proof::ci() {
        true => refused(made.archive().package(&wanted(), Part::Whole), &[how]),
        false => says(&made.fetches(&wanted(), "1")?.unwrap_or_default(), &[how]),
    }
}

fn kernel_alone() -> Result<(), String> {
    let mut made = Made::up("kernel-alone")?;
    let guest = guest("s390x")?;
    let (wanted, entry) = kernels(&made, guest)?.remove(0);
    made.pin(&wanted, &entry)?;
    let (package, _) = guest.kernels[0].package(guest, &made.archive())?;
    let [kernel, other] = [KERNEL, FILE].map(|file| fs::read_to_string(package.root.join(file)));
    if kernel.as_ref().ok() != Some(&entry.version) || other.is_ok() {
        return Err(format!("{KERNEL} is {kernel:?}, and {FILE} is {other:?}"));
    }
    // A later request for the whole package still gets the whole.
    nothing_is_said(made.fetches(&wanted, &entry.version)?)?;

    let without = made.package("made-up-1", "1")?;
    made.pin(&wanted, &without)?;
    refused(
        guest.kernels[0].package(guest, &made.archive()),
        &[
            "its pin failed (`tar` failed: ",
            "vmlinu",
            "Not found in archive",
        ],
    )
}

fn guest(machine: &str) -> Result<&'static Guest, String> {
    let guest = GUESTS.iter().find(|guest| guest.machine == machine);
    guest.ok_or_else(|| format!("no guest is `{machine}`"))
}

/// A kernel of each of a guest's releases: the wanted package, and the entry of the archive.
fn kernels(made: &Made, guest: &Guest) -> Result<Vec<(Wanted, Entry)>, String> {
    let kernels = guest.kernels.iter().map(|kernel| {
        let wanted = kernel.wanted(guest);
        // Only the version varies in the expression.
        let package = wanted
            .name
            .replace("[0-9][^a-z]*(deb[0-9]+)?", kernel.release);
        Ok((wanted, made.package(&package, kernel.release)?))
    });
    kernels.collect()
}

/// If one release of a machine cannot be had, another release is booted.
fn out_of_step() -> Result<(), String> {
    let mut made = Made::up("out-of-step")?;
    let guest = guest("s390x")?;
    let kernels = kernels(&made, guest)?;
    for (wanted, entry) in &kernels {
        made.pin(wanted, entry)?;
    }
    let oldest = |made: &Made| {
        guest
            .oldest_kernel(&made.archive())
            .map(|(kernel, note)| (kernel.release, note))
    };
    let [first, second, ..] = &kernels[..] else {
        return Err("there is only one release".to_owned());
    };
    fs::remove_file(made.folder.join(&first.1.path)).map_err(|error| error.to_string())?;
    made.out_of_step(&first.0, &first.1)?;
    let (release, note) = oldest(&made)?;
    if release != second.1.version {
        return Err(format!("{release} is booted, and not {}", second.1.version));
    }
    let note = note.unwrap_or_default();
    says(
        &note,
        &[
            &format!(
                "s390x is proven on {release}, and no older kernel: {}",
                first.1.version
            ),
            "its pin failed",
            "its index failed",
            "Hash Sum mismatch",
        ],
    )?;
    match note.lines().count() {
        1 => Ok(()),
        lines => Err(format!("{lines} lines: {note}")),
    }
}

fn nothing() -> Result<(), String> {
    let mut made = Made::up("nothing")?;
    let guest = guest("s390x")?;
    let kernels = kernels(&made, guest)?;
    for (wanted, entry) in &kernels {
        made.pin(wanted, entry)?;
        fs::remove_file(made.folder.join(&entry.path)).map_err(|error| error.to_string())?;
    }
    let mut words = vec!["no kernel of s390x: "];
    for (_, entry) in &kernels {
        words.extend([&entry.version, "its pin failed", "its index failed"]);
    }
    refused(guest.oldest_kernel(&made.archive()).map(|_| ()), &words)
}

/// The pins are renewed from the indices. If an index fails, its pin stays.
fn renewed() -> Result<(), String> {
    let mut made = Made::up("renewed")?;
    let [old, new] = ["1", "2"].map(|version| made.package("made-up-1", version));
    let (old, new) = (old?, new?);
    let fails = Wanted::new("forky", "s390x", "made-up-[0-9]+");
    let more = Wanted::new("trixie", "s390x", "more");
    let added = made.package("more", "3")?;
    made.pin(&wanted(), &old)?;
    made.pin(&fails, &old)?;
    let announced = made.announced("made-up-1", "3")?;
    made.index(&wanted(), &[&announced, &new, &old, &added])?;
    made.out_of_step(&fails, &new)?;
    let one = made.archive().pin(Some(more.clone()))?;
    let renewal = made.archive().pin(None)?;
    let changes = renewal.changes.join("\n");
    says(
        &changes,
        &[
            "passed over made-up-1 3: ",
            "made-up-1 2, and was made-up-1 1",
        ],
    )?;
    if one.changes != [format!("{more}: more 3")] || !one.failures.is_empty() {
        return Err(format!("{one:?}"));
    }
    let failures = renewal.failures.join("\n");
    says(
        &failures,
        &[&format!("`{fails}` stays as it is: "), "Hash Sum mismatch"],
    )?;
    if renewal.failures.len() != 1 {
        return Err(failures);
    }
    let pins = Pins::read(&made.archive().pins)?;
    for (wanted, expected) in [(wanted(), &new), (fails, &old), (more, &added)] {
        let pinned = pins.find(&wanted);
        if pinned != Some(expected) {
            return Err(format!("`{wanted}` is {pinned:?}, and not {expected:?}"));
        }
    }
    Ok(())
}

fn wrong_pins() -> Result<(), String> {
    let right = "Wanted: sid s390x p\nPackage: p\nVersion: 1\nFilename: pool/p.deb\nSHA256: ";
    let right = format!("# A comment.\n\n{right}{}\n", "0123456789abcdef".repeat(4));
    let made = Made::up("wrong-pins")?;
    let read = |text: &str| Pins::read(&made.write("packages.lock", text)?);
    if read(&right)?.wanted().count() != 1 {
        return Err("the right one is not read".to_owned());
    }
    for (old, new, said) in [
        (
            "Wanted",
            "Want",
            "no field `Wanted: <suite> <architecture> <name>` in `Want: ",
        ),
        (
            " s390x",
            "",
            "no field `Wanted: <suite> <architecture> <name>` in `Wanted: sid p",
        ),
        (
            "Filename",
            "Path",
            "no field `Filename` in `Wanted: sid s390x p",
        ),
        ("0123", "012", "`01245"),
        ("0123", "012/", "f` is no SHA-256 of `p`"),
    ] {
        // Only the first match is replaced: then the hash is short by one digit.
        refused(read(&right.replacen(old, new, 1)), &["packages.lock`: "])
            .and_then(|()| refused(read(&right.replacen(old, new, 1)), &[said]))?;
    }
    Ok(())
}

// The runs of proofs.

fn made_up() -> Vec<Proof> {
    let lacks = || Err("a made-up computer".to_owned());
    let passes = || Ok(());
    let mut proofs = vec![
        Proof::new("runs", Ok(()), passes),
        Proof::new("lacks", lacks(), passes),
        Proof::new("gcc, mips64", Ok(()), passes),
    ];
    for machine in MACHINES {
        for variant in machine.variants {
            let name = proof::name(machine.name, variant.endian, "filtered");
            proofs.push(Proof::new(name, Ok(()), passes));
        }
    }
    proofs
}

/// Runs this program with the made-up proofs. Returns whether it succeeds, and its output.
fn made_up_run(args: &[&str], ci: bool) -> Result<(bool, String), String> {
    let this = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let mut command = Command::new(this);
    command.args(args).env(MADE_UP, "yes").env_remove("CI");
    if ci {
        command.env("CI", "true");
    }
    let said = ended(&mut command)?;
    Ok((said.status.success(), said.stdout + &said.stderr))
}

fn cannot_run() -> Result<(), String> {
    const IGNORED: &[&str] = &[
        "lacks ... ignored",
        "0 passed; 0 failed; 1 ignored",
        "skipped: lacks: a made-up computer",
    ];
    const FAILED: &[&str] = &[
        "lacks ... FAILED",
        "cannot run: a made-up computer",
        "0 passed; 1 failed; 0 ignored",
    ];
    for (args, ci, succeeds, words) in [
        (&["lacks"][..], false, true, IGNORED),
        (&["lacks"], true, false, FAILED),
        (&["lacks", "--include-ignored"], false, false, FAILED),
        (&["lacks", "--ignored"], false, false, FAILED),
        (
            &["runs", "--include-ignored"],
            false,
            true,
            &["runs ... ok", "1 passed; 0 failed; 0 ignored"],
        ),
    ] {
        let (succeeded, said) = made_up_run(args, ci)?;
        says(&said, words).map_err(|why| format!("{args:?}, CI {ci}: {why}"))?;
        if succeeded != succeeds || (words == FAILED && said.contains("skipped")) {
            return Err(format!("{args:?}, CI {ci}: {said}"));
        }
    }
    Ok(())
}

// The names of proofs.

fn names() -> Result<(), String> {
    for (name, what) in [
        (proof::name("s390x", None, "BTF"), "s390x::BTF"),
        (
            proof::name("s390x", MACHINES[0].variants[0].endian, "BTF"),
            "s390x::BTF",
        ),
        (
            proof::name("mips", MACHINES[0].variants[0].endian, "BTF"),
            "mips::little-endian::BTF",
        ),
    ] {
        if name != what {
            return Err(format!("`{name}` is not `{what}`"));
        }
        proof::check_name(&name)?;
    }
    for right in [
        "user_code::x86::has_arguments",
        "an alarm",
        "x86_64::of arms",
        "x87",
    ] {
        proof::check_name(right)?;
    }
    for (wrong, machine) in [
        ("s390x", "s390x"),
        ("gcc, arm", "arm"),
        ("builds_for_arm", "arm"),
        ("mips64: builds", "mips64"),
        ("x86_64::as on arm", "arm"),
        ("x86_64::mips::both", "mips"),
        ("what is told::sparc64", "sparc64"),
    ] {
        let said = format!("`{wrong}` mentions `{machine}`: ");
        refused(proof::check_name(wrong), &[&said])?;
    }
    // A proof with such a name does not pass.
    let (succeeded, said) = made_up_run(&["gcc"], false)?;
    match succeeded {
        true => Err(said),
        false => says(
            &said,
            &["gcc, mips64 ... FAILED", "`gcc, mips64` mentions `mips64`"],
        ),
    }
}

fn filters() -> Result<(), String> {
    for machine in MACHINES {
        let (succeeded, said) = made_up_run(&[&format!("{}::", machine.name)], false)?;
        let passed = format!(" {} passed; 0 failed; 0 ignored", machine.variants.len());
        if !succeeded {
            return Err(said);
        }
        says(&said, &[&passed])?;
        for variant in machine.variants {
            let name = proof::name(machine.name, variant.endian, "filtered");
            says(&said, &[&name, "... ok"])?;
        }
    }
    Ok(())
}

/// The names that `proof::run` does not see.
fn libtest_names() -> Result<(), String> {
    let manifest = manifest(&root().join("Cargo.toml"))?;
    let declared = manifest["test"].as_array().into_iter().flatten();
    let declared: BTreeSet<&str> = declared.filter_map(|test| test["name"].as_str()).collect();
    let folder = root().join("tests");
    let files = fs::read_dir(&folder).map_err(cannot("read", &folder))?;
    let files = files.flatten().map(|entry| entry.path());
    let tests: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| !declared.contains(name.as_str()))
        .collect();
    let mut list = Command::new(env!("CARGO"));
    list.current_dir(root()).args(["test", "--quiet"]);
    list.args(tests.iter().flat_map(|name| ["--test", name]));
    let listed = run(list.args(["--", "--list", "--format=terse"]))?.stdout;
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    if !names.iter().any(|name| name.starts_with("s390x::")) {
        return Err(format!("no name of s390x among {names:?}"));
    }
    proof::none(
        names
            .into_iter()
            .filter_map(|name| proof::check_name(name).err()),
    )
}
