//! A kernel's own description of `pt_regs` (BTF).

use btfparse::{Error, ErrorKind, Offset, Readable, TypeInformation};

/// The file in which the running kernel describes its types.
pub const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The names that kernels have for a field, the newest first. If the UAPI's name is not the kernel's, the library has
/// the UAPI's.
pub fn kernel_names(machine: &str, field: &str) -> Vec<String> {
    let names: &[&str] = match (machine, field) {
        // In kernels that know FRED the slot is a union, and `csx` is all of it.
        ("x86_64", "cs") => &["csx", "cs"],
        ("x86_64", "ss") => &["ssx", "ss"],
        ("x86_64", "orig_rax") | ("x86", "orig_eax") => &["orig_ax"],
        ("x86_64" | "x86", "eflags") => &["flags"],
        ("x86_64", _) if !field.ends_with(|last: char| last.is_ascii_digit()) => &[&field[1..]],
        ("x86", _) => &[&field[1..]],
        // Older kernels only say that the slots are padding.
        ("mips", "args") => &["args", "pad0"],
        ("riscv64" | "riscv32", "pc") => &["epc"],
        ("loongarch64", "csr_badv") => &["csr_badvaddr"],
        _ => &[field],
    };
    names.iter().map(|&name| name.to_owned()).collect()
}

/// The size of a kernel's `pt_regs` in bytes.
pub fn length(kernel: &TypeInformation) -> Result<usize, String> {
    let pt_regs = kernel.id_of("pt_regs").ok_or("BTF has no `pt_regs`")?;
    kernel.size_of(pt_regs).map_err(unreadable)
}

/// The offset and the size of a field in a kernel's `pt_regs`, in bytes; `None` if the kernel has no such field.
pub fn slot(kernel: &TypeInformation, machine: &str, field: &str) -> Option<(usize, usize)> {
    let pt_regs = kernel.id_of("pt_regs")?;
    let names = kernel_names(machine, field);
    names.iter().find_map(|name| {
        let (ty, offset) = kernel.offset_of(pt_regs, name).ok()?;
        let Offset::ByteOffset(offset) = offset else {
            return None;
        };
        let mut size = kernel.size_of(ty).ok()?;
        // On x86 a selector has half a slot. The other half has a name of its own.
        if let Ok((rest, _)) = kernel.offset_of(pt_regs, &format!("__{name}h")) {
            size += kernel.size_of(rest).ok()?;
        }
        Some((offset as usize, size))
    })
}

/// The types that BTF describes.
pub fn types(btf: &[u8]) -> Result<TypeInformation, String> {
    TypeInformation::new(&Bytes(btf)).map_err(unreadable)
}

pub fn unreadable(error: Error) -> String {
    format!("cannot read the BTF: {error:?}")
}

struct Bytes<'a>(&'a [u8]);

impl Readable for Bytes<'_> {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> btfparse::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.0.get(offset..)?.get(..buffer.len()));
        let bytes = bytes.ok_or_else(|| Error::new(ErrorKind::EOF, "the file ends before"))?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}
