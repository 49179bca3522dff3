//! Stock at the end of a past day, in two views. *As known*: what the ledger said that evening.
//! *As corrected*: what is known today about that evening: late entries count for the day they say,
//! and values are as later entries revalued them; what was reserved is among the available, because a
//! reservation has no day. The store finds it (`stock_on`); here its values are shared by the rows.

use std::collections::BTreeMap;

use gatewarden_model::{Day, Location};
use gatewarden_stock::{PoolKey, Site};
use gatewarden_store::{BalanceFilter, LedgerReader, PastStock, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Row, Shown, pool_key, share_values};

/// Which view of a past day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum View {
    /// What the ledger said that evening.
    Known,
    /// What is known today about that evening.
    #[default]
    Corrected,
}

impl From<View> for gatewarden_store::View {
    fn from(view: View) -> Self {
        match view {
            View::Known => Self::Known,
            View::Corrected => Self::Corrected,
        }
    }
}

/// The end of which day, where the business's day begins, and which view of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evening {
    /// The day.
    pub(crate) day: Day,
    /// Minutes east of UTC.
    pub(crate) offset_min: i32,
    /// The view.
    pub(crate) view: View,
}

/// Stock at the end of a day.
pub(crate) fn stock(
    ledger: &LedgerReader,
    filter: &BalanceFilter,
    evening: Evening,
    shown: Shown,
) -> Result<Vec<Row>, StoreError> {
    let Evening { day, offset_min, view } = evening;
    let evening = gatewarden_store::Evening { day, offset_min, view: view.into() };
    let past = ledger.stock_on(evening, filter.item.as_ref())?;
    let row = |PastStock { item, location, bucket, quantity }| {
        Row::new(&Site { item, location }, bucket, quantity)
    };
    let mut rows: Vec<Row> = past.stock.into_iter().map(row).collect();
    if shown == Shown::Values {
        let mut totals: BTreeMap<(Site, PoolKey), i64> = BTreeMap::new();
        for row in &rows {
            let key = (Site::new(&row.item, &row.location), pool_key(&row.bucket));
            let total = totals.entry(key).or_default();
            *total = total.saturating_add(row.quantity);
        }
        share_values(&mut rows, |site, key| {
            let key = (site.clone(), key.clone());
            Some((past.values.get(&key).copied()?, totals.get(&key).copied()?))
        });
    }
    rows.retain(|row| matches(filter, row));
    Ok(rows)
}

/// Whether a row is asked for. Filtered last, since a pool's value is shared by all of its rows.
fn matches(filter: &BalanceFilter, row: &Row) -> bool {
    let below = |outer: &Location| {
        let (outer, inner) = (outer.as_str(), row.location.as_str());
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let bucket = &row.bucket;
    filter.item.as_ref().is_none_or(|item| *item == row.item)
        && filter.below.as_ref().is_none_or(below)
        && (!filter.physical || row.location.is_physical())
        && filter.lot.as_ref().is_none_or(|lot| bucket.lot.as_ref() == Some(lot))
        && filter.owner.as_ref().is_none_or(|owner| bucket.owner == *owner)
        && filter.status.is_none_or(|status| bucket.status == status)
        && filter.unit.as_ref().is_none_or(|unit| bucket.unit == *unit)
}
