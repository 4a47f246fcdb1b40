//! The published packages, as users get them: cargo's packages, unpacked in a folder far from the repository.

use std::{
    collections::BTreeSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    bpf::root,
    host::{cannot, output, run, write_if_new},
};

/// The packages of the repository that are published, with the files of the working folder.
#[derive(Debug)]
pub struct Packages(Vec<Upload>);

/// A file that is uploaded.
#[derive(Debug)]
pub struct Upload {
    pub name: String,
    pub path: PathBuf,
    /// The folder that it unpacks to.
    folder: String,
}

impl Packages {
    /// Packages them together, so that a package finds its dependencies among the others, and not in the registry.
    pub fn pack() -> Result<Self, String> {
        let packages = published()?;
        // Offline: the packages depend on nothing that the repository's own build does not depend on.
        let mut pack = cargo(&["package", "--quiet", "--offline", "--no-verify"]);
        run(pack
            .arg("--allow-dirty")
            .args(selected(&packages))
            .arg("--target-dir")
            .arg(target_dir()))?;
        Ok(Self(packages))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Upload> {
        self.0.iter()
    }

    /// Unpacks them side by side into a new folder, which is removed when this is dropped.
    pub fn unpack(&self, purpose: &str) -> Result<Unpacked, String> {
        let unpacked = Unpacked::make(purpose)?;
        for package in self.iter() {
            package.unpack(&unpacked.folder(&package.name))?;
        }
        for package in self.iter() {
            unpacked.pair(&package.name, self)?;
        }
        Ok(unpacked)
    }
}

impl Upload {
    /// The paths of the files in it.
    pub fn files(&self) -> Result<BTreeSet<String>, String> {
        let listed = output(Command::new("tar").arg("-tf").arg(&self.path))?;
        let folder = format!("{}/", self.folder);
        let inside = |path: &str| match path.strip_prefix(&folder) {
            Some(path) => Ok(path.to_owned()),
            None => Err(format!("`{path}` lies outside of `{folder}`")),
        };
        listed.lines().map(inside).collect()
    }

    fn unpack(&self, folder: &Path) -> Result<(), String> {
        fs::create_dir(folder).map_err(cannot("make", folder))?;
        // All files get the present time: cargo compiles files that are newer than the last time.
        let mut tar = Command::new("tar");
        tar.args(["--strip-components=1", "--touch", "-xf"])
            .arg(&self.path)
            .arg("-C")
            .arg(folder);
        output(&mut tar).map(drop)
    }
}

/// The packages of the repository whose manifests allow their publication.
fn published() -> Result<Vec<Upload>, String> {
    let mut metadata = cargo(&["metadata", "--no-deps", "--offline"]);
    let metadata = output(metadata.args(["--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)
        .map_err(|error| format!("cannot read cargo's metadata: {error}"))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let published = packages.filter(|package| package["publish"].is_null());
    let package = |package: &serde_json::Value| {
        let name = package["name"].as_str()?.to_owned();
        let folder = format!("{name}-{}", package["version"].as_str()?);
        let path = target_dir().join(format!("package/{folder}.crate"));
        Some(Upload { name, path, folder })
    };
    let packages: Option<Vec<Upload>> = published.map(package).collect();
    packages.ok_or_else(|| "cargo's metadata has a package without a name or version".into())
}

/// cargo's arguments that select packages.
fn selected(packages: &[Upload]) -> impl Iterator<Item = &str> {
    packages
        .iter()
        .flat_map(|package| ["--package", &package.name])
}

/// `cargo publish` of all of them, up to the upload.
pub fn publish() -> Result<Command, String> {
    let mut publish = cargo(&["publish", "--dry-run", "--no-verify", "--allow-dirty"]);
    publish
        .args(selected(&published()?))
        .arg("--target-dir")
        .arg(target_dir());
    Ok(publish)
}

/// The folder where packages are made.
fn target_dir() -> PathBuf {
    root().join("target/package")
}

/// A folder with the unpacked sources: a folder for each package, by its name.
#[derive(Debug)]
pub struct Unpacked(PathBuf);

impl Unpacked {
    /// Not under target/, because cargo looks for a workspace in all folders above a package. The name is the same in
    /// each run, because cargo keeps the compiled crates of each path.
    fn make(purpose: &str) -> Result<Self, String> {
        let mut repository = DefaultHasher::new();
        root().hash(&mut repository);
        let name = format!("probe-abi-{:x}-{purpose}", repository.finish());
        let folder = env::temp_dir().join(name);
        remove(&folder)?;
        fs::create_dir(&folder).map_err(cannot("make", &folder))?;
        Ok(Self(folder))
    }

    /// The folder of all packages.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of a package.
    pub fn folder(&self, package: &str) -> PathBuf {
        self.0.join(package)
    }

    /// Makes a package find those packages beside it that its Cargo.lock names. In the lock they are in the registry,
    /// where they will be after the release.
    fn pair(&self, name: &str, packages: &Packages) -> Result<(), String> {
        let path = self.folder(name).join("Cargo.lock");
        let lock = fs::read_to_string(&path).map_err(cannot("read", &path))?;
        let mut found = Vec::new();
        let mut paired = String::new();
        for entry in lock.split_inclusive("\n\n") {
            let is_of = |package: &&Upload| {
                package.name != name && entry.contains(&format!("\nname = \"{}\"\n", package.name))
            };
            let Some(package) = packages.iter().find(is_of) else {
                paired += entry;
                continue;
            };
            found.push(package.name.as_str());
            let of_registry =
                |line: &&str| line.starts_with("source = ") || line.starts_with("checksum = ");
            paired.extend(
                entry
                    .split_inclusive('\n')
                    .filter(|line| !of_registry(line)),
            );
        }
        fs::write(&path, paired).map_err(cannot("write", &path))?;
        self.patch(name, &found)
    }

    /// Makes a package find the given dependencies beside it. cargo complains about packages that are not its
    /// dependencies.
    pub fn patch(&self, name: &str, others: &[&str]) -> Result<(), String> {
        let path = |name| format!("patch.crates-io.{name}.path = {:?}\n", self.folder(name));
        let config: String = others.iter().copied().map(path).collect();
        let path = self.folder(name).join(".cargo/config.toml");
        write_if_new(&path, &config)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // Files that are left are removed by the next run, or by the system's cleaning of temporary folders.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The content of a Cargo.toml, or of another TOML file.
pub fn manifest(path: &Path) -> Result<toml::Table, String> {
    let text = fs::read_to_string(path).map_err(cannot("read", path))?;
    text.parse()
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// Removes a file or a folder, if it exists.
pub fn remove(path: &Path) -> Result<(), String> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.map_err(cannot("remove", path))
}

/// Whether cargo's registry can be reached. `Err` says why not.
pub fn registry() -> Result<(), String> {
    output(&mut cargo(&["update", "--dry-run", "--quiet"])).map(drop)
}

/// One of cargo's commands on this repository.
pub fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(args);
    cargo
}
