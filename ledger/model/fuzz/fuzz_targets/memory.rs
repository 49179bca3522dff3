//! Any bytes behind any PC word are named; an EPC of TDS 2 is built again from what it says.
#![no_main]

use gatewarden_model::{
    Epc, Thing,
    epc::{Memory, Pc, read_memory},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (word, bytes) = input;
    let _ = Thing::of_memory(Some(Pc(word)), &bytes);
    let Memory::Epc(epc) = read_memory(None, &bytes) else { return };
    let elements = epc.elements();
    let twice = elements.iter().enumerate().any(|(i, e)| elements[..i].iter().any(|o| o.ai == e.ai));
    if epc.tag_uri().is_some() || epc.unread().is_some() || twice {
        return;
    }
    let link = epc.digital_link().unwrap_or_default();
    let host = link.strip_prefix("https://").and_then(|l| l.split('/').next());
    let built = Epc::from_elements(&epc.elements(), epc.scheme(), epc.filter(), None, host);
    if let Ok(built) = built {
        assert_eq!(built.elements(), epc.elements());
    }
});
