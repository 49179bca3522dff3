//! Whether the rows of each index, and of each table that is kept like one, stand in order: a row that
//! was damaged into another one that exists is told by nothing else.

use std::{cmp::Ordering, collections::BTreeSet, io};

use super::{
    pages::{Kind, Pages, Value},
    walk::{Object, Walk},
};

/// The pages on which a row is not after the one before it. Where that one stands on another page,
/// both are named: either may be the damaged one.
pub(crate) fn disorder(pages: &Pages, walk: &Walk) -> io::Result<Vec<u32>> {
    let mut found = BTreeSet::new();
    for object in &walk.objects {
        let mut tree = InOrder { pages, walk, object, last: None, seen: BTreeSet::new() };
        tree.below(object.root, &mut found)?;
    }
    Ok(found.into_iter().collect())
}

struct InOrder<'a> {
    pages: &'a Pages,
    walk: &'a Walk,
    object: &'a Object,
    /// The row before, and its page.
    last: Option<(u32, Vec<Value>)>,
    seen: BTreeSet<u32>,
}

impl InOrder<'_> {
    fn below(&mut self, page: u32, found: &mut BTreeSet<u32>) -> io::Result<()> {
        if self.walk.owner(page) != Some(self.object) || !self.seen.insert(page) {
            return Ok(());
        }
        let Some(tree) = self.pages.tree(page)? else { return Ok(()) };
        if !matches!(tree.kind, Kind::InnerIndex | Kind::LeafIndex) {
            return Ok(());
        }
        for cell in &tree.cells {
            if let Some(child) = cell.child {
                self.below(child, found)?;
            }
            let Some(row) = self.pages.values(&tree, cell)? else { continue };
            if let Some((before, last)) = &self.last
                && compare(last, &row) != Ordering::Less
            {
                found.extend([*before, page]);
            }
            self.last = Some((page, row));
        }
        tree.right.map_or(Ok(()), |right| self.below(right, found))
    }
}

/// SQLite's order: NULL, numbers, text, blobs; text by its bytes.
fn compare(a: &[Value], b: &[Value]) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Int(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    let one = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) | (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    };
    a.iter().zip(b).map(one).find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
}
