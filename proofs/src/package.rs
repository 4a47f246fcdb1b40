//! The crate as its users get it: cargo's package, unpacked where nothing of the repository is near.

use std::{
    collections::BTreeSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    bpf::root,
    host::{cannot, output, run},
};

/// The file that is uploaded.
#[derive(Debug)]
pub struct Package {
    pub path: PathBuf,
    name: String,
}

impl Package {
    /// Packages the crate, which has this version, as it stands in the working folder.
    pub fn pack(version: &str) -> Result<Self, String> {
        let target_dir = target_dir();
        // Offline: what is packaged depends on nothing that the repository's own build does not.
        let pack = ["package", "--quiet", "--offline", "--no-verify"];
        run(cargo(&pack).arg("--target-dir").arg(&target_dir))?;
        let name = format!("probe-abi-{version}");
        let path = target_dir.join(format!("package/{name}.crate"));
        Ok(Self { path, name })
    }

    /// The paths of what is in it.
    pub fn files(&self) -> Result<BTreeSet<String>, String> {
        let listed = output(Command::new("tar").arg("-tf").arg(&self.path))?;
        let folder = format!("{}/", self.name);
        let inside = |path: &str| match path.strip_prefix(&folder) {
            Some(path) => Ok(path.to_owned()),
            None => Err(format!("`{path}` lies outside of `{folder}`")),
        };
        listed.lines().map(inside).collect()
    }

    /// Unpacks it into a folder of its own, which is removed when this is dropped.
    pub fn unpack(&self, purpose: &str) -> Result<Unpacked, String> {
        let unpacked = Unpacked::make(purpose)?;
        // All files are of now: cargo compiles what is newer than the last time.
        let mut tar = Command::new("tar");
        tar.args(["--strip-components=1", "--touch", "-xf"])
            .arg(&self.path)
            .arg("-C")
            .arg(&*unpacked);
        output(&mut tar)?;
        Ok(unpacked)
    }
}

/// Where packages are made, and built with the toolchain for BPF.
pub fn target_dir() -> PathBuf {
    root().join("target/package")
}

/// A folder with the unpacked sources.
#[derive(Debug)]
pub struct Unpacked(PathBuf);

impl Unpacked {
    /// Not under target/, because cargo looks for a workspace in all folders above a package. The name
    /// is the same in each run, because cargo keeps what it compiled of each path.
    fn make(purpose: &str) -> Result<Self, String> {
        let mut repository = DefaultHasher::new();
        root().hash(&mut repository);
        let name = format!("probe-abi-{:x}-{purpose}", repository.finish());
        let folder = env::temp_dir().join(name);
        remove(&folder)?;
        fs::create_dir(&folder).map_err(cannot("make", &folder))?;
        Ok(Self(folder))
    }
}

impl Deref for Unpacked {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // What is left is removed by the next run, or by the computer's own care for such folders.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes a file or a folder, unless there is none.
pub fn remove(path: &Path) -> Result<(), String> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.map_err(cannot("remove", path))
}

/// Whether cargo's registry can be asked. `Err` says why not.
pub fn registry() -> Result<(), String> {
    output(&mut cargo(&["update", "--dry-run", "--quiet"])).map(drop)
}

/// One of cargo's commands on this crate. The working folder need not be committed.
pub fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(args);
    if matches!(args, ["package" | "publish", ..]) {
        cargo.args(["--package", "probe-abi", "--allow-dirty"]);
    }
    cargo
}
