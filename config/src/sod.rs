//! `[[sod.conflicts]]`: which duties one person must not hold. The default table is data
//! (`sod/default.toml`, embedded); a conflict of the configuration replaces the default one of that id,
//! takes it out (`severity = "off"`), or stands beside them.

use gatewarden_model::{
    Action, Duty, Module, Part, Right, SodConflict, SodSeverity, SodTable, Within,
    sod::{SOD_CONFLICTS_MAX, SOD_DAYS},
};

use crate::{
    fields::{Fields, Span},
    report::Walk,
    shape::{
        Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, bool_or, integer_or, optional,
        required,
    },
    words::quote,
};

/// Most rights of one duty.
const RIGHTS_MAX: usize = 64;
/// What takes a default conflict out.
const OFF: &str = "off";

const DEFAULT: &str = include_str!("../sod/default.toml");

const PARTS: Choice = Choice {
    code: "unknown-part",
    noun: "part",
    of: &[
        "ordered",
        "requested",
        "approved",
        "moved",
        "received",
        "issued",
        "counted",
        "adjusted",
        "posted",
        "decided",
        "released",
        "reversed",
        "priced",
        "valued",
        "closed-period",
        "enrolled",
        "approved-enrolment",
        "kept-system",
    ],
};

pub(crate) static SOD: Section = Section {
    doc: "Segregation of duties.",
    unknown: UNKNOWN_KEY,
    keys: &[
        bool_or("defaults", true, "Whether the default conflicts count, or the file's own alone."),
        optional(
            "conflicts",
            Shape::Sections { of: &CONFLICT, max: SOD_CONFLICTS_MAX },
            "Conflicts beside the default ones, or instead of those of the same id.",
        ),
    ],
};

static CONFLICT: Section = Section {
    doc: "Two duties that one person must not hold. Give both of them rights, or both parts.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("id", Shape::Text(Text::Slug), "Its name; that of a default one replaces it."),
        optional("title", Shape::Text(Text::Line), "What could happen, in a sentence."),
        required(
            "severity",
            Shape::Choice(Choice {
                code: "unknown-severity",
                noun: "severity",
                of: &["refuse", "mitigate", OFF],
            }),
            "\"refuse\" the roles, ask for something to \"mitigate\" it, or \"off\": no conflict.",
        ),
        Key {
            name: "within",
            doc: "Whether the parts conflict within one \"document\" or anywhere in the \"house\".",
            shape: Shape::Choice(Choice {
                code: "unknown-choice",
                noun: "nearness",
                of: &["document", "house"],
            }),
            need: Need::Default(Plain::Text("document")),
        },
        integer_or(
            "days",
            1,
            3660,
            SOD_DAYS as i64,
            "Anywhere in the house: how many days the parts may be apart.",
        ),
        optional("one", Shape::Section(&DUTY), "The one duty."),
        optional("other", Shape::Section(&DUTY), "The other duty."),
    ],
};

static DUTY: Section = Section {
    doc: "One side of a conflict: any of the rights gives it, any of the parts is it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "rights",
            Shape::List { of: &Shape::Text(Text::Line), max: RIGHTS_MAX },
            "Rights as module:action, such as inbound:execute.",
        ),
        optional(
            "parts",
            Shape::List { of: &Shape::Choice(PARTS), max: PARTS.of.len() },
            "What somebody did in the history of a document.",
        ),
    ],
};

/// The default conflicts.
#[must_use]
pub fn default_sod() -> SodTable {
    // The text is embedded and a test parses it, so this can't fail in a build that passed.
    toml::from_str(DEFAULT).expect("sod/default.toml is a table of conflicts")
}

/// The default conflicts with the configuration's own on top.
pub(crate) fn build(section: &Fields) -> Option<SodTable> {
    let mut table = if section.bool("defaults")? { default_sod() } else { SodTable::default() };
    for fields in section.tables("conflicts") {
        let id = fields.text("id")?;
        let place = table.conflicts.iter().position(|known| known.id == id);
        match (conflict(fields)?, place) {
            (None, Some(place)) => drop(table.conflicts.remove(place)),
            (None, None) => {}
            (Some(new), Some(place)) => table.conflicts[place] = new,
            (Some(new), None) => table.conflicts.push(new),
        }
    }
    Some(table)
}

/// A conflict; none inside where it is off.
fn conflict(fields: &Fields) -> Option<Option<SodConflict>> {
    let severity = match fields.text("severity")? {
        "refuse" => SodSeverity::Refuse,
        "mitigate" => SodSeverity::Mitigate,
        _ => return Some(None),
    };
    let within = match fields.text("within")? {
        "house" => Within::House,
        _ => Within::Document,
    };
    Some(Some(SodConflict {
        id: fields.owned("id")?,
        title: fields.owned("title")?,
        severity,
        within,
        days: fields.integer("days")?,
        one: duty(fields.table("one")?)?,
        other: duty(fields.table("other")?)?,
    }))
}

fn duty(fields: &Fields) -> Option<Duty> {
    let rights = fields.texts("rights").map(|(text, _)| text.parse().ok());
    let parts = fields.texts("parts").map(|(text, _)| part(text));
    Some(Duty { rights: rights.collect::<Option<_>>()?, parts: parts.collect::<Option<_>>()? })
}

fn part(text: &str) -> Option<Part> {
    Part::ALL.into_iter().find(|part| part.name() == text)
}

/// The rules that join several keys of the conflicts.
pub(crate) fn check(walk: &mut Walk<'_>, section: &Fields) {
    for fields in section.tables("conflicts") {
        let sides = ["one", "other"].map(|side| fields.table(side));
        for (text, at) in sides.iter().flatten().flat_map(|side| side.texts("rights")) {
            check_right(walk, text, at);
        }
        if fields.text("severity").is_none_or(|severity| severity == OFF) {
            check_off(walk, fields);
            continue;
        }
        if !fields.has("title") {
            let message = "missing key \"title\"";
            walk.error(fields.at, "missing-key", message, "what could happen, in a sentence", None);
        }
        let [Some(one), Some(other)] = sides else { continue };
        // A word that is wrong is told already, so it counts here as one that stands.
        let both = |key: &str| one.has(key) && other.has(key);
        if !both("rights") && !both("parts") {
            let message = "this conflict can never be found";
            let expected = "rights on both sides, or parts on both sides";
            walk.error(fields.at, "never-found", message, expected, None);
        }
    }
}

/// Nothing but a default conflict can be taken out.
fn check_off(walk: &mut Walk<'_>, fields: &Fields) {
    let (Some(OFF), Some(id)) = (fields.text("severity"), fields.text("id")) else { return };
    let table = default_sod();
    let known = table.conflicts.iter().map(|conflict| conflict.id.as_str());
    if !known.clone().any(|known| known == id) {
        walk.unknown(fields.place("id"), "unknown-conflict", "default conflict", id, known);
    }
}

fn check_right(walk: &mut Walk<'_>, text: &str, at: Span) {
    if text.parse::<Right>().is_ok() {
        return;
    }
    let Some((module, action)) = text.split_once(':') else {
        let message = format!("{} is not a right", quote(text));
        let expected = "module:action, such as \"inbound:execute\"";
        return walk.error(at, "bad-right", message, expected, None);
    };
    let modules = Module::ALL.into_iter().map(Module::name);
    if !modules.clone().any(|known| known == module) {
        return walk.unknown(at, "unknown-module", "module", module, modules);
    }
    let actions = Action::ALL.into_iter().map(Action::name);
    walk.unknown(at, "unknown-action", "action", action, actions);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_conflicts_can_be_found_and_are_told_in_sentences() {
        let table = default_sod();
        assert!(table.conflicts.len() >= 15);
        for conflict in &table.conflicts {
            let SodConflict { id, title, one, other, .. } = conflict;
            assert_eq!(table.conflicts.iter().filter(|c| c.id == *id).count(), 1, "{id}");
            assert!(title.ends_with('.'), "{id}: {title}");
            let rights = !one.rights.is_empty() && !other.rights.is_empty();
            assert!(rights || (!one.parts.is_empty() && !other.parts.is_empty()), "{id}");
            assert!(one.rights.iter().all(|right| !other.rights.contains(right)), "{id}");
            assert!(one.parts.iter().all(|part| !other.parts.contains(part)), "{id}");
        }
    }

    #[test]
    fn every_part_of_the_model_can_be_written() {
        assert!(Part::ALL.iter().map(|part| part.name()).eq(PARTS.of.iter().copied()));
    }
}
