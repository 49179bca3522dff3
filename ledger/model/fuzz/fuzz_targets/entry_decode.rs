//! Any bytes are an entry or are refused; an entry has exactly these bytes.
#![no_main]

use gatewarden_model::{Entry, canonical};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = canonical::decode::<Entry>(bytes) {
        assert_eq!(canonical::encode(&entry).ok().as_deref(), Some(bytes));
    }
});
