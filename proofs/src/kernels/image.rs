//! The files that the guest boots: an initramfs, and the kernel in the form that the emulator takes.

use std::{
    fmt::Display,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use ruzstd::decoding::StreamingDecoder;

/// An initramfs: a cpio archive in the format newc, of `Documentation/driver-api/early-userspace` in the kernel's
/// sources. It can be made without root.
#[derive(Debug, Default)]
pub struct Initramfs {
    bytes: Vec<u8>,
    entries: u32,
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

impl Initramfs {
    pub fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER, &[]);
    }

    pub fn file(&mut self, path: &str, contents: &[u8]) {
        self.entry(path, PROGRAM, contents);
    }

    /// The device that the kernel opens as the first process's standard output.
    pub fn console(&mut self) {
        self.node("dev/console", CHARACTER_DEVICE, &[], [5, 1]);
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, contents: &[u8]) {
        self.node(path, mode, contents, [0, 0]);
    }

    fn node(&mut self, path: &str, mode: u32, contents: &[u8], [major, minor]: [u32; 2]) {
        self.entries += 1;
        // Each field has eight hexadecimal digits: inode, mode, owner, group, links, time, size, the file system's
        // device, the node's device, the length of the name with its zero byte, and a checksum that is not used.
        let size = contents.len() as u32;
        let name = path.len() as u32 + 1;
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            major,
            minor,
            name,
            0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(contents);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// The kernel in an unpacked package.
pub fn kernel_in(root: &Path) -> Result<Vec<u8>, String> {
    let path = find(root).ok_or_else(|| format!("no kernel in `{}`", root.display()))?;
    let image =
        fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let Some(payload) = zboot_payload(&image) else {
        return Ok(image);
    };
    let cannot = |error: &dyn Display| format!("cannot decompress `{}`: {error}", path.display());
    let mut kernel = Vec::new();
    let mut decoder = StreamingDecoder::new(payload).map_err(|error| cannot(&error))?;
    decoder
        .read_to_end(&mut kernel)
        .map_err(|error| cannot(&error))?;
    Ok(kernel)
}

fn find(folder: &Path) -> Option<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    let named = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("vmlinuz") || name.starts_with("vmlinux")
    };
    let file = paths
        .iter()
        .find(|path| path.is_file() && named(path))
        .cloned();
    file.or_else(|| {
        paths
            .iter()
            .filter(|path| path.is_dir())
            .find_map(|path| find(path))
    })
}

/// The compressed data in an EFI application that only decompresses it. Emulators cannot start these applications. See
/// `drivers/firmware/efi/libstub/zboot-header.S` of the kernel.
fn zboot_payload(image: &[u8]) -> Option<&[u8]> {
    let number =
        |at: usize| Some(u32::from_le_bytes(image.get(at..at + 4)?.try_into().ok()?) as usize);
    if image.get(..2)? != b"MZ" || image.get(4..8)? != b"zimg" {
        return None;
    }
    let start = number(8)?;
    image.get(start..start + number(12)?)
}
