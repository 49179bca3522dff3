//! Electronic Product Codes: the binary form on a tag, its URIs and its GS1 element string
//! (GS1 Tag Data Standard 1.13 and 2.3, every scheme of both).
//!
//! An `Epc` comes only from `decode`, a URI or elements that are valid, so every one that exists
//! can be written in all forms that its scheme has, and `decode(encode(x)) == x`. The schemes of
//! TDS 2 (`SGTIN+` …) have a Digital Link instead of URIs; USDOD-96, ADI-var and GID-96 have URIs
//! and no elements. `memory` names what the EPC memory of any tag holds, EPC or not.

mod bits;
mod build;
mod cage;
pub(crate) mod charset;
mod error;
mod fields;
mod filter;
mod header;
mod keyed;
mod memory;
mod plus;

pub use error::EpcError;
pub use filter::filter_meaning;
pub(crate) use memory::{Bank, split as split_memory};
pub use memory::{Memory, Pc, afi_name, read_memory, xpc_meaning};

use crate::gs1::{Element, RESOLVER, build_link};
use cage::Cage;
use header::{Found, by_header, by_name};
use keyed::Keyed;
use plus::Plus;

/// Most bytes that an EPC memory bank can announce (31 words).
pub const EPC_BYTES_MAX: usize = 62;

/// One EPC, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epc(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Keyed(Keyed),
    Cage(Box<Cage>),
    Plus(Box<Plus>),
}

impl Epc {
    /// Decodes the EPC memory from bit 20h on.
    ///
    /// Zeros after the end of the scheme are padding; anything else there is an error, unless the
    /// scheme says that more elements follow.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        if bytes.len() < 2 {
            let have = bytes.len() * 8;
            return Err(EpcError::Truncated { scheme: "an EPC", have, needs: 16 });
        }
        if bytes.len() > EPC_BYTES_MAX {
            return Err(EpcError::TooLong { what: "EPC", max: EPC_BYTES_MAX });
        }
        Ok(Self(match by_header(bytes[0])? {
            Found::Keyed(scheme) => Form::Keyed(keyed::decode(scheme, bytes)?),
            Found::Cage(kind) => Form::Cage(Box::new(cage::decode(kind, bytes)?)),
            Found::Plus(scheme) => Form::Plus(Box::new(plus::decode(scheme, bytes)?)),
        }))
    }

    /// Decodes hex, in either case, without separators.
    pub fn from_hex(text: &str) -> Result<Self, EpcError> {
        Self::decode(&bytes_of_hex(text)?)
    }

    /// Parses `urn:epc:tag:…`.
    pub fn from_tag_uri(uri: &str) -> Result<Self, EpcError> {
        let wrong = || EpcError::BadUri(uri.chars().take(120).collect());
        let (name, rest) =
            uri.strip_prefix("urn:epc:tag:").and_then(|r| r.split_once(':')).ok_or_else(wrong)?;
        match by_name(name)? {
            Found::Keyed(scheme) => Ok(Self(Form::Keyed(keyed::parse(scheme, rest, uri)?))),
            Found::Cage(kind) => Ok(Self(Form::Cage(Box::new(cage::parse(kind, rest, uri)?)))),
            Found::Plus(_) => Err(EpcError::UnknownScheme(name.to_owned())),
        }
    }

    /// The binary form, filled with zeros to whole 16-bit words, as it is written to a tag.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Form::Keyed(epc) => keyed::encode(epc),
            Form::Cage(epc) => epc.to_bytes(),
            Form::Plus(epc) => epc.bytes.clone(),
        }
    }

    /// `urn:epc:tag:…`, which keeps everything that is on the tag. None for the schemes of TDS 2.
    #[must_use]
    pub fn tag_uri(&self) -> Option<String> {
        match &self.0 {
            Form::Keyed(epc) => Some(epc.tag_uri()),
            Form::Cage(epc) => Some(epc.tag_uri()),
            Form::Plus(_) => None,
        }
    }

    /// `urn:epc:id:…`, which names the thing whatever scheme the tag has. None for the schemes of
    /// TDS 2, which do not say how long the company prefix is.
    #[must_use]
    pub fn pure_identity(&self) -> Option<String> {
        match &self.0 {
            Form::Keyed(epc) => Some(epc.pure_identity()),
            Form::Cage(epc) => Some(epc.pure_identity()),
            Form::Plus(_) => None,
        }
    }

    /// The GS1 elements, the primary key first. Empty for GID, USDOD and ADI, which are no GS1 keys.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        match &self.0 {
            Form::Keyed(epc) => epc.elements(),
            Form::Cage(_) => Vec::new(),
            Form::Plus(epc) => epc.elements.clone(),
        }
    }

    /// The elements that identify the thing: those of the key, without dates and further data.
    #[must_use]
    pub fn key_elements(&self) -> Vec<Element> {
        match &self.0 {
            Form::Plus(epc) => epc.elements.iter().take(epc.keys).cloned().collect(),
            Form::Keyed(_) | Form::Cage(_) => self.elements(),
        }
    }

    /// The Digital Link: on the host that the EPC names, else on the canonical one.
    #[must_use]
    pub fn digital_link(&self) -> Option<String> {
        let host = match &self.0 {
            Form::Plus(epc) => epc.host.as_deref(),
            Form::Keyed(_) | Form::Cage(_) => None,
        };
        let elements = self.elements();
        match host {
            Some(host) => build_link(&elements, &format!("https://{host}")),
            None => build_link(&elements, RESOLVER),
        }
    }

    /// The scheme's name, such as `sgtin-96` or `SGTIN+`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match &self.0 {
            Form::Keyed(epc) => epc.scheme.name,
            Form::Cage(epc) => epc.kind.name(),
            Form::Plus(epc) => epc.scheme.name,
        }
    }

    /// The scheme's name in a pure identity URI, such as `sgtin`; of a scheme of TDS 2 its own name.
    #[must_use]
    pub fn family(&self) -> &'static str {
        match &self.0 {
            Form::Keyed(epc) => epc.scheme.family,
            Form::Cage(epc) => epc.kind.family(),
            Form::Plus(epc) => epc.scheme.name,
        }
    }

    /// The filter value: 0 to 7, for USDOD to 15, for ADI to 63 (0 for a GID, which has none).
    #[must_use]
    pub fn filter(&self) -> u8 {
        match &self.0 {
            Form::Keyed(epc) => epc.filter,
            Form::Cage(epc) => epc.filter,
            Form::Plus(epc) => epc.filter,
        }
    }

    /// Why data behind the key can't be read, where that is so.
    #[must_use]
    pub fn unread(&self) -> Option<String> {
        match &self.0 {
            Form::Plus(epc) => epc.unread.as_ref().map(ToString::to_string),
            Form::Keyed(_) | Form::Cage(_) => None,
        }
    }
}

/// Bytes of a hex text. At most `EPC_BYTES_MAX` bytes and three words of protocol control.
pub(crate) fn bytes_of_hex(text: &str) -> Result<Vec<u8>, EpcError> {
    let wrong = || EpcError::BadHex(text.chars().take(80).collect());
    if text.is_empty() || !text.len().is_multiple_of(2) || text.len() > 2 * (EPC_BYTES_MAX + 6) {
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
