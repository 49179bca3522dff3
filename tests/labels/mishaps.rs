//! Labels that are not simply printed: what stands in their way, what nobody knows, and the power.

use gatewarden_simulators::printer::Mishap;
use serde_json::json;

use super::hall::Hall;

fn plain() -> serde_json::Value {
    json!({"item": "BOLT-M8"})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told_and_the_label_waits() {
    let hall = Hall::new().await;
    for (what, set) in [
        (
            "paper out",
            (|p, is| p.paper(!is)) as fn(&gatewarden_simulators::printer::SimPrinter, bool),
        ),
        ("head open", |p, is| p.head(is)),
        ("ribbon out", |p, is| p.ribbon(!is)),
    ] {
        let before = *hall.printer.count().borrow();
        set(&hall.printer, true);
        let id = hall.queue("plain", &plain()).await;
        hall.stands_against(&id, what).await;
        assert_eq!(*hall.printer.count().borrow(), before);
        set(&hall.printer, false);
        hall.becomes(&id, "issued").await;
        assert_eq!(hall.life(&id), ["queued", "sending", "issued"], "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_asked_and_never_printed_blindly() {
    let hall = Hall::new().await;
    // The power fails when two of three are out.
    hall.printer.on_next(Mishap::PowerLoss { labels: 2 });
    let body = json!({"printer": "zebra-1", "template": "plain", "data": plain(), "copies": 3});
    let power =
        hall.li.post_ok("/api/v1/labels", &body).await.body["id"].as_str().unwrap().to_owned();
    hall.becomes(&power, "unknown").await;
    // What is queued behind it goes on.
    let next = hall.queue("plain", &plain()).await;
    hall.becomes(&next, "issued").await;
    assert_eq!(hall.label(&power).await["state"], "unknown", "it waits for somebody");
    let labels = hall.printer.odometers().0;
    let yes = hall.decide(&power, "printed").await;
    assert_eq!((yes.status, &yes.body["state"]), (200, &json!("issued")), "{}", yes.body);
    assert_eq!(hall.printer.odometers().0, labels);

    // Noise, and a reply that never comes.
    for (mishap, decision, last) in
        [(Mishap::Garbage, "void", "void"), (Mishap::Silence, "reprint", "issued")]
    {
        hall.printer.on_next(mishap.clone());
        let id = hall.queue("plain", &plain()).await;
        let unknown = hall.becomes(&id, "unknown").await;
        assert!(unknown["reason"].is_string(), "{unknown}");
        hall.printer.mute(false);
        let printed = *hall.printer.count().borrow();
        let decided = hall.decide(&id, decision).await;
        assert!(decided.is_success(), "{}", decided.body);
        hall.becomes(&id, last).await;
        let more = usize::from(decision == "reprint");
        assert_eq!(*hall.printer.count().borrow(), printed + more, "{mishap:?}");
    }
    hall.verifies();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_in_the_middle_asks_and_does_not_print_again() {
    let mut hall = Hall::new().await;
    // It prints, and its word does not come any more: the daemon waits for it.
    hall.printer.on_next(Mishap::Silence);
    let id = hall.queue("plain", &plain()).await;
    let waits = hall.queue("plain", &json!({"item": "GLOVE-L"})).await;
    hall.becomes(&id, "sending").await;
    hall.gateway.kill();
    hall.printer.mute(false);
    hall.gateway.run().await;
    // What waited is printed; what may have been printed is asked about.
    hall.becomes(&waits, "issued").await;
    let unknown = hall.label(&id).await;
    assert_eq!(
        (&unknown["state"], &unknown["reason"]),
        (&json!("unknown"), &json!("gatewarden ended while it was being sent"))
    );
    assert_eq!((hall.printed("BOLT-M8"), hall.printed("GLOVE-L")), (1, 1));
    assert_eq!(hall.life(&id), ["queued", "sending", "unknown"]);

    // Killed with nothing but a label that waits, and the spool gone: it is void, and told so.
    hall.printer.paper(false);
    hall.li = hall.people.sign_in("li.wei", None).await;
    let lost = hall.queue("plain", &json!({"item": "GLOVE-L"})).await;
    hall.stands_against(&lost, "paper out").await;
    hall.gateway.kill();
    for name in ["spool.db", "spool.db-wal", "spool.db-shm"] {
        let _ = std::fs::remove_file(hall.gateway.state().join(name));
    }
    hall.printer.paper(true);
    hall.gateway.run().await;
    let void = hall.becomes(&lost, "void").await;
    assert!(void["reason"].as_str().unwrap().contains("lost with the spool"), "{void}");
    assert_eq!(hall.label(&id).await["state"], "unknown", "that one still waits for somebody");
    hall.li = hall.people.sign_in("li.wei", None).await;
    assert!(hall.decide(&id, "void").await.is_success());
    assert_eq!(hall.printed("BOLT-M8"), 1);
    hall.verifies();
}
