//! What tags hold beside the older schemes: EPCs of TDS 2, data behind their keys, and the whole EPC
//! bank with its protocol control words.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use gatewarden_model::{Epc, Form, Thing, epc::Pc, identify};
use serde_json::Value;

const VECTORS: &str = include_str!("vectors/epc_plus.jsonl");

fn json(input: &str, form: Form) -> Value {
    serde_json::to_value(identify(input, form)).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn epcs_of_tds_2_hold_what_was_put_in() {
    for line in VECTORS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap();
        let got = json(text("hex"), Form::Epc);
        assert_eq!(got["scheme"], row["scheme"], "{row}\n{got}");
        assert_eq!(got["element_string"], row["element_string"], "{row}\n{got}");
        assert_eq!((&got["tag_uri"], &got["pure_identity"]), (&Value::Null, &Value::Null));
        if row.get("digital_link").is_some() {
            assert_eq!(got["digital_link"], row["digital_link"], "{row}\n{got}");
        }
        let epc = Epc::from_hex(text("hex")).unwrap();
        assert_eq!(gatewarden_model::hash::hex_upper(&epc.to_bytes()), text("hex"), "{row}");
        assert_eq!(u64::from(epc.filter()), row["filter"].as_u64().unwrap(), "{row}");
        // Written again, it may take another encoding but says the same.
        let link = epc.digital_link().unwrap();
        let host = link.split('/').nth(2);
        let again =
            Epc::from_elements(&epc.elements(), text("scheme"), epc.filter(), None, host).unwrap();
        assert_eq!(again.elements(), epc.elements(), "{row}");
        assert_eq!(again.digital_link().unwrap(), link, "{row}");
        if host == Some("id.gs1.org") {
            assert!(again.to_bytes().len() <= epc.to_bytes().len(), "{row}");
        }
    }
}

#[test]
fn the_epc_bank_is_read_from_its_pc_word_on() {
    let sgtin = "3074257BF7194E4000001A85";
    for (hex, scheme, warning) in [
        (format!("3000{sgtin}"), "sgtin-96", None),
        (format!("3001{sgtin}"), "sgtin-96", Some("hazardous")),
        (format!("3A000010{sgtin}"), "sgtin-96", Some("extended-pc")),
        (format!("3000{sgtin}ABCD"), "sgtin-96", Some("beyond-length")),
        ("29A1CB1D54E0E72D39C4F5DB".to_owned(), "iso-17367", Some("no-epc")),
        ("21C2DEADBEEFDEADBEEF".to_owned(), "iso-28560", Some("no-epc")),
        ("0190".to_owned(), "iso-15961", Some("no-epc")),
    ] {
        let got = json(&hex, Form::Memory);
        assert_eq!((&got["ok"], &got["scheme"]), (&true.into(), &scheme.into()), "{hex}: {got}");
        assert_eq!(got["warnings"][0]["code"].as_str(), warning, "{hex}: {got}");
    }
    for (hex, code) in [
        ("30", "truncated"),
        ("3000", "truncated"),
        ("3000000000000000000000000000", "unprogrammed"),
        ("3000E28011606000020A6681F23F", "unknown-header"),
    ] {
        assert_eq!(json(hex, Form::Memory)["error"]["code"], code, "{hex}");
    }
    let bytes = unhex("DEADBEEFDEADBEEF");
    let library = Thing::of_memory(Some(Pc(0x21C2)), &bytes);
    assert_eq!(
        (library.key.as_str(), library.scheme.as_str()),
        ("afi:C2:DEADBEEFDEADBEEF", "iso-28560")
    );
    assert_eq!(Thing::of_memory(Some(Pc(0x3000)), &unhex(sgtin)), Thing::of_epc(&unhex(sgtin)));
    assert_eq!(Thing::of_memory(None, &unhex(sgtin)), Thing::of_epc(&unhex(sgtin)));
}

#[test]
fn data_behind_a_key_never_hides_the_key() {
    // (01)95201234567891… with the toggle set, then: a reserved header, an identifier without an
    // encoding, a date that is none.
    let key = "F73795211411234538566CB0AFC4";
    let toggled = format!("F7B{}", &key[3..]);
    for (behind, warning) in
        [("", None), ("F123", Some("unread-data")), ("1723", Some("unread-data"))]
    {
        let got = json(&format!("{toggled}{behind}"), Form::Epc);
        assert_eq!(got["element_string"], "(01)79521141123453(21)32a/b", "{behind}: {got}");
        assert_eq!(got["warnings"][0]["code"].as_str(), warning, "{behind}: {got}");
    }
    // Found by fuzzing: a terminator with bits behind it.
    let odd = "FA87573696E4AA1D4715D43132C480088D0858F76000";
    let got = json(odd, Form::Epc);
    let mut warnings = got["warnings"].as_array().unwrap().iter();
    assert!(warnings.any(|w| w["code"] == "unread-data"), "{got}");
    assert_eq!(Epc::from_hex(odd).unwrap().to_bytes(), unhex(odd));
    let got = json(&format!("{key}1723"), Form::Epc);
    assert_eq!(got["error"]["code"], "trailing-bits");
}

#[test]
fn filters_have_meanings() {
    use gatewarden_model::epc::filter_meaning;
    assert_eq!(filter_meaning("sgtin-96", 1), Some("point of sale item"));
    assert_eq!(filter_meaning("SGTIN++", 6), Some("unit load"));
    assert_eq!(filter_meaning("sscc-96", 2), Some("full case for transport"));
    assert_eq!(filter_meaning("usdod-96", 0), Some("pallet"));
    assert_eq!((filter_meaning("grai-96", 3), filter_meaning("gid-96", 0)), (None, None));
}

#[test]
fn a_dated_tag_and_its_label_are_one_thing() {
    let epc = Epc::from_hex("FB342CDE795211411234538566CB0AFC4000").unwrap();
    let thing = Thing::of_epc(&epc.to_bytes());
    assert_eq!(thing.key, "(01)79521141123453(21)32a/b");
    assert_eq!(thing.scheme, "DSGTIN+");
    assert_eq!(
        (thing.gtin.as_deref(), thing.serial.as_deref()),
        (Some("79521141123453"), Some("32a/b"))
    );
}
