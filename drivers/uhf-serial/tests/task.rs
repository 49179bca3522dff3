//! The task against simulated modules on pseudo-terminals: every protocol found by itself, and every fault told.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, ReadValue, Stamp, TagRead};
use gatewarden_simulators::uhf::{Protocol, SimUhf, UhfOptions, UhfTag};
use gatewarden_uhf_serial::{Region, Settings};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

const R200: Protocol = Protocol::R200 { alternate: false };

/// Within this time of its return a module reads again.
const BACK: Duration = Duration::from_secs(2);

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

struct Bench {
    sim: SimUhf,
    events: mpsc::Receiver<DeviceEvent>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn tag(number: u8) -> UhfTag {
    UhfTag { epc: vec![number; 12], rssi_dbm: -60 }
}

fn options(protocol: Protocol) -> UhfOptions {
    UhfOptions { tags: vec![tag(1), tag(2), tag(3), tag(4)], ..UhfOptions::new(protocol) }
}

impl Bench {
    fn start(options: UhfOptions, change: impl FnOnce(&mut Settings)) -> Self {
        let protocol = options.protocol;
        let sim = SimUhf::start(options).unwrap();
        let mut settings = Settings { baud: Some(115_200), ..Settings::new(sim.path()) };
        settings.region = matches!(protocol, Protocol::Mercury).then_some(Region::Europe);
        change(&mut settings);
        let (sender, events) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let clock = Arc::new(TestClock(Instant::now()));
        let device = DeviceId::parse("module-1").unwrap();
        let task =
            tokio::spawn(gatewarden_uhf_serial::run(device, settings, clock, sender, stop.clone()));
        Self { sim, events, stop, task }
    }

    /// The first event that is wanted; what comes before is dropped.
    async fn until<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(DeviceEvent) -> Option<T>,
    ) -> T {
        let search = async {
            loop {
                if let Some(found) = wanted(self.events.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        timeout(Duration::from_secs(15), search).await.unwrap_or_else(|_| panic!("no {what}"))
    }

    async fn up(&mut self) -> String {
        self.until("up", |event| match event {
            DeviceEvent::State { state: DeviceState::Up { detail }, .. } => Some(detail),
            _ => None,
        })
        .await
    }

    async fn down(&mut self) -> String {
        self.until("down", |event| match event {
            DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    async fn gap(&mut self) -> String {
        self.until("gap", |event| match event {
            DeviceEvent::Gap { reason, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    async fn read(&mut self) -> TagRead {
        self.until("read", |event| match event {
            DeviceEvent::Reads(reads) => match reads[0].value.clone() {
                ReadValue::Tag(tag) => Some(tag),
                ReadValue::Scan(_) => None,
            },
            _ => None,
        })
        .await
    }

    async fn finish(mut self) {
        self.stop.cancel();
        self.until("stopped", |event| match event {
            DeviceEvent::State { state: DeviceState::Stopped, .. } => Some(()),
            _ => None,
        })
        .await;
        timeout(Duration::from_secs(3), self.task).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn each_protocol_is_found_by_itself_and_told_before_its_reads() {
    for (protocol, name) in [
        (R200, "M100 26dBm V1.0"),
        (Protocol::R200 { alternate: true }, "M100 26dBm V1.0"),
        (Protocol::Reader18 { address: 0 }, "UHFReader18"),
        (Protocol::Chafon { low_first: false }, "CF-M600"),
        (Protocol::Chafon { low_first: true }, "CF-M600"),
        (Protocol::Mercury, "M6e Nano"),
    ] {
        let mut bench = Bench::start(options(protocol), |_| ());
        let facts = bench
            .until("identity", |event| match event {
                DeviceEvent::Identity { facts, .. } => Some(facts),
                DeviceEvent::Reads(_) => panic!("a read before the identity"),
                _ => None,
            })
            .await;
        assert!(facts["model"].contains(name), "{facts:?}");
        let detail = bench.up().await;
        assert!(detail.contains(protocol.name()) && detail.contains("115200"), "{detail}");
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 4 {
            seen.extend(
                bench
                    .until("reads", |event| match event {
                        DeviceEvent::Reads(reads) => Some(reads),
                        DeviceEvent::Gap { reason, .. } => panic!("{protocol:?}: {reason}"),
                        _ => None,
                    })
                    .await
                    .into_iter()
                    .filter_map(|read| match read.value {
                        ReadValue::Tag(tag) => Some(tag.epc),
                        ReadValue::Scan(_) => None,
                    }),
            );
        }
        bench.finish().await;
    }
}

#[tokio::test]
async fn garbage_and_wrong_check_sums_are_gaps_and_reads_go_on() {
    for protocol in [R200, Protocol::Reader18 { address: 0 }, Protocol::Mercury] {
        let mut bench = Bench::start(options(protocol), |s| s.protocols = vec![protocol]);
        bench.up().await;
        bench.read().await;
        bench.sim.wrong_sums(1);
        bench.gap().await;
        assert_eq!(bench.read().await.epc.len(), 12);
        bench.sim.garbage(7, 50);
        bench.gap().await;
        assert_eq!(bench.read().await.epc.len(), 12);
        bench.finish().await;
    }
}

#[tokio::test]
async fn a_module_unplugged_inside_a_frame_comes_back_with_a_gap() {
    let mut bench = Bench::start(options(R200), |s| s.protocols = vec![R200]);
    bench.up().await;
    bench.read().await;
    bench.sim.unplug_in_a_frame();
    let reason = bench.down().await;
    assert!(reason.contains("unplugged"), "{reason}");
    // The wait before a try is long by now; the port is seen all the same.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    bench.sim.replug().unwrap();
    let since = Instant::now();
    let reason = bench.gap().await;
    assert!(reason.contains("did not read"), "{reason}");
    bench.up().await;
    assert!(since.elapsed() < BACK, "{:?}", since.elapsed());
    bench.read().await;
    bench.finish().await;
}

#[tokio::test]
async fn a_silent_module_is_down_and_a_slow_one_is_not() {
    let mut bench =
        Bench::start(UhfOptions { tags: vec![tag(1)], round_ms: 200, ..options(R200) }, |s| {
            s.protocols = vec![R200]
        });
    bench.sim.drip(true);
    bench.up().await;
    assert_eq!(bench.read().await.epc, [1; 12]);
    bench.sim.drip(false);
    bench.sim.mute(true);
    let reason = bench.down().await;
    assert!(reason.contains("said nothing"), "{reason}");
    // Its power is back, the port was there all the time.
    bench.down().await;
    bench.sim.mute(false);
    let since = Instant::now();
    bench.up().await;
    assert!(since.elapsed() < BACK, "{:?}", since.elapsed());
    bench.read().await;
    bench.finish().await;
}

#[tokio::test]
async fn a_refused_setting_is_named() {
    let refuse = UhfOptions { refused: vec![0xb6], ..options(R200) };
    let mut bench = Bench::start(refuse, |s| s.power_dbm = Some(26));
    let reason = bench.down().await;
    assert!(reason.contains("the power"), "{reason}");
    bench.finish().await;
    let mut bench = Bench::start(options(Protocol::Mercury), |s| s.region = None);
    let reason = bench.down().await;
    assert!(reason.contains("`region`"), "{reason}");
    bench.finish().await;
}

#[tokio::test]
async fn a_module_left_reading_is_taken_over() {
    let mut bench =
        Bench::start(UhfOptions { reading: true, ..options(R200) }, |s| s.protocols = vec![R200]);
    bench.up().await;
    bench.read().await;
    bench.finish().await;
}

#[tokio::test]
async fn a_probe_tells_what_stands_there() {
    let sim = SimUhf::start(options(Protocol::Chafon { low_first: true })).unwrap();
    let settings = Settings { baud: Some(115_200), ..Settings::new(sim.path()) };
    let clock = Arc::new(TestClock(Instant::now()));
    let report = gatewarden_uhf_serial::probe(settings, clock, 1).await.unwrap();
    assert_eq!((report.protocol, report.tags.len()), ("chafon", 4));
    assert_eq!(report.module.serial, "SN0000000042");
}
