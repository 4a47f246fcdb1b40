//! Go's compilers: packages of Debian, unpacked in a cache folder. Each one compiles for every GOARCH.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Component, Path, PathBuf},
    process::Command,
};

use probe_abi::machine::{Endian, Machine};

use crate::{
    bpf::{root, which},
    debian::{Package, cache},
    host::{cannot, run, write_if_new},
};

/// Releases of Go, by their second number, and the suite of Debian that has each. The sources of all are read. For some
/// releases, the compiler is here too.
pub const RELEASES: &[(u16, &str)] = &[
    (15, "bullseye"),
    (19, "bookworm"),
    (21, "bookworm-backports"),
    (22, "bookworm-backports"),
    (24, "trixie"),
    (26, "sid"),
    (27, "sid"),
];

/// A package of a release: `go` or `src`.
fn package(release: u16, part: &str) -> Result<Package, String> {
    let suite = RELEASES.iter().find(|(number, _)| *number == release);
    let (_, suite) = suite.ok_or_else(|| format!("go1.{release} is in no suite"))?;
    Package::newest(suite, "amd64", &format!(r"golang-1\.{release}-{part}"))
}

/// The sources of one release.
#[derive(Debug, Clone)]
pub struct Sources {
    pub release: u16,
    folder: PathBuf,
}

impl Sources {
    pub fn of(release: u16) -> Result<Self, String> {
        let folder = format!("usr/share/go-1.{release}/src");
        Ok(Self {
            release,
            folder: package(release, "src")?.root.join(folder),
        })
    }

    /// A file of the sources; `None` if they do not have it.
    pub fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(path)).ok()
    }
}

/// Go's name of a machine, and the emulator of its programs.
#[derive(Debug, Clone, Copy)]
pub struct Goarch {
    pub name: &'static str,
    emulator: &'static str,
}

const fn goarch(name: &'static str, emulator: &'static str) -> Goarch {
    Goarch { name, emulator }
}

pub const GOARCHS: &[Goarch] = &[
    goarch("amd64", "qemu-x86_64"),
    goarch("386", "qemu-i386"),
    goarch("arm64", "qemu-aarch64"),
    goarch("arm", "qemu-arm"),
    goarch("riscv64", "qemu-riscv64"),
    goarch("loong64", "qemu-loongarch64"),
    goarch("ppc64", "qemu-ppc64"),
    goarch("ppc64le", "qemu-ppc64le"),
    goarch("s390x", "qemu-s390x"),
    goarch("mips", "qemu-mips"),
    goarch("mipsle", "qemu-mipsel"),
    goarch("mips64", "qemu-mips64"),
    goarch("mips64le", "qemu-mips64el"),
];

impl Goarch {
    pub fn machine(&self) -> Result<(&'static Machine, Endian), String> {
        Machine::of_goarch(self.name).map_err(|error| error.to_string())
    }

    /// `Err` says what is missing.
    pub fn emulator(&self) -> Result<PathBuf, String> {
        let missing = || {
            format!(
                "no `{}` in PATH: `scripts/setup` installs it",
                self.emulator
            )
        };
        which(self.emulator).ok_or_else(missing)
    }
}

/// The compiler of one release.
#[derive(Debug, Clone)]
pub struct GoCompiler {
    pub release: u16,
    goroot: PathBuf,
}

impl GoCompiler {
    pub fn of(release: u16) -> Result<Self, String> {
        let (tools, sources) = (package(release, "go")?, package(release, "src")?);
        let goroot = root()
            .join("target/go")
            .join(format!("{}-{}", tools.name, tools.version));
        if !goroot.exists() {
            let partial = goroot.with_extension(std::process::id().to_string());
            let from = tools.root.join(format!("usr/lib/go-1.{release}"));
            link(&[from], &partial, [&tools.root, &sources.root])?;
            // Another process may have been faster.
            if fs::rename(&partial, &goroot).is_err() && !goroot.exists() {
                return Err(format!("cannot make `{}`", goroot.display()));
            }
            let _ = fs::remove_dir_all(&partial);
        }
        Ok(Self { release, goroot })
    }

    /// `go`, for a GOARCH.
    pub fn command(&self, goarch: &str) -> Result<Command, String> {
        let mut command = Command::new(self.goroot.join("bin/go"));
        // The user's variables are for another Go, and this one must not see them.
        let others = std::env::vars_os().filter(|(name, _)| {
            name.to_str()
                .is_some_and(|name| name.starts_with("GO") || name == "CGO_ENABLED")
        });
        for (name, _) in others {
            command.env_remove(name);
        }
        for (name, value) in [
            ("GOOS", "linux"),
            ("GOARCH", goarch),
            ("CGO_ENABLED", "0"),
            ("GOFLAGS", "-mod=mod"),
            ("GOPROXY", "off"),
            ("GO111MODULE", "on"),
            ("GOTOOLCHAIN", "local"),
            ("GOTELEMETRY", "off"),
            ("GOENV", "off"),
        ] {
            command.env(name, value);
        }
        // Go's own packages are compiled for each GOARCH, which takes seconds. So they are kept, as fetched packages
        // are.
        let compiled = cache()?.join("go").join(self.release.to_string());
        command
            .env("GOROOT", &self.goroot)
            .env("GOPATH", root().join("target/go/path"))
            .env("GOCACHE", compiled);
        Ok(command)
    }

    /// Compiles a program, in a folder of `target/go` of that name.
    pub fn program(&self, goarch: &str, source: &str, name: &str) -> Result<PathBuf, String> {
        self.build(goarch, source, name, &[])
            .map(|(program, _)| program)
    }

    /// The same, with the compiler's listing of the program's functions.
    pub fn listed(
        &self,
        goarch: &str,
        source: &str,
        name: &str,
    ) -> Result<(PathBuf, String), String> {
        // Without inlining, Go's own packages are compiled in two thirds of the time.
        let flags = [
            "-gcflags=all=-l",
            "-gcflags=program=-l -S",
            "-ldflags=-compressdwarf=false",
        ];
        self.build(goarch, source, name, &flags)
    }

    fn build(
        &self,
        goarch: &str,
        source: &str,
        name: &str,
        flags: &[&str],
    ) -> Result<(PathBuf, String), String> {
        let folder = root().join("target/go/programs").join(name);
        write_if_new(&folder.join("go.mod"), "module program\n\ngo 1.15\n")?;
        write_if_new(&folder.join("main.go"), source)?;
        let program = folder.join("program");
        // `go` lists nothing for a program that exists and is new enough.
        let _ = fs::remove_file(&program);
        let mut build = self.command(goarch)?;
        build.current_dir(&folder).arg("build");
        if self.release >= 18 {
            build.arg("-buildvcs=false");
        }
        build.args(flags).arg("-o").args([&program, Path::new(".")]);
        let said = run(&mut build)?;
        Ok((program, said.stderr))
    }
}

/// Makes a folder with links to all files of several folders. A folder that several of them have becomes a real folder.
fn link(folders: &[PathBuf], to: &Path, roots: [&Path; 2]) -> Result<(), String> {
    fs::create_dir_all(to).map_err(cannot("make", to))?;
    let mut entries: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(folder).map_err(cannot("read", folder))? {
            let entry = entry.map_err(cannot("read", folder))?;
            entries
                .entry(entry.file_name())
                .or_default()
                .extend(places(entry.path(), roots));
        }
    }
    for (name, places) in entries {
        let here = to.join(&name);
        match &places[..] {
            [place] if name != "pkg" => symlink(place, &here).map_err(cannot("make", &here))?,
            places => link(places, &here, roots)?,
        }
    }
    Ok(())
}

/// The targets of a path. A link out of its folder leads to a folder of one package, or of both.
fn places(path: PathBuf, roots: [&Path; 2]) -> Vec<PathBuf> {
    let Ok(target) = fs::read_link(&path) else {
        return vec![path];
    };
    let is_parent = |part: &Component| *part == Component::ParentDir;
    let shared: PathBuf = target.components().skip_while(is_parent).collect();
    let places = roots.map(|root| root.join("usr").join(&shared));
    places.into_iter().filter(|place| place.exists()).collect()
}
