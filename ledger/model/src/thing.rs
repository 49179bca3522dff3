//! Reads to things: the key that makes two reads the same physical thing.
//!
//! **The key.** Where there are GS1 elements it is the bracketed element string of the identity
//! alone, in canonical order and with escapes: `(00)…`, `(01)…(21)…`, `(8003)…`, `(414)…(254)…`.
//! A tag and a printed code of one serialised thing therefore have the same key, whatever else
//! the label says (lot, expiry, content). A scan without a serial has the whole element string,
//! its key first, because no narrower identity is known. Only an EPC that is no GS1 key (GID, USDOD,
//! ADI) has its pure identity URI; bytes that are no EPC have `hex:…`, any other text has `text:…`.

use crate::{
    ScanRead, Thing,
    epc::{Epc, Memory, Pc, afi_name, read_memory},
    gs1::{Element, Scanned, bracketed, parse_scan, respell, split_aim, value_of},
    hash::hex_upper,
};

/// Identities in the order of their rank: the key, and the serial that it needs beside it.
const IDENTITIES: [(&str, Option<&str>); 10] = [
    ("00", None),
    ("8006", Some("21")),
    ("01", Some("21")),
    ("8003", None),
    ("8004", None),
    ("253", None),
    ("255", None),
    ("8010", Some("8011")),
    ("8017", None),
    ("8018", None),
];

impl Thing {
    /// What a tag's EPC memory says (`scheme` is the EPC scheme, or `invalid`).
    #[must_use]
    pub fn of_epc(epc: &[u8]) -> Self {
        match Epc::decode(epc) {
            Ok(epc) => of_decoded(&epc),
            Err(_) => bare(format!("hex:{}", hex_upper(epc)), "invalid"),
        }
    }

    /// What a tag's EPC memory says, with the protocol control word that the reader told: a tag of
    /// an application family other than EPC has the key `afi:AA:HEX` and the standard as its scheme.
    #[must_use]
    pub fn of_memory(pc: Option<Pc>, epc: &[u8]) -> Self {
        match read_memory(pc, epc) {
            Memory::Epc(epc) => of_decoded(&epc),
            Memory::Iso { afi, .. } => {
                bare(format!("afi:{afi:02X}:{}", hex_upper(epc)), afi_name(afi).0)
            }
            Memory::Unprogrammed | Memory::NoEpc(_) => {
                bare(format!("hex:{}", hex_upper(epc)), "invalid")
            }
        }
    }

    /// What a barcode says (`scheme` is `gs1`; `plain` for any other text; `invalid` for GS1 data
    /// that breaks its rules).
    #[must_use]
    pub fn of_scan(scan: &ScanRead) -> Self {
        let text = || format!("text:{}", scan.text);
        let spelled = respell(&scan.text);
        let (aim, data) = match &scan.aim {
            Some(aim) => (Some(aim.as_str()), spelled.as_ref()),
            None => match split_aim(&spelled) {
                Ok(split) => split,
                Err(_) => return bare(text(), "plain"),
            },
        };
        match parse_scan(aim, data) {
            Ok(Scanned::Gs1(data)) => {
                let key = identity_key(&data.elements);
                with_values(key, "gs1", data.elements)
            }
            Ok(Scanned::Plain(_)) => bare(format!("text:{}", plain_text(scan)), "plain"),
            Err(_) => bare(text(), "invalid"),
        }
    }
}

/// What a scan that is no GS1 data holds, as it came, without a symbology identifier before it.
fn plain_text(scan: &ScanRead) -> &str {
    match (&scan.aim, split_aim(&scan.text)) {
        (None, Ok((_, data))) => data,
        _ => &scan.text,
    }
}

fn of_decoded(epc: &Epc) -> Thing {
    let key = match epc.pure_identity() {
        Some(identity) if epc.key_elements().is_empty() => identity,
        _ => identity_key(&epc.key_elements()),
    };
    with_values(key, epc.scheme(), epc.elements())
}

fn bare(key: String, scheme: &str) -> Thing {
    Thing { key, scheme: scheme.to_owned(), gtin: None, serial: None, lot: None, sscc: None }
}

fn with_values(key: String, scheme: &str, elements: Vec<Element>) -> Thing {
    let mut thing = bare(key, scheme);
    for Element { ai, value } in elements {
        match ai.as_str() {
            "01" => thing.gtin = Some(value),
            "21" => thing.serial = Some(value),
            "10" => thing.lot = Some(value),
            "00" => thing.sscc = Some(value),
            _ => {}
        }
    }
    thing
}

/// The element string of the identity alone; of everything, sorted, where there is none.
fn identity_key(elements: &[Element]) -> String {
    for (key, serial) in IDENTITIES {
        let own = pick(elements, &[Some(key), serial]);
        if own.len() == 1 + usize::from(serial.is_some()) {
            return bracketed(&own);
        }
    }
    if value_of(elements, "414").is_some() && value_of(elements, "01").is_none() {
        return bracketed(&pick(elements, &[Some("414"), Some("254")]));
    }
    let mut all = elements.to_vec();
    all.sort_by_key(|e| e.ai);
    all.dedup();
    bracketed(&all)
}

fn pick(elements: &[Element], codes: &[Option<&str>]) -> Vec<Element> {
    let find = |code: &Option<&str>| elements.iter().find(|e| code.is_some_and(|c| e.ai.is(c)));
    codes.iter().filter_map(find).cloned().collect()
}
