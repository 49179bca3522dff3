//! The columns that a CSV of one kind of document may have, and which of them it needs.
//!
//! Invariants: every name is the one that an import reads and an export writes (`columns`). Absent: what a cell may
//! hold beside links (`cells`), and the columns `links` and `line.links`, which any kind may have instead.

use serde::Serialize;

use super::{
    cells,
    columns::{Column, HEADS, NEEDED, OF_LINES},
};
use crate::{
    fields::{FieldDeclaration, Level},
    kinds::{KindDefinition, LinkRule},
};

/// A column, as the header of a file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnOf {
    /// Its name in the header.
    pub name: String,
    /// Whether it belongs to a line rather than to the document.
    pub line: bool,
    /// Whether no document of the kind, or none of its lines, is right without it.
    pub needed: bool,
    /// How its cells are spelt, where they are links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
}

/// The columns of a kind with these fields of its own: the document's, then its lines'.
#[must_use]
pub fn columns_of(kind: &KindDefinition, fields: &[&FieldDeclaration]) -> Vec<ColumnOf> {
    let plain = HEADS.iter().map(|(head, _)| Column::Head(*head));
    let plain = plain.chain(OF_LINES.iter().map(|(part, _)| Column::OfLine(*part)));
    let plain = plain.map(|column| told(&column, is_needed(kind, &column), None));
    let custom = fields.iter().map(|field| {
        let line = field.on == Level::Line;
        let needed = field.required && field.default.is_none() && field.classes.is_empty();
        told(&Column::Custom { line, name: field.name.clone() }, needed, None)
    });
    let links = kind.links.iter().map(|rule| {
        let column = Column::Link { line: rule.by_line, kind: rule.to };
        told(&column, rule.min > 0, Some(form(rule)))
    });
    let has_lines = kind.lines.max > 0;
    let mut all: Vec<ColumnOf> =
        plain.chain(custom).chain(links).filter(|one| has_lines || !one.line).collect();
    all.sort_by_key(|one| one.line);
    all
}

fn told(column: &Column, needed: bool, form: Option<String>) -> ColumnOf {
    ColumnOf { name: column.name(), line: column.is_of_line(), needed, form }
}

fn is_needed(kind: &KindDefinition, column: &Column) -> bool {
    let head = kind.needs.iter().map(|field| field.name().to_owned());
    let lines = kind.lines.needs.iter().map(|field| format!("lines[].{}", field.name()));
    NEEDED.contains(column)
        || head.chain(lines).any(|path| Column::of_path(&path).as_ref() == Some(column))
}

fn form(rule: &LinkRule) -> String {
    let several = if rule.max > 1 { cells::LINKS_FORM } else { "" };
    format!("{}{several}", if rule.digest { cells::VERSION_FORM } else { cells::LINK_FORM })
}
