//! Keys typed by tables, in each layout, and any keys at all.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    Which,
    keymap::{ALT_GR, ENTER, Key, LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, Layout, Level, TAB},
};

fn at(ms: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: ms * 1_000, wall_us: 0, synced: true }
}

fn settings(layout: Layout, terminator: Terminator) -> Settings {
    Settings { layout, terminator, ..Settings::new(Which::Path("/dev/null".into())) }
}

/// A key pressed and released, with others held meanwhile.
fn stroke(held: &[u16], code: u16) -> Vec<Event> {
    let press = held.iter().chain([&code]).map(|code| Event::key(*code, true));
    let release = [code].into_iter().chain(held.iter().rev().copied());
    let all = press.chain(release.map(|code| Event::key(code, false)));
    all.flat_map(|event| [event, Event::syn(SYN_REPORT)]).collect()
}

/// How a scanner types a text; control characters with Ctrl.
fn strokes(layout: Layout, text: &str) -> Vec<Event> {
    let find = |wanted: char| {
        (0..128u16).find_map(|code| {
            [(false, false), (true, false), (false, true)].into_iter().find_map(
                |(shift, alt_gr)| match layout.key(code, Level { shift, alt_gr })? {
                    Key::Char(own) if own == wanted => Some((code, shift, alt_gr, false)),
                    Key::Dead(own) if own == wanted => Some((code, shift, alt_gr, true)),
                    _ => None,
                },
            )
        })
    };
    let mut events = Vec::new();
    for own in text.chars() {
        let (wanted, ctrl) =
            if own < ' ' { (char::from(own as u8 | 0x40), true) } else { (own, false) };
        let (code, shift, alt_gr, dead) = find(wanted).expect("a key");
        let held = [(ctrl, LEFT_CTRL), (shift, LEFT_SHIFT), (alt_gr, ALT_GR)];
        let held: Vec<u16> =
            held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, code)| code).collect();
        events.extend(stroke(&held, code));
        if dead && !ctrl {
            events.extend(stroke(&[], 57));
        }
    }
    events
}

fn words(session: &mut Session) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(output) = session.poll_output() {
        all.push(match output {
            Output::Scan { scan, .. } => {
                format!("{} {}", scan.aim.as_deref().unwrap_or("-"), scan.text)
            }
            Output::Gap { reason, .. } => format!("gap {}", reason.split(':').next().unwrap_or("")),
        });
    }
    all
}

fn play(settings: &Settings, events: &[Event]) -> Vec<String> {
    let mut session = Session::new(settings);
    for event in events {
        session.handle_event(at(1), *event);
    }
    session.handle_end(at(1_000_000));
    words(&mut session)
}

#[test]
fn scans_are_read_in_each_layout() {
    for layout in [Layout::Us, Layout::De, Layout::Fr] {
        let settings = settings(layout, Terminator::Enter);
        let text = "]d20104012345678901\u{1d}21aZ-_:/\\?%&+=";
        let mut events = strokes(layout, text);
        events.extend(stroke(&[], ENTER));
        events.extend(strokes(layout, "4012345678901"));
        events.extend(stroke(&[], 96));
        let expected = [format!("]d2 {}", &text[3..]), "- 4012345678901".to_owned()];
        assert_eq!(play(&settings, &events), expected, "{layout:?}");
    }
}

#[test]
fn control_characters_come_as_scanners_send_them() {
    let us = settings(Layout::Us, Terminator::Enter);
    let de = settings(Layout::De, Terminator::Enter);
    let alt = |digits: &[u16]| {
        let mut events = vec![Event::key(LEFT_ALT, true)];
        events.extend(digits.iter().flat_map(|code| stroke(&[], *code)));
        events.push(Event::key(LEFT_ALT, false));
        events
    };
    let scan = |middle: Vec<Event>| {
        let mut events = stroke(&[], 30);
        events.extend(middle);
        events.extend(stroke(&[], 48));
        events.extend(stroke(&[], ENTER));
        events
    };
    let gs = "- a\u{1d}b";
    assert_eq!(play(&us, &scan(stroke(&[LEFT_CTRL], 27))), [gs]);
    assert_eq!(play(&de, &scan(stroke(&[LEFT_CTRL, ALT_GR], 10))), [gs], "where ] is");
    assert_eq!(play(&de, &scan(stroke(&[LEFT_CTRL], 27))), [gs], "where ] is in America");
    assert_eq!(play(&us, &scan(alt(&[82, 80, 73]))), [gs], "Alt 029");
    assert_eq!(play(&us, &scan(alt(&[80, 73]))), [gs], "Alt 29");
    assert_eq!(play(&us, &scan(alt(&[82, 80, 80, 72]))), ["- aäb"], "Alt 0228");
    assert_eq!(
        play(&us, &scan(alt(&[79, 77, 77]))),
        ["gap Alt code 166, which is neither ASCII nor Latin 1"]
    );
    assert_eq!(play(&us, &scan(alt(&[30]))), ["gap key 30 with Alt is no part of a scan"]);
}

#[test]
fn what_is_not_known_is_told() {
    let us = settings(Layout::Us, Terminator::Enter);
    let de = settings(Layout::De, Terminator::Enter);
    let with = |code: u16| {
        let mut events = strokes(Layout::Us, "ab");
        events.extend(stroke(&[], code));
        events.extend(strokes(Layout::Us, "c"));
        events.extend(stroke(&[], ENTER));
        events.extend(strokes(Layout::Us, "next"));
        events.extend(stroke(&[], ENTER));
        events
    };
    let unknown = "gap key 59, which the layout Us does not have here";
    assert_eq!(play(&us, &with(59)), [unknown, "- next"]);
    assert_eq!(play(&us, &with(14)), ["gap a backspace", "- next"]);
    assert_eq!(play(&de, &with(41)), ["gap a character composed with ^", "- next"]);
    let mut dead = stroke(&[], 41);
    dead.extend(stroke(&[], ENTER));
    assert_eq!(play(&de, &dead), Vec::<String>::new(), "no scan at all");
    assert_eq!(play(&us, &stroke(&[], ENTER)), Vec::<String>::new());
    let mut empty = strokes(Layout::Us, "]C1");
    empty.extend(stroke(&[], ENTER));
    assert_eq!(play(&us, &empty), ["gap a scan with nothing behind its AIM identifier"]);
    let mut caps = stroke(&[], 58);
    caps.extend(strokes(Layout::Us, "aB1;"));
    caps.extend(stroke(&[], ENTER));
    assert_eq!(play(&us, &caps), ["- Ab1;"]);
    let held: Vec<Event> = [1, 2, 2, 0].map(|value| Event { kind: EV_KEY, code: 30, value }).into();
    let held = [held, stroke(&[], ENTER)].concat();
    assert_eq!(play(&us, &held), ["- a"], "a key held types once");
}

/// Whatever is typed at the keyboard may be a PIN.
#[test]
fn what_was_typed_is_not_written_out() {
    let us = settings(Layout::Us, Terminator::Enter);
    for (text, told) in [
        ("471199", "6 bytes typed".to_owned()),
        ("0104012345678901", format!("16 bytes typed, digest {}", Hash::of(b"0104012345678901"))),
    ] {
        let mut session = Session::new(&us);
        strokes(Layout::Us, text).into_iter().for_each(|event| session.handle_event(at(1), event));
        session.handle_end(at(2));
        let Some(Output::Gap { reason, .. }) = session.poll_output() else { panic!("no gap") };
        let expected = "half a scan: the scanner was unplugged before its end: ".to_owned() + &told;
        assert_eq!(reason, expected);
    }
}

#[test]
fn the_terminator_is_as_set() {
    let mut events = strokes(Layout::Us, "a");
    events.extend(stroke(&[], TAB));
    events.extend(strokes(Layout::Us, "b"));
    events.extend(stroke(&[], ENTER));
    for (terminator, expected) in [
        (Terminator::Enter, &["- a\tb"][..]),
        (Terminator::Tab, &["- a", "gap half a scan"]),
        (Terminator::Both, &["- a", "- b"]),
    ] {
        assert_eq!(play(&settings(Layout::Us, terminator), &events), expected, "{terminator:?}");
    }
}

#[test]
fn lost_events_make_the_scan_a_gap() {
    let us = settings(Layout::Us, Terminator::Enter);
    let mut session = Session::new(&us);
    let mut feed = |ms: u64, events: Vec<Event>| {
        for event in events {
            session.handle_event(at(ms), event);
        }
        session.handle_timeout(at(ms));
        words(&mut session)
    };
    let none = Vec::<String>::new();
    let lost = ["gap events were lost (SYN_DROPPED)"];
    assert_eq!(feed(0, strokes(Layout::Us, "ab")), none);
    assert_eq!(
        feed(1, vec![Event::syn(SYN_DROPPED), Event::key(46, true), Event::syn(SYN_REPORT)]),
        none
    );
    assert_eq!(feed(2, [strokes(Layout::Us, "d"), stroke(&[], ENTER)].concat()), lost);
    assert_eq!(feed(9, [strokes(Layout::Us, "next"), stroke(&[], ENTER)].concat()), ["- next"]);
    // Between two scans, the terminator itself lost: the pause ends it.
    assert_eq!(feed(20, vec![Event::syn(SYN_DROPPED), Event::syn(SYN_REPORT)]), none);
    assert_eq!(feed(600, vec![]), lost);
    assert_eq!(feed(1_300, [strokes(Layout::Us, "x"), stroke(&[], ENTER)].concat()), ["- x"]);
}

#[test]
fn half_a_scan_and_its_rest_are_gaps() {
    let us = settings(Layout::Us, Terminator::Enter);
    let mut session = Session::new(&us);
    let mut feed = |ms: u64, text: &str, is_end: bool| {
        let end = if is_end { stroke(&[], ENTER) } else { Vec::new() };
        for event in [strokes(Layout::Us, text), end].concat() {
            session.handle_event(at(ms), event);
        }
        words(&mut session)
    };
    assert_eq!(feed(0, "12", false), Vec::<String>::new());
    assert_eq!(feed(600, "34", true), ["gap half a scan", "gap the rest of half a scan"]);
    assert_eq!(feed(700, "56", true), ["- 56"]);
    assert_eq!(feed(800, "78", false), Vec::<String>::new());
    assert_eq!(feed(1_900, "90", true), ["gap half a scan", "- 90"]);
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    assert_eq!(feed(2_000, &long, true), ["gap a scan of more than 8192 bytes"]);
}

proptest! {
    #[test]
    fn any_text_survives_being_typed(
        text in "[ -~\u{1d}]{1,60}",
        layout in prop::sample::select(vec![Layout::Us, Layout::De, Layout::Fr]),
    ) {
        let mut events = strokes(layout, &text);
        events.extend(stroke(&[], ENTER));
        let seen = play(&settings(layout, Terminator::Enter), &events);
        let (aim, rest) = split_aim(&text);
        prop_assume!(!rest.is_empty());
        prop_assert_eq!(seen, vec![format!("{} {}", aim.unwrap_or("-"), rest)]);
    }

    /// The cable is pulled at any event of a scan, and another one follows on the next connection.
    #[test]
    fn cut_anywhere_a_scan_is_whole_or_a_gap(text in "[0-9A-Z]{1,20}", cut in 0usize..400) {
        let us = settings(Layout::Us, Terminator::Enter);
        let mut events = strokes(Layout::Us, &text);
        let last = events.len();
        events.extend(stroke(&[], ENTER));
        let cut = cut % (events.len() + 1);
        let seen = play(&us, &events[..cut]);
        if cut > last {
            prop_assert_eq!(seen, vec![format!("- {text}")]);
        } else {
            prop_assert!(seen.iter().all(|word| word.starts_with("gap ")), "{:?}", seen);
            let typed = events[..cut].iter().any(|event| event.kind == EV_KEY && event.value == 1 && event.code != LEFT_SHIFT);
            prop_assert_eq!(seen.len(), usize::from(typed));
        }
    }

    #[test]
    fn no_events_panic_and_what_is_held_is_bounded(
        events in prop::collection::vec((0u16..3, 0u16..130, 0i32..3, 0u64..700), 0..300),
        terminator in prop::sample::select(vec![Terminator::Enter, Terminator::Tab, Terminator::Both]),
    ) {
        let mut session = Session::new(&settings(Layout::De, terminator));
        let mut ms = 0;
        for (kind, code, value, pause) in events {
            ms += if pause > 650 { pause } else { 1 };
            session.handle_event(at(ms), Event { kind, code, value });
            if let Some(begun) = &session.begun {
                prop_assert!(begun.raw.len() <= RAW_BYTES_MAX + 8);
                prop_assert!(begun.text.len() <= TEXT_BYTES_MAX);
            }
            words(&mut session);
        }
        session.handle_end(at(ms));
    }
}
