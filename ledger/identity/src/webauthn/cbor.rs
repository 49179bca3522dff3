//! CBOR (RFC 8949) as CTAP2 allows it, read without trust.
//!
//! WebAuthn, section 2.4: decoders should reject what is not in the CTAP2 canonical form (CTAP 2.1,
//! section 8) and messages with duplicate keys. Refused are indefinite lengths, lengths and numbers
//! not in their shortest form, tags, floats, duplicate keys, more than `DEPTH_MAX` levels, more than
//! `ITEMS_MAX` items and integers beyond 64 bits with sign. The order of keys is not asked for:
//! browsers write the attestation object themselves, and not all sort it. Bytes and texts are borrowed,
//! so nothing is allocated for a length that is only claimed. Absent: writing.

/// Most levels of maps and arrays (CTAP 2.1, section 8: "maximum nesting levels is four").
pub(super) const DEPTH_MAX: usize = 4;
/// Most items in all, keys included.
pub(super) const ITEMS_MAX: usize = 128;

/// What is wrong with CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// It ends before it should.
    #[error("the CBOR is cut off")]
    Short,
    /// Something follows it.
    #[error("bytes follow the CBOR")]
    Trailing,
    /// Over `DEPTH_MAX`.
    #[error("the CBOR nests deeper than CTAP2 allows")]
    Deep,
    /// Over `ITEMS_MAX`.
    #[error("the CBOR has too many items")]
    Many,
    /// Indefinite, not the shortest, tagged, a float, or not defined.
    #[error("the CBOR is not in CTAP2's canonical form")]
    Form,
    /// A text that is not UTF-8.
    #[error("the CBOR has a text that is not UTF-8")]
    Utf8,
    /// The same key twice in a map.
    #[error("the CBOR has a key twice in a map")]
    Duplicate,
}

/// A CBOR item that borrows from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Majors 0 and 1.
    Int(i64),
    /// Major 2.
    Bytes(&'a [u8]),
    /// Major 3.
    Text(&'a str),
    /// Major 4.
    Array(Vec<Value<'a>>),
    /// Major 5.
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false` and `true`.
    Bool(bool),
    /// `null` and `undefined`.
    Null,
}

impl<'a> Value<'a> {
    /// The value of a key in a map.
    pub(super) fn at(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        let Self::Map(pairs) = self else { return None };
        pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The pairs of a map.
    pub(super) fn pairs(&self) -> Option<&[(Value<'a>, Value<'a>)]> {
        if let Self::Map(pairs) = self { Some(pairs) } else { None }
    }

    /// The number.
    pub(super) fn int(&self) -> Option<i64> {
        if let Self::Int(n) = self { Some(*n) } else { None }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The text.
    pub(super) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Reads one item; what follows it is an error.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, CborError> {
    match read_first(bytes)? {
        (value, []) => Ok(value),
        _ => Err(CborError::Trailing),
    }
}

/// Reads one item and gives what follows it.
pub(super) fn read_first(bytes: &[u8]) -> Result<(Value<'_>, &[u8]), CborError> {
    let mut reader = Reader { rest: bytes, items: 0 };
    let value = reader.value(0)?;
    Ok((value, reader.rest))
}

struct Reader<'a> {
    rest: &'a [u8],
    items: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], CborError> {
        let count = usize::try_from(count).map_err(|_| CborError::Short)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CborError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The number in a head, whose low five bits say how many bytes it takes.
    fn number(&mut self, info: u8) -> Result<u64, CborError> {
        let (bytes, least) = match info {
            0..=23 => return Ok(info.into()),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(CborError::Form),
        };
        let number = self.take(bytes)?.iter().fold(0, |n, b| n << 8 | u64::from(*b));
        if number < least { Err(CborError::Form) } else { Ok(number) }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, CborError> {
        self.items += 1;
        if self.items > ITEMS_MAX {
            return Err(CborError::Many);
        }
        let head = self.take(1)?[0];
        if head >> 5 >= 6 {
            return simple(head);
        }
        let number = self.number(head & 31)?;
        let int = || i64::try_from(number).map_err(|_| CborError::Form);
        match head >> 5 {
            0 => Ok(Value::Int(int()?)),
            1 => Ok(Value::Int(-1 - int()?)),
            2 => Ok(Value::Bytes(self.take(number)?)),
            3 => {
                let text = std::str::from_utf8(self.take(number)?);
                Ok(Value::Text(text.map_err(|_| CborError::Utf8)?))
            }
            _ if depth == DEPTH_MAX => Err(CborError::Deep),
            4 => self.array(number, depth + 1),
            _ => self.map(number, depth + 1),
        }
    }

    fn array(&mut self, count: u64, depth: usize) -> Result<Value<'a>, CborError> {
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.value(depth)?);
        }
        Ok(Value::Array(values))
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<Value<'a>, CborError> {
        let mut pairs: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..count {
            let key = self.value(depth)?;
            if pairs.iter().any(|(known, _)| *known == key) {
                return Err(CborError::Duplicate);
            }
            pairs.push((key, self.value(depth)?));
        }
        Ok(Value::Map(pairs))
    }
}

/// Major 7 without floats; tags (major 6) are forbidden.
fn simple<'a>(head: u8) -> Result<Value<'a>, CborError> {
    match head {
        0xF4 => Ok(Value::Bool(false)),
        0xF5 => Ok(Value::Bool(true)),
        0xF6 | 0xF7 => Ok(Value::Null),
        _ => Err(CborError::Form),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        digits
            .chunks(2)
            .map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap())
            .collect()
    }

    fn error(text: &str) -> CborError {
        read(&hex(text)).unwrap_err()
    }

    /// Examples of RFC 8949, appendix A.
    #[test]
    fn the_examples_of_rfc_8949() {
        for (bytes, number) in [
            ("00", 0),
            ("17", 23),
            ("1818", 24),
            ("1903e8", 1000),
            ("1a000f4240", 1_000_000),
            ("1b000000e8d4a51000", 1_000_000_000_000),
            ("20", -1),
            ("3863", -100),
            ("3903e7", -1000),
        ] {
            assert_eq!(read(&hex(bytes)), Ok(Value::Int(number)));
        }
        assert_eq!(read(&hex("4401020304")), Ok(Value::Bytes(&[1, 2, 3, 4])));
        assert_eq!(read(&hex("62c3bc")).unwrap().text(), Some("ü"));
        let nested = read(&hex("8301820203820405")).map(|v| format!("{v:?}")).unwrap();
        assert_eq!(nested, "Array([Int(1), Array([Int(2), Int(3)]), Array([Int(4), Int(5)])])");
        let bytes = hex("a26161016162820203");
        let map = read(&bytes).unwrap();
        assert_eq!(map.at(&Value::Text("a")), Some(&Value::Int(1)));
        assert_eq!(map.pairs().map(<[_]>::len), Some(2));
        assert_eq!(read(&hex("f5")), Ok(Value::Bool(true)));
        assert_eq!(read(&hex("f6")), Ok(Value::Null));
    }

    #[test]
    fn what_ctap2_forbids_is_refused() {
        for cut in [
            "",
            "18",
            "19ff",
            "44010203",
            "82 01",
            "a1 01",
            "5b ffffffffffffffff",
            "9b0000000000000001",
        ] {
            assert_eq!(error(cut), CborError::Short.max_form(cut), "{cut}");
        }
        for form in [
            "1817",
            "190017",
            "1a0000ffff",
            "1b00000000ffffffff",
            "5f4101ff",
            "9fff",
            "bfff",
            "c074",
            "f90000",
            "fb3ff199999999999a",
            "f820",
            "1c",
            "1bffffffffffffffff",
            "3bffffffffffffffff",
            "ff",
        ] {
            assert_eq!(error(form), CborError::Form, "{form}");
        }
        assert_eq!(error("0000"), CborError::Trailing);
        assert_eq!(error("61ff"), CborError::Utf8);
        assert_eq!(error("a2 01 01 01 02"), CborError::Duplicate);
        assert!(read(&hex("8181818101")).is_ok());
        assert_eq!(error("818181818101"), CborError::Deep);
        assert_eq!(
            error(&format!("9864 {} 9864 {}", "00".repeat(99), "00".repeat(100))),
            CborError::Many
        );
        assert_eq!(read_first(&hex("0102")).unwrap(), (Value::Int(1), &[2][..]));
    }

    impl CborError {
        /// A length of 8 bytes that fits in fewer is refused for its form before it is short.
        fn max_form(self, text: &str) -> Self {
            if text == "9b0000000000000001" { Self::Form } else { self }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
