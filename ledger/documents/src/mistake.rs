//! What is wrong with a document: a stable code, the field, and the way out; all of it at once.
//!
//! Invariants: a list of mistakes is bounded and says how many it left out; a message shows at most
//! [`SHOWN_CHARS_MAX`] characters of what was stated. Absent: the line and column of a file, which its
//! reader adds (`exchange`).

use std::fmt;

use serde::Serialize;

/// Most mistakes that are told of one document; a last one says how many more there are.
pub const MISTAKES_MAX: usize = 200;
/// Most characters of a stated text that a message repeats.
pub const SHOWN_CHARS_MAX: usize = 60;
/// Most words that a message lists.
const LISTED_MAX: usize = 40;
/// Longest word that is compared for a suggestion, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Which kind of mistake it is, in kebab case; stable for machines.
    pub code: &'static str,
    /// Where it stands: `note`, `lines[2].quantity`, `custom.colour`.
    pub field: String,
    /// What is wrong, and the way out.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Mistakes {
    found: Vec<Mistake>,
    left_out: usize,
}

impl Mistakes {
    /// Records one; those beyond [`MISTAKES_MAX`] are counted alone.
    pub fn put(
        &mut self,
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) {
        if self.found.len() >= MISTAKES_MAX {
            self.left_out += 1;
            return;
        }
        self.found.push(Mistake { code, field: field.into(), message: message.into() });
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether something is wrong with this very field so far.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.found.iter().any(|mistake| mistake.field == field)
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn finish(mut self) -> Vec<Mistake> {
        if self.left_out > 0 {
            let message = format!("{} further mistakes: mend these first", self.left_out);
            let field = String::from("document");
            self.found.push(Mistake { code: "too-many-mistakes", field, message });
        }
        self.found
    }
}

/// A stated text as messages show it: quoted, and cut.
#[must_use]
pub fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("{:?}", format!("{cut}{dots}"))
}

/// `one of a, b, c`.
pub(crate) fn one_of<'k>(words: impl Iterator<Item = &'k str>) -> String {
    let mut words: Vec<&str> = words.collect();
    let more = words.len().saturating_sub(LISTED_MAX);
    words.truncate(LISTED_MAX);
    match (words.as_slice(), more) {
        ([], _) => "none: there are none".to_owned(),
        ([one], 0) => format!("{one:?}"),
        (some, 0) => format!("one of {}", some.join(", ")),
        (some, more) => format!("one of {} and {more} more", some.join(", ")),
    }
}

/// `: did you mean "x"?` where a known word is near, else `: use one of …`.
pub(crate) fn hint<'k>(found: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    match nearest(found, known.clone()) {
        Some(near) => format!(": did you mean {near:?}?"),
        None => format!(": use {}", one_of(known)),
    }
}

/// The known word that fewest changes of a letter lead to: at most one for every three letters.
fn nearest<'k>(found: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if found.len() > WORD_BYTES_MAX {
        return None;
    }
    let lower = found.to_lowercase();
    let near = known.filter(|word| word.len() <= WORD_BYTES_MAX).map(|word| {
        let changes = distance(&lower, &word.to_lowercase());
        (changes, word)
    });
    near.min_by_key(|(changes, _)| *changes)
        .filter(|(changes, word)| *changes <= word.chars().count().div_ceil(3))
        .map(|(_, word)| word)
}

/// Letters to put in, take out, change or exchange with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let differs = usize::from(a[i - 1] != b[j - 1]);
            let above = &rows[i - 1];
            row[j] = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + differs);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// Whether a text is 1 to `max` bytes without control characters.
pub(crate) fn is_printable(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_is_near_its_word_and_a_stranger_is_not() {
        let known = || ["colour", "coating", "customs-number"].into_iter();
        assert_eq!(hint("color", known()), ": did you mean \"colour\"?");
        assert_eq!(hint("caoting", known()), ": did you mean \"coating\"?");
        assert_eq!(hint("zzz", known()), ": use one of colour, coating, customs-number");
        assert_eq!(hint("zzz", ["a"].into_iter()), ": use \"a\"");
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted() {
        let mut mistakes = Mistakes::default();
        for at in 0..MISTAKES_MAX + 7 {
            mistakes.put("line-twice", format!("lines[{at}].line"), "number them apart");
        }
        assert!(mistakes.has("lines[3].line") && !mistakes.has("note") && !mistakes.is_empty());
        let told = mistakes.finish();
        assert_eq!(told.len(), MISTAKES_MAX + 1);
        assert!(told[MISTAKES_MAX].message.starts_with("7 further"));
        assert_eq!(told[0].to_string(), "lines[0].line: number them apart");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), SHOWN_CHARS_MAX + 3);
    }
}
