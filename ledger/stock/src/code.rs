//! Codes that people can't tell apart: Unicode look-alikes, invisible and turning characters.
//!
//! A code (of an item, lot, place, document, owner) may be of any script, but one that looks like
//! another has no place in a ledger: no characters that are not seen, no second spelling of the same
//! text (NFC), no letter of another script that looks like a plain one, neither beside plain letters
//! nor in place of all of them (UTS 39 confusables). Han characters stand beside anything.

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_script::{Script, UnicodeScript};
use unicode_security::{confusable_detection::skeleton, mixed_script::AugmentedScriptSet};

use crate::error::StockError;

const CODE: &str = "code-lookalike";

/// Refuses a code that looks like another. The error shows the character as U+XXXX.
pub fn check_code(field: &str, text: &str) -> Result<(), StockError> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Ok(());
    }
    if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        let message = format!("{:?} has {}, which is not seen: type it again", text, point(hidden));
        return Err(StockError::rule(CODE, field, message));
    }
    if is_nfc_quick(text.chars()) != IsNormalized::Yes && !text.nfc().eq(text.chars()) {
        let whole: String = text.nfc().collect();
        let first = text.chars().zip(whole.chars()).find(|(a, b)| a != b);
        let at = first.map_or(String::new(), |(_, b)| format!(" (with {})", point(b)));
        let message = format!("{text:?} is spelt in pieces: write it as {whole:?}{at}");
        return Err(StockError::rule(CODE, field, message));
    }
    match look_alike(text) {
        Some((c, plain)) => {
            let message = format!(
                "{text:?} has {} ({c}), which looks like {plain:?}: type the plain character",
                point(c)
            );
            Err(StockError::rule(CODE, field, message))
        }
        None => mixed(field, text),
    }
}

fn point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Characters without a look of their own.
fn is_hidden(c: char) -> bool {
    let filler = matches!(
        c,
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}'
            | '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'
    );
    let category = matches!(
        get_general_category(c),
        Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::Surrogate
            | Category::Unassigned
    );
    let space = get_general_category(c) == Category::SpaceSeparator && c != ' ';
    filler || category || space
}

/// The first character that looks like a plain one, where it can be mistaken: beside plain letters,
/// or where all letters of the code look plain.
fn look_alike(text: &str) -> Option<(char, String)> {
    let alike = |c: char| plain_look(c).map(|plain| (c, plain));
    let first = text.chars().find_map(alike)?;
    let script = first.0.script();
    let own = |c: &char| c.script() == script && !c.is_ascii();
    let beside_plain = text.chars().any(|c| c.is_ascii_alphabetic());
    let common = matches!(script, Script::Common | Script::Inherited | Script::Latin);
    let all_alike = text.chars().filter(own).all(|c| plain_look(c).is_some());
    (common || beside_plain || all_alike).then_some(first)
}

/// What a character looks like in plain characters; nothing where it does not.
fn plain_look(c: char) -> Option<String> {
    if c.is_ascii() || c.script() == Script::Han {
        return None;
    }
    let mut bytes = [0; 4];
    let text = c.encode_utf8(&mut bytes);
    let look: String = skeleton(text).collect();
    let folded: String = text.nfkc().collect();
    // Æ is drawn like AE, and a letter of its own.
    let own_letter = c.script() == Script::Latin && look.len() > 1 && folded == *text;
    let plain = if look.is_ascii() && !own_letter { look } else { folded };
    (plain.is_ascii() && !plain.is_empty()).then_some(plain)
}

/// Refuses scripts that are never written together, even where no letter looks plain.
fn mixed(field: &str, text: &str) -> Result<(), StockError> {
    let foreign: String = text.chars().filter(|c| !c.is_ascii()).collect();
    let mut scripts = AugmentedScriptSet::for_str(&foreign);
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    let east_asian = scripts.hanb || scripts.jpan || scripts.kore;
    if latin && !east_asian {
        scripts.intersect_with(AugmentedScriptSet::for_char('A'));
    }
    let Some(c) =
        foreign.chars().find(|c| c.script() != Script::Latin).filter(|_| scripts.is_empty())
    else {
        return Ok(());
    };
    let message = format!(
        "{text:?} mixes scripts: {} ({c}) is {}: write it in one script",
        point(c),
        c.script().full_name()
    );
    Err(StockError::rule(CODE, field, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        check_code("lot", text)
            .map_or_else(|e| format!("{}: {e}", e.code()), |()| "fine".to_owned())
    }

    #[test]
    fn codes_of_any_one_script_are_fine() {
        for good in [
            "M-100/4",
            "螺栓 M8",
            "БОЛТ-8",
            "Größe-3",
            "Ærø",
            "ボルト M8",
            "볼트 8",
            "وصلة 8",
            "一丨八",
        ] {
            assert_eq!(told(good), "fine", "{good}");
        }
    }

    #[test]
    fn look_alikes_are_shown() {
        let cases = [
            ("\u{41C}-100", "lot: \"М-100\" has U+041C (М), which looks like \"M\""),
            ("B\u{41E}LT", "lot: \"BОLT\" has U+041E (О), which looks like \"O\""),
            ("M8\u{d7}20", "lot: \"M8×20\" has U+00D7 (×), which looks like \"x\""),
            ("\u{ff21}-1", "lot: \"Ａ-1\" has U+FF21 (Ａ), which looks like \"A\""),
            ("A\u{2010}1", "lot: \"A‐1\" has U+2010 (‐), which looks like \"-\""),
            ("A\u{200b}1", "lot: \"A\\u{200b}1\" has U+200B, which is not seen: type it again"),
            ("A\u{202e}1", "lot: \"A\\u{202e}1\" has U+202E, which is not seen"),
            ("A\u{a0}1", "lot: \"A\\u{a0}1\" has U+00A0, which is not seen"),
            ("e\u{301}1", "is spelt in pieces: write it as \"é1\" (with U+00E9)"),
            ("Б-BOLT", "mixes scripts: U+0411 (Б) is Cyrillic: write it in one script"),
        ];
        for (text, message) in cases {
            let told = told(text);
            assert!(told.starts_with("code-lookalike: ") && told.contains(message), "{told}");
        }
    }
}
