//! Rules after the fact: stock that falls under its safety level is told once, with a draft and a to-do.

use gatewarden_tests::until;
use serde_json::Value;

use crate::house::House;

const ITEM: &str = r#"
[[items]]
code = "NUT-M8"
safety_stock = 50
"#;

#[tokio::test(flavor = "multi_thread")]
async fn stock_under_its_safety_level_is_told_once() {
    let mut house = House::with(ITEM).await;
    house.found("AD-202611-0001", "NUT-M8", 100, "wh1/a-01").await;
    house.taken("AD-202611-0002", "NUT-M8", 60, "wh1/a-01").await;
    let fired = until("the level is told", || async { fired(&house).await.pop() }).await;
    assert_eq!(fired["firing"]["rule"], "safety-stock", "{fired}");
    assert_eq!(fired["firing"]["facts"]["stock.projected"], 40, "{fired}");
    let drafts = house.local.list("/api/v1/documents?kind=purchase-suggestion").await;
    assert_eq!(drafts.len(), 1, "{drafts:?}");
    assert_eq!(drafts[0]["state"], "draft", "{}", drafts[0]);
    house.taken("AD-202611-0003", "NUT-M8", 1, "wh1/a-01").await;
    assert!(house.gateway.stop().await.success());
    house.gateway.run().await;
    let drafts = house.local.list("/api/v1/documents?kind=purchase-suggestion").await;
    assert_eq!(drafts.len(), 1, "it was crossed before: {drafts:?}");
    house.verify();
}

async fn fired(house: &House) -> Vec<Value> {
    let entries = house.local.list("/trace/item/NUT-M8").await;
    let bodies = entries.into_iter().map(|entry| entry["body"].clone());
    bodies.filter(|body| body["kind"] == "rule-fired").collect()
}
