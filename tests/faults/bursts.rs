//! Eight scanners of one station at once, fifty scans a second each, four of them with acknowledged packets.

use std::time::Duration;

use gatewarden_simulators::{
    scanner::SimScanner,
    ssi::{SimSsi, SsiOptions},
};
use gatewarden_tests::{Settings, until};

use super::{all_is_well, at_work, gaps};

const SCANS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn no_scan_of_a_burst_is_lost_or_merged() {
    let lines: Vec<SimScanner> = (0..4).map(|_| SimScanner::start().unwrap()).collect();
    let packets: Vec<SimSsi> =
        (0..4).map(|_| SimSsi::start(SsiOptions::default()).unwrap()).collect();
    let paths = lines.iter().map(SimScanner::path).chain(packets.iter().map(SimSsi::path));
    let paths: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    let names: Vec<String> = (0..8).map(|nth| format!("burst-{nth}")).collect();
    let mut more = format!("\n[[stations]]\nname = \"hall\"\ndevices = {names:?}\n");
    for (nth, (name, path)) in names.iter().zip(&paths).enumerate() {
        let protocol = if nth < 4 { "lines" } else { "ssi" };
        more += &format!(
            "\n[[devices]]\nname = {name:?}\nkind = \"line-scanner\"\npath = {path:?}\n\
             protocol = {protocol:?}\nidentity = {{ path = {path:?} }}\n"
        );
    }
    let (gateway, people) = at_work(Settings { more, ..Settings::default() }).await;
    let before = gateway.journal();
    let scanning = tokio::task::spawn_blocking(move || {
        for nth in 0..SCANS {
            for (at, line) in lines.iter().enumerate() {
                line.scan(&format!("]C0BURST-{at}-{nth:03}")).unwrap();
            }
            for (at, packet) in packets.iter().enumerate() {
                packet.scan(0x03, &format!("BURST-{}-{nth:03}", at + 4)).unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        (lines, packets)
    });
    let _plugged = scanning.await.unwrap();
    // Each scanner's scans, in the order of their times.
    let seen = |name: &str| {
        let journal = gateway.journal();
        let passes =
            journal.of_kind("quarantined").filter_map(|body| body["pass"]["sightings"].as_array());
        let own = passes.flatten().filter(|sighting| sighting["device"] == name);
        let mut own: Vec<(u64, String, u64)> = own
            .map(|sighting| {
                let at = sighting["first"]["mono_us"].as_u64().unwrap_or_default();
                let key = sighting["thing"]["key"].as_str().unwrap_or_default().to_owned();
                (at, key, sighting["reads"].as_u64().unwrap_or_default())
            })
            .collect();
        own.sort_by_key(|(at, ..)| *at);
        own
    };
    for (at, name) in names.iter().enumerate() {
        let all = until("all scans of the burst are in the journal", || async {
            Some(seen(name)).filter(|all| all.len() >= SCANS)
        })
        .await;
        assert_eq!(all.len(), SCANS, "{name}");
        for (nth, (_, key, reads)) in all.iter().enumerate() {
            assert!(key.ends_with(&format!("BURST-{at}-{nth:03}")), "{name}: {key}");
            assert_eq!(*reads, 1, "{name}: {key}");
        }
        let after = gateway.journal();
        assert_eq!(gaps(&after, name).count(), gaps(&before, name).count(), "{name}");
    }
    all_is_well(&gateway, &people).await;
}
