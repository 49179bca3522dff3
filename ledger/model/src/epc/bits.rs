//! Reading and writing bits, most significant first. Reading past the end yields zeros; the
//! callers compare lengths before.

/// Reads fields of up to 64 bits.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits (at most 64) as a number.
    pub(super) fn take(&mut self, count: usize) -> u64 {
        let mut value = 0u64;
        let mut left = count;
        while left > 0 {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
            let offset = self.at % 8;
            let step = left.min(8 - offset);
            let chunk = (u16::from(byte) << offset & 0xFF) >> (8 - step);
            value = value << step | u64::from(chunk);
            self.at += step;
            left -= step;
        }
        value
    }

    /// Bits consumed.
    pub(super) fn position(&self) -> usize {
        self.at
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
