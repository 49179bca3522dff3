//! The simulated reader against a raw client: frames in, frames out, over a real socket.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use gatewarden_llrp::codec::{
    AiSpec, ConnectionAttemptEvent, EventsAndReports, GeneralDeviceCapabilities,
    InventoryParameterSpec, KeepaliveSpec, LlrpCapabilities, LlrpStatus, Message, MessageKind,
    ReaderEvent, RoBoundarySpec, RoReportSpec, RoSpec, RoSpecStartTrigger, RoSpecStopTrigger,
    StatusCode, TagReportContentSelector as Content, TagReports, UtcTimestamp, split_frame,
};
use gatewarden_simulators::llrp::{LlrpOptions, ReaderStatus, SimReader, SimTag};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const SPEC: u32 = 5;

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    next_id: u32,
}

impl Client {
    async fn connect(reader: &SimReader) -> Self {
        let mut client = Self::connect_raw(reader).await;
        assert_eq!(client.attempt().await, 0);
        client
    }

    async fn connect_raw(reader: &SimReader) -> Self {
        let stream = TcpStream::connect(reader.address()).await.unwrap();
        Self { stream, buffer: Vec::new(), next_id: 100 }
    }

    /// The next frame's bytes, or `None` where the connection ended.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = split_frame(&self.buffer).unwrap() {
                let length = frame.bytes.len();
                return Some(self.buffer.drain(..length).collect());
            }
            let mut piece = [0; 4096];
            let read = timeout(PATIENCE, self.stream.read(&mut piece)).await.unwrap();
            match read {
                Ok(count @ 1..) => self.buffer.extend_from_slice(&piece[..count]),
                Ok(0) | Err(_) => return None,
            }
        }
    }

    async fn message(&mut self) -> Message {
        let bytes = self.frame().await.unwrap();
        let frame = split_frame(&bytes).unwrap().unwrap();
        Message::from_frame(&frame).unwrap()
    }

    async fn event(&mut self) -> ReaderEvent {
        let message = self.message().await;
        assert_eq!(message.kind, MessageKind::READER_EVENT_NOTIFICATION);
        message.get::<ReaderEvent>().unwrap().unwrap()
    }

    async fn attempt(&mut self) -> u16 {
        let event = self.event().await;
        assert!(event.utc.is_some());
        event.attempt.unwrap().status
    }

    async fn send(&mut self, message: &Message) {
        self.stream.write_all(&message.encode().unwrap()).await.unwrap();
    }

    /// Sends and gives the answer, and the frames that came before it.
    async fn ask(&mut self, mut message: Message) -> (Message, Vec<Message>) {
        self.next_id += 1;
        message.id = self.next_id;
        self.send(&message).await;
        let mut before = Vec::new();
        loop {
            let answer = self.message().await;
            if answer.id == message.id && Some(answer.kind) == message.kind.response() {
                return (answer, before);
            }
            before.push(answer);
        }
    }

    async fn status(&mut self, message: Message) -> StatusCode {
        let (answer, _) = self.ask(message).await;
        answer.get::<LlrpStatus>().unwrap().unwrap().code
    }

    async fn ok(&mut self, message: Message) {
        assert_eq!(self.status(message).await, StatusCode::SUCCESS);
    }

    async fn on_spec(&mut self, kind: MessageKind, spec: u32) -> StatusCode {
        self.status(Message::on_rospec(kind, 0, spec)).await
    }

    async fn begin(&mut self, spec: &RoSpec) {
        self.ok(Message::add_rospec(0, spec)).await;
        assert_eq!(self.on_spec(MessageKind::ENABLE_ROSPEC, spec.id).await, StatusCode::SUCCESS);
    }

    /// EPCs of the next report, in its order.
    async fn report(&mut self) -> Vec<Tag> {
        loop {
            let bytes = self.frame().await.unwrap();
            let frame = split_frame(&bytes).unwrap().unwrap();
            if frame.kind == MessageKind::RO_ACCESS_REPORT {
                return tags(frame.body);
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Tag {
    epc: Vec<u8>,
    antenna: Option<u16>,
    rospec: Option<u32>,
    has_rssi: bool,
    first_seen_us: Option<u64>,
}

fn tags(body: &[u8]) -> Vec<Tag> {
    let tag = TagReports::new(body).map(Result::unwrap).map(|tag| Tag {
        epc: tag.epc.to_vec(),
        antenna: tag.antenna,
        rospec: tag.rospec,
        has_rssi: tag.peak_rssi_dbm.is_some(),
        first_seen_us: tag.first_seen_us,
    });
    tag.collect()
}

fn field(count: u8) -> Vec<SimTag> {
    let tag = |n| SimTag { epc: vec![n; 12], antenna: u16::from(n % 4) + 1, rssi_dbm: -55 };
    (0..count).map(tag).collect()
}

fn spec(start: u8, duration_ms: u32, every_tags: u16, bits: u16) -> RoSpec {
    let boundary = RoBoundarySpec {
        start: RoSpecStartTrigger { kind: start, ..Default::default() },
        stop: RoSpecStopTrigger {
            kind: u8::from(duration_ms > 0),
            duration_ms,
            ..Default::default()
        },
        ..Default::default()
    };
    let inventory = InventoryParameterSpec { id: 9, protocol: 1, ..Default::default() };
    let ai = AiSpec { antennas: vec![0], inventories: vec![inventory], ..Default::default() };
    let content = Content { bits, ..Default::default() };
    let report = RoReportSpec { trigger: 2, every_tags, content, ..Default::default() };
    RoSpec { id: SPEC, boundary, ai_specs: vec![ai], report: Some(report), ..Default::default() }
}

async fn reader(rate: u32) -> SimReader {
    let reader = SimReader::start(LlrpOptions { rate, ..Default::default() }).await.unwrap();
    println!("seed {}", reader.seed());
    reader.set_field(field(10));
    reader
}

async fn until(reader: &SimReader, test: impl FnMut(&ReaderStatus) -> bool) -> ReaderStatus {
    let mut status = reader.status();
    let status = timeout(PATIENCE, status.wait_for(test)).await.unwrap().unwrap();
    status.clone()
}

#[tokio::test]
async fn an_immediate_rospec_reports_every_n_tags_with_the_selected_fields() {
    let reader = reader(2000).await;
    let mut client = Client::connect(&reader).await;
    client.begin(&spec(1, 0, 4, Content::ANTENNA | Content::ROSPEC_ID)).await;
    let mut seen = BTreeSet::new();
    while seen.len() < 10 {
        let report = client.report().await;
        assert_eq!(report.len(), 4);
        for tag in report {
            assert_eq!(tag.antenna, Some(u16::from(tag.epc[0] % 4) + 1));
            assert_eq!((tag.rospec, tag.has_rssi, tag.first_seen_us), (Some(SPEC), false, None));
            seen.insert(tag.epc);
        }
    }
    // Disabled while active; what was left comes before the answer.
    assert_eq!(client.on_spec(MessageKind::DISABLE_ROSPEC, 0).await, StatusCode::SUCCESS);
    assert_eq!(until(&reader, |status| status.active.is_none()).await.rospecs, 1);
    let (listed, before) = client.ask(Message::new(MessageKind::GET_ROSPECS, 0)).await;
    assert!(before.is_empty(), "reads after DISABLE: {before:?}");
    assert_eq!(listed.get::<RoSpec>().unwrap().unwrap().state, 0);
    assert_eq!(client.on_spec(MessageKind::DELETE_ROSPEC, 0).await, StatusCode::SUCCESS);
    assert_eq!(client.on_spec(MessageKind::ENABLE_ROSPEC, SPEC).await, StatusCode::FIELD_ERROR);
}

#[tokio::test]
async fn a_duration_ends_the_rospec_with_one_report_of_what_fits() {
    let reader = reader(1000).await;
    reader.set_miss_percent(0);
    let mut client = Client::connect(&reader).await;
    client.begin(&spec(0, 50, 0, Content::FIRST_SEEN)).await;
    assert_eq!(client.on_spec(MessageKind::START_ROSPEC, SPEC).await, StatusCode::SUCCESS);
    let report = client.report().await;
    assert_eq!(report.len(), 50, "1000 tries a second for 50 ms");
    let times: Vec<_> = report.iter().map(|tag| tag.first_seen_us.unwrap()).collect();
    assert!(times.is_sorted() && times[49] - times[0] == 49_000, "{times:?}");
    let (listed, _) = client.ask(Message::new(MessageKind::GET_ROSPECS, 0)).await;
    assert_eq!(listed.get::<RoSpec>().unwrap().unwrap().state, 1, "inactive, not disabled");
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_status() {
    let reader = reader(200).await;
    let mut client = Client::connect(&reader).await;
    let good = spec(0, 0, 1, 0);
    let mut zero = good.clone();
    zero.id = 0;
    let mut port = good.clone();
    port.ai_specs[0].antennas = vec![5];
    let mut trigger = good.clone();
    trigger.boundary.start.kind = 9;
    let mut empty = good.clone();
    empty.ai_specs.clear();
    for (case, expected) in [
        (&zero, StatusCode::FIELD_ERROR),
        (&port, StatusCode::FIELD_ERROR),
        (&trigger, StatusCode::FIELD_ERROR),
        (&empty, StatusCode::PARAMETER_ERROR),
        (&good, StatusCode::SUCCESS),
        (&good, StatusCode::FIELD_ERROR),
    ] {
        assert_eq!(client.status(Message::add_rospec(0, case)).await, expected, "{case:?}");
    }
    for kind in [MessageKind::START_ROSPEC, MessageKind::STOP_ROSPEC] {
        assert_eq!(client.on_spec(kind, SPEC).await, StatusCode::FIELD_ERROR, "{kind} disabled");
    }
    // Silent ones first: what answers next must be the ERROR_MESSAGE.
    client.send(&Message::new(MessageKind::ENABLE_EVENTS_AND_REPORTS, 1)).await;
    client.send(&Message::new(MessageKind::KEEPALIVE_ACK, 2)).await;
    client.send(&Message::new(MessageKind(999), 3)).await;
    let error = client.message().await;
    assert_eq!((error.kind, error.id), (MessageKind::ERROR_MESSAGE, 3));
    assert_eq!(error.get::<LlrpStatus>().unwrap().unwrap().code, StatusCode::UNSUPPORTED_MESSAGE);
    let mut newer = Message::get_reader_capabilities(4, 0);
    newer.version = 2;
    client.send(&newer).await;
    let error = client.message().await;
    assert_eq!(error.get::<LlrpStatus>().unwrap().unwrap().code, StatusCode::UNSUPPORTED_VERSION);
}

#[tokio::test]
async fn capabilities_and_configuration_are_told_and_set() {
    let reader = reader(200).await;
    let mut client = Client::connect(&reader).await;
    let (told, _) = client.ask(Message::get_reader_capabilities(0, 0)).await;
    let general = told.get::<GeneralDeviceCapabilities>().unwrap().unwrap();
    assert_eq!((general.antennas_max, general.protocols.len()), (4, 4));
    assert!(told.get::<LlrpCapabilities>().unwrap().unwrap().holds_reports());

    let keepalive = KeepaliveSpec { trigger: 1, period_ms: 5, ..Default::default() };
    let hold = EventsAndReports { hold: true, ..Default::default() };
    let set = Message::set_reader_config(0, true).with(&keepalive).with(&hold);
    client.ok(set).await;
    for _ in 0..3 {
        let keepalive = client.message().await;
        assert_eq!(keepalive.kind, MessageKind::KEEPALIVE);
        client.send(&Message::new(MessageKind::KEEPALIVE_ACK, keepalive.id)).await;
    }
    until(&reader, |status| status.keepalive_acks == 3).await;
    let (told, _) = client.ask(Message::get_reader_config(0, 0)).await;
    assert_eq!(told.get::<KeepaliveSpec>().unwrap().unwrap(), keepalive);
    assert_eq!(told.get::<EventsAndReports>().unwrap().unwrap(), hold);
    client.ok(Message::set_reader_config(0, true)).await;
    let (told, _) = client.ask(Message::get_reader_config(0, 8)).await;
    assert_eq!(told.params.len(), 2);
    assert_eq!(told.get::<KeepaliveSpec>().unwrap().unwrap().trigger, 0);
}

#[tokio::test]
async fn a_second_client_is_turned_away_and_the_first_is_told() {
    let reader = reader(200).await;
    let mut first = Client::connect(&reader).await;
    let mut second = Client::connect_raw(&reader).await;
    assert_eq!(second.attempt().await, 2);
    assert_eq!(second.frame().await, None);
    assert_eq!(first.attempt().await, 4);
    let (goodbye, _) = first.ask(Message::new(MessageKind::CLOSE_CONNECTION, 0)).await;
    assert!(goodbye.get::<LlrpStatus>().unwrap().unwrap().is_success());
    assert_eq!(first.frame().await, None);
    until(&reader, |status| !status.connected && status.goodbyes == 1).await;
    Client::connect(&reader).await;
    until(&reader, |status| !status.connected).await;
    reader.refuse(true);
    assert_eq!(Client::connect_raw(&reader).await.attempt().await, 3);
}

#[tokio::test]
async fn reads_of_an_outage_are_held_until_they_are_asked_for() {
    let reader = reader(1000).await;
    let mut client = Client::connect(&reader).await;
    let hold = EventsAndReports { hold: true, ..Default::default() };
    client.ok(Message::set_reader_config(0, false).with(&hold)).await;
    client.begin(&spec(1, 0, 1, 0)).await;
    client.report().await;
    reader.drop_connection();
    while client.frame().await.is_some() {}
    let held = until(&reader, |status| !status.connected && status.waiting >= 50).await;
    assert_eq!((held.active, held.lost), (Some(SPEC), 0));

    let mut client = Client::connect(&reader).await;
    // Nothing held comes before it is asked for, not even around an answer.
    let (_, before) = client.ask(Message::new(MessageKind::GET_ROSPECS, 0)).await;
    assert!(before.is_empty(), "{before:?}");
    client.send(&Message::new(MessageKind::ENABLE_EVENTS_AND_REPORTS, 0)).await;
    for _ in 0..50 {
        assert_eq!(client.report().await.len(), 1);
    }
}

#[tokio::test]
async fn held_reports_are_bounded_and_their_loss_is_told() {
    let reader = reader(1_000_000).await;
    reader.set_miss_percent(0);
    let mut client = Client::connect(&reader).await;
    client.begin(&spec(1, 0, 1, 0)).await;
    reader.drop_connection();
    let full = until(&reader, |status| status.lost > 0 && !status.connected).await;
    assert_eq!(full.waiting, gatewarden_simulators::llrp::HELD_MESSAGES_MAX);
    reader.set_rate(0);
    let mut client = Client::connect(&reader).await;
    assert!(client.event().await.buffer_overflow.is_some());
    assert_eq!(client.report().await.len(), 1);
}

#[tokio::test]
async fn faults_break_what_they_say() {
    let reader = reader(200).await;
    let mut client = Client::connect(&reader).await;
    reader.garbage();
    let mut piece = [0; 64];
    let count = timeout(PATIENCE, client.stream.read(&mut piece)).await.unwrap().unwrap();
    assert!(split_frame(&piece[..count]).is_err());
    drop(client);
    until(&reader, |status| !status.connected).await;

    let mut client = Client::connect(&reader).await;
    reader.truncated_frame();
    assert_eq!(client.frame().await, None, "no whole frame before the end");
    assert_eq!(client.buffer.len(), 14);

    let mut client = Client::connect(&reader).await;
    reader.silence(true);
    client.send(&Message::new(MessageKind::GET_ROSPECS, 7)).await;
    reader.silence(false);
    assert_eq!(client.message().await.kind, MessageKind::GET_ROSPECS_RESPONSE);
    client.stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(client.message().await.kind, MessageKind::ERROR_MESSAGE);
    assert_eq!(client.frame().await, None);
    reader.power_cycle().await.unwrap();
    let client = Client::connect(&reader).await;
    drop(client);
    reader.go_away().await;
    assert!(TcpStream::connect(reader.address()).await.is_err());
}

#[tokio::test]
async fn inputs_start_and_antennas_tell() {
    use gatewarden_llrp::codec::{
        EventNotificationState, GpiTriggerValue, ReaderEventNotificationSpec,
    };
    let reader = reader(1000).await;
    let mut client = Client::connect(&reader).await;
    let on = |event| EventNotificationState { event, on: true, ..Default::default() };
    let states = vec![on(1), on(2), on(8)];
    let events = ReaderEventNotificationSpec { states, ..Default::default() };
    client.ok(Message::set_reader_config(0, false).with(&events)).await;
    let mut gated = spec(3, 0, 1, Content::ANTENNA);
    gated.boundary.start.gpi = Some(GpiTriggerValue { port: 2, on: true, ..Default::default() });
    client.begin(&gated).await;
    assert!(reader.set_input(2, true) && !reader.set_input(5, true));
    let gpi = client.event().await.gpi.unwrap();
    assert_eq!((gpi.port, gpi.on), (2, true));
    assert_eq!(client.event().await.rospec.unwrap().kind, 0);
    client.report().await;
    reader.set_antenna(3, false);
    let unplugged = loop {
        let message = client.message().await;
        if let Some(event) = message.get::<ReaderEvent>().unwrap() {
            break event;
        }
    };
    let antenna = unplugged.antenna.unwrap();
    assert_eq!((antenna.kind, antenna.antenna), (0, 3));
    for _ in 0..40 {
        assert_ne!(client.report().await[0].antenna, Some(3));
    }
}

#[tokio::test]
async fn a_skewed_clock_shows_in_what_the_reader_tells() {
    let reader = reader(200).await;
    reader.set_clock_skew_us(-3_600_000_000);
    let mut client = Client::connect_raw(&reader).await;
    let event = client.event().await;
    assert_eq!(event.attempt, Some(ConnectionAttemptEvent::default()));
    let UtcTimestamp { us, .. } = event.utc.unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let behind_s = now.as_secs() - us / 1_000_000;
    assert!((3600..3620).contains(&behind_s), "{behind_s} s behind");
}

#[tokio::test]
async fn a_flood_is_whole() {
    let reader = reader(0).await;
    assert!(reader.flood(1, 1).await.is_err(), "no client");
    let mut client = Client::connect(&reader).await;
    until(&reader, |status| status.connected).await;
    const READS: u64 = 100_003;
    let count = async {
        let mut count = 0;
        while count < READS {
            count += client.report().await.len() as u64;
        }
        count
    };
    let (took, count) = tokio::join!(reader.flood(READS, 20), count);
    assert_eq!(count, READS);
    println!("{READS} reads in {:?}", took.unwrap());
}
