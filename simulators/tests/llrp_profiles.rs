//! What the simulated readers' profiles do otherwise, over a real socket.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use gatewarden_llrp::codec::{
    AiSpec, AntennaConfiguration, C1g2InventoryCommand, GeneralDeviceCapabilities,
    InventoryParameterSpec, LlrpStatus, Message, MessageKind, Param, RoBoundarySpec, RoReportSpec,
    RoSpec, RoSpecStartTrigger, StatusCode, TagReport, TagReports, VERSION_1_1, decode_frame,
    explain, split_frame,
    vendor::{self, ImpinjContent, SearchMode},
};
use gatewarden_simulators::llrp::{LlrpOptions, Profile, SimReader, SimTag};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    version: u8,
}

impl Client {
    async fn connect(reader: &SimReader) -> Self {
        let stream = TcpStream::connect(reader.address()).await.unwrap();
        let mut client = Self { stream, buffer: Vec::new(), version: 1 };
        client.frame().await;
        client
    }

    async fn frame(&mut self) -> Vec<u8> {
        loop {
            if let Some(frame) = split_frame(&self.buffer).unwrap() {
                let length = frame.bytes.len();
                return self.buffer.drain(..length).collect();
            }
            let mut piece = [0; 4096];
            let count = timeout(PATIENCE, self.stream.read(&mut piece)).await.unwrap().unwrap();
            assert!(count > 0, "the reader hung up");
            self.buffer.extend_from_slice(&piece[..count]);
        }
    }

    /// The answer, whatever its type is.
    async fn ask(&mut self, message: Message) -> Message {
        let message = Message { version: self.version, id: 4711, ..message };
        self.stream.write_all(&message.encode().unwrap()).await.unwrap();
        loop {
            let (answer, _) = decode_frame(&self.frame().await).unwrap().unwrap();
            if answer.id == 4711 {
                return answer;
            }
        }
    }

    async fn status(&mut self, message: Message) -> StatusCode {
        self.ask(message).await.get::<LlrpStatus>().unwrap().unwrap().code
    }

    async fn start(&mut self, spec: &RoSpec) {
        assert_eq!(self.status(Message::add_rospec(1, spec)).await, StatusCode::SUCCESS);
        let enable = Message::on_rospec(MessageKind::ENABLE_ROSPEC, 1, 1);
        assert_eq!(self.status(enable).await, StatusCode::SUCCESS);
    }

    /// Checks so many tag reports.
    async fn reports(&mut self, count: usize, mut check: impl FnMut(&TagReport<'_>)) {
        let mut seen = 0;
        while seen < count {
            let bytes = self.frame().await;
            let frame = split_frame(&bytes).unwrap().unwrap();
            if frame.kind == MessageKind::RO_ACCESS_REPORT {
                for tag in TagReports::new(frame.body) {
                    check(&tag.unwrap());
                    seen += 1;
                }
            }
        }
    }
}

async fn reader(profile: Profile) -> SimReader {
    let options = LlrpOptions { profile, rate: 1000, miss_percent: 0, ..Default::default() };
    let reader = SimReader::start(options).await.unwrap();
    let tag = |n: u8| SimTag { epc: vec![0x30, 0x74, 0, n], antenna: 1, rssi_dbm: -50 };
    reader.set_field((0..4).map(tag).collect());
    reader
}

fn spec(command: Vec<Param>, report: Vec<Param>) -> RoSpec {
    let command = C1g2InventoryCommand { others: command, ..Default::default() };
    let antenna = AntennaConfiguration { commands: vec![command], ..Default::default() };
    let inventory = InventoryParameterSpec {
        id: 1,
        protocol: 1,
        antennas: vec![antenna],
        ..Default::default()
    };
    let ai = AiSpec { antennas: vec![0], inventories: vec![inventory], ..Default::default() };
    let start = RoSpecStartTrigger { kind: 1, ..Default::default() };
    let report = RoReportSpec { trigger: 1, every_tags: 1, others: report, ..Default::default() };
    RoSpec {
        id: 1,
        boundary: RoBoundarySpec { start, ..Default::default() },
        ai_specs: vec![ai],
        report: Some(report),
        ..Default::default()
    }
}

fn supported() -> Message {
    Message { version: VERSION_1_1, ..Message::new(MessageKind::GET_SUPPORTED_VERSION, 1) }
}

async fn maker(client: &mut Client) -> (u32, u32) {
    let ask = Message::new(MessageKind::GET_READER_CAPABILITIES, 1).field(0u8);
    let answer = client.ask(ask).await;
    let general = answer.get::<GeneralDeviceCapabilities>().unwrap().unwrap();
    (general.manufacturer, general.model)
}

#[tokio::test]
async fn one_speaks_1_1_after_it_was_agreed() {
    let reader = reader(Profile::Generic11).await;
    let mut client = Client::connect(&reader).await;
    let answer = client.ask(supported()).await;
    assert_eq!((answer.kind, answer.version), (MessageKind::GET_SUPPORTED_VERSION_RESPONSE, 2));
    assert_eq!(answer.fields, [1, 2]);
    let set = |version: u8| Message::new(MessageKind::SET_PROTOCOL_VERSION, 1).field(version);
    assert_eq!(client.status(set(3)).await, StatusCode::UNSUPPORTED_VERSION);
    assert_eq!(client.status(set(2)).await, StatusCode::SUCCESS);
    client.version = 2;
    assert_eq!(maker(&mut client).await, (0, 1));
    // What was agreed holds: the old version is refused now, in a message of the new one.
    client.version = 1;
    let refused = client.ask(Message::new(MessageKind::GET_ROSPECS, 1)).await;
    assert_eq!((refused.kind, refused.version), (MessageKind::ERROR_MESSAGE, 2));
    client.version = 2;
    client.start(&spec(vec![], vec![])).await;
    let frame = client.frame().await;
    assert_eq!(split_frame(&frame).unwrap().unwrap().version, 2);
}

#[tokio::test]
async fn the_others_refuse_1_1() {
    for profile in [Profile::Generic101, Profile::ImpinjR420, Profile::ZebraFx9600] {
        let reader = reader(profile).await;
        let mut client = Client::connect(&reader).await;
        client.version = VERSION_1_1;
        let answer = client.ask(supported()).await;
        assert_eq!(answer.kind, MessageKind::ERROR_MESSAGE);
        let code = answer.get::<LlrpStatus>().unwrap().unwrap().code;
        assert_eq!(code, StatusCode::UNSUPPORTED_VERSION, "{profile:?}");
    }
}

#[tokio::test]
async fn the_r420_tells_more_once_extensions_are_enabled() {
    let reader = reader(Profile::ImpinjR420).await;
    let mut client = Client::connect(&reader).await;
    assert_eq!(maker(&mut client).await, (25_882, 2_001_002));
    let all = ImpinjContent { tid: true, phase: true, rssi: true, doppler: true };
    let told = spec(vec![], vec![vendor::impinj_content(all)]);
    let add = Message::add_rospec(1, &told);
    assert_eq!(client.status(add).await, StatusCode::UNSUPPORTED_PARAMETER);
    let answer = client.ask(vendor::enable_extensions(1)).await;
    let tree = explain(&answer.encode().unwrap()).unwrap().unwrap();
    assert_eq!(tree.message.name, "IMPINJ_ENABLE_EXTENSIONS_RESPONSE");
    assert!(tree.message.find("LLRPStatus").is_some(), "{tree}");
    client.start(&told).await;
    client
        .reports(8, |tag| {
            assert_eq!(tag.access_spec, Some(0));
            assert!(tag.phase.is_some() && tag.doppler_hz16.is_some(), "{tag:?}");
            assert!((-5200..=-4800).contains(&tag.impinj_rssi_cdbm.unwrap()), "{tag:?}");
            let words = reader.memory(tag.epc).tid;
            let tid: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            assert_eq!(tag.tid, Some(&tid[..]));
            let read = tag.to_read();
            assert_eq!((read.phase, read.tid), (tag.phase, Some(tid)));
        })
        .await;
    let off = |kind| Message::on_rospec(kind, 1, 1);
    assert_eq!(client.status(off(MessageKind::DISABLE_ROSPEC)).await, StatusCode::SUCCESS);
    assert_eq!(client.status(off(MessageKind::STOP_ROSPEC)).await, StatusCode::FIELD_ERROR);
}

#[tokio::test]
async fn tag_focus_reads_each_tag_once() {
    let reader = reader(Profile::ImpinjR420).await;
    let mut client = Client::connect(&reader).await;
    client.ask(vendor::enable_extensions(1)).await;
    client.start(&spec(vec![vendor::search_mode(SearchMode::TagFocus)], vec![])).await;
    let mut seen = Vec::new();
    client.reports(4, |tag| seen.push(tag.epc[3])).await;
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3]);
    reader.status().wait_for(|status| status.tries > 100).await.unwrap();
    assert_eq!(reader.status().borrow().reads, 4);
}

#[tokio::test]
async fn the_fx9600_tells_the_phase_in_two_bytes() {
    let reader = reader(Profile::ZebraFx9600).await;
    let mut client = Client::connect(&reader).await;
    assert_eq!(maker(&mut client).await, (161, 96_008));
    let impinj = spec(vec![vendor::search_mode(SearchMode::TagFocus)], vec![]);
    let refused = client.status(Message::add_rospec(1, &impinj)).await;
    assert_eq!(refused, StatusCode::UNSUPPORTED_PARAMETER);
    client.start(&spec(vec![], vec![vendor::zebra_phase()])).await;
    client
        .reports(4, |tag| {
            let header = [0x03, 0xFF, 0, 14, 0, 0, 0, 161, 0, 0, 0x02, 0xC5];
            assert!(tag.raw.windows(header.len()).any(|part| part == header), "{tag:?}");
            assert!(tag.phase.is_some());
        })
        .await;
    // What it reads while nobody is there is kept.
    drop(client);
    reader.status().wait_for(|status| !status.connected && status.waiting > 20).await.unwrap();
    let mut client = Client::connect(&reader).await;
    client.reports(20, |_| {}).await;
}

#[tokio::test]
async fn a_filter_selects_by_the_epc() {
    let reader = reader(Profile::Generic101).await;
    let mut client = Client::connect(&reader).await;
    // Bank 1, from the fourth byte of the EPC (bit 38h), eight bits: 2.
    let mask = Param { kind: 332, fields: vec![0x40, 0, 0x38, 0, 8, 2], params: vec![] };
    let filter = Param { kind: 331, fields: vec![0], params: vec![mask] };
    client.start(&spec(vec![filter], vec![])).await;
    client.reports(10, |tag| assert_eq!(tag.epc, [0x30, 0x74, 0, 2])).await;
}

#[tokio::test]
async fn half_frames_are_whole_in_the_end() {
    let reader = reader(Profile::Generic101).await;
    let mut client = Client::connect(&reader).await;
    reader.drip(7, Duration::from_millis(1));
    client.start(&spec(vec![], vec![])).await;
    client.reports(10, |tag| assert_eq!(tag.epc.len(), 4)).await;
    reader.drip(0, Duration::ZERO);
    client.reports(100, |_| {}).await;
}
