//! `[access]`: on which role matrix this gateway builds, and raw Cedar of the house beside it.
//!
//! The files are read when the configuration is, each at most `CEDAR_BYTES_MAX`. Absent: what their
//! policies say (the engine parses and checks them; the daemon tells mistakes in them at their places).

use std::path::{Path, PathBuf};

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, integer_or, optional},
    words::quote,
};

/// Most files of raw Cedar.
pub const CEDAR_FILES_MAX: usize = 16;
/// Longest file of raw Cedar, in bytes.
pub const CEDAR_BYTES_MAX: usize = 262_144;

/// The role matrices to build on.
const TEMPLATE: Choice = Choice {
    code: "unknown-choice",
    noun: "template",
    of: &["default", "make-to-order", "make-to-stock"],
};

pub(crate) static ACCESS: Section = Section {
    doc: "Who may do what: the role matrix to build on, and policies in Cedar beside it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        Key {
            name: "template",
            doc: "The roles to build on: default, make-to-order or make-to-stock.",
            shape: Shape::Choice(TEMPLATE),
            need: Need::Default(Plain::Text("default")),
        },
        optional(
            "cedar",
            Shape::List { of: &Shape::Text(Text::Path), max: CEDAR_FILES_MAX },
            "Files with policies in Cedar, for what roles and limits can't say.",
        ),
        integer_or(
            "review_hours_min",
            0,
            720,
            24,
            "An access review leaves its reviewers at least so many hours before what nobody confirmed is \
             taken away.",
        ),
    ],
};

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessSection {
    /// The name of the role matrix that the configuration builds on.
    pub template: String,
    /// Raw Cedar, in the file's order.
    pub cedar: Vec<CedarFile>,
    /// An access review leaves its reviewers at least so many hours.
    pub review_hours_min: u32,
}

/// One file of raw Cedar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CedarFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl AccessSection {
    pub(crate) fn build(fields: &Fields, cedar: Vec<CedarFile>) -> Option<Self> {
        let review_hours_min = fields.integer("review_hours_min")?;
        Some(Self { template: fields.owned("template")?, cedar, review_hours_min })
    }

    /// All raw Cedar as one text.
    #[must_use]
    pub fn cedar_text(&self) -> String {
        self.cedar.iter().map(|file| file.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The file, line and column (both from 1, the column in characters) of a byte of that text.
    #[must_use]
    pub fn place(&self, byte: usize) -> Option<(&Path, u32, u32)> {
        let mut left = byte;
        for file in &self.cedar {
            if left <= file.text.len() {
                let before = &file.text[..file.text.floor_char_boundary(left)];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
                let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                return Some((&file.path, number(line), number(column)));
            }
            left -= file.text.len() + 1;
        }
        None
    }
}

/// Reads the files of raw Cedar; what can't be read is a mistake at its name.
pub(crate) fn read(walk: &mut Walk<'_>, root: &Fields) -> Vec<CedarFile> {
    let Some(section) = root.table("access") else { return vec![] };
    let mut files: Vec<CedarFile> = vec![];
    for (name, at) in section.texts("cedar") {
        let path = walk.base.join(name);
        if files.iter().any(|file| file.path == path) {
            let message = format!("{} is named twice", quote(name));
            walk.error(at, "duplicate-name", message, "each file once", None);
            continue;
        }
        let bytes = match walk.env.read_named(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("failed to read {:?}: {error}", path.display().to_string());
                let expected = "a file that the gateway's user may read";
                walk.error(at, "unreadable", message, expected, None);
                continue;
            }
        };
        if bytes.len() > CEDAR_BYTES_MAX {
            let message = format!("{} is too large", quote(name));
            let expected = format!("at most {CEDAR_BYTES_MAX} bytes");
            walk.error(at, "too-large", message, expected, None);
            continue;
        }
        match String::from_utf8(bytes) {
            Ok(text) => files.push(CedarFile { path, text }),
            Err(_) => {
                let message = format!("{} is not UTF-8", quote(name));
                walk.error(at, "not-utf8", message, "UTF-8 text", None);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_byte_of_the_whole_is_told_by_file_line_and_column() {
        let file = |name: &str, text: &str| CedarFile { path: name.into(), text: text.to_owned() };
        let cedar = vec![file("a", "öne\ntwo\n"), file("b", "x"), file("c", "three")];
        let section = AccessSection { template: "default".to_owned(), cedar, review_hours_min: 24 };
        let whole = section.cedar_text();
        for (word, expected) in [("two", ("a", 2, 1)), ("x", ("b", 1, 1)), ("ree", ("c", 1, 3))] {
            let (path, line, column) = section.place(whole.find(word).unwrap()).unwrap();
            assert_eq!((path.to_str().unwrap(), line, column), expected, "{word}");
        }
        assert_eq!(section.place(whole.len() + 1), None);
    }
}
