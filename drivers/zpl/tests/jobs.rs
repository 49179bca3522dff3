//! Jobs against a simulated printer: what is issued, what is unknown, and that nothing is sent twice.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use gatewarden_model::{Clock, DeviceEvent, DeviceId, Stamp};
use gatewarden_simulators::printer::{Mishap, SimPrinter, SimPrinterPty};
use gatewarden_zpl::{Desk, Encode, Evidence, Outcome, Place, PrintJob, Settings, compose};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

const EPC: [u8; 12] = [0x30, 0x34, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0x1A, 0x85];

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

/// A desk that offers each job once, as long as it was not sent.
struct Tray {
    jobs: Mutex<VecDeque<PrintJob>>,
    sent: Mutex<Vec<String>>,
    outcomes: mpsc::UnboundedSender<(String, Outcome)>,
}

impl Desk for Tray {
    fn next<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, Option<PrintJob>> {
        Box::pin(async { self.jobs.lock().unwrap().front().cloned() })
    }

    fn sending<'a>(&'a self, _: &'a DeviceId, token: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            self.sent.lock().unwrap().push(token.to_owned());
            self.jobs.lock().unwrap().retain(|job| job.token != token);
            true
        })
    }

    fn ended<'a>(&'a self, _: &'a DeviceId, token: &'a str, outcome: Outcome) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.outcomes.send((token.to_owned(), outcome)).unwrap() })
    }

    fn bell<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, ()> {
        Box::pin(std::future::pending())
    }
}

struct Bench {
    tray: Arc<Tray>,
    outcomes: mpsc::UnboundedReceiver<(String, Outcome)>,
    events: mpsc::Receiver<DeviceEvent>,
    stop: CancellationToken,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Bench {
    fn new(place: Place, jobs: Vec<PrintJob>) -> Self {
        let settings =
            Settings { poll_ms: 20, time_out_ms: 500, drain_ms: 600, ..Settings::at(place) };
        let (sender, events) = mpsc::channel(1024);
        let (told, outcomes) = mpsc::unbounded_channel();
        let (jobs, sent) = (Mutex::new(jobs.into()), Mutex::default());
        let tray = Arc::new(Tray { jobs, sent, outcomes: told });
        let stop = CancellationToken::new();
        let clock = Arc::new(TestClock(Instant::now()));
        let device = DeviceId::parse("printer-1").unwrap();
        let desk: Arc<dyn Desk> = tray.clone();
        tokio::spawn(gatewarden_zpl::run(device, settings, clock, sender, desk, stop.clone()));
        Self { tray, outcomes, events, stop }
    }

    /// The next outcome, in words, and that it was sent at most once.
    async fn outcome(&mut self) -> String {
        let (token, outcome) =
            timeout(Duration::from_secs(10), self.outcomes.recv()).await.unwrap().unwrap();
        let sent = self.tray.sent.lock().unwrap().iter().filter(|one| **one == token).count();
        assert!(sent <= 1, "{token} was sent {sent} times");
        words(&outcome)
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotSent { reason } => format!("not sent: {reason}"),
        Outcome::Issued { evidence: Evidence { voided, answers, format, echo, tid, .. } } => {
            assert!(answers.is_some() && format.is_some());
            assert_eq!(echo.is_some(), tid.is_some(), "the TID is read with the EPC");
            format!("issued, {voided} voided")
        }
        Outcome::Unknown { reason, .. } => format!("unknown: {reason}"),
    }
}

fn job(token: &str, copies: u32, epc: Option<&[u8]>) -> PrintJob {
    let tag = epc.map(|epc| Encode { epc, tid_bytes: 12 });
    let format = compose("^XA^FO9,9^A0N,30^FH^FDx^FS^XZ", token, copies, tag).unwrap();
    PrintJob { token: token.to_owned(), zpl: format.zpl, echo: format.echo, copies: format.copies }
}

fn tcp(printer: &SimPrinter) -> Place {
    Place::Tcp { address: printer.address().to_string() }
}

#[tokio::test]
async fn labels_and_tags_are_issued_in_their_order() {
    let printer = SimPrinter::start().await.unwrap();
    let jobs = vec![job("a", 3, None), job("b", 1, Some(&EPC)), job("c", 1, None)];
    let mut bench = Bench::new(tcp(&printer), jobs);
    for _ in 0..3 {
        assert_eq!(bench.outcome().await, "issued, 0 voided");
    }
    assert_eq!(*bench.tray.sent.lock().unwrap(), ["a", "b", "c"]);
    assert_eq!((printer.odometers(), printer.printed().len()), ((1_005, 501, 5), 3));
}

#[tokio::test]
async fn a_usb_printer_and_a_serial_one_do_the_same() {
    for is_usb in [true, false] {
        let printer = SimPrinter::start().await.unwrap();
        let cable = SimPrinterPty::attach(&printer).unwrap();
        let path = cable.path().to_owned();
        let place = if is_usb { Place::Usb { path } } else { Place::Serial { path, baud: 9_600 } };
        let mut bench = Bench::new(place, vec![job("a", 1, Some(&EPC)), job("b", 2, None)]);
        for _ in 0..2 {
            assert_eq!(bench.outcome().await, "issued, 0 voided", "usb {is_usb}");
        }
    }
}

/// What becomes of one job with a mishap, and that it's never sent again.
async fn one(job: PrintJob, prepare: impl FnOnce(&SimPrinter)) -> String {
    let printer = SimPrinter::start().await.unwrap();
    prepare(&printer);
    let mut bench = Bench::new(tcp(&printer), vec![job]);
    let outcome = bench.outcome().await;
    assert!(bench.outcomes.try_recv().is_err());
    outcome
}

#[tokio::test]
async fn a_mishap_in_the_middle_is_unknown_and_nothing_is_sent_again() {
    let next = |mishap: Mishap| move |printer: &SimPrinter| printer.on_next(mishap);
    let seen = tokio::join!(
        one(job("power", 3, None), next(Mishap::PowerLoss { labels: 1 })),
        one(job("swap", 1, None), next(Mishap::Swap { serial: "OTHER".to_owned() })),
        one(job("silence", 1, None), next(Mishap::Silence)),
        one(job("swallow", 1, None), next(Mishap::Swallow)),
        one(job("wrong", 1, Some(&EPC)), next(Mishap::WrongTag)),
        one(job("void", 1, Some(&EPC)), |printer| printer.bad_tags(1)),
        one(job("paper", 3, None), |printer| printer.paper_for(2)),
    );
    assert!(
        seen.0.starts_with("unknown: ") && seen.0.contains("closed the connection"),
        "{}",
        seen.0
    );
    assert!(seen.1.starts_with("unknown: another printer answers"), "{}", seen.1);
    assert_eq!(seen.2, "unknown: no answer to ~HS within 3000 ms");
    assert_eq!(seen.3, "unknown: 0 labels came out instead of 1");
    assert!(seen.4.starts_with("unknown: the tag reads E2E2"), "{}", seen.4);
    assert_eq!(seen.5, "unknown: the tag was not read back; 1 voided");
    assert_eq!(seen.6, "unknown: the printer stopped in the middle: paper out");
}

#[tokio::test]
async fn a_printer_that_is_not_ready_gets_the_job_once_it_is() {
    for obstacle in 0..4 {
        let printer = SimPrinter::start().await.unwrap();
        let set = |there: bool| match obstacle {
            0 => printer.paper(!there),
            1 => printer.head(there),
            2 => printer.ribbon(!there),
            _ => printer.pause(there),
        };
        set(true);
        let mut bench = Bench::new(tcp(&printer), vec![job("a", 1, None)]);
        loop {
            let event =
                timeout(Duration::from_secs(5), bench.events.recv()).await.unwrap().unwrap();
            if matches!(
                &event,
                DeviceEvent::State { state: gatewarden_model::DeviceState::Down { .. }, .. }
            ) {
                break;
            }
        }
        assert!(bench.tray.sent.lock().unwrap().is_empty());
        set(false);
        assert_eq!(bench.outcome().await, "issued, 0 voided");
    }
}

#[tokio::test]
async fn another_printer_is_told_before_it_gets_a_job() {
    let printer = SimPrinter::start().await.unwrap();
    let mut bench = Bench::new(tcp(&printer), Vec::new());
    let mut serials = Vec::new();
    while serials.len() < 2 {
        let event = timeout(Duration::from_secs(5), bench.events.recv()).await.unwrap().unwrap();
        if let DeviceEvent::Identity { facts, .. } = event {
            serials.push(facts["serial"].clone());
            printer.swap("OTHER");
            bench.tray.jobs.lock().unwrap().push_back(job("a", 1, None));
        }
    }
    assert_eq!(serials, ["SIM0001", "OTHER"]);
    let refused = bench.outcome().await;
    assert_eq!(refused, "not sent: another printer answers than the one that is known");
    assert_eq!(bench.outcome().await, "issued, 0 voided");
}
