//! `POST /tasks` may be repeated for ever: the same content is welcome, other content is refused.

use gatewarden_tests::{BOLT, Gateway, Order, People, Settings, epc, receipt, until};
use reqwest::Method;

use super::staffed;

async fn same_is_welcome_other_is_not(gateway: &Gateway, people: &People, order: &Order, at: &str) {
    let opened = gateway.journal().of_kind("task-opened").count();
    let same = people.erp.post("/tasks", &order.task()).await;
    assert_eq!(same.status, 201, "{at}: {}", same.body);
    assert_eq!(same.body["task"], order.id.to_string(), "{at}");
    let other = Order { quantity: order.quantity + 1, ..order.clone() };
    let refused = people.erp.post("/tasks", &other.task()).await;
    assert!((400..500).contains(&refused.status), "{at}: {} {}", refused.status, refused.body);
    assert_eq!(refused.body["code"], "task-differs", "{at}");
    assert_eq!(gateway.journal().of_kind("task-opened").count(), opened, "{at}: opened again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_task_is_one_task() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    let order = receipt("8001", 2);
    people.open(&order).await;
    same_is_welcome_other_is_not(&gateway, &people, &order, "open").await;

    gateway.hardware.show(&[epc(BOLT, 1), epc(BOLT, 2)]);
    people.moved("8001").await;
    gateway.hardware.reader.clear_field();
    same_is_welcome_other_is_not(&gateway, &people, &order, "complete").await;

    let withdrawn = receipt("8002", 2);
    people.open(&withdrawn).await;
    let path = format!("/tasks/{}", withdrawn.id);
    assert_eq!(people.erp.delete(&path).await.status, 204);
    same_is_welcome_other_is_not(&gateway, &people, &withdrawn, "withdrawn").await;
    let gone = people.viewer.ask(Method::GET, &path, None).await;
    assert_eq!(gone.status, 404, "a withdrawn task was opened again");

    gateway.kill();
    gateway.run().await;
    same_is_welcome_other_is_not(&gateway, &people, &order, "complete, after a crash").await;
    same_is_welcome_other_is_not(&gateway, &people, &withdrawn, "withdrawn, after a crash").await;
    assert_eq!(gateway.journal().movements().count(), 1);
    assert!(people.viewer.list("/tasks").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_nobody_approved_moves_nothing() {
    let (gateway, people) = staffed(Settings::default()).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    let order = receipt("8101", 1);
    let mut task = order.task();
    task.as_object_mut().unwrap().remove("approved_by");
    people.erp.post_ok("/tasks", &task).await;
    gateway.hardware.show(&[epc(BOLT, 1)]);
    let denied = until("the pass is denied", || async {
        let journal = gateway.journal();
        let mut denied = journal.of_kind("denied").filter(|body| body["document"] == "8101");
        denied.next().cloned()
    })
    .await;
    assert!(denied["reason"].as_str().unwrap().contains("not approved"), "{denied}");
    gateway.hardware.reader.clear_field();
    until("red light", || async { gateway.is_red().then_some(()) }).await;

    let path = format!("/tasks/{}/approve", order.id);
    let keeper = people.sign_in("ma.second", None).await;
    assert_eq!(keeper.ask(Method::POST, &path, None).await.status, 403);
    let supervisor = people.sign_in("wang.lead", None).await;
    assert_eq!(supervisor.ask(Method::POST, &path, None).await.status, 204);
    gateway.hardware.show(&[epc(BOLT, 2)]);
    let movement = people.moved("8101").await;
    assert_eq!(movement["approved_by"], "wang.lead");
    assert!(movement["approval_seq"].is_u64());
}
