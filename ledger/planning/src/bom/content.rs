//! A BOM version as a document, and back.
//!
//! Kind `bom`, the number is the product's code, the document's version is the BOM's. A line's number is the
//! position, its item the component, its quantity the numerator. Fields of the document: `base` (for how many
//! products; 1), and one of `effective-from` (with `effective-until`) or `serial-from` (with
//! `serial-until`). Fields of a line: `denominator` (1), `scrap-permille` (0), `phantom` (`false`), `group`.
//! Its engineering change is a link. A field at its default may be left out; fields of the house stay with the
//! document and do not come here.

use gatewarden_model::{
    Custom, CustomName, Day, Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink,
    ItemId,
};

use super::{BomLine, BomVersion, Effect, Serials};
use crate::{PlanError, error::keep};

impl BomVersion {
    /// Reads a document; all mistakes at once.
    pub fn of(content: &DocumentContent) -> Result<Self, Vec<PlanError>> {
        let mut mistakes = Vec::new();
        // What can't be read has a value that is fine, so that the rest is looked at too.
        let product = keep(&mut mistakes, product(content));
        let base = keep(&mut mistakes, number(&content.custom, "custom", "base", 1));
        let effect = keep(&mut mistakes, effect(&content.custom));
        let lines = content.lines.iter().enumerate();
        let lines = lines.map(|(index, line)| bom_line(&mut mistakes, index, line)).collect();
        let change = content
            .links
            .iter()
            .find(|link| link.document.kind == DocumentKind::EngineeringChange)
            .map(|link| link.document.number.clone());
        let Some(product) = product else { return Err(mistakes) };
        let always = Effect::Days { from: Day::from_number(0), until: None };
        let effect = effect.unwrap_or(always);
        let base = base.unwrap_or(1);
        let mut bom = Self { product, version: content.version, base, effect, change, lines };
        mistakes.extend(bom.mistakes());
        bom.lines.sort_by_key(|line| line.position);
        if mistakes.is_empty() { Ok(bom) } else { Err(mistakes) }
    }

    /// The document that says it.
    #[must_use]
    pub fn to_content(&self) -> DocumentContent {
        let document = Document { kind: DocumentKind::Bom, number: self.product.to_string() };
        let mut custom = Custom::new();
        put(&mut custom, "base", (self.base != 1).then(|| self.base.to_string()));
        match &self.effect {
            Effect::Days { from, until } => {
                put(&mut custom, "effective-from", Some(from.to_string()));
                put(&mut custom, "effective-until", until.map(|day| day.to_string()));
            }
            Effect::Serials(Serials { from, until }) => {
                put(&mut custom, "serial-from", Some(from.clone()));
                put(&mut custom, "serial-until", until.clone());
            }
        }
        let link = |number: &String| DocumentLink {
            document: Document { kind: DocumentKind::EngineeringChange, number: number.clone() },
            line: None,
            digest: None,
        };
        DocumentContent {
            version: self.version,
            lines: self.lines.iter().map(document_line).collect(),
            links: self.change.iter().map(link).collect(),
            custom,
            ..DocumentContent::new(document)
        }
    }
}

fn product(content: &DocumentContent) -> Result<ItemId, PlanError> {
    if content.document.kind != DocumentKind::Bom {
        let message = format!("{} is no BOM: use kind bom", content.document.kind.name());
        return Err(PlanError::rule("bom-kind", "document.kind", message));
    }
    ItemId::parse(&content.document.number).map_err(|error| {
        let message = format!("{error}; a BOM has the number of its product");
        PlanError::rule("bom-product", "document.number", message)
    })
}

/// The text of a custom field.
pub(crate) fn text<'a>(custom: &'a Custom, name: &str) -> Option<&'a str> {
    custom.iter().find(|(known, _)| known.as_str() == name).map(|(_, text)| text.as_str())
}

/// Sets a custom field where there is a value. The names are of this crate and well formed.
pub(crate) fn put(custom: &mut Custom, name: &str, value: Option<String>) {
    if let (Ok(name), Some(value)) = (CustomName::parse(name), value) {
        custom.insert(name, value);
    }
}

/// A whole number in its one spelling; `default` where it is left out.
pub(crate) fn number(
    custom: &Custom,
    at: &str,
    name: &str,
    default: i64,
) -> Result<i64, PlanError> {
    let Some(text) = text(custom, name) else { return Ok(default) };
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    number.ok_or_else(|| {
        let message = format!("{text:?} is no whole number: write digits alone, such as 12");
        PlanError::rule("number-malformed", format!("{at}.{name}"), message)
    })
}

/// The day of a custom field.
pub(crate) fn day(custom: &Custom, name: &str) -> Result<Option<Day>, PlanError> {
    let parse = |text: &str| {
        text.parse::<Day>().map_err(|error| {
            PlanError::rule("day-malformed", format!("custom.{name}"), error.to_string())
        })
    };
    text(custom, name).map(parse).transpose()
}

fn effect(custom: &Custom) -> Result<Effect, PlanError> {
    let serial = text(custom, "serial-from").map(str::to_owned);
    match (day(custom, "effective-from")?, serial) {
        (Some(from), None) => Ok(Effect::Days { from, until: day(custom, "effective-until")? }),
        (None, Some(from)) => {
            let until = text(custom, "serial-until").map(str::to_owned);
            Ok(Effect::Serials(Serials { from, until }))
        }
        (Some(_), Some(_)) => {
            let message = "a version is used from a day or for serials: state one of them";
            Err(PlanError::rule("bom-effect-both", "custom.serial-from", message))
        }
        (None, None) => {
            let message = "nothing says when it is used: state effective-from or serial-from";
            Err(PlanError::rule("bom-effect-missing", "custom.effective-from", message))
        }
    }
}

fn bom_line(mistakes: &mut Vec<PlanError>, index: usize, line: &DocumentLine) -> BomLine {
    let at = format!("lines[{index}].custom");
    let scrap = keep(mistakes, number(&line.custom, &at, "scrap-permille", 0));
    let denominator = keep(mistakes, number(&line.custom, &at, "denominator", 1));
    let phantom = keep(mistakes, truth(&line.custom, &at, "phantom"));
    BomLine {
        position: line.line,
        component: line.item.clone(),
        quantity: line.quantity,
        denominator: denominator.unwrap_or(1),
        scrap: u32::try_from(scrap.unwrap_or(0)).unwrap_or(u32::MAX),
        phantom: phantom.unwrap_or(false),
        group: text(&line.custom, "group").map(str::to_owned),
    }
}

fn truth(custom: &Custom, at: &str, name: &str) -> Result<bool, PlanError> {
    match text(custom, name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            let message = format!("{other:?} is neither true nor false");
            Err(PlanError::rule("bool-malformed", format!("{at}.{name}"), message))
        }
    }
}

fn document_line(line: &BomLine) -> DocumentLine {
    let mut custom = Custom::new();
    let denominator = (line.denominator != 1).then(|| line.denominator.to_string());
    put(&mut custom, "denominator", denominator);
    put(&mut custom, "scrap-permille", (line.scrap != 0).then(|| line.scrap.to_string()));
    put(&mut custom, "phantom", line.phantom.then(|| "true".to_owned()));
    put(&mut custom, "group", line.group.clone());
    let plain = DocumentLine::new(line.position, line.component.clone(), line.quantity);
    DocumentLine { custom, ..plain }
}
