//! Attacks on the running daemon, a file for each family: each is really carried out, from outside, and
//! fails with an exact status and code; what the journal holds afterwards is looked at, and that work
//! goes on meanwhile where the attack is on that.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod bodies;
mod clocks;
mod floods;
mod inputs;
mod matrix;
mod origins;
mod pins;
mod raw;
mod roles;
mod tls;
mod tokens;

use gatewarden_tests::{Caller, Gateway, People, Settings};
use serde_json::{Value, json};

async fn staffed(settings: Settings) -> (Gateway, People) {
    let gateway = Gateway::start(settings).await;
    let people = People::enrol(&gateway).await;
    (gateway, people)
}

/// A machine with these scopes.
async fn machine(gateway: &Gateway, name: &str, scopes: &[String]) -> Caller {
    let body = json!({"client": name, "scopes": scopes});
    gateway.anybody().with_token(&gateway.token(&body).await)
}

/// Every right there is, as `module:action`.
fn rights() -> Vec<String> {
    let modules = ["inbound", "outbound", "count", "transfer", "price", "ledger", "system"];
    let actions = ["view", "create", "modify", "delete", "request", "approve", "execute"];
    modules.iter().flat_map(|m| actions.iter().map(move |a| format!("{m}:{a}"))).collect()
}

/// The value of one of the daemon's counters.
async fn counter(viewer: &Caller, name: &str) -> u64 {
    let text = viewer.get("/metrics").await;
    let line =
        text.as_str().unwrap().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

/// The entries of a kind that an attack added since `from`.
fn added<'a>(journal: &'a [Value], from: usize, kind: &str) -> Vec<&'a Value> {
    journal[from..].iter().map(|e| &e["body"]).filter(|b| b["kind"] == kind).collect()
}
