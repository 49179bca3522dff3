//! Texts from outside on their way to a terminal, a log or a table: they stay one piece and stay what
//! they are.
//!
//! A name, a reason or a path may hold anything that somebody managed to get recorded. Here it loses
//! the power to begin another line or column, to move a terminal's cursor, to turn the direction of
//! writing, and to be a formula of a spreadsheet. Nothing is removed: what is strange is written as an
//! escape. JSON needs none of this; its own escapes do it.

/// A text without what could look like something else than it: C0, C1, line and paragraph separators,
/// and what turns the direction of writing (Unicode Standard Annex 9).
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_strange(c) { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}

fn is_strange(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as a cell of a table that a spreadsheet may open: one that would be taken for a formula,
/// also in full-width letters, gets an apostrophe before it.
pub(crate) fn cell(text: &str) -> String {
    let first = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.trim_start_matches(' ').starts_with(first) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_strange_is_written_as_an_escape() {
        let bad = "a\nb\r\x1b[2J\u{9b}31m\u{202e}gnp\u{2028}x\ty";
        assert_eq!(plain(bad), "a\\nb\\r\\u{1b}[2J\\u{9b}31m\\u{202e}gnp\\u{2028}x\\ty");
        assert_eq!(plain("Grüße, 李伟 \\n"), "Grüße, 李伟 \\n");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1"] {
            assert_eq!(cell(bad), format!("'{bad}"));
        }
        assert_eq!(cell("R-100 = x"), "R-100 = x");
    }
}
