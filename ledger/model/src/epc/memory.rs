//! What the EPC memory bank of a tag holds: the protocol control words (EPC Gen2 6.3.2.1.2, ISO/IEC
//! 18000-63), and behind them an EPC, or data of an application family of ISO/IEC 15961.
//!
//! Nothing is mangled: what is no EPC is named and keeps its bytes with the caller. What is absent:
//! the objects of ISO/IEC 15962 in library and other tags.

use super::{Epc, EpcError};

/// The word at bit 10h of the EPC bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pc(pub u16);

impl Pc {
    /// Words that follow the PC word: the EPC, and as the tag sends it its XPC words.
    #[must_use]
    pub fn words(self) -> usize {
        usize::from(self.0 >> 11)
    }

    /// True where the tag says that it has user memory.
    #[must_use]
    pub fn has_user_memory(self) -> bool {
        self.0 & 0x0400 != 0
    }

    /// True where extended PC words follow.
    #[must_use]
    pub fn is_extended(self) -> bool {
        self.0 & 0x0200 != 0
    }

    /// The application family identifier of a tag that holds no EPC (toggle bit 17h).
    #[must_use]
    pub fn afi(self) -> Option<u8> {
        (self.0 & 0x0100 != 0).then_some((self.0 & 0xFF) as u8)
    }

    /// True for an EPC whose attribute bits say that the thing is dangerous.
    #[must_use]
    pub fn is_hazardous(self) -> bool {
        self.afi().is_none() && self.0 & 1 != 0
    }
}

/// What an EPC bank holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Memory {
    /// An EPC.
    Epc(Epc),
    /// Data of an application family.
    Iso {
        /// The application family identifier.
        afi: u8,
        /// The text, where it is one of the supply chain's six-bit texts.
        text: Option<String>,
    },
    /// A tag that was never programmed.
    Unprogrammed,
    /// An EPC's place without an EPC in it.
    NoEpc(EpcError),
}

impl Memory {
    /// A word for it: the EPC's scheme, the standard of the family, `unprogrammed` or `no-epc`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Epc(epc) => epc.scheme(),
            Self::Iso { afi, .. } => afi_name(*afi).0,
            Self::Unprogrammed => "unprogrammed",
            Self::NoEpc(_) => "no-epc",
        }
    }
}

/// Reads what stands behind the PC word (or its XPC words). Without a PC word it is taken for an EPC.
#[must_use]
pub fn read_memory(pc: Option<Pc>, bytes: &[u8]) -> Memory {
    if let Some(afi) = pc.and_then(Pc::afi) {
        return Memory::Iso { afi, text: supply_chain_text(afi, bytes) };
    }
    if bytes.iter().all(|b| *b == 0) {
        return Memory::Unprogrammed;
    }
    match Epc::decode(bytes) {
        Ok(epc) => Memory::Epc(epc),
        Err(error) => Memory::NoEpc(error),
    }
}

/// The EPC bank in its parts.
pub(crate) struct Bank<'a> {
    pub(crate) pc: Pc,
    /// The first word of extended protocol control.
    pub(crate) extended: Option<u16>,
    /// What follows the control words.
    pub(crate) own: &'a [u8],
    /// How many bytes are left behind that.
    pub(crate) beyond: usize,
}

/// Splits the EPC bank from its PC word on. The tag counts its XPC words in the length.
pub(crate) fn split(bytes: &[u8]) -> Result<Bank<'_>, EpcError> {
    let word = |i: usize| {
        let pair = bytes.get(2 * i..2 * i + 2)?;
        Some(u16::from(pair[0]) << 8 | u16::from(pair[1]))
    };
    let short =
        |needs| Err(EpcError::Truncated { scheme: "a PC word", have: bytes.len() * 8, needs });
    let Some(pc) = word(0).map(Pc) else { return short(16) };
    let mut start = 2;
    let extended = if pc.is_extended() {
        let Some(first) = word(1) else { return short(32) };
        start += if first & 0x8000 == 0 { 2 } else { 4 };
        Some(first)
    } else {
        None
    };
    let end = start.max(2 + 2 * pc.words());
    match bytes.get(start..end) {
        Some(own) => Ok(Bank { pc, extended, own, beyond: bytes.len() - end }),
        None => short(end * 8),
    }
}

/// What the bits of the first XPC word say, in words.
#[must_use]
pub fn xpc_meaning(word: u16) -> String {
    let said: Vec<&str> =
        XPC_BITS.iter().filter(|(bit, _)| word & bit != 0).map(|(_, name)| *name).collect();
    if said.is_empty() { "nothing set".to_owned() } else { said.join(", ") }
}

/// The bits of XPC_W1 (210h to 21Fh).
const XPC_BITS: [(u16, &str); 13] = [
    (0x8000, "a second word follows"),
    (0x0800, "sensor alarm"),
    (0x0400, "simple sensor"),
    (0x0200, "full function sensor"),
    (0x0100, "snapshot sensor"),
    (0x0080, "battery assisted"),
    (0x0040, "computed response"),
    (0x0020, "SL flag"),
    (0x0010, "notification"),
    (0x0008, "untraceable"),
    (0x0004, "killable"),
    (0x0002, "not removable"),
    (0x0001, "hazardous"),
];

/// The word and the meaning of an application family identifier (ISO/IEC 15961-2 register).
#[must_use]
pub fn afi_name(afi: u8) -> (&'static str, &'static str) {
    match afi {
        0xA1 => ("iso-17367", "product tagging"),
        0xA2 => ("iso-17365", "transport unit"),
        0xA3 => ("iso-17364", "returnable transport item"),
        0xA4 => ("iso-17367", "product tagging, hazardous"),
        0xA5 => ("iso-17366", "product packaging"),
        0xA6 => ("iso-17366", "product packaging, hazardous"),
        0xA7 => ("iso-17365", "transport unit, hazardous"),
        0xA8 => ("iso-17364", "returnable transport item, hazardous"),
        0xA9 => ("iso-17363", "freight container"),
        0xAA => ("iso-17363", "freight container, hazardous"),
        0xC1 => ("iata-rp1740c", "baggage"),
        0xC2 => ("iso-28560", "library item"),
        _ => ("iso-15961", "an application family"),
    }
}

/// Six-bit text up to its end-of-text (ISO 17363 to 17367).
fn supply_chain_text(afi: u8, bytes: &[u8]) -> Option<String> {
    if !(0xA1..=0xAA).contains(&afi) {
        return None;
    }
    let mut bits = super::bits::BitReader::new(bytes);
    let mut out = String::new();
    while bits.left() >= 6 {
        match bits.take(6) as u8 {
            0x21 => break,
            0x1E => out.push('\u{1d}'),
            value @ 0..=0x1A => out.push(char::from(value + 64)),
            value @ (0x20 | 0x28..=0x3F) => out.push(char::from(value)),
            _ => return None,
        }
    }
    let text = out.trim_end_matches(['@', ' ']);
    (!text.is_empty()).then(|| text.to_owned())
}
