//! The header of a CSV: which column is where, and what is wrong with it.
//!
//! Invariants: under a header with a mistake nothing is read; no column stands twice.

use super::{
    COLUMNS_MAX, MISTAKES_MAX, Settings,
    columns::{Column, Head, OfLine},
    csv::Row,
    documents::Origin,
    mistake::{Mistakes, Severity, Wrong, wrong},
};

/// The columns of a file; none for one without a name, in which nothing may stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Header(pub(super) Vec<(Option<Column>, String)>);

impl Header {
    /// The header in a row, and all that is wrong with it.
    pub(super) fn read(row: &Row, settings: &Settings) -> (Self, Mistakes) {
        let (mut columns, mut mistakes) = (Vec::new(), Mistakes::new(MISTAKES_MAX));
        let mut told = |at: Option<usize>, name: Option<&str>, wrong: Wrong| {
            let origin = Origin { start: (row.row, row.line), ..Origin::default() };
            let mut mistake = origin.mistake(None, Severity::Error, wrong);
            mistake.column_number = at.map(|at| at + 1);
            mistake.column = name.map(|name| name.chars().take(80).collect());
            mistakes.push(mistake);
        };
        if row.cells > COLUMNS_MAX {
            let message = format!("{} columns, at most {COLUMNS_MAX} are read", row.cells);
            told(None, None, wrong("columns-too-many", message, "take out what nobody needs"));
        }
        for at in 0..row.len() {
            let name = row.cell(at).trim();
            let column = match name {
                "" => None,
                name => Column::of_name(name, settings)
                    .map_err(|wrong| told(Some(at), Some(name), wrong))
                    .ok(),
            };
            let twice = columns.iter().position(|(known, _)| column.is_some() && *known == column);
            if let Some(first) = twice {
                let message = format!("column {} is the same", first + 1);
                let wrong = wrong("column-twice", message, "take one of them out");
                told(Some(at), Some(name), wrong);
            }
            columns.push((column, name.to_owned()));
        }
        let header = Self(columns);
        header.lacks(settings).for_each(|wrong| told(None, None, wrong));
        (header, mistakes)
    }

    /// What no document can be read without.
    fn lacks(&self, settings: &Settings) -> impl Iterator<Item = Wrong> {
        let has = |column: Column| self.0.iter().any(|(known, _)| known.as_ref() == Some(&column));
        let lines = self.0.iter().any(|(c, _)| c.as_ref().is_some_and(Column::is_of_line));
        let needs = [
            ("number", has(Column::Head(Head::Number))),
            ("kind", settings.kind.is_some() || has(Column::Head(Head::Kind))),
            ("item", !lines || has(Column::OfLine(OfLine::Item))),
            ("quantity", !lines || has(Column::OfLine(OfLine::Quantity))),
        ];
        needs.into_iter().filter(|(_, has)| !has).map(|(name, _)| {
            let or_kind = if name == "kind" { ", or say the kind of the whole file" } else { "" };
            let way_out = format!("write it in the first row{or_kind}");
            wrong("column-missing", format!("there is no column {name}"), way_out)
        })
    }

    /// Where a column is.
    pub(super) fn at(&self, column: &Column) -> Option<usize> {
        self.0.iter().position(|(known, _)| known.as_ref() == Some(column))
    }

    /// The name of a column in the file.
    pub(super) fn name(&self, at: usize) -> Option<String> {
        self.0.get(at).map(|(_, name)| name.clone())
    }

    /// The column of a part (`partner`, `lines[0].quantity`): its number from 1, its name in the file.
    pub(super) fn of_path(&self, path: &str) -> Option<(usize, String)> {
        let name = match path.strip_prefix("lines[") {
            Some(rest) => format!("line.{}", rest.split_once("].")?.1),
            None => path.strip_prefix("document.").unwrap_or(path).to_owned(),
        };
        let parts = name.split_once('[').map_or(name.as_str(), |(name, _)| name);
        let column = Column::of_name(parts, &Settings::default()).ok()?;
        let at = self.at(&column)?;
        Some((at + 1, self.name(at)?))
    }
}
