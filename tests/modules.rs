//! UHF modules on serial ports at a door, of four makers: what they see is posted, their faults are recorded, and a
//! module whose cable was pulled is used again within seconds.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    process::Command,
    time::{Duration, Instant},
};

use gatewarden_simulators::uhf::{Protocol, SimUhf, UhfOptions, UhfTag};
use gatewarden_tests::{BOLT, Gateway, Journal, People, Settings, epc, gatewarden, receipt, until};
use serde_json::Value;

/// "Within two seconds", with room for a busy machine; the driver's own test is stricter.
const SOON: Duration = Duration::from_secs(6);
/// Name, what the configuration says of it, and what stands there.
const MODULES: [(&str, &str, Protocol); 4] = [
    ("r200", "power_dbm = 26\nregion = \"eu\"\nsession = 1", Protocol::R200 { alternate: false }),
    ("reader18", "protocol = \"uhfreader18\"", Protocol::Reader18 { address: 0 }),
    ("chafon", "protocol = \"chafon\"", Protocol::Chafon { low_first: true }),
    ("mercury", "protocol = \"mercury\"\nregion = \"eu\"", Protocol::Mercury),
];

fn bolts(serials: std::ops::Range<u64>) -> Vec<UhfTag> {
    serials.map(|serial| UhfTag { epc: epc(BOLT, serial), rssi_dbm: -55 }).collect()
}

/// Waits for a gap of the first module whose reason holds these words.
async fn gap(gateway: &Gateway, words: &str) -> Value {
    let ledger = gateway.ledger();
    until(words, || async {
        let journal = Journal::read(&ledger);
        let mut gaps = journal.of_kind("gap").filter(|gap| gap["device"] == "r200");
        gaps.find(|gap| gap["reason"].as_str().is_some_and(|r| r.contains(words))).cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_of_four_makers_read_one_pallet_and_one_loses_its_cable() {
    let start = |protocol| SimUhf::start(UhfOptions::new(protocol)).unwrap();
    let sims: Vec<SimUhf> = MODULES.map(|(_, _, protocol)| start(protocol)).into();
    let device = |((name, keys, _), sim): (&(&str, &str, _), &SimUhf)| {
        let path = sim.path().display();
        format!(
            "\n[[devices]]\nname = \"{name}\"\nkind = \"uhf-reader\"\npath = \"{path}\"\n\
             baud = 115200\n{keys}\n"
        )
    };
    let more = MODULES.iter().zip(&sims).map(device).collect();
    let mut gateway = Gateway::prepare(Settings { more, ..Settings::default() }).await;
    let names = "\"lights-1\", \"r200\", \"reader18\", \"chafon\", \"mercury\"]\n";
    gateway.reconfigure("\"lights-1\"]\n", names);
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;

    // Each module sees its own two; only together they see the pallet.
    people.open(&receipt("PO-1", 8)).await;
    for (sim, at) in sims.iter().zip((1..).step_by(2)) {
        sim.set_tags(bolts(at..at + 2));
    }
    people.moved("PO-1").await;
    let journal = gateway.journal();
    let moved = journal.of_kind("moved").last().unwrap();
    assert_eq!(moved["pass"]["sightings"].as_array().unwrap().len(), 8, "{moved}");
    sims.iter().for_each(|sim| sim.set_tags(vec![]));

    sims[0].garbage(3, 60);
    gap(&gateway, "bytes that are no frame").await;
    sims[0].unplug_in_a_frame();
    gateway.until_devices(&people.viewer, &[("r200", "down")]).await;
    sims[0].replug().unwrap();
    let since = Instant::now();
    gateway.until_devices(&people.viewer, &[]).await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    let told = gap(&gateway, "did not read").await;
    assert!(told["reason"].as_str().unwrap().contains("unplugged"), "{told}");

    people.open(&receipt("PO-2", 2)).await;
    sims[0].set_tags(bolts(21..23));
    people.moved("PO-2").await;
    people.until_delivered(&gateway).await;
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_which_module_it_is_and_that_a_line_scanner_answers_nobody() {
    let probe = |url: String| async move {
        let run =
            move || Command::new(gatewarden()).args(["probe", &url, "--seconds", "1"]).output();
        let told = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
        let text = [told.stdout, told.stderr].concat();
        (told.status.code(), String::from_utf8(text).unwrap())
    };
    let tags = bolts(1..4);
    let sim = SimUhf::start(UhfOptions { tags, ..UhfOptions::new(Protocol::Mercury) }).unwrap();
    let path = sim.path().display();
    let (code, text) = probe(format!("serial://{path}?baud=115200&region=us")).await;
    assert_eq!(code, Some(0), "{text}");
    let bolt = format!("(01){BOLT}(21)3");
    for part in ["ThingMagic, M6e Nano", "protocol mercury", "antennas 1, power 20 dBm", &bolt] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let scanner = gatewarden_simulators::scanner::SimScanner::start().unwrap();
    let path = scanner.path().display();
    let (code, text) = probe(format!("serial://{path}?baud=9600&protocol=r200")).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("a line scanner answers nobody"), "{text}");
}
