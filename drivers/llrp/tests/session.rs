//! The session against scripted peers: data in, expectation out, no sockets and no clock.
#![allow(clippy::unwrap_used)] // tests fail by panicking

use gatewarden_llrp::{
    Bank, Edge, Foreign, Lamps, Protocol, Region, SearchMode, Session, SessionEvent, Settings,
    Start, Stop, TagFilter,
    codec::{
        AntennaEvent, ConnectionAttemptEvent, ConnectionCloseEvent, EventsAndReports, GpiEvent,
        GpiPortCurrentState, KeepaliveSpec, LlrpStatus, Message, MessageKind as Kind, ReaderEvent,
        ReaderExceptionEvent, ReportBufferOverflowErrorEvent, RoSpec, RoSpecEvent, StatusCode,
        TagReport, Typed, Uptime, UtcTimestamp, decode_frame, encode_report,
    },
};
use proptest::prelude::*;

const CAPABILITIES: &str = include_str!("frames/capabilities.hex");
const ROSPEC: u32 = 7;

/// A reader that answers everything well, unless told otherwise.
struct Peer {
    session: Session,
    now_us: u64,
    refuse: Option<(Kind, StatusCode)>,
    mute: Option<Kind>,
    inputs: Vec<GpiPortCurrentState>,
    rospecs: Vec<RoSpec>,
    asked: Vec<Message>,
    events: Vec<SessionEvent>,
}

fn settings() -> Settings {
    Settings { keepalive_ms: 1_000, ..Settings::new("unused") }
}

impl Peer {
    fn new(settings: Settings) -> Self {
        let session = Session::new(settings, ROSPEC, 0);
        let (refuse, mute, inputs, rospecs, asked, events) = Default::default();
        Self { session, now_us: 0, refuse, mute, inputs, rospecs, asked, events }
    }

    fn up(settings: Settings) -> Self {
        let mut peer = Self::new(settings);
        peer.greet(0);
        assert!(peer.session.is_running(), "{:?}", peer.events);
        peer.events.clear();
        peer.asked.clear();
        peer
    }

    fn greet(&mut self, status: u16) {
        let attempt = Some(ConnectionAttemptEvent { status, others: vec![] });
        self.tell(ReaderEvent { attempt, ..Default::default() });
    }

    fn tell(&mut self, event: ReaderEvent) {
        self.send(&Message::new(Kind::READER_EVENT_NOTIFICATION, 0).with(&event).encode().unwrap());
    }

    /// Gives bytes to the session, and answers what it asks until it asks no more.
    fn send(&mut self, bytes: &[u8]) {
        self.session.handle_bytes(self.now_us, bytes);
        while let Some(output) = self.session.poll_output() {
            let (message, used) = decode_frame(&output).unwrap().unwrap();
            assert_eq!(used, output.len());
            let answer = self.answer(&message);
            self.asked.push(message);
            self.now_us += 1_000;
            if let Some(answer) = answer {
                self.session.handle_bytes(self.now_us, &answer.encode().unwrap());
            }
        }
        self.events.extend(std::iter::from_fn(|| self.session.poll_event()));
    }

    fn answer(&self, request: &Message) -> Option<Message> {
        let custom = (request.kind == Kind::CUSTOM_MESSAGE).then_some(Kind::CUSTOM_MESSAGE);
        let kind = request.kind.response().or(custom)?;
        if self.mute == Some(request.kind) {
            return None;
        }
        let refused = self.refuse.filter(|(kind, _)| *kind == request.kind);
        let status =
            refused.map_or_else(LlrpStatus::success, |(_, code)| LlrpStatus::error(code, "no"));
        let mut answer = match kind {
            Kind::GET_READER_CAPABILITIES_RESPONSE if refused.is_none() => {
                decode_frame(&hex(CAPABILITIES)).unwrap().unwrap().0
            }
            Kind::GET_SUPPORTED_VERSION_RESPONSE => {
                Message::new(kind, 0).field(1u8).field(2u8).with(&status)
            }
            _ => Message::with_status(kind, 0, &status),
        };
        if kind == Kind::GET_READER_CONFIG_RESPONSE {
            answer = self.inputs.iter().fold(answer, |answer, input| answer.with(input));
        }
        if kind == Kind::GET_ROSPECS_RESPONSE && refused.is_none() {
            answer = self.rospecs.iter().fold(answer, |answer, rospec| answer.with(rospec));
        }
        if request.kind == Kind::CUSTOM_MESSAGE {
            let mut data = Vec::new();
            status.to_param().encode(&mut data).unwrap();
            answer = Message::custom(0, 25_882, 22, &data);
        }
        answer.id = request.id;
        Some(answer)
    }

    fn at(&mut self, now_us: u64) -> &mut Self {
        self.now_us = now_us;
        self.session.handle_time(now_us);
        self.events.extend(std::iter::from_fn(|| self.session.poll_event()));
        self
    }

    fn asked(&self) -> Vec<Kind> {
        self.asked.iter().map(|m| m.kind).collect()
    }

    fn down(&self) -> &str {
        match self.events.last() {
            Some(SessionEvent::Down { reason }) => reason,
            other => panic!("not down but {other:?}"),
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

const WAY_UP: [Kind; 7] = [
    Kind::GET_READER_CAPABILITIES,
    Kind::GET_READER_CONFIG,
    Kind::SET_READER_CONFIG,
    Kind::GET_ROSPECS,
    Kind::ADD_ROSPEC,
    Kind::ENABLE_ROSPEC,
    Kind::ENABLE_EVENTS_AND_REPORTS,
];

#[test]
fn the_way_up_is_asked_in_order() {
    let mut peer =
        Peer::new(Settings { tx_power_dbm: Some(25.5), antennas: vec![1, 3], ..settings() });
    peer.greet(0);
    assert_eq!(peer.asked(), WAY_UP);
    assert!(peer.asked.iter().all(|m| m.version == 1));
    let [SessionEvent::Up(reader)] = &peer.events[..] else { panic!("{:?}", peer.events) };
    assert_eq!(reader.summary(), "Impinj model 700, firmware llrpkit-emu 0.1");
    let config = &peer.asked[2];
    assert_eq!(config.get::<KeepaliveSpec>().unwrap().unwrap().period_ms, 1_000);
    assert!(config.get::<EventsAndReports>().unwrap().unwrap().hold);
    let rospec: RoSpec = peer.asked[4].get().unwrap().unwrap();
    assert_eq!((rospec.id, rospec.boundary.start.kind), (ROSPEC, 1));
    assert_eq!(rospec.ai_specs[0].antennas, [1, 3]);
    let antenna = &rospec.ai_specs[0].inventories[0].antennas[0];
    assert_eq!(antenna.transmitter.as_ref().unwrap().power, 16, "25 dBm, the step below");
}

#[test]
fn a_start_by_the_client_is_one_more_request() {
    let mut peer = Peer::new(Settings { start: Start::ByClient, ..settings() });
    peer.greet(0);
    assert_eq!(peer.asked()[5..7], [Kind::ENABLE_ROSPEC, Kind::START_ROSPEC]);
    assert!(peer.session.is_running());
}

#[test]
fn version_1_1_is_spoken_where_it_is_not_refused() {
    let wish = Settings { protocol: Protocol::V1_1, ..settings() };
    let mut peer = Peer::new(wish.clone());
    peer.greet(0);
    assert_eq!(peer.asked()[..2], [Kind::GET_SUPPORTED_VERSION, Kind::SET_PROTOCOL_VERSION]);
    assert!(peer.asked.iter().all(|m| m.version == 2));
    let mut old = Peer::new(wish);
    old.refuse = Some((Kind::GET_SUPPORTED_VERSION, StatusCode::UNSUPPORTED_VERSION));
    old.greet(0);
    assert_eq!(old.asked()[1..], WAY_UP);
    assert!(old.asked[1..].iter().all(|m| m.version == 1));
}

#[test]
fn reads_keep_their_order_and_unchanged_fields_are_carried() {
    let mut peer = Peer::up(settings());
    let full = TagReport {
        epc: &[1; 12],
        epc_bits: 96,
        antenna: Some(2),
        peak_rssi_dbm: Some(-60),
        seen_count: Some(4),
        first_seen_us: Some(9),
        ..TagReport::default()
    };
    let bare = TagReport { epc: &[2, 2], epc_bits: 16, ..TagReport::default() };
    let first = encode_report(1, 0, &[full, bare]).unwrap();
    let second = encode_report(1, 0, &[bare]).unwrap();
    let stream = [first.clone(), second].concat();
    stream.chunks(3).for_each(|piece| peer.send(piece));
    let [SessionEvent::Reads { tags, raw }, SessionEvent::Reads { tags: later, .. }] =
        &peer.events[..]
    else {
        panic!("{:?}", peer.events)
    };
    assert_eq!(*raw, gatewarden_model::Hash::of(&first));
    assert_eq!((tags[0].antenna, tags[0].count, tags[0].first_seen_us), (2, 4, Some(9)));
    for tag in [&tags[1], &later[0]] {
        assert_eq!((&tag.epc[..], tag.antenna, tag.count), (&[2u8, 2][..], 2, 4));
        assert_eq!((tag.peak_rssi_cdbm, tag.first_seen_us), (Some(-6_000), None));
    }
}

#[test]
fn keepalives_are_answered_and_two_missed_ones_are_death() {
    let mut peer = Peer::up(settings());
    peer.now_us = 900_000;
    peer.send(&Message::new(Kind::KEEPALIVE, 55).encode().unwrap());
    assert_eq!((peer.asked[0].kind, peer.asked[0].id), (Kind::KEEPALIVE_ACK, 55));
    assert_eq!(peer.session.poll_deadline_us(), Some(900_000 + 2_500_000));
    assert_eq!(peer.at(3_399_999).events, []);
    assert_eq!(peer.at(3_400_000).down(), "2 keepalives missed: nothing heard for 2500 ms");
    assert_eq!(peer.session.poll_deadline_us(), None);
}

#[test]
fn every_request_has_a_time_out() {
    let mut silent = Peer::new(settings());
    assert!(silent.at(5_000_000).down().starts_with("no greeting within 5000 ms"));
    for kind in &WAY_UP[..6] {
        let mut peer = Peer::new(settings());
        peer.mute = Some(*kind);
        peer.greet(0);
        assert_eq!(peer.asked().last(), Some(kind));
        let deadline = peer.session.poll_deadline_us().unwrap();
        assert_eq!(peer.at(deadline).down(), format!("no answer to {kind} within 5000 ms"));
    }
}

#[test]
fn refusals_are_told_where_they_matter() {
    for kind in &WAY_UP[..6] {
        let mut peer = Peer::new(settings());
        peer.refuse = Some((*kind, StatusCode::PARAMETER_ERROR));
        peer.greet(0);
        let text = format!("the reader refused {kind}: M_ParameterError (100): \"no\"");
        if matches!(*kind, Kind::GET_READER_CONFIG | Kind::GET_ROSPECS) {
            assert_eq!(peer.events[0], SessionEvent::Note(text));
            assert!(peer.session.is_running());
        } else {
            assert_eq!(peer.down(), text);
        }
    }
}

#[test]
fn a_reader_that_is_taken_says_so() {
    for (status, word) in
        [(1, "made itself"), (2, "another client"), (3, "no reason"), (99, "LLRP")]
    {
        let mut peer = Peer::new(settings());
        peer.greet(status);
        assert!(peer.down().contains(word), "{}", peer.down());
    }
    let mut peer = Peer::up(settings());
    peer.greet(4);
    assert!(matches!(peer.events[..], [SessionEvent::Note(_)]));
}

#[test]
fn settings_beyond_the_reader_are_told_before_it_is_asked() {
    let mut peer = Peer::new(Settings { antennas: vec![1, 7], ..settings() });
    peer.greet(0);
    assert_eq!(
        peer.down(),
        "antenna 7 is configured, but the reader has only ports 1 to 4; change antennas"
    );
    let mut peer = Peer::new(Settings { tx_power_dbm: Some(5.0), ..settings() });
    peer.greet(0);
    let power = "but the reader can 10 to 30 dBm; change tx_power_dbm";
    assert_eq!(peer.down(), format!("transmit power 5 dBm is configured, {power}"));
}

#[test]
fn inputs_are_told_when_known_and_at_each_edge_and_switched_on() {
    let mut peer = Peer::new(settings());
    let input = |port, enabled, state| GpiPortCurrentState { port, enabled, state, others: vec![] };
    peer.inputs = vec![input(1, true, 1), input(2, true, 0), input(3, false, 2), input(4, true, 2)];
    peer.greet(0);
    let known: Vec<_> =
        peer.events.iter().filter(|e| matches!(e, SessionEvent::Input { .. })).collect();
    assert_eq!(
        known,
        [&SessionEvent::Input { port: 1, on: true }, &SessionEvent::Input { port: 2, on: false }]
    );
    let switched: Vec<GpiPortCurrentState> = peer.asked[2].all().unwrap();
    assert_eq!(switched, [input(3, true, 2)]);
    peer.events.clear();
    peer.tell(ReaderEvent {
        gpi: Some(GpiEvent { port: 3, on: true, others: vec![] }),
        ..Default::default()
    });
    assert_eq!(peer.events, [SessionEvent::Input { port: 3, on: true }]);
}

#[test]
fn what_may_cost_reads_is_a_gap() {
    let mut peer = Peer::up(Settings { antennas: vec![2], ..settings() });
    peer.tell(ReaderEvent {
        buffer_overflow: Some(ReportBufferOverflowErrorEvent::default()),
        ..Default::default()
    });
    let exception = ReaderExceptionEvent { message: "hot".into(), others: vec![] };
    peer.tell(ReaderEvent { exception: Some(exception), ..Default::default() });
    let antenna = |kind, antenna| {
        let antenna = Some(AntennaEvent { kind, antenna, others: vec![] });
        ReaderEvent { antenna, ..Default::default() }
    };
    peer.now_us = 500_000;
    peer.tell(antenna(0, 2));
    peer.tell(antenna(0, 4));
    peer.now_us = 900_000;
    peer.tell(antenna(1, 2));
    peer.send(&hex("043d 00000010 00000000 00f0 0006 8100"));
    let gap = |since_us, reason: &str| SessionEvent::Gap { since_us, reason: reason.into() };
    assert_eq!(
        peer.events,
        [
            gap(None, "the reader's report buffer overflowed"),
            gap(None, "reader exception: \"hot\""),
            gap(None, "antenna 2 was unplugged: nothing is read there"),
            SessionEvent::Note("antenna 4 is not plugged in".into()),
            gap(Some(500_000), "antenna 2 was unplugged"),
            gap(
                None,
                "a tag report could not be read: parameter 1 claims 3 bytes where 2 are left"
            ),
        ]
    );
    assert!(peer.session.is_running());
}

#[test]
fn the_end_of_our_rospec_and_a_closed_connection_are_down() {
    let ended = |rospec| {
        let rospec = Some(RoSpecEvent { kind: 1, rospec, by: 0, others: vec![] });
        ReaderEvent { rospec, ..Default::default() }
    };
    let mut peer = Peer::up(settings());
    peer.tell(ended(ROSPEC - 1));
    assert_eq!(peer.events, [], "the last session's");
    peer.tell(ended(ROSPEC));
    assert_eq!(peer.down(), "the reader ended our ROSpec (event 1)");
    let mut peer = Peer::up(settings());
    let close = Some(ConnectionCloseEvent::default());
    peer.tell(ReaderEvent { close, ..Default::default() });
    assert_eq!(peer.down(), "the reader closed the connection");
}

#[test]
fn bytes_that_make_no_sense_are_down_and_nothing_follows() {
    let mut peer = Peer::up(settings());
    peer.send(&hex("043d 05f5e100 00000000"));
    assert_eq!(
        peer.down(),
        "the reader's bytes make no sense: message length 100000000 is outside 10..=1048576 \
         bytes: is this an LLRP port?"
    );
    let events = peer.events.len();
    peer.send(&encode_report(1, 0, &[]).unwrap());
    peer.session.close(0);
    peer.session.handle_disconnect("x");
    assert_eq!(peer.at(u64::MAX).events.len(), events);
}

#[test]
fn the_goodbye_stops_deletes_and_closes_within_its_time() {
    let mut peer = Peer::up(settings());
    peer.session.close(peer.now_us);
    let tag = TagReport { epc: &[1; 12], epc_bits: 96, ..TagReport::default() };
    peer.send(&encode_report(1, 0, &[tag]).unwrap());
    assert_eq!(peer.asked(), [Kind::STOP_ROSPEC, Kind::DELETE_ROSPEC, Kind::CLOSE_CONNECTION]);
    assert!(matches!(peer.events[..], [SessionEvent::Reads { .. }, SessionEvent::Closed]));
    let mut mute = Peer::up(settings());
    mute.mute = Some(Kind::CLOSE_CONNECTION);
    mute.session.close(0);
    mute.send(&[]);
    assert_eq!(mute.at(1_500_000).events, [SessionEvent::Closed]);
}

proptest! {
    #[test]
    fn any_bytes_at_any_moment_end_in_events_not_in_panics(
        running: bool, step in 1u64..3_000_000,
        pieces in prop::collection::vec(
            (0u16..1024, any::<u32>(), prop::collection::vec(any::<u8>(), 0..80), any::<bool>()), 0..30),
    ) {
        let mut peer = if running { Peer::up(settings()) } else { Peer::new(settings()) };
        for (kind, id, body, framed) in pieces {
            let mut bytes = (0x400 | kind).to_be_bytes().to_vec();
            bytes.extend_from_slice(&u32::try_from(body.len() + 10).unwrap().to_be_bytes());
            bytes.extend_from_slice(&(id % 9).to_be_bytes());
            bytes.extend_from_slice(&body);
            peer.send(if framed { &bytes } else { &body });
            let now_us = peer.now_us + step;
            peer.at(now_us);
        }
        let over = |e: &&SessionEvent| matches!(e, SessionEvent::Down { .. } | SessionEvent::Closed);
        prop_assert!(peer.events.iter().filter(over).count() <= 1);
        prop_assert_eq!(peer.session.poll_deadline_us().is_none(), peer.events.last().is_some_and(|e| over(&e)));
    }
}

/// The ROSpec that these settings make, as the reader would tell it.
fn made(settings: &Settings) -> RoSpec {
    let mut peer = Peer::new(settings.clone());
    peer.greet(0);
    let add = peer.asked.iter().find(|m| m.kind == Kind::ADD_ROSPEC).unwrap();
    RoSpec { state: 2, ..add.get().unwrap().unwrap() }
}

const OURS: u32 = 0x6757_0099;

#[test]
fn a_rospec_of_ours_that_reads_as_wanted_is_adopted_untouched() {
    let wish = Settings { filters: vec![filter()], tx_power_dbm: Some(20.0), ..settings() };
    let mut peer = Peer::new(wish.clone());
    let foreign = RoSpec { id: 3, ..RoSpec::default() };
    peer.rospecs = vec![foreign, RoSpec { id: OURS, ..made(&wish) }];
    peer.greet(0);
    let asked = peer.asked();
    assert_eq!(asked[4..], [Kind::DELETE_ROSPEC, Kind::ENABLE_EVENTS_AND_REPORTS]);
    assert_eq!(peer.asked[4].fields, 3u32.to_be_bytes(), "only the foreign one goes");
    assert_eq!(peer.session.rospec(), OURS);
    let Some(SessionEvent::Up(reader)) = peer.events.last() else { panic!("{:?}", peer.events) };
    let told: Vec<_> = reader.rospecs.iter().map(|r| (r.id, r.state, r.ours)).collect();
    assert_eq!(told, [(3, "disabled", false), (OURS, "active", true)]);
    // Its end is ours to tell.
    peer.tell(ReaderEvent {
        rospec: Some(RoSpecEvent { kind: 1, rospec: OURS, by: 0, others: vec![] }),
        ..Default::default()
    });
    assert_eq!(peer.down(), "the reader ended our ROSpec (event 1)");
}

#[test]
fn a_rospec_that_differs_or_rests_or_is_not_ours_is_replaced() {
    let wish = settings();
    let good = RoSpec { id: OURS, ..made(&wish) };
    let other = RoSpec { id: OURS, ..made(&Settings { session: 2, ..settings() }) };
    for (found, why) in [
        (other, "another session"),
        (RoSpec { state: 0, ..good.clone() }, "disabled"),
        (RoSpec { id: 12, ..good.clone() }, "not ours"),
    ] {
        let mut peer = Peer::new(wish.clone());
        peer.rospecs = vec![found];
        peer.greet(0);
        assert_eq!(peer.asked()[4..6], [Kind::DELETE_ROSPEC, Kind::ADD_ROSPEC], "{why}");
        assert!(peer.session.is_running());
        assert_eq!(peer.session.rospec(), ROSPEC);
    }
}

#[test]
fn foreign_rospecs_stay_where_that_is_wished_and_are_told() {
    let mut peer = Peer::new(Settings { foreign: Foreign::Keep, ..settings() });
    let old = RoSpec { id: OURS, ..RoSpec::default() };
    peer.rospecs = vec![RoSpec { id: 3, ..RoSpec::default() }, old];
    peer.greet(0);
    let gone: Vec<_> =
        peer.asked.iter().filter(|m| m.kind == Kind::DELETE_ROSPEC).map(|m| &m.fields).collect();
    assert_eq!(gone, [&OURS.to_be_bytes().to_vec()]);
    let note = "ROSpec 3 is not ours and stays, as foreign = \"keep\" has it";
    assert!(peer.events.contains(&SessionEvent::Note(note.into())), "{:?}", peer.events);
}

fn filter() -> TagFilter {
    TagFilter { bank: Bank::Epc, bit: 32, mask: vec![0x30] }
}

#[test]
fn filters_search_mode_and_triggers_stand_in_the_rospec() {
    let edge = |port, on| Edge { port, on };
    let wish = Settings {
        filters: vec![filter()],
        search_mode: Some(SearchMode::TagFocus),
        tid: true,
        start: Start::Input(edge(1, true)),
        stop: Stop { input: Some(edge(2, false)), timeout_ms: 4_000 },
        ..settings()
    };
    let mut peer = Peer::new(wish);
    peer.greet(0);
    assert_eq!(
        peer.asked()[1],
        Kind::CUSTOM_MESSAGE,
        "extensions are enabled before they are used"
    );
    assert!(peer.session.is_running(), "{:?}", peer.events);
    let add = peer.asked.iter().find(|m| m.kind == Kind::ADD_ROSPEC).unwrap();
    let bytes = add.encode().unwrap();
    let holds = |hex_digits: &str| {
        let wanted = hex(hex_digits);
        bytes.windows(wanted.len()).any(|window| window == wanted)
    };
    // C1G2Filter with a mask of 8 bits at bit 32 of the EPC bank; others don't take part.
    assert!(holds("014b 0014 00  014c 000a 40 0020 0008 30  014e 0005 00"));
    assert!(holds("03ff 000e 0000651a 00000017 0003"), "InventorySearchMode TagFocus");
    assert!(holds("03ff 001a 0000651a 00000032 03ff 000e 0000651a 00000033 0001"), "TID");
    let rospec: RoSpec = add.get().unwrap().unwrap();
    assert_eq!((rospec.boundary.start.kind, rospec.boundary.stop.kind), (3, 2));
    let stop = rospec.boundary.stop.gpi.unwrap();
    assert_eq!((stop.port, stop.on, stop.timeout_ms), (2, false, 4_000));
    peer.events.clear();
    peer.tell(ReaderEvent {
        rospec: Some(RoSpecEvent { kind: 1, rospec: ROSPEC, by: 0, others: vec![] }),
        ..Default::default()
    });
    assert_eq!(peer.events, [], "an input's ROSpec ends and begins again");
}

#[test]
fn each_setting_the_reader_cannot_follow_is_refused_by_name() {
    let edge = Edge { port: 9, on: true };
    let base = settings;
    for (wish, name) in [
        (Settings { tx_power_dbm: Some(33.0), ..base() }, "change tx_power_dbm"),
        (Settings { reader_mode: Some(4_711), ..base() }, "change reader_mode"),
        (Settings { region: Some(Region::Korea), ..base() }, "or change region"),
        (Settings { hop_table: Some(77), ..base() }, "change hop_table"),
        (Settings { frequency_khz: Some(1), ..base() }, "change frequency_khz"),
        (Settings { start: Start::Input(edge), ..base() }, "change start or stop"),
        (
            Settings { gpo: Lamps { green: Some(9), ..Lamps::default() }, ..base() },
            "output 9 is configured",
        ),
        (
            Settings { search_mode: Some(SearchMode::TagFocus), session: 2, ..base() },
            "works in session 1 only",
        ),
    ] {
        let mut peer = Peer::new(wish);
        peer.greet(0);
        assert!(peer.down().contains(name), "{}", peer.down());
        assert!(!peer.asked().contains(&Kind::DELETE_ROSPEC), "nothing was touched before");
    }
}

#[test]
fn a_signal_lights_the_outputs_and_leaving_darkens_them() {
    use gatewarden_model::Signal;
    let gpo = Lamps { green: Some(1), red: Some(3), ..Lamps::default() };
    let mut peer = Peer::new(Settings { gpo, leave_running: true, ..settings() });
    peer.session.handle_signal(Signal::Go);
    peer.greet(0);
    let levels = |peer: &Peer| {
        let data: Vec<gatewarden_llrp::codec::GpoWriteData> =
            peer.asked.last().unwrap().all().unwrap();
        data.iter().map(|d| (d.port, d.on)).collect::<Vec<_>>()
    };
    assert_eq!(levels(&peer), [(3, false), (1, true)], "known after every connection");
    peer.session.handle_signal(Signal::Stop);
    peer.send(&[]);
    assert_eq!(levels(&peer), [(1, false), (3, true)]);
    peer.asked.clear();
    peer.session.close(peer.now_us);
    peer.send(&[]);
    assert_eq!(peer.asked(), [Kind::SET_READER_CONFIG, Kind::CLOSE_CONNECTION], "it reads on");
    peer.asked.pop();
    assert_eq!(levels(&peer), [(1, false), (3, false)]);
}

#[test]
fn a_reader_that_answers_nothing_about_its_outputs_is_down() {
    use gatewarden_model::Signal;
    let gpo = Lamps { green: Some(1), ..Lamps::default() };
    let mut peer = Peer::up(Settings { gpo, ..settings() });
    peer.mute = Some(Kind::SET_READER_CONFIG);
    for _ in 0..20 {
        for signal in [Signal::Go, Signal::Off] {
            peer.session.handle_signal(signal);
            peer.send(&[]);
        }
    }
    assert_eq!(peer.down(), "the reader answers nothing about its outputs");
}

#[test]
fn the_readers_clock_is_measured_and_its_jump_is_a_gap() {
    let mut peer = Peer::new(settings());
    peer.session = Session::new(settings(), ROSPEC, 0).with_wall(1_000_000_000);
    let at =
        |us| ReaderEvent { utc: Some(UtcTimestamp { us, others: vec![] }), ..Default::default() };
    peer.now_us = 1_000_000;
    let attempt = Some(ConnectionAttemptEvent::default());
    peer.tell(ReaderEvent { attempt, ..at(1_004_000_000) });
    let Some(SessionEvent::Up(reader)) = peer.events.last() else { panic!("{:?}", peer.events) };
    assert_eq!(reader.clock_us, Some(3_000_000));
    peer.events.clear();
    let now_us = peer.now_us;
    peer.tell(at(now_us + 1_003_000_000));
    assert_eq!(peer.events, [SessionEvent::Clock { skew_us: 3_000_000 }]);
    peer.tell(at(now_us + 1_063_000_000));
    let reason =
        "reader clock jumped: it is 60.0 s ahead of where it was, or its word comes so late";
    assert_eq!(peer.events[1], SessionEvent::Gap { since_us: None, reason: reason.into() });
    assert_eq!(peer.events[2], SessionEvent::Clock { skew_us: 63_000_000 });
}

#[test]
fn times_since_the_readers_start_become_ours() {
    let mut peer = Peer::new(settings());
    peer.session = Session::new(settings(), ROSPEC, 0).with_wall(1_000_000_000);
    peer.now_us = 5_000;
    let attempt = Some(ConnectionAttemptEvent::default());
    let uptime = Some(Uptime { us: 77_005_000, others: vec![] });
    peer.tell(ReaderEvent { attempt, uptime, ..Default::default() });
    peer.events.clear();
    peer.now_us = 60_000_000;
    let tag = TagReport {
        epc: &[1; 12],
        epc_bits: 96,
        first_seen_uptime_us: Some(77_100_000),
        last_seen_uptime_us: Some(77_200_000),
        ..TagReport::default()
    };
    peer.send(&encode_report(1, 0, &[tag]).unwrap());
    let [SessionEvent::Reads { tags, .. }] = &peer.events[..] else { panic!("{:?}", peer.events) };
    let told = (tags[0].first_seen_us, tags[0].last_seen_us);
    assert_eq!(
        told,
        (Some(1_000_100_000), Some(1_000_200_000)),
        "held, and told with its own time"
    );
    assert_eq!(tags[0].ago_us, Some(59_800_000 - 59 * 200), "less what the clocks may drift apart");
}
