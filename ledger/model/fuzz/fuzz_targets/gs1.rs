//! Any text is identified or refused in every form; valid elements survive brackets and scans.
#![no_main]

use gatewarden_model::{
    Form, ScanRead, Thing,
    gs1::{bracketed, parse_bracketed, parse_elements, scan_data},
    identify,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for (_, form) in Form::NAMES {
        let _ = serde_json::to_string(&identify(text, form));
    }
    let _ = Thing::of_scan(&ScanRead { text: text.to_owned(), aim: None });
    if let Ok(data) = parse_elements(text) {
        assert_eq!(parse_elements(&scan_data(&data.elements)), Ok(data.clone()));
        assert_eq!(parse_bracketed(&bracketed(&data.elements)), Ok(data));
    }
});
