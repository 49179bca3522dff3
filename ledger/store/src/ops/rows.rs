//! On which page does a row stand that should not: holds the rows of a damaged file, page by page,
//! against a ledger that was made anew from the journal.

use std::{collections::BTreeMap, io};

use rusqlite::{Connection, ToSql, params_from_iter, types::Value as Sql};

use super::{
    error::OpsError,
    pages::{Pages, Value},
    walk::{Object, Walk},
};

/// How an object's stored records are compared.
struct Compare {
    sql: String,
    /// The place of a column that is stored as NULL because it is the row's number.
    rowid_at: Option<usize>,
    /// The row's number is compared too, beside the columns.
    with_rowid: bool,
    /// The place of a stored column that is another in each file.
    aside: Option<usize>,
}

/// The pages on which a row stands that the reference does not have.
pub(crate) fn strange_rows(
    pages: &Pages,
    walk: &Walk,
    reference: &Connection,
) -> Result<Vec<u32>, OpsError> {
    let mut compares = BTreeMap::new();
    for object in &walk.objects {
        if let Some(compare) = compare(reference, object)? {
            compares.insert(object.name.clone(), compare);
        }
    }
    let mut strange = Vec::new();
    for number in 1..=pages.count {
        let Some(compare) = walk.owner(number).and_then(|o| compares.get(&o.name)) else {
            continue;
        };
        if !fits(pages, number, compare, reference)? {
            strange.push(number);
        }
    }
    Ok(strange)
}

fn fits(
    pages: &Pages,
    number: u32,
    compare: &Compare,
    reference: &Connection,
) -> Result<bool, OpsError> {
    let fail = |source: io::Error| OpsError::Io { what: "read", path: "the ledger".into(), source };
    let Some(tree) = pages.tree(number).map_err(fail)? else { return Ok(true) };
    let mut select = reference.prepare_cached(&compare.sql)?;
    for cell in tree.cells.iter().filter(|cell| cell.total > 0) {
        let Some(values) = pages.values(&tree, cell).map_err(fail)? else { return Ok(false) };
        let mut values: Vec<Sql> = values.into_iter().map(sql).collect();
        if let Some(at) = compare.aside.filter(|at| *at < values.len()) {
            values.remove(at);
        }
        if let (Some(at), Some(rowid)) = (compare.rowid_at, cell.rowid) {
            if let Some(place) = values.get_mut(at) {
                *place = Sql::Integer(rowid);
            }
        } else if let (true, Some(rowid)) = (compare.with_rowid, cell.rowid) {
            values.push(Sql::Integer(rowid));
        }
        if values.len() != select.parameter_count() {
            return Ok(false);
        }
        let values = values.iter().map(|value| value as &dyn ToSql);
        if !select.exists(params_from_iter(values))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sql(value: Value) -> Sql {
    match value {
        Value::Null | Value::Real(_) => Sql::Null,
        Value::Int(n) => Sql::Integer(n),
        // Text that is none finds no row.
        Value::Text(bytes) => String::from_utf8(bytes).map_or(Sql::Null, Sql::Text),
        Value::Blob(bytes) => Sql::Blob(bytes),
    }
}

/// How to look a stored record of an object up; none for one that the reference does not have.
fn compare(reference: &Connection, object: &Object) -> Result<Option<Compare>, OpsError> {
    if object.name == "sqlite_schema" {
        let terms = "type IS ?1 AND name IS ?2 AND tbl_name IS ?3 AND sql IS ?4";
        let sql = format!("SELECT 1 FROM sqlite_schema WHERE {terms}");
        // The root page.
        return Ok(Some(Compare { sql, rowid_at: None, with_rowid: false, aside: Some(3) }));
    }
    let (columns, rowid_at, with_rowid) = if object.is_index {
        (index_columns(reference, &object.name)?, None, false)
    } else {
        table_columns(reference, &object.name)?
    };
    if columns.is_empty() {
        return Ok(None);
    }
    let terms: Vec<String> =
        columns.iter().enumerate().map(|(i, name)| format!("{name} IS ?{}", i + 1)).collect();
    // A damaged schema may name another table than the one that the index is of.
    let table: String = reference.query_row(
        "SELECT tbl_name FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
        [&object.name],
        |row| row.get(0),
    )?;
    let sql = format!("SELECT 1 FROM \"{table}\" WHERE {}", terms.join(" AND "));
    Ok(Some(Compare { sql, rowid_at, with_rowid, aside: None }))
}

/// The columns in the order in which they are stored.
fn table_columns(
    reference: &Connection,
    table: &str,
) -> Result<(Vec<String>, Option<usize>, bool), OpsError> {
    let sql = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";
    let mut select = reference.prepare(sql)?;
    let rows = select.query_map([table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
    })?;
    let columns = rows.collect::<Result<Vec<_>, _>>()?;
    let sql = "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'";
    let mut select = reference.prepare(sql)?;
    let without_rowid =
        select.query_map([table], |row| row.get::<_, bool>(0))?.any(|wr| wr == Ok(true));
    let quoted = |name: &String| format!("\"{name}\"");
    if !without_rowid {
        let keys = columns.iter().filter(|(_, _, pk)| *pk > 0).count();
        let at =
            columns.iter().position(|(_, kind, pk)| *pk == 1 && kind == "INTEGER" && keys == 1);
        let mut names: Vec<_> = columns.iter().map(|(name, _, _)| quoted(name)).collect();
        if at.is_none() && !names.is_empty() {
            names.push("rowid".to_owned());
        }
        return Ok((names, at, at.is_none()));
    }
    let mut keys: Vec<_> = columns.iter().filter(|(_, _, pk)| *pk > 0).collect();
    keys.sort_by_key(|(_, _, pk)| *pk);
    let rest = columns.iter().filter(|(_, _, pk)| *pk == 0);
    Ok((keys.into_iter().chain(rest).map(|(name, _, _)| quoted(name)).collect(), None, false))
}

/// An index stores its columns and then what leads to the row.
fn index_columns(reference: &Connection, index: &str) -> Result<Vec<String>, OpsError> {
    let sql = "SELECT cid, name FROM pragma_index_xinfo(?1) ORDER BY seqno";
    let mut select = reference.prepare(sql)?;
    let rows = select.query_map([index], |row| {
        let (cid, name): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        Ok(match name {
            Some(name) => format!("\"{name}\""),
            None if cid == -1 => "rowid".to_owned(),
            None => String::new(),
        })
    })?;
    let names = rows.collect::<Result<Vec<_>, _>>()?;
    // An index on an expression can't be looked up by columns; the checker of SQLite covers it.
    Ok(if names.iter().any(String::is_empty) { vec![] } else { names })
}
