//! Payloads and conversations: what the maker documents is read, a loss is told, any bytes never panic.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

use gatewarden_model::Hash;
use gatewarden_zebra_iot::{
    Channel, Session, SessionEvent, Settings,
    codec::{Management, management, split, tags},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn one(object: Value) -> gatewarden_zebra_iot::codec::Tag {
    tags(&object).unwrap().remove(0)
}

fn events(session: &mut Session) -> Vec<SessionEvent> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn session() -> Session {
    Session::new(Settings::new("broker", 1883, "gw", "zebra/door"), 1)
}

fn numbered(number: u64, epc: &str) -> String {
    json!({ "type": "SIMPLE", "data": { "idHex": epc, "eventNum": number } }).to_string()
}

#[test]
fn tags_of_every_shape_are_read() {
    let simple = one(json!({
        "type": "SIMPLE", "timestamp": "2021-06-09T19:41:26.512+0000",
        "data": { "antenna": 1, "eventNum": 7, "idHex": "7EDA9038051002710002C0AE", "peakRssi": -50.5,
            "reads": 3, "PC": "3000" },
    }));
    assert_eq!((simple.event, simple.read.antenna, simple.read.count), (Some(7), 1, 3));
    assert_eq!((simple.read.peak_rssi_cdbm, simple.read.pc), (Some(-5050), Some(0x3000)));
    assert_eq!(simple.read.last_seen_us, Some(1_623_267_686_512_000));
    let custom = one(json!({ "idHex": "AABB", "peakRssi": -40, "antenna": 2 }));
    assert_eq!((custom.read.epc.clone(), custom.event), (vec![0xAA, 0xBB], None));
    let sled = one(json!({ "data": { "tagData": [{ "EPCid": "AA", "TID": "E280" }] } }));
    assert_eq!(sled.read.tid, Some(vec![0xE2, 0x80]));
    for bad in [json!({ "data": {} }), json!({ "data": { "idHex": "A" } }), json!({ "data": [7] })]
    {
        assert!(tags(&bad).is_err(), "{bad}");
    }
}

#[test]
fn inputs_are_read() {
    let gpi = json!({ "eventType": "gpi", "data": { "pin": 1, "state": "HIGH" } });
    assert_eq!(management(&gpi), Ok(Management::Input { port: 1, on: true }));
    let beat = json!({ "eventType": "heartbeat", "data": { "radio_control": { "radioActivity": "active" } } });
    assert_eq!(management(&beat), Ok(Management::Heartbeat { reading: Some(true) }));
}

#[test]
fn missing_numbers_and_steps_back_are_gaps_and_repeats_count_once() {
    let mut session = session();
    for payload in [
        numbered(1, "AA"),
        numbered(1, "AA"),
        numbered(2, "BB"),
        numbered(5, "CC"),
        numbered(1, "DD"),
    ] {
        session.handle_payload(1, Channel::Data, payload.as_bytes());
    }
    let events = events(&mut session);
    let reads = events.iter().filter(|e| matches!(e, SessionEvent::Read { .. })).count();
    let gaps: Vec<&str> = events
        .iter()
        .filter_map(
            |e| if let SessionEvent::Gap { reason } = e { Some(reason.as_str()) } else { None },
        )
        .collect();
    assert_eq!((reads, session.repeats()), (4, 1));
    assert_eq!(gaps.len(), 2);
    assert!(
        gaps[0].contains("3 to 4 are missing") && gaps[1].contains("1 came after 5"),
        "{gaps:?}"
    );
}

#[test]
fn a_read_carries_the_digest_of_its_whole_payload() {
    let mut session = session();
    let payload = numbered(1, "AA") + &numbered(2, "BB");
    session.handle_payload(1, Channel::Data, payload.as_bytes());
    let raws: Vec<Hash> = events(&mut session)
        .into_iter()
        .filter_map(|e| if let SessionEvent::Read { raw, .. } = e { Some(raw) } else { None })
        .collect();
    assert_eq!(raws, [Hash::of(payload.as_bytes()); 2]);
}

#[test]
fn a_command_without_answer_is_down_in_time_and_a_foreign_answer_is_none() {
    let mut session = session();
    session.handle_connected(0);
    assert!(session.poll_output().is_some());
    let foreign = br#"{"command_id":"999","response":"success","payload":{}}"#;
    session.handle_payload(1, Channel::ManagementAnswer, foreign);
    assert!(events(&mut session).is_empty());
    session.handle_time(session.deadline_us().unwrap());
    let events = events(&mut session);
    assert!(
        matches!(&events[..], [SessionEvent::Down { reason }] if reason.contains("get_version")),
        "{events:?}"
    );
}

fn object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        "[{}\\[\\]\"\\\\a-z ]{0,12}".prop_map(Value::from)
    ];
    let inner = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z]{1,4}", inner, 0..4).prop_map(|m| json!(m)),
        ]
    });
    proptest::collection::hash_map("[a-z]{1,4}", inner, 0..4).prop_map(|map| json!(map))
}

proptest! {
    #[test]
    fn objects_with_nothing_between_them_are_told_apart(list in proptest::collection::vec(object(), 0..8)) {
        let payload: String = list.iter().map(Value::to_string).collect();
        prop_assert_eq!(split(payload.as_bytes()), Ok(list));
    }

    #[test]
    fn any_bytes_on_any_topic_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let mut session = session();
        session.handle_connected(0);
        for channel in [Channel::Data, Channel::Events, Channel::ManagementAnswer, Channel::ControlAnswer] {
            session.handle_payload(1, channel, &bytes);
        }
    }

    #[test]
    fn any_object_on_any_topic_never_panics(object in object()) {
        let mut session = session();
        session.handle_connected(0);
        for channel in [Channel::Data, Channel::Events, Channel::ManagementAnswer, Channel::ControlAnswer] {
            session.handle_payload(1, channel, object.to_string().as_bytes());
        }
    }
}
