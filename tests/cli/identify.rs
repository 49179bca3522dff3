//! `identify`: one JSON object a line, with exactly the agreed keys, for each form.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use gatewarden_tests::gatewarden;
use serde_json::Value;

use super::{out, run};

/// The agreed keys in the agreed order.
const KNOWN: [&str; 9] = [
    "input",
    "ok",
    "scheme",
    "tag_uri",
    "pure_identity",
    "element_string",
    "digital_link",
    "elements",
    "warnings",
];
const REFUSED: [&str; 3] = ["input", "ok", "error"];

/// The keys of the outermost object in the order in which they stand.
fn keys(line: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(line).unwrap();
    let place = |key: &String| line.find(&format!("\"{key}\":")).unwrap();
    let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
    keys.sort_by_key(place);
    keys
}

fn identify(arguments: &[&str]) -> Vec<Value> {
    let output = run(&[&["identify"], arguments].concat());
    assert!(output.status.success());
    let text = out(&output);
    let lines = text.lines().map(|line| {
        let value: Value = serde_json::from_str(line).unwrap();
        let wanted = if value["ok"] == true { KNOWN.to_vec() } else { REFUSED.to_vec() };
        assert_eq!(keys(line), wanted, "{line}");
        value
    });
    lines.collect()
}

#[test]
fn each_form_says_what_it_is() {
    // TDS 2.1, E.3: GTIN 80614141123458, serial 6789.
    let epc = "3074257BF7194E4000001A85";
    let brackets = "(01)80614141123458(21)6789";
    let link = "https://id.gs1.org/01/80614141123458/21/6789";
    for (form, input) in [
        ("epc", epc),
        ("epc", "urn:epc:tag:sgtin-96:3.0614141.812345.6789"),
        ("scan", "]d2018061414112345821" /* GTIN and serial */),
        ("bracketed", brackets),
        ("digital-link", link),
    ] {
        let input = if form == "scan" { format!("{input}6789") } else { input.to_owned() };
        for named in [form, "auto"] {
            let told = identify(&["--as", named, &input]).remove(0);
            assert_eq!(told["ok"], true, "{named} {told}");
            assert_eq!(told["input"], *input);
            assert_eq!(told["element_string"], brackets, "{named} {input}: {told}");
            assert_eq!(told["digital_link"], link, "{named} {input}");
            assert_eq!(told["elements"][0]["ai"], "01", "{told}");
            assert_eq!(told["elements"][1]["value"], "6789", "{told}");
            let scheme = if form == "epc" { "sgtin-96" } else { "gs1" };
            assert_eq!(told["scheme"], scheme, "{told}");
            let uri = told["pure_identity"].as_str();
            let wanted = (form == "epc").then_some("urn:epc:id:sgtin:0614141.812345.6789");
            assert_eq!(uri, wanted, "{told}");
        }
    }
    let pallet = identify(&["3174257BF4499602D2000000"]).remove(0);
    assert_eq!(pallet["scheme"], "sscc-96", "{pallet}");
    assert_eq!(pallet["elements"][0]["ai"], "00", "{pallet}");
    let separated = identify(&["--as", "scan", "]C1010061414181234910A1<GS>2142"]).remove(0);
    assert_eq!(separated["elements"].as_array().unwrap().len(), 3, "{separated}");
}

#[test]
fn what_can_not_be_read_is_an_answer() {
    for (form, input) in [
        ("epc", "30FF"),
        ("epc", "zz"),
        ("bracketed", "(01)123"),
        ("digital-link", "https://example.com/"),
        ("scan", "]d20106141"),
    ] {
        let told = identify(&["--as", form, input]).remove(0);
        assert_eq!(told["ok"], false, "{told}");
        for key in ["code", "message"] {
            assert!(told["error"][key].as_str().is_some_and(|t| !t.is_empty()), "{told}");
        }
    }
}

#[test]
fn standard_input_is_read_line_by_line() {
    let mut child = Command::new(gatewarden())
        .arg("identify")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = b"3074257BF7194E4000001A85\n\xff\xfe\n\n(01)80614141123458\r\nlast";
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = out(&output);
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(lines[3]["element_string"], "(01)80614141123458");
    assert_eq!(lines[4]["input"], "last");
}
