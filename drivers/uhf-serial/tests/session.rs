//! The session alone: no port, the time is an argument. What it asks and when, and properties over any bytes.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use gatewarden_model::{Stamp, TagRead};
use gatewarden_uhf_serial::{
    Found, Output, Protocol, Region, Session, Settings,
    codec::{FRAME_BYTES_MAX, chafon, crc, mercury, r200, reader18},
    session::{ANSWER_US, ROUND_US, SEEK_US, SETTLE_US, SILENCE_US},
};
use proptest::prelude::*;

const R200: Protocol = Protocol::R200 { alternate: false };
const READER18: Protocol = Protocol::Reader18 { address: 0 };
const CHAFON: Protocol = Protocol::Chafon { low_first: false };
const EACH: [Protocol; 4] = [R200, READER18, CHAFON, Protocol::Mercury];

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

fn settings(protocol: Protocol) -> Settings {
    Settings {
        baud: Some(115_200),
        protocols: vec![protocol],
        region: matches!(protocol, Protocol::Mercury).then_some(Region::Europe),
        ..Settings::new("/dev/none")
    }
}

fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

fn written(outputs: &[Output]) -> Vec<&[u8]> {
    let bytes = outputs.iter().filter_map(|output| match output {
        Output::Write(bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    bytes.collect()
}

/// What a module answers to this command; nothing to the one that makes it read.
fn answer(protocol: Protocol, command: &[u8]) -> Vec<u8> {
    match protocol {
        Protocol::R200 { alternate } => match command[2] {
            r200::POLL_MANY => vec![],
            r200::INFO => r200::frame(alternate, 1, r200::INFO, b"\x00M100"),
            other => r200::frame(alternate, 1, other, &[0]),
        },
        Protocol::Reader18 { .. } => match command[2] {
            reader18::INVENTORY => vec![],
            reader18::INFO => {
                reader18::answer(0, reader18::INFO, 0, &[2, 36, 9, 2, 49, 128, 26, 3])
            }
            other => reader18::answer(0, other, 0, &[]),
        },
        Protocol::Chafon { low_first } => match u16::from_be_bytes([command[2], command[3]]) {
            chafon::INVENTORY => vec![],
            other => chafon::frame(low_first, 1, other, &[0]),
        },
        Protocol::Mercury => match (command[2], &command[3..command.len() - 2]) {
            (mercury::CONTINUOUS, [0, 0, 1, ..]) => vec![],
            (other, _) => mercury::answer(other, 0, &[]),
        },
    }
}

/// A frame that tells of this tag.
fn tag(protocol: Protocol, epc: &[u8; 12]) -> Vec<u8> {
    let mut memory = [&[0x30, 0][..], epc].concat();
    memory.extend(crc::gen2(&memory).to_be_bytes());
    match protocol {
        Protocol::R200 { alternate } => {
            r200::frame(alternate, 2, r200::POLL, &[&[0xc9][..], &memory].concat())
        }
        Protocol::Reader18 { .. } => {
            reader18::answer(0, reader18::INVENTORY, 3, &[&[1, 12][..], epc].concat())
        }
        Protocol::Chafon { low_first } => {
            let data = [&[0, 0xfd, 0xa8, 1, 7, 12][..], epc].concat();
            chafon::frame(low_first, 1, chafon::INVENTORY, &data)
        }
        Protocol::Mercury => {
            let head = [0x10, 0, 0x1b, 0, 7, 1, 1, 0xc4, 0x11, 0, 128];
            mercury::answer(mercury::READ, 0, &[&head[..], &memory].concat())
        }
    }
}

/// A session that reads, at this moment.
fn reading(protocol: Protocol, now_us: u64) -> Session {
    let mut session = Session::new(settings(protocol), None, at(now_us));
    for _ in 0..32 {
        let told = outputs(&mut session);
        if told.iter().any(|output| matches!(output, Output::Up { .. })) {
            return session;
        }
        for command in written(&told) {
            session.handle_bytes(at(now_us), &answer(protocol, command));
        }
    }
    panic!("{protocol:?} is not up")
}

fn epcs(outputs: &[Output]) -> Vec<Vec<u8>> {
    let tags = |output: &Output| match output {
        Output::Tags { tags, .. } => tags.iter().map(|tag: &TagRead| tag.epc.clone()).collect(),
        _ => vec![],
    };
    outputs.iter().flat_map(tags).collect()
}

fn gaps(outputs: &[Output]) -> Vec<&str> {
    let reasons = outputs.iter().filter_map(|output| match output {
        Output::Gap { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    reasons.collect()
}

#[test]
fn nobody_there_is_told_with_what_was_tried() {
    let open = Settings { protocols: vec![], baud: None, ..settings(R200) };
    let (mut session, mut now) = (Session::new(open, None, at(0)), 0);
    let (mut asked, mut bauds) = (0, vec![]);
    let reason = loop {
        for output in outputs(&mut session) {
            match output {
                Output::Baud(baud) => bauds.push(baud),
                Output::Write(_) => asked += 1,
                Output::Down { reason } => {
                    assert_eq!((asked, &bauds[..]), (28, &[115_200, 57_600, 9_600, 38_400][..]));
                    assert!(reason.contains("nothing came") && reason.contains("line scanner"));
                    assert_eq!(session.poll_timeout(), None, "it is over");
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
        let Some(due) = session.poll_timeout() else { break "no end" };
        assert_eq!(due, now + SEEK_US);
        now = due;
        session.handle_timeout(at(now));
    };
    panic!("{reason}");
}

#[test]
fn a_module_that_was_found_before_is_asked_first_and_again_and_again() {
    let known = Found { protocol: CHAFON, baud: 9_600 };
    let open = Settings { protocols: vec![], baud: None, ..settings(R200) };
    let mut session = Session::new(open, Some(known), at(0));
    let question = chafon::frame(false, chafon::ANY, chafon::INFO, &[]);
    let mut since = 0;
    while let Some(now) = session.poll_timeout() {
        for command in written(&outputs(&mut session)) {
            since = if command == question { 0 } else { since + 1 };
            assert!(since <= 2, "for {since} questions it was not asked");
        }
        session.handle_timeout(at(now));
    }
}

#[test]
fn bytes_that_are_no_answer_are_told_with_the_way_out() {
    let mut session = Session::new(settings(R200), None, at(0));
    session.handle_bytes(at(10), b"]C10106291041500213\r\n");
    while let Some(now) = session.poll_timeout() {
        session.handle_timeout(at(now));
    }
    let told = outputs(&mut session);
    let Some(Output::Down { reason }) = told.last() else { panic!("{told:?}") };
    assert!(reason.contains("21 bytes came") && reason.contains("line scanner"), "{reason}");
    assert!(gaps(&told).is_empty(), "noise before a module was found is no evidence: {told:?}");
}

#[test]
fn a_module_is_set_up_in_order_and_a_lost_answer_is_asked_for_again() {
    let told = Settings {
        power_dbm: Some(26),
        region: Some(Region::Europe),
        session: Some(1),
        q: Some(5),
        ..settings(R200)
    };
    let mut session = Session::new(told, None, at(0));
    let (mut commands, mut lost, mut now) = (vec![], false, 0);
    for _ in 0..32 {
        let told = outputs(&mut session);
        for command in written(&told) {
            commands.push(command[2]);
            if command[2] == r200::REGION && !std::mem::replace(&mut lost, true) {
                now += ANSWER_US;
                session.handle_timeout(at(now));
            } else {
                session.handle_bytes(at(now), &answer(R200, command));
            }
        }
    }
    assert!(session.is_reading());
    let set = [r200::REGION, r200::REGION, r200::POWER, r200::QUERY, r200::POWER_TOLD];
    let rest = [r200::INFO, r200::STOP, r200::INFO, r200::INFO, r200::INFO];
    assert_eq!(commands, [&rest[..], &set, &[r200::POLL_MANY]].concat());
}

#[test]
fn what_a_module_tells_of_itself_is_told_when_it_is_up() {
    let mut session = Session::new(settings(READER18), None, at(0));
    for _ in 0..8 {
        let told = outputs(&mut session);
        if let Some(Output::Up { module, found }) =
            told.iter().find(|output| matches!(output, Output::Up { .. }))
        {
            assert_eq!((module.model.as_str(), module.power_cdbm), ("UHFReader18", Some(2_600)));
            assert_eq!((found.protocol, found.baud), (READER18, 115_200));
            return;
        }
        written(&told).into_iter().for_each(|command| {
            session.handle_bytes(at(0), &answer(READER18, command));
        });
    }
    panic!("not up");
}

#[test]
fn silence_is_the_end_and_says_for_how_long() {
    for protocol in EACH {
        let mut session = reading(protocol, 1_000);
        outputs(&mut session);
        session.handle_bytes(at(2_000), &tag(protocol, &[7; 12]));
        assert_eq!(epcs(&outputs(&mut session)), [[7; 12]]);
        session.handle_timeout(at(2_000 + SILENCE_US - 1));
        assert!(session.is_reading());
        session.handle_timeout(at(2_000 + SILENCE_US));
        let told = outputs(&mut session);
        let Some(Output::Down { reason }) = told.last() else { panic!("{protocol:?} {told:?}") };
        assert!(reason.contains("said nothing for 3 s"), "{reason}");
        assert_eq!(session.last_good(), at(2_000), "since when evidence is missing");
    }
}

#[test]
fn an_inventory_with_a_count_is_started_anew_before_it_ends() {
    let mut session = reading(R200, 0);
    let (mut stops, mut starts) = (0, 0);
    for now in (1..=20_000u64).map(|n| n * 1_000) {
        let told = outputs(&mut session);
        for command in written(&told) {
            stops += usize::from(command[2] == r200::STOP);
            starts += usize::from(command[2] == r200::POLL_MANY);
            session.handle_bytes(at(now), &answer(R200, command));
        }
        session.handle_timeout(at(now));
        session.handle_bytes(at(now), &r200::frame(false, 1, r200::FAILED, &[r200::NO_TAG]));
    }
    assert!(session.is_reading());
    // 20,000 frames, at most 10,000 of one inventory.
    assert_eq!((stops, starts), (2, 2), "stopped, and started again after the answer");
}

#[test]
fn an_inventory_that_is_over_is_started_again_but_not_at_once() {
    for (protocol, over) in [
        (READER18, reader18::answer(0, reader18::INVENTORY, reader18::NO_TAG, &[])),
        (CHAFON, chafon::frame(false, 1, chafon::INVENTORY, &[chafon::OVER])),
    ] {
        let mut session = reading(protocol, 0);
        outputs(&mut session);
        session.handle_bytes(at(100), &over);
        assert_eq!(outputs(&mut session), [], "{protocol:?}");
        assert_eq!(session.poll_timeout(), Some(ROUND_US));
        session.handle_timeout(at(ROUND_US));
        assert_eq!(outputs(&mut session).len(), 1, "{protocol:?}");
    }
}

#[test]
fn a_frame_that_breaks_off_is_a_gap_when_its_rest_does_not_come_or_the_cable_is_pulled() {
    for protocol in EACH {
        let (whole, broken) = (tag(protocol, &[1; 12]), tag(protocol, &[2; 12]));
        let mut session = reading(protocol, 0);
        outputs(&mut session);
        session.handle_bytes(at(10), &broken[..broken.len() / 2]);
        assert!(session.poll_timeout().unwrap() <= 10 + SETTLE_US);
        session.handle_bytes(at(20 + SETTLE_US), &whole);
        assert_eq!(epcs(&outputs(&mut session)), [[1; 12]], "{protocol:?}: the next is whole");
        session.handle_timeout(at(20 + SETTLE_US + 200_000));
        let told = outputs(&mut session);
        assert_eq!(gaps(&told).len(), 1, "{protocol:?} {told:?}");

        let mut session = reading(protocol, 0);
        outputs(&mut session);
        session.handle_bytes(at(10), &broken[..broken.len() / 2]);
        session.handle_end(at(20));
        let told = outputs(&mut session);
        assert!(gaps(&told)[0].contains("bytes that are no frame"), "{protocol:?} {told:?}");
        session.handle_bytes(at(30), &whole);
        assert_eq!(outputs(&mut session), [], "it is over");
    }
}

#[test]
fn garbage_without_end_makes_a_few_gaps_a_second() {
    let mut session = reading(R200, 0);
    let mut count = 0;
    for now in (1..=1_000u64).map(|n| n * 1_000) {
        session.handle_bytes(at(now), &[0x55; 512]);
        count += gaps(&outputs(&mut session)).len();
        assert!(session.held() <= FRAME_BYTES_MAX);
    }
    assert!((2..=6).contains(&count), "{count}");
}

#[test]
fn a_module_that_refuses_to_read_is_down_with_the_way_out() {
    let refusals = [
        (R200, r200::frame(false, 1, r200::FAILED, &[0x17])),
        (CHAFON, chafon::frame(false, 1, chafon::INVENTORY, &[2])),
        (Protocol::Mercury, mercury::answer(mercury::CONTINUOUS, 0x010b, &[])),
    ];
    for (protocol, refusal) in refusals {
        let mut session = reading(protocol, 0);
        outputs(&mut session);
        session.handle_bytes(at(10), &refusal);
        let told = outputs(&mut session);
        assert!(
            matches!(&told[..], [Output::Down { reason }] if reason.contains("refuses to read")),
            "{protocol:?} {told:?}"
        );
    }
}

#[test]
fn at_the_end_it_is_told_to_stop_and_its_last_tags_count() {
    for protocol in [R200, CHAFON, Protocol::Mercury] {
        let mut session = reading(protocol, 0);
        outputs(&mut session);
        session.close(at(10));
        let told = outputs(&mut session);
        let stop = written(&told)[0].to_vec();
        session.handle_bytes(at(20), &tag(protocol, &[9; 12]));
        session.handle_bytes(at(30), &answer(protocol, &stop));
        let told = outputs(&mut session);
        assert_eq!(epcs(&told), [[9; 12]], "{protocol:?}");
        assert_eq!(told.last(), Some(&Output::Closed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However the bytes come in pieces, they are the same reads and the same gaps.
    #[test]
    fn any_chunking_gives_the_same_reads(
        parts in prop::collection::vec((any::<[u8; 12]>(), prop::collection::vec(any::<u8>(), 0..20)), 1..12),
        sizes in prop::collection::vec(1usize..40, 1..40),
    ) {
        for protocol in EACH {
            let mut bytes = Vec::new();
            for (epc, noise) in &parts {
                bytes.extend(tag(protocol, epc));
                bytes.extend(noise);
            }
            let told = |sizes: &[usize]| {
                let mut session = reading(protocol, 0);
                outputs(&mut session);
                let mut rest = &bytes[..];
                for size in sizes.iter().cycle() {
                    let (now, after) = rest.split_at((*size).min(rest.len()));
                    session.handle_bytes(at(1), now);
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                session.handle_timeout(at(1 + SETTLE_US));
                session.handle_timeout(at(1 + 3 * SETTLE_US));
                outputs(&mut session)
            };
            let at_once = told(&[bytes.len()]);
            prop_assert_eq!(&told(&sizes), &at_once, "{:?}", protocol);
            prop_assert!(epcs(&at_once).contains(&parts[0].0.to_vec()), "{:?}", protocol);
        }
    }

    /// Any bytes at any time: no panic, bounded memory, and while it is not over it says when it is due.
    #[test]
    fn any_bytes_at_any_time_are_borne(
        steps in prop::collection::vec((0u64..400_000, prop::collection::vec(any::<u8>(), 0..300)), 0..30),
        is_reading in any::<bool>(),
    ) {
        for protocol in EACH {
            let mut session = match is_reading {
                true => reading(protocol, 0),
                false => Session::new(settings(protocol), None, at(0)),
            };
            let (mut now, mut is_over) = (0, false);
            for (pause, bytes) in &steps {
                now += pause;
                session.handle_bytes(at(now), bytes);
                prop_assert!(session.held() <= FRAME_BYTES_MAX);
                let mut told = outputs(&mut session);
                prop_assert!(told.len() <= bytes.len() + 8, "{} of {}", told.len(), bytes.len());
                session.handle_timeout(at(now));
                told.extend(outputs(&mut session));
                is_over |= told.iter().any(|o| matches!(o, Output::Down { .. } | Output::Closed));
                prop_assert_eq!(session.poll_timeout().is_none(), is_over, "{:?}", protocol);
            }
            session.handle_end(at(now));
            outputs(&mut session);
            prop_assert_eq!(session.poll_timeout(), None);
        }
    }
}
