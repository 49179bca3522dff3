//! The header of a CSV: which column is where, and what is wrong with it.
//!
//! Invariants: under a header with a mistake nothing is read; no column stands twice.

use super::{
    COLUMNS_MAX, MISTAKES_MAX, Settings,
    columns::{Column, Head, NEEDED},
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
        let has = |column: &Column| self.at(column).is_some();
        let lines = self.0.iter().any(|(c, _)| c.as_ref().is_some_and(Column::is_of_line));
        let is_kind = |column: &Column| *column == Column::Head(Head::Kind);
        let needs = NEEDED.into_iter().filter(move |column| lines || !column.is_of_line());
        let needs = needs.filter(move |column| !is_kind(column) || settings.kind.is_none());
        needs.filter(move |column| !has(column)).map(move |column| {
            let or_kind = if is_kind(&column) { ", or say the kind of the whole file" } else { "" };
            let way_out = format!("write it in the first row{or_kind}");
            wrong("column-missing", format!("there is no column {}", column.name()), way_out)
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
        let at = self.at(&Column::of_path(path)?)?;
        Some((at + 1, self.name(at)?))
    }

    /// The column in which a part would stand that the file has no column for. Links may stand in several.
    pub(super) fn lacking(&self, path: &str) -> Option<String> {
        let column = Column::of_path(path)?;
        let is_link = matches!(column, Column::Link { .. } | Column::Links { .. });
        (!is_link && self.at(&column).is_none()).then(|| column.name())
    }
}
