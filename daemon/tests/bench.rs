//! `gatewarden bench size` starts this program as its own child, so it is tried from outside. The
//! other benches are tried in miniature beside their code.

use std::process::Command;

use serde_json::Value;

#[test]
fn the_size_of_the_idle_daemon_is_measured() {
    let output = Command::new(env!("CARGO_BIN_EXE_gatewarden"))
        .args(["bench", "size", "--seconds", "0", "--json"])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for figure in ["idle_rss_mb", "threads", "ready_s", "program_mb"] {
        assert!(report[figure].as_f64().is_some_and(|value| value > 0.0), "{figure}: {report}");
    }
    assert_eq!(report["goals"].as_array().map(Vec::len), Some(3));
}
