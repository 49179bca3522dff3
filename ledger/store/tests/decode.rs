//! The short way to read an entry gives the verdict of the careful reader, whatever is done to the
//! bytes.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{fs, path::PathBuf};

use gatewarden_model::{Entry, canonical};

/// What any reader makes of bytes: the entry, or the refusal in words.
fn verdicts(bytes: &[u8]) -> [Result<Entry, String>; 2] {
    let words = |error: canonical::CanonicalError| error.to_string();
    [Entry::decode(bytes).map_err(words), canonical::decode(bytes).map_err(words)]
}

fn check(bytes: &[u8]) -> bool {
    let [short, long] = verdicts(bytes);
    assert_eq!(short, long, "{}", String::from_utf8_lossy(bytes));
    long.is_ok()
}

const FULL: &str = include_str!("golden-full/v1-moved.json");

/// An entry of every kind, and of the commonest one with every field.
fn golden() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut texts: Vec<String> =
        files.map(|path| fs::read_to_string(path).unwrap().trim_end().to_owned()).collect();
    texts.push(FULL.trim_end().to_owned());
    texts
}

#[test]
fn whole_entries_are_read_both_ways() {
    assert!(golden().iter().all(|text| check(text.as_bytes())));
}

#[test]
fn every_changed_byte_gets_the_same_verdict() {
    let (mut read, mut refused) = (0, 0);
    for text in golden() {
        let whole = text.as_bytes();
        for at in 0..whole.len() {
            let (before, after) = (&whole[..at], &whole[at + 1..]);
            for put in [&b""[..], b"0", b"F", b"\""] {
                match check(&[before, put, after].concat()) {
                    true => read += 1,
                    false => refused += 1,
                }
            }
        }
    }
    assert!(read > 5000 && refused > 5000, "{read} read, {refused} refused");
}

/// Fields left out, doubled, exchanged, and values where nothing stands: whole fields of each entry.
#[test]
fn every_moved_field_gets_the_same_verdict() {
    for text in golden() {
        let commas: Vec<usize> = text.match_indices(',').map(|(at, _)| at).collect();
        for pair in commas.windows(3) {
            let [a, b, c] = pair else { continue };
            let (before, after) = (&text[..*a], &text[*c..]);
            let (first, second) = (&text[*a..*b], &text[*b..*c]);
            for middle in [
                String::new(),
                first.to_owned(),
                [first, first, second].concat(),
                [second, first].concat(),
                [first, ",\"lot\":null", second].concat(),
                [first, ",\"things\":[]", second].concat(),
                [first, ",\"to_status\":\"available\"", second].concat(),
            ] {
                check([before, &middle, after].concat().as_bytes());
            }
        }
    }
}

#[test]
fn other_spellings_of_the_same_entry_are_refused_in_the_same_words() {
    for (from, to) in [
        ("\"body\":{\"kind\":\"moved\",", "\"body\":{\"kind\":\"moved\",\"kind\":\"moved\","),
        ("\"body\":{\"kind\":\"moved\",", "\"body\":{\"kind\":\"moved\",\"other\":1,"),
        ("\"body\":{\"kind\":\"moved\",", "\"body\":{\"kind\":\"moved\",\"pass\":null,"),
        ("\"body\":{\"kind\":\"moved\",", "\"body\":{\"kind\":\"stopped\","),
        ("\"back_dated\":true,", "\"back_dated\":true,\"back_dated\":true,"),
        ("\"v\":1}", "\"v\":1,\"w\":1}"),
        ("\"v\":1}", "\"v\":1}}"),
        ("\"value\":\"12.5\"", "\"value\":\"12.50\""),
        ("\"value\":\"12.5\"", "\"value\":null"),
        ("\"value\":\"12.5\"", "\"value\":12.5"),
        ("{\"at\":", "{\"body\":{\"kind\":\"moved\",\"a\":1},\"at\":"),
        ("\"evidence\":\"d", "\"evidence\":\"D"),
        ("\"evidence\":\"d7", "\"evidence\":\"+7"),
    ] {
        let text = FULL.trim_end();
        assert!(text.contains(from), "{from}");
        assert!(!check(text.replacen(from, to, 1).as_bytes()), "{to}");
    }
}
