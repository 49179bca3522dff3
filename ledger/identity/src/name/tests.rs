//! Names of all the world, and what nobody could tell apart.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use proptest::prelude::*;

use super::*;

#[test]
fn names_of_all_the_world_are_taken() {
    for name in [
        "Anna Kowalska",
        "Łukasz Żółć",
        "Seán O'Brien-Ní Dhomhnaill",
        "Иван Петрович Сидоров",
        "Γιώργος Παπαδόπουλος",
        "محمد بن سلمان",
        "दीपिका शर्मा",
        "王小明",
        "山田 たろう",
        "ヤマダ タロウ",
        "김철수",
        "Nguyễn Thị Hồng",
        "Jean-Pierre de la Tour III",
        "Anna Nowak (night shift)",
        "Иван Smith",
        "Ðorđe Þórsson",
    ] {
        check_full_name(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(normalise(name), name);
    }
}

#[test]
fn what_is_not_seen_is_refused() {
    for hidden in [
        '\u{0}',
        '\n',
        '\t',
        '\u{7F}',
        '\u{85}',
        '\u{A0}',
        '\u{AD}',
        '\u{61C}',
        '\u{115F}',
        '\u{200B}',
        '\u{200C}',
        '\u{200D}',
        '\u{200E}',
        '\u{202A}',
        '\u{202E}',
        '\u{2028}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{2800}',
        '\u{3000}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{E000}',
        '\u{E0041}',
        '\u{E0100}',
        '\u{FFFF}',
    ] {
        let error = check_full_name(&format!("Anna{hidden} Kos")).unwrap_err();
        assert_eq!(error, NameError::Hidden { c: hidden, at: 5 });
        assert!(!error.to_string().contains(hidden), "the message must not carry it");
    }
}

#[test]
fn other_slips_are_refused_with_the_way_out() {
    let error = |name: &str| check_full_name(name).unwrap_err();
    assert_eq!(error(""), NameError::NoLetter);
    assert_eq!(error("12 34"), NameError::NoLetter);
    assert_eq!(error(&"a".repeat(101)), NameError::TooLong { chars: 101 });
    for blank in [" Anna", "Anna ", "Anna  Kos"] {
        assert_eq!(error(blank), NameError::Blanks);
        check_full_name(&normalise(blank)).unwrap();
    }
    assert_eq!(error("Jose\u{301}"), NameError::Pieces { whole: "José".into() });
    assert_eq!(normalise("Jose\u{301}"), "José");
    assert_eq!(error(&format!("Z{}", "\u{20DD}".repeat(5))), NameError::Marks);
    assert_eq!(error("Anna \u{20DD}Kos"), NameError::Marks);
    let mixed = |word: &str, first, second| {
        assert_eq!(error(word), NameError::Mixed { word: word.into(), first, second });
    };
    mixed("\u{410}nna", "Cyrillic", "Latin");
    mixed("Ann\u{430}", "Latin", "Cyrillic");
    mixed("\u{39F}leg", "Greek", "Latin");
}

#[test]
fn look_alikes_of_the_enrolled_are_refused() {
    let enrolled = ["Anna Kos", "Сара Рохас", "Illia Moroz"];
    for twin in [
        "Anna Kos",
        "ANNA KOS",
        "anna kos",
        "AnnaKos",
        "Аnna Kos", // Cyrillic А
        "Anna Коѕ", // all Cyrillic in the second word
        "Αnna Κos",
        "Anna K0s",
        "Capa Poxac",
        "lllia Moroz",
        "Illia Rnoroz",
        "𝐀nna Kos",
    ] {
        let twin_error = check_distinct(twin, enrolled);
        assert!(matches!(twin_error, Err(NameError::LookAlike { .. })), "{twin}");
    }
    for other in ["Hanna Kos", "Anna Kós", "Anna Kosa", "Ana Kos", "Сара Рохаc Б"] {
        check_distinct(other, enrolled).unwrap_or_else(|e| panic!("{other}: {e}"));
    }
    assert!(check_distinct("Anna Kos", []).is_ok());
    // Found by chance: a ligature whose prototype has blanks.
    assert_eq!(skeleton(&skeleton("ﷺ")), skeleton("ﷺ"));
}

proptest! {
    /// Any text: no panic; a name that is taken shows every character and is NFC; the skeleton
    /// of a skeleton is itself.
    #[test]
    fn what_is_taken_is_seen(name in "(?s).{0,20}|\\PC{0,20}|[A-Za-zА-яΑ-ω ]{0,20}") {
        if check_full_name(&name).is_ok() {
            prop_assert!(!name.chars().any(|c| is_hidden(c) || c.is_control()));
            prop_assert_eq!(normalise(&name), name.clone());
        }
        let seen = skeleton(&name);
        prop_assert_eq!(skeleton(&seen), seen.clone());
        prop_assert_eq!(skeleton(&name.to_uppercase().to_lowercase()), skeleton(&name.to_lowercase().to_uppercase().to_lowercase()));
    }
}
