//! Any text is a Digital Link or is refused; what is one can be written, and says the same again.
#![no_main]

use gatewarden_model::gs1::{RESOLVER, parse_link, relink, respell};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = respell(text);
    for uri in [text.to_owned(), format!("https://a/01/{text}"), format!("https://a/{text}")] {
        let Ok(data) = parse_link(&uri) else { continue };
        let Some(link) = relink(&data, RESOLVER) else { continue };
        let mut again = parse_link(&link).expect("what was written can be read").elements;
        let mut first = data.elements.clone();
        first.sort_by(|a, b| (a.ai, &a.value).cmp(&(b.ai, &b.value)));
        again.sort_by(|a, b| (a.ai, &a.value).cmp(&(b.ai, &b.value)));
        assert_eq!(again, first);
    }
});
