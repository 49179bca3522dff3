//! `[[operators.levels]]` and `[operators.two_persons]`: how strongly somebody must be authenticated
//! for what, and what two people must be present for.
//!
//! Invariant: what is not named needs a session and one person. Absent on purpose: who may (`roles`).

use std::collections::BTreeSet;

use gatewarden_model::{Levels, TwoPersons};
use serde::de::{
    DeserializeOwned, IntoDeserializer as _,
    value::{Error, StrDeserializer},
};

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Choice, Section, Shape, UNKNOWN_KEY, optional, required},
    words::quote,
};

/// Most operations with a level.
pub(crate) const LEVELS_MAX: usize = OPERATIONS.of.len();

/// Kinds of movement, and rights that change something.
#[rustfmt::skip]
const OPERATIONS: Choice = Choice {
    code: "unknown-operation",
    noun: "kind of movement or right",
    of: &[
        "receipt", "put-away", "issue", "transfer", "shipment", "count", "adjustment",
        "supplier-return", "customer-return", "production-issue", "production-receipt",
        "production-return", "subcontract-out", "subcontract-in", "scrap", "status-change", "pack",
        "unpack", "inbound:create", "inbound:modify", "inbound:delete", "inbound:request",
        "inbound:approve", "inbound:execute", "outbound:create", "outbound:modify",
        "outbound:delete", "outbound:request", "outbound:approve", "outbound:execute",
        "count:create", "count:modify", "count:delete", "count:request", "count:approve",
        "count:execute", "transfer:create", "transfer:modify", "transfer:delete",
        "transfer:request", "transfer:approve", "transfer:execute", "price:create", "price:modify",
        "price:delete", "price:request", "price:approve", "price:execute", "ledger:create",
        "ledger:modify", "ledger:delete", "ledger:request", "ledger:approve", "ledger:execute",
        "system:create", "system:modify", "system:delete", "system:request", "system:approve",
        "system:execute",
        "sales:create", "sales:modify", "sales:delete", "sales:request", "sales:approve",
        "sales:execute", "customer:create", "customer:modify", "customer:delete",
        "customer:request", "customer:approve", "customer:execute", "purchase:create",
        "purchase:modify", "purchase:delete", "purchase:request", "purchase:approve",
        "purchase:execute", "supplier:create", "supplier:modify", "supplier:delete",
        "supplier:request", "supplier:approve", "supplier:execute", "planning:create",
        "planning:modify", "planning:delete", "planning:request", "planning:approve",
        "planning:execute", "production:create", "production:modify", "production:delete",
        "production:request", "production:approve", "production:execute", "quality:create",
        "quality:modify", "quality:delete", "quality:request", "quality:approve", "quality:execute",
        "bom:create", "bom:modify", "bom:delete", "bom:request", "bom:approve", "bom:execute",
        "item:create", "item:modify", "item:delete", "item:request", "item:approve", "item:execute",
        "subcontract:create", "subcontract:modify", "subcontract:delete", "subcontract:request",
        "subcontract:approve", "subcontract:execute", "finance:create", "finance:modify",
        "finance:delete", "finance:request", "finance:approve", "finance:execute", "tag:create",
        "tag:modify", "tag:delete", "tag:request", "tag:approve", "tag:execute",
    ],
};

pub(crate) static LEVEL: Section = Section {
    doc: "Which auth level a kind of movement or a right needs; what is not named needs a session. A \
          kind's level holds for whoever moves it or lets it move, a right's for every use of it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required(
            "of",
            Shape::Choice(OPERATIONS),
            "A kind of movement, or a right as module:action.",
        ),
        required(
            "level",
            Shape::Integer { min: 2, max: 4 },
            "The auth level: 2 badge and PIN, 3 one-time code, 4 security key.",
        ),
    ],
};

#[rustfmt::skip]
pub(crate) const KINDS: Choice = Choice {
    code: "unknown-kind",
    noun: "kind of movement",
    of: &[
        "receipt", "put-away", "issue", "transfer", "shipment", "count", "adjustment",
        "supplier-return", "customer-return", "production-issue", "production-receipt",
        "production-return", "subcontract-out", "subcontract-in", "scrap", "status-change", "pack",
        "unpack",
    ],
};
const CLASSES: Choice = Choice { code: "unknown-choice", noun: "class", of: &["A", "B", "C"] };

pub(crate) static TWO_PERSONS: Section = Section {
    doc: "What a second person must be present for, with badge and PIN and the right to it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "kinds",
            Shape::List { of: &Shape::Choice(KINDS), max: 18 },
            "Movements of these kinds.",
        ),
        optional(
            "classes",
            Shape::List { of: &Shape::Choice(CLASSES), max: 3 },
            "Movements of items of these classes.",
        ),
    ],
};

pub(crate) fn build(tables: &[Fields]) -> Option<Levels> {
    let mut levels = Levels::default();
    for table in tables {
        let (of, level) = (table.text("of")?, table.integer::<u8>("level")?);
        match of.split_once(':') {
            Some((module, action)) => {
                levels.rights.insert((word(module)?, word(action)?), level);
            }
            None => {
                levels.kinds.insert(word(of)?, level);
            }
        }
    }
    Some(levels)
}

pub(crate) fn build_two(table: Option<&Fields>) -> TwoPersons {
    TwoPersons { kinds: chosen(table, "kinds"), classes: chosen(table, "classes") }
}

/// No operation has two levels.
pub(crate) fn check(walk: &mut Walk<'_>, fields: &Fields) {
    let mut named = BTreeSet::new();
    for level in fields.tables("levels") {
        if let Some(of) = level.text("of").filter(|of| !named.insert(*of)) {
            let message = format!("the level of {} twice", quote(of));
            walk.error(level.place("of"), "conflict", message, "each once", None);
        }
    }
}

/// The words of a list, as the model's.
pub(crate) fn chosen<T: DeserializeOwned + Ord>(table: Option<&Fields>, key: &str) -> BTreeSet<T> {
    let texts = table.into_iter().flat_map(|table| table.texts(key));
    texts.filter_map(|(text, _)| word(text)).collect()
}

/// A word of the model's enums, by the name it has everywhere.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_model::{Action, Module, MovementKind};

    use super::*;

    #[test]
    fn every_kind_and_every_right_that_changes_something_can_need_a_level() {
        let names: BTreeSet<&str> = OPERATIONS.of.iter().copied().collect();
        let kinds: BTreeSet<&str> = MovementKind::ALL.iter().map(|kind| kind.name()).collect();
        assert!(kinds.is_subset(&names));
        assert_eq!(KINDS.of.iter().copied().collect::<BTreeSet<_>>(), kinds);
        let changes = || Action::ALL.into_iter().filter(|action| *action != Action::View);
        for module in Module::ALL {
            for action in changes() {
                let right = format!("{}:{}", module.name(), action.name());
                assert!(names.contains(right.as_str()), "{right}");
                assert_eq!(word(module.name()).zip(word(action.name())), Some((module, action)));
            }
        }
        assert_eq!(names.len(), kinds.len() + Module::ALL.len() * changes().count());
    }
}
