//! Packages of any Debian suite and architecture, unpacked in a cache folder: no root, and the
//! computer's own apt stays as it is.

use std::{
    cmp::Ordering,
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::host::{cannot, output, write_if_new};

/// How long apt's lists serve before the mirror is asked for newer ones.
const LISTS_SERVE: Duration = Duration::from_secs(24 * 60 * 60);

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A package in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// The folder that it is unpacked in, with the paths that an installation has below `/`.
    pub root: PathBuf,
}

impl Package {
    /// Downloads and unpacks, unless it is in the cache already, the newest package of a suite's
    /// `main` whose whole name matches an extended regular expression.
    ///
    /// Several processes may do so at once. Without network, what was fetched before serves.
    pub fn newest(suite: &str, arch: &str, name: &str) -> Result<Self, String> {
        let apt = Apt::new(suite, arch)?;
        let lock = apt.folder.join("lock");
        // Held until it is dropped.
        let lock = File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.map_err(|error| format!("cannot lock the package cache: {error}"))?;

        let listed = apt.update();
        let found = apt.find(name)?;
        let newest = found.into_iter().reduce(|newest, other| {
            match compare(&newest.version, &other.version) {
                Ordering::Less => other,
                _ => newest,
            }
        });
        let newest = newest.ok_or_else(|| match listed {
            Ok(()) => format!("Debian {suite} has no package `{name}` for {arch}"),
            Err(error) => error,
        })?;
        apt.unpack(&newest)?;
        Ok(newest)
    }

    /// The first file of that name in a folder of the package, or in those below it.
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

/// apt with lists and packages of its own, for one suite and architecture.
struct Apt {
    folder: PathBuf,
    arch: String,
}

impl Apt {
    fn new(suite: &str, arch: &str) -> Result<Self, String> {
        let folder = cache()?.join(format!("debian/{suite}-{arch}"));
        // apt wants these; what else it needs it makes.
        for part in ["state/lists/partial", "cache/archives/partial", "packages"] {
            create(&folder.join(part))?;
        }
        let apt = Self {
            folder,
            arch: arch.to_owned(),
        };
        let source = format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirror()?);
        // apt's caches are only as new as what they are of.
        write_if_new(&apt.folder.join("sources.list"), &source)?;
        write_if_new(&apt.folder.join("state/status"), "")?;
        Ok(apt)
    }

    /// One of apt's commands, which sees nothing of the computer's packages but how it gets at the
    /// network.
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
            // Containers switch these off, and each command then reads all lists anew.
            ("Dir::Cache::pkgcache", "pkgcache.bin"),
            ("Dir::Cache::srcpkgcache", "srcpkgcache.bin"),
            // As root, apt would fetch as a user that cannot write in the cache folder.
            ("APT::Sandbox::User", ""),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command.args(args);
        command
    }

    fn update(&self) -> Result<(), String> {
        let updated = self.folder.join("updated");
        let age = fs::metadata(&updated).and_then(|file| file.modified());
        let age = age.ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age < LISTS_SERVE) {
            return Ok(());
        }
        let args = ["update", "-qq", "--error-on=any"];
        output(&mut self.command("apt-get", &args))?;
        write(&updated, "")
    }

    /// Every version of every package of that name.
    fn find(&self, name: &str) -> Result<Vec<Package>, String> {
        let pattern = format!("^({name})$");
        let search = ["search", "--names-only", &pattern];
        let listed = output(&mut self.command("apt-cache", &search))?;
        let names = listed
            .lines()
            .filter_map(|line| line.split_once(" - ").map(|(name, _)| name));
        let mut packages = Vec::new();
        for name in names {
            let shown = output(&mut self.command("apt-cache", &["show", name]))?;
            let versions = shown
                .lines()
                .filter_map(|line| line.strip_prefix("Version: "));
            packages.extend(versions.map(|version| {
                Package {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    // A colon would part the path where it stands in a list of paths.
                    root: self
                        .folder
                        .join("packages")
                        .join(format!("{name}_{version}").replace(':', "%3a")),
                }
            }));
        }
        Ok(packages)
    }

    fn unpack(&self, package: &Package) -> Result<(), String> {
        if package.root.exists() {
            return Ok(());
        }
        // Renamed when it is whole, so that an interrupted run leaves nothing that looks it.
        let partial = self.folder.join("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(cannot("remove", &partial))?;
        }
        create(&partial)?;
        let wanted = format!("{}={}", package.name, package.version);
        output(
            self.command("apt-get", &["download", "-qq", &wanted])
                .current_dir(&partial),
        )?;
        let archive = fs::read_dir(&partial)
            .ok()
            .and_then(|mut entries| entries.next()?.ok())
            .ok_or_else(|| format!("apt-get downloaded nothing for `{wanted}`"))?
            .path();
        let root = partial.join("root");
        output(Command::new("dpkg-deb").arg("-x").arg(archive).arg(&root))?;
        fs::rename(&root, &package.root).map_err(cannot("write", &package.root))?;
        fs::remove_dir_all(&partial).map_err(cannot("remove", &partial))
    }
}

/// The folder of what was fetched once: `probe-abi` in the user's cache.
pub fn cache() -> Result<PathBuf, String> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    let cache = named("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| named("HOME").map(|home| Path::new(&home).join(".cache")));
    cache
        .map(|cache| cache.join("probe-abi"))
        .ok_or_else(|| "neither `XDG_CACHE_HOME` nor `HOME` is set".to_owned())
}

/// The Debian mirror that this computer's own packages come from.
fn mirror() -> Result<String, String> {
    let targets = ["indextargets", "--format", "$(REPO_URI)"];
    let of_debian = ["Created-By: Packages", "Origin: Debian", "Label: Debian"];
    let listed = output(Command::new("apt-get").args(targets).args(of_debian))?;
    let mirror = listed.lines().next().map(str::to_owned);
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
