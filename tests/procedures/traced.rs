//! One trace from any end: change of a bill, bill, work order, requisition, movement, its entry and its voucher lead
//! to each other, and what merely has an origin in common is not told. The change and its bill name each other, so
//! this is a circle, too.

use serde_json::{Value, json};

use crate::line::{Line, PIT, bolts, requisition, yes};

/// What a trace from somewhere tells, of which documents.
async fn traced(line: &Line, kind: &str, key: &str) -> (String, Vec<u64>) {
    let told = line.house.local.list(&format!("/trace/{kind}/{key}")).await;
    let seqs = told.iter().map(|one| one["seq"].as_u64().unwrap()).collect();
    (Value::Array(told).to_string(), seqs)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_the_chain_leads_to_every_other() {
    let line = Line::open().await;
    let number = "MR-202611-0001";
    let content = requisition(number, 4, &line.bom);
    let on = line.house.submit(&line.production, &content).await;
    yes(&line.house, &line.manager, &content, &on).await;
    line.shows(PIT).await;
    let moved = line.pieces(&bolts(1..5), "moved").await["movement"].clone();
    let movement = moved["id"].as_str().unwrap().to_owned();
    // Another requisition of the same order, which did not lead to it.
    line.house.write(&line.production, &requisition("MR-202611-0009", 1, &line.bom)).await;
    let vouchers = line.house.local.get("/api/v1/vouchers").await;
    let of_it = |one: &&Value| one["movement"] == json!(movement);
    let vouchers = vouchers.as_array().or(vouchers["vouchers"].as_array()).unwrap().clone();
    let voucher = vouchers.iter().find(of_it).unwrap()["seq"].to_string();

    let chain = ["ECO-2026-0001", "PUMP-100", "WO-202611-0001", number, &movement];
    let ends = [
        ("document", "ECO-2026-0001"),
        ("document", "PUMP-100"),
        ("document", "WO-202611-0001"),
        ("document", number),
        ("movement", &movement),
        ("voucher", &movement),
        ("voucher", &voucher),
        ("entry", &voucher),
    ];
    for (kind, key) in ends {
        let (told, seqs) = traced(&line, kind, key).await;
        for one in chain {
            assert!(told.contains(one), "{one} is not in the trace of {kind} {key}: {told}");
        }
        assert!(seqs.windows(2).all(|two| two[0] < two[1]), "in journal order, each once");
        assert!(seqs.contains(&voucher.parse().unwrap()));
        // From an origin all that followed; from one that followed nothing of the other's.
        let is_origin = kind == "document" && key != number;
        assert_eq!(told.contains("MR-202611-0009"), is_origin, "{kind} {key}: {told}");
    }
    let cli = line.house.gateway.cli_ok(&["ledger", "trace", "voucher", &voucher], "");
    assert!(cli.contains("ECO-2026-0001") && cli.contains(number), "{cli}");
    let wrong = line.house.gateway.cli(&["ledger", "trace", "vouchers", &voucher], "");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("entry (its sequence)"));
    line.house.verify();
}
