//! Fields of the compact form: lengths before contents, integers big endian.

use gatewarden_model::Hash;

use super::CompactError;

#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn count(&mut self, count: usize) -> Result<(), CompactError> {
        let count = u8::try_from(count).map_err(|_| CompactError::TooLarge("too many hashes"))?;
        self.raw(&[count]);
        Ok(())
    }

    /// At most 255 bytes, after their number.
    pub(super) fn short(&mut self, bytes: &[u8]) -> Result<(), CompactError> {
        let long = |_| CompactError::TooLarge("a name of more than 255 bytes");
        self.raw(&[u8::try_from(bytes.len()).map_err(long)?]);
        self.raw(bytes);
        Ok(())
    }

    /// At most 65,535 bytes, after their number.
    pub(super) fn long(&mut self, bytes: &[u8]) -> Result<(), CompactError> {
        let long = |_| CompactError::TooLarge("a signature of more than 65,535 bytes");
        self.raw(&u16::try_from(bytes.len()).map_err(long)?.to_be_bytes());
        self.raw(bytes);
        Ok(())
    }
}

pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn count(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn hash(&mut self) -> Option<Hash> {
        Some(Hash(self.take(32)?.try_into().ok()?))
    }

    pub(super) fn short(&mut self) -> Option<&'a str> {
        let len = self.count()?;
        std::str::from_utf8(self.take(usize::from(len))?).ok()
    }

    pub(super) fn long(&mut self) -> Option<&'a [u8]> {
        let len = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::from(len))
    }
}
