//! The folder where packages like a user's are built.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::symlink,
    path::PathBuf,
};

use crate::{bpf::root, host::cannot, libclang, package::remove};

/// The right to build there. While it exists, no other process and no other thread has it. All packages share the
/// crates that are compiled there, if one compiler builds them in one of cargo's profiles.
pub struct Workshop {
    /// Another may enter when this is closed.
    _alone: File,
}

fn folder() -> PathBuf {
    root().join("target/users")
}

impl Workshop {
    /// Waits until nobody builds there. Links the libclang that this computer's user has chosen. If there is none, bindgen
    /// finds the system's.
    pub fn enter() -> Result<Self, String> {
        let folder = folder();
        fs::create_dir_all(&folder).map_err(cannot("make", &folder))?;
        let lock = folder.join("lock");
        let alone = File::create(&lock).map_err(cannot("write", &lock))?;
        alone.lock().map_err(cannot("lock", &lock))?;
        let workshop = Self { _alone: alone };
        workshop.link_libclang(libclang::chosen())?;
        Ok(workshop)
    }

    /// The place where all builds look for libclang. It is the same for all of them, because cargo compiles bindgen anew
    /// for another place.
    pub fn libclang() -> PathBuf {
        folder().join("libclang.so")
    }

    /// Links that place to a file, or to none.
    pub fn link_libclang(&self, to: Option<PathBuf>) -> Result<(), String> {
        let place = &Self::libclang();
        remove(place)?;
        to.map_or(Ok(()), |to| {
            symlink(to, place).map_err(cannot("link", place))
        })
    }

    /// Variables of all builds, so that the dependencies of build scripts are the same. Otherwise cargo would compile them
    /// for each package.
    pub fn env() -> [(&'static str, OsString); 3] {
        [
            ("LIBCLANG_PATH", Self::libclang().into()),
            // The profile of examples/kernel-types has these values.
            ("CARGO_PROFILE_RELEASE_LTO", "true".into()),
            ("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_DEBUG", "false".into()),
        ]
    }

    /// A folder for the packages of a test.
    pub fn packages(test: &str) -> PathBuf {
        folder().join(test)
    }

    /// cargo's folder.
    pub fn target_dir() -> PathBuf {
        folder().join("target")
    }
}
