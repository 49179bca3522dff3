//! `documents.toml`: the kinds of document of a house and their typed fields. The shipped ones are data
//! (`procedures/documents.toml`, embedded); a kind of the file replaces the shipped one of that name.
//!
//! Invariant: every mistake of a file is told at once, each at its place: words and ranges by the shape,
//! what contradicts itself by `Kinds::faults`, and workflows that there are none of by `check_workflows`,
//! which whoever has both files asks.

mod build;
mod shape;

use std::path::Path;

use gatewarden_documents::{
    Kinds,
    kinds::{At, Fault},
};
use gatewarden_model::DocumentKind;

pub(crate) use shape::{DOCUMENT, MOVEMENT, ROOT};

use crate::{
    Environment, Mistake, Severity,
    fields::{Fields, Span},
    load::{table_of, text_of, whole},
    report::Walk,
};

const SHIPPED: &str = include_str!("../../procedures/documents.toml");

/// What came of a file of kinds.
#[derive(Debug, Clone)]
pub struct CheckedKinds {
    /// The shipped kinds with the file's own on top, where no mistake is an error.
    pub kinds: Option<Kinds>,
    /// The same as far as it could be made, for other files to be held against; none of a file that can't be read.
    pub built: Option<Kinds>,
    /// The names of fields that could not be made: nothing is said of whatever asks for them.
    pub spoilt: Vec<String>,
    /// All mistakes, in the file's order.
    pub mistakes: Vec<Mistake>,
    /// The file's text, for `render`.
    pub source: String,
}

/// The kinds that are shipped.
#[must_use]
pub fn shipped_kinds() -> Kinds {
    // The text is embedded and a test parses it, so there is something in a build that passed.
    let checked = read(
        Path::new("documents.toml"),
        SHIPPED.as_bytes(),
        &crate::SystemEnvironment,
        Kinds::default(),
    );
    checked.kinds.unwrap_or_default()
}

/// The text of the shipped kinds, to begin with.
#[must_use]
pub fn shipped_kinds_text() -> &'static str {
    SHIPPED
}

/// Checks the bytes of a file of kinds; `path` is what mistakes call it.
#[must_use]
pub fn parse_kinds(path: &Path, bytes: &[u8], env: &dyn Environment) -> CheckedKinds {
    read(path, bytes, env, shipped_kinds())
}

fn read(path: &Path, bytes: &[u8], env: &dyn Environment, beneath: Kinds) -> CheckedKinds {
    let text = text_of(bytes);
    let mut walk = Walk::new(path, text, env);
    let mut spoilt = vec![];
    let built = whole(&mut walk, bytes, text).and_then(|()| {
        let root = table_of(&mut walk, &ROOT, text)?;
        let kinds = kinds(&mut walk, &root, beneath);
        let made = |name: &str| kinds.fields.iter().any(|field| field.name.as_str() == name);
        let fields = root.tables("fields").iter();
        let typed = |table: &Fields| table.has("type") || !table.stands("type");
        let named = fields.filter_map(|table| Some((table, table.text("name")?)));
        let wrong = named.filter(|(table, name)| !made(name) || !typed(table));
        spoilt = wrong.map(|(_, name)| name.to_owned()).collect();
        Some(kinds)
    });
    let mistakes = walk.finish();
    let good = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    let kinds = built.clone().filter(|_| good);
    CheckedKinds { kinds, built, spoilt, mistakes, source: text.to_owned() }
}

/// What kinds name as workflows and is none: those of the file at their place, also of kinds that have other
/// mistakes; the shipped ones that the house left without theirs at the file's beginning. `kinds` are what the file
/// gave, as far as it could be made.
#[must_use]
pub fn check_workflows(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    (kinds, known): (&Kinds, &[&str]),
) -> Vec<Mistake> {
    let text = text_of(bytes);
    // Its other mistakes were told when it was read.
    let root = table_of(&mut Walk::new(path, text, env), &ROOT, text).unwrap_or_default();
    let mut walk = Walk::new(path, text, env);
    let mut tell = |at, kind: DocumentKind, name: &str| {
        if !known.contains(&name) {
            let noun = format!("workflow of a {}", kind.words());
            walk.unknown(at, "unknown-workflow", &noun, name, known.iter().copied());
        }
    };
    let tables = root.tables("kinds");
    let of = |table: &Fields| {
        let name = table.text("kind")?;
        DocumentKind::ALL.into_iter().find(|kind| kind.name() == name)
    };
    for table in tables {
        let Some(kind) = of(table) else { continue };
        for table in [Some(table), table.table("count")].into_iter().flatten() {
            if let Some(name) = table.text("workflow") {
                tell(table.place("workflow"), kind, name);
            }
        }
    }
    for kind in &kinds.kinds {
        if tables.iter().any(|table| of(table) == Some(kind.kind)) {
            continue;
        }
        let of_count = kind.count.as_ref().map(|count| &count.workflow);
        for name in kind.workflow.iter().chain(of_count) {
            tell(Span::default(), kind.kind, name);
        }
    }
    walk.finish()
}

/// The definitions of a file on top of others. What could not be built was told of; the rest is still held
/// against itself.
fn kinds(walk: &mut Walk<'_>, root: &Fields, beneath: Kinds) -> Kinds {
    let beneath = if root.bool("defaults") == Some(false) { Kinds::default() } else { beneath };
    let mut own = Kinds::default();
    let (mut of_kind, mut of_field) = (Vec::new(), Vec::new());
    for table in root.tables("kinds") {
        if let Some(kind) = build::kind(walk, table) {
            own.kinds.push(kind);
            of_kind.push(table);
        }
    }
    for table in root.tables("fields") {
        if let Some(field) = build::field(walk, table) {
            own.fields.push(field);
            of_field.push(table);
        }
    }
    let (mut faults, mut later) = (own.faults(), Vec::new());
    let whole = beneath.with(own.clone());
    // Fields that stand beneath come first and are not in this file.
    let before = whole.fields.len().saturating_sub(own.fields.len());
    let of_whole = whole.faults().into_iter().filter_map(|fault| match fault.at {
        At::Field(at, key) => Some(Fault { at: At::Field(at.checked_sub(before)?, key), ..fault }),
        _ => None,
    });
    for fault in of_whole {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    for fault in faults {
        let Some((table, key)) = place(&fault.at, &of_kind, &of_field) else { continue };
        let at = table.place(key);
        // What is wrong as a word is told of; what follows from its absence is not.
        let spoilt = table.stands(key) && !table.has(key);
        let stands = table.has(key) && at != table.at;
        if spoilt || stands && walk.has_errors_in(at) {
            continue;
        }
        later.push((at, fault));
    }
    for (at, fault) in later {
        walk.error(at, fault.code, fault.message, fault.expected, None);
    }
    whole
}

/// The table and the key of it where a fault stands in the file.
fn place<'t>(
    at: &At,
    kinds: &[&'t Fields],
    fields: &[&'t Fields],
) -> Option<(&'t Fields, &'static str)> {
    match *at {
        At::Kind(kind, key) => {
            let table = *kinds.get(kind)?;
            // Some keys stand in a table of their own within a kind's.
            match key {
                "execute" => Some((table.table("rights")?, key)),
                "lines_max" => Some((table.table("lines")?, "max")),
                "quantity" => Some((table.table("lines")?, key)),
                key => Some((table, key)),
            }
        }
        At::KindList(kind, list, position, key) => {
            let entries = kinds.get(kind)?.tables(list);
            Some((entries.get(position)?, key))
        }
        At::Field(field, key) => Some((*fields.get(field)?, key)),
    }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_shipped_has_no_mistake() {
        let path = Path::new("documents.toml");
        let checked = read(path, SHIPPED.as_bytes(), &crate::SystemEnvironment, Kinds::default());
        assert!(checked.mistakes.is_empty(), "{}", crate::render(&checked.mistakes, SHIPPED));
        assert!(!shipped_kinds().kinds.is_empty());
    }
}
