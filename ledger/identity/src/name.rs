//! Full names that people can't take for somebody else's.
//!
//! A name may be of any script. Refused are characters that are not seen or turn the text round, a
//! second spelling of the same text (names are NFC, Unicode Standard Annex 15), letters of scripts
//! that are never written in one word (UTS 39, section 5.1), and piles of marks (section 5.4). What
//! still looks like another name has the same [`skeleton`] (section 4), which enrolment compares with
//! those of everybody enrolled. Names of API clients and operators' ids need none of this: their
//! parsers take `a-z`, `0-9`, `.`, `_` and `-` only.
//!
//! Absent: judging what is a name of a person; escaping for logs and tables (the writers do).

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};
use unicode_security::{confusable_detection, mixed_script::AugmentedScriptSet};

/// Longest full name, in characters.
pub const FULL_NAME_CHARS_MAX: usize = 100;
/// Most marks on one letter (UTS 39, section 5.4: "a sequence of more than 4 nonspacing marks").
pub const MARKS_MAX: usize = 4;

/// Why a full name can't be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No letter in it.
    #[error("a full name has at least one letter: write the person's name")]
    NoLetter,
    /// Over `FULL_NAME_CHARS_MAX`.
    #[error("the full name has {chars} characters, at most {FULL_NAME_CHARS_MAX} fit: shorten it")]
    TooLong {
        /// How long it is.
        chars: usize,
    },
    /// Control, zero-width, direction and other characters without a look.
    #[error("the full name has {} at character {at}, which is not seen: type the name again", point(*.c))]
    Hidden {
        /// The character.
        c: char,
        /// Where, counted from 1.
        at: usize,
    },
    /// Blanks at an end, or several in a row.
    #[error("the full name has a blank too many: one between words, none at the ends")]
    Blanks,
    /// Not NFC.
    #[error("the full name is spelt in pieces: write it as {whole:?}")]
    Pieces {
        /// The name in NFC.
        whole: String,
    },
    /// Marks piled on a letter, or one without a letter.
    #[error("the full name has a mark without a letter, or over {MARKS_MAX} on one: type it again")]
    Marks,
    /// Two scripts in a word.
    #[error(
        "the word {word:?} mixes {first} and {second} letters, which look alike: write it in one \
             script"
    )]
    Mixed {
        /// The word.
        word: String,
        /// The script of its first letter.
        first: &'static str,
        /// The first script that does not go with it.
        second: &'static str,
    },
    /// Looks like a name that is enrolled.
    #[error(
        "{name:?} looks like {enrolled:?}, who is enrolled: add what tells them apart, such as a \
             middle name or a department"
    )]
    LookAlike {
        /// The new name.
        name: String,
        /// The name that it could be taken for.
        enrolled: String,
    },
}

fn point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// The name as it is kept: NFC, one blank between words, none at the ends. What a form sends goes
/// through this before [`check_full_name`]; it removes nothing but blanks.
#[must_use]
pub fn normalise(name: &str) -> String {
    let words: Vec<&str> = name.split(' ').filter(|w| !w.is_empty()).collect();
    words.join(" ").nfc().collect()
}

/// Refuses a full name that nobody could tell apart by looking. The error says where and what to do.
pub fn check_full_name(name: &str) -> Result<(), NameError> {
    let chars = name.chars().count();
    if chars > FULL_NAME_CHARS_MAX {
        return Err(NameError::TooLong { chars });
    }
    if let Some((at, c)) = (1..).zip(name.chars()).find(|(_, c)| is_hidden(*c)) {
        return Err(NameError::Hidden { c, at });
    }
    if !name.chars().any(char::is_alphabetic) {
        return Err(NameError::NoLetter);
    }
    if name.split(' ').any(str::is_empty) {
        return Err(NameError::Blanks);
    }
    if !name.nfc().eq(name.chars()) {
        return Err(NameError::Pieces { whole: name.nfc().collect() });
    }
    name.split(' ').try_for_each(|word| check_marks(word).and_then(|()| check_scripts(word)))
}

/// Refuses a full name that looks like one of those enrolled (the person's own old name left out by
/// the caller). `enrolled` is compared by skeleton, so equal names are refused too.
pub fn check_distinct<'a>(
    name: &str,
    enrolled: impl IntoIterator<Item = &'a str>,
) -> Result<(), NameError> {
    let mine = skeleton(name);
    match enrolled.into_iter().find(|other| skeleton(other) == mine) {
        Some(other) => Err(NameError::LookAlike { name: name.into(), enrolled: other.into() }),
        None => Ok(()),
    }
}

/// What a name looks like: two names with the same skeleton can be taken for each other. UTS 39,
/// section 4, case and blanks left out of the comparison. It is for comparing only, never for showing.
#[must_use]
pub fn skeleton(name: &str) -> String {
    let look = |text: &str| confusable_detection::skeleton(text).collect::<String>();
    let mut seen: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    // A prototype may be a capital letter whose small one has another prototype: M, m, rn.
    for _ in 0..SKELETON_ROUNDS {
        let next = look(&look(&seen).to_lowercase());
        if next == seen {
            break;
        }
        seen = next;
    }
    seen
}

/// Rounds until case and prototypes agree; two are enough for all characters but a few.
const SKELETON_ROUNDS: usize = 4;

fn check_marks(word: &str) -> Result<(), NameError> {
    let mut marks = MARKS_MAX; // a word does not begin with a mark
    for c in word.chars() {
        let mark =
            matches!(get_general_category(c), Category::NonspacingMark | Category::EnclosingMark);
        marks = if mark { marks + 1 } else { 0 };
        if marks > MARKS_MAX {
            return Err(NameError::Marks);
        }
    }
    Ok(())
}

fn check_scripts(word: &str) -> Result<(), NameError> {
    if !AugmentedScriptSet::for_str(word).is_empty() {
        return Ok(());
    }
    let own = |c: &char| !matches!(c.script(), Script::Common | Script::Inherited);
    let mut letters = word.chars().filter(own);
    let Some(first) = letters.next() else { return Ok(()) };
    let mut scripts = AugmentedScriptSet::for_char(first);
    let second = letters.find(|c| {
        scripts.intersect_with(AugmentedScriptSet::for_char(*c));
        scripts.is_empty()
    });
    let second = second.unwrap_or(first).script().full_name();
    Err(NameError::Mixed { word: word.into(), first: first.script().full_name(), second })
}

/// Characters without a look of their own: control, zero-width, direction, fillers, selectors, blanks
/// other than the plain one, private and unassigned ones.
pub(crate) fn is_hidden(c: char) -> bool {
    let filler = matches!(
        c,
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}'
            | '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'
            | '\u{2800}'
    );
    let category = get_general_category(c);
    let unseen = matches!(
        category,
        Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::Surrogate
            | Category::Unassigned
    );
    filler || unseen || (category == Category::SpaceSeparator && c != ' ')
}

#[cfg(test)]
mod tests {
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
}
