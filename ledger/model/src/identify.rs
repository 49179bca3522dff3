//! One identifier in, everything it says out: what `gatewarden identify` prints a line.
//!
//! Total: any text gives an `Identification`, and nothing here panics. The order of the keys is
//! part of the contract. The element string of an EPC is written as the Tag Data Standard writes
//! it (no escapes); `elements` holds the values without any ambiguity.

use serde::Serialize;

use crate::{
    epc::Epc,
    gs1::{
        Element, Gs1Data, Gs1Error, RESOLVER, Scanned, Warning, bracketed, build_link,
        parse_bracketed, parse_elements, parse_link, parse_scan, split_aim, unescaped,
    },
};

/// How the input is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Guess: a URI, brackets, a symbology identifier, an FNC1, hex of 16 digits or more, else a scan.
    #[default]
    Auto,
    /// Hex of the EPC memory from bit 20h, or a tag URI.
    Epc,
    /// A scan, its AIM identifier optional; FNC1 is 0x1D, or written `<GS>` or `\x1d`.
    Scan,
    /// `(01)…(21)…`.
    Bracketed,
    /// An uncompressed Digital Link.
    DigitalLink,
}

impl Form {
    /// The names of the forms as the command line spells them.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("epc", Self::Epc),
        ("scan", Self::Scan),
        ("bracketed", Self::Bracketed),
        ("digital-link", Self::DigitalLink),
    ];

    /// The form of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, form)| *form)
    }
}

/// What an identifier says, or why it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Identification {
    /// It could be read.
    Known(Identity),
    /// It could not.
    Refused(Refusal),
}

/// An identifier in all its forms. What does not exist for its scheme is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The input as given.
    pub input: String,
    /// Always true.
    pub ok: bool,
    /// The EPC scheme, `gs1` or `plain`.
    pub scheme: &'static str,
    /// `urn:epc:tag:…`, for EPCs.
    pub tag_uri: Option<String>,
    /// `urn:epc:id:…`, for EPCs. A barcode does not say how long its company prefix is.
    pub pure_identity: Option<String>,
    /// `(01)…(21)…`.
    pub element_string: Option<String>,
    /// The canonical Digital Link.
    pub digital_link: Option<String>,
    /// The elements one by one.
    pub elements: Vec<Element>,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

/// An input that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The input as given.
    pub input: String,
    /// Always false.
    pub ok: bool,
    /// Why.
    pub error: Mistake,
}

/// Why an input could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The code for machines; stable.
    pub code: &'static str,
    /// The reason for people.
    pub message: String,
}

/// Reads one identifier.
#[must_use]
pub fn identify(input: &str, form: Form) -> Identification {
    let text = input.trim_end_matches(['\r', '\n']);
    let known = match resolve(text, form) {
        Form::Epc => from_epc(text.trim()),
        Form::Bracketed => parse_bracketed(text.trim()).map(from_data).map_err(refuse),
        Form::DigitalLink => parse_link(text.trim()).map(from_data).map_err(refuse),
        Form::Scan | Form::Auto => from_scan(text),
    };
    match known {
        Ok(identity) => Identification::Known(Identity { input: input.to_owned(), ..identity }),
        Err(error) => {
            Identification::Refused(Refusal { input: input.to_owned(), ok: false, error })
        }
    }
}

fn resolve(text: &str, form: Form) -> Form {
    if form != Form::Auto {
        return form;
    }
    let trimmed = text.trim();
    let hex = trimmed.len() >= 16
        && trimmed.len().is_multiple_of(2)
        && trimmed.bytes().all(|b| b.is_ascii_hexdigit());
    // Sixteen digits may be (01) and a GTIN: data that keeps every GS1 rule is no accident.
    let element_string = || matches!(parse_elements(trimmed), Ok(data) if data.warnings.is_empty());
    match trimmed {
        t if t.starts_with("urn:epc:") => Form::Epc,
        t if t.starts_with('(') => Form::Bracketed,
        _ if hex && !element_string() => Form::Epc,
        _ => Form::Scan,
    }
}

fn from_epc(text: &str) -> Result<Identity, Mistake> {
    let epc = match text.starts_with("urn:") {
        true => Epc::from_tag_uri(text),
        false => Epc::from_hex(text),
    };
    let epc = epc.map_err(|e| Mistake { code: e.code(), message: e.to_string() })?;
    let elements = epc.elements();
    Ok(Identity {
        input: String::new(),
        ok: true,
        scheme: epc.scheme(),
        tag_uri: Some(epc.tag_uri()),
        pure_identity: Some(epc.pure_identity()),
        element_string: (!elements.is_empty()).then(|| unescaped(&elements)),
        digital_link: build_link(&elements, RESOLVER),
        elements,
        warnings: Vec::new(),
    })
}

fn from_scan(text: &str) -> Result<Identity, Mistake> {
    let text = text.replace("<GS>", "\u{1d}").replace("\\x1d", "\u{1d}");
    let (aim, data) = split_aim(&text).map_err(refuse)?;
    match parse_scan(aim, data).map_err(refuse)? {
        Scanned::Gs1(data) => Ok(from_data(data)),
        Scanned::Plain(_) => Ok(Identity {
            input: String::new(),
            ok: true,
            scheme: "plain",
            tag_uri: None,
            pure_identity: None,
            element_string: None,
            digital_link: None,
            elements: Vec::new(),
            warnings: Vec::new(),
        }),
    }
}

fn from_data(data: Gs1Data) -> Identity {
    Identity {
        input: String::new(),
        ok: true,
        scheme: "gs1",
        tag_uri: None,
        pure_identity: None,
        element_string: Some(bracketed(&data.elements)),
        digital_link: build_link(&data.elements, RESOLVER),
        elements: data.elements,
        warnings: data.warnings,
    }
}

fn refuse(error: Gs1Error) -> Mistake {
    Mistake { code: error.code(), message: error.to_string() }
}
