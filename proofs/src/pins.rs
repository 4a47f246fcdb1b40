//! The packages of Debian that proofs use, pinned: `proofs/packages.lock`, which `cargo xtask pin` writes.
//!
//! It has the format of Debian's indices, deb-control(5), with one more field: the package that a proof wants.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use crate::host::cannot;

const HEAD: &str = "\
# The packages of Debian that proofs fetch. `cargo xtask pin` writes the newest of each, and `cargo xtask pin
# <suite> <architecture> <name>` adds one, whose whole name matches an extended regular expression.
";

/// The package that a proof wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub suite: String,
    /// Debian's name of the architecture.
    pub arch: String,
    /// An extended regular expression that the package's whole name matches.
    pub name: String,
}

impl Wanted {
    pub fn new(suite: &str, arch: &str, name: &str) -> Self {
        let [suite, arch, name] = [suite, arch, name].map(str::to_owned);
        Self { suite, arch, name }
    }

    /// The command that pins it.
    pub fn command(&self) -> String {
        let Self { suite, arch, name } = self;
        format!("cargo xtask pin {suite} {arch} '{name}'")
    }

    fn parse(words: &str) -> Option<Self> {
        let mut words = words.split_whitespace();
        let wanted = Self::new(words.next()?, words.next()?, words.next()?);
        words.next().is_none().then_some(wanted)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.suite, self.arch, self.name)
    }
}

/// The facts of a package in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub package: String,
    pub version: String,
    /// The path below the mirror's address.
    pub path: String,
    pub sha256: String,
}

impl Entry {
    /// Reads the fields of a stanza.
    pub fn parse(stanza: &str) -> Result<Self, String> {
        let field = |name: &str| {
            let value = field(stanza, name).map(str::to_owned);
            value.ok_or_else(|| format!("no field `{name}` in `{}`", stanza.trim()))
        };
        let entry = Self {
            package: field("Package")?,
            version: field("Version")?,
            path: field("Filename")?,
            sha256: field("SHA256")?,
        };
        // The hash becomes the name of a folder. Without a hash, apt would not check the package.
        let hash = &entry.sha256;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{hash}` is no SHA-256 of `{}`", entry.package));
        }
        Ok(entry)
    }
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = stanza.lines();
    lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// The whole file.
#[derive(Debug, Default)]
pub struct Pins(BTreeMap<Wanted, Entry>);

impl Pins {
    /// Its path in the repository.
    pub const PATH: &str = "proofs/packages.lock";

    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(cannot("read", path))?;
        let pins = Self::parse(&text);
        pins.map_err(|error| format!("`{}`: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let text = lines.collect::<Vec<_>>().join("\n");
        let stanzas = text.split("\n\n").filter(|text| !text.trim().is_empty());
        let pins = stanzas.map(|stanza| {
            let wanted = field(stanza, "Wanted").and_then(Wanted::parse);
            let wanted = wanted.ok_or_else(|| {
                format!(
                    "no field `Wanted: <suite> <architecture> <name>` in `{}`",
                    stanza.trim()
                )
            })?;
            Ok((wanted, Entry::parse(stanza)?))
        });
        pins.collect::<Result<_, String>>().map(Self)
    }

    pub fn write(&self, path: &Path) -> Result<(), String> {
        let stanzas = self.0.iter().map(|(wanted, entry)| {
            let Entry {
                package,
                version,
                path,
                sha256,
            } = entry;
            format!(
                "\nWanted: {wanted}\nPackage: {package}\nVersion: {version}\nFilename: {path}\nSHA256: {sha256}\n"
            )
        });
        let text = HEAD.to_owned() + &stanzas.collect::<String>();
        fs::write(path, text).map_err(cannot("write", path))
    }

    pub fn find(&self, wanted: &Wanted) -> Option<&Entry> {
        self.0.get(wanted)
    }

    pub fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.0.keys()
    }

    /// Pins a package, and says what changed.
    pub fn set(&mut self, wanted: Wanted, entry: Entry) -> Option<String> {
        let is = format!("{} {}", entry.package, entry.version);
        let before = self.0.insert(wanted.clone(), entry.clone());
        match before {
            Some(before) if before == entry => None,
            Some(before) => {
                let was = format!("{} {}", before.package, before.version);
                Some(format!("{wanted}: {is}, and was {was}"))
            }
            None => Some(format!("{wanted}: {is}")),
        }
    }
}
