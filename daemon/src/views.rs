//! What the ledger says about stock: now, on a past day, by age, in a handling unit, of a lot.
//!
//! Reads only, beside the writer. Values and ages are kept by item, place, lot and owner; a row of
//! one status or handling unit shows its share of them, and the shares add up exactly. Values are
//! looked up only where the caller says so (`Shown`); what is hidden is taken out by the mask, as
//! everywhere.

pub(crate) mod ageing;
pub(crate) mod limits;
pub(crate) mod past;
pub(crate) mod people;
pub(crate) mod procedures;
pub(crate) mod reviews;
pub(crate) mod roles;
pub(crate) mod uses;
pub(crate) mod vouchers;

use std::collections::BTreeMap;

use gatewarden_model::{
    AMOUNT_DECIMALS, Amount, Bucket, Field, FieldRights, ItemId, Location, Mask,
};
use gatewarden_stock::{PoolKey, Site, SiteStock, Wants};
use gatewarden_store::{Balance, BalanceFilter, LedgerReader, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// Sites looked up at once.
const SITES_AT_ONCE: usize = 500;

/// Whether values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Quantities only.
    Quantities,
    /// Quantities and values.
    Values,
}

/// A quantity in one bucket at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Row {
    /// The item.
    #[schema(value_type = String)]
    pub(crate) item: ItemId,
    /// Where.
    #[schema(value_type = String)]
    pub(crate) location: Location,
    /// `lot`, `owner`, `status` and `unit`, where they say something.
    #[schema(value_type = Object)]
    #[serde(flatten)]
    pub(crate) bucket: Bucket,
    /// Base units; negative only where no stock is held.
    pub(crate) quantity: i64,
    /// Its share of the value at that place; left out where there is none or it may not be seen.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Amount>,
}

impl Mask for Row {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { item: _, location, bucket, quantity: _, value } = self;
        location.mask(rights);
        bucket.mask(rights);
        if !rights.sees(&Field::Cost) {
            *value = None;
        }
    }
}

impl Row {
    fn new(site: &Site, bucket: Bucket, quantity: i64) -> Self {
        let Site { item, location } = site.clone();
        Self { item, location, bucket, quantity, value: None }
    }
}

/// Stock as it is now.
pub(crate) fn now(
    ledger: &LedgerReader,
    filter: &BalanceFilter,
    shown: Shown,
) -> Result<Vec<Row>, StoreError> {
    let balances = ledger.balances(filter)?;
    let site = |b: &Balance| Site::new(&b.item, &b.location);
    let values = match shown {
        Shown::Quantities => BTreeMap::new(),
        Shown::Values => values(ledger, balances.iter().map(site).collect())?,
    };
    let row = |balance: Balance| {
        let key = (site(&balance), balance.bucket);
        let value = values.get(&key).copied();
        Row { value, ..Row::new(&key.0, key.1, balance.quantity) }
    };
    Ok(balances.into_iter().map(row).collect())
}

/// What is at sites, each looked up once.
fn sites(
    ledger: &LedgerReader,
    mut sites: Vec<Site>,
) -> Result<BTreeMap<Site, SiteStock>, StoreError> {
    sites.sort_unstable();
    sites.dedup();
    let mut found = BTreeMap::new();
    for some in sites.chunks(SITES_AT_ONCE) {
        let wants = Wants { sites: some.iter().cloned().collect(), ..Wants::default() };
        found.extend(ledger.look_up(&wants)?.sites);
    }
    Ok(found)
}

/// The value of every bucket at some sites. All buckets of a pool share it, asked for or not.
fn values(
    ledger: &LedgerReader,
    wanted: Vec<Site>,
) -> Result<BTreeMap<(Site, Bucket), Amount>, StoreError> {
    let mut values = BTreeMap::new();
    for (site, stock) in sites(ledger, wanted)? {
        let buckets = stock.buckets.into_iter();
        let mut rows: Vec<Row> =
            buckets.map(|(bucket, quantity)| Row::new(&site, bucket, quantity)).collect();
        share_values(&mut rows, |_, key| {
            let pool = stock.pools.get(key)?;
            Some((pool.value, pool.quantity()))
        });
        let worth = |row: Row| Some(((site.clone(), row.bucket), row.value?));
        values.extend(rows.into_iter().filter_map(worth));
    }
    Ok(values)
}

/// The pool that a bucket's value is in.
pub(crate) fn pool_key(bucket: &Bucket) -> PoolKey {
    PoolKey { lot: bucket.lot.clone(), owner: bucket.owner.clone() }
}

/// Gives each row its share of its pool: that up to and with it, less that before it, so that the
/// rows of a whole pool add up to its value.
fn share_values(rows: &mut [Row], worth: impl Fn(&Site, &PoolKey) -> Option<(Amount, i64)>) {
    let mut before: BTreeMap<(Site, PoolKey), i64> = BTreeMap::new();
    for row in rows.iter_mut().filter(|row| row.location.holds_stock()) {
        let key = (Site::new(&row.item, &row.location), pool_key(&row.bucket));
        let Some((value, total)) = worth(&key.0, &key.1) else { continue };
        let from = before.entry(key).or_default();
        let upto = from.saturating_add(row.quantity);
        row.value = part(value, *from, upto, total);
        *from = upto;
    }
}

/// What lies between two marks of a whole.
pub(crate) fn part(value: Amount, from: i64, upto: i64, total: i64) -> Option<Amount> {
    let decimals = u8::try_from(AMOUNT_DECIMALS).unwrap_or(u8::MAX);
    let mark = |at| value.share(at, total, decimals);
    mark(upto)?.checked_sub(mark(from)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_model::StockStatus;

    use super::*;

    fn row(status: StockStatus, quantity: i64) -> Row {
        Row {
            item: "A".parse().unwrap(),
            location: "wh1/a".parse().unwrap(),
            bucket: Bucket { status, ..Bucket::default() },
            quantity,
            value: None,
        }
    }

    #[test]
    fn the_rows_of_a_pool_add_up_to_its_value() {
        let mut rows = [
            row(StockStatus::Available, 1),
            row(StockStatus::Blocked, 1),
            row(StockStatus::Reserved, 1),
        ];
        let ten: Amount = "10".parse().unwrap();
        share_values(&mut rows, |_, _| Some((ten, 3)));
        let texts: Vec<String> = rows.iter().map(|r| r.value.unwrap().to_string()).collect();
        assert_eq!(texts, ["3.3333", "3.3334", "3.3333"]);
        assert_eq!(rows.iter().filter_map(|r| r.value).sum::<Amount>(), ten);
    }

    #[test]
    fn places_that_hold_no_stock_have_no_value() {
        let mut rows =
            [Row { location: "@supplier/S".parse().unwrap(), ..row(StockStatus::Available, -3) }];
        share_values(&mut rows, |_, _| Some(("10".parse().unwrap(), 3)));
        assert_eq!(rows[0].value, None);
    }
}
