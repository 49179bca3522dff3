//! Replays stock and open things from the journal and compares them with their tables.

use std::collections::BTreeMap;

use gatewarden_model::{Bucket, Entry};
use gatewarden_stock::{PoolKey, Site, Stock, Supply, Wants};

use super::{
    Findings, What,
    digest::{RowKeys, Sum},
    listing::{Listing, balance_name, differs, pool_name},
    live::{self, Open},
    source::{Source, Table},
    things::{self, Gone},
};
use crate::{
    StoreError,
    rows::{PoolText, Projector, bucket, none_or, pool_text, site, some},
};

/// What the journal makes of stock, days, things and open things.
pub(super) struct Made {
    projector: Projector,
    open: Open,
    /// None where things can't be looked up again; all of them stay in the stock then.
    gone: Option<Gone>,
    keys: RowKeys,
    /// One lane of several: its entries alone do not make the stock.
    is_lane: bool,
}

/// Gives what the replay needs of the past; it may also tell of what comes later.
pub(super) trait Past {
    /// What `wants` asks of movements and histories.
    fn past(&mut self, wants: Wants) -> Result<Supply, StoreError>;

    /// Where single entries can be read.
    fn source(&self) -> Option<&dyn Source>;
}

/// The sums of the tables that `Made` is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TableSums {
    things: Sum,
    open: Sum,
}

impl TableSums {
    /// Of the tables as they are; calls `pause` with each row.
    pub(super) fn of_tables(
        keys: &RowKeys,
        source: &dyn Source,
        is_lane: bool,
        pause: &mut dyn FnMut(),
    ) -> Result<Self, StoreError> {
        let open = live::of_table(keys, source, pause)?;
        // Those of several lanes are compared together.
        let things = if is_lane { Sum::default() } else { things::of_table(keys, source, pause)? };
        Ok(Self { things, open })
    }
}

impl Made {
    pub(super) fn new(keys: &RowKeys, is_lane: bool) -> Self {
        let projector = Projector::new(Stock::present().seen_by_look_ups(), BTreeMap::new());
        let (open, keys) = (Open::new(keys.clone()), keys.clone());
        Self { projector, open, gone: None, keys, is_lane }
    }

    /// Adds an entry; reports where it does not fit the stock. `told` is whether the entry has a
    /// finding already, of which this would only be the consequence.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        told: bool,
        past: &mut dyn Past,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.open.apply(entry);
        if self.is_lane { Ok(()) } else { self.apply_stock(entry, told, past, findings) }
    }

    /// The part of `apply` that is about stock.
    pub(super) fn apply_stock(
        &mut self,
        entry: &Entry,
        told: bool,
        past: &mut dyn Past,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let stock = &mut self.projector.stock;
        if let Some(source) = past.source() {
            let gone = self.gone.get_or_insert_with(|| Gone::new(self.keys.clone()));
            gone.recall(entry, stock, source)?;
        }
        let mut asked = false;
        loop {
            let needs = stock.needs(entry);
            if needs.is_empty() {
                break;
            }
            asked = true;
            let mut supply = past.past(needs)?;
            supply.movements.retain(|_, found| found.seq < entry.seq);
            for history in supply.histories.values_mut() {
                history.retain(|found| found.seq < entry.seq);
            }
            stock.supply(supply);
        }
        if let Err(error) = self.projector.replay(entry)
            && !told
        {
            findings.add(Some(entry.seq), What::Rule, error.to_string());
        }
        if let Some(gone) = &mut self.gone {
            gone.dismiss(entry, &mut self.projector.stock);
        }
        if asked {
            self.projector.stock.forget_past();
        }
        Ok(())
    }

    /// Compares all tables.
    pub(super) fn compare(
        self,
        tables: TableSums,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        if self.open.sum() != tables.open {
            live::locate(source, findings)?;
            findings.add_unnamed(What::Live, "live");
        }
        if self.is_lane {
            return Ok(());
        }
        self.compare_days(source, findings)?;
        self.compare_stock(tables, source, findings)
    }

    /// Compares the tables of the stock.
    pub(super) fn compare_stock(
        self,
        tables: TableSums,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare_balances(source, findings)?;
        self.compare_pools(source, findings)?;
        let lots = self.compare_lots(source)?;
        let gone = self.gone.unwrap_or_else(|| Gone::new(self.keys));
        if gone.sum(&self.projector.stock) != tables.things {
            gone.locate(&self.projector.stock, source, findings)?;
            findings.add_unnamed(What::Thing, "thing");
        }
        findings.join(lots);
        Ok(())
    }

    fn compare_days(&self, source: &dyn Source, findings: &mut Findings) -> Result<(), StoreError> {
        let journal = self.projector.days().iter().map(|(day, (seq, counted))| {
            let counted = counted.map_or("none".to_owned(), |seq| format!("entry {seq}"));
            let words = format!("its first entry is {seq}, its first that counts {counted}");
            (day.to_string(), (day.to_string(), words))
        });
        let mut table = Listing::new("day", What::Day, journal.collect());
        source.rows(Table::Day, false, &mut |row| {
            let day = gatewarden_model::Day::from_number(row[0].int()).to_string();
            let counted = match row[2] {
                super::source::Cell::Int(seq) => format!("entry {seq}"),
                _ => "none".to_owned(),
            };
            let seq = row[1].int();
            let words = format!("its first entry is {seq}, its first that counts {counted}");
            table.row(&day, &day, words, findings);
            Ok(())
        })?;
        table.finish(findings);
        Ok(())
    }

    fn compare_balances(
        &self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let stock = &self.projector.stock;
        let mut met = 0;
        source.rows(Table::Balance, false, &mut |row| {
            let stored = row[6].int();
            let key = bucket(row[2].text(), row[3].text(), row[4].text(), row[5].text());
            let key = site(row[0].text(), row[1].text()).ok().zip(key);
            let journal = key.as_ref().map_or(0, |(site, bucket)| stock.quantity(site, bucket));
            met += u64::from(journal != 0);
            if journal != stored || stored == 0 {
                let name = match &key {
                    Some((site, bucket)) => balance_name(site, bucket),
                    None => format!("stock of {} at {}", row[0].text(), row[1].text()),
                };
                let message = format!("{name} is {stored} in balance, the journal says {journal}");
                findings.add(None, What::Balance, message);
            }
            Ok(())
        })?;
        let all = || {
            stock.sites().flat_map(|(site, there)| {
                there.buckets.iter().map(move |(bucket, quantity)| (site, bucket, *quantity))
            })
        };
        if met == all().count() as u64 {
            return Ok(());
        }
        let mut journal: BTreeMap<(Site, Bucket), i64> =
            all().map(|(site, bucket, n)| ((site.clone(), bucket.clone()), n)).collect();
        source.rows(Table::Balance, false, &mut |row| {
            let key = bucket(row[2].text(), row[3].text(), row[4].text(), row[5].text());
            if let Some(key) = site(row[0].text(), row[1].text()).ok().zip(key) {
                journal.remove(&key);
            }
            Ok(())
        })?;
        for ((site, bucket), quantity) in journal {
            let name = balance_name(&site, &bucket);
            let message = format!("{name} is missing in balance, the journal says {quantity}");
            findings.add(None, What::Balance, message);
        }
        Ok(())
    }

    fn compare_pools(
        &self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let words = |quantity: i64, value: i64, layers: &str| {
            format!("quantity {quantity}, value {value}, layers {layers:?}")
        };
        let all = || {
            let sites = self.projector.stock.sites();
            sites.flat_map(|(site, there)| there.pools.iter().map(move |pool| (site, pool)))
        };
        let mut met = 0;
        source.rows(Table::Pool, false, &mut |row| {
            let key = PoolKey { lot: some(row[2].text()), owner: some(row[3].text()) };
            let site = site(row[0].text(), row[1].text()).ok();
            let pool = site.and_then(|site| self.projector.stock.site(&site)?.pools.get(&key));
            let told = pool.map(pool_text);
            let (quantity, value, layers) = (row[4].int(), row[5].int(), row[6].text());
            met += u64::from(told.is_some());
            let is_same = |text: &PoolText| {
                (text.quantity, text.value, text.layers.as_str()) == (quantity, value, layers)
            };
            if told.as_ref().is_some_and(is_same) {
                return Ok(());
            }
            let name = pool_name(row[0].text(), row[1].text(), &key);
            let stored = words(quantity, value, layers);
            let journal = told.map(|text| words(text.quantity, text.value, &text.layers));
            findings.add(None, What::Pool, differs(&name, "pool", &stored, journal.as_deref()));
            Ok(())
        })?;
        if met == all().count() as u64 {
            return Ok(());
        }
        let journal =
            all().map(|(site, (key, pool))| ((site.clone(), key.clone()), pool_text(pool)));
        let mut journal: BTreeMap<(Site, PoolKey), PoolText> = journal.collect();
        source.rows(Table::Pool, false, &mut |row| {
            let key = PoolKey { lot: some(row[2].text()), owner: some(row[3].text()) };
            if let Ok(site) = site(row[0].text(), row[1].text()) {
                journal.remove(&(site, key));
            }
            Ok(())
        })?;
        for ((site, key), text) in journal {
            let name = pool_name(site.item.as_str(), site.location.as_str(), &key);
            let words = words(text.quantity, text.value, &text.layers);
            let message = format!("{name}: it is missing in pool, the journal says {words}");
            findings.add(None, What::Pool, message);
        }
        Ok(())
    }

    fn compare_lots(&self, source: &dyn Source) -> Result<Findings, StoreError> {
        let mut findings = Findings::default();
        let words = |expires: &str, seq: i64| format!("last day {}, entry {seq}", none_or(expires));
        let journal = self.projector.stock.lots().map(|(item, lot, facts)| {
            let expires = facts.expires.map(|day| day.to_string()).unwrap_or_default();
            let words = words(&expires, crate::projection::number(facts.seq));
            (lot_key(item.as_str(), lot), (format!("lot {lot} of {item}"), words))
        });
        let mut table = Listing::new("lot", What::Lot, journal.collect());
        source.rows(Table::Lot, false, &mut |row| {
            let (item, lot) = (row[0].text(), row[1].text());
            let stored = words(row[2].text(), row[3].int());
            let name = format!("lot {lot} of {item}");
            table.row(&lot_key(item, lot), &name, stored, &mut findings);
            Ok(())
        })?;
        table.finish(&mut findings);
        Ok(findings)
    }
}

/// No item's code has this character, so a key means one lot only.
fn lot_key(item: &str, lot: &str) -> String {
    format!("{item}\u{1f}{lot}")
}
