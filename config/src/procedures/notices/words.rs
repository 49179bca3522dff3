//! The words of notices: shipped templates, and those of files; mistakes in them stand with their own lines.

use std::path::{Path, PathBuf};

use gatewarden_notices::{
    On,
    facts::specs,
    template::{Slot, TemplateFault, Words, check, parse},
};

use super::TEMPLATE_FILE_BYTES_MAX;
use crate::{
    Mistake, Severity, fields::Span, mistake::MISTAKES_MAX, nearest::nearest, report::Walk,
    words::quote,
};

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../procedures/notices/", $name, ".txt")))),+]
    };
}

/// The shipped templates.
pub(super) const SHIPPED: &[(&str, &str)] = shipped![
    "approval-waiting",
    "decided",
    "task",
    "moved",
    "count-difference",
    "held",
    "purchase-suggestion",
    "dead-stock",
    "rule",
    "todo",
    "denial",
    "quarantined",
    "alarm-device",
    "alarm-locked",
    "delivery-rejected",
    "channel-broken",
];

/// The templates of one file of notices.
pub(super) struct Templates {
    base: PathBuf,
    /// What is wrong in them.
    pub(super) mistakes: Vec<Mistake>,
    /// Those that were read, by path.
    pub(super) sources: Vec<(PathBuf, String)>,
}

impl Templates {
    /// Relative names are taken from the folder of the file of notices.
    pub(super) fn new(file: &Path) -> Self {
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        Self { base, mistakes: vec![], sources: vec![] }
    }

    /// The words of a template, checked for an occasion. None where it can't be had, which is told at `at`.
    pub(super) fn words(
        &mut self,
        walk: &mut Walk<'_>,
        name: &str,
        at: Span,
        on: On,
    ) -> Option<Words> {
        let (path, text) = match name.strip_prefix('@') {
            Some(shipped) => {
                let Some((_, text)) = SHIPPED.iter().find(|(known, _)| *known == shipped) else {
                    let known = SHIPPED.iter().map(|(known, _)| *known);
                    walk.unknown(at, "unknown-template", "shipped template", shipped, known);
                    return None;
                };
                (PathBuf::from(name), (*text).to_owned())
            }
            None => {
                let path = self.base.join(name);
                let text = self.read(walk, &path, at)?;
                (path, text)
            }
        };
        let file = parse(&text);
        for fault in file.faults {
            self.told(&path, fault);
        }
        for (lang, slot, line) in &file.lines {
            self.part(&path, *line, *slot, file.words.said(*lang).slot(*slot), on);
        }
        Some(file.words)
    }

    fn part(&mut self, path: &Path, line: u32, slot: Slot, text: &str, on: On) {
        for mut fault in check(slot, text, &specs(on)) {
            fault.line = fault.line.saturating_add(line - 1);
            self.told(path, fault);
        }
    }

    /// Each mistake once: a template may serve several notices.
    fn told(&mut self, path: &Path, fault: TemplateFault) {
        let TemplateFault { line, column, width, code, message, expected, unknown } = fault;
        let hint = unknown.and_then(|(word, known)| {
            let hint = nearest(&word, known.iter().map(String::as_str));
            hint.map(|near| format!("did you mean {near:?}?"))
        });
        let (file, severity) = (path.to_owned(), Severity::Error);
        let mistake =
            Mistake { file, line, column, width, severity, code, message, expected, hint };
        if self.mistakes.len() < MISTAKES_MAX && !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    fn read(&mut self, walk: &mut Walk<'_>, path: &Path, at: Span) -> Option<String> {
        if let Some((_, text)) = self.sources.iter().find(|(known, _)| known == path) {
            return Some(text.clone());
        }
        let shown = path.display().to_string();
        let bytes = match walk.env.read_named(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("failed to read {shown:?}: {error}");
                let expected = "a file that the gateway's user may read, or @NAME";
                walk.error(at, "unreadable", message, expected, None);
                return None;
            }
        };
        if bytes.len() > TEMPLATE_FILE_BYTES_MAX {
            let message = format!("{} is too large", quote(&shown));
            let expected = format!("at most {TEMPLATE_FILE_BYTES_MAX} bytes");
            walk.error(at, "too-large", message, expected, None);
            return None;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            let message = format!("{} is not UTF-8", quote(&shown));
            walk.error(at, "not-utf8", message, "UTF-8 text", None);
            return None;
        };
        self.sources.push((path.to_owned(), text.clone()));
        Some(text)
    }
}
