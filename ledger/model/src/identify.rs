//! One identifier in, everything it says out: what `gatewarden identify` prints a line.
//!
//! Total: any text gives an `Identification`, and nothing here panics. The order of the keys is
//! part of the contract. The element string of an EPC is written as the Tag Data Standard writes
//! it (no escapes); `elements` holds the values without any ambiguity.

use serde::Serialize;

use crate::{
    epc::{
        Bank, Epc, EpcError, Memory, afi_name, bytes_of_hex, read_memory, split_memory, xpc_meaning,
    },
    gs1::{
        Element, Gs1Data, Gs1Error, RESOLVER, Scanned, Warning, bracketed, build_link,
        check_together, parse_bracketed, parse_elements, parse_link, parse_scan, relink, respell,
        split_aim, unescaped,
    },
};

/// How the input is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Guess: a URI, brackets, a symbology identifier, an FNC1, hex of 16 digits or more (or of a whole EPC), else a
    /// scan.
    #[default]
    Auto,
    /// Hex of the EPC memory from bit 20h, a tag URI or a pure identity URI.
    Epc,
    /// Hex of the EPC memory from bit 10h: the PC word, its XPC words, what follows.
    Memory,
    /// A scan, its AIM identifier optional; FNC1 is 0x1D or spelled (`<GS>`, `\x1d`: `gs1::respell`).
    Scan,
    /// `(01)…(21)…`.
    Bracketed,
    /// An uncompressed Digital Link.
    DigitalLink,
}

impl Form {
    /// The names of the forms as the command line spells them.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("epc", Self::Epc),
        ("memory", Self::Memory),
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
    /// The EPC scheme (of a pure identity: its family), `gs1`, `plain`, or the standard of a tag
    /// that holds no EPC, such as `iso-17365`.
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
        Form::Memory => from_memory(text.trim()),
        Form::Bracketed => parse_bracketed(text.trim()).map(from_data).map_err(refuse),
        Form::DigitalLink => from_link(text.trim()),
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
    let hex = trimmed.len().is_multiple_of(2)
        && trimmed.bytes().all(|b| b.is_ascii_hexdigit())
        && (trimmed.len() >= 16 || is_short_epc(trimmed));
    // Sixteen digits may be (01) and a GTIN: data that keeps every GS1 rule is no accident.
    let element_string = || matches!(parse_elements(trimmed), Ok(data) if data.warnings.is_empty());
    match trimmed {
        t if t.starts_with("urn:epc:") => Form::Epc,
        t if t.starts_with('(') => Form::Bracketed,
        _ if hex && !element_string() => Form::Epc,
        _ => Form::Scan,
    }
}

/// The shortest EPCs have 12 digits of hex. So few are taken for one only if they are one.
fn is_short_epc(hex: &str) -> bool {
    hex.len() >= 12 && hex.bytes().any(|b| b.is_ascii_alphabetic()) && Epc::from_hex(hex).is_ok()
}

fn from_epc(text: &str) -> Result<Identity, Mistake> {
    if text.starts_with("urn:epc:id:") {
        return from_pure_identity(text);
    }
    let epc = match text.starts_with("urn:") {
        true => Epc::from_tag_uri(text),
        false => Epc::from_hex(text),
    };
    of_epc(&epc.map_err(refuse_epc)?)
}

/// A pure identity says neither scheme nor filter, so there is no tag URI.
fn from_pure_identity(text: &str) -> Result<Identity, Mistake> {
    let epc = Epc::from_pure_identity(text, 0).map_err(refuse_epc)?;
    Ok(Identity { scheme: epc.family(), tag_uri: None, ..of_epc(&epc)? })
}

fn of_epc(epc: &Epc) -> Result<Identity, Mistake> {
    let elements = epc.elements();
    let mut warnings = Vec::new();
    // The key alone is right by construction; what follows it may contradict it.
    if elements.len() > epc.key_elements().len() {
        warnings = check_together(&elements).map_err(refuse)?;
    }
    if let Some(message) = epc.unread() {
        warnings.push(Warning { code: "unread-data", message });
    }
    Ok(Identity {
        tag_uri: epc.tag_uri(),
        pure_identity: epc.pure_identity(),
        element_string: (!elements.is_empty()).then(|| unescaped(&elements)),
        digital_link: epc.digital_link(),
        elements,
        warnings,
        ..bare(epc.scheme())
    })
}

/// An identity that says nothing but its scheme.
fn bare(scheme: &'static str) -> Identity {
    Identity {
        input: String::new(),
        ok: true,
        scheme,
        tag_uri: None,
        pure_identity: None,
        element_string: None,
        digital_link: None,
        elements: Vec::new(),
        warnings: Vec::new(),
    }
}

fn refuse_epc(error: EpcError) -> Mistake {
    Mistake { code: error.code(), message: error.to_string() }
}

/// The EPC bank from its PC word on. A tag that holds no EPC is known by its family.
fn from_memory(text: &str) -> Result<Identity, Mistake> {
    let bytes = bytes_of_hex(text).map_err(refuse_epc)?;
    let Bank { pc, extended, own, beyond } = split_memory(&bytes).map_err(refuse_epc)?;
    let mut identity = match read_memory(Some(pc), own) {
        Memory::Epc(epc) => of_epc(&epc)?,
        Memory::Iso { afi, text } => {
            let (standard, meaning) = afi_name(afi);
            let said = text.map_or_else(String::new, |t| format!(": {t}"));
            let message = format!("no EPC but AFI {afi:02X}, {meaning}{said}");
            let warnings = vec![Warning { code: "no-epc", message }];
            Identity { warnings, ..bare(standard) }
        }
        Memory::Unprogrammed => return Err(refuse_epc(EpcError::Unprogrammed)),
        Memory::NoEpc(error) => return Err(refuse_epc(error)),
    };
    let mut warn = |code, message| identity.warnings.push(Warning { code, message });
    if pc.is_hazardous() {
        warn("hazardous", "the tag says that the thing is dangerous".to_owned());
    }
    if let Some(word) = extended {
        warn("extended-pc", format!("extended protocol control {word:04X}: {}", xpc_meaning(word)));
    }
    if beyond > 0 {
        let words = pc.words();
        warn("beyond-length", format!("{beyond} bytes beyond the {words} words that the PC tells"));
    }
    Ok(identity)
}

fn from_scan(text: &str) -> Result<Identity, Mistake> {
    let text = respell(text);
    let (aim, data) = split_aim(&text).map_err(refuse)?;
    match parse_scan(aim, data).map_err(refuse)? {
        Scanned::Gs1(_) if is_web(data) => from_link(data),
        Scanned::Gs1(data) => Ok(from_data(data)),
        Scanned::Plain(_) => Ok(bare("plain")),
    }
}

fn is_web(text: &str) -> bool {
    text.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("http"))
}

fn from_link(text: &str) -> Result<Identity, Mistake> {
    let data = parse_link(text).map_err(refuse)?;
    let digital_link = relink(&data, RESOLVER);
    Ok(Identity { digital_link, ..from_data(data) })
}

fn from_data(data: Gs1Data) -> Identity {
    Identity {
        element_string: Some(bracketed(&data.elements)),
        digital_link: build_link(&data.elements, RESOLVER),
        elements: data.elements,
        warnings: data.warnings,
        ..bare("gs1")
    }
}

fn refuse(error: Gs1Error) -> Mistake {
    Mistake { code: error.code(), message: error.to_string() }
}
