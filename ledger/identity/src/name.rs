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
    // Some ligatures have blanks in their prototype.
    let look = |text: &str| {
        let prototypes = confusable_detection::skeleton(text);
        prototypes.filter(|c| !c.is_whitespace()).collect::<String>()
    };
    let mut seen = name.to_owned();
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
mod tests;
