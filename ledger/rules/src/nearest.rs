//! The nearest known word to an unknown one, without floats.

/// Longest word that is compared, in bytes; a longer one is no misspelling.
const WORD_BYTES_MAX: usize = 64;
/// Most words that are compared.
const COMPARED_MAX: usize = 2_048;

/// The known word most like this one: at most a third of its characters differ.
pub(crate) fn nearest<'k>(found: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if found.len() > WORD_BYTES_MAX {
        return None;
    }
    let far = (found.chars().count() / 3).max(1);
    known
        .take(COMPARED_MAX)
        .filter(|word| *word != found && word.len() <= WORD_BYTES_MAX)
        .map(|word| (strsim::osa_distance(found, word), word))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}
