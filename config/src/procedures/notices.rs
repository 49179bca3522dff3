//! `notices.toml`: who is told what, by which channels, in which words. The shipped ones are data
//! (`procedures/notices.toml` and the templates beside it, embedded); a notice of the file replaces the
//! shipped one of that id.
//!
//! Invariant: every mistake is told at once, each at its place, in the file and in the templates that it
//! names (file, line, column of the template). Absent: whether a person exists, which only the journal
//! knows.

mod build;
mod heard;
mod shape;
mod words;

pub(crate) use heard::check as check_heard;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gatewarden_model::NoticeId;
use gatewarden_notices::NoticeSet;

use crate::{
    Environment, Mistake, People, Severity,
    load::{table_of, text_of, whole},
    report::Walk,
};

const SHIPPED: &str = include_str!("../../procedures/notices.toml");

/// Longest file of a template, in bytes.
pub const TEMPLATE_FILE_BYTES_MAX: usize = 65_536;

/// What the rest of the configuration has, for names to be held against; none where it is not known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoticeNames<'a> {
    /// The roles.
    pub roles: Option<&'a BTreeSet<String>>,
    /// The channels.
    pub channels: Option<&'a BTreeSet<String>>,
    /// The rules.
    pub rules: Option<&'a BTreeSet<String>>,
    /// Who is enrolled.
    pub people: Option<&'a People>,
}

/// What came of a file of notices.
#[derive(Debug, Clone)]
pub struct CheckedNotices {
    /// The shipped notices with the file's own on top, where no mistake is an error.
    pub notices: Option<NoticeSet>,
    /// Those that the file says itself.
    pub own: BTreeSet<NoticeId>,
    /// All mistakes: the file's in its order, then those of each template.
    pub mistakes: Vec<Mistake>,
    /// The texts of the file and of its templates, for `render_files`.
    pub sources: Vec<(PathBuf, String)>,
}

/// The notices that are shipped.
#[must_use]
pub fn shipped_notices() -> NoticeSet {
    let path = Path::new("notices.toml");
    let env = crate::SystemEnvironment;
    let names = NoticeNames::default();
    // The text is embedded and a test parses it, so there is something in a build that passed.
    let checked = read(path, SHIPPED.as_bytes(), &env, names, NoticeSet::default());
    checked.notices.unwrap_or_default()
}

/// The text of the shipped notices, to begin with.
#[must_use]
pub fn shipped_notices_text() -> &'static str {
    SHIPPED
}

/// The shipped templates, by name.
pub fn shipped_templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    words::SHIPPED.iter().copied()
}

/// Checks the bytes of a file of notices and the templates that it names; `path` is what mistakes call it and
/// where relative paths start.
#[must_use]
pub fn parse_notices(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    names: NoticeNames<'_>,
) -> CheckedNotices {
    read(path, bytes, env, names, shipped_notices())
}

fn read(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    names: NoticeNames<'_>,
    beneath: NoticeSet,
) -> CheckedNotices {
    let text = text_of(bytes);
    let mut walk = Walk::new(path, text, env);
    let mut templates = words::Templates::new(path);
    let mut own = BTreeSet::new();
    let notices = whole(&mut walk, bytes, text).and_then(|()| {
        let root = table_of(&mut walk, &shape::ROOT, text)?;
        own.extend(root.tables("notices").iter().filter_map(|one| one.parsed::<NoticeId>("id")));
        Some(build::set(&mut walk, &root, &mut templates, names, beneath))
    });
    let mut mistakes = walk.finish();
    mistakes.extend(templates.mistakes);
    let good = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    let mut sources = vec![(path.to_owned(), text.to_owned())];
    sources.extend(templates.sources);
    CheckedNotices { notices: notices.filter(|_| good), own, mistakes, sources }
}
