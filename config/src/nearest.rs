//! The nearest known word to an unknown one, and lists of words for messages.

/// Longest word that is compared, in bytes; a longer one is no misspelling.
const WORD_BYTES_MAX: usize = 64;
/// Most words that are compared.
const COMPARED_MAX: usize = 2048;
/// Least similarity (Jaro-Winkler, 0 to 1) of a suggestion.
const SIMILARITY_MIN: f64 = 0.8;
/// Most words that a message lists.
const LISTED_MAX: usize = 40;

/// The known word most like this one, if any is like it.
pub(crate) fn nearest<'k>(found: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if found.len() > WORD_BYTES_MAX {
        return None;
    }
    let lower = found.to_lowercase();
    known
        .take(COMPARED_MAX)
        .filter(|word| *word != found && word.len() <= WORD_BYTES_MAX)
        .map(|word| (strsim::jaro_winkler(&lower, &word.to_lowercase()), word))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_near_and_strangers_are_not() {
        let known = || ["quiet_ms", "duration_ms_max", "linger_ms"].into_iter();
        assert_eq!(nearest("quite_ms", known()), Some("quiet_ms"));
        assert_eq!(nearest("max_duration", known()), None);
        assert_eq!(nearest("zzz", known()), None);
        assert_eq!(nearest("Dock-1", ["dock-1"].into_iter()), Some("dock-1"));
        assert_eq!(one_of(known()), "one of quiet_ms, duration_ms_max, linger_ms");
        assert_eq!(one_of(["ledger"].into_iter()), "\"ledger\"");
    }
}
