//! One canonical number for a badge, whichever reader sends it and however it is written.
//!
//! The ledger keeps the SHA-256 of the canonical text, never the number. There are three forms:
//!
//! | what            | canonical text          | made from                                              |
//! |-----------------|-------------------------|--------------------------------------------------------|
//! | a text code     | `OP-1001`               | upper case without blanks, as it always was            |
//! | a 125 kHz card  | `card24:161DD6`         | the low 24 bits, which every format of readers holds   |
//! | a 13.56 MHz UID | `uid:04A1B2C3D4E5F6`    | the smaller of the two byte orders                     |
//!
//! Text codes have no lower-case ASCII letters, so none can pass for a card. What always holds: two
//! texts of one card in formats that keep its 24 bits (or its whole UID) give the same badge.
//!
//! What can collide, on purpose in the direction of refusing: two 125 kHz cards that differ only
//! above their 24th bit (EM4100 has 40) are one badge, since a 3.5C or Wiegand-26 reader can't tell
//! them apart; two UIDs of which one is the other read backwards are one badge. A scan names no
//! format, so `02207638` may be 3.5C without its comma, DEZ 8, hex or a code: [`candidates`] gives
//! all, and a station takes the scan only where they lead to exactly one operator. [`Badge::rivals`]
//! gives what any reader's text of a badge might be taken for, as far as its bits are known: who enrols
//! refuses a badge of which a rival belongs to somebody else. A reader that later sends more bits than
//! were known at enrolment can still reach two; then the station refuses.
//!
//! Absent: proof of identity. A number is a user name; most kinds can be copied
//! ([`BadgeKind::is_cloneable`]). Also the formats 3.5A and 3.5B, which leave out bits 16 to 23.

mod format;
mod kind;

use gatewarden_model::Hash;

pub use format::Format;
pub use kind::BadgeKind;

use format::Number;

/// Longest text of a badge, in bytes.
pub const BADGE_BYTES_MAX: usize = 512;
/// Longest tail of a badge's number, in bytes.
pub const TAIL_BYTES_MAX: usize = 24;
/// Most badges that one scan can mean.
pub const CANDIDATES_MAX: usize = 8;
/// Most badges that the texts of one badge can be taken for.
pub const RIVALS_MAX: usize = 64;

/// Why a text is no badge that can be enrolled. No message repeats the number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadgeError {
    /// Nothing but blanks.
    #[error("the badge's number is empty: scan the badge, or type what is printed on it")]
    Empty,
    /// Over `BADGE_BYTES_MAX`.
    #[error(
        "the badge's number has {bytes} bytes, at most {BADGE_BYTES_MAX} are kept: use another"
    )]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A character that nobody sees.
    #[error("the badge's number has U+{0:04X}, which is not seen: scan it again, or type it")]
    Hidden(u32),
    /// The text is not of the format that was named.
    #[error(
        "this is not {format}: expected {rule}; set the reader to that format, or name another"
    )]
    NotFormat {
        /// The format asked for.
        format: Format,
        /// What it looks like.
        rule: &'static str,
    },
    /// A kind of badge never has a number of this format.
    #[error("a badge of the kind {kind} has no number in the format {format}; use {wanted}")]
    KindFormat {
        /// The kind.
        kind: BadgeKind,
        /// The format asked for.
        format: Format,
        /// The formats of the kind, as words.
        wanted: String,
    },
    /// No format of the kind fits.
    #[error("this is no number of a badge of the kind {kind}, which comes as {wanted}")]
    Unreadable {
        /// The kind.
        kind: BadgeKind,
        /// The formats of the kind, as words.
        wanted: String,
    },
    /// Several formats fit, with different numbers.
    #[error("this number can be read as {readings}: say which format the reader sends")]
    Ambiguous {
        /// The formats that fit, as words.
        readings: String,
    },
    /// Nothing but 0 or F, which readers send for a card they could not read.
    #[error("all of the number is 0 or F, as of a blank card or a failed read: scan it again")]
    Blank,
    /// A UID that changes with every read.
    #[error(
        "this UID begins with 08: the card or phone makes up another at each read; use a card \
             with a fixed UID, register the phone as a passkey, or name the format uid-reversed if \
             the reader sends the last byte first"
    )]
    RandomUid,
    /// The first part of a longer UID.
    #[error(
        "this UID begins with 88: the reader sends the first part of a longer one; set it to \
             send the whole UID (7 or 10 bytes), or name the format uid-reversed if it sends the last \
             byte first"
    )]
    PartialUid,
    /// A FIDO2 key is registered, not scanned.
    #[error("a security key has no number to scan: register it in the browser of a station")]
    NoNumber,
}

/// A badge's number in its canonical form.
#[derive(Clone, PartialEq, Eq)]
pub struct Badge(Number);

impl std::fmt::Debug for Badge {
    /// Without the number: it is not written to logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Badge({})", self.digest())
    }
}

impl Badge {
    /// The canonical text; it has lower-case letters only before a `:`, and only if it is no code.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.canonical()
    }

    /// What the ledger keeps of a badge. For a text code it is what it always was.
    #[must_use]
    pub fn digest(&self) -> Hash {
        Hash::of(format!("gatewarden badge 1\n{}", self.canonical()).as_bytes())
    }

    /// As much of the number as may be shown, so that a person can hold it against the badge in his hand:
    /// the last four characters of a code, never more than half of it; of a 125 kHz card the last four
    /// digits of its number of ten digits, where that is known, and with a comma before them those of
    /// the number after the comma (3.5C); the last two bytes of a UID, in both orders where it is not
    /// known which the card has. At most `TAIL_BYTES_MAX` bytes.
    #[must_use]
    pub fn tail(&self) -> String {
        self.0.tail()
    }

    /// The digits of the number as the card's holder may know them, for refusing a PIN that is part
    /// of them: those of the code, or of every usual way of printing the card's number in digits.
    #[must_use]
    pub fn digits(&self) -> Vec<String> {
        let mut texts = self.0.texts();
        if !matches!(self.0, Number::Text(_)) {
            texts.retain(|text| !text.contains(|c: char| c.is_ascii_alphabetic()));
        }
        let only = |t: &String| t.chars().filter(char::is_ascii_digit).collect::<String>();
        let mut all: Vec<String> = texts.iter().map(only).collect();
        all.retain(|d| !d.is_empty());
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Other badges that some reader's text of this one could mean, at most `RIVALS_MAX`. Enrolment
    /// refuses a badge of which this or a rival belongs to somebody else.
    #[must_use]
    pub fn rivals(&self) -> Vec<Self> {
        let mut rivals: Vec<Self> = Vec::new();
        for other in self.0.texts().iter().flat_map(|text| candidates(text)) {
            let known = other.canonical() == self.canonical() || has(&rivals, &other);
            if !known && rivals.len() < RIVALS_MAX {
                rivals.push(other);
            }
        }
        rivals
    }
}

fn has(badges: &[Badge], badge: &Badge) -> bool {
    badges.iter().any(|b| b.canonical() == badge.canonical())
}

/// The badge to enrol. Without a format those of the kind are tried, and the text is refused where
/// they disagree. Fails on what can't be told apart, is not there, or changes with every read.
pub fn parse(kind: BadgeKind, format: Option<Format>, text: &str) -> Result<Badge, BadgeError> {
    let formats = kind.formats();
    if formats.is_empty() {
        return Err(BadgeError::NoNumber);
    }
    check_text(text)?;
    let wanted = || words(formats);
    let number = match format {
        Some(format) if formats.contains(&format) => format.read(text)?,
        Some(format) => return Err(BadgeError::KindFormat { kind, format, wanted: wanted() }),
        None => only_reading(kind, text)?,
    };
    number.check()?;
    Ok(Badge(number))
}

/// The number that all fitting formats of a kind agree on.
fn only_reading(kind: BadgeKind, text: &str) -> Result<Number, BadgeError> {
    let formats = kind.formats();
    let read = |f: &Format| Some((*f, f.read(text).ok()?));
    let readings: Vec<(Format, Number)> = formats.iter().filter_map(read).collect();
    // The reading that holds most bits comes first, so that its rivals are all known.
    let Some((_, first)) = readings.first() else {
        return Err(BadgeError::Unreadable { kind, wanted: words(formats) });
    };
    if readings.iter().all(|(_, n)| n.canonical() == first.canonical()) {
        return Ok(first.clone());
    }
    let fitting: Vec<Format> = readings.iter().map(|(f, _)| *f).collect();
    Err(BadgeError::Ambiguous { readings: words(&fitting) })
}

fn words(formats: &[Format]) -> String {
    formats.iter().map(|f| f.word()).collect::<Vec<_>>().join(", ")
}

fn check_text(text: &str) -> Result<(), BadgeError> {
    if text.len() > BADGE_BYTES_MAX {
        return Err(BadgeError::TooLong { bytes: text.len() });
    }
    if text.trim().is_empty() {
        return Err(BadgeError::Empty);
    }
    let hidden = |c: &char| crate::name::is_hidden(*c) && !c.is_whitespace();
    text.chars().find(hidden).map_or(Ok(()), |c| Err(BadgeError::Hidden(c.into())))
}

/// All badges that a scan can mean, at most `CANDIDATES_MAX`, the text code first. Empty where the
/// text is no badge at all. A station takes the scan only where these lead to exactly one operator.
#[must_use]
pub fn candidates(scan: &str) -> Vec<Badge> {
    let mut badges: Vec<Badge> = Vec::new();
    if scan.len() > BADGE_BYTES_MAX || scan.trim().is_empty() {
        return badges;
    }
    for badge in Format::ALL.iter().filter_map(|f| f.read(scan).ok()).map(Badge) {
        if badges.len() < CANDIDATES_MAX && !has(&badges, &badge) {
            badges.push(badge);
        }
    }
    badges
}

#[cfg(test)]
mod tests;
