//! The demo is the acceptance of the main job: it must hold from its first line to its last.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::process::Command;

use gatewarden_tests::gatewarden;
use serde_json::Value;

#[test]
fn every_expectation_of_the_demo_holds() {
    let output = Command::new(gatewarden()).args(["demo", "--once", "--json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let last = text.lines().next_back().unwrap();
    let sum: Value = serde_json::from_str(last).unwrap();
    let places = ["steps", "movements", "delivered", "duplicates", "lost", "tamper_detected"]
        .map(|key| last.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key}: {last}")));
    assert!(places.is_sorted() && sum.as_object().unwrap().len() == places.len(), "{last}");
    assert_eq!(
        (&sum["steps"], &sum["duplicates"], &sum["lost"]),
        (&Value::from(8), &Value::from(0), &Value::from(0)),
        "{last}"
    );
    assert_eq!(sum["tamper_detected"], true, "{last}");
    assert_eq!(sum["delivered"], sum["movements"], "{last}");
    assert!(sum["movements"].as_u64() >= Some(7), "{last}");
}
