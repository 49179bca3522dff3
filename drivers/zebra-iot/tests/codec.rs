//! Payloads and conversations: what the maker documents is read, a loss is told, any bytes never panic.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

use gatewarden_model::Hash;
use gatewarden_zebra_iot::{
    Channel, Session, SessionEvent, Settings,
    codec::{Management, management, reading, split, tags},
    session::SEEK_US,
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
    assert_eq!(management(&beat), Ok(Management::Heartbeat { reading: Some(true), dropped: None }));
    let spelled = json!({ "radioActivitiy": "inactive" });
    assert_eq!(reading(&spelled), Some(false), "the spelling of older firmware");
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
fn a_reader_without_an_answer_is_lost_in_time_and_a_foreign_answer_is_none() {
    let mut session = session();
    session.handle_connected(0);
    assert!(session.poll_output().is_some());
    let foreign = br#"{"command_id":"999","response":"success","payload":{}}"#;
    session.handle_payload(1, Channel::ManagementAnswer, foreign);
    assert!(events(&mut session).is_empty());
    session.handle_time(session.deadline_us().unwrap());
    let events = events(&mut session);
    assert!(
        matches!(&events[..], [SessionEvent::Lost { reason }] if reason.contains("get_version")),
        "{events:?}"
    );
}

/// The ids of the commands that wait, by name.
fn asked(session: &mut Session) -> Vec<(String, String)> {
    let one = |(_, payload): (Channel, Vec<u8>)| {
        let command: Value = serde_json::from_slice(&payload).unwrap();
        let text = |key: &str| command[key].as_str().unwrap().to_owned();
        (text("command"), text("command_id"))
    };
    std::iter::from_fn(|| session.poll_output()).map(one).collect()
}

fn answer(session: &mut Session, now_us: u64, id: &str, payload: Value) {
    let answer = json!({ "command_id": id, "response": "success", "payload": payload });
    session.handle_payload(now_us, Channel::ManagementAnswer, answer.to_string().as_bytes());
}

#[test]
fn a_lost_reader_is_sought_every_second_and_a_late_answer_finds_it() {
    let mut session = session();
    session.handle_connected(0);
    let (_, id) = asked(&mut session).remove(0);
    answer(&mut session, 1, &id, json!({}));
    let (name, id) = asked(&mut session).remove(0);
    assert_eq!(name, "get_status");
    answer(&mut session, 2, &id, json!({ "radioActivitiy": "active" }));
    assert!(session.is_running());
    let mut now_us = session.deadline_us().unwrap();
    session.handle_time(now_us);
    let (_, id) = asked(&mut session).remove(0);
    answer(&mut session, now_us, &id, json!({ "radioActivitiy": "inactive" }));
    assert!(!session.is_running());
    let sought = asked(&mut session);
    for _ in 0..3 {
        assert_eq!(session.deadline_us(), Some(now_us + SEEK_US));
        now_us += SEEK_US;
        session.handle_time(now_us);
        assert_eq!(asked(&mut session), sought);
    }
    let lost = events(&mut session).into_iter().filter(|e| matches!(e, SessionEvent::Lost { .. }));
    assert_eq!(lost.count(), 1, "told once");
    answer(&mut session, now_us, &sought[0].1, json!({ "model": "FXR90" }));
    assert!(
        matches!(&events(&mut session)[..], [SessionEvent::Identity(found)] if found.model == "FXR90")
    );
    assert_eq!(asked(&mut session)[0].0, "get_status");
}

#[test]
fn a_start_while_it_reads_is_no_refusal() {
    let mut session = session();
    session.handle_connected(0);
    for payload in [json!({}), json!({ "radioActivity": "unknown" })] {
        let (_, id) = asked(&mut session).remove(0);
        answer(&mut session, 1, &id, payload);
    }
    let (name, id) = asked(&mut session).remove(0);
    assert_eq!(name, "start");
    let refused = json!({ "command_id": id, "response": "failure",
        "payload": { "message": "start currently ongoing" } });
    session.handle_payload(2, Channel::ControlAnswer, refused.to_string().as_bytes());
    assert_eq!(asked(&mut session)[0].0, "get_status");
}

#[test]
fn losses_that_the_reader_tells_of_are_gaps() {
    let beat = |number: u64, dropped: u64| {
        json!({ "component": "RG", "eventNum": number, "type": "heartbeat", "data": { "reader_gateway": {
            "dataPathStatistics": [{ "numDataMessagesDropped": dropped }, { "numDataMessagesDropped": 1 }] } } })
    };
    let gpi = json!({ "component": "RG", "data": { "pin": 2, "state": "LOW" }, "eventNum": 12,
        "timestamp": "2026-09-07T12:21:53.635+0000", "type": "gpi" });
    let mut session = session();
    for object in [beat(7, 5), beat(8, 5), beat(9, 8), gpi] {
        session.handle_payload(1, Channel::Events, object.to_string().as_bytes());
    }
    let told = events(&mut session);
    let gap = |reason: &str| SessionEvent::Gap { reason: reason.to_owned() };
    let wanted = [
        gap("the reader dropped 3 messages of data"),
        gap("management events 10 to 11 are missing"),
        SessionEvent::Input { port: 2, on: false },
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_memory_that_could_not_be_read_does_not_lose_the_tag() {
    let tag = one(json!({ "type": "CUSTOM", "timestamp": "2026-09-07T12:30:28.390+0000", "data": {
        "CRC": "f3b3", "PC": "3000", "TID": "Error: tag returned error code 0x03 = Memory overrun",
        "antenna": 1, "channel": 908.25, "eventNum": 4828, "format": "epc",
        "idHex": "e2806894000040017790e471", "peakRssi": -37, "phase": 180.0, "reads": 1 } }));
    assert_eq!((tag.read.tid, tag.event), (None, Some(4828)));
    assert_eq!(tag.read.phase, Some(i16::MIN), "half a turn");
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
