//! A kernel's own description of `pt_regs` (BTF), beside the bindings.

use btfparse::{Error, ErrorKind, Offset, Readable, TypeInformation};

use crate::bindings::Field;

/// Where the running kernel describes its types.
pub const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// What kernels call a field, the newest first. Where the UAPI has other names than the kernel, the
/// library has the UAPI's.
pub fn kernel_names(machine: &str, field: &str) -> Vec<String> {
    let names: &[&str] = match (machine, field) {
        // In kernels that know FRED the slot is a union, and this its whole.
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

/// The types of a kernel.
pub struct Btf(TypeInformation);

impl Btf {
    pub fn parse(btf: &[u8]) -> Result<Self, String> {
        types(btf).map(Self)
    }

    /// In what its `pt_regs` differs from one of this size with these fields: nothing, where every field
    /// can be read and is where it should be. `Err` says why the kernel cannot be asked.
    ///
    /// The kernel's may be longer: what stands behind the last stable slot is not in the bindings.
    pub fn differences(
        &self,
        machine: &str,
        size: usize,
        fields: &[Field],
    ) -> Result<Vec<String>, String> {
        let Self(types) = self;
        let pt_regs = types.id_of("pt_regs").ok_or("BTF has no `pt_regs`")?;
        let mut differences = Vec::new();
        let length = types.size_of(pt_regs).map_err(unreadable)?;
        if length < size {
            differences.push(format!(
                "it has {length} bytes in the kernel and {size} here"
            ));
        }
        for field in fields {
            let names = kernel_names(machine, &field.name);
            let slot = names.iter().find_map(|name| slot(types, pt_regs, name));
            match slot {
                None => differences.push(format!("`{}` is not in the kernel's", field.name)),
                Some((offset, size)) if (offset, size) != (field.offset, field.size) => {
                    differences.push(format!(
                        "`{}` is at {offset} with {size} bytes in the kernel, and here at {} with {}",
                        field.name, field.offset, field.size
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(differences)
    }
}

/// Where a slot of a struct is, and its bytes.
fn slot(types: &TypeInformation, of: u32, name: &str) -> Option<(usize, usize)> {
    let (ty, offset) = types.offset_of(of, name).ok()?;
    let Offset::ByteOffset(offset) = offset else {
        return None;
    };
    let mut size = types.size_of(ty).ok()?;
    // On x86 a selector has half a slot, and the other half a name of its own.
    if let Ok((rest, _)) = types.offset_of(of, &format!("__{name}h")) {
        size += types.size_of(rest).ok()?;
    }
    Some((offset as usize, size))
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
