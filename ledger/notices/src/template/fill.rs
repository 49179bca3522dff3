//! Facts into a template: bounded in time by fuel and in size by the slot.
//!
//! A fact that is not known stands as a dash. What does not fit is cut, with an ellipsis at the end.

use std::{fmt::Write as _, io};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
    value::ValueKind,
};

use super::{FUEL_MAX, Lang, Slot, TemplateFault, Words};
use crate::facts::Facts;

/// The filters that a template may use.
pub(super) const FILTERS: [&str; 5] = ["length", "upper", "lower", "default", "short"];
/// What stands for a fact that is not known.
const UNKNOWN: &str = "–";
/// What stands at the end of what was cut.
const CUT: &str = "…";
/// What would begin a link, a heading, a mention or code in Markdown, and what is written instead.
const MARKED: [(char, char); 9] = [
    ('[', '［'),
    (']', '］'),
    ('<', '＜'),
    ('>', '＞'),
    ('`', '‘'),
    ('*', '＊'),
    ('#', '＃'),
    ('@', '＠'),
    ('|', '｜'),
];

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// With Markdown.
    pub markdown: String,
}

/// Fills in all parts. Fails where a part does what a checked one doesn't.
pub fn fill(words: &Words, lang: Lang, facts: &Facts) -> Result<Filled, Box<TemplateFault>> {
    let said = words.said(lang);
    let subject = try_fill(Slot::Subject, &said.subject, facts)?.replace(['\n', '\r'], " ");
    let text = try_fill(Slot::Text, &said.text, facts)?;
    let plain = if said.markdown.is_empty() { &said.text } else { &said.markdown };
    let markdown = try_fill(Slot::Markdown, plain, facts)?;
    Ok(Filled { subject, text, markdown })
}

/// Fills in one part.
pub(super) fn try_fill(
    slot: Slot,
    text: &str,
    facts: &Facts,
) -> Result<String, Box<TemplateFault>> {
    let environment = environment(slot);
    let template = environment.template_from_str(text).map_err(|error| fault(&error))?;
    let mut out = Bounded { bytes: Vec::new(), max: slot.bytes_max(), cut: false };
    template.render_captured_to(facts, &mut out).map_err(|error| fault(&error))?;
    Ok(out.text())
}

fn environment<'a>(slot: Slot) -> Environment<'a> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL_MAX));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_formatter(match slot {
        Slot::Markdown => {
            |out: &mut Output<'_>, _: &State<'_, '_>, value: &Value| write(out, value, true)
        }
        Slot::Subject | Slot::Text => {
            |out: &mut Output<'_>, _: &State<'_, '_>, value: &Value| write(out, value, false)
        }
    });
    environment.add_filter("length", |value: Value| value.len().unwrap_or(0));
    environment.add_filter("upper", |text: String| text.to_uppercase());
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment.add_filter("default", |value: Value, other: Value| {
        if value.is_none() || value.as_str() == Some("") { other } else { value }
    });
    environment.add_filter("short", |value: Value| {
        value.as_str().map(|text| cut(text, 24)).map_or(value.clone(), Value::from)
    });
    environment
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((at, _)) => format!("{}{CUT}", &text[..at]),
        None => text.to_owned(),
    }
}

fn write(out: &mut Output<'_>, value: &Value, is_markdown: bool) -> Result<(), Error> {
    let failed = |_| Error::new(ErrorKind::WriteFailure, "the text could not be written");
    match value.kind() {
        ValueKind::None => out.write_str(UNKNOWN).map_err(failed),
        ValueKind::Bool | ValueKind::Number => write!(out, "{value}").map_err(failed),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            for c in text.chars() {
                let marked = MARKED.iter().find(|(from, _)| is_markdown && *from == c);
                out.write_char(marked.map_or(c, |(_, to)| *to)).map_err(failed)?;
            }
            Ok(())
        }
        ValueKind::Undefined => {
            Err(Error::new(ErrorKind::UndefinedError, "there is no such fact or field"))
        }
        _ => Err(Error::new(
            ErrorKind::InvalidOperation,
            "a list can't be written: go through it with for",
        )),
    }
}

fn fault(error: &Error) -> Box<TemplateFault> {
    let code = match error.kind() {
        ErrorKind::SyntaxError => "syntax",
        ErrorKind::OutOfFuel => "too-much",
        ErrorKind::UndefinedError => "unknown-fact",
        _ => "bad-template",
    };
    let kind = error.kind().to_string();
    let message = error.detail().map_or(kind, |detail| detail.chars().take(200).collect());
    let expected = match code {
        "too-much" => format!("at most {FUEL_MAX} steps"),
        _ => "a template over the facts of its occasion".to_owned(),
    };
    let line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(1);
    Box::new(TemplateFault { line, column: 1, width: 1, code, message, expected, unknown: None })
}

/// Takes as much as fits and lets the rest go by.
struct Bounded {
    bytes: Vec<u8>,
    max: usize,
    cut: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.max.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.cut |= bytes.len() > room;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Bounded {
    fn text(mut self) -> String {
        if self.cut {
            self.bytes.truncate(self.max - CUT.len());
        }
        let whole = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        self.bytes.truncate(whole);
        if self.cut {
            self.bytes.extend_from_slice(CUT.as_bytes());
        }
        String::from_utf8(self.bytes).unwrap_or_default()
    }
}
