//! The libclang that a build would load.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The libclang that this computer's user has chosen. If there is no choice, bindgen looks for the system's.
pub fn chosen() -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os("LIBCLANG_PATH")?);
    if path.is_file() {
        Some(path)
    } else {
        in_folder(&path)
    }
}

/// A libclang in a folder.
pub fn in_folder(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libclang.so")
            || name.starts_with("libclang-") && !name.starts_with("libclang-cpp")
    })
}
