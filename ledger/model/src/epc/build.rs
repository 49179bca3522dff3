//! EPCs from pure identity URIs and from GS1 elements, for writing tags.

use super::{
    Epc, EpcError, Form, Found, by_name,
    fields::push_escaped,
    keyed::scheme::{Kind, SCHEMES},
    plus,
};
use crate::gs1::{AiCode, Element, value_of};

/// The schemes of a family whose fields a pure identity fills, the shortest first.
fn schemes_of(family: &str) -> Vec<&'static str> {
    match family {
        "usdod" => vec!["usdod-96"],
        "adi" => vec!["adi-var"],
        _ => {
            let mut own: Vec<_> = SCHEMES.iter().filter(|s| s.family == family).collect();
            // CPI-var is the longer one, though its least length is not.
            own.sort_by_key(|s| if s.name == "cpi-var" { usize::MAX } else { s.bits });
            own.into_iter().map(|s| s.name).collect()
        }
    }
}

/// Splits `urn:epc:id:FAMILY:FIELDS`.
fn split_identity(uri: &str) -> Result<(&str, &str), EpcError> {
    let parts = uri.strip_prefix("urn:epc:id:").and_then(|rest| rest.split_once(':'));
    parts.ok_or_else(|| EpcError::BadUri(uri.chars().take(120).collect()))
}

impl Epc {
    /// Reads `urn:epc:id:…` into the shortest scheme that can hold it, with this filter value
    /// (which a GID has not).
    pub fn from_pure_identity(uri: &str, filter: u8) -> Result<Self, EpcError> {
        let (family, _) = split_identity(uri)?;
        let mut result = Err(EpcError::UnknownScheme(family.chars().take(40).collect()));
        for scheme in schemes_of(family) {
            result = Self::of_pure_identity(uri, scheme, filter);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Reads `urn:epc:id:…` into a scheme such as `sgtin-198`.
    pub fn of_pure_identity(uri: &str, scheme: &str, filter: u8) -> Result<Self, EpcError> {
        let (family, fields) = split_identity(uri)?;
        let own = match by_name(scheme)? {
            Found::Keyed(scheme) => scheme.family,
            Found::Cage(kind) => kind.family(),
            Found::Plus(_) => "",
        };
        if own != family {
            return Err(EpcError::UnknownScheme(family.chars().take(40).collect()));
        }
        match scheme {
            "gid-96" => Self::from_tag_uri(&format!("urn:epc:tag:{scheme}:{fields}")),
            _ => Self::from_tag_uri(&format!("urn:epc:tag:{scheme}:{filter}.{fields}")),
        }
    }

    /// Builds an EPC of a scheme from GS1 elements, such as those of a scan or a Digital Link.
    ///
    /// The schemes of TDS 1 need to know how many digits the company prefix has (6 to 12). Elements
    /// that the scheme can't hold are left out there; in the schemes of TDS 2 they follow the key.
    /// `host` names the resolver of the `++` schemes.
    pub fn from_elements(
        elements: &[Element],
        scheme: &str,
        filter: u8,
        prefix_digits: Option<u8>,
        host: Option<&str>,
    ) -> Result<Self, EpcError> {
        match by_name(scheme)? {
            Found::Plus(scheme) => {
                Ok(Self(Form::Plus(Box::new(plus::build(scheme, elements, filter, host)?))))
            }
            Found::Keyed(found) if found.kind != Kind::Gid => {
                let digits = prefix_digits.ok_or(EpcError::PrefixUnknown(found.name))?;
                let fields = fields_of(found.kind, elements, usize::from(digits))?;
                Self::from_tag_uri(&format!("urn:epc:tag:{}:{filter}.{fields}", found.name))
            }
            Found::Keyed(_) | Found::Cage(_) => {
                Err(EpcError::UnknownScheme(scheme.chars().take(40).collect()))
            }
        }
    }
}

/// The fields of the pure identity of elements.
fn fields_of(kind: Kind, elements: &[Element], prefix: usize) -> Result<String, EpcError> {
    let need = |ai: &'static str| {
        value_of(elements, ai).ok_or(EpcError::MissingElement(AiCode::known(ai)))
    };
    match kind {
        Kind::Sgtin => moved("01", need("01")?, prefix, Some(need("21")?)),
        Kind::Sscc => moved("00", need("00")?, prefix, None),
        Kind::Itip => itip(need("8006")?, prefix, need("21")?),
        Kind::Sgln => {
            let extension = value_of(elements, "254").unwrap_or("0");
            plain("414", need("414")?, prefix, 13, Some(extension))
        }
        Kind::Grai => {
            let value = need("8003")?;
            plain("8003", value.get(1..).unwrap_or_default(), prefix, 13, None)
        }
        Kind::Gdti => plain("253", need("253")?, prefix, 13, None),
        Kind::Sgcn => plain("255", need("255")?, prefix, 13, None),
        Kind::Gsrn => plain("8018", need("8018")?, prefix, 18, None),
        Kind::Gsrnp => plain("8017", need("8017")?, prefix, 18, None),
        Kind::Giai => split_text("8004", need("8004")?, prefix),
        Kind::Cpi => {
            let mut out = split_text("8010", need("8010")?, prefix)?;
            out.push('.');
            out.push_str(need("8011")?);
            Ok(out)
        }
        Kind::Gid => Err(EpcError::UnknownScheme("gid".to_owned())),
    }
}

fn piece<'a>(ai: &'static str, text: &'a str, from: usize, to: usize) -> Result<&'a str, EpcError> {
    text.get(from..to).ok_or(EpcError::ElementLength(AiCode::known(ai)))
}

/// A key whose first digit moves behind the company prefix and whose last is its check digit.
fn moved(
    ai: &'static str,
    key: &str,
    prefix: usize,
    serial: Option<&str>,
) -> Result<String, EpcError> {
    let end = key.len().saturating_sub(1);
    let mut out = piece(ai, key, 1, 1 + prefix)?.to_owned();
    out.push('.');
    out.push_str(piece(ai, key, 0, 1)?);
    out.push_str(piece(ai, key, 1 + prefix, end)?);
    push_serial(&mut out, serial);
    Ok(out)
}

fn itip(value: &str, prefix: usize, serial: &str) -> Result<String, EpcError> {
    let mut out = moved("8006", piece("8006", value, 0, 14)?, prefix, None)?;
    for (from, to) in [(14, 16), (16, 18)] {
        out.push('.');
        out.push_str(piece("8006", value, from, to)?);
    }
    push_serial(&mut out, Some(serial));
    Ok(out)
}

/// A key of so many digits with its check digit, and a serial: given, or what follows the key.
fn plain(
    ai: &'static str,
    value: &str,
    prefix: usize,
    length: usize,
    serial: Option<&str>,
) -> Result<String, EpcError> {
    let mut out = piece(ai, value, 0, prefix)?.to_owned();
    out.push('.');
    out.push_str(piece(ai, value, prefix, length - 1)?);
    let behind = value.get(length..).unwrap_or_default();
    push_serial(&mut out, serial.or((!behind.is_empty()).then_some(behind)));
    Ok(out)
}

/// A key that is the company prefix and a text.
fn split_text(ai: &'static str, value: &str, prefix: usize) -> Result<String, EpcError> {
    let mut out = piece(ai, value, 0, prefix)?.to_owned();
    push_serial(&mut out, Some(piece(ai, value, prefix, value.len())?));
    Ok(out)
}

fn push_serial(out: &mut String, serial: Option<&str>) {
    if let Some(serial) = serial {
        out.push('.');
        push_escaped(out, serial);
    }
}
