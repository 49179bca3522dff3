//! What goes wrong at a gateway, one thing at a time: the disk, the wires, the plugs, the spool, the
//! clock. Each time the daemon must stay up, say so, and lose or double nothing.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod answers;
mod bursts;
mod clock;
mod disk;
mod hostile;
mod plugs;
mod spool;
mod starts;
mod wires;

use gatewarden_tests::{Gateway, Journal, People, Settings};
use serde_json::Value;

/// A gateway with everybody enrolled and `li.wei` signed in at the dock.
async fn at_work(settings: Settings) -> (Gateway, People) {
    let gateway = Gateway::start(settings).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    (gateway, people)
}

/// Everything is delivered once and the ledger is whole.
async fn all_is_well(gateway: &Gateway, people: &People) {
    people.until_delivered(gateway).await;
    let erp = &gateway.hardware.erp;
    assert_eq!((erp.repeats(), erp.conflicts(), erp.refused()), (0, 0, 0));
    assert_eq!(erp.received().len(), gateway.journal().movements().count());
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// The gaps of a device.
fn gaps<'a>(journal: &'a Journal, device: &'a str) -> impl Iterator<Item = &'a Value> {
    journal.of_kind("gap").filter(move |gap| gap["device"] == device)
}

/// The keys of all things that stand in an entry with its pass, of one kind of entry.
fn things(journal: &Journal, kind: &str) -> Vec<String> {
    let passes = journal.of_kind(kind).filter_map(|body| body["pass"]["sightings"].as_array());
    let keys = passes.flatten().filter_map(|s| s["thing"]["key"].as_str());
    keys.map(str::to_owned).collect()
}
