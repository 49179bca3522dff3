//! `workflows.toml`: who must sign which document, departments, substitutions and the working calendar. The
//! shipped workflows are data (`procedures/workflows.toml`, embedded); one of the file replaces the shipped
//! one of that name.
//!
//! Invariant: every mistake of a file is told at once, each at its place: words and ranges by the shape,
//! conditions within their texts, what can't work by the definitions' own check. Absent: which roles and
//! operators there are, unless whoever asks knows them.

mod build;
mod shape;

use std::{collections::BTreeSet, path::Path};

use gatewarden_rules::Schema;
use gatewarden_workflow::{Calendar, Roster, Workflows, check};

use crate::{
    Environment, Mistake, Severity,
    fields::Fields,
    load::{table_of, text_of, whole},
    nearest::nearest,
    report::Walk,
};

const SHIPPED: &str = include_str!("../../procedures/workflows.toml");

/// What came of a file of workflows.
#[derive(Debug, Clone)]
pub struct CheckedWorkflows {
    /// The shipped workflows with the file's own on top, where no mistake is an error.
    pub workflows: Option<Workflows>,
    /// The same as far as it could be made, for other files to be held against; none of a file that can't be read.
    pub built: Option<Workflows>,
    /// The names of all, of those with mistakes too; none of a file that can't be read.
    pub names: Option<BTreeSet<String>>,
    /// All mistakes, in the file's order.
    pub mistakes: Vec<Mistake>,
    /// The file's text, for `render`.
    pub source: String,
}

/// The workflows that are shipped.
#[must_use]
pub fn shipped_workflows() -> Workflows {
    // The text is embedded and a test parses it, so there is something in a build that passed.
    read(
        Path::new("workflows.toml"),
        SHIPPED.as_bytes(),
        &crate::SystemEnvironment,
        &Schema::standard(),
        &Roster::default(),
        Workflows::default(),
    )
    .workflows
    .unwrap_or_default()
}

/// The text of the shipped workflows, to begin with.
#[must_use]
pub fn shipped_workflows_text() -> &'static str {
    SHIPPED
}

/// Checks the bytes of a file of workflows; `path` is what mistakes call it, `schema` says which facts
/// conditions may ask for, `roster` which roles and people there are, as far as that is known.
#[must_use]
pub fn parse_workflows(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    schema: &Schema,
    roster: &Roster<'_>,
) -> CheckedWorkflows {
    read(path, bytes, env, schema, roster, shipped_workflows())
}

fn read(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    schema: &Schema,
    roster: &Roster<'_>,
    beneath: Workflows,
) -> CheckedWorkflows {
    let text = text_of(bytes);
    let mut walk = Walk::new(path, text, env);
    let mut names = None;
    let built = whole(&mut walk, bytes, text).and_then(|()| {
        let root = table_of(&mut walk, &shape::ROOT, text)?;
        let house = house(&mut walk, &root, schema, roster, beneath);
        let stated = root.tables("workflows").iter().filter_map(|table| table.owned("name"));
        let made = house.workflows.iter().map(|one| one.name.as_str().to_owned());
        names = Some(stated.chain(made).collect());
        Some(house)
    });
    let mistakes = walk.finish();
    let good = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    let workflows = built.clone().filter(|_| good);
    CheckedWorkflows { workflows, built, names, mistakes, source: text.to_owned() }
}

/// The tables of a file, whatever is wrong with it.
pub(super) fn table(walk: &mut Walk<'_>, text: &str) -> Option<Fields> {
    table_of(walk, &shape::ROOT, text)
}

fn house(
    walk: &mut Walk<'_>,
    root: &Fields,
    schema: &Schema,
    roster: &Roster<'_>,
    beneath: Workflows,
) -> Workflows {
    let built = build::build(walk, root, schema);
    let mut later = vec![];
    for finding in check(&built.house, roster) {
        let Some((table, key)) = built.place(&finding.spot, finding.key) else { continue };
        let stands = table.has(key) && table.place(key) != table.at;
        // What is wrong as a word is told of; what follows from its absence is not.
        if table.stands(key) && !table.has(key) || stands && walk.has_errors_in(table.place(key)) {
            continue;
        }
        later.push((table.place(key), finding));
    }
    for (at, finding) in later {
        let (message, expected) = (finding.message, finding.expected);
        let hint = hint(&message, &expected);
        match finding.warning {
            true => walk.warn(at, finding.code, message, expected, hint),
            false => walk.error(at, finding.code, message, expected, hint),
        }
    }
    let mut house = built.house;
    let mut all = if root.bool("defaults") == Some(false) { vec![] } else { beneath.workflows };
    all.retain(|shipped| house.workflows.iter().all(|own| own.name != shipped.name));
    for shipped in &mut all {
        // A kind that the file sends elsewhere goes there.
        let own = &house.workflows;
        shipped.kinds.retain(|kind| own.iter().all(|own| !own.kinds.contains(kind)));
    }
    all.append(&mut house.workflows);
    house.workflows = all;
    if !root.stands("calendar") {
        house.calendar = Calendar::default();
    }
    house
}

/// The nearest of the words that are expected to the one that was found.
fn hint(message: &str, expected: &str) -> Option<String> {
    let words = expected.strip_prefix("one of ")?.split(", ");
    let found = message.split('"').nth(1)?;
    nearest(found, words).map(|word| format!("did you mean {word:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_has_no_mistake() {
        let checked = read(
            Path::new("workflows.toml"),
            SHIPPED.as_bytes(),
            &crate::SystemEnvironment,
            &Schema::standard(),
            &Roster::default(),
            Workflows::default(),
        );
        let errors = checked.mistakes.iter().filter(|one| one.severity == Severity::Error).count();
        assert_eq!(errors, 0, "{}", crate::render(&checked.mistakes, SHIPPED));
        assert_eq!(shipped_workflows().workflows.len(), 22);
    }
}
