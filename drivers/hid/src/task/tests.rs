//! Thread and task on a bus without hardware: what the scanner does stands in a list.

use std::{collections::VecDeque, time::Instant};

use tokio::time::timeout;

use super::*;
use crate::{
    codec::tests::report,
    descriptor::tests::{COUNTED, counted},
    device::{HidError, Port},
};

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap();
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
    }
}

/// Each life is a list of reports; `None` in place of a life: not plugged in.
struct Script(VecDeque<Option<Vec<Vec<u8>>>>);

impl Bus for Script {
    fn open(&mut self) -> Result<Opened, HidError> {
        match self.0.pop_front().flatten() {
            Some(reports) => {
                let facts = DeviceFacts::from([("serial".to_owned(), "0001".to_owned())]);
                let counted = reports.first().is_some_and(|report| report.len() == 62);
                let descriptor = if counted { COUNTED.to_vec() } else { Vec::new() };
                let (name, port) = ("Test 0001".to_owned(), Box::new(Life(reports.into())));
                Ok(Opened { name, facts, descriptor, port })
            }
            None => Err(HidError::Missing { wanted: "0000:0001".to_owned() }),
        }
    }
}

struct Life(VecDeque<Vec<u8>>);

impl Port for Life {
    fn read(&mut self) -> Result<Vec<u8>, HidError> {
        self.0.pop_front().ok_or_else(|| HidError::Gone { reason: "pulled".to_owned() })
    }
}

fn words(event: DeviceEvent) -> String {
    match event {
        DeviceEvent::State { state, .. } => match state {
            DeviceState::Connecting { attempt } => format!("connecting {attempt}"),
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
        DeviceEvent::Gap { reason, .. } => {
            format!("gap {}", reason.split(':').next().unwrap())
        }
        DeviceEvent::Input { .. } => "input".to_owned(),
        DeviceEvent::Identity { facts, .. } => gatewarden_model::facts_words(&facts),
    }
}

#[tokio::test]
async fn scans_gaps_and_states_come_in_order() {
    let script = [
        None,
        None,
        Some(vec![report("]C0", b"one", false), vec![], report("]C0", b"two", false), vec![2]]),
        Some(vec![report("]C0", b"half", true)]),
        Some(vec![counted("]C0", b"thr", true), counted("]C0", b"ee", false)]),
    ];
    let (sender, mut events) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let clock = Arc::new(TestClock(Instant::now()));
    let device = DeviceId::parse("scanner-1").unwrap();
    let bus = Script(VecDeque::from(script));
    let task = tokio::spawn(run_on(bus, 1, device, clock, sender, stop.clone()));
    for expected in [
        "connecting 1",
        "down no HID POS scanner 0000:0001",
        "serial 0001",
        "gap the scanner was not connected",
        "up Test 0001",
        "one",
        "two",
        "gap a report of 1 bytes instead of 64; is the scanner in HID POS mode?",
        "down the scanner was unplugged",
        "serial 0001",
        "gap the scanner was not connected",
        "up Test 0001",
        "gap half a scan",
        "down the scanner was unplugged",
        "serial 0001",
        "gap the scanner was not connected",
        "up Test 0001",
        "three",
        "down the scanner was unplugged",
        "down no HID POS scanner 0000:0001",
    ] {
        let event = timeout(Duration::from_secs(8), events.recv()).await.unwrap().unwrap();
        assert_eq!(words(event), expected);
    }
    stop.cancel();
    assert_eq!(words(events.recv().await.unwrap()), "stopped");
    timeout(Duration::from_secs(2), task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_channel_does_not_hold_up_the_stop() {
    let reports = (0..200).map(|i| report("]C0", format!("{i}").as_bytes(), false)).collect();
    let (sender, _events) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let clock = Arc::new(TestClock(Instant::now()));
    let device = DeviceId::parse("scanner-1").unwrap();
    let bus = Script(VecDeque::from([Some(reports)]));
    let task = tokio::spawn(run_on(bus, 1, device, clock, sender, stop.clone()));
    stop.cancel();
    timeout(Duration::from_secs(2), task).await.unwrap().unwrap();
}
