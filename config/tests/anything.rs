//! Whatever stands in the file, loading ends, does not panic, and gives a configuration or at
//! least one error, each inside the file.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{CONFIG_BYTES_MAX, Checked, MISTAKES_MAX, Severity, parse, render};
use proptest::prelude::*;
use surroundings::Surroundings;

const EXAMPLES: [&str; 5] = [
    include_str!("../examples/valued-warehouse.toml"),
    include_str!("../examples/dock-door.toml"),
    include_str!("../examples/counter.toml"),
    include_str!("../examples/several-doors.toml"),
    include_str!("mistakes.toml"),
];

/// Loads and checks what holds of any file.
fn holds(bytes: &[u8]) -> Checked {
    let checked = parse(Path::new("any.toml"), bytes, &Surroundings::new());
    let errors = checked.mistakes.iter().filter(|m| m.severity == Severity::Error).count();
    assert_eq!(checked.config.is_none(), errors > 0, "{:#?}", checked.mistakes);
    assert!(checked.mistakes.len() <= MISTAKES_MAX + 1);
    let lines = bytes.iter().filter(|b| **b == b'\n').count() + 1;
    for mistake in &checked.mistakes {
        assert!(mistake.line >= 1 && mistake.line as usize <= lines, "{mistake:?}");
        assert!(mistake.column >= 1 && mistake.width >= 1, "{mistake:?}");
        assert!(!mistake.message.is_empty() && !mistake.expected.is_empty());
        assert!(!mistake.to_string().contains('\n'), "{mistake:?}");
    }
    let printed = render(&checked.mistakes, &checked.source);
    assert!(printed.lines().count() <= 3 * checked.mistakes.len());
    checked
}

/// One change to a text: bytes replaced, taken out, or a piece repeated.
#[derive(Debug, Clone)]
enum Change {
    Put(usize, Vec<u8>),
    Take(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            "\"",
            "[",
            "]",
            "{",
            "}",
            "=",
            "\n",
            "#",
            ".",
            "''",
            "-1",
            "1e9",
            "nan",
            "true",
            "é",
            "[[devices]]\n",
            "[roles.x]\n",
            "kind",
            "\"\"\"",
            "1979-05-27",
            "\u{feff}",
            "\r",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop_oneof![
        (any::<usize>(), piece).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        (any::<usize>(), 1usize..40).prop_map(|(at, len)| Change::Take(at, len)),
        (any::<usize>(), 1usize..200).prop_map(|(at, len)| Change::Repeat(at, len)),
    ]
}

fn apply(text: &mut Vec<u8>, change: &Change) {
    let spot = |at: usize| at % (text.len() + 1);
    match change {
        Change::Put(at, bytes) => {
            let at = spot(*at);
            text.splice(at..at, bytes.iter().copied());
        }
        Change::Take(at, len) => {
            let at = spot(*at);
            text.drain(at..(at + len).min(text.len()));
        }
        Change::Repeat(at, len) => {
            let at = spot(*at);
            let piece = text[at..(at + len).min(text.len())].to_vec();
            text.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        holds(&bytes);
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        holds(text.as_bytes());
    }

    #[test]
    fn toml_like_text(text in "(\\[{1,2}[a-z.]{1,8}\\]{1,2}\n|[a-z_\"]{1,9} ?= ?[\\[{\"'0-9a-z,}\\]]{0,9}\n){0,20}") {
        holds(text.as_bytes());
    }

    #[test]
    fn changed_examples(which in 0usize..5, changes in prop::collection::vec(change(), 1..6)) {
        let mut text = EXAMPLES[which].as_bytes().to_vec();
        for change in &changes {
            apply(&mut text, change);
        }
        holds(&text);
    }
}

#[test]
fn every_beginning_of_an_example_ends_in_a_mistake_or_a_configuration() {
    for text in EXAMPLES {
        for end in (0..text.len()).step_by(7) {
            holds(&text.as_bytes()[..end]);
        }
    }
}

#[test]
fn hostile_files_of_the_largest_size_cost_little() {
    let full = |piece: &str| piece.repeat(CONFIG_BYTES_MAX / piece.len());
    let numbered = |make: fn(usize) -> String, count| (0..count).map(make).collect::<String>();
    let start = std::time::Instant::now();
    for text in [
        full("["),
        full("a."),
        full("a={"),
        full("a=["),
        full("=\n"),
        full("\"\n"),
        full("[[items]]\n"),
        full("[[devices]]\n"),
        format!("gateway = \"{}\"", full("x").split_off(64)),
        numbered(|n| format!("key{n} = {n}\n"), 50_000),
        numbered(|n| format!("[roles.r{n}]\n"), 50_000),
        numbered(|n| format!("[[items]]\ncode = \"{n}\"\nname = \"n\"\n"), 25_000),
        format!(
            "[[stations]]\nname = \"s\"\ndevices = [{}]\n",
            numbered(|n| format!("\"device-{n}\","), 60_000)
        ),
    ] {
        let checked = holds(&text.as_bytes()[..text.len().min(CONFIG_BYTES_MAX)]);
        assert!(checked.config.is_none());
    }
    // Generous, for a debug build on a busy machine; quadratic work would take hours.
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}
