//! The chip behind the EPC, through the real daemon: its TID grades what is read and gives a copy away, and a reader
//! works on tags for those who may, with the proof in the journal and no password anywhere.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::time::Duration;

use gatewarden_simulators::llrp::TagMemory;
use gatewarden_tests::{
    BOLT, Caller, Gateway, Journal, People, Settings, epc, key, receipt, until,
};
use serde_json::{Value, json};

const TAGGER: &str = "\n[roles.tagger]\ntitle = \"Works on tags.\"\n\
    grants.tag = [\"view\", \"modify\", \"execute\", \"delete\"]\ngrants.inbound = [\"modify\"]\n";
const PASSWORD: &str = "CAFEF00D";

struct Dock {
    gateway: Gateway,
    people: People,
    /// Who is signed in there.
    keeper: Caller,
}

impl Dock {
    async fn new() -> Self {
        let mut gateway =
            Gateway::prepare(Settings { more: TAGGER.to_owned(), ..Settings::default() }).await;
        gateway.reconfigure("keepalive_ms = 1000\n", "keepalive_ms = 1000\ntid = true\n");
        gateway.run().await;
        let people = People::enrol(&gateway).await;
        let keeper = people.sign_in("li.wei", Some("dock-1")).await;
        gateway.until_devices(&people.viewer, &[]).await;
        Self { gateway, people, keeper }
    }

    fn memory(&self, serial: u64) -> TagMemory {
        self.gateway.hardware.reader.memory(&epc(BOLT, serial))
    }

    /// Binds a bolt's tag with the TID that its chip has.
    async fn commission(&self, serial: u64) {
        let body = json!({"tag": hex(&epc(BOLT, serial)), "item": "BOLT-M8", "serial": serial.to_string(),
            "tid": words(&self.memory(serial).tid)});
        self.keeper.post_ok("/api/v1/tags", &body).await;
    }

    /// Shows one bolt for a receipt of one, and gives the next entry of that kind.
    async fn shown(&self, serial: u64, kind: &'static str) -> Value {
        let before = self.entries(kind).len();
        self.people.open(&receipt(&format!("PO-{serial}"), 1)).await;
        self.gateway.hardware.show(&[epc(BOLT, serial)]);
        let entry = until(kind, || async { self.entries(kind).get(before).cloned() }).await;
        self.gateway.hardware.reader.clear_field();
        entry
    }

    fn entries(&self, kind: &str) -> Vec<Value> {
        Journal::read(&self.gateway.ledger()).of_kind(kind).cloned().collect()
    }

    /// Works on a bolt's tag.
    async fn work(&self, who: &Caller, serial: u64, body: Value) -> Value {
        let path = format!("/api/v1/stations/dock-1/tags/{}/access", hex(&epc(BOLT, serial)));
        who.post_ok(&path, &body).await.body
    }

    async fn refused(&self, who: &Caller, serial: u64, body: Value) -> (u16, Value) {
        let path = format!("/api/v1/stations/dock-1/tags/{}/access", hex(&epc(BOLT, serial)));
        let answer = who.ask(reqwest::Method::POST, &path, Some(&body)).await;
        (answer.status, answer.body["code"].clone())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn words(words: &[u16]) -> String {
    words.iter().map(|word| format!("{word:04X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chip_that_matches_is_graded_and_a_copy_is_held() {
    let dock = Dock::new().await;
    dock.commission(1).await;
    let moved = dock.shown(1, "moved").await;
    let seen = &moved["pass"]["sightings"][0];
    assert_eq!(
        (&seen["trust"], &seen["tid"]),
        (&json!("tid-matches"), &json!(words(&dock.memory(1).tid)))
    );

    let moved = dock.shown(2, "moved").await;
    assert_eq!(moved["pass"]["sightings"][0]["trust"], "epc-only", "nobody commissioned it");

    dock.commission(3).await;
    let reader = &dock.gateway.hardware.reader;
    let mut copy = dock.memory(3);
    copy.tid[5] ^= 1;
    reader.set_memory(&epc(BOLT, 3), copy);
    let held = dock.shown(3, "held").await;
    let doubt = &held["pass"]["doubts"][0];
    assert_eq!(
        (&doubt["why"], &doubt["sighting"]["trust"]),
        (&json!("another-tid"), &json!("epc-only"))
    );
    assert!(held["pass"]["sightings"].as_array().unwrap().is_empty());
    assert!(dock.people.movement("PO-3").await.is_none(), "a copy is never posted by itself");

    // The copy can't be commissioned over the tag; the old one has to go first.
    let again = json!({"tag": hex(&epc(BOLT, 3)), "item": "BOLT-M8", "serial": "3",
        "tid": words(&dock.memory(3).tid)});
    let answer = dock.keeper.ask(reqwest::Method::POST, "/api/v1/tags", Some(&again)).await;
    assert_eq!(answer.body["code"], "tid-differs", "{}", answer.body);
    let thing = dock.people.viewer.get(&format!("/api/v1/things/{}", hex(&epc(BOLT, 1)))).await;
    assert_eq!(thing["tid"], words(&dock.memory(1).tid), "{thing}");
    let told = dock.gateway.cli_ok(&["ledger", "trace", "tag", &key(BOLT, 3)], "");
    assert!(told.contains("is a copy: its TID is not the commissioned one"), "{told}");
    dock.gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_works_on_tags_for_who_may_and_never_claims_what_it_does_not_know() {
    let dock = Dock::new().await;
    let (gateway, reader) = (&dock.gateway, &dock.gateway.hardware.reader);
    let mut taggers = vec![];
    for (who, badge, pin) in [("tina", "OP-7001", "7392"), ("tom", "OP-7002", "4703")] {
        let body = json!({"operator": who, "name": who, "roles": ["tagger"], "badges": [badge], "pin": pin});
        gateway.enrolled(std::slice::from_ref(&body)).await;
        taggers.push(json!({"badge": badge, "pin": pin}));
    }
    let answer = gateway.anybody().post_ok("/session", &taggers[0]).await;
    let tina = gateway.anybody().with_cookie(answer.cookie.as_deref().unwrap());
    let secret = u32::from_str_radix(PASSWORD, 16).unwrap();
    reader.set_memory(&epc(BOLT, 1), TagMemory { access_password: secret, ..dock.memory(1) });
    gateway.hardware.show(&[epc(BOLT, 1)]);

    // Who may not is refused on record, and the reader is not told.
    let read = json!({"op": "read", "bank": "tid", "words": 6});
    let (status, _) = dock.refused(&dock.keeper, 1, read.clone()).await;
    assert_eq!(status, 403);
    assert_eq!(dock.entries("tag-access-asked").len(), 0);
    assert_eq!(dock.entries("denied").last().unwrap()["module"], "tag");

    let done = dock.work(&tina, 1, read).await;
    assert_eq!(
        (&done["state"], &done["words"]),
        (&json!("done"), &json!(words(&dock.memory(1).tid)))
    );
    let write = json!({"op": "write", "bank": "user", "pointer": 3, "data": "BEEF1234",
        "password": PASSWORD, "reason": "the batch of today"});
    let done = dock.work(&tina, 1, write.clone()).await;
    assert_eq!((&done["state"], &done["words"]), (&json!("done"), &json!("BEEF1234")), "{done}");
    assert_eq!(dock.memory(1).user[3..5], [0xBEEF, 0x1234]);
    let (asked, ended) = (dock.entries("tag-access-asked"), dock.entries("tag-access-ended"));
    assert_eq!(
        asked[1]["access"],
        json!({"op": "write", "bank": "user", "pointer": 3, "words": 2, "data": "BEEF1234"})
    );
    assert_eq!(ended[1]["outcome"]["tid"], words(&dock.memory(1).tid), "with the proof: {ended:?}");
    assert_eq!(ended[1]["asked"], done["asked"]);

    // What can't be taken back needs two, or more than a PIN.
    let lock = json!({"op": "lock", "field": "user", "lock": "lock", "password": PASSWORD, "reason": "it is sold"});
    assert_eq!(dock.refused(&tina, 1, lock.clone()).await, (403, json!("second-person-needed")));
    tina.post_ok("/session/second", &taggers[1]).await;
    let done = dock.work(&tina, 1, lock).await;
    assert_eq!(done["state"], "done", "{done}");
    assert!(dock.memory(1).locked[4]);
    assert_eq!(dock.entries("tag-access-asked").last().unwrap()["second"]["operator"], "tom");

    // A tag that is not there is not worked on; one that goes in the middle is not known about.
    assert_eq!(dock.work(&tina, 9, write.clone()).await["state"], "not-done");
    let (gone, ()) = tokio::join!(dock.work(&tina, 1, write.clone()), async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        reader.clear_field();
    });
    assert_eq!(gone["state"], "unknown", "{gone}");
    // So is the reader that drops, where the work had begun; here it had not.
    gateway.hardware.show(&[epc(BOLT, 1)]);
    let (lost, ()) = tokio::join!(dock.work(&tina, 1, write), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        reader.drop_connection();
    });
    assert_eq!(lost["state"], "not-done", "{lost}");
    assert!(lost["reason"].as_str().unwrap().contains("nothing was done"), "{lost}");
    gateway.until_devices(&dock.people.viewer, &[]).await;

    // A tag is given another EPC, and bound by it with the TID that was read.
    let encode = json!({"op": "write", "bank": "epc", "pointer": 2, "data": hex(&epc(BOLT, 6)),
        "password": PASSWORD, "reason": "relabelled", "commission": {"item": "BOLT-M8", "serial": "6"}});
    let done = dock.work(&tina, 1, encode).await;
    assert_eq!((&done["state"], &done["bound"]), (&json!("done"), &json!("bound")), "{done}");
    let bound = dock.entries("commissioned").pop().unwrap();
    assert_eq!((&bound["tag"], &bound["tid"]), (&json!(key(BOLT, 6)), &done["tid"]));

    let told = gateway.cli_ok(
        &["tag", "read", "--badge", "OP-7001", "--station", "dock-1", &hex(&epc(BOLT, 6))],
        "7392\n",
    );
    assert!(told.starts_with("done\ttid E2"), "{told}");
    gateway.cli_ok(&["ledger", "verify"], "");
    let journal = format!("{:?}", Journal::read(&gateway.ledger()).0).to_uppercase();
    assert!(!journal.contains(PASSWORD), "a password stands in the journal");
    assert!(gateway.logged(|line| line.to_uppercase().contains(PASSWORD).then_some(())).is_none());
}
