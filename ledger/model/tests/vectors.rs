//! The identifiers against vectors: the project's own, and the larger sets where they exist.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, path::PathBuf};

use gatewarden_model::{
    Epc, Form, Identification, ScanRead, Thing,
    gs1::{Scanned, build_link, parse_bracketed, parse_scan, split_aim},
    identify,
};
use serde_json::Value;

/// A file's rows, from the project's folder and from the shared one where that exists.
fn rows(file: &str) -> Vec<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("tests/vectors").join(file);
    let shared = root.join("../../../shared/vectors").join(file);
    let mut text = fs::read_to_string(&own).unwrap();
    if let Ok(more) = fs::read_to_string(shared) {
        text.push_str(&more);
    }
    let rows: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(!rows.is_empty());
    rows
}

fn json(input: &str, form: Form) -> Value {
    serde_json::to_value(identify(input, form)).unwrap()
}

#[test]
fn epcs_have_every_form() {
    let mut read = 0;
    for row in rows("epc.jsonl") {
        let hex = row["hex"].as_str().unwrap();
        let got = json(hex, Form::Epc);
        for key in ["scheme", "tag_uri", "pure_identity", "element_string", "digital_link"] {
            assert_eq!(got[key].as_str(), row[key].as_str(), "{key} of {row}\n{got}");
        }
        let epc = Epc::from_hex(hex).unwrap();
        assert_eq!(gatewarden_model::hash::hex_upper(&epc.to_bytes()), hex, "{row}");
        if let Some(filter) = row["filter"].as_u64() {
            assert_eq!(u64::from(epc.filter()), filter, "{row}");
        }
        if let Some(uri) = row["tag_uri"].as_str() {
            assert_eq!(epc, Epc::from_tag_uri(uri).unwrap());
            let identity = row["pure_identity"].as_str().unwrap();
            let again = Epc::of_pure_identity(identity, epc.scheme(), epc.filter()).unwrap();
            assert_eq!(again, epc, "{row}");
        }
        let auto = json(hex, Form::Auto);
        // Digits alone may be an element string as well.
        if hex.bytes().any(|b| b.is_ascii_alphabetic()) {
            assert_eq!(auto, got, "auto of {row}");
        }
        read += 1;
    }
    assert!(read > 100, "{read}");
}

#[test]
fn malformed_epcs_are_refused_with_their_code() {
    for row in rows("epc_malformed.jsonl") {
        let got = json(row["input"].as_str().unwrap(), Form::Epc);
        assert_eq!(got["ok"], false, "{row}");
        let code = row["reason"].as_str().unwrap().to_lowercase().replace('_', "-");
        let found = got["error"]["code"].as_str().unwrap();
        assert_eq!(found, code, "{row}");
    }
}

/// What the engine says of a row, in our words: None where it is refused.
fn check_engine(row: &Value, input: &str, form: Form) {
    let got = json(input, form);
    let engine = &row["engine"];
    let reason = engine["err"].as_str().unwrap_or_default();
    if reason.starts_with("Required AIs") {
        assert_eq!(got["ok"], true, "{row}\n{got}");
        assert_eq!(got["warnings"][0]["code"], "missing-companion", "{row}\n{got}");
        return;
    }
    assert_eq!(got["ok"], engine["ok"], "{row}\n{got}");
    if engine["ok"] == true {
        assert_eq!(got["element_string"], engine["element_string"], "{row}\n{got}");
        assert_eq!(got["digital_link"], engine["dl_uri"], "{row}\n{got}");
    }
}

#[test]
fn gs1_data_is_judged_as_the_syntax_engine_does() {
    for row in rows("gs1.jsonl") {
        let input = row["input"].as_str().unwrap();
        match (row["kind"].as_str().unwrap(), input) {
            // Forced to be a link, it is none; the engine takes it for plain data.
            ("digital_link", "ftp://") => {
                assert_eq!(json(input, Form::DigitalLink)["ok"], false);
            }
            ("digital_link", _) => check_engine(&row, input, Form::DigitalLink),
            ("unbracketed_ai(^=FNC1)", _) => {
                check_engine(&row, &input.replace('^', "<GS>"), Form::Scan);
            }
            // The identifier is optional here.
            ("scan_data(AIM id)", "ABC") => assert_eq!(json(input, Form::Scan)["scheme"], "plain"),
            // The number of the linear part counts here too.
            ("scan_data(AIM id)", _) if input.contains('|') => {
                let text = json(input, Form::Scan)["element_string"].clone();
                let rest = row["engine"]["element_string"].as_str().unwrap();
                assert_eq!(text.as_str().unwrap(), format!("(01)00000002345673{rest}"));
            }
            ("scan_data(AIM id)", _) if input.starts_with("]E") && row["engine"]["ok"] == true => {
                assert_eq!(json(input, Form::Scan)["elements"][0]["ai"], "01");
            }
            ("scan_data(AIM id)", _) => check_engine(&row, input, Form::Scan),
            ("generate_digital_link", _) => check_built_link(&row, input),
            ("generate_scan_data", _) => check_scan_data(&row),
            _ => check_engine(&row, input, Form::Bracketed),
        }
    }
}

fn check_built_link(row: &Value, input: &str) {
    let Ok(data) = parse_bracketed(input) else {
        assert_eq!(row["engine"]["ok"], false, "{row}");
        return;
    };
    let stem = row["stem"].as_str().unwrap_or(gatewarden_model::gs1::RESOLVER);
    let expected = row["test_expects"].as_str().map(str::to_owned);
    let stem = if expected.as_deref().is_some_and(|e| e.starts_with("https://id.gs1")) {
        gatewarden_model::gs1::RESOLVER
    } else {
        stem
    };
    assert_eq!(build_link(&data.elements, stem), expected, "{row}");
}

fn check_scan_data(row: &Value) {
    let Some(scan) = row["test_expects"].as_str() else { return };
    let (aim, text) = split_aim(scan).unwrap();
    let gs1 = ["]Q3", "]d2", "]J1", "]e0", "]C1", "]E0"].contains(&aim.unwrap());
    let got = parse_scan(aim, text).unwrap_or_else(|e| panic!("{e}: {row}"));
    assert_eq!(matches!(got, Scanned::Gs1(_)), gs1, "{row}");
}

#[test]
fn a_tag_and_a_barcode_of_one_thing_have_one_key() {
    for row in rows("things.jsonl") {
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let thing = match text("epc") {
            Some(hex) => Thing::of_epc(&unhex(&hex)),
            None => Thing::of_scan(&ScanRead { text: text("text").unwrap(), aim: text("aim") }),
        };
        assert_eq!(thing.key, text("key").unwrap(), "{row}");
        assert_eq!(thing.scheme, text("scheme").unwrap(), "{row}");
        assert_eq!(thing.gtin, text("gtin"), "{row}");
        assert_eq!(thing.sscc, text("sscc"), "{row}");
        assert_eq!(thing.serial, text("serial"), "{row}");
        if row.get("lot").is_none_or(|l| !l.is_null()) {
            assert_eq!(thing.lot, text("lot"), "{row}");
        }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn every_epc_and_its_element_string_are_one_thing() {
    for row in rows("epc.jsonl") {
        let Ok(epc) = Epc::from_hex(row["hex"].as_str().unwrap()) else { continue };
        let elements = epc.elements();
        // A tag's CPI may have serial 0, a barcode's may not.
        let no_barcode = elements.iter().any(|e| e.ai.is("8011") && e.value == "0");
        if elements.is_empty() || no_barcode {
            continue;
        }
        let text = gatewarden_model::gs1::scan_data(&elements);
        let scan = Thing::of_scan(&ScanRead { text, aim: Some("]C1".to_owned()) });
        // Numbers made at random need not have a real company prefix, but all of these do.
        assert_eq!(scan.key, Thing::of_epc(&epc.to_bytes()).key, "{row}");
    }
}

#[test]
fn the_json_has_the_promised_keys_in_order() {
    let text = serde_json::to_string(&identify("3074257BF7194E4000001A85", Form::Auto)).unwrap();
    assert_eq!(
        text,
        "{\"input\":\"3074257BF7194E4000001A85\",\"ok\":true,\"scheme\":\"sgtin-96\",\
         \"tag_uri\":\"urn:epc:tag:sgtin-96:3.0614141.812345.6789\",\
         \"pure_identity\":\"urn:epc:id:sgtin:0614141.812345.6789\",\
         \"element_string\":\"(01)80614141123458(21)6789\",\
         \"digital_link\":\"https://id.gs1.org/01/80614141123458/21/6789\",\
         \"elements\":[{\"ai\":\"01\",\"value\":\"80614141123458\"},\
         {\"ai\":\"21\",\"value\":\"6789\"}],\"warnings\":[]}"
    );
    let text = serde_json::to_string(&identify("]C0HELLO", Form::Scan)).unwrap();
    assert_eq!(
        text,
        "{\"input\":\"]C0HELLO\",\"ok\":true,\"scheme\":\"plain\",\"tag_uri\":null,\
         \"pure_identity\":null,\"element_string\":null,\"digital_link\":null,\
         \"elements\":[],\"warnings\":[]}"
    );
    let refused = identify("30", Form::Epc);
    assert!(matches!(refused, Identification::Refused(_)));
    let text = serde_json::to_string(&refused).unwrap();
    assert!(text.starts_with(
        "{\"input\":\"30\",\"ok\":false,\"error\":{\"code\":\"truncated\",\"message\":\""
    ));
}

#[test]
fn forms_are_guessed() {
    for (input, scheme, elements) in [
        ("(01)80614141123458(21)A\\(B", "gs1", Some("(01)80614141123458(21)A\\(B")),
        ("https://id.gs1.org/01/80614141123458/21/1", "gs1", Some("(01)80614141123458(21)1")),
        ("https://example.com/manual.pdf", "plain", None),
        ("0180614141123458", "gs1", Some("(01)80614141123458")),
        ("]E04006381333931", "gs1", Some("(01)04006381333931")),
        ("4006381333931", "gs1", Some("(01)04006381333931")),
        ("M-100/4", "plain", None),
        ("<GS>10ABC\\x1d21XYZ", "gs1", Some("(10)ABC(21)XYZ")),
        ("urn:epc:tag:sscc-96:1.0614141.1234567890", "sscc-96", Some("(00)106141412345678908")),
        ("urn:epc:id:sscc:0614141.1234567890", "sscc", Some("(00)106141412345678908")),
        ("urn:epc:id:sgtin:0614141.812345.0A%2FB", "sgtin", Some("(01)80614141123458(21)0A/B")),
        ("urn:epc:id:usdod:CAGEY.5678", "usdod", None),
        ("^0104006381333931^10LOT9", "gs1", Some("(01)04006381333931(10)LOT9")),
        ("~10104006381333931~110LOT9", "gs1", Some("(01)04006381333931(10)LOT9")),
        ("{GS}10ABC{GS}21XYZ", "gs1", Some("(10)ABC(21)XYZ")),
        ("^HELLO^", "plain", None),
        ("]I104006381333932", "plain", None),
        ("]I114006381333938", "gs1", Some("(01)14006381333938")),
        ("FA031948750F", "GIAI+", Some("(8004)31948750")),
    ] {
        let got = json(input, Form::Auto);
        assert_eq!(got["scheme"], scheme, "{input}: {got}");
        assert_eq!(got["element_string"].as_str(), elements, "{input}: {got}");
        assert_eq!(got["input"], input);
    }
}
