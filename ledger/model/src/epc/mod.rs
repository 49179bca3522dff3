//! Electronic Product Codes: the binary form on a tag, its URIs and its GS1 element string
//! (GS1 Tag Data Standard 1.13 and 2.3, the schemes with a tag URI).
//!
//! An `Epc` comes only from `decode` or `from_tag_uri`, so every one that exists can be written
//! in all forms, and `decode(encode(x)) == x`. What is absent: the `+` schemes of TDS 2, usdod-96
//! and adi-var (the error `unsupported-scheme`), and the filter's meaning.

mod bits;
mod decode;
mod elements;
mod encode;
mod error;
mod scheme;
mod uri;

pub use error::EpcError;
use scheme::Scheme;

/// Most bytes that an EPC memory bank can announce (31 words).
pub const EPC_BYTES_MAX: usize = 62;

/// One EPC, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epc {
    scheme: &'static Scheme,
    filter: u8,
    /// Index into the tables; 0 for GID.
    partition: u8,
    /// Company prefix; the manager number of a GID.
    prefix: u64,
    /// Item reference, serial reference, location …; the class of a GID.
    reference: u64,
    /// The component of a CPI.
    component: String,
    /// Piece and total of an ITIP.
    pieces: (u8, u8),
    tail: Tail,
}

/// The last field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tail {
    None,
    Number(u64),
    Text(String),
}

impl Epc {
    /// Decodes the EPC memory from bit 20h on.
    ///
    /// Zeros after the end of the scheme are padding; anything else there is an error.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        decode::decode(bytes)
    }

    /// Decodes hex, in either case, without separators.
    pub fn from_hex(text: &str) -> Result<Self, EpcError> {
        Self::decode(&bytes_of_hex(text)?)
    }

    /// Parses `urn:epc:tag:…`.
    pub fn from_tag_uri(uri: &str) -> Result<Self, EpcError> {
        uri::parse(uri)
    }

    /// The binary form, filled with zeros to whole 16-bit words, as it is written to a tag.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// The scheme's name, such as `sgtin-96`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme.name
    }

    /// The filter value, 0 to 7 (0 for a GID, which has none).
    #[must_use]
    pub fn filter(&self) -> u8 {
        self.filter
    }
}

/// Bytes of a hex text. At most `EPC_BYTES_MAX` bytes.
fn bytes_of_hex(text: &str) -> Result<Vec<u8>, EpcError> {
    let wrong = || EpcError::BadHex(text.chars().take(80).collect());
    if text.is_empty() || !text.len().is_multiple_of(2) || text.len() > 2 * EPC_BYTES_MAX {
        return Err(wrong());
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(wrong)
}

/// 10 to the power of a number of digits (at most 19).
fn power(digits: u8) -> u64 {
    10u64.pow(u32::from(digits.min(19)))
}

/// The characters of GS1 set 82, which strings on tags and in barcodes may hold.
pub(crate) fn is_set_82(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!\"%&'()*+,-./:;<=>?_".contains(&byte)
}

/// The characters of GS1 set 39.
pub(crate) fn is_set_39(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"#-/".contains(&byte)
}
