//! Any bytes decode or are refused; what decodes is written back bit for bit, by its URI too.
#![no_main]

use gatewarden_model::{Epc, Thing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let thing = Thing::of_epc(bytes);
    let Ok(epc) = Epc::decode(bytes) else {
        assert!(thing.key.starts_with("hex:"));
        return;
    };
    let again = epc.to_bytes();
    let common = again.len().min(bytes.len());
    assert_eq!(again[..common], bytes[..common]);
    if let Some(uri) = epc.tag_uri() {
        assert_eq!(Epc::from_tag_uri(&uri).as_ref(), Ok(&epc));
    }
    if let Some(identity) = epc.pure_identity() {
        let again = Epc::of_pure_identity(&identity, epc.scheme(), epc.filter());
        assert_eq!(again.as_ref(), Ok(&epc));
    }
    let _ = epc.digital_link();
});
