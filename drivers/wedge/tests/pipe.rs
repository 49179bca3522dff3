//! The task on pipes that carry the kernel's events: scans, lost events, unplugging in the middle, coming back.
//!
//! No keyboard and no uinput are needed; that a real node is opened and grabbed is not tested here.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    collections::VecDeque,
    fs::File,
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use gatewarden_model::{
    Clock, DeviceEvent, DeviceFacts, DeviceId, DeviceState, ReadValue, Stamp, facts_words,
};
use gatewarden_wedge::{
    Bus, Opened, Settings, WedgeError, Which,
    codec::{Event, SYN_DROPPED, SYN_REPORT},
    run_on,
};
use nix::fcntl::OFlag;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

/// The keyboards that are plugged in, one after another.
#[derive(Clone, Default)]
struct Plugs(Arc<Mutex<VecDeque<File>>>);

impl Plugs {
    /// Plugs one in; what is written into it is typed, and closing it unplugs it.
    fn plug(&self) -> Keyboard {
        let (events, keys) = nix::unistd::pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).unwrap();
        self.0.lock().unwrap().push_back(File::from(events));
        Keyboard(File::from(keys))
    }
}

impl Bus for Plugs {
    fn open(&mut self) -> Result<Opened, WedgeError> {
        let missing = || WedgeError::Missing { wanted: "0001:0002".to_owned() };
        let events = self.0.lock().unwrap().pop_front().ok_or_else(missing)?;
        let facts = DeviceFacts::from([("serial".to_owned(), "S1".to_owned())]);
        Ok(Opened { name: "Test".to_owned(), facts, events })
    }
}

struct Keyboard(File);

const ENTER: u16 = 28;

impl Keyboard {
    fn events(&mut self, events: &[Event]) {
        let bytes: Vec<u8> = events.iter().flat_map(|event| event.encode()).collect();
        self.0.write_all(&bytes).unwrap();
    }

    /// Digits, and Enter.
    fn scan(&mut self, digits: &str) {
        self.digits(digits);
        self.stroke(ENTER);
    }

    fn digits(&mut self, digits: &str) {
        for digit in digits.bytes() {
            self.stroke(if digit == b'0' { 11 } else { u16::from(digit - b'0') + 1 });
        }
    }

    fn stroke(&mut self, code: u16) {
        let syn = Event::syn(SYN_REPORT);
        self.events(&[Event::key(code, true), syn, Event::key(code, false), syn]);
    }
}

struct Bench {
    plugs: Plugs,
    events: mpsc::Receiver<DeviceEvent>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    fn start(channel: usize) -> (Self, Keyboard) {
        let plugs = Plugs::default();
        let keyboard = plugs.plug();
        let (sender, events) = mpsc::channel(channel);
        let stop = CancellationToken::new();
        let which = Which::Usb { vendor: 1, product: 2, serial: None, port: None };
        let settings = Settings { pause_ms: 200, ..Settings::new(which) };
        let clock = Arc::new(TestClock(Instant::now()));
        let device = DeviceId::parse("scanner-1").unwrap();
        let task =
            tokio::spawn(run_on(plugs.clone(), device, settings, clock, sender, stop.clone()));
        (Self { plugs, events, stop, task }, keyboard)
    }

    async fn next(&mut self) -> String {
        let event = timeout(Duration::from_secs(8), self.events.recv()).await.unwrap();
        match event.unwrap() {
            DeviceEvent::Identity { facts, .. } => facts_words(&facts),
            DeviceEvent::State { state, .. } => match state {
                DeviceState::Connecting { .. } => "connecting".to_owned(),
                DeviceState::Up { detail } => format!("up {detail}"),
                DeviceState::Down { reason, .. } => {
                    format!("down {}", reason.split([';', '(']).next().unwrap().trim())
                }
                DeviceState::Stopped => "stopped".to_owned(),
            },
            DeviceEvent::Reads(reads) => match &reads[0].value {
                ReadValue::Scan(scan) => scan.text.clone(),
                ReadValue::Tag(_) => "tag".to_owned(),
            },
            DeviceEvent::Gap { reason, .. } => format!("gap {}", reason.split(':').next().unwrap()),
            DeviceEvent::Input { .. } => "input".to_owned(),
        }
    }

    async fn expect(&mut self, expected: &[&str]) {
        for e in expected {
            assert_eq!(self.next().await, *e);
        }
    }
}

#[tokio::test]
async fn scans_lost_events_and_unplugging_come_in_order() {
    let (mut bench, mut keyboard) = Bench::start(64);
    bench.expect(&["connecting", "serial S1", "up keyboard Test"]).await;
    keyboard.scan("4012345678901");
    keyboard.digits("12");
    keyboard.events(&[Event::syn(SYN_DROPPED), Event::syn(SYN_REPORT)]);
    keyboard.scan("34");
    keyboard.scan("56");
    bench.expect(&["4012345678901", "gap events were lost (SYN_DROPPED)", "56"]).await;
    keyboard.digits("78");
    bench.expect(&["gap half a scan"]).await;
    // Pulled in the middle of a scan; the other half comes from another connection.
    let (mut keyboard, mut next) = {
        let mut pulled = keyboard;
        std::thread::sleep(Duration::from_millis(600));
        pulled.digits("90");
        drop(pulled);
        bench.expect(&["gap half a scan", "down the scanner was unplugged"]).await;
        (bench.plugs.plug(), bench.plugs.plug())
    };
    bench.expect(&["connecting", "gap the scanner was not connected", "serial S1"]).await;
    bench.expect(&["up keyboard Test"]).await;
    keyboard.scan("21");
    bench.expect(&["21"]).await;
    drop(keyboard);
    bench.expect(&["down the scanner was unplugged", "connecting"]).await;
    bench.expect(&["gap the scanner was not connected", "serial S1", "up keyboard Test"]).await;
    next.scan("22");
    bench.expect(&["22"]).await;
    bench.stop.cancel();
    bench.expect(&["stopped"]).await;
    timeout(Duration::from_secs(2), bench.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_channel_delays_and_never_drops() {
    let (mut bench, mut keyboard) = Bench::start(1);
    bench.expect(&["connecting", "serial S1", "up keyboard Test"]).await;
    for nth in 0..60 {
        keyboard.scan(&format!("{nth:04}"));
    }
    for nth in 0..60 {
        assert_eq!(bench.next().await, format!("{nth:04}"));
    }
    bench.stop.cancel();
    timeout(Duration::from_secs(2), bench.task).await.unwrap().unwrap();
}
