//! Packages like a user's, and the folder where they are built. They share the crates that are compiled there, if one
//! compiler builds them in one of cargo's profiles.

use std::{ffi::OsString, fs::File, os::unix::fs::symlink, path::PathBuf};

use crate::{
    bpf::root,
    host::{cannot, lock},
    libclang,
    package::remove,
};

fn folder() -> PathBuf {
    root().join("target/users")
}

/// A folder for the packages of a test.
pub fn packages(test: &str) -> PathBuf {
    folder().join(test)
}

/// cargo's folder.
pub fn target_dir() -> PathBuf {
    folder().join("target")
}

/// The place where all builds look for libclang. It is the same for all of them, because cargo compiles bindgen anew for
/// another place.
pub fn libclang() -> PathBuf {
    folder().join("libclang.so")
}

/// Variables of all builds. With them, the dependencies of build scripts are compiled once. If this computer's user has
/// chosen no libclang, bindgen looks for the system's.
pub fn env() -> impl Iterator<Item = (&'static str, OsString)> {
    let libclang = libclang::chosen().map(|_| ("LIBCLANG_PATH", libclang().into()));
    let profile = [
        // The profile of examples/kernel-types has these values.
        ("CARGO_PROFILE_RELEASE_LTO", "true".into()),
        ("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_DEBUG", "false".into()),
    ];
    profile.into_iter().chain(libclang)
}

/// The turn to build. While it lasts, no other process and no other thread has it.
pub struct Turn {
    /// The turn ends when this is closed.
    _lock: File,
}

impl Turn {
    /// Waits for it. Links the libclang that this computer's user has chosen.
    pub fn wait() -> Result<Self, String> {
        let turn = Self {
            _lock: lock(&folder())?,
        };
        turn.link_libclang(libclang::chosen())?;
        Ok(turn)
    }

    /// Links the place of libclang to a file, or to none.
    pub fn link_libclang(&self, to: Option<PathBuf>) -> Result<(), String> {
        let place = &libclang();
        remove(place)?;
        to.map_or(Ok(()), |to| {
            symlink(to, place).map_err(cannot("link", place))
        })
    }
}
