//! Bits of an EPC whose length only its fields tell: every read says whether there is enough.

use super::super::{EpcError, bits::BitReader};

/// Reads fields and refuses to read past the end.
#[derive(Clone)]
pub(super) struct Source<'a> {
    bits: BitReader<'a>,
    scheme: &'static str,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8], scheme: &'static str) -> Self {
        Self { bits: BitReader::new(bytes), scheme }
    }

    /// The next `count` bits (at most 64).
    pub(super) fn take(&mut self, count: usize) -> Result<u64, EpcError> {
        self.need(count)?;
        Ok(self.bits.take(count))
    }

    /// An error where fewer bits are left.
    pub(super) fn need(&self, count: usize) -> Result<(), EpcError> {
        if self.bits.left() >= count {
            return Ok(());
        }
        let needs = self.bits.position() + count;
        Err(EpcError::Truncated { scheme: self.scheme, have: self.bits.len(), needs })
    }

    /// Bits consumed.
    pub(super) fn position(&self) -> usize {
        self.bits.position()
    }

    /// Bits that are left.
    pub(super) fn left(&self) -> usize {
        self.bits.left()
    }

    /// True where only zeros are left.
    pub(super) fn only_zeros(&self) -> bool {
        let mut rest = self.bits.clone();
        let end = rest.len();
        rest.zero_until(end)
    }
}
