//! Reports joined, broken, late and cut off.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::codec::tests::report;

fn at(ms: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: ms * 1_000, wall_us: 0, synced: true }
}

fn check(reports: &[(u64, Vec<u8>)], expected: &[&str]) {
    let mut session = Session::default();
    for (ms, report) in reports {
        session.handle_report(at(*ms), report);
    }
    session.handle_end(at(1_000_000));
    let mut seen = Vec::new();
    while let Some(output) = session.poll_output() {
        seen.push(match output {
            Output::Scan { scan, .. } => {
                format!("{} {}", scan.aim.as_deref().unwrap_or("-"), scan.text)
            }
            Output::Gap { reason, .. } => reason.split(": ").next().unwrap_or("").to_owned(),
        });
    }
    assert_eq!(seen, expected);
}

#[test]
fn reports_are_joined() {
    // The boarding pass of 60 bytes from Access-IS's manual, in two reports.
    let first = b"M1GATHERGOOD/MICHAEL YABCDEF LHRDURAK 3542 052Y003D23   ";
    check(
        &[
            (0, report("]Q0", first, true)),
            (5, report("]Q0", b" 100", false)),
            (9, report("]C1", b"0104012345678901\x1d21A\r\n", false)),
            (9, report("", b"4012", false)),
        ],
        &[
            "]Q0 M1GATHERGOOD/MICHAEL YABCDEF LHRDURAK 3542 052Y003D23    100",
            "]C1 0104012345678901\u{1d}21A",
            "- 4012",
        ],
    );
}

#[test]
fn what_is_not_whole_is_a_gap() {
    check(
        &[
            (0, report("]Q0", b"half", true)),
            (600, report("]Q0", b"late", false)),
            (601, report("]C0", b"whole", false)),
            (700, report("]Q0", b"a", true)),
            (701, report("]C1", b"b", true)),
            (702, report("]C1", b"c", false)),
            (703, report("]C0", b"\xff", false)),
            (704, report("]C0", b"\r", false)),
            (705, vec![2, 3]),
            (706, vec![0xfd; 64]),
            (707, report("]C0", b"rest", true)),
            (708, report("]C0", b"of it", false)),
            (709, report("]C0", b"new", false)),
            (710, vec![2, 3]),
            (1_210, report("]C0", b"end", true)),
        ],
        &[
            "half a scan",
            "the rest of a scan that was given up",
            "]C0 whole",
            "a scan whose reports name different symbologies",
            "the rest of a scan that was given up",
            "a scan that is not UTF-8",
            "a scan without text",
            "a report of 2 bytes instead of 64; is the scanner in HID POS mode?",
            "the rest of a scan that was given up",
            "the rest of a scan that was given up",
            "]C0 new",
            "a report of 2 bytes instead of 64; is the scanner in HID POS mode?",
            "half a scan",
        ],
    );
}

#[test]
fn endless_scans_are_bounded() {
    let mut session = Session::default();
    for _ in 0..1_000 {
        session.handle_report(at(0), &report("]Q0", &[b'x'; 56], true));
        let held = session.begun.as_ref().map_or(0, |b| b.data.len());
        assert!(held <= SCAN_BYTES_MAX);
    }
    assert!(matches!(session.poll_output(), Some(Output::Gap { .. })));
}

proptest! {
    /// The cable is pulled behind any report of a scan, or one of them is broken; another scan follows on the
    /// next connection, or after a while.
    #[test]
    fn cut_anywhere_a_scan_is_whole_or_a_gap(
        text in "[a-z]{57,400}", cut in 0usize..8, keep in 0usize..64, replug: bool,
    ) {
        let parts: Vec<&[u8]> = text.as_bytes().chunks(56).collect();
        let cut = cut % parts.len();
        let mut session = Session::default();
        for (i, part) in parts.iter().enumerate() {
            let whole = report("]d2", part, i + 1 < parts.len());
            if i < cut {
                session.handle_report(at(i as u64), &whole);
            } else if i == cut && keep > 0 {
                session.handle_report(at(i as u64), &whole[..keep]);
            } else if i > cut && !replug {
                session.handle_report(at(i as u64), &whole);
            }
        }
        if replug {
            session.handle_end(at(10));
            session = Session { outputs: session.outputs, ..Session::default() };
        }
        session.handle_report(at(2_000), &report("]d2", b"NEXT", false));
        let (mut scans, mut gaps) = (Vec::new(), 0);
        while let Some(output) = session.poll_output() {
            match output {
                Output::Scan { scan, .. } => scans.push(scan.text),
                Output::Gap { .. } => gaps += 1,
            }
        }
        // A report of which nothing arrived is not noticed where others go on; it makes the rest shorter.
        prop_assume!(replug || keep > 0);
        prop_assert_eq!(scans, ["NEXT"]);
        prop_assert!(gaps > 0 || cut == 0 && keep == 0);
    }

    #[test]
    fn any_scan_survives_being_cut_into_reports(text in "[ -~\u{1d}]{1,400}") {
        let mut session = Session::default();
        let parts: Vec<&[u8]> = text.as_bytes().chunks(56).collect();
        for (i, part) in parts.iter().enumerate() {
            session.handle_report(at(0), &report("]d2", part, i + 1 < parts.len()));
        }
        let scan = ScanRead { text, aim: Some("]d2".to_owned()) };
        let Some(Output::Scan { scan: told, .. }) = session.poll_output() else {
            return Err(TestCaseError::fail("no scan"));
        };
        prop_assert_eq!(told, scan);
    }
}
