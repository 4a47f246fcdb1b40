//! BTF, as btfparse takes it.

use btfparse::{Error, ErrorKind, Readable};

/// The bytes of it.
pub struct Btf(pub Vec<u8>);

impl Readable for Btf {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> btfparse::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.0.get(offset..)?.get(..buffer.len()));
        let bytes = bytes.ok_or_else(|| Error::new(ErrorKind::EOF, "it ends before"))?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

pub fn unreadable(error: Error) -> String {
    format!("cannot read the BTF: {error:?}")
}
