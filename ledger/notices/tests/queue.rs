//! The queue: what was taken ends once, no channel is used too often, and a restart changes nothing.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeMap;

use gatewarden_model::{NoticeOutcome, NoticeSettled};
use gatewarden_notices::{
    Answer, ChannelLimits, Key, Offer, Offered, On, Queue, Rate, Reaction, RowState, Sending,
    Severity, Waiting,
};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

fn offer(about: u64, to: &str, channels: &[&str]) -> Offer {
    Offer {
        notice: "n".parse().unwrap(),
        on: On::Moved,
        about,
        document: None,
        to: to.into(),
        channels: channels.iter().map(|&name| name.into()).collect(),
        severity: Severity::Notice,
        quiet: Waiting::Hold,
        subject: None,
        step: 0,
        key: None,
        open_from_us: 0,
    }
}

fn limits() -> ChannelLimits {
    [("robot".to_owned(), vec![Rate { count: 20, span_us: MINUTE }])].into()
}

fn delivered() -> Answer {
    Answer::Delivered { remote_id: "1".into() }
}

fn retry(after_us: Option<i64>) -> Answer {
    Answer::Retry { reason: "later".into(), after_us, uncertain: false }
}

/// Sends all that may be sent now.
fn send_all(queue: &mut Queue, now: i64) -> Vec<(Sending, Vec<NoticeSettled>)> {
    let mut sent = vec![];
    while let Some(sending) = queue.next(now) {
        let settled = queue.answer(&sending, delivered(), now);
        sent.push((sending, settled));
    }
    sent
}

#[test]
fn a_burst_goes_singly_and_its_rest_in_digests_within_the_rate() {
    let mut queue = Queue::new(limits());
    for about in 0..60 {
        queue.offer(offer(about, "group:x", &["robot"]), 0);
    }
    let sent = send_all(&mut queue, 0);
    assert_eq!(sent.len(), 20, "no more than the rate");
    assert!(sent[..18].iter().all(|(sending, _)| !sending.is_digest()));
    assert_eq!(sent[18].0.ids.len() + sent[19].0.ids.len(), 42);
    let ids: Vec<u64> = sent.iter().flat_map(|(sending, _)| sending.ids.clone()).collect();
    assert_eq!(ids, (0..60).collect::<Vec<_>>(), "in order");
    assert!(matches!(sent[18].1[0].outcome, NoticeOutcome::Digested { of: 25 }));
    assert_eq!(queue.depth(), 0);
    queue.offer(offer(99, "group:x", &["robot"]), 1);
    assert_eq!(queue.next(MINUTE - 1), None, "the minute is not over");
    assert!(queue.next(MINUTE).is_some());
}

#[test]
fn repeats_are_counted_and_told_when_their_time_is_over() {
    let mut queue = Queue::new(limits());
    let same = |about, now, queue: &mut Queue| {
        let mut one = offer(about, "operator:a", &["mail"]);
        one.key = Some(Key { text: "k".into(), span_us: MINUTE });
        queue.offer(one, now)
    };
    assert_eq!(same(1, 0, &mut queue), Offered::Queued(0));
    assert_eq!(same(2, 1, &mut queue), Offered::Repeated);
    let sent = send_all(&mut queue, 2);
    assert_eq!(sent[0].1[0].further, 1, "counted with the one that waited");
    assert_eq!(same(3, 3, &mut queue), Offered::Repeated);
    assert_eq!(same(4, 4, &mut queue), Offered::Repeated);
    assert_eq!(queue.lapse(MINUTE - 1), []);
    let lapsed = queue.lapse(MINUTE);
    assert_eq!((lapsed[0].further, &lapsed[0].outcome), (2, &NoticeOutcome::Repeated));
    assert_eq!(same(5, MINUTE, &mut queue), Offered::Queued(1), "told anew");
}

#[test]
fn quiet_hours_hold_and_what_is_urgent_breaks_through() {
    let mut queue = Queue::new(ChannelLimits::new());
    for about in 0..3 {
        let mut one = offer(about, "operator:a", &["mail"]);
        (one.quiet, one.open_from_us) = (Waiting::Digest, 100);
        queue.offer(one, 0);
    }
    let mut urgent = offer(7, "operator:a", &["mail"]);
    (urgent.quiet, urgent.open_from_us) = (Waiting::Through, 100);
    urgent.severity = Severity::Urgent;
    queue.offer(urgent, 0);
    let sent = send_all(&mut queue, 0);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1[0].about, 7);
    let sent = send_all(&mut queue, 100);
    assert_eq!(sent.len(), 1, "the others in one message");
    assert_eq!(sent[0].0.ids.len(), 3);
}

#[test]
fn a_refusing_channel_gives_way_to_the_next_and_the_last_is_visible() {
    let mut queue = Queue::new(ChannelLimits::new());
    queue.offer(offer(1, "operator:a", &["wecom", "mail"]), 0);
    let refused = || Answer::Rejected { reason: "no such user".into() };
    let first = queue.next(0).unwrap();
    assert_eq!(queue.answer(&first, refused(), 0), []);
    let second = queue.next(0).unwrap();
    assert_eq!(second.channel, "mail");
    let settled = queue.answer(&second, refused(), 0);
    assert!(
        matches!(&settled[0].outcome, NoticeOutcome::Rejected { reason } if reason == "no such user")
    );
    let row = queue.rows().next().unwrap();
    assert_eq!(row.state, RowState::Rejected);
    assert!(queue.next(i64::MAX / 2).is_none());
    assert!(queue.reopen(0, vec!["mail".into()], 5));
    assert!(queue.next(5).is_some());
}

#[test]
fn a_broken_channel_is_left_and_tried_now_and_then() {
    let mut queue = Queue::new(ChannelLimits::new());
    queue.offer(offer(1, "operator:a", &["wecom"]), 0);
    let (mut now, mut tries) = (0, 0);
    while !queue.is_broken("wecom") {
        now += MINUTE;
        if let Some(sending) = queue.next(now) {
            queue.answer(&sending, retry(None), now);
            tries += 1;
        }
    }
    assert_eq!(tries, 5);
    queue.offer(offer(2, "operator:a", &["wecom", "mail"]), now);
    let mut by_mail = false;
    for _ in 0..60 {
        now += MINUTE;
        while let Some(sending) = queue.next(now) {
            let answer = if sending.channel == "mail" { delivered() } else { retry(None) };
            by_mail |= sending.channel == "mail";
            queue.answer(&sending, answer, now);
        }
    }
    assert!(by_mail);
    for _ in 0..40 {
        now += MINUTE;
        send_all(&mut queue, now);
    }
    assert_eq!((queue.depth(), queue.is_broken("wecom")), (0, false), "it was tried again");
}

#[test]
fn what_was_answered_is_not_told_and_what_was_not_is_escalated() {
    let mut queue = Queue::new(ChannelLimits::new());
    let notice = "n".parse().unwrap();
    for who in ["a", "b"] {
        let mut one = offer(1, &format!("operator:{who}"), &["mail"]);
        one.subject = Some("document/R-1/manager".into());
        queue.offer(one, 0);
    }
    queue.await_reaction(&notice, 1, "document/R-1/manager", vec![60, 120]);
    let react = |subject: &str, whose: Option<&str>| Reaction {
        subject: subject.into(),
        whose: whose.map(|who| who.parse().unwrap()),
    };
    assert_eq!(queue.react(&react("document/R-10", None)), []);
    let gone = queue.react(&react("document/R-1/manager", Some("a")));
    assert_eq!((gone.len(), &*gone[0].receiver), (1, "operator:a"));
    assert_eq!(queue.escalate(59), []);
    assert_eq!(queue.escalate(60).iter().map(|one| one.step).collect::<Vec<_>>(), [1]);
    let gone = queue.react(&react("document/R-1", None));
    assert_eq!(gone[0].outcome, NoticeOutcome::Answered);
    assert_eq!((queue.escalate(i64::MAX), queue.awaiting(), queue.depth()), (vec![], 0, 0));
}

#[test]
fn after_a_crash_what_was_being_sent_is_sent_again_unless_the_journal_has_it() {
    let mut disk = BTreeMap::new();
    let mut queue = Queue::new(limits());
    queue.offer(offer(1, "operator:a", &["robot"]), 0);
    queue.offer(offer(2, "operator:a", &["robot"]), 0);
    let sending = queue.next(0).unwrap();
    keep(&mut disk, &mut queue);
    let settled = queue.answer(&sending, delivered(), 0);
    // The power goes after the entry, before the row went.
    let mut again = load(&disk);
    assert!(again.row(0).unwrap().uncertain);
    again.settled_before(&settled[0]);
    let sent = send_all(&mut again, 1);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1[0].about, 2);
}

fn keep(disk: &mut BTreeMap<String, String>, queue: &mut Queue) {
    for (key, body) in queue.changes() {
        match body {
            Some(body) => disk.insert(key, body),
            None => disk.remove(&key),
        };
    }
}

fn load(disk: &BTreeMap<String, String>) -> Queue {
    Queue::load(limits(), disk.iter().map(|(k, v)| (k.as_str(), v.as_str()))).unwrap()
}

#[derive(Debug, Clone)]
enum Act {
    Offer { to: u8, key: Option<u8>, severity: u8, quiet: u8, channels: u8 },
    Send(u8),
    Wait(u8),
    React(u8),
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (0..4u8, prop::option::of(0..3u8), 0..4u8, 0..3u8, 0..3u8).prop_map(
            |(to, key, severity, quiet, channels)| Act::Offer { to, key, severity, quiet, channels }),
        8 => (0..8u8).prop_map(Act::Send),
        3 => (0..60u8).prop_map(Act::Wait),
        1 => (0..4u8).prop_map(Act::React),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..150)
}

/// Counts what came and what ended, apart from the queue.
#[derive(Default)]
struct Book {
    taken: u64,
    ended: u64,
    sent: Vec<i64>,
}

impl Book {
    fn end(&mut self, settled: &[NoticeSettled]) {
        for one in settled {
            let own = u64::from(one.outcome != NoticeOutcome::Repeated);
            self.ended += own + u64::from(one.further);
        }
    }

    fn sent(&mut self, sending: &Sending, now: i64) {
        if sending.channel == "robot" {
            self.sent.push(now);
        }
    }

    /// Never more than twenty within any minute.
    fn rate_holds(&self) -> bool {
        self.sent.windows(21).all(|window| window[20] - window[0] >= MINUTE)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_is_lost_told_twice_or_too_fast(acts in acts()) {
        let (mut queue, mut disk, mut book) = (Queue::new(limits()), BTreeMap::new(), Book::default());
        let mut now = 0;
        for (about, act) in (0u64..).zip(acts) {
            match act {
                Act::Offer { to, key, severity, quiet, channels } => {
                    let channels = [&["robot"][..], &["robot", "mail"], &["mail"]][channels as usize];
                    let mut one = offer(about, &format!("operator:{to}"), channels);
                    one.key = key.map(|k| Key { text: k.to_string(), span_us: 5 * MINUTE });
                    one.severity = [Severity::Info, Severity::Notice, Severity::Warning, Severity::Urgent]
                        [severity as usize];
                    one.quiet = [Waiting::Hold, Waiting::Digest, Waiting::Through][quiet as usize];
                    one.open_from_us = now / (10 * MINUTE) * 10 * MINUTE + 2 * MINUTE;
                    one.subject = Some(format!("s/{}", to % 2));
                    let offered = queue.offer(one, now);
                    prop_assert!(matches!(offered, Offered::Queued(_) | Offered::Repeated));
                    book.taken += 1;
                }
                Act::Send(how) => {
                    let Some(sending) = queue.next(now) else { continue };
                    keep(&mut disk, &mut queue);
                    book.sent(&sending, now);
                    let answer = match how {
                        0 => Answer::Rejected { reason: "no".into() },
                        1 => retry(None),
                        2 => retry(Some(90 * SECOND)),
                        3 => Answer::Retry { reason: "?".into(), after_us: None, uncertain: true },
                        _ => delivered(),
                    };
                    let settled = queue.answer(&sending, answer, now);
                    book.end(&settled);
                }
                Act::Wait(seconds) => now += i64::from(seconds) * SECOND,
                Act::React(to) => {
                    let reaction = Reaction { subject: format!("s/{}", to % 2), whose: None };
                    let settled = queue.react(&reaction);
                    book.end(&settled);
                }
                Act::Restart => {
                    keep(&mut disk, &mut queue);
                    let again = load(&disk);
                    prop_assert!(again.rows().eq(queue.rows()));
                    queue = again;
                }
            }
            let settled = queue.lapse(now);
            book.end(&settled);
            keep(&mut disk, &mut queue);
        }
        // Time goes on and all channels work: everything ends.
        for _ in 0..400 {
            now += 20 * SECOND;
            while let Some(sending) = queue.next(now) {
                book.sent(&sending, now);
                let settled = queue.answer(&sending, delivered(), now);
                book.end(&settled);
            }
            let settled = queue.lapse(now);
            book.end(&settled);
        }
        prop_assert_eq!(queue.depth(), 0);
        prop_assert_eq!(book.taken, book.ended);
        prop_assert!(book.rate_holds());
    }
}
