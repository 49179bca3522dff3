//! Any bytes are an entry or are refused; an entry has exactly these bytes.
#![no_main]

use gatewarden_model::{Entry, canonical};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let careful = canonical::decode::<Entry>(bytes);
    assert_eq!(Entry::decode(bytes).ok(), careful.as_ref().ok().cloned(), "both ways to read it");
    if let Ok(entry) = careful {
        assert_eq!(canonical::encode(&entry).ok().as_deref(), Some(bytes));
    }
});
