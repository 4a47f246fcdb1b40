//! Packages of any Debian suite and architecture, unpacked in a cache folder. This needs no root, and the computer's
//! own apt is not changed.
//!
//! The packages are pinned (`pins.rs`). A pinned package is fetched by its path and hash, so no index has to be right.
//! If that fails, the suite's index names the newest package.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use crate::{
    bpf,
    host::{cannot, lock, output, write_if_new},
    pins::{Entry, Pins, Wanted},
    proof,
};

/// apt's lists are used for this long, before the mirror is asked for newer ones.
const LISTS_SERVE: Duration = Duration::from_secs(24 * 60 * 60);

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A package in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// The folder that it is unpacked in. It has the paths that an installation has below `/`.
    pub root: PathBuf,
}

impl Package {
    /// Downloads and unpacks a package, unless it is in the cache already. It is the package of a suite's `main` whose
    /// whole name matches an extended regular expression: the newest one at the time of its pin. `cargo xtask pin`
    /// renews the pin.
    ///
    /// Several processes may do this at once. Without network, the packages in the cache are used.
    pub fn newest(suite: &str, arch: &str, name: &str) -> Result<Self, String> {
        let wanted = Wanted::new(suite, arch, name);
        let (package, note) = Archive::debian()?.package(&wanted, Part::Whole)?;
        note.into_iter().for_each(proof::note);
        Ok(package)
    }

    /// The first file of that name in a folder of the package, or in the folders below it.
    pub fn file(&self, folder: &str, name: &str) -> Result<PathBuf, String> {
        fn find(folder: &Path, name: &str) -> Option<PathBuf> {
            let entries = fs::read_dir(folder).ok()?.flatten();
            entries.map(|entry| entry.path()).find_map(|path| {
                if path.is_dir() {
                    return find(&path, name);
                }
                path.ends_with(name).then_some(path)
            })
        }
        find(&self.root.join(folder), name)
            .ok_or_else(|| format!("the package `{}` has no `{name}`", self.name))
    }
}

/// The part of a package that is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// The kernel, which is first in the package, without the thousands of modules after it.
    Kernel,
    /// From a kernel's sources: the tables of syscalls, and the files that select each machine's lines of them.
    SyscallTables,
}

impl Part {
    fn unpack(self, archive: &Path, root: &Path) -> Result<(), String> {
        let mut unpack = Command::new("dpkg-deb");
        if self == Part::Whole {
            return output(unpack.arg("-x").arg(archive).arg(root)).map(drop);
        }
        create(root)?;
        let mut unpack = spawn(unpack.arg("--fsys-tarfile").arg(archive))?;
        let mut tar = Command::new("tar");
        let unpacked = match self {
            Self::SyscallTables => {
                tar.args(["-xO", "--wildcards", "*/linux-source-*.tar.xz"]);
                let mut sources = spawn(tar.stdin(stdout(&mut unpack)))?;
                let mut tar = Command::new("tar");
                tar.arg("-xJC").arg(root);
                tar.args(["--wildcards", "*.tbl", "*/Makefile.syscalls"]);
                let unpacked = output(tar.stdin(stdout(&mut sources)));
                let _ = sources.wait();
                unpacked
            }
            Self::Whole | Self::Kernel => {
                tar.arg("-xC").arg(root);
                tar.args(["--occurrence=1", "--wildcards", "*/vmlinu[xz]*"]);
                output(tar.stdin(stdout(&mut unpack)))
            }
        };
        // tar has the file, or says why it does not. Nobody needs the rest of the package.
        let _ = unpack.kill();
        let _ = unpack.wait();
        unpacked.map(drop)
    }
}

/// Starts a program whose output another program reads.
fn spawn(command: &mut Command) -> Result<Child, String> {
    let program = command.get_program().to_owned();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    child.map_err(|error| format!("cannot run `{}`: {error}", Path::new(&program).display()))
}

fn stdout(child: &mut Child) -> Stdio {
    child.stdout.take().map_or(Stdio::null(), Stdio::from)
}

/// The sources of packages, and the folder that keeps them.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The cache.
    pub folder: PathBuf,
    /// The file of pins.
    pub pins: PathBuf,
    /// The mirror of this computer's own packages, unless another one is set.
    pub mirror: Option<Mirror>,
}

/// The result of `pin`.
#[derive(Debug, Default)]
pub struct Renewal {
    pub changes: Vec<String>,
    /// The indices that failed. Their pins stay as they were.
    pub failures: Vec<String>,
}

/// A mirror of Debian, as apt's sources name it.
#[derive(Debug, Clone)]
pub struct Mirror {
    pub options: String,
    pub address: String,
}

impl Archive {
    pub fn debian() -> Result<Self, String> {
        Ok(Self {
            folder: cache()?.join("debian"),
            pins: bpf::root().join(Pins::PATH),
            mirror: None,
        })
    }

    /// The package by its pin, or else by the index. In the second case a line says so.
    pub fn package(
        &self,
        wanted: &Wanted,
        part: Part,
    ) -> Result<(Package, Option<String>), String> {
        let pinned = Pins::read(&self.pins)?.find(wanted).cloned();
        let by_pin = match &pinned {
            Some(entry) => match self.pinned(entry, part) {
                Ok(package) => return Ok((package, None)),
                Err(why) => format!("its pin failed ({why})"),
            },
            None => format!("it is not pinned: `{}` does so", wanted.command()),
        };
        // CI may not depend on today's index.
        if pinned.is_none() && proof::ci() {
            return Err(format!("no package `{wanted}`: {by_pin}"));
        }
        let apt = self.apt(wanted)?;
        let listed = apt.update(LISTS_SERVE);
        let indexed = apt.newest_first(&wanted.name, listed);
        match indexed.and_then(|all| first(&all, |entry| self.indexed(&apt, entry, part))) {
            Ok((package, _)) => {
                let version = &package.version;
                let note = format!("`{wanted}` is {version}, by the index: {by_pin}");
                Ok((package, Some(note)))
            }
            Err(why) => Err(format!(
                "no package `{wanted}`: {by_pin}; its index failed ({why})"
            )),
        }
    }

    /// Pins the newest package that the mirror has: the wanted one, or else every package that is pinned. An index may
    /// name a package that is not on the mirror yet.
    pub fn pin(&self, only: Option<Wanted>) -> Result<Renewal, String> {
        let mut pins = Pins::read(&self.pins)?;
        let mut indices = BTreeMap::new();
        let mut renewal = Renewal::default();
        let wanted = only.map_or_else(|| pins.wanted().cloned().collect(), |only| vec![only]);
        for wanted in wanted {
            let index = (wanted.suite.clone(), wanted.arch.clone());
            let index = indices.entry(index).or_insert_with(|| {
                let apt = self.apt(&wanted)?;
                apt.update(Duration::ZERO).map(|()| apt)
            });
            let index = index.as_ref().map_err(Clone::clone);
            let found = index
                .and_then(|apt| apt.newest_first(&wanted.name, Ok(())))
                .and_then(|all| first(&all, |entry| self.has(entry).map(|()| entry.clone())));
            match found {
                Ok((entry, failed)) => {
                    let failed = failed.into_iter();
                    let failed = failed.map(|why| format!("{wanted}: passed over {why}"));
                    renewal.changes.extend(failed);
                    renewal.changes.extend(pins.set(wanted, entry));
                }
                Err(why) => {
                    let failure = format!("`{wanted}` stays as it is: {why}");
                    renewal.failures.push(failure);
                }
            }
        }
        pins.write(&self.pins)?;
        Ok(renewal)
    }

    /// Whether a package can be fetched by its path and hash.
    fn has(&self, entry: &Entry) -> Result<(), String> {
        let parts = [Part::Whole, Part::Kernel, Part::SyscallTables];
        if parts.iter().any(|part| self.root(entry, *part).exists()) {
            return Ok(());
        }
        let folder = self.folder.join("packages");
        let _lock = lock(&folder)?;
        let package = folder.join("package.deb");
        self.download(entry, &package)?;
        fs::remove_file(&package).map_err(cannot("remove", &package))
    }

    fn download(&self, entry: &Entry, to: &Path) -> Result<String, String> {
        let Mirror { address, .. } = self.mirror()?;
        let address = format!("{}/{}", address.trim_end_matches('/'), entry.path);
        let hash = format!("SHA256:{}", entry.sha256);
        output(
            Command::new("/usr/lib/apt/apt-helper")
                .args(["-qq", "-o", AS_THIS_USER, "download-file", &address])
                .arg(to)
                .arg(hash),
        )
    }

    /// The folder of a package in the cache, named by the package's hash.
    fn root(&self, entry: &Entry, part: Part) -> PathBuf {
        self.folder.join("packages").join(match part {
            Part::Whole => entry.sha256.clone(),
            Part::Kernel => format!("{}-kernel", entry.sha256),
            Part::SyscallTables => format!("{}-syscalls", entry.sha256),
        })
    }

    fn pinned(&self, entry: &Entry, part: Part) -> Result<Package, String> {
        self.unpacked(entry, part, |folder| {
            self.download(entry, &folder.join("package.deb"))
        })
    }

    fn indexed(&self, apt: &Apt, entry: &Entry, part: Part) -> Result<Package, String> {
        self.unpacked(entry, part, |folder| {
            let wanted = format!("{}={}", entry.package, entry.version);
            let mut download = apt.command("apt-get", &["download", "-qq", &wanted]);
            output(download.current_dir(folder))
        })
    }

    /// The package in the cache, by its hash. If it is not there, `download` puts it in a folder.
    fn unpacked(
        &self,
        entry: &Entry,
        part: Part,
        download: impl FnOnce(&Path) -> Result<String, String>,
    ) -> Result<Package, String> {
        let packages = self.folder.join("packages");
        let package = Package {
            name: entry.package.clone(),
            version: entry.version.clone(),
            root: self.root(entry, part),
        };
        if package.root.exists() {
            return Ok(package);
        }
        let _lock = lock(&packages)?;
        if package.root.exists() {
            return Ok(package);
        }
        // Renamed when it is complete, so that an interrupted run does not leave a folder that looks complete.
        let partial = packages.join("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(cannot("remove", &partial))?;
        }
        create(&partial)?;
        download(&partial)?;
        let archive = fs::read_dir(&partial)
            .ok()
            .and_then(|mut entries| entries.next()?.ok())
            .ok_or_else(|| format!("apt downloaded nothing for `{}`", entry.package))?
            .path();
        let root = partial.join("root");
        part.unpack(&archive, &root)?;
        fs::rename(&root, &package.root).map_err(cannot("write", &package.root))?;
        fs::remove_dir_all(&partial).map_err(cannot("remove", &partial))?;
        Ok(package)
    }

    fn apt(&self, wanted: &Wanted) -> Result<Apt, String> {
        let Wanted { suite, arch, .. } = wanted;
        let folder = self.folder.join(format!("{suite}-{arch}"));
        Apt::new(folder, suite, arch, &self.mirror()?)
    }

    fn mirror(&self) -> Result<Mirror, String> {
        self.mirror.clone().map_or_else(own_mirror, Ok)
    }
}

/// As root, apt would fetch as a user that cannot write in the cache folder.
const AS_THIS_USER: &str = "APT::Sandbox::User=";

/// apt with its own lists, for one suite and architecture. Nobody else uses these lists meanwhile.
struct Apt {
    folder: PathBuf,
    arch: String,
    suite: String,
    _lock: File,
}

impl Apt {
    fn new(folder: PathBuf, suite: &str, arch: &str, mirror: &Mirror) -> Result<Self, String> {
        let lock = lock(&folder)?;
        // apt needs these folders. It makes the others itself.
        for part in ["state/lists/partial", "cache/archives/partial"] {
            create(&folder.join(part))?;
        }
        let Mirror { options, address } = mirror;
        let source = format!("deb [{options}] {address} {suite} main\n");
        // apt's caches are only valid for files that are not newer.
        write_if_new(&folder.join("sources.list"), &source)?;
        write_if_new(&folder.join("state/status"), "")?;
        Ok(Self {
            folder,
            arch: arch.to_owned(),
            suite: suite.to_owned(),
            _lock: lock,
        })
    }

    /// One of apt's commands. It sees nothing of the computer's packages, except the settings for the network.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        for (option, value) in [
            ("Dir::State", "state"),
            ("Dir::State::status", "state/status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::SourceList", "sources.list"),
            ("Dir::Etc::SourceParts", "none"),
            ("Dir::Etc::Preferences", "none"),
            ("Dir::Etc::PreferencesParts", "none"),
        ] {
            let value = self.folder.join(value);
            command
                .arg("-o")
                .arg(format!("{option}={}", value.display()));
        }
        for (option, value) in [
            ("APT::Architecture", self.arch.as_str()),
            ("APT::Architectures", &self.arch),
            ("Acquire::Languages", "none"),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "no"),
            // Containers switch these off, and then each command reads all lists again.
            ("Dir::Cache::pkgcache", "pkgcache.bin"),
            ("Dir::Cache::srcpkgcache", "srcpkgcache.bin"),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command.args(["-o", AS_THIS_USER]).args(args);
        command
    }

    /// Asks the mirror for lists, unless the lists here are new enough.
    fn update(&self, serve: Duration) -> Result<(), String> {
        let updated = self.folder.join("updated");
        let age = fs::metadata(&updated).and_then(|file| file.modified());
        let age = age.ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age < serve) {
            return Ok(());
        }
        let args = ["update", "-qq", "--error-on=any"];
        output(&mut self.command("apt-get", &args))?;
        write(&updated, "")
    }

    /// Every version of the packages of that name. If there is no version because the lists could not be fetched, `Err`
    /// says why.
    fn newest_first(&self, name: &str, listed: Result<(), String>) -> Result<Vec<Entry>, String> {
        let mut entries = self.find(name)?;
        entries.sort_by(|left, right| compare(&right.version, &left.version));
        let Self { suite, arch, .. } = self;
        match (entries.is_empty(), listed) {
            (false, _) => Ok(entries),
            (true, Ok(())) => Err(format!("Debian {suite} has no package `{name}` for {arch}")),
            (true, Err(error)) => Err(error),
        }
    }

    fn find(&self, name: &str) -> Result<Vec<Entry>, String> {
        let pattern = format!("^({name})$");
        let search = ["search", "--names-only", &pattern];
        let listed = output(&mut self.command("apt-cache", &search))?;
        let names = listed
            .lines()
            .filter_map(|line| line.split_once(" - ").map(|(name, _)| name));
        let mut entries = Vec::new();
        for name in names {
            let shown = output(&mut self.command("apt-cache", &["show", name]))?;
            for stanza in shown.split("\n\n").filter(|text| !text.trim().is_empty()) {
                entries.push(Entry::parse(stanza)?);
            }
        }
        Ok(entries)
    }
}

/// The first result that an entry gives, and the reasons why the entries before it gave none.
fn first<T>(
    entries: &[Entry],
    take: impl Fn(&Entry) -> Result<T, String>,
) -> Result<(T, Vec<String>), String> {
    let mut failed = Vec::new();
    for entry in entries {
        match take(entry) {
            Ok(taken) => return Ok((taken, failed)),
            Err(why) => failed.push(format!("{} {}: {why}", entry.package, entry.version)),
        }
    }
    Err(failed.join("; "))
}

/// The folder of everything that is fetched once: `probe-abi` in the user's cache.
pub fn cache() -> Result<PathBuf, String> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    let cache = named("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| named("HOME").map(|home| Path::new(&home).join(".cache")));
    cache
        .map(|cache| cache.join("probe-abi"))
        .ok_or_else(|| "neither `XDG_CACHE_HOME` nor `HOME` is set".to_owned())
}

/// The Debian mirror of this computer's own packages. apt reads all its lists for that, so it is asked once.
fn own_mirror() -> Result<Mirror, String> {
    static MIRROR: OnceLock<Result<Mirror, String>> = OnceLock::new();
    MIRROR.get_or_init(ask_for_mirror).clone()
}

fn ask_for_mirror() -> Result<Mirror, String> {
    let targets = ["indextargets", "--format", "$(REPO_URI)"];
    let of_debian = ["Created-By: Packages", "Origin: Debian", "Label: Debian"];
    let listed = output(Command::new("apt-get").args(targets).args(of_debian))?;
    let mirror = listed.lines().next().map(|address| Mirror {
        options: format!("signed-by={KEYRING}"),
        address: address.to_owned(),
    });
    mirror.ok_or_else(|| {
        "apt's sources have no Debian mirror whose lists are here: run `apt-get update`".into()
    })
}

/// Which of two versions is newer, in Debian's order.
fn compare(left: &str, right: &str) -> Ordering {
    let is = |relation| {
        Command::new("dpkg")
            .args(["--compare-versions", left, relation, right])
            .status()
            .is_ok_and(|status| status.success())
    };
    if is("lt") {
        Ordering::Less
    } else if is("gt") {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

fn create(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(cannot("make", folder))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(cannot("write", path))
}
