//! What is exported is imported as the same, whatever it says; and JSON means what serde reads.

use gatewarden_documents::exchange::{Columns, CsvExport, JsonExport, Mode, Settings, documents};
use gatewarden_model::DocumentContent;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{House, content, contents, put_in};

fn csv(contents: &[DocumentContent]) -> Vec<u8> {
    let mut columns = Columns::new();
    contents.iter().for_each(|content| columns.observe(content));
    let mut out = CsvExport::new(Vec::new(), columns).unwrap();
    contents.iter().for_each(|content| out.put(content).unwrap());
    out.finish().unwrap()
}

fn json(contents: &[DocumentContent], is_array: bool) -> Vec<u8> {
    let mut out = JsonExport::new(Vec::new(), is_array);
    contents.iter().for_each(|content| out.put(content).unwrap());
    out.finish().unwrap()
}

fn read(text: &[u8]) -> Vec<DocumentContent> {
    let content = |parsed: gatewarden_documents::exchange::Parsed| {
        let told: Vec<_> = parsed.mistakes.list.iter().map(ToString::to_string).collect();
        parsed.content.unwrap_or_else(|| panic!("{told:#?}\n{}", String::from_utf8_lossy(text)))
    };
    documents(text, &Settings::default()).map(content).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_export_is_imported_as_the_same(contents in contents()) {
        for text in [csv(&contents), json(&contents, true), json(&contents, false)] {
            let again = read(&text);
            prop_assert_eq!(&again, &contents, "{}", String::from_utf8_lossy(&text));
            let mut house = House::default();
            let first = put_in(&mut house, &text, Mode::Whole, Settings::default());
            prop_assert_eq!(first.new, contents.len() as u64);
            let second = put_in(&mut house, &text, Mode::Each, Settings::default());
            prop_assert_eq!((second.new, second.same), (0, contents.len() as u64));
        }
    }

    #[test]
    fn json_means_what_serde_reads(
        content in content(),
        at in any::<prop::sample::Index>(),
        other in prop::sample::select(vec![
            json!(null), json!(1), json!(-1), json!(1.5), json!("x"), json!([]), json!({}), json!(true),
            json!(5_000_000_000_u64), json!("2026-11-29"), json!("blocked"), json!([{}]),
        ]),
    ) {
        let mut value = serde_json::to_value(&content).unwrap();
        let mut paths = Vec::new();
        leaves(&value, String::new(), &mut paths);
        let path = at.get(&paths);
        *value.pointer_mut(path).unwrap() = other;
        let text = serde_json::to_vec(&value).unwrap();
        let serde = serde_json::from_slice::<DocumentContent>(&text);
        let ours = documents(text.as_slice(), &Settings::default()).next().unwrap().content;
        // Texts of numbers are held to more here.
        let is_number = path.ends_with("/number");
        prop_assert!(is_number || serde.is_ok() == ours.is_some(), "{path}: {serde:?} {ours:?}");
        if let (Ok(serde), Some(ours)) = (serde, ours) {
            prop_assert_eq!(serde, ours);
        }
    }

    #[test]
    fn no_bytes_make_it_fail(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let csv = [b"number,title,item,quantity\n".as_slice(), &text].concat();
        let json = [b"{\"document\":".as_slice(), &text].concat();
        for text in [&text, &csv, &json] {
            let all: Vec<_> = documents(text.as_slice(), &crate::house::requisitions()).collect();
            prop_assert!(all.len() <= text.len() + 2);
        }
    }
}

/// The JSON pointers of all that a value holds.
fn leaves(value: &Value, path: String, out: &mut Vec<String>) {
    let mut under = |key: String, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        leaves(value, format!("{path}/{key}"), out);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| under(key.clone(), value)),
        Value::Array(array) => {
            array.iter().enumerate().for_each(|(at, value)| under(at.to_string(), value));
        }
        _ => {}
    }
    if !path.is_empty() {
        out.push(path);
    }
}

#[test]
fn a_formula_is_written_as_text_and_read_as_it_was() {
    let mut content = read(br#"{"document":{"kind":"requisition","number":"R-1"},"version":1}"#);
    content[0].title = "=HYPERLINK(\"http://evil\")".to_owned();
    content[0].note = "-1200.50".to_owned();
    let text = String::from_utf8(csv(&content)).unwrap();
    assert!(text.starts_with("\u{feff}kind,number,version,title,note\r\n"), "{text}");
    assert!(text.contains("\"'=HYPERLINK(\"\"http://evil\"\")\",-1200.50"), "{text}");
    assert_eq!(read(text.as_bytes()), content);
}

#[test]
fn what_the_header_does_not_hold_is_not_left_out_in_silence() {
    let contents =
        read(br#"{"document":{"kind":"requisition","number":"R-1"},"version":1,"title":"x"}"#);
    let mut out = CsvExport::new(Vec::new(), Columns::new()).unwrap();
    let error = out.put(&contents[0]).unwrap_err().to_string();
    assert!(error.contains("requisition R-1"), "{error}");
}
