//! What a label may show, checked. Pure.
//!
//! Invariants: values are bounded; GS1 elements and SSCCs have right formats and check digits; an EPC is one that the
//! Tag Data Standard knows. Absent: where the values come from.

use gatewarden_model::{
    Epc,
    gs1::{bracketed, parse_bracketed, parse_elements},
};
use serde::{Deserialize, Serialize};

/// The longest value in bytes.
pub const VALUE_BYTES_MAX: usize = 1_024;
/// How an EPC may be written.
pub const EPC_FORMS: &str = "hexadecimal, urn:epc:tag:… or urn:epc:id:…";

/// Values for a template; those that are absent are `none` there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelData {
    /// The item's code.
    pub item: Option<String>,
    /// The item's name, in any script.
    pub name: Option<String>,
    /// The lot.
    pub lot: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The SSCC, 18 digits.
    pub sscc: Option<String>,
    /// The expiry date as it is to be read.
    pub expiry: Option<String>,
    /// How many.
    pub quantity: Option<String>,
    /// Of what.
    pub unit: Option<String>,
    /// GS1 elements in brackets or as a scanner sends them; the template gets them in brackets.
    pub gs1: Option<String>,
    /// The EPC of the label's tag.
    pub epc: Option<String>,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Too long.
    #[error("{0} has more than {VALUE_BYTES_MAX} bytes")]
    TooLong(&'static str),
    /// Not what it should be.
    #[error("{name}: {detail}")]
    Wrong {
        /// Which value.
        name: &'static str,
        /// Why.
        detail: String,
    },
}

fn wrong(name: &'static str, detail: impl std::fmt::Display) -> DataError {
    DataError::Wrong { name, detail: detail.to_string() }
}

impl LabelData {
    /// The same with GS1 elements in brackets.
    ///
    /// # Errors
    /// The first value that is wrong, by name.
    pub fn checked(&self) -> Result<Self, DataError> {
        for (name, value) in self.values() {
            if value.as_ref().is_some_and(|text| text.len() > VALUE_BYTES_MAX) {
                return Err(DataError::TooLong(name));
            }
        }
        let mut data = self.clone();
        if let Some(text) = &self.gs1 {
            let parsed =
                if text.starts_with('(') { parse_bracketed(text) } else { parse_elements(text) };
            data.gs1 = Some(bracketed(&parsed.map_err(|e| wrong("gs1", e))?.elements));
        }
        if let Some(text) = &self.sscc {
            parse_bracketed(&format!("(00){text}")).map_err(|e| wrong("sscc", e))?;
        }
        if let Some(text) = &self.epc {
            epc_bytes(text)?;
        }
        Ok(data)
    }

    fn values(&self) -> [(&'static str, &Option<String>); 10] {
        [
            ("item", &self.item),
            ("name", &self.name),
            ("lot", &self.lot),
            ("serial", &self.serial),
            ("sscc", &self.sscc),
            ("expiry", &self.expiry),
            ("quantity", &self.quantity),
            ("unit", &self.unit),
            ("gs1", &self.gs1),
            ("epc", &self.epc),
        ]
    }
}

/// The bits of an EPC, in whole words, however it's written.
///
/// # Errors
/// Where it is none.
pub fn epc_bytes(text: &str) -> Result<Vec<u8>, DataError> {
    let epc = if text.starts_with("urn:epc:tag:") {
        Epc::from_tag_uri(text)
    } else if text.starts_with("urn:epc:id:") {
        Epc::from_pure_identity(text, 0)
    } else {
        Epc::from_hex(text)
    };
    let mut bytes = epc.map_err(|e| wrong("epc", format!("{e} ({EPC_FORMS})")))?.to_bytes();
    if !bytes.len().is_multiple_of(2) {
        bytes.push(0);
    }
    Ok(bytes)
}

/// An SSCC: the company prefix, a serial reference that begins with the extension digit and fills up to 17 digits
/// together, and the check digit.
///
/// # Errors
/// Where these are not 17 digits or the prefix has a length that none has.
pub fn make_sscc(prefix: &str, serial: &str) -> Result<String, DataError> {
    let uri = format!("urn:epc:id:sscc:{prefix}.{serial}");
    let epc = Epc::from_pure_identity(&uri, 0).map_err(|e| wrong("sscc", e))?;
    let element = epc.elements().into_iter().find(|element| element.ai.is("00"));
    element.map(|element| element.value).ok_or_else(|| wrong("sscc", "no SSCC"))
}
