//! Rules after the fact: stock that falls under its safety level is told once, with a draft and a to-do.

use gatewarden_tests::until;
use serde_json::Value;

use crate::house::House;

const ITEM: &str = r#"
[[items]]
code = "NUT-M8"
name = "Hexagon nut M8"
safety_stock = 50
"#;

#[tokio::test(flavor = "multi_thread")]
async fn stock_under_its_safety_level_is_told_once() {
    let mut house = House::with(ITEM).await;
    house.found("AD-202611-0001", "NUT-M8", 100, "wh1/a-01").await;
    house.taken("AD-202611-0002", "NUT-M8", 60, "wh1/a-01").await;
    let draft = until("something is suggested", || async { suggested(&house).await.pop() }).await;
    assert_eq!(draft["state"], "draft", "{draft}");
    let why = house.gateway.cli_ok(&["rules", "explain", &fired(&house)], "");
    assert!(why.contains("stock.projected") && why.contains("40"), "{why}");
    house.taken("AD-202611-0003", "NUT-M8", 1, "wh1/a-01").await;
    assert!(house.gateway.stop().await.success());
    house.gateway.run().await;
    assert_eq!(suggested(&house).await.len(), 1, "it was crossed before");
    house.verify();
}

async fn suggested(house: &House) -> Vec<Value> {
    house.local.list("/api/v1/documents?kind=purchase-suggestion").await
}

/// The entry that says what the rule found, as the trace numbers it.
fn fired(house: &House) -> String {
    let told = house.gateway.cli_ok(&["ledger", "trace", "item", "NUT-M8"], "");
    let (before, _) = told.split_once("rule safety-stock found").unwrap();
    let number = before.rsplit('#').next().and_then(|entry| entry.split(' ').next());
    number.unwrap().to_owned()
}
