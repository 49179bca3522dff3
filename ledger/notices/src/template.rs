//! Words with places for facts, in Chinese and English: read from a file, checked against the facts that
//! there will be, and filled in.
//!
//! Invariants: a template says less than minijinja could (`words`): it picks and writes facts and goes through
//! lists, but makes no value that is larger than what it was given; so fuel bounds its time and a full text
//! its memory. What checked well does not fail when it is filled in, whether a fact is there or hidden or not
//! known. Nothing is escaped as HTML; in Markdown no fact can make a link, a heading or a mention. Absent:
//! which facts an occasion has (`facts`), files and their names.

mod file;
mod fill;
mod words;

use serde::{Deserialize, Serialize};

pub use file::{TemplateFile, parse};
pub use fill::{Filled, fill};
pub use words::check;

/// Longest part of a template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 8_192;
/// Most instructions that filling in one part may take.
pub const FUEL_MAX: u64 = 20_000;
/// Longest subject, in bytes.
pub const SUBJECT_BYTES_MAX: usize = 180;
/// Longest plain text, in bytes: what the narrowest channel takes.
pub const TEXT_BYTES_MAX: usize = 2_000;
/// Longest Markdown, in bytes.
pub const MARKDOWN_BYTES_MAX: usize = 4_000;

/// A language that notices are written in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// `zh` or `en`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// One line.
    Subject,
    /// Plain text.
    Text,
    /// The same with Markdown, for channels that have it.
    Markdown,
}

impl Slot {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Markdown];

    /// The name, as in template files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Markdown => "markdown",
        }
    }

    /// Longest output, in bytes.
    #[must_use]
    pub fn bytes_max(self) -> usize {
        match self {
            Self::Subject => SUBJECT_BYTES_MAX,
            Self::Text => TEXT_BYTES_MAX,
            Self::Markdown => MARKDOWN_BYTES_MAX,
        }
    }
}

/// The words of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Chinese.
    pub zh: Said,
    /// In English.
    pub en: Said,
}

/// The words in one language, each a template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Markdown; the plain text where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub markdown: String,
}

impl Words {
    /// In one language.
    #[must_use]
    pub fn said(&self, lang: Lang) -> &Said {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    fn said_mut(&mut self, lang: Lang) -> &mut Said {
        match lang {
            Lang::Zh => &mut self.zh,
            Lang::En => &mut self.en,
        }
    }
}

impl Said {
    /// One part.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> &str {
        match slot {
            Slot::Subject => &self.subject,
            Slot::Text => &self.text,
            Slot::Markdown => &self.markdown,
        }
    }

    fn slot_mut(&mut self, slot: Slot) -> &mut String {
        match slot {
            Slot::Subject => &mut self.subject,
            Slot::Text => &mut self.text,
            Slot::Markdown => &mut self.markdown,
        }
    }
}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (expected {expected})")]
pub struct TemplateFault {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub width: u32,
    /// Which kind of mistake it is, stable for machines.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
    /// A word that is not known, and those that are: for a hint.
    pub unknown: Option<(String, Vec<String>)>,
}
