//! Why bytes or a URI are not an EPC. Every variant has a stable code for machines.

/// Why bytes or a tag URI are not an EPC of the Tag Data Standard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EpcError {
    /// The text is not an even number of hex digits.
    #[error("{0:?} is not hex: write an even number of the digits 0-9 and A-F")]
    BadHex(String),
    /// Fewer bits than the scheme has.
    #[error("truncated: {have} bits where {scheme} needs {needs}")]
    Truncated {
        /// The scheme, or "an EPC".
        scheme: &'static str,
        /// Bits given.
        have: usize,
        /// Bits needed at least.
        needs: usize,
    },
    /// Something after the end of the scheme.
    #[error("bits after the end of {0} are not zero: check the length in the tag's PC word")]
    TrailingBits(&'static str),
    /// Header 00.
    #[error("header 00: the tag was never programmed")]
    Unprogrammed,
    /// A header that stands for no scheme.
    #[error("header {0:02X} stands for no EPC scheme")]
    UnknownHeader(u8),
    /// A scheme of the standard that is not read yet.
    #[error("the scheme {0} is known but not read by this version")]
    UnsupportedScheme(&'static str),
    /// Partition value 7.
    #[error("{0}: partition 7 is reserved")]
    Partition(&'static str),
    /// The company prefix is larger than its digits.
    #[error("the company prefix {value} does not fit {digits} digits")]
    PrefixOverflow {
        /// What stood there.
        value: u64,
        /// What the partition allows.
        digits: u8,
    },
    /// The reference is larger than its digits.
    #[error("the reference {value} does not fit {digits} digits")]
    ReferenceOverflow {
        /// What stood there.
        value: u64,
        /// What the partition allows.
        digits: u8,
    },
    /// Reserved bits are set.
    #[error("{0}: reserved bits are not zero")]
    ReservedNonzero(&'static str),
    /// A character outside the field's set.
    #[error("{what}: the character 0x{byte:02X} is not allowed there")]
    BadCharacter {
        /// The field.
        what: &'static str,
        /// The character.
        byte: u8,
    },
    /// A character after the terminator.
    #[error("{0}: a character after the terminator")]
    CharacterAfterNul(&'static str),
    /// A field that must hold something.
    #[error("{0} is empty")]
    EmptyString(&'static str),
    /// A numeric string without its leading 1.
    #[error("{0}: a numeric string must begin with 1")]
    NumericString(&'static str),
    /// A fixed-width number is too large.
    #[error("{what} {value} does not fit 2 digits")]
    FixedWidth {
        /// The field.
        what: &'static str,
        /// Its value.
        value: u64,
    },
    /// A string is too long.
    #[error("{what} is longer than {max} characters")]
    TooLong {
        /// The field.
        what: &'static str,
        /// The longest allowed.
        max: usize,
    },
    /// A number is too large for its bits.
    #[error("{what} {text} is too large for {scheme}")]
    Overflow {
        /// The field.
        what: &'static str,
        /// As written.
        text: String,
        /// The scheme.
        scheme: &'static str,
    },
    /// A leading zero where the binary form can't keep it.
    #[error("{what} {text:?} has a leading zero: only the longer scheme of strings can keep it")]
    LeadingZero {
        /// The field.
        what: &'static str,
        /// As written.
        text: String,
    },
    /// Digits of a wrong number.
    #[error("{what} {text:?} has a wrong length: {rule}")]
    Length {
        /// The field.
        what: &'static str,
        /// As written.
        text: String,
        /// The rule.
        rule: &'static str,
    },
    /// Not of the form `urn:epc:tag:…`, or with a wrong number of fields.
    #[error("{0:?} is not a tag URI: write urn:epc:tag:SCHEME:FILTER.PREFIX.…")]
    BadUri(String),
    /// A URI of a scheme that does not exist.
    #[error("{0:?} is not a scheme with a tag URI")]
    UnknownScheme(String),
}

impl EpcError {
    /// The code for machines; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadHex(_) => "bad-hex",
            Self::Truncated { .. } => "truncated",
            Self::TrailingBits(_) => "trailing-bits",
            Self::Unprogrammed => "unprogrammed",
            Self::UnknownHeader(_) => "unknown-header",
            Self::UnsupportedScheme(_) => "unsupported-scheme",
            Self::Partition(_) => "partition-7",
            Self::PrefixOverflow { .. } => "gcp-overflow",
            Self::ReferenceOverflow { .. } => "ref-overflow",
            Self::ReservedNonzero(_) => "reserved-nonzero",
            Self::BadCharacter { .. } => "bad-character",
            Self::CharacterAfterNul(_) => "char-after-nul",
            Self::EmptyString(_) => "empty-string",
            Self::NumericString(_) => "numeric-string",
            Self::FixedWidth { .. } => "fixed-width",
            Self::TooLong { .. } => "too-long",
            Self::Overflow { .. } => "overflow",
            Self::LeadingZero { .. } => "leading-zero",
            Self::Length { .. } => "length",
            Self::BadUri(_) => "bad-uri",
            Self::UnknownScheme(_) => "unknown-scheme",
        }
    }
}
