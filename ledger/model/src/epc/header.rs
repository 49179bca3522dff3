//! Headers and names: which scheme an EPC is of.

use super::{
    EpcError,
    cage::CageKind,
    keyed::scheme::{SCHEMES, Scheme},
    plus::{PLUS, PlusScheme},
};

/// A scheme of any family.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    Keyed(&'static Scheme),
    Cage(CageKind),
    Plus(&'static PlusScheme),
}

/// Places in `SCHEMES` by header; 255 where there is none.
static KEYED: [u8; 256] = places();

const fn places() -> [u8; 256] {
    let mut out = [255; 256];
    let mut i = 0;
    while i < SCHEMES.len() {
        out[SCHEMES[i].header as usize] = i as u8;
        i += 1;
    }
    out
}

/// The scheme of a header byte (TDS 2.3 table 14-1).
#[inline]
pub(super) fn by_header(header: u8) -> Result<Found, EpcError> {
    if let Some(scheme) = SCHEMES.get(usize::from(KEYED[usize::from(header)])) {
        return Ok(Found::Keyed(scheme));
    }
    match header {
        0 => Err(EpcError::Unprogrammed),
        0x2F => Ok(Found::Cage(CageKind::UsDod)),
        0x3B => Ok(Found::Cage(CageKind::Adi)),
        _ => match PLUS.iter().find(|s| s.header == header) {
            Some(scheme) => Ok(Found::Plus(scheme)),
            None => Err(EpcError::UnknownHeader(header)),
        },
    }
}

/// The scheme of a name, such as `sgtin-96` or `SGTIN+`.
pub(super) fn by_name(name: &str) -> Result<Found, EpcError> {
    if let Some(scheme) = SCHEMES.iter().find(|s| s.name == name) {
        return Ok(Found::Keyed(scheme));
    }
    if let Some(scheme) = PLUS.iter().find(|s| s.name == name) {
        return Ok(Found::Plus(scheme));
    }
    match name {
        "usdod-96" => Ok(Found::Cage(CageKind::UsDod)),
        "adi-var" => Ok(Found::Cage(CageKind::Adi)),
        _ => Err(EpcError::UnknownScheme(name.chars().take(40).collect())),
    }
}
