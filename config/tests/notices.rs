//! The shipped notices say something for every occasion that a house must know of, and a file's mistakes are
//! told at once, each at its place, those in templates too.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use gatewarden_config::{
    Environment, NoticeNames, default_roles, parse_notices, render_files, shipped_notices,
    shipped_notices_text, shipped_templates,
};
use gatewarden_model::canonical;
use gatewarden_notices::{
    NoticeSet, On, Receiver, Waiting,
    facts::{Sample, sample, specs},
    template::{Lang, fill},
};

/// Files by name.
struct Files(BTreeMap<PathBuf, &'static str>);

impl Environment for Files {
    fn var(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        None
    }
}

fn files(all: &[(&str, &'static str)]) -> Files {
    Files(all.iter().map(|(name, text)| (PathBuf::from(name), *text)).collect())
}

#[test]
fn the_shipped_notices_are_whole_and_speak_both_languages() {
    let set = shipped_notices();
    assert_eq!(set.check(), []);
    for on in [
        On::ApprovalWaiting,
        On::Approved,
        On::Rejected,
        On::Returned,
        On::Copied,
        On::TaskOpened,
        On::Moved,
        On::CountDifference,
        On::RuleFired,
        On::TodoOpened,
        On::Held,
        On::Quarantined,
        On::Denied,
        On::DeliveryRejected,
        On::DeviceRefused,
        On::LockedOut,
        On::ChannelBroken,
    ] {
        assert!(set.notices.values().any(|notice| notice.on == on), "{}", on.name());
    }
    for (id, notice) in &set.notices {
        let facts = sample(&specs(notice.on), Sample::Full);
        let zh = fill(&notice.words, Lang::Zh, &facts).unwrap();
        let en = fill(&notice.words, Lang::En, &facts).unwrap();
        assert!(
            zh.text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c)),
            "{id}: {}",
            zh.text
        );
        assert!(en.text.is_ascii(), "{id}: {}", en.text);
        assert!(!zh.subject.is_empty() && !en.subject.is_empty());
    }
    assert!(set.notices.values().all(|notice| !set.channels_of(notice).is_empty()));
    let used = |name: &str| shipped_notices_text().contains(&format!("\"@{name}\""));
    assert!(shipped_templates().all(|(name, _)| used(name)), "no template is of no use");
}

#[test]
fn a_set_is_canonical_and_comes_back() {
    let set = shipped_notices();
    let bytes = canonical::encode(&set).unwrap();
    assert_eq!(canonical::decode::<NoticeSet>(&bytes).unwrap(), set);
}

#[test]
fn a_file_replaces_adds_and_takes_away() {
    let own = "=== zh subject\n出库 {{ number }}\n=== zh text\n{{ operator }}\n\
               === en subject\nOut {{ number }}\n=== en text\n{{ operator }}\n";
    let text = "channels = [\"robot\"]\nholidays = [\"2026-10-01\"]\n\
                hours = { from = \"22:00\", to = \"06:00\", weekdays = [\"sun\", \"mon\"] }\n\
                hours_of = [{ operator = \"li.wei\", from = \"00:00\", to = \"24:00\" }]\n\
                [[notices]]\nid = \"stock-deducted\"\ntitle = \"Out\"\non = \"moved\"\n\
                movements = [\"shipment\"]\nto = [\"group:accountant\", \"operator:li.wei\"]\n\
                quiet = \"digest\"\ntemplate = \"words/out.txt\"\n";
    let env = files(&[("etc/words/out.txt", own)]);
    let path = Path::new("etc/notices.toml");
    let checked = parse_notices(path, text.as_bytes(), &env, NoticeNames::default());
    assert_eq!(checked.mistakes, []);
    let set = checked.notices.unwrap();
    let mine = &set.notices[&"stock-deducted".parse().unwrap()];
    assert_eq!(mine.to[0], Receiver::Group("accountant".into()));
    assert_eq!((mine.quiet, &*mine.words.zh.subject), (Waiting::Digest, "出库 {{ number }}"));
    assert_eq!(set.notices.len(), shipped_notices().notices.len());
    assert_eq!(set.channels, ["robot"]);
    let hours = set.quiet.hours.unwrap();
    assert_eq!((hours.from_min, hours.to_min, &*hours.weekdays), (1320, 360, &[1, 7][..]));

    let none = parse_notices(path, b"defaults = false\n", &env, NoticeNames::default());
    assert_eq!(none.notices, Some(NoticeSet::default()));
}

const MANY: &str = r#"channels = ["wecon"]
holidays = ["2026-02-30"]
[hours]
from = "7:30"
to = "24:01"
weekdays = ["monday"]
[[notices]]
id = "Bad Id"
title = "x"
on = "approval-wating"
to = ["role:storekeper", "accountant", "role:buyer", "role:buyer"]
template = "@moved"
[[notices]]
id = "a"
title = "x"
on = "moved"
documents = ["requisitoin"]
movements = ["isue"]
rules = ["dead-stok"]
to = ["field:requester", "approvers"]
severity = "loud"
same = ["numbr"]
link = true
template = "@movd"
colour = "red"
[[notices]]
id = "b"
title = "x"
on = "moved"
to = []
same_minutes = 43201
template = "missing.txt"
escalate = [{ after_minutes = 5, to = ["role:buyer"] }, { after_minutes = 5, to = ["role:nobody"] }]
[[notices]]
id = "c"
title = "x"
on = "moved"
to = ["field:requester"]
quiet = "through"
same = ["numbr"]
link = true
template = "words.txt"
[[notices]]
id = "c"
title = "x"
on = "held"
to = ["role:buyer"]
template = "@held"
"#;

const WORDS: &str = "=== zh subject\n{{ numbr }}\n=== zh text\n\n字 {% for l in linse %}\n{{ l.itm }}{% endfor %}\n\
                     === en subject\n{{ number ~ number }}\n=== fr text\n";

#[test]
fn every_mistake_is_told_at_once_at_its_place_in_file_and_template() {
    let roles: BTreeSet<String> = default_roles().0.into_keys().collect();
    let channels = BTreeSet::from(["wecom".to_owned(), "mail".to_owned()]);
    let rules = BTreeSet::from(["dead-stock".to_owned()]);
    let names = NoticeNames {
        roles: Some(&roles),
        channels: Some(&channels),
        rules: Some(&rules),
        people: None,
    };
    let env = files(&[("words.txt", WORDS)]);
    let checked = parse_notices(Path::new("notices.toml"), MANY.as_bytes(), &env, names);
    assert!(checked.notices.is_none());
    let told: Vec<_> = checked
        .mistakes
        .iter()
        .map(|m| (m.file.to_str().unwrap(), m.line, m.column, m.code))
        .collect();
    let file = "notices.toml";
    let expected = [
        (file, 1, 13, "unknown-channel"),
        (file, 2, 13, "bad-day"),
        (file, 4, 8, "bad-time"),
        (file, 5, 6, "bad-time"),
        (file, 6, 13, "unknown-choice"),
        (file, 8, 6, "bad-name"),
        (file, 10, 6, "unknown-occasion"),
        (file, 11, 7, "unknown-role"),
        (file, 11, 26, "bad-receiver"),
        (file, 11, 54, "duplicate-name"),
        (file, 17, 14, "unknown-choice"),
        (file, 18, 14, "unknown-choice"),
        (file, 19, 10, "unknown-rule"),
        (file, 21, 12, "unknown-choice"),
        (file, 22, 8, "conflict"),
        (file, 24, 12, "unknown-template"),
        (file, 25, 1, "unknown-key"),
        (file, 30, 6, "empty-list"),
        (file, 31, 16, "out-of-range"),
        (file, 32, 12, "unreadable"),
        (file, 33, 75, "conflict"),
        (file, 33, 84, "unknown-role"),
        (file, 38, 7, "unknown-receiver"),
        (file, 40, 8, "conflict"),
        (file, 40, 9, "unknown-fact"),
        (file, 41, 8, "no-link"),
        (file, 44, 6, "duplicate-name"),
        ("words.txt", 9, 1, "bad-part"),
        ("words.txt", 1, 1, "missing-part"),
        ("words.txt", 2, 4, "unknown-fact"),
        ("words.txt", 5, 15, "unknown-fact"),
        ("words.txt", 6, 6, "unknown-fact"),
        ("words.txt", 8, 11, "not-allowed"),
    ];
    let printed = render_files(&checked.mistakes, &checked.sources);
    assert_eq!(told, expected, "{printed}");
    assert!(printed.contains("words.txt:2:4: unknown fact \"numbr\""), "{printed}");
    assert!(printed.contains("did you mean \"number\"?"), "{printed}");
    assert!(printed.contains(" 2 | {{ numbr }}\n   |    ^^^^^"), "{printed}");
}
