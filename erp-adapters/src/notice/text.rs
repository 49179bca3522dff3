//! Pure: a message's words within what the other side takes.
//!
//! Invariants: the reference and the link are never cut, only the text before them, and at a
//! character's boundary; a subject is one line. The reference makes two messages with the same words
//! differ (DingTalk and WeCom drop what they take for a repeat) and a repeat of one the same.

use std::borrow::Cow;

use uuid::Uuid;

use super::{Message, SUBJECT_CHARS_MAX};

/// How a cut shows.
const CUT: &str = "…";

/// `#` and the last eight digits of the id, which are random in every kind of id that we make.
pub(crate) fn reference(id: Uuid) -> String {
    let digits = id.simple().to_string();
    format!("#{}", &digits[digits.len() - 8..])
}

/// The subject as one line.
pub(crate) fn subject(message: &Message) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = message.subject.trim().chars().map(clean).collect();
    match line.char_indices().nth(SUBJECT_CHARS_MAX) {
        Some((at, _)) => format!("{}{CUT}", &line[..at]),
        None => line,
    }
}

/// `text` in at most `bytes_max` bytes, with `…` where something was cut.
pub(crate) fn cut(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let room = bytes_max.saturating_sub(CUT.len());
    let end = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Cow::Owned(format!("{}{}", &text[..end], if bytes_max < CUT.len() { "" } else { CUT }))
}

/// Subject, text, link and reference, one after the other, in at most `bytes_max` bytes.
pub(crate) fn plain(message: &Message, bytes_max: usize) -> String {
    let head = format!("{}\n", subject(message));
    let link = message.link.as_ref().map(|link| format!("\n{link}")).unwrap_or_default();
    let tail = format!("{link}\n{}", reference(message.id));
    joined(&head, message.text.trim_end(), &tail, bytes_max)
}

/// The Markdown, the mentions, the link and the reference, in at most `bytes_max` bytes; the text where
/// there is no Markdown.
pub(crate) fn marked(message: &Message, mentions: &str, bytes_max: usize) -> String {
    let body = message.markdown.as_deref().unwrap_or(&message.text).trim_end();
    let link = message.link.as_ref().map(|link| format!("\n\n{}", linked(link)));
    let mentions = if mentions.is_empty() { String::new() } else { format!("\n\n{mentions}") };
    let tail = format!("{mentions}{}\n\n{}", link.unwrap_or_default(), reference(message.id));
    joined("", body, &tail, bytes_max)
}

fn joined(head: &str, body: &str, tail: &str, bytes_max: usize) -> String {
    let room = bytes_max.saturating_sub(head.len() + tail.len());
    format!("{head}{}{tail}", cut(body, room))
}

/// A link that Markdown shows as it is.
fn linked(link: &str) -> String {
    let target = link.replace('(', "%28").replace(')', "%29");
    format!("[{link}]({target})")
}

/// An `http` or `https` URL without anything that could end it early.
pub(crate) fn is_link(link: &str) -> bool {
    let good = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '[' | ']' | '\\');
    (link.starts_with("https://") || link.starts_with("http://")) && link.chars().all(good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str, link: Option<&str>) -> Message {
        Message {
            id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_1234_abcd),
            receivers: vec![],
            subject: "审批 PR-1\n待处理".into(),
            text: text.into(),
            markdown: None,
            link: link.map(str::to_owned),
        }
    }

    #[test]
    fn a_text_has_its_subject_link_and_reference() {
        let plain = plain(&message("数量 24\n", Some("https://gw/a(1)")), 2048);
        assert_eq!(plain, "审批 PR-1 待处理\n数量 24\nhttps://gw/a(1)\n#1234abcd");
        let marked = marked(&message("**24**", Some("https://gw/a(1)")), "@li.wei", 2048);
        let link = "[https://gw/a(1)](https://gw/a%281%29)";
        assert_eq!(marked, format!("**24**\n\n@li.wei\n\n{link}\n\n#1234abcd"));
    }

    #[test]
    fn links_are_http_and_plain() {
        assert!(is_link("https://gw.example:8420/approve/AbC-_~?x=1&y=2#z"));
        for bad in ["", "ftp://x", "javascript:1", "https://x y", "https://x\n", "https://审批"] {
            assert!(!is_link(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_fits_and_keeps_link_and_reference(
            text in "\\PC{0,300}", bytes_max in 200_usize..600,
        ) {
            let message = message(&text, Some("https://gw/1"));
            for out in [plain(&message, bytes_max), marked(&message, "", bytes_max)] {
                prop_assert!(out.len() <= bytes_max, "{}", out.len());
                prop_assert!(out.contains("https://gw/1") && out.ends_with("#1234abcd"));
            }
            prop_assert!(cut(&text, bytes_max % 9).len() <= bytes_max % 9);
        }
    }
}
