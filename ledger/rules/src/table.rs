//! Decision tables: rows of conditions, the first that holds decides, and what holds where none does.
//!
//! Invariants: a table always has an answer for facts that its conditions can be asked of, since `otherwise` is
//! no option; a row that fails fails the table, so that no later row is taken by mistake. A cell is written as
//! people write it: `-` for anything, `> amount("5000")`, `in ["A", "B"]`, or a value to be equal to; it is
//! turned into CEL, and its mistakes keep their place in the cell. Absent: what an answer does.

use std::collections::HashMap;

use gatewarden_model::Scalar;

use crate::{
    condition::{Condition, ConditionError, ConditionMistake, ConditionMistakes, Need, Params},
    facts::{Fact, Facts},
    schema::{FactType, Schema},
};

/// Most rows of a table.
pub const TABLE_ROWS_MAX: usize = 200;
/// Most columns of a table.
pub const TABLE_COLUMNS_MAX: usize = 12;
/// Rows that ask for a text of one fact are found by it where there are so many.
const HASHED_ROWS_MIN: usize = 4;

/// A table of conditions with an answer each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<T> {
    rows: Vec<(Condition, T)>,
    otherwise: T,
    by_text: Option<ByText>,
}

/// The rows that can hold for each text of one fact, which most rows ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ByText {
    place: usize,
    rows: HashMap<Box<str>, Vec<usize>>,
    /// The rows that can hold for any other text.
    others: Vec<usize>,
}

impl ByText {
    fn new<T>(rows: &[(Condition, T)]) -> Option<Self> {
        let texts = rows.iter().map(|(condition, _)| texts_of(condition));
        let texts: Vec<Option<(usize, Vec<Box<str>>)>> = texts.collect();
        let places = texts.iter().flatten().map(|(place, _)| *place);
        let count = |place: usize| places.clone().filter(|other| *other == place).count();
        let place = places.clone().max_by_key(|place| count(*place))?;
        if count(place) < HASHED_ROWS_MIN {
            return None;
        }
        let of_place = |one: &Option<(usize, Vec<Box<str>>)>| {
            one.clone().filter(|(of, _)| *of == place).map(|(_, texts)| texts)
        };
        let texts: Vec<Option<Vec<Box<str>>>> = texts.iter().map(of_place).collect();
        let all = texts.iter().enumerate();
        let others: Vec<usize> =
            all.clone().filter(|(_, texts)| texts.is_none()).map(|(row, _)| row).collect();
        let mut by_text: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (row, text) in
            all.flat_map(|(row, texts)| texts.iter().flatten().map(move |t| (row, t)))
        {
            by_text.entry(text.clone()).or_default().push(row);
        }
        for rows in by_text.values_mut() {
            rows.extend(&others);
            rows.sort_unstable();
            rows.dedup();
        }
        Some(Self { place, rows: by_text, others })
    }

    /// The rows that can hold; all where the fact is not a text.
    fn rows(&self, facts: &Facts) -> Option<&[usize]> {
        let Some(Fact::Scalar(Scalar::Text(text))) = facts.at(self.place) else { return None };
        Some(self.rows.get(text.as_str()).unwrap_or(&self.others))
    }
}

/// The texts of one fact of which a row needs one.
fn texts_of(condition: &Condition) -> Option<(usize, Vec<Box<str>>)> {
    let needs = condition.needs()?;
    let mut place = None;
    let text = |need| match need {
        Need::Text(at, text) if *place.get_or_insert(at) == at => Some(text),
        _ => None,
    };
    let texts = needs.into_iter().map(text).collect::<Option<Vec<_>>>()?;
    Some((place?, texts))
}

impl<T> Table<T> {
    /// A table of rows in their order, and the answer where none holds. Rows beyond [`TABLE_ROWS_MAX`] are a
    /// mistake of whoever makes it; `crate::set` tells it.
    #[must_use]
    pub fn new(rows: Vec<(Condition, T)>, otherwise: T) -> Self {
        let by_text = ByText::new(&rows);
        Self { rows, otherwise, by_text }
    }

    /// The answer, and the row that gave it from 1; 0 for `otherwise`. Fails with the first row that fails
    /// before one holds.
    pub fn decide<'t>(&'t self, facts: &Facts) -> Result<(u32, &'t T), ConditionError> {
        let holding = |(row, (condition, answer)): (usize, &'t (Condition, T))| {
            let holds = condition.holds(facts);
            holds.map(|holds| holds.then(|| (u32::try_from(row + 1).unwrap_or(u32::MAX), answer)))
        };
        let first = match self.by_text.as_ref().and_then(|by_text| by_text.rows(facts)) {
            None => self.rows.iter().enumerate().find_map(|row| holding(row).transpose()),
            Some(rows) => {
                let rows = rows.iter().filter_map(|row| Some((*row, self.rows.get(*row)?)));
                rows.into_iter().find_map(|row| holding(row).transpose())
            }
        };
        Ok(first.transpose()?.unwrap_or((0, &self.otherwise)))
    }

    /// The answer where no row holds.
    pub(crate) fn otherwise(&self) -> &T {
        &self.otherwise
    }

    /// The condition of a row, from 1.
    #[must_use]
    pub fn condition(&self, row: u32) -> Option<&Condition> {
        self.rows.get(usize::try_from(row.checked_sub(1)?).ok()?).map(|(condition, _)| condition)
    }

    /// All conditions in the order of their rows.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.rows.iter().map(|(condition, _)| condition)
    }

    /// Rows that can never decide, from 1: those that say the same as one before, and those after one that
    /// always holds.
    #[must_use]
    pub fn dead(&self) -> Vec<u32> {
        let mut dead = Vec::new();
        for (at, (condition, _)) in self.rows.iter().enumerate() {
            let earlier = self.rows[..at].iter().map(|(one, _)| one.text());
            if earlier.clone().any(|text| text == condition.text() || text == ALWAYS) {
                dead.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
        }
        dead
    }
}

/// What always holds.
const ALWAYS: &str = "true";

/// The condition of a row of cells under columns of facts. The first number of a mistake says in which cell
/// (from 0); its place is within that cell.
pub fn row(
    columns: &[String],
    cells: &[String],
    schema: &Schema,
    params: &Params,
) -> Result<Condition, Vec<(usize, ConditionMistake)>> {
    let (mut texts, mut mistakes) = (Vec::new(), Vec::new());
    for (at, (column, cell)) in columns.iter().zip(cells).enumerate() {
        let Some((text, before)) = cell_text(column, cell, schema) else { continue };
        match Condition::parse_with(&text, schema, params) {
            Ok(_) => texts.push(text),
            Err(ConditionMistakes(found)) => {
                mistakes.extend(found.into_iter().map(|m| (at, within(m, before, cell.len()))));
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let text = if texts.is_empty() { ALWAYS.to_owned() } else { texts.join(" && ") };
    let parsed = Condition::parse_with(&text, schema, params);
    parsed.map_err(|ConditionMistakes(found)| found.into_iter().map(|m| (0, m)).collect())
}

/// The same mistake, placed in the cell.
fn within(mistake: ConditionMistake, before: usize, len: usize) -> ConditionMistake {
    let place = |at: usize| at.saturating_sub(before).min(len);
    ConditionMistake { start: place(mistake.start), end: place(mistake.end), ..mistake }
}

/// A cell as CEL, and how many bytes were put before it; nothing for one that says anything goes.
fn cell_text(column: &str, cell: &str, schema: &Schema) -> Option<(String, usize)> {
    let cell = cell.trim();
    if cell.is_empty() || cell == "-" {
        return None;
    }
    let signs = ["==", "!=", "<", ">", "in "];
    if signs.iter().any(|sign| cell.starts_with(sign)) {
        let text = format!("{column} {cell}");
        return Some((text, column.len() + 1));
    }
    let is = schema.fact(column).map(|(_, fact)| fact.is);
    let plain = matches!(is, Some(FactType::Text))
        && !cell.starts_with(['"', '\''])
        && !cell.starts_with("param.");
    let text = match plain {
        true => format!("{column} == {cell:?}"),
        false => format!("{column} == {cell}"),
    };
    Some((text, column.len() + 4 + usize::from(plain)))
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn table() -> Table<&'static str> {
        let schema = Schema::standard();
        let columns = texts(&["document.amount", "item.class", "session.second"]);
        let rows = [
            (["> amount(\"50000\")", "-", "-"], "board"),
            (["> amount(\"5000\")", "-", "false"], "finance"),
            (["-", "A", "-"], "finance"),
            (["-", "in [\"B\", \"C\"]", "true"], "nobody"),
        ];
        let rows = rows.map(|(cells, who)| {
            (row(&columns, &texts(&cells), &schema, &Params::new()).unwrap(), who)
        });
        Table::new(rows.into(), "manager")
    }

    fn facts(amount: i64, class: &str, second: bool) -> Facts {
        let mut facts = Facts::new();
        facts.set("document.amount", amount).set("item.class", class);
        facts.set("session.second", second);
        facts
    }

    #[test]
    fn the_first_row_that_holds_decides_and_there_is_always_an_answer() {
        let table = table();
        for (amount, class, second, expect) in [
            (600_000_000, "A", false, (1, "board")),
            (60_000_000, "C", false, (2, "finance")),
            (60_000_000, "A", true, (3, "finance")),
            (1, "B", true, (4, "nobody")),
            (1, "C", false, (0, "manager")),
        ] {
            let (row, who) = table.decide(&facts(amount, class, second)).unwrap();
            assert_eq!((row, *who), expect);
        }
        let error = table.decide(&Facts::new()).unwrap_err();
        assert_eq!(error.code(), "fact-missing", "no later row is taken by mistake");
        assert!(table.dead().is_empty());
    }

    #[test]
    fn a_table_says_the_same_whether_its_rows_are_found_or_gone_through() {
        let schema = Schema::standard();
        let columns = texts(&["item.class", "document.amount"]);
        let classes = ["A", "in [\"B\", \"C\"]", "-", "B", "C", "in [\"A\", \"C\"]", "A"];
        let rows = (0_i64..).zip(classes).map(|(n, class)| {
            let cells = [class.to_owned(), format!("> {}", 60 - n * 10)];
            (row(&columns, &cells, &schema, &Params::new()).unwrap(), n)
        });
        let table = Table::new(rows.collect(), -1);
        assert!(table.by_text.is_some());
        let plain = Table { by_text: None, ..table.clone() };
        for class in ["A", "B", "C", "D"] {
            for amount in (0..70).step_by(5) {
                let facts = facts(amount, class, false);
                assert_eq!(table.decide(&facts), plain.decide(&facts), "{class} {amount}");
            }
        }
        let unknown = Facts::new();
        assert_eq!(table.decide(&unknown), plain.decide(&unknown));
    }

    #[test]
    fn a_row_that_can_not_decide_is_found() {
        let schema = Schema::standard();
        let columns = texts(&["item.class"]);
        let rows = ["A", "-", "B", "A"]
            .map(|cell| (row(&columns, &texts(&[cell]), &schema, &Params::new()).unwrap(), ()));
        assert_eq!(Table::new(rows.into(), ()).dead(), [3, 4]);
    }

    #[test]
    fn a_mistake_keeps_its_place_in_the_cell() {
        let columns = texts(&["document.amount", "item.class", "time.hour"]);
        let cells = texts(&["> 5 && item.klass == 1", "B", "late"]);
        let found = row(&columns, &cells, &Schema::standard(), &Params::new()).unwrap_err();
        let found: Vec<_> =
            found.iter().map(|(at, m)| (*at, m.code, &cells[*at][m.start..m.end])).collect();
        assert_eq!(found, [(0, "unknown-fact", "item.klass"), (2, "unknown-fact", "late")]);
    }
}
