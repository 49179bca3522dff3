//! Why bytes or a URI are not an EPC. Every variant has a stable code for machines.

use crate::gs1::AiCode;

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
    #[error("header {0:02X} stands for no EPC scheme{hint}", hint = tid_hint(*.0))]
    UnknownHeader(u8),
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
    /// A digit of four bits above 9.
    #[error("the digit {0:X} is not decimal")]
    BadNibble(u8),
    /// An encoding indicator that stands for no encoding.
    #[error("encoding indicator {0} is reserved")]
    ReservedEncoding(u8),
    /// A date type that stands for no identifier.
    #[error("date type {0} is reserved")]
    ReservedDateType(u8),
    /// A word of URN Code 40 that stands for no characters, or for others than its length says.
    #[error("a word of URN Code 40 holds no three characters")]
    BadCode40,
    /// A number that has more digits than its length says.
    #[error("a number does not fit {0} digits")]
    NumberOverflow(usize),
    /// A date that does not exist.
    #[error("({ai}) holds no date: {value:?}")]
    BadDate {
        /// Which element.
        ai: AiCode,
        /// What stands there.
        value: String,
    },
    /// The check digit of a key is wrong.
    #[error("({0}) has a wrong check digit")]
    CheckDigit(AiCode),
    /// Another rule on an element's content.
    #[error("({ai}) {problem}")]
    Content {
        /// Which element.
        ai: AiCode,
        /// The rule.
        problem: &'static str,
    },
    /// An element that is too short or too long.
    #[error("({0}) has a wrong length")]
    ElementLength(AiCode),
    /// The elements lack one that the scheme holds, or hold one that it can't.
    #[error("the scheme needs ({0}), or can't hold it")]
    MissingElement(AiCode),
    /// No length of a company prefix was given where the scheme needs one.
    #[error("{0} needs the length of the company prefix, 6 to 12 digits")]
    PrefixUnknown(&'static str),
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
            Self::BadNibble(_) => "bad-nibble",
            Self::ReservedEncoding(_) => "reserved-encoding",
            Self::ReservedDateType(_) => "reserved-date-type",
            Self::BadCode40 => "bad-character",
            Self::NumberOverflow(_) => "overflow",
            Self::BadDate { .. } => "bad-date",
            Self::CheckDigit(_) => "check-digit",
            Self::Content { .. } => "content",
            Self::ElementLength(_) => "length",
            Self::MissingElement(_) => "missing-element",
            Self::PrefixUnknown(_) => "prefix-unknown",
            Self::BadUri(_) => "bad-uri",
            Self::UnknownScheme(_) => "unknown-scheme",
        }
    }
}

/// The class identifiers that begin a TID (ISO/IEC 7816-6 and 15963).
fn tid_hint(header: u8) -> &'static str {
    match header {
        0xE0 | 0xE2 => ": a TID begins like this",
        _ => "",
    }
}
