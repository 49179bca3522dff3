//! The witness: each answer of the specification, and random play of an honest and a forked log
//! beside a model: it never signs two roots of one size, never goes back, never follows a fork.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Log, key};
use gatewarden_proof::{
    Checkpoint, LogKey, Trust,
    note::split,
    witness::{Answer, Heard, Request, Seen, Witness, hear},
};
use proptest::prelude::*;

const NOW: u64 = 1_700_000_000;

fn witness() -> Witness {
    let trust = Trust::of_logs(vec![LogKey::always("dock-1", key(1).verifying_key())]);
    Witness::new("hq.example/w1", key(9), trust).unwrap()
}

fn request(log: &Log, old: u64, new: u64) -> Request {
    Request { old, path: log.consistency(old, new), note: log.note(new, &key(1)) }
}

/// What it answers after having seen `seen` entries of the honest log.
fn answer(seen: u64, request: &Request) -> Answer {
    let log = Log::of(40);
    let seen = (seen > 0).then(|| Seen { size: seen, root: log.root(seen) });
    let (answer, record) = witness().decide(seen, request, NOW);
    assert_eq!(record.is_some(), matches!(answer, Answer::Cosigned(_)), "{answer:?}");
    answer
}

fn status(seen: u64, request: &Request) -> u16 {
    answer(seen, request).status()
}

#[test]
fn a_continuation_is_cosigned_with_its_time_and_the_record_says_so() {
    let (log, witness) = (Log::of(40), witness());
    let request = request(&log, 7, 40);
    let seen = Some(Seen { size: 7, root: log.root(7) });
    let (answer, record) = witness.decide(seen, &request, NOW);
    let (Answer::Cosigned(line), Some(record)) = (answer, record) else { panic!("refused") };
    let heard = hear(&witness.public(), &request.note, 200, "text/plain", &line);
    assert_eq!(heard, Heard::Cosigned { line: line.trim_end().to_owned(), time: NOW });
    assert_eq!(record.seen, Seen { size: 40, root: log.root(40) });
    assert_eq!(record.note, format!("{}{line}", request.note));
    assert_eq!(witness.recall(&record.note), Ok(record.seen));
    let edited = record.note.replace("\n40\n", "\n39\n");
    assert!(witness.recall(&edited).is_err(), "a changed state file is no memory");
    assert!(witness.recall(&request.note).is_err(), "a checkpoint of the log alone is none");
}

#[test]
fn every_refusal_has_its_status() {
    let log = Log::of(40);
    let good = request(&log, 7, 40);
    assert_eq!(status(7, &good), 200);
    assert_eq!(status(0, &request(&log, 0, 40)), 200);
    assert_eq!(status(40, &request(&log, 40, 40)), 200, "the same again");
    assert_eq!(status(0, &request(&log, 0, 0)), 200, "an empty log");
    let body = |answer: Answer| (answer.status(), answer.content_type(), answer.body());
    let conflict = (409, "text/x.tlog.size", "9\n".to_owned());
    assert_eq!(body(answer(9, &good)), conflict);
    assert_eq!(body(answer(9, &request(&log, 0, 40))), conflict);
    assert_eq!(status(9, &Request { old: 41, ..good.clone() }), 400);
    assert_eq!(status(7, &Request { note: "dock-1\n40\n".into(), ..good.clone() }), 400);
    let cut = Request { path: good.path[1..].to_vec(), ..good.clone() };
    assert_eq!(status(7, &cut), 422);
    assert_eq!(status(7, &Request { path: vec![], ..good.clone() }), 422);
    let extra = Request { path: vec![log.root(3)], ..request(&log, 0, 40) };
    assert_eq!(status(0, &extra), 422, "a proof from nothing");
    let fork = Log::forked(40, 20);
    assert_eq!(status(40, &request(&fork, 40, 40)), 422, "another root of the same size");
    assert_eq!(status(30, &request(&fork, 30, 40)), 422, "the other history's proof");
    assert_eq!(status(20, &request(&fork, 20, 40)), 200, "before the fork both are right");
    let wrong_empty = Checkpoint { origin: "dock-1".into(), size: 0, root: log.root(3) };
    let note = wrong_empty.sign(&key(1));
    assert_eq!(status(0, &Request { old: 0, path: vec![], note }), 422);
}

#[test]
fn only_a_trusted_key_of_a_known_log_is_heard() {
    let log = Log::of(40);
    let stranger = Checkpoint { origin: "dock-2".into(), size: 40, root: log.root(40) };
    let unknown = Request { old: 0, path: vec![], note: stranger.sign(&key(1)) };
    assert_eq!(status(0, &unknown), 404);
    let foreign = Request { note: log.note(40, &key(2)), ..request(&log, 0, 40) };
    assert_eq!(status(0, &foreign), 403);
    let forged = log.note(40, &key(1)).replace("\n40\n", "\n39\n");
    assert_eq!(status(0, &Request { note: forged, ..request(&log, 0, 40) }), 403);
    // A line of an unknown key beside the right one is passed over.
    let extra = foreign.note.rsplit_once("\n\n").unwrap().1.to_owned();
    let both = Request { note: log.note(40, &key(1)) + &extra, ..request(&log, 0, 40) };
    assert_eq!(status(0, &both), 200);
}

#[test]
fn a_key_that_was_rotated_away_gets_no_cosignature() {
    let log = Log::of(40);
    let [mut old, mut new] = [1, 2].map(|n| LogKey::always("dock-1", key(n).verifying_key()));
    (old.until, new.from) = (Some(20), 21);
    let witness = Witness::new("w", key(9), Trust::of_logs(vec![old, new])).unwrap();
    let decide = |size, n| {
        let request = Request { note: log.note(size, &key(n)), ..request(&log, 0, size) };
        witness.decide(None, &request, NOW).0.status()
    };
    assert_eq!([decide(20, 1), decide(21, 2)], [200, 200]);
    assert_eq!([decide(21, 1), decide(20, 2)], [403, 403]);
}

#[test]
fn a_checkpoint_with_extension_lines_is_cosigned_whole() {
    let log = Log::of(5);
    let text = format!("{}and more\n", log.checkpoint(5).text());
    let note = gatewarden_proof::note::sign(&text, "dock-1", &key(1));
    let (answer, record) = witness().decide(None, &Request { old: 0, path: vec![], note }, NOW);
    assert_eq!(answer.status(), 200);
    assert_eq!(split(&record.unwrap().note).unwrap().0, text);
}

#[test]
fn requests_round_trip_and_their_shape_is_strict() {
    let good = request(&Log::of(40), 7, 40);
    assert_eq!(Request::parse(&good.to_text()), Ok(good.clone()));
    let text = good.to_text();
    let long = "A".repeat(43) + "=\n";
    for bad in [
        String::new(),
        text.replace("old 7", "old 07"),
        text.replace("old 7", "old  7"),
        text.replace("old 7", "new 7"),
        text.replace("old 7", "old -7"),
        text.replacen("=\n", "\n", 1),
        format!("old 7\n{}\n{}", long.repeat(64), good.note),
    ] {
        assert!(Request::parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_log_believes_only_the_witness_s_own_line() {
    let (log, witness) = (Log::of(9), witness());
    let note = log.note(9, &key(1));
    let hears = |status, kind: &str, body: &str| hear(&witness.public(), &note, status, kind, body);
    let (Answer::Cosigned(line), _) = witness.decide(None, &request(&log, 0, 9), NOW) else {
        panic!("refused")
    };
    let other = Witness::new("other", key(8), witness.logs().clone()).unwrap();
    let (Answer::Cosigned(foreign), _) = other.decide(None, &request(&log, 0, 9), NOW) else {
        panic!("refused")
    };
    let both = format!("{foreign}{line}");
    assert!(matches!(hears(200, "text/plain", &both), Heard::Cosigned { .. }));
    for bad in [foreign.as_str(), "", "x\n", &line.replace("A", "B")] {
        assert!(matches!(hears(200, "text/plain", bad), Heard::Refused(_)), "{bad}");
    }
    assert_eq!(hears(409, "text/x.tlog.size", "12\n"), Heard::Size(12));
    assert!(matches!(hears(409, "text/plain", "12\n"), Heard::Refused(_)));
    assert!(matches!(hears(409, "text/x.tlog.size", "twelve"), Heard::Refused(_)));
    assert!(matches!(hears(500, "text/plain", "\u{7}oops"), Heard::Refused(_)));
}

proptest! {
    #[test]
    fn whatever_is_sent_it_signs_one_growing_history(
        moves in prop::collection::vec((any::<bool>(), 0u64..64, 0u64..64, any::<bool>()), 1..60),
        fork_at in 1u64..40,
    ) {
        let logs = [Log::of(64), Log::forked(64, fork_at)];
        let witness = witness();
        let mut seen: Option<Seen> = None;
        let mut signed: Vec<Seen> = Vec::new();
        for (other, old, new, knows) in moves {
            let log = &logs[usize::from(other)];
            // Half of the time the log knows what the witness has, as a real one would.
            let old = if knows { seen.map_or(0, |s| s.size) } else { old };
            let request = request(log, old.min(new), new);
            let (answer, record) = witness.decide(seen, &Request { old, ..request }, NOW);
            if let Some(record) = record {
                prop_assert_eq!(answer.status(), 200);
                prop_assert_eq!(record.seen.size, new);
                signed.push(record.seen);
                seen = Some(record.seen);
            }
        }
        prop_assert!(signed.windows(2).all(|w| w[0].size <= w[1].size), "it went back");
        let all_of = |log: &Log| signed.iter().all(|s| log.root(s.size) == s.root);
        prop_assert!(all_of(&logs[0]) || all_of(&logs[1]), "it followed two histories");
    }
}
