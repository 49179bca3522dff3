//! The facts of a document: what the branches of its workflow and the rules before it are decided on.
//!
//! Invariants: what follows from the version itself and from the item master is made here and nowhere else, so
//! that the judge makes it again and compares; names and units are the catalogue's of `gatewarden-rules`. What
//! is not known is left out. Absent: conditions (`gatewarden-rules`).

use std::collections::BTreeMap;

use gatewarden_documents::{KindDefinition, Value, fields};
use gatewarden_model::{Actor, DocumentContent, ItemClass, ItemId, Scalar, StockStatus};
use gatewarden_rules::{Facts, Record};

use super::{author_of, check};
use crate::{
    state::{OpenDocument, State},
    turn::{Fault, Turn},
};

/// Facts by name, and those of each line.
pub(crate) type Frozen = (BTreeMap<String, Scalar>, Vec<BTreeMap<String, Scalar>>);

/// What a version itself tells. `class` tells an item's.
pub(crate) fn of_version(
    state: &State,
    content: &DocumentContent,
    by: &Actor,
    class: impl Fn(&ItemId) -> Option<ItemClass>,
) -> Frozen {
    let mut facts = BTreeMap::new();
    let mut put = |name: &str, value: Scalar| drop(facts.insert(name.to_owned(), value));
    let document = &content.document;
    put("document.kind", document.kind.name().into());
    put("document.number", document.number.as_str().into());
    put("document.version", i64::from(content.version).into());
    put("document.title", content.title.as_str().into());
    put("document.author", author_of(by).into());
    let texts = [
        ("document.partner", content.partner.clone()),
        ("document.date", content.date.map(|day| day.to_string())),
        ("document.due", content.due.map(|day| day.to_string())),
        ("document.requester", content.requester.clone()),
        ("document.station", content.station.clone()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            put(name, text.into());
        }
    }
    if let Some(amount) = content.amount() {
        put("document.amount", amount.units().into());
    }
    put("document.orders", content.orders().into());
    let declared = state.procedures_in_force().map(|known| known.kinds.fields.as_slice());
    for (name, value) in fields::facts(content, declared.unwrap_or_default()) {
        put(&format!("document.custom.{name}"), scalar(&value));
    }
    let lines = content.lines.iter();
    let lines =
        lines.map(|line| of_line(content, line, declared.unwrap_or_default(), class(&line.item)));
    (facts, lines.collect())
}

fn of_line(
    content: &DocumentContent,
    line: &gatewarden_model::DocumentLine,
    declared: &[gatewarden_documents::FieldDeclaration],
    class: Option<ItemClass>,
) -> BTreeMap<String, Scalar> {
    let mut facts = BTreeMap::new();
    let mut put = |name: &str, value: Scalar| drop(facts.insert(name.to_owned(), value));
    put("line", i64::from(line.line).into());
    put("item", line.item.as_str().into());
    put("quantity", line.quantity.into());
    let texts = [
        ("class", class.map(|class| class.name().to_owned())),
        ("from", line.from.as_ref().map(ToString::to_string)),
        ("to", line.to.as_ref().map(ToString::to_string)),
        ("lot", line.lot.clone()),
        ("owner", line.owner.clone()),
        ("due", line.due.map(|day| day.to_string())),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            put(name, text.into());
        }
    }
    let status = |status: StockStatus| Scalar::from(status.name());
    put("from_status", status(line.from_status));
    put("to_status", status(line.to_status));
    if let Some(amount) = line.amount {
        put("amount", amount.units().into());
    }
    let kind = class.unwrap_or_default();
    for (name, value) in fields::line_facts(content, &line.custom, kind, declared) {
        put(&format!("custom.{name}"), scalar(&value));
    }
    facts
}

fn scalar(value: &Value) -> Scalar {
    match value {
        Value::Bool(yes) => Scalar::Bool(*yes),
        Value::Integer(whole) => Scalar::Integer(*whole),
        Value::Text(text) => Scalar::Text(text.clone()),
    }
}

/// Frozen facts as conditions ask for them.
pub(crate) fn thawed(
    facts: &BTreeMap<String, Scalar>,
    lines: &[BTreeMap<String, Scalar>],
) -> Facts {
    let mut thawed: Facts = facts.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    let record = |line: &BTreeMap<String, Scalar>| -> Record {
        line.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    thawed.set_records("lines", lines.iter().map(record).collect());
    thawed
}

impl Turn<'_> {
    /// The facts of a version at this moment.
    pub(super) fn facts_frozen(
        &self,
        open: &OpenDocument,
        kind: &KindDefinition,
    ) -> Result<Frozen, Fault> {
        let mut frozen =
            of_version(self.state, &open.content, &open.by, |item| self.item_class(item));
        self.put_worth(&open.content, kind, &mut frozen);
        check::planned(self, open, kind, (&mut frozen.0, &mut frozen.1))?;
        Ok(frozen)
    }

    /// An item's class.
    pub(crate) fn item_class(&self, item: &ItemId) -> Option<ItemClass> {
        let known = self.settings.items.by_code(item).map(|item| item.class);
        self.stock.item(item).map(|item| item.class).or(known)
    }
}
