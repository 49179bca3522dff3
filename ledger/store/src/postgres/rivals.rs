//! Who took from a place last: what a gateway tells whose movement finds too little there.

use gatewarden_model::{Body, Entry, SubjectKind};
use gatewarden_stock::Site;

use super::{link::Link, lookup};
use crate::{StoreError, projection::number};

/// Entries of other gateways about an item that are looked at.
const LOOKED_AT_MAX: u64 = 500;

/// What another gateway took from a place, or reserved there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which gateway.
    pub gateway: String,
    /// The entry that did it, in that gateway's own sequence: `Moved` or `Reserved`.
    pub entry: Entry,
}

/// The newest entry of another lane than `lane` that took from a site; none where there is none among
/// the newest few hundred about the item.
pub(super) fn last_taken(
    link: &mut Link,
    lane: i32,
    site: &Site,
) -> Result<Option<Taken>, StoreError> {
    let sql = "SELECT seq, leaf, bytes, gateway FROM subject JOIN entry USING (lane, seq) \
        JOIN lane USING (lane) WHERE kind = $1 AND key = $2 AND lane <> $3 \
        ORDER BY position DESC LIMIT $4";
    let kind = i32::from(SubjectKind::Item.code());
    let values: super::link::Values<'_> =
        &[&kind, &site.item.as_str(), &lane, &number(LOOKED_AT_MAX)];
    for row in link.query(sql, values)? {
        let entry = lookup::entry(&row)?;
        if takes_from(&entry, site) {
            return Ok(Some(Taken { gateway: row.get(3), entry }));
        }
    }
    Ok(None)
}

fn takes_from(entry: &Entry, site: &Site) -> bool {
    let lines = match &entry.body {
        Body::Moved { movement, .. } => &movement.lines,
        Body::Reserved { lines, .. } => lines,
        _ => return false,
    };
    lines.iter().any(|line| (&line.item, &line.from) == (&site.item, &site.location))
}
