//! An adjustment takes two persons: whoever asks for it does not sign it, and nothing moves before.

use serde_json::json;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_takes_two_persons() {
    let house = House::open().await;
    house.found("AD-202611-0001", "BOLT-M8", 40, "wh1/a-01").await;
    assert_eq!(house.stock("BOLT-M8", "wh1/a-01").await, 40);
    let clerk = house.sign_in("li.wei").await;
    let content = json!({
        "document": {"kind": "adjustment-request", "number": "AD-202611-0002"}, "version": 1,
        "note": "two are broken", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 2,
            "from": "wh1/a-01", "to": "@loss/broken"}],
    });
    let on = house.submit(&clerk, &content).await;
    let own = house.decide(&clerk, &content, &on, "approve").await;
    assert_eq!(own.status, 403, "{}", own.body);
    assert_eq!(house.stock("BOLT-M8", "wh1/a-01").await, 40);
    let lead = house.sign_in("wang.lead").await;
    let yes = house.decide(&lead, &content, &on, "approve").await;
    assert!(yes.is_success(), "{}", yes.body);
    assert_eq!(house.stock("BOLT-M8", "wh1/a-01").await, 40, "one of two is not enough");
    let again = house.decide(&lead, &content, &on, "approve").await;
    assert!(!again.is_success(), "{}", again.body);
    let director = house.sign_in("fin.director").await;
    let yes = house.decide(&director, &content, &on, "approve").await;
    assert!(yes.is_success(), "{}", yes.body);
    assert_eq!(house.stock("BOLT-M8", "wh1/a-01").await, 38);
    assert_eq!(house.document(&content).await["state"], "closed");
    let trace = house.trace("AD-202611-0002");
    assert!(
        trace.contains("signed at")
            && trace.contains("wang.lead")
            && trace.contains("fin.director"),
        "{trace}"
    );
    house.verify();
}
