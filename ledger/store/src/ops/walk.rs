//! Whose page is it: walks every table and index of a database file from its schema, the free list
//! too, and names each page that can't be what it is used as.
//!
//! Invariants: each page is visited once; a damaged inner page loses its way to those below it, which
//! are then told as lying loose. Absent: what the rows say (`rows`, `salvage`).

use std::{collections::BTreeMap, io};

use super::pages::{Kind, Pages, Value, u32_at};

/// Deepest tree that is followed; SQLite's own are far flatter.
const DEPTH_MAX: usize = 24;

/// A table or index, as the schema names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) name: String,
    /// The table that it is, or that it is an index of.
    pub(crate) table: String,
    pub(crate) is_index: bool,
    /// Its first page.
    pub(crate) root: u32,
}

/// A page that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) page: u32,
    pub(crate) why: String,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) objects: Vec<Object>,
    /// For each page its object, by place in `objects`; `NOBODY`, `FREE`.
    owners: Vec<u16>,
    pub(crate) faults: Vec<Fault>,
    /// Pages that nothing leads to.
    pub(crate) loose: Vec<u32>,
}

/// The row numbers that may be on a page, with both ends.
type Range = (i64, i64);

/// A page to visit: its depth, whether it must be a table's, its rows.
type Below = (u32, usize, Option<bool>, Range);

const NOBODY: u16 = u16::MAX;
const FREE: u16 = u16::MAX - 1;
const LOCK: u16 = u16::MAX - 2;

impl Walk {
    /// Walks all of `pages`.
    pub(crate) fn new(pages: &Pages) -> io::Result<Self> {
        let mut walk = Self { owners: vec![NOBODY; pages.count as usize + 1], ..Self::default() };
        if let Some(why) = pages.header_fault {
            walk.fault(1, why);
        }
        if pages.stated_count()?.is_some_and(|stated| stated != pages.count) {
            walk.fault(1, "the header states another number of pages than the file has");
        }
        walk.own(pages.lock_page(), LOCK);
        let schema = Object {
            name: "sqlite_schema".into(),
            table: "sqlite_schema".into(),
            is_index: false,
            root: 1,
        };
        walk.objects.push(schema);
        walk.follow(pages, 0)?;
        walk.read_schema(pages)?;
        for object in 1..walk.objects.len() {
            walk.follow(pages, u16::try_from(object).unwrap_or(NOBODY))?;
        }
        walk.free_list(pages)?;
        walk.loose = (1..=pages.count).filter(|n| walk.owner_code(*n) == NOBODY).collect();
        Ok(walk)
    }

    /// The table or index that a page belongs to.
    pub(crate) fn owner(&self, page: u32) -> Option<&Object> {
        self.objects.get(usize::from(self.owner_code(page)))
    }

    /// What a page is, in words.
    pub(crate) fn words(&self, page: u32) -> String {
        match self.owner_code(page) {
            FREE => "a free page".to_owned(),
            LOCK => "the page of the locks".to_owned(),
            code => match self.objects.get(usize::from(code)) {
                Some(object) if object.is_index => {
                    format!("the index {} of {}", object.name, object.table)
                }
                Some(object) => format!("the table {}", object.name),
                None => "a page that nothing leads to".to_owned(),
            },
        }
    }

    fn owner_code(&self, page: u32) -> u16 {
        self.owners.get(page as usize).copied().unwrap_or(NOBODY)
    }

    fn own(&mut self, page: u32, owner: u16) -> bool {
        match self.owners.get_mut(page as usize) {
            Some(place) if page > 0 && *place == NOBODY => {
                *place = owner;
                true
            }
            _ => false,
        }
    }

    fn fault(&mut self, page: u32, why: impl Into<String>) {
        self.faults.push(Fault { page, why: why.into() });
    }

    fn read_schema(&mut self, pages: &Pages) -> io::Result<()> {
        let mut named = BTreeMap::new();
        for number in 1..=pages.count {
            if self.owner_code(number) != 0 {
                continue;
            }
            let Some(tree) = pages.tree(number)? else { continue };
            for cell in tree.cells.iter().filter(|_| tree.kind == Kind::LeafTable) {
                match pages.values(&tree, cell)?.as_deref().and_then(object) {
                    Some(Some(object)) => drop(named.insert(object.name.clone(), object)),
                    Some(None) => {}
                    None => self.fault(number, "a row of the schema can't be read"),
                }
            }
        }
        self.objects.extend(named.into_values());
        Ok(())
    }

    /// Follows one tree from its root.
    fn follow(&mut self, pages: &Pages, owner: u16) -> io::Result<()> {
        let Some(object) = self.objects.get(usize::from(owner)) else { return Ok(()) };
        let (root, name) = (object.root, object.name.clone());
        if !self.own(root, owner) {
            self.fault(1, format!("the root of {name} is no page of its own"));
            return Ok(());
        }
        // Each with its depth, whether it is a table's, and the row numbers that may be below it.
        let mut open = vec![(root, 0, None, (i64::MIN, i64::MAX))];
        while let Some((number, depth, table, range)) = open.pop() {
            let Some(tree) = pages.tree(number)? else {
                self.fault(number, "it is no page of a table or index");
                continue;
            };
            let is_table = matches!(tree.kind, Kind::InnerTable | Kind::LeafTable);
            if table.is_some_and(|table| table != is_table) || depth > DEPTH_MAX {
                self.fault(number, "it is of another kind than the page above it");
                continue;
            }
            for why in &tree.faults {
                self.fault(number, *why);
            }
            let mut low = range.0;
            for cell in &tree.cells {
                if let Some(rowid) = cell.rowid.filter(|n| *n < low || *n > range.1) {
                    self.fault(number, format!("row {rowid} is out of order"));
                }
                let high = cell.rowid.unwrap_or(range.1);
                if let Some(child) = cell.child {
                    self.below(number, child, owner, &mut open, (depth, is_table, (low, high)));
                }
                low = cell.rowid.map_or(low, |rowid| rowid.saturating_add(1));
                self.overflow(pages, number, cell, owner)?;
            }
            if let Some(right) = tree.right {
                self.below(number, right, owner, &mut open, (depth, is_table, (low, range.1)));
            }
        }
        Ok(())
    }

    fn below(
        &mut self,
        number: u32,
        child: u32,
        owner: u16,
        open: &mut Vec<Below>,
        (depth, is_table, range): (usize, bool, Range),
    ) {
        if self.own(child, owner) {
            open.push((child, depth + 1, Some(is_table), range));
        } else {
            self.fault(number, format!("it leads to page {child}, which is not its own"));
        }
    }

    fn overflow(
        &mut self,
        pages: &Pages,
        number: u32,
        cell: &super::pages::Cell,
        owner: u16,
    ) -> io::Result<()> {
        if cell.overflow.is_none() {
            return Ok(());
        }
        match pages.chain(cell)? {
            Ok(chain) => {
                for page in chain {
                    if !self.own(page, owner) {
                        self.fault(number, format!("it goes on in page {page}, not its own"));
                    }
                }
            }
            Err(page) => {
                self.own(page, owner);
                self.fault(page.max(1), "a long row's chain of pages is broken");
            }
        }
        Ok(())
    }

    fn free_list(&mut self, pages: &Pages) -> io::Result<()> {
        let (mut trunk, stated) = pages.free_list()?;
        let (mut found, mut before) = (0_u32, 1);
        while trunk != 0 {
            if trunk > pages.count || !self.own(trunk, FREE) {
                self.fault(before, format!("the free list leads to page {trunk}, which is in use"));
                return Ok(());
            }
            found += 1;
            let bytes = pages.page(trunk)?;
            let count = u32_at(&bytes, 4).unwrap_or(0);
            if count as usize > pages.page_bytes / 4 - 2 {
                self.fault(trunk, "the free list names more pages than it can");
                return Ok(());
            }
            for i in 0..count as usize {
                let leaf = u32_at(&bytes, 8 + 4 * i).unwrap_or(0);
                if leaf > pages.count || !self.own(leaf, FREE) {
                    self.fault(trunk, format!("the free list names page {leaf}, which is in use"));
                }
                found += 1;
            }
            before = trunk;
            trunk = u32_at(&bytes, 0).unwrap_or(0);
        }
        if found != stated {
            let why = format!("the header states {stated} free pages, the free list has {found}");
            self.fault(1, why);
        }
        Ok(())
    }
}

/// The object of a row of the schema; an inner none where it has no pages (a view, a trigger).
fn object(values: &[Value]) -> Option<Option<Object>> {
    let [kind, name, table, root, ..] = values else { return None };
    let text = |value: &Value| match value {
        Value::Text(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    let (kind, name, table) = (text(kind)?, text(name)?, text(table)?);
    match (kind.as_str(), root) {
        ("table" | "index", Value::Int(root)) if *root > 0 => {
            let root = u32::try_from(*root).ok()?;
            Some(Some(Object { name, table, is_index: kind == "index", root }))
        }
        ("view" | "trigger", _) => Some(None),
        _ => None,
    }
}
