//! Lines of the stream: what the maker documents is read, anything else never panics and is never silent.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

use gatewarden_impinj_iot::{
    Session, SessionEvent,
    codec::{Event, LINE_BYTES_MAX, Line, Lines, decode},
};
use gatewarden_model::Hash;
use proptest::prelude::*;

const TAG: &str = r#"{"timestamp":"2021-02-02T22:18:35.658476625Z","eventType":"tagInventory","tagInventoryEvent":{"epc":"4oARYGAAAgpmgfI_","epcHex":"E28011606000020A6681F23F","antennaPort":1,"antennaName":"Portal1","peakRssiCdbm":-5450,"lastSeenTime":"2021-02-02T22:18:35.499734Z"}}"#;

fn events(session: &mut Session) -> Vec<SessionEvent> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

#[test]
fn a_tag_is_read_by_either_spelling_of_its_epc() {
    let epc = vec![0xE2, 0x80, 0x11, 0x60, 0x60, 0x00, 0x02, 0x0A, 0x66, 0x81, 0xF2, 0x3F];
    let base64_only = TAG.replace(r#""epcHex":"E28011606000020A6681F23F","#, "");
    let hex_only = TAG.replace(r#""epc":"4oARYGAAAgpmgfI_","#, "");
    for line in [TAG, &base64_only, &hex_only] {
        let events = decode(line.as_bytes()).unwrap();
        let [Event::Tag(tag)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(tag.epc, epc);
        assert_eq!((tag.antenna, tag.peak_rssi_cdbm, tag.count), (1, Some(-5450), 1));
        assert_eq!(tag.last_seen_us, Some(1_612_304_315_499_734));
    }
    let two = TAG.replace("E280", "E281");
    assert!(decode(two.as_bytes()).is_err(), "two EPCs in one event");
}

#[test]
fn inputs_and_losses_are_told() {
    let gpi = br#"{"eventType":"gpiTransition","gpiTransitionEvent":{"gpi":2,"transition":"low-to-high"}}"#;
    assert_eq!(decode(gpi), Ok(vec![Event::Input { port: 2, on: true }]));
    let unplugged =
        br#"{"eventType":"antennaDisconnected","antennaDisconnectedEvent":{"antennaPort":2}}"#;
    assert_eq!(decode(unplugged), Ok(vec![Event::Antenna { port: 2, connected: false }]));
    for key in ["inventoryStatus", "status"] {
        let line = format!(
            r#"{{"eventType":"inventoryStatus","inventoryStatusEvent":{{"{key}":"armed"}}}}"#
        );
        assert_eq!(decode(line.as_bytes()), Ok(vec![Event::Status("armed".to_owned())]));
    }
    for name in ["overflowEvent", "OverflowEvent", "connectionsLost"] {
        let line = format!(r#"{{"{name}":{{}}}}"#);
        assert!(matches!(&decode(line.as_bytes()).unwrap()[..], [Event::Lost(_)]), "{name}");
    }
    for bad in [&b"{"[..], b"7", br#"{"tagInventoryEvent":{}}"#, br#"{"eventType":"tagInventory"}"#]
    {
        assert!(decode(bad).is_err(), "{}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn a_read_carries_the_digest_of_its_line_and_half_a_line_is_a_gap() {
    let mut session = Session::new(75_000, 0);
    session.handle_bytes(1, format!("\r\n{TAG}\r\n{}", &TAG[..40]).as_bytes());
    session.handle_end();
    let events = events(&mut session);
    let [SessionEvent::Read { raw, .. }, SessionEvent::Gap { .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*raw, Hash::of(TAG.as_bytes()));
}

#[test]
fn a_line_without_end_is_not_kept() {
    let mut lines = Lines::default();
    for _ in 0..10 {
        assert!(lines.push(&[b'x'; LINE_BYTES_MAX / 2]).is_empty());
    }
    assert_eq!(lines.push(b"\n\r\n"), [Line::TooLong, Line::KeepAlive]);
}

#[test]
fn an_antenna_is_a_gap_from_its_unplugging_to_its_return() {
    let mut session = Session::new(90_000, 0);
    for (at_us, name) in [(5, "Connected"), (10, "Disconnected"), (20, "Connected")] {
        let line = format!("{{\"antenna{name}Event\":{{\"antennaPort\":3}}}}\n");
        session.handle_bytes(at_us, line.as_bytes());
    }
    let since: Vec<Option<u64>> = events(&mut session)
        .into_iter()
        .filter_map(
            |e| if let SessionEvent::Gap { since_us, .. } = e { Some(since_us) } else { None },
        )
        .collect();
    assert_eq!(since, [None, Some(10)]);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_and_never_panic(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'{')], 0..300),
        piece in 1usize..50,
    ) {
        let (mut whole, mut pieces) = (Session::new(1, 0), Session::new(1, 0));
        whole.handle_bytes(1, &bytes);
        for piece in bytes.chunks(piece) {
            pieces.handle_bytes(1, piece);
        }
        prop_assert_eq!(events(&mut whole), events(&mut pieces));
    }

    #[test]
    fn a_damaged_event_never_panics(at in 0..TAG.len(), byte in any::<u8>()) {
        let mut line = TAG.as_bytes().to_vec();
        line[at] = byte;
        let _ = decode(&line);
    }
}
