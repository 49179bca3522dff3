//! Properties of the parsers: no input makes them panic, and what they read they write back.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use gatewarden_model::{
    Entry, Epc, Form, ScanRead, Thing, canonical,
    epc::Pc,
    gs1::{
        RESOLVER, bracketed, build_link, parse_bracketed, parse_elements, parse_link, relink,
        scan_data,
    },
    identify,
};
use proptest::{collection::vec, prelude::*};

/// Every header of the standard.
fn header() -> impl Strategy<Value = u8> {
    prop_oneof![0x2Cu8..=0x41, 0xE6u8..=0xFD]
}

/// Bytes that begin as a real EPC does; most of the rest is small, so that many decode.
fn near_epc() -> impl Strategy<Value = Vec<u8>> {
    let body =
        prop_oneof![vec(any::<u8>(), 0..40), vec(prop_oneof![Just(0u8), 0x20u8..0x7B], 11..28)];
    (header(), 0u8..8, 0u8..8, body).prop_map(|(h, f, p, body)| {
        let mut bytes = vec![h, f << 5 | p << 2];
        bytes.extend(body);
        bytes
    })
}

fn near_gs1() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("(01)".to_owned()),
        Just("(21)".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("\\".to_owned()),
        Just("\u{1d}".to_owned()),
        Just("]C1".to_owned()),
        Just("]E0".to_owned()),
        Just("|]e0".to_owned()),
        Just("https://a/".to_owned()),
        Just("/01/".to_owned()),
        Just("?10=".to_owned()),
        Just("%2".to_owned()),
        Just("0180614141123458".to_owned()),
        "[0-9]{1,18}",
        "\\PC{0,6}",
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Data behind a key that ends within a word, found by the property below.
#[test]
fn half_a_word_behind_a_key_is_read_as_it_is_kept() {
    let bytes = [244, 136, 0, 114, 0, 0, 98, 72, 0, 65, 100, 0, 42, 0, 0, 0, 0, 0, 48];
    let epc = Epc::decode(&bytes).unwrap();
    assert_eq!(Epc::decode(&epc.to_bytes()).unwrap(), epc);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_decode_or_are_refused(bytes in vec(any::<u8>(), 0..70), word in any::<u16>()) {
        let _ = Epc::decode(&bytes);
        let _ = Thing::of_epc(&bytes);
        let _ = Thing::of_memory(Some(Pc(word)), &bytes);
        let _ = canonical::decode::<Entry>(&bytes);
    }

    #[test]
    fn what_decodes_encodes_to_the_same(bytes in near_epc()) {
        if let Ok(epc) = Epc::decode(&bytes) {
            let again = epc.to_bytes();
            let common = again.len().min(bytes.len());
            prop_assert_eq!(&again[..common], &bytes[..common]);
            prop_assert_eq!(&Epc::decode(&again).unwrap(), &epc);
            if let Some(uri) = epc.tag_uri() {
                prop_assert_eq!(&Epc::from_tag_uri(&uri).unwrap(), &epc);
            }
            prop_assert!(!Thing::of_epc(&bytes).key.starts_with("hex:"));
        }
    }

    #[test]
    fn any_text_is_identified_or_refused(text in prop_oneof![".{0,60}", near_gs1()]) {
        for (_, form) in Form::NAMES {
            let _ = serde_json::to_string(&identify(&text, form)).unwrap();
        }
        let _ = Thing::of_scan(&ScanRead { text: text.clone(), aim: None });
        let _ = Epc::from_tag_uri(&text);
        let _ = Epc::from_pure_identity(&format!("urn:epc:id:{text}"), 0);
        if let Ok(data) = parse_link(&text)
            && let Some(link) = relink(&data, RESOLVER)
        {
            let mut again = parse_link(&link).unwrap().elements;
            let mut first = data.elements;
            again.sort_by_key(|e| e.ai);
            first.sort_by_key(|e| e.ai);
            prop_assert_eq!(again, first);
        }
        let _ = Epc::from_tag_uri(&format!("urn:epc:tag:sgtin-96:{text}"));
    }

    #[test]
    fn gs1_forms_round_trip(
        item in 0u64..1_000_000_000_000,
        serial in "[!-\"%-?A-Z_a-z]{1,20}",
        lot in "[!-\"%-?A-Z_a-z]{1,20}",
    ) {
        let epc = Epc::from_tag_uri(&format!("urn:epc:tag:sgtin-96:1.{item:012}.0.5")).unwrap();
        let gtin = epc.elements()[0].value.clone();
        let escape = |s: &str| s.replace('\\', "\\\\").replace('(', "\\(");
        let text = format!("(01){gtin}(10){}(21){}", escape(&lot), escape(&serial));
        // A company prefix of digits is all that the check asks for, so every number passes.
        let data = parse_bracketed(&text).unwrap();
        prop_assert_eq!(data.value("21"), Some(serial.as_str()));
        prop_assert_eq!(bracketed(&data.elements), text);
        prop_assert_eq!(&parse_elements(&scan_data(&data.elements)).unwrap(), &data);
        let link = build_link(&data.elements, "https://id.gs1.org").unwrap();
        prop_assert_eq!(&parse_link(&link).unwrap(), &data);
    }
}
