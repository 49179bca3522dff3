//! A printer that says anything at all: no panic, a job is sent at most once, nothing is issued without its proof, and
//! the conversation ends.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use gatewarden_zpl::{
    Outcome, PrintJob,
    codec::{Inbox, parse_extended, parse_host_status, parse_identity},
    press::{Press, Step},
};
use proptest::prelude::*;

const EPC: &str = "30AB";
/// What a good printer says, piece by piece, to be mixed with noise.
const PIECES: [&[u8]; 9] = [
    b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n",
    b"\x02\r\n  PRINTER STATUS\r\n   ERRORS:         0 00000000 00000000 \r\n   WARNINGS:       0 00000000 00000000 \r\n\x03\r\n",
    b"\x02ZD421-203dpi,V93.21.26Z,8,8192KB\x03\r\n",
    b"\"SIM0001\"",
    b"\"1000\"",
    b"\"1001\"",
    b"GW:job[30AB]\r\n",
    b"GW:job-t[E2801190]\r\n",
    b"\xff\x02\x03\"[",
];

/// How a conversation ends, and how often the format was sent.
fn talk(pieces: &[Vec<u8>]) -> (Outcome, u32) {
    let (token, echo) = ("job".to_owned(), Some(EPC.to_owned()));
    let job = PrintJob { token, zpl: b"^XA^XZ".to_vec(), echo, copies: 1 };
    let (mut press, mut inbox) = (Press::new(job, None, 1_000), Inbox::default());
    let (mut now_ms, mut sends, mut steps) = (0, 0, 0);
    let mut pieces = pieces.iter();
    loop {
        steps += 1;
        assert!(steps < 10_000, "it does not end");
        match press.step(now_ms) {
            Step::Ask(ask) => match inbox.next(Some(ask)) {
                Ok(Some(answer)) => press.answered(answer),
                Err(error) => press.fail(error.to_string()),
                Ok(None) => match pieces.next() {
                    Some(piece) => {
                        if let Err(error) = inbox.push(piece) {
                            press.fail(error.to_string());
                        }
                    }
                    None => press.fail("no answer".to_owned()),
                },
            },
            Step::Commit => press.committed(),
            Step::Send(_) => {
                sends += 1;
                press.sent(now_ms);
            }
            Step::Wait(ms) => now_ms += ms,
            Step::End(outcome) => return (*outcome, sends),
        }
    }
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES.map(<[u8]>::to_vec).to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..80),
    ];
    prop::collection::vec(piece, 0..60)
}

proptest! {
    #[test]
    fn whatever_is_said_nothing_is_issued_without_its_proof(pieces in pieces()) {
        let (outcome, sends) = talk(&pieces);
        prop_assert!(sends <= 1);
        match outcome {
            Outcome::NotSent { .. } => prop_assert_eq!(sends, 0),
            Outcome::Unknown { .. } => {}
            Outcome::Issued { evidence } => {
                prop_assert_eq!(evidence.echo.as_deref(), Some(EPC));
                let labels = evidence.after.labels.unwrap() - evidence.before.labels.unwrap();
                prop_assert_eq!(labels, 1);
            }
        }
    }

    #[test]
    fn no_bytes_are_too_odd_for_the_codecs(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (parse_host_status(&bytes), parse_extended(&bytes), parse_identity(&bytes));
    }
}

/// Else the first property above might hold of nothing.
#[test]
fn a_good_printer_is_believed() {
    let answers = |labels: &'static [u8], valid: &'static [u8]| {
        let one: [&[u8]; 7] =
            [PIECES[0], PIECES[1], PIECES[2], PIECES[3], labels, valid, PIECES[4]];
        one.map(<[u8]>::to_vec)
    };
    let (before, after) = (answers(PIECES[4], PIECES[4]), answers(PIECES[5], PIECES[5]));
    let said = [&before[..], &[PIECES[6].to_vec(), PIECES[7].to_vec(), PIECES[0].to_vec()], &after]
        .concat();
    let (outcome, sends) = talk(&said);
    let Outcome::Issued { evidence } = outcome else { panic!("{outcome:?}") };
    assert_eq!((evidence.tid.as_deref(), sends), (Some("E2801190"), 1));
}
