//! Why a barcode's data is not GS1 data, and what is odd about data that is.

use serde::Serialize;

use super::AiCode;

/// Why a text is no valid GS1 data. The message says where and how to put it right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Gs1Error {
    /// Nothing there.
    #[error("there is no data")]
    Empty,
    /// Longer than `INPUT_BYTES_MAX`, or more than `ELEMENTS_MAX` elements.
    #[error("the data is longer than {0}")]
    TooMuch(&'static str),
    /// Not the form asked for.
    #[error("{0}")]
    Syntax(&'static str),
    /// A symbology identifier that does not exist.
    #[error("{0:?} is not an AIM symbology identifier")]
    UnknownSymbology(String),
    /// No application identifier at this place.
    #[error("no application identifier begins with {0:?}")]
    UnknownAi(String),
    /// A value that is too short, too long or ends inside a component.
    #[error("({ai}) has {length} characters, which is {problem}")]
    Length {
        /// Which element.
        ai: AiCode,
        /// Its length.
        length: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A character outside the set.
    #[error("({ai}) may not hold the character {character:?}")]
    Character {
        /// Which element.
        ai: AiCode,
        /// The character.
        character: char,
    },
    /// The check digit or the check characters are wrong.
    #[error("({ai}) has a wrong check digit: it was misread or misprinted")]
    CheckDigit {
        /// Which element.
        ai: AiCode,
    },
    /// A date or time that does not exist.
    #[error("({ai}) holds no date or time: {value:?}")]
    Date {
        /// Which element.
        ai: AiCode,
        /// What stands there.
        value: String,
    },
    /// Another rule on the content.
    #[error("({ai}) {problem}")]
    Content {
        /// Which element.
        ai: AiCode,
        /// The rule.
        problem: &'static str,
    },
    /// Two elements that exclude each other.
    #[error("({0}) and ({1}) must not stand together")]
    ForbiddenPair(AiCode, AiCode),
    /// One identifier with two values.
    #[error("({0}) stands there twice with different values")]
    Repeated(AiCode),
    /// A key without the serial that a signature needs.
    #[error("({0}) needs its serial component beside (8030)")]
    Unserialised(AiCode),
    /// A number of an EAN or UPC that is wrong.
    #[error("an {symbology} must have {rule}")]
    Retail {
        /// The symbology.
        symbology: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// A URI without a GS1 key in its path.
    #[error("the path of the URI holds no GS1 key such as /01/GTIN")]
    NoKey,
    /// A compressed Digital Link.
    #[error("a compressed Digital Link, of ({0}) {1}: print the uncompressed one, or resolve it")]
    Compressed(AiCode, String),
    /// A qualifier of the key that stands in the query.
    #[error("({0}) belongs in the path, not in the query")]
    MisplacedQualifier(AiCode),
    /// Qualifiers that don't belong to the key or are out of order.
    #[error("({0}) is not allowed in the path at that place")]
    Qualifier(AiCode),
    /// An identifier that may not be an attribute.
    #[error("({0}) may not stand in the query")]
    Attribute(AiCode),
}

impl Gs1Error {
    /// The code for machines; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooMuch(_) => "too-much",
            Self::Syntax(_) => "syntax",
            Self::UnknownSymbology(_) => "unknown-symbology",
            Self::UnknownAi(_) => "unknown-ai",
            Self::Length { .. } => "length",
            Self::Character { .. } => "bad-character",
            Self::CheckDigit { .. } => "check-digit",
            Self::Date { .. } => "bad-date",
            Self::Content { .. } => "content",
            Self::ForbiddenPair(..) => "forbidden-pair",
            Self::Repeated(_) => "repeated-ai",
            Self::Unserialised(_) => "unserialised-key",
            Self::Retail { .. } => "bad-retail-number",
            Self::NoKey => "no-key",
            Self::Compressed(..) => "compressed-link",
            Self::MisplacedQualifier(_) => "misplaced-qualifier",
            Self::Qualifier(_) => "bad-qualifier",
            Self::Attribute(_) => "bad-attribute",
        }
    }
}

/// Something odd that does not make the data useless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The code for machines; stable.
    pub code: &'static str,
    /// What is odd.
    pub message: String,
}
