//! Template files: the words of one notice in both languages, one part after the other.
//!
//! A part begins with a line such as `=== zh subject` and goes on to the next one; what stands before the
//! first is a comment. Absent: opening files.

use super::{Lang, Slot, TEMPLATE_BYTES_MAX, TemplateFault, Words};

/// What a part begins with.
const MARK: &str = "===";
/// Most mistakes told of one file.
const FAULTS_MAX: usize = 50;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateFile {
    /// The words.
    pub words: Words,
    /// The line (from 1) at which each part's text begins.
    pub lines: Vec<(Lang, Slot, u32)>,
    /// What is wrong with the parts as such.
    pub faults: Vec<TemplateFault>,
}

/// Takes a file apart. Subject and text must stand in both languages.
#[must_use]
pub fn parse(text: &str) -> TemplateFile {
    let mut file = TemplateFile::default();
    let mut open: Option<(Lang, Slot)> = None;
    for (line, number) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1u32..) {
        if file.faults.len() >= FAULTS_MAX {
            break;
        }
        match line.strip_prefix(MARK) {
            Some(rest) => open = begin(&mut file, rest, number),
            None => {
                if let Some((lang, slot)) = open {
                    let part = file.words.said_mut(lang).slot_mut(slot);
                    if part.len() + line.len() < 2 * TEMPLATE_BYTES_MAX {
                        part.push_str(line);
                        part.push('\n');
                    }
                }
            }
        }
    }
    finish(&mut file);
    file
}

fn begin(file: &mut TemplateFile, rest: &str, line: u32) -> Option<(Lang, Slot)> {
    let mut words = rest.split_whitespace();
    let lang = words.next().and_then(|w| Lang::ALL.into_iter().find(|l| l.name() == w));
    let slot = words.next().and_then(|w| Slot::ALL.into_iter().find(|s| s.name() == w));
    let (Some(lang), Some(slot), None) = (lang, slot, words.next()) else {
        let message =
            format!("{:?} begins no part", rest.trim().chars().take(40).collect::<String>());
        let expected = "=== zh|en subject|text|markdown";
        file.faults.push(fault(line, "bad-part", message, expected));
        return None;
    };
    if let Some((_, _, first)) = file.lines.iter().find(|(l, s, _)| (*l, *s) == (lang, slot)) {
        let message =
            format!("{} {} stands on line {} already", lang.name(), slot.name(), first - 1);
        file.faults.push(fault(line, "duplicate-part", message, "each part once"));
        return None;
    }
    file.lines.push((lang, slot, line + 1));
    Some((lang, slot))
}

fn finish(file: &mut TemplateFile) {
    for lang in Lang::ALL {
        for slot in Slot::ALL {
            let part = file.words.said_mut(lang).slot_mut(slot);
            part.truncate(part.trim_end().len());
            let at = file.lines.iter().find(|(l, s, _)| (*l, *s) == (lang, slot)).map(|l| l.2);
            let (empty, long) = (part.is_empty(), part.len() > TEMPLATE_BYTES_MAX);
            let many = slot == Slot::Subject && part.contains('\n');
            let name = format!("{} {}", lang.name(), slot.name());
            if empty && slot != Slot::Markdown {
                let message = format!("there is no {name}");
                let expected = "subject and text in both languages";
                file.faults.push(fault(at.unwrap_or(1), "missing-part", message, expected));
            } else if long {
                let message = format!("{name} is too long");
                let expected = format!("at most {TEMPLATE_BYTES_MAX} bytes");
                file.faults.push(fault(at.unwrap_or(1), "too-large", message, &expected));
            } else if many {
                let message = format!("{name} has several lines");
                file.faults.push(fault(at.unwrap_or(1) + 1, "bad-part", message, "one line"));
            }
        }
    }
}

fn fault(line: u32, code: &'static str, message: String, expected: &str) -> TemplateFault {
    let expected = expected.to_owned();
    TemplateFault { line, column: 1, width: 1, code, message, expected, unknown: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_parts_and_each_mistake_has_its_line() {
        let good = "What it is for.\n=== zh subject\n审批\n=== zh text\na\n\nb\n\n=== en subject\nApproval\n\
                    === en text\nc\n";
        let file = parse(good);
        assert_eq!(file.faults, []);
        assert_eq!((&*file.words.zh.subject, &*file.words.zh.text), ("审批", "a\n\nb"));
        assert_eq!(file.words.en.markdown, "");
        assert_eq!(file.lines[1], (Lang::Zh, Slot::Text, 5));

        let bad = "=== zh subject\none\ntwo\n=== cn text\n=== zh subject\n=== en text\nx\n";
        let told: Vec<_> = parse(bad).faults.iter().map(|f| (f.line, f.code)).collect();
        let expected = [
            (4, "bad-part"),
            (5, "duplicate-part"),
            (3, "bad-part"),
            (1, "missing-part"),
            (1, "missing-part"),
        ];
        assert_eq!(told, expected);
        let long = format!("=== zh text\n{}", "x".repeat(1_000_000));
        assert!(parse(&long).faults.iter().any(|f| f.code == "missing-part"));
    }
}
