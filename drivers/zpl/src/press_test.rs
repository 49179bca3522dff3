//! The conversation, step by step, without a printer.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use super::*;
use crate::codec::{ExtendedStatus, HostIdentity};

const EPC: &str = "3034257BF7194E4000001A85";

/// A printer in one's head.
struct Paper {
    labels: u64,
    valid: u64,
    void: u64,
    serial: String,
    status: HostStatus,
    errors: u64,
}

impl Default for Paper {
    fn default() -> Self {
        let (serial, status) = ("S1".to_owned(), HostStatus::default());
        Self { labels: 7, valid: 3, void: 1, serial, status, errors: 0 }
    }
}

impl Paper {
    fn answer(&self, ask: Ask) -> Answer {
        let number = |n: u64| Answer::Value(n.to_string());
        match ask {
            Ask::Status => Answer::Status(self.status.clone()),
            Ask::Extended => Answer::Extended(ExtendedStatus { errors: self.errors, warnings: 0 }),
            Ask::Identity => Answer::Identity(HostIdentity {
                model: "ZT411".into(),
                firmware: "V1".into(),
                dots_per_mm: 8,
            }),
            Ask::Variable(Variable::UniqueId) => Answer::Value(self.serial.clone()),
            Ask::Variable(Variable::Labels) => number(self.labels),
            Ask::Variable(Variable::RfidValid) => number(self.valid),
            Ask::Variable(Variable::RfidVoid) => number(self.void),
        }
    }
}

/// Runs a job; `print` happens when the format arrives. Gives the outcome and how often the format was sent.
fn run(job: PrintJob, paper: &mut Paper, print: impl Fn(&mut Paper, &mut Press)) -> (Outcome, u32) {
    let mut press = Press::new(job, Some("S1".to_owned()), 1_000);
    let (mut now, mut sends, mut is_kept) = (0, 0, false);
    loop {
        match press.step(now) {
            Step::Ask(ask) => press.answered(paper.answer(ask)),
            Step::Commit => {
                is_kept = true;
                press.committed();
            }
            Step::Send(_) => {
                assert!(is_kept, "sent before it was kept");
                sends += 1;
                press.sent(now);
                print(paper, &mut press);
            }
            Step::Wait(ms) => now += ms,
            Step::End(outcome) => return (*outcome, sends),
        }
    }
}

fn plain() -> PrintJob {
    PrintJob { token: "j1".into(), zpl: b"^XA^XZ".to_vec(), echo: None, copies: 1 }
}

fn tag() -> PrintJob {
    PrintJob { echo: Some(EPC.to_owned()), ..plain() }
}

fn echo(press: &mut Press, token: &str, data: &str) {
    press.answered(Answer::Echo { token: token.into(), data: data.into() });
}

fn unknown((outcome, sends): (Outcome, u32)) -> String {
    assert_eq!(sends, 1);
    match outcome {
        Outcome::Unknown { reason, .. } => reason,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_label_that_is_counted_is_issued() {
    let (outcome, sends) = run(plain(), &mut Paper::default(), |paper, _| paper.labels += 1);
    let Outcome::Issued { evidence } = outcome else { panic!("{outcome:?}") };
    assert_eq!((evidence.before.labels, evidence.after.labels, sends), (Some(7), Some(8), 1));
}

#[test]
fn a_tag_is_issued_only_with_its_echo_and_both_counters() {
    let encode = |paper: &mut Paper, press: &mut Press| {
        (paper.labels, paper.valid) = (paper.labels + 1, paper.valid + 1);
        echo(press, "j1", EPC);
    };
    assert!(matches!(run(tag(), &mut Paper::default(), encode).0, Outcome::Issued { .. }));
    let other = |paper: &mut Paper, press: &mut Press| {
        (paper.labels, paper.valid) = (paper.labels + 1, paper.valid + 1);
        echo(press, "j0", EPC);
    };
    assert_eq!(
        unknown(run(tag(), &mut Paper::default(), other)),
        "the tag was not read back; 0 voided"
    );
    let void = |paper: &mut Paper, _: &mut Press| {
        (paper.labels, paper.void) = (paper.labels + 1, paper.void + 1)
    };
    assert_eq!(
        unknown(run(tag(), &mut Paper::default(), void)),
        "the tag was not read back; 1 voided"
    );
}

/// The printer tells late what became of an attempt before.
#[test]
fn an_echo_from_before_the_format_was_sent_is_not_of_it() {
    let mut paper = Paper::default();
    let mut press = Press::new(tag(), Some("S1".to_owned()), 1_000);
    let mut now = 0;
    let outcome = loop {
        match press.step(now) {
            Step::Ask(ask) if !press.is_committed() => {
                echo(&mut press, "j1", EPC);
                echo(&mut press, "j1-t", "E280AA");
                press.answered(paper.answer(ask));
            }
            Step::Ask(ask) => press.answered(paper.answer(ask)),
            Step::Commit => {
                echo(&mut press, "j1", EPC);
                press.committed();
            }
            Step::Send(_) => {
                press.sent(now);
                (paper.labels, paper.valid) = (paper.labels + 1, paper.valid + 1);
            }
            Step::Wait(ms) => now += ms,
            Step::End(outcome) => break *outcome,
        }
    };
    let Outcome::Unknown { reason, evidence } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "the tag was not read back; 0 voided");
    assert_eq!((evidence.echo, evidence.tid), (None, None));
}

#[test]
fn whatever_happens_after_sending_is_unknown() {
    let never = unknown(run(plain(), &mut Paper::default(), |_, _| {}));
    assert_eq!(never, "0 labels came out instead of 1");
    let broken = |_: &mut Paper, press: &mut Press| press.fail("the connection broke".to_owned());
    assert_eq!(unknown(run(plain(), &mut Paper::default(), broken)), "the connection broke");
    let swapped = |paper: &mut Paper, _: &mut Press| {
        (paper.labels, paper.serial) = (8, "S2".to_owned());
    };
    assert!(unknown(run(plain(), &mut Paper::default(), swapped)).starts_with("another printer"));
    let stuck = |paper: &mut Paper, _: &mut Press| paper.status.labels_remaining = 1;
    assert!(unknown(run(plain(), &mut Paper::default(), stuck)).contains("in time"));
    for (fault, name) in [
        (HostStatus { paper_out: true, ..HostStatus::default() }, "paper out"),
        (HostStatus { head_open: true, ..HostStatus::default() }, "head open"),
        (HostStatus { ribbon_out: true, ..HostStatus::default() }, "ribbon out"),
        (HostStatus { paused: true, ..HostStatus::default() }, "paused"),
    ] {
        let stop = |paper: &mut Paper, _: &mut Press| paper.status = fault.clone();
        let reason = unknown(run(plain(), &mut Paper::default(), stop));
        assert_eq!(reason, format!("the printer stopped in the middle: {name}"));
    }
}

#[test]
fn a_printer_that_is_not_ready_gets_nothing() {
    let not_sent = |mut paper: Paper, job: PrintJob| match run(job, &mut paper, |_, _| {}) {
        (Outcome::NotSent { reason }, 0) => reason,
        other => format!("{other:?}"),
    };
    let with = |status: HostStatus| Paper { status, ..Paper::default() };
    let out = with(HostStatus { paper_out: true, ..HostStatus::default() });
    assert_eq!(not_sent(out, plain()), "the printer needs a hand: paper out");
    let busy = with(HostStatus { formats_in_buffer: 1, ..HostStatus::default() });
    assert_eq!(not_sent(busy, plain()), "the printer has other labels to print");
    let cutter = Paper { errors: 8, ..Paper::default() };
    assert_eq!(not_sent(cutter, plain()), "the printer needs a hand: cutter fault");
    let other = Paper { serial: "S2".to_owned(), ..Paper::default() };
    assert!(not_sent(other, plain()).starts_with("another printer"));
}

#[test]
fn a_failure_before_it_is_kept_sends_nothing() {
    let mut press = Press::new(plain(), None, 1_000);
    press.fail("no answer".to_owned());
    let Step::End(outcome) = press.step(0) else { panic!("not over") };
    assert_eq!(*outcome, Outcome::NotSent { reason: "no answer".to_owned() });
}
