//! What a scanner sends, what is answered, and what becomes of it: step by step, and cut at any byte.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ssi::codec::{SOURCE_SCANNER, STATUS_MORE};

fn at(ms: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: ms * 1_000, wall_us: 0, synced: true }
}

fn settings() -> Settings {
    Settings { configure: false, line_bytes_max: 600, ..Settings::new("/dev/null") }
}

/// A packet of a scanner.
fn told(operation: u8, status: u8, data: &[u8]) -> Vec<u8> {
    Packet { operation, source: SOURCE_SCANNER, status, data: data.to_vec() }.encode()
}

fn scan(status: u8, text: &str) -> Vec<u8> {
    told(operation::DECODE_DATA, status, &[&[0x1b], text.as_bytes()].concat())
}

fn revision_packet() -> Vec<u8> {
    told(operation::REPLY_REVISION, 0, b"V1.2 0 DS3608 ABCD")
}

fn bent(mut packet: Vec<u8>) -> Vec<u8> {
    if let Some(last) = packet.last_mut() {
        *last ^= 0x11;
    }
    packet
}

/// Outputs in words.
fn words(session: &mut Session) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(output) = session.poll_output() {
        all.push(match output {
            Output::Scan { scan, .. } => {
                format!("{} {}", scan.aim.as_deref().unwrap_or("-"), scan.text)
            }
            Output::Gap { reason, .. } => {
                format!("gap {}", reason.split(": ").next().unwrap_or_default())
            }
            Output::Send(bytes) => match (bytes[1], bytes[3] & STATUS_AGAIN, bytes.get(4)) {
                (operation::CMD_ACK, ..) => "ack".to_owned(),
                (operation::CMD_NAK, _, Some(cause)) => format!("nak {cause}"),
                (operation, 0, _) => format!("{operation:02x}"),
                (operation, ..) => format!("{operation:02x} again"),
            },
            Output::Ready { model, .. } => format!("ready {}", model.unwrap_or_default()),
            Output::Dead { reason } => format!("dead {}", &reason[..20]),
        });
    }
    all
}

struct Bench {
    session: Session,
    ms: u64,
}

impl Bench {
    fn new() -> Self {
        let session = Session::new(&settings(), None, at(0));
        let mut bench = Self { session, ms: 0 };
        bench.expect(&["a3"]);
        bench.send(1, &revision_packet(), &["ready DS3608"]);
        bench
    }

    fn expect(&mut self, expected: &[&str]) {
        assert_eq!(words(&mut self.session), expected, "at {} ms", self.ms);
    }

    /// Bytes after a pause.
    fn send(&mut self, after_ms: u64, bytes: &[u8], expected: &[&str]) {
        self.ms += after_ms;
        self.session.handle_bytes(at(self.ms), bytes);
        self.expect(expected);
    }

    fn wait(&mut self, ms: u64, expected: &[&str]) {
        self.ms += ms;
        self.session.handle_timeout(at(self.ms));
        self.expect(expected);
    }
}

#[test]
fn a_scan_is_told_and_then_acknowledged() {
    let mut bench = Bench::new();
    bench.send(10, &scan(0, "4012345678901\r\n"), &["]X0 4012345678901", "ack"]);
    bench.send(10, &scan(0, "]C10104\u{1d}21A"), &["]C1 0104\u{1d}21A", "ack"]);
    let typed = told(operation::DECODE_DATA, 0, b"\x0f0104\x1d21A");
    bench.send(10, &typed, &["]C1 0104\u{1d}21A", "ack"]);
    bench.send(10, &typed, &["]C1 0104\u{1d}21A", "ack"]);
    bench.send(10, &scan(0, "\u{fe}")[..6], &[]);
}

#[test]
fn a_lost_acknowledgement_makes_no_second_scan() {
    let mut bench = Bench::new();
    bench.send(10, &scan(0, "A"), &["]X0 A", "ack"]);
    let again = ["gap a packet sent again with the bytes of the last one", "ack"];
    bench.send(2_000, &scan(STATUS_AGAIN, "A"), &again);
    bench.send(2_000, &scan(STATUS_AGAIN, "A"), &again);
    // The same goods once more.
    bench.send(500, &scan(0, "A"), &["]X0 A", "ack"]);
    // So long after it can't be the same transmission.
    bench.send(25_000, &scan(STATUS_AGAIN, "A"), &["]X0 A", "ack"]);
    // The first transmission of it never came at all.
    bench.send(500, &scan(STATUS_AGAIN, "B"), &["]X0 B", "ack"]);
}

#[test]
fn what_is_not_whole_is_asked_for_again() {
    let mut bench = Bench::new();
    bench.send(10, &scan(0, "A"), &["]X0 A", "ack"]);
    bench.send(500, &bent(scan(0, "A")), &[]);
    bench.wait(200, &["nak 1"]);
    // The same text as before, and yet a second scan: the first transmission is known to be lost.
    bench.send(20, &scan(STATUS_AGAIN, "A"), &["]X0 A", "ack"]);
    bench.send(500, &scan(0, "B")[..5], &[]);
    bench.wait(200, &["nak 1"]);
    let other = "gap a packet that was not whole, and another came instead of it";
    bench.send(20, &scan(0, "C"), &[other, "]X0 C", "ack"]);
    bench.send(500, &[0], &[]);
    bench.wait(200, &["nak 1"]);
    bench.wait(3_000, &["gap a packet that was not whole and was not sent again"]);
}

#[test]
fn three_losses_are_a_gap() {
    let mut bench = Bench::new();
    bench.send(10, &bent(scan(0, "A")), &[]);
    bench.wait(200, &["nak 1"]);
    bench.send(50, &bent(scan(STATUS_AGAIN, "A")), &[]);
    bench.wait(200, &["nak 1"]);
    bench.send(50, &bent(scan(STATUS_AGAIN, "A")), &[]);
    let lost = "gap a packet that was not whole, nor when it was sent again";
    bench.wait(200, &[lost, "nak 1"]);
    bench.send(50, &scan(0, "B"), &["]X0 B", "ack"]);
}

#[test]
fn packets_are_joined_and_half_a_scan_is_a_gap() {
    let mut bench = Bench::new();
    bench.send(10, &scan(STATUS_MORE, "ab"), &["ack"]);
    bench.send(10, &scan(STATUS_MORE, "cd"), &["ack"]);
    let again = "gap a packet sent again with the bytes of the last one";
    bench.send(2_000, &scan(STATUS_MORE | STATUS_AGAIN, "cd"), &[again, "ack"]);
    bench.send(10, &scan(0, "e"), &["]X0 abcde", "ack"]);
    bench.send(10, &scan(STATUS_MORE, "half"), &["ack"]);
    bench.wait(3_000, &["gap half a scan"]);
    let rest = "gap the rest of a scan that was given up";
    bench.send(1_000, &scan(STATUS_MORE | STATUS_AGAIN, "late"), &[rest, "ack"]);
    bench.send(10, &scan(0, "r"), &[rest, "ack"]);
    bench.send(10, &scan(0, "new"), &["]X0 new", "ack"]);
    bench.send(10, &scan(STATUS_MORE, "x"), &["ack"]);
    let other = told(operation::DECODE_DATA, 0, b"\x03whole");
    bench.send(10, &other, &["gap half a scan", "]C0 whole", "ack"]);
    for _ in 0..2 {
        bench.send(10, &scan(STATUS_MORE, &"x".repeat(250)), &["ack"]);
    }
    let long = "gap a scan beyond the longest allowed";
    bench.send(10, &scan(STATUS_MORE, &"x".repeat(250)), &[long, "ack"]);
    bench.send(10, &scan(0, "x"), &[rest, "ack"]);
}

#[test]
fn nothing_is_told_before_it_is_known_who_scans() {
    let mut session = Session::new(&settings(), None, at(0));
    session.handle_bytes(at(5), &scan(0, "A"));
    assert_eq!(words(&mut session), ["a3"]);
    session.handle_bytes(at(9), &revision_packet());
    assert_eq!(words(&mut session), ["ready DS3608", "]X0 A", "ack"]);
    let mut session = Session::new(&settings(), None, at(0));
    session.handle_bytes(at(5), &scan(0, "A"));
    session.handle_bytes(at(6), &told(operation::CMD_NAK, 0, &[cause::DENIED]));
    assert_eq!(words(&mut session), ["a3", "ready ", "]X0 A", "ack"], "it does not tell");
    let mut session = Session::new(&settings(), None, at(0));
    session.handle_bytes(at(5), &scan(0, "A"));
    for ms in [1_000, 2_000, 3_000, 4_000] {
        session.handle_timeout(at(ms));
    }
    session.handle_end(at(4_001));
    let silent = [
        "a3",
        "a3 again",
        "a3 again",
        "dead the scanner does not",
        "gap a scan of a scanner that did not say who it is",
    ];
    assert_eq!(words(&mut session), silent);
    assert_eq!((session.taken(), session.poll_timeout()), (None, None));
}

/// A scanner that never says who it is, and sends events that want an acknowledgement without end.
#[test]
fn what_waits_for_the_scanner_s_name_is_bounded() {
    let mut session = Session::new(&settings(), None, at(0));
    for ms in 0..500 {
        session.handle_bytes(at(ms), &told(operation::EVENT, 0, &[1]));
        session.handle_bytes(at(ms), &told(operation::PARAM_SEND, 0, &[0xff, 1, 0]));
        session.handle_bytes(at(ms), &scan(0, "A"));
    }
    assert_eq!(session.held.len(), HELD_MAX);
}

/// The badge was taken, its acknowledgement was lost, and it is sent again.
#[test]
fn a_badge_that_is_sent_again_is_not_written_out() {
    let mut bench = Bench::new();
    bench.send(10, &scan(0, "0004231187"), &["]X0 0004231187", "ack"]);
    let again = scan(STATUS_AGAIN, "0004231187");
    bench.session.handle_bytes(at(2_000), &again);
    let Some(Output::Gap { reason, .. }) = bench.session.poll_output() else { panic!("no gap") };
    let digest = Hash::of(&again);
    assert!(reason.ends_with(&format!("{} bytes, digest {digest}", again.len())), "{reason}");
}

#[test]
fn it_is_set_up_beeps_and_is_asked_whether_it_is_still_there() {
    let all = Settings { configure: true, beep: true, ..settings() };
    let mut bench = Bench { session: Session::new(&all, None, at(0)), ms: 0 };
    let ack = told(operation::CMD_ACK, 0, &[]);
    bench.expect(&["a3"]);
    bench.send(1, &revision_packet(), &["ready DS3608", "c6"]);
    bench.send(1, &told(operation::CMD_NAK, 0, &[cause::RESEND]), &["c6 again"]);
    bench.send(1, &ack, &["e9"]);
    bench.send(1, &ack, &[]);
    bench.session.handle_signal(at(bench.ms), Signal::Go);
    bench.session.handle_signal(at(bench.ms), Signal::Busy);
    bench.session.handle_signal(at(bench.ms), Signal::Stop);
    bench.session.handle_signal(at(bench.ms), Signal::Alarm);
    bench.expect(&["e6"]);
    bench.send(1, &ack, &["e6"]);
    // A tone is not worth a connection.
    bench.wait(1_000, &["e6 again"]);
    bench.wait(1_000, &["e6 again"]);
    bench.wait(1_000, &[]);
    bench.wait(30_000, &["a3"]);
    bench.send(1, &revision_packet(), &[]);
    bench.send(
        1,
        &told(operation::EVENT, 0, &[EVENT_BOOT]),
        &["gap the scanner restarted", "ack", "c6"],
    );
    bench.send(1, &ack, &["e9"]);
    bench.send(1, &ack, &[]);
    bench.wait(30_000, &["a3"]);
    let other = told(operation::REPLY_REVISION, 0, b"V1.2 0 LS2208 ABCD");
    bench.send(1, &other, &["dead another scanner answ"]);
}

#[test]
fn a_reconnection_neither_merges_nor_doubles() {
    let mut bench = Bench::new();
    bench.send(10, &scan(0, "A"), &["]X0 A", "ack"]);
    let mut next = Session::new(&settings(), bench.session.taken(), at(500));
    next.handle_bytes(at(501), &revision_packet());
    next.handle_bytes(at(2_000), &scan(STATUS_AGAIN, "A"));
    let once = "gap a packet sent again with the bytes of the last one";
    assert_eq!(words(&mut next), ["a3", "ready DS3608", once, "ack"]);
    let mut bench = Bench::new();
    bench.send(10, &scan(STATUS_MORE, "half"), &["ack"]);
    bench.session.handle_end(at(20));
    bench.expect(&["gap half a scan"]);
    let mut next = Session::new(&settings(), bench.session.taken(), at(500));
    next.handle_bytes(at(501), &revision_packet());
    next.handle_bytes(at(502), &scan(0, "rest"));
    next.handle_bytes(at(600), &scan(0, "new"));
    let rest = "gap the rest of a scan that was given up";
    assert_eq!(words(&mut next), ["a3", "ready DS3608", rest, "ack", "]X0 new", "ack"]);
}

#[test]
fn what_is_no_scan_is_answered_and_quoted() {
    let mut bench = Bench::new();
    bench.send(
        1,
        &told(0xb1, 0, b"image"),
        &["gap a packet of an operation that is not known", "nak 2"],
    );
    bench.send(1, &told(operation::PARAM_SEND, 0, &[0xff, 1, 0]), &["ack"]);
    bench.send(
        1,
        &Packet::host(operation::CMD_ACK, &[]).encode(),
        &["gap our own packets come back; is this a scanner's port?"],
    );
    bench.send(
        1,
        &told(operation::DECODE_DATA, 0, &[]),
        &["gap a scan without a bar code type", "ack"],
    );
    bench.send(1, &told(operation::DECODE_DATA, 0, &[3, 0xff]), &["gap a line that is not UTF-8 (first bad byte at 0); check baud rate and the scanner's encoding", "ack"]);
    let endless =
        "gap bytes that are no packet and never pause; check the scanner's interface and baud rate";
    bench.send(1, &[1; 5_000], &[endless]);
}

proptest! {
    /// The cable is pulled at any byte of a scan of some packets, and the scanner starts anew with another one.
    #[test]
    fn cut_anywhere_a_scan_is_whole_or_a_gap(text in "[a-z]{1,20}", part in 1usize..8, cut in 0usize..200) {
        let parts: Vec<&[u8]> = text.as_bytes().chunks(part).collect();
        let packet = |at: usize| {
            let status = if at + 1 < parts.len() { STATUS_MORE } else { 0 };
            scan(status, std::str::from_utf8(parts[at]).unwrap_or_default())
        };
        let all: Vec<u8> = (0..parts.len()).flat_map(packet).collect();
        let cut = cut % (all.len() + 1);
        let mut session = Session::new(&settings(), None, at(0));
        session.handle_bytes(at(1), &revision_packet());
        session.handle_bytes(at(2), &all[..cut]);
        session.handle_end(at(3));
        let first = words(&mut session);
        let whole = format!("]X0 {text}");
        prop_assert_eq!(first.contains(&whole), cut == all.len());
        if cut > 0 && cut < all.len() {
            prop_assert!(first.iter().any(|word| word.starts_with("gap ")), "{:?}", first);
        }
        let mut session = Session::new(&settings(), session.taken(), at(4_000));
        session.handle_bytes(at(4_001), &revision_packet());
        session.handle_bytes(at(4_002), &scan(0, "NEXT"));
        let next = words(&mut session);
        prop_assert!(next.contains(&"]X0 NEXT".to_owned()), "{:?}", next);
    }

    #[test]
    fn no_bytes_panic_and_what_is_held_is_bounded(pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..80), 0u64..4_000), 0..20)) {
        let mut session = Session::new(&settings(), None, at(0));
        let mut ms = 0;
        for (bytes, pause) in pieces {
            ms += pause;
            session.handle_bytes(at(ms), &bytes);
            session.handle_bytes(at(ms), &scan((ms % 4) as u8, "scan"));
            session.handle_timeout(at(ms));
            prop_assert!(session.held.len() <= HELD_MAX);
            words(&mut session);
        }
        session.handle_end(at(ms));
    }
}
