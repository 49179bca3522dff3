//! EPCs both ways: every scheme and partition with values made at random, through every form.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use gatewarden_model::{
    Epc,
    gs1::{Element, parse_bracketed, parse_link},
};
use proptest::prelude::*;

/// What the last field of a scheme may be.
#[derive(Debug, Clone, Copy)]
enum Last {
    None,
    /// A number of so many bits.
    Bits(u32),
    /// So many characters at most.
    Text(usize),
    /// So many digits at most.
    Digits(usize),
    /// An asset: a number of 82 bits less the company prefix, or a text of 30 characters with it.
    Asset,
    AssetText,
    /// A part and its serial.
    Part,
    PartText,
}

/// Scheme, digits of prefix and reference together, last field.
const SCHEMES: [(&str, usize, Last); 19] = [
    ("sgtin-96", 13, Last::Bits(38)),
    ("sgtin-198", 13, Last::Text(20)),
    ("sscc-96", 17, Last::None),
    ("sgln-96", 12, Last::Bits(41)),
    ("sgln-195", 12, Last::Text(20)),
    ("grai-96", 12, Last::Bits(38)),
    ("grai-170", 12, Last::Text(16)),
    ("giai-96", 0, Last::Asset),
    ("giai-202", 0, Last::AssetText),
    ("gsrn-96", 17, Last::None),
    ("gsrnp-96", 17, Last::None),
    ("gdti-96", 12, Last::Bits(41)),
    ("gdti-113", 12, Last::Digits(17)),
    ("gdti-174", 12, Last::Text(17)),
    ("sgcn-96", 12, Last::Digits(12)),
    ("itip-110", 13, Last::Bits(38)),
    ("itip-212", 13, Last::Text(20)),
    ("cpi-96", 0, Last::Part),
    ("cpi-var", 0, Last::PartText),
];

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '%' | '&' | '/' | '<' | '>' | '?' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

/// The fields behind the filter, from random material.
fn fields(at: usize, prefix: usize, digits: &str, number: u64, text: &str, part: &str) -> String {
    let (scheme, length, last) = SCHEMES[at];
    let mut out = digits[..prefix].to_owned();
    if length > 0 {
        out.push('.');
        out.push_str(&digits[prefix..length]);
    }
    if scheme.starts_with("itip") {
        let total = 1 + number % 99;
        out.push_str(&format!(".{:02}.{total:02}", 1 + number / 99 % total));
    }
    let last = match last {
        Last::None => return out,
        Last::Bits(bits) => (number & ((1 << bits) - 1)).to_string(),
        Last::Text(max) => escaped(&text[..max.min(text.len())]),
        Last::Digits(max) => digits[..1 + number as usize % max].to_owned(),
        Last::Asset => (number >> (64 - asset_bits(prefix))).to_string(),
        Last::AssetText => escaped(&text[..(30 - prefix).min(text.len())]),
        Last::Part => {
            let part = 1 + number % (10u64.pow(15 - prefix as u32) - 1);
            format!("{part}.{}", 1 + number % 2_147_483_647)
        }
        Last::PartText => {
            let part = escaped(&part[..(30 - prefix).min(part.len())]);
            format!("{part}.{}", 1 + number % 999_999_999_999)
        }
    };
    out.push('.');
    out.push_str(&last);
    out
}

fn asset_bits(prefix: usize) -> u32 {
    [62, 58, 55, 52, 48, 45, 42][prefix - 6]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_scheme_goes_through_every_form(
        at in 0..SCHEMES.len(),
        filter in 0u8..8,
        prefix in 6usize..=12,
        digits in "[0-9]{20}",
        number in any::<u64>(),
        text in "[!-\"%-?A-Z_a-z]{1,30}",
        part in "[A-Z0-9#/-]{1,30}",
    ) {
        let (scheme, ..) = SCHEMES[at];
        let fields = fields(at, prefix, &digits, number, &text, &part);
        let uri = format!("urn:epc:tag:{scheme}:{filter}.{fields}");
        let epc = Epc::from_tag_uri(&uri).unwrap_or_else(|e| panic!("{uri}: {e}"));
        prop_assert_eq!(&epc.tag_uri().unwrap(), &uri);
        prop_assert_eq!((epc.scheme(), epc.filter()), (scheme, filter));
        prop_assert_eq!(&Epc::decode(&epc.to_bytes()).unwrap(), &epc);
        let identity = epc.pure_identity().unwrap();
        prop_assert_eq!(&identity, &format!("urn:epc:id:{}:{fields}", epc.family()));
        prop_assert_eq!(&Epc::of_pure_identity(&identity, scheme, filter).unwrap(), &epc);
        let shortest = Epc::from_pure_identity(&identity, filter).unwrap();
        prop_assert_eq!(shortest.pure_identity().unwrap(), identity);
        prop_assert!(shortest.to_bytes().len() <= epc.to_bytes().len());
        let elements = epc.elements();
        let digits = Some(prefix as u8);
        let built = Epc::from_elements(&elements, scheme, filter, digits, None).unwrap();
        prop_assert_eq!(&built, &epc);
        let link = epc.digital_link().unwrap();
        prop_assert_eq!(parse_link(&link).unwrap().elements, elements);
    }

    #[test]
    fn a_cage_code_goes_through_every_form(
        code in "[0-9A-HJ-NP-Z]{5,6}",
        filter in 0u8..64,
        part in "[A-Z0-9/-]{0,32}",
        mark in "#?",
        serial in "[A-Z0-9/-]{1,29}",
        number in 0u64..(1 << 36),
    ) {
        let adi = format!("{code}.{}.{}", escaped(&part), escaped(&format!("{mark}{serial}")));
        let dod = format!("{code}.{number}");
        for (scheme, filter, fields) in [("adi-var", filter, adi), ("usdod-96", filter & 15, dod)] {
            let uri = format!("urn:epc:tag:{scheme}:{filter}.{fields}");
            let epc = Epc::from_tag_uri(&uri).unwrap();
            prop_assert_eq!(epc.tag_uri().unwrap(), uri);
            prop_assert_eq!(&Epc::decode(&epc.to_bytes()).unwrap(), &epc);
            let identity = epc.pure_identity().unwrap();
            prop_assert_eq!(&Epc::of_pure_identity(&identity, scheme, filter).unwrap(), &epc);
            prop_assert!(epc.elements().is_empty() && epc.digital_link().is_none());
        }
    }

    #[test]
    fn every_scheme_of_tds_2_keeps_its_elements(
        at in 0..PLUS.len(),
        filter in 0u8..8,
        digits in "[0-9]{17}",
        number in 1u64..1_000_000_000_000,
        text in prop_oneof![
            "[!-\"%-?A-Z_a-z]{1,16}", "[0-9]{1,16}", "[0-9A-F]{1,16}", "[0-9a-f]{1,16}",
            "[A-Za-z0-9_-]{1,16}", "[A-Z0-9.:-]{1,16}",
        ],
        part in "[0-9]{4}[A-Z0-9#/-]{1,26}",
        more in proptest::sample::subsequence(&MORE[..], 0..3),
        host in "([a-z][a-z0-9-]{0,9}\\.){1,2}(com|org|de|co\\.uk|tech|example)",
    ) {
        let (name, keys) = PLUS[at];
        for scheme in [format!("{name}+"), format!("{name}++")] {
            let mut said = String::new();
            for key in keys {
                said.push_str(&said_of(key, &digits, number, &text, &part));
            }
            if name == "DSGTIN" {
                said.push_str("(17)271231");
            }
            more.iter().for_each(|element| said.push_str(element));
            let elements = parse_bracketed(&said).unwrap().elements;
            let hosted = scheme.ends_with("++");
            let host = hosted.then_some(host.as_str());
            let built = Epc::from_elements(&elements, &scheme, filter, None, host);
            // A long key and a long host do not fit a tag together.
            let Ok(epc) = built else { continue };
            prop_assert_eq!((epc.scheme(), epc.filter()), (scheme.as_str(), filter));
            prop_assert_eq!(epc.elements(), elements.clone());
            prop_assert_eq!(&Epc::decode(&epc.to_bytes()).unwrap(), &epc);
            prop_assert_eq!((epc.tag_uri(), epc.pure_identity(), epc.unread()), (None, None, None));
            let link = epc.digital_link().unwrap();
            let stem = format!("https://{}/", host.unwrap_or("id.gs1.org"));
            prop_assert!(link.starts_with(&stem), "{}", link);
            prop_assert_eq!(sorted(parse_link(&link).unwrap().elements), sorted(elements));
        }
    }
}

const PLUS: [(&str, &[&str]); 12] = [
    ("SGTIN", &["01", "21"]),
    ("DSGTIN", &["01", "21"]),
    ("SSCC", &["00"]),
    ("SGLN", &["414", "254"]),
    ("GRAI", &["8003"]),
    ("GIAI", &["8004"]),
    ("GSRN", &["8018"]),
    ("GSRNP", &["8017"]),
    ("GDTI", &["253"]),
    ("SGCN", &["255"]),
    ("ITIP", &["8006", "21"]),
    ("CPI", &["8010", "8011"]),
];

/// Elements behind a key, one of every encoding. They exclude no key and no other.
const MORE: [&str; 12] = [
    "(11)260101",
    "(3103)001500",
    "(400)PO-4711/A",
    "(410)4012345000009",
    "(4307)DE",
    "(4321)1",
    "(4324)2601312359",
    "(4330)000150-",
    "(7007)260101260131",
    "(8008)260101123059",
    "(7023)4012345A-7",
    "(99)0123456789012345678901234567890123456789",
];

fn sorted(mut elements: Vec<Element>) -> Vec<Element> {
    elements.sort_by_key(|e| e.ai);
    elements
}

fn with_check_digit(digits: &str) -> String {
    let sum: u32 = (digits.bytes().rev().zip([3, 1].into_iter().cycle()))
        .map(|(b, weight)| u32::from(b - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn said_of(key: &str, digits: &str, number: u64, text: &str, part: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('(', "\\(");
    let value = match key {
        "01" => with_check_digit(&digits[..13]),
        "00" | "8017" | "8018" => with_check_digit(digits),
        "414" => with_check_digit(&digits[..12]),
        "253" => with_check_digit(&digits[..12]) + &plain,
        "255" => with_check_digit(&digits[..12]) + &number.to_string(),
        "8003" => format!("0{}{plain}", with_check_digit(&digits[..12])),
        "8004" => format!("{}{plain}", &digits[..4 + number as usize % 9]),
        "8006" => format!("{}0102", with_check_digit(&digits[..13])),
        "8010" => part.to_owned(),
        "8011" => number.to_string(),
        _ if plain == "0" => "1".to_owned(),
        _ => plain,
    };
    format!("({key}){value}")
}
