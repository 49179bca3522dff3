//! Kinds of badges: what their numbers look like, and whether a copy can be told from the original.
//!
//! Absent: finding out the kind. A reader that types a number says nothing of the card; who enrols
//! knows what was bought.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Format;

/// What a badge is made of. Written as its word, such as `hid-prox`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadgeKind {
    /// A printed barcode or QR code.
    Printed,
    /// EM4100, EM4102, TK4100: 125 kHz, sends its 40 bits to anybody.
    Em4100,
    /// HID Prox and others of 26 bits (H10301): 125 kHz, sends facility and number to anybody.
    HidProx,
    /// MIFARE Classic: its cipher is broken, its UID is sent to anybody.
    MifareClassic,
    /// Any card of 13.56 MHz of which only the UID is read, however good its own protection.
    UidOnly,
    /// DESFire whose reader lets the card prove its key (AES) before it sends the number.
    Desfire,
    /// A FIDO2 security key or phone, registered as a passkey.
    Fido2,
}

impl BadgeKind {
    /// All kinds, the most easily copied first.
    pub const ALL: [Self; 7] = [
        Self::Printed,
        Self::Em4100,
        Self::HidProx,
        Self::MifareClassic,
        Self::UidOnly,
        Self::Desfire,
        Self::Fido2,
    ];

    /// Whether somebody who has held or photographed the badge can make one that reads the same.
    /// Such a badge says who somebody claims to be, and proves nothing.
    #[must_use]
    pub fn is_cloneable(self) -> bool {
        !matches!(self, Self::Desfire | Self::Fido2)
    }

    /// The formats in which readers send a number of this kind, the most telling first; none for a
    /// FIDO2 key.
    #[must_use]
    pub fn formats(self) -> &'static [Format] {
        match self {
            Self::Printed | Self::Desfire => &[Format::Text],
            Self::Em4100 => &[
                Format::Hex10,
                Format::Dez40,
                Format::Ik3,
                Format::Hex8,
                Format::Dez10,
                Format::Dez55,
                Format::Dez35c,
                Format::Dez8,
                Format::Hex6,
            ],
            Self::HidProx => &[Format::Dez35c, Format::Dez8, Format::Hex6],
            Self::MifareClassic | Self::UidOnly => {
                &[Format::Uid, Format::UidReversed, Format::UidDecimal]
            }
            Self::Fido2 => &[],
        }
    }

    /// The word for it in files and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Em4100 => "em4100",
            Self::HidProx => "hid-prox",
            Self::MifareClassic => "mifare-classic",
            Self::UidOnly => "uid-only",
            Self::Desfire => "desfire",
            Self::Fido2 => "fido2",
        }
    }
}

impl fmt::Display for BadgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for BadgeKind {
    type Err = String;

    /// Parses the word. Fails with the list of words.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.word() == text).ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|k| k.word()).collect();
            format!("unknown kind of badge; use one of {}", words.join(", "))
        })
    }
}
