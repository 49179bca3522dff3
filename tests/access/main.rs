//! Who may do what through the daemon's doors: nothing without a credential, nothing beyond the
//! role, nothing by the one who did it himself; and every no is on record.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod changes;
mod devices;
mod doors;
mod duties;
mod factors;
mod fields;
mod guards;
mod sessions;
mod standing;
mod tasks;

use gatewarden_tests::{Gateway, People, Settings};
use serde_json::Value;

async fn staffed(settings: Settings) -> (Gateway, People) {
    let gateway = Gateway::start(settings).await;
    let people = People::enrol(&gateway).await;
    (gateway, people)
}

/// The entry that an answer says it is recorded in.
fn entry_of(gateway: &Gateway, answer: &Value) -> Value {
    let seq = answer["recorded"].as_u64().unwrap_or_else(|| panic!("not recorded: {answer}"));
    gateway.journal().0[usize::try_from(seq).unwrap()].clone()
}

/// The reasons for which sessions of somebody ended, in order.
fn ends(gateway: &Gateway, operator: &str) -> Vec<String> {
    let journal = gateway.journal();
    let own = journal.of_kind("session-ended").filter(|body| body["operator"] == operator);
    own.map(|body| body["reason"].as_str().unwrap().to_owned()).collect()
}
