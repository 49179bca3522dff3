//! A scenario played through: its devices start, its steps happen in order, its events are told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewarden_simulators::scenario::{Scenario, play};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const TEXT: &str = r#"
after_ms = 0
[[devices]]
name = "door"
kind = "llrp"
seed = 9
[[devices]]
name = "hand"
kind = "scanner"
[[devices]]
name = "lamp"
kind = "lights"
[[steps]]
at_ms = 0
device = "hand"
do = "scan"
text = "]C0OP-1"
[[steps]]
at_ms = 20
device = "lamp"
do = "cut"
[[steps]]
at_ms = 20
device = "door"
do = "power-cycle"
"#;

async fn told(text: &str) -> (Vec<Value>, Result<(), String>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let tell = Arc::new(move |event| kept.lock().unwrap().push(event));
    let playing = play(Scenario::parse(text).unwrap(), tell, CancellationToken::new());
    let played = tokio::time::timeout(Duration::from_secs(10), playing).await.unwrap();
    let events = events.lock().unwrap().clone();
    (events, played.map_err(|error| error.to_string()))
}

#[tokio::test]
async fn a_scenario_plays_to_its_end() {
    let (events, played) = told(TEXT).await;
    assert_eq!(played, Ok(()));
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["started", "started", "started", "step", "step", "step", "end"]);
    assert_eq!(events[0]["seed"], 9);
    let times: Vec<_> = events.iter().map(|event| event["at_ms"].as_u64().unwrap()).collect();
    assert!(times.is_sorted() && times[4] >= 20, "{times:?}");
}

#[tokio::test]
async fn a_step_that_fails_names_its_device() {
    let text = TEXT.replace("do = \"cut\"", "do = \"input\"\nport = 99\non = true");
    let (_, played) = told(&text).await;
    assert_eq!(played, Err("step of lamp at 20 ms failed".to_owned()));
}

/// A printer's faults are steered by a scenario as by the library: here each hits the next format.
#[tokio::test]
async fn every_fault_of_a_printer_can_be_played() {
    let steps = [
        "paper\"\non = false",
        "ribbon\"\non = false",
        "head\"\non = true",
        "pause\"\non = true",
        "paper\"\non = true",
        "ribbon\"\non = true",
        "head\"\non = false",
        "pause\"\non = false",
        "power-loss\"\nlabels = 1",
        "silence",
        "garbage",
        "swallow",
        "wrong-tag",
        "bad-tags\"\ncount = 2",
        "roll\"\ncount = 3",
        "swap\"\nserial = \"OTHER",
        "mute\"\non = true",
        "mute\"\non = false",
        "go-away",
        "come-back",
    ];
    let mut text = "after_ms = 0\n[[devices]]\nname = \"zebra\"\nkind = \"printer\"\n".to_owned();
    for step in steps {
        // A verb with arguments has closed its quote by itself, unless a text ends it.
        let quote = if step.contains('\n') && !step.ends_with("OTHER") { "" } else { "\"" };
        text += &format!("[[steps]]\nat_ms = 0\ndevice = \"zebra\"\ndo = \"{step}{quote}\n");
    }
    let (events, played) = told(&text).await;
    assert_eq!(played, Ok(()));
    let done = events.iter().filter(|event| event["event"] == "step").count();
    assert_eq!(done, steps.len(), "{events:?}");
}
