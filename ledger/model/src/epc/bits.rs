//! Reading and writing bits, most significant first. Reading past the end yields zeros; the
//! callers compare lengths before.

/// Reads fields of up to 64 bits.
#[derive(Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits (at most 64) as a number.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> u64 {
        if count == 0 {
            return 0;
        }
        let start = self.at / 8;
        let mut window = [0u8; 16];
        if let Some(full) = self.bytes.get(start..start + 16) {
            window.copy_from_slice(full);
        } else {
            let rest = self.bytes.get(start..).unwrap_or_default();
            let length = rest.len().min(16);
            window[..length].copy_from_slice(&rest[..length]);
        }
        let word = u128::from_be_bytes(window) << (self.at % 8);
        self.at += count;
        (word >> (128 - count)) as u64
    }

    /// Bits consumed.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Bits that are left; 0 past the end.
    pub(super) fn left(&self) -> usize {
        self.len().saturating_sub(self.at)
    }

    /// True when every bit from here up to `end` is zero.
    pub(super) fn zero_until(&mut self, end: usize) -> bool {
        let mut zero = true;
        while self.at < end {
            zero &= self.take((end - self.at).min(64)) == 0;
        }
        zero
    }

    /// All bits there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() * 8
    }
}

/// Writes fields of up to 64 bits.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    bits: usize,
}

impl BitWriter {
    /// Appends the low `count` bits (at most 64) of a number.
    pub(super) fn put(&mut self, value: u64, count: usize) {
        for i in (0..count).rev() {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (value >> i & 1) as u8;
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.bits % 8);
            }
            self.bits += 1;
        }
    }

    /// Bits written.
    pub(super) fn position(&self) -> usize {
        self.bits
    }

    /// The bytes, with zeros up to the next 16-bit word.
    pub(super) fn into_words(mut self) -> Vec<u8> {
        if !self.bytes.len().is_multiple_of(2) {
            self.bytes.push(0);
        }
        self.bytes
    }
}
