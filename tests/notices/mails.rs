//! Notices by mail, to a real server: masked for whoever reads them, once where the same happens again,
//! together where they are too many, later where it is quiet, to somebody else where nobody reacts.

use gatewarden_tests::{FakeClock, Gateway, Journal, People, Settings, day, until};
use serde_json::{Value, json};

use super::{lock_out, settled, smtp::Smtp};

/// What an order is worth: for eyes that see prices.
const WORTH: &str = "1431";
const WHO: [(&str, &str, &str, &str); 3] = [
    ("fin.director", "finance-director", "OP-6003", "7316"),
    ("mia.manager", "department-manager", "OP-6001", "5208"),
    ("bob.buyer", "buyer", "OP-6002", "3859"),
];

/// A gateway that mails its manager, its supervisor and its administrator.
async fn house(
    smtp: &Smtp,
    clock: Option<&FakeClock>,
    notices: &str,
    per_minute: u32,
) -> (Gateway, People) {
    let contact = |operator: &str| {
        format!(
            "[[contacts]]\noperator = \"{operator}\"\nmail = \"{operator}@warden.test\"\nlanguage = \"en\"\n"
        )
    };
    let contacts = ["mia.manager", "fin.director", "wang.lead", "root"].map(contact).concat();
    let more = format!(
        "\n[access]\ntemplate = \"make-to-order\"\n\n[roles.sales-assistant]\ntitle = \"Asks for stock.\"\n\
         grants.outbound = [\"view\", \"request\"]\n\n[procedures]\nnotices = \"notices.toml\"\n\n[[channels]]\nname = \"mail\"\nkind = \"mail\"\n\
         address = \"127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"gw@warden.test\"\nper_minute = {per_minute}\n{contacts}",
        smtp.port
    );
    let env = clock.map(FakeClock::env).unwrap_or_default();
    let settings =
        Settings { more, env, failures_max: 3, lockout: (3, 1000, 1000), ..Settings::default() };
    let mut gateway = Gateway::prepare(settings).await;
    let _ = gateway.file("notices.toml", notices);
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    for (operator, role, badge, pin) in WHO {
        let who =
            json!({"operator": operator, "name": operator, "roles": [role], "badges": [badge]});
        people.enrol_one(&who, pin).await;
    }
    (gateway, people)
}

/// The buyer hands an order in; gives its digest.
async fn order(people: &People, number: &str) -> Value {
    let bob = people.sign_in_with(&json!({"badge": "OP-6002", "pin": "3859"})).await;
    let content = json!({"document": {"kind": "purchase-order", "number": number}, "version": 1,
        "partner": "ACME", "date": day(0), "due": day(20), "station": "dock-1",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 5, "amount": WORTH, "to": "wh1/dock"}]});
    let written = bob.post_ok("/api/v1/documents", &content).await;
    let path = format!("/api/v1/documents/purchase-order/{number}/submit");
    bob.post_ok(&path, &json!({"digest": written.body["digest"]})).await;
    written.body["digest"].clone()
}

async fn approve(people: &People, number: &str, on: &Value) {
    let mia = people.sign_in_with(&json!({"badge": "OP-6001", "pin": "5208"})).await;
    let act = json!({"act": "decide", "on": on, "verdict": "approve"});
    mia.post_ok(&format!("/api/v1/documents/purchase-order/{number}/act"), &act).await;
}

/// Everybody is told at any time; who does not react within half an hour has it told to the supervisor.
const TOLD: &str = "hours = { from = \"00:00\", to = \"24:00\" }\n\n\
    [[notices]]\nid = \"approval-waiting\"\ntitle = \"Waits\"\non = \"approval-waiting\"\n\
    to = [\"approvers\", \"operator:root\", \"operator:fin.director\"]\nquiet = \"hold\"\ntemplate = \"@approval-waiting\"\n\
    escalate = [{ after_minutes = 30, to = [\"role:warehouse-supervisor\"] }]\n";

#[tokio::test]
async fn each_reads_what_he_may_see_and_what_nobody_answers_goes_to_somebody_else() {
    let (Some(smtp), Some(clock)) = (Smtp::start().await, FakeClock::new()) else { return };
    let (gateway, people) = house(&smtp, Some(&clock), TOLD, 100).await;
    let answered = order(&people, "PO-1").await;
    let mail = |who: &'static str, number: &'static str| {
        let smtp = &smtp;
        async move { until(number, || async { smtp.to(who, number).pop() }).await }
    };
    let (finance, root) = (mail("fin.director", "PO-1").await, mail("root", "PO-1").await);
    assert!(finance.text.contains(WORTH) && finance.text.contains("ACME"), "{finance:?}");
    assert!(root.text.contains("BOLT-M8"), "{root:?}");
    assert!(!root.text.contains(WORTH) && !root.text.contains("Amount"), "{root:?}");
    approve(&people, "PO-1", &answered).await;
    let _ = order(&people, "PO-2").await;
    let _ = mail("mia.manager", "PO-2").await;
    assert_eq!(smtp.to("wang.lead", "PO-"), [], "there is time to react");

    clock.set("+1860");
    let told = mail("wang.lead", "PO-2").await;
    assert!(!told.text.contains(WORTH), "whoever is told instead is masked too: {told:?}");
    let settled = settled(&gateway, "approval-waiting", 7).await;
    let steps: Vec<_> = settled.iter().filter(|one| one["step"] == 1).collect();
    assert_eq!(steps.len(), 1, "{settled:?}");
    assert_eq!(smtp.to("wang.lead", "PO-1"), [], "what was answered goes to nobody else");
}

#[tokio::test]
async fn too_many_come_together_and_the_same_comes_once() {
    let (Some(smtp), Some(clock)) = (Smtp::start().await, FakeClock::new()) else { return };
    let (gateway, people) =
        house(&smtp, Some(&clock), "hours = { from = \"00:00\", to = \"24:00\" }\n", 4).await;
    for count in 1..=9 {
        let _ = order(&people, &format!("PO-{count}")).await;
    }
    // Four a minute may go: the rest waits for the next and comes as one, none is lost.
    let all = |what: &str| smtp.to("mia.manager", what);
    until("a first one", || async { all("PO-1").pop() }).await;
    clock.set("+61");
    let mentioned = || (1..=9).filter(|count| !all(&format!("PO-{count}")).is_empty()).count();
    until("each is told", || async { (mentioned() == 9).then_some(()) }).await;
    let digests: Vec<_> =
        smtp.mails().into_iter().filter(|mail| mail.subject.ends_with("notices")).collect();
    assert!(!digests.is_empty(), "{:?}", smtp.mails());
    assert!(smtp.mails().len() < 9, "fewer mails than notices");
    let outcomes = settled(&gateway, "approval-waiting", 9).await;
    let digested = outcomes.iter().filter(|one| one["outcome"]["kind"] == "digested").count();
    assert!(digested > 1, "{outcomes:?}");

    // The same refusal again and again is one mail; how often it was is recorded when its time is over.
    clock.set("+200");
    let sam = people.sign_in("sam.sales", None).await;
    let content = json!({"document": {"kind": "transfer-order", "number": "TR-1"}, "version": 1, "lines": []});
    assert_eq!(sam.post("/api/v1/documents", &content).await.status, 403);
    until("the supervisor is told", || async { smtp.to("wang.lead", "sam.sales").pop() }).await;
    for _ in 0..2 {
        assert_eq!(sam.post("/api/v1/documents", &content).await.status, 403);
    }
    // The journal is read in order: what came before this was counted.
    let _ = order(&people, "PO-10").await;
    until("the lane is so far", || async { all("PO-10").pop() }).await;
    clock.set("+4200");
    let repeated = until("how often is recorded", || async {
        let journal = Journal::read(&gateway.ledger());
        let all = journal.of_kind("notice-settled").map(|body| body["settled"].clone());
        all.into_iter()
            .find(|one| one["notice"] == "denial" && one["outcome"]["kind"] == "repeated")
    })
    .await;
    assert_eq!(repeated["further"], 2, "{repeated}");
    assert_eq!(smtp.to("wang.lead", "sam.sales").len(), 1);
}

#[tokio::test]
async fn what_can_wait_waits_for_the_hours_of_its_reader_and_what_is_urgent_does_not() {
    let (Some(smtp), Some(clock)) = (Smtp::start().await, FakeClock::new()) else { return };
    // From two hours on, for an hour, by the clock of this moment.
    let seconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at = |hours: u64| format!("{:02}:00", (seconds / 3600 + hours) % 24);
    let (from, to) = (at(2), at(3).replace("00:00", "24:00"));
    let notices = format!("hours = {{ from = \"{from}\", to = \"{to}\" }}\n");
    let (gateway, people) = house(&smtp, Some(&clock), &notices, 100).await;
    let _ = order(&people, "PO-1").await;
    lock_out(&gateway, "OP-4001").await;
    until("what is urgent comes", || async { smtp.to("root", "sam.sales").pop() }).await;
    let waiting = until("what can wait waits", || async {
        let rows = people.viewer.list("/api/v1/notices").await;
        rows.into_iter().find(|row| row["notice"] == "approval-waiting")
    })
    .await;
    assert_eq!(waiting["state"], "waiting");
    assert_eq!(smtp.to("mia.manager", "PO-1"), []);
    clock.set("+7200");
    until("its hours have come", || async { smtp.to("mia.manager", "PO-1").pop() }).await;
}
