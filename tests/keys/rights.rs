//! Who may rotate the key over HTTP: an administrator and the box's own account.

use serde_json::json;

use super::{made, rotations, whole};

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_may_a_token_and_a_storekeeper_may_not() {
    let (gateway, people) = made().await;
    let path = "/api/v1/ledger/key";
    let wanted = json!({"reason": "yearly"});
    let machine = people.machine("ops", &["system:modify", "system:view"]).await;
    let told = machine.post(path, &wanted).await;
    assert_eq!((told.status, &told.body["code"]), (403, &json!("not-an-operator")), "{told:?}");
    assert!(told.body["recorded"].is_u64());
    let storekeeper = people.sign_in("li.wei", None).await;
    let told = storekeeper.post(path, &wanted).await;
    assert_eq!((told.status, &told.body["code"]), (403, &json!("denied")), "{told:?}");
    assert_eq!(gateway.anybody().post(path, &wanted).await.status, 401);

    let root = people.sign_in("root", None).await;
    let told = root.post(path, &json!({"reason": ""})).await;
    assert_eq!((told.status, &told.body["code"]), (422, &json!("reason-missing")), "{told:?}");
    let told = root.post(path, &json!({"reason": "x", "credential": "k2"})).await;
    assert_eq!((told.status, &told.body["code"]), (422, &json!("no-key")), "{told:?}");
    assert_eq!(rotations(&gateway).len(), 0);
    let told = root.post_ok(path, &wanted).await;
    let [rotation] = &rotations(&gateway)[..] else { panic!("one rotation") };
    assert_eq!((&told.body["old"], &told.body["new"]), (&rotation["old"], &rotation["new"]));
    assert_eq!(rotation["by"]["id"], "root");
    whole(&gateway);
}
