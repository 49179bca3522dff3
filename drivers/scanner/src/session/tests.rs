//! Bytes with pauses, cut off anywhere, and what becomes of them.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(ms: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: ms * 1_000, wall_us: 0, synced: true }
}

/// Plays bytes at their milliseconds, firing every time-out that falls due in between.
fn play(settings: &Settings, input: &[(u64, &[u8])]) -> Vec<String> {
    let mut session = Session::new(settings);
    let mut out = Vec::new();
    for (ms, bytes) in input {
        while let Some(due) = session.poll_timeout().filter(|due| *due <= ms * 1_000) {
            session.handle_timeout(at(due / 1_000));
        }
        session.handle_bytes(at(*ms), bytes);
    }
    session.handle_end(at(1_000_000));
    while let Some(output) = session.poll_output() {
        out.push(match output {
            Output::Scan { at, scan, .. } => format!("{} {}", at.mono_us / 1_000, scan.text),
            Output::Gap { from, to, reason } => {
                format!("{}-{} {reason}", from.mono_us / 1_000, to.mono_us / 1_000)
            }
            other => format!("{other:?}"),
        });
    }
    out
}

fn check(input: &[(u64, &[u8])], expected: &[&str]) {
    let settings = Settings { line_bytes_max: 8, ..Settings::new("/dev/null") };
    let expected: Vec<String> = expected.iter().map(|one| with_digest(one)).collect();
    assert_eq!(play(&settings, input), expected, "{input:?}");
}

/// Puts the digest in the place of the bytes that stand in hex at a text's end, in angle brackets.
fn with_digest(text: &str) -> String {
    let Some((head, hex)) = text.split_once('<') else { return text.to_owned() };
    let pairs = hex.trim_end_matches('>').as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16);
    let bytes: Vec<u8> = pairs.filter_map(|pair| byte(pair).ok()).collect();
    format!("{head}{}", Hash::of(&bytes))
}

#[test]
fn a_line_may_come_in_pieces() {
    check(&[(0, b"12"), (199, b"34"), (300, b"\r"), (400, b"\n56\r\n")], &["300 1234", "400 56"]);
}

#[test]
fn half_a_scan_and_its_rest_are_gaps() {
    check(
        &[(0, b"12"), (250, b"34\r"), (260, b"56\r")],
        &[
            "0-200 half a scan: the line went quiet before its end: 2 bytes, digest <3132>",
            "250-250 the rest of half a scan: 2 bytes, digest <3334>",
            "260 56",
        ],
    );
    check(
        &[(0, b"12"), (701, b"34\r")],
        &[
            "0-200 half a scan: the line went quiet before its end: 2 bytes, digest <3132>",
            "701 34",
        ],
    );
    check(
        &[(0, b"12")],
        &["0-1000000 half a scan: the port was closed before its end: 2 bytes, digest <3132>"],
    );
}

#[test]
fn garbage_is_told_by_its_digest_and_the_next_line_is_whole() {
    check(
        &[(0, b"\xff\xfe\r"), (5, b"123456789\rok\r")],
        &[
            "0-0 a line that is not UTF-8 (first bad byte at 0); check baud rate and the scanner's \
             encoding: 2 bytes, digest <FFFE>",
            "5-5 a line beyond the longest allowed: 8 bytes, digest <3132333435363738>",
            "5-5 a line beyond the longest allowed: 1 bytes, digest <39>",
            "5 ok",
        ],
    );
}

proptest! {
    /// The port is lost behind any byte of a line; the rest of it comes on the next connection, or never does.
    #[test]
    fn cut_anywhere_a_line_is_whole_or_a_gap(
        text in "[a-z0-9]{1,40}", end in prop::sample::select(vec!["\r", "\n", "\r\n"]),
        cut in 0usize..45, rest: bool,
    ) {
        let settings = Settings::new("/dev/null");
        let line = format!("{text}{end}");
        let cut = cut % (line.len() + 1);
        let mut seen = Vec::new();
        let mut take = |session: &mut Session| {
            while let Some(output) = session.poll_output() {
                seen.push(match output {
                    Output::Scan { scan, .. } => scan.text,
                    _ => "gap".to_owned(),
                });
            }
        };
        let mut session = Session::new(&settings);
        session.handle_bytes(at(1), &line.as_bytes()[..cut]);
        let is_half = session.is_inside();
        session.handle_end(at(2));
        take(&mut session);
        let mut session = Session::new(&settings);
        if is_half {
            session.expect_rest(at(3));
        }
        // A scanner that was only cut off goes on with the line; one that lost its power does not.
        if rest && is_half {
            session.handle_bytes(at(4), &line.as_bytes()[cut..]);
        }
        session.handle_bytes(at(900), b"NEXT\r\n");
        take(&mut session);
        let (text_bytes, last) = (text.len(), seen.pop());
        let whole = cut > text_bytes;
        prop_assert_eq!(last, Some("NEXT".to_owned()));
        let expected = match (whole, cut) {
            (true, _) => vec![text],
            (false, 0) => Vec::new(),
            (false, _) => vec!["gap".to_owned(); 1 + usize::from(rest && cut < text_bytes)],
        };
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn chunks_don_t_matter(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1usize..50) {
        let settings = Settings { line_bytes_max: 40, ..Settings::new("/dev/null") };
        let whole = play(&settings, &[(7, &bytes)]);
        let chunks: Vec<(u64, &[u8])> = bytes.chunks(cut).map(|c| (7, c)).collect();
        prop_assert_eq!(whole, play(&settings, &chunks));
    }
}
