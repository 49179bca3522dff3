//! Parts of a document from their texts, the same from CSV and JSON.
//!
//! Invariants: a line becomes one only with its number, item and quantity; what is malformed is told once,
//! as that and not also as missing.

use gatewarden_model::{
    Amount, Custom, Day, Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink,
    ItemId, LINKS_MAX, Location, StockStatus, field::CUSTOM_FIELDS_MAX,
};

use super::{
    cells,
    columns::{Head, OfLine},
    mistake::{Wrong, wrong},
};

/// A document that says nothing yet. Its kind is a stand-in until it is read.
pub(super) fn nothing() -> DocumentContent {
    DocumentContent::new(Document { kind: DocumentKind::Requisition, number: String::new() })
}

/// One part of a document; the text is not empty.
pub(super) fn head(content: &mut DocumentContent, head: Head, text: &str) -> Result<(), Wrong> {
    match head {
        Head::Kind => content.document.kind = cells::kind(text)?,
        Head::Number => content.document.number = cells::number(text)?,
        Head::Version => content.version = cells::ordinal(text)?,
        Head::Title => content.title = cells::text(text)?,
        Head::Partner => content.partner = Some(cells::text(text)?),
        Head::Date => content.date = Some(cells::day(text)?),
        Head::Due => content.due = Some(cells::day(text)?),
        Head::Requester => content.requester = Some(cells::text(text)?),
        Head::Station => content.station = Some(cells::text(text)?),
        Head::Note => content.note = cells::text(text)?,
    }
    Ok(())
}

/// A line of which not all is known yet: `Some(None)` is what was malformed.
#[derive(Debug, Default)]
pub(super) struct LineParts {
    pub(super) line: Option<Option<u32>>,
    item: Option<Option<ItemId>>,
    quantity: Option<Option<i64>>,
    from: Option<Location>,
    to: Option<Location>,
    lot: Option<String>,
    owner: Option<String>,
    from_status: StockStatus,
    to_status: StockStatus,
    amount: Option<Amount>,
    due: Option<Day>,
    pub(super) links: Vec<DocumentLink>,
    pub(super) custom: Custom,
}

impl LineParts {
    /// One part of it; the text is not empty.
    pub(super) fn set(&mut self, part: OfLine, text: &str) -> Result<(), Wrong> {
        match part {
            OfLine::Line => said(&mut self.line, cells::ordinal(text))?,
            OfLine::Item => said(&mut self.item, cells::item(text))?,
            OfLine::Quantity => said(&mut self.quantity, cells::quantity(text))?,
            OfLine::From => self.from = Some(cells::location(text)?),
            OfLine::To => self.to = Some(cells::location(text)?),
            OfLine::Lot => self.lot = Some(cells::text(text)?),
            OfLine::Owner => self.owner = Some(cells::text(text)?),
            OfLine::FromStatus => self.from_status = cells::status(text)?,
            OfLine::ToStatus => self.to_status = cells::status(text)?,
            OfLine::Amount => self.amount = Some(cells::amount(text)?),
            OfLine::Due => self.due = Some(cells::day(text)?),
        }
        Ok(())
    }

    /// What it lacks, by the name of the part.
    pub(super) fn missing(&self) -> impl Iterator<Item = (&'static str, Wrong)> {
        let parts = [("item", self.item.is_none()), ("quantity", self.quantity.is_none())];
        parts.into_iter().filter(|(_, is)| *is).map(|(part, _)| {
            let code = if part == "item" { "item-missing" } else { "quantity-missing" };
            let way_out = "say it, or leave everything of the line empty";
            (part, wrong(code, format!("the line has no {part}"), way_out))
        })
    }

    /// The line, where all of it is known.
    pub(super) fn line(self) -> Option<DocumentLine> {
        Some(DocumentLine {
            line: self.line??,
            item: self.item??,
            quantity: self.quantity??,
            from: self.from,
            to: self.to,
            lot: self.lot,
            owner: self.owner,
            from_status: self.from_status,
            to_status: self.to_status,
            amount: self.amount,
            due: self.due,
            links: self.links,
            custom: self.custom,
        })
    }
}

fn said<T>(slot: &mut Option<Option<T>>, value: Result<T, Wrong>) -> Result<(), Wrong> {
    *slot = Some(None);
    *slot = Some(Some(value?));
    Ok(())
}

/// One more custom field.
pub(super) fn custom(
    fields: &mut Custom,
    name: &gatewarden_model::CustomName,
    text: &str,
) -> Result<(), Wrong> {
    let value = cells::custom(text)?;
    if fields.len() >= CUSTOM_FIELDS_MAX && !fields.contains_key(name) {
        let message = format!("more than {CUSTOM_FIELDS_MAX} custom fields");
        return Err(wrong("custom-too-many", message, "leave out what nobody needs"));
    }
    fields.insert(name.clone(), value);
    Ok(())
}

/// Whether links of several columns are few enough together.
pub(super) fn links_fit(links: &[DocumentLink]) -> Result<(), Wrong> {
    if links.len() <= LINKS_MAX {
        return Ok(());
    }
    let message = format!("{} links, at most {LINKS_MAX} are kept", links.len());
    Err(wrong("links-too-many", message, "name only what it follows from directly"))
}
