//! `bench devices` with tiny numbers: it counts right and tells its goals. Nothing here judges speed.

use serde_json::Value;

use super::{err, out, run};

#[test]
fn bench_devices_accounts_for_every_read_tag_scan_and_outage() {
    let counts = ["--readers", "2", "--reads", "2010", "--distinct", "700", "--scans", "3"];
    let mut arguments = vec!["bench", "devices", "--json", "--seconds", "1", "--drops", "1"];
    arguments.extend(counts);
    arguments.extend(["--part", "memory,reads,light,back"]);
    let output = run(&arguments);
    assert!(output.status.success(), "{}", err(&output));
    let told: Value = serde_json::from_str(&out(&output)).unwrap();
    for (figure, expected) in [
        ("memory_tags", 700),
        ("memory_dropped", 0),
        ("sent", 4020),
        ("accounted", 4020),
        ("dropped", 0),
        ("sightings", 400),
        ("light_scans", 3),
        ("back_drops", 1),
    ] {
        assert_eq!(told[figure], expected, "{figure} of {told}");
    }
    let goals = told["goals"].as_array().unwrap();
    assert!(goals.iter().any(|goal| goal["figure"] == "back_read_ms_max"), "{told}");
}
