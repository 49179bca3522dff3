//! `probe`: what a reader is and which tags it sees.

use std::process::Command;

use gatewarden_simulators::llrp::{LlrpOptions, SimReader, SimTag};
use gatewarden_tests::{BOLT, epc, free_port, gatewarden};
use serde_json::Value;

use super::{err, out};

async fn probe(arguments: Vec<String>) -> std::process::Output {
    let run = move || Command::new(gatewarden()).arg("probe").args(arguments).output().unwrap();
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_asked_what_it_sees() {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    let tag = |serial| SimTag { epc: epc(BOLT, serial), antenna: 1, rssi_dbm: -50 };
    reader.set_field((1..=5).map(tag).collect());
    let url = format!("llrp://{}", reader.address());
    let plain = probe(vec![url.clone(), "--seconds".into(), "2".into()]).await;
    assert!(plain.status.success(), "{}", err(&plain));
    for serial in 1..=5 {
        let named = format!("(01){BOLT}(21){serial}");
        assert!(out(&plain).contains(&named), "{named}: {}", out(&plain));
    }
    let json = probe(vec![url, "--seconds".into(), "2".into(), "--json".into()]).await;
    assert!(json.status.success(), "{}", err(&json));
    let report: Value = serde_json::from_str(&out(&json)).unwrap();
    let tags = report["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 5, "{report}");
    for tag in tags {
        assert!(tag["epc"].as_str().is_some_and(|epc| epc.len() == 24), "{tag}");
        assert!(tag["count"].as_u64() > Some(0), "{tag}");
        assert_eq!(tag["antennas"], serde_json::json!([1]), "{tag}");
    }
    let reads: u64 = tags.iter().map(|tag| tag["count"].as_u64().unwrap()).sum();
    assert_eq!(report["reads"].as_u64(), Some(reads), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_and_nothing_known_are_told() {
    let nobody = probe(vec![format!("llrp://127.0.0.1:{}", free_port())]).await;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(err(&nobody).contains("check the address"), "{}", err(&nobody));
    let unknown = probe(vec!["opc.tcp://127.0.0.1:4840".into()]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("llrp://"), "{}", err(&unknown));
}
