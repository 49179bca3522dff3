//! The facts of a document.

use gatewarden_model::{Amount, DocumentContent, DocumentLine};

use super::{Ground, of_lines};
use crate::{
    facts::{Facts, Record},
    wants::{OF_LINES, Wants, put, put_some},
};

/// Puts what a document says into facts. The house's own fields stand under `custom`, in the spelling of their
/// types; whoever knows their types puts those that are no texts.
pub fn put_document(
    facts: &mut Facts,
    wants: &Wants,
    content: &DocumentContent,
    ground: &impl Ground,
) {
    put_some!(facts, wants, "document.amount", content.amount().map(|amount| amount.units()));
    put_some!(facts, wants, "document.date", content.date.map(|day| day.to_string()));
    put_some!(facts, wants, "document.due", content.due.map(|day| day.to_string()));
    put!(facts, wants, "document.kind", content.document.kind.name());
    put!(facts, wants, "document.known", true);
    put!(facts, wants, "document.number", content.document.number.as_str());
    put!(facts, wants, "document.orders", orders_behind(content));
    put_some!(facts, wants, "document.partner", content.partner.as_deref());
    put_some!(facts, wants, "document.requester", content.requester.as_deref());
    put_some!(facts, wants, "document.station", content.station.as_deref());
    put!(facts, wants, "document.title", content.title.as_str());
    put!(facts, wants, "document.version", i64::from(content.version));
    for (name, value) in &content.custom {
        facts.set(format!("document.custom.{name}"), value.as_str());
    }
    const LINES: usize = crate::catalogue::at("lines");
    if wants.at(LINES) {
        let lines = content.lines.iter().map(|line| document_line(line, ground));
        facts.set_records("lines", lines.collect());
    }
    if wants.at(OF_LINES) {
        let lines = content.lines.iter();
        let each = lines.map(|line| (Some(line.quantity), line.amount.map(Amount::units)));
        facts.of_lines = of_lines(each);
    }
}

/// How many orders stand behind a document, itself counted.
#[must_use]
pub fn orders_behind(content: &DocumentContent) -> i64 {
    content.orders().saturating_add(content.document.kind.is_order().into())
}

fn document_line(line: &DocumentLine, ground: &impl Ground) -> Record {
    let mut record = Record::with_capacity(14);
    record.set_some("amount", line.amount.map(Amount::units));
    record.set_some("class", ground.item(&line.item).map(|item| item.class.name()));
    for (name, value) in &line.custom {
        record.set(format!("custom.{name}"), value.as_str());
    }
    record.set_some("due", line.due.map(|day| day.to_string()));
    record.set_some("from", line.from.as_ref().map(|place| place.as_str()));
    record.set("from_status", line.from_status.name());
    record.set("item", line.item.as_str()).set("line", i64::from(line.line));
    record.set_some("lot", line.lot.as_deref());
    record.set_some("on_hand", ground.stock(&line.item).map(|stock| stock.on_hand));
    record.set_some("owner", line.owner.as_deref()).set("quantity", line.quantity);
    record.set_some("to", line.to.as_ref().map(|place| place.as_str()));
    record.set("to_status", line.to_status.name());
    record
}
