//! Replays stock and open things from the journal and compares them with their tables.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Bucket, Entry};
use gatewarden_stock::{PoolKey, Site, Stock, Supply, Wants};

use super::{
    Findings, What,
    source::{Source, Table},
};
use crate::{
    StoreError,
    rows::{self, Projector, bucket, pool_text, site, some},
};

/// What the journal makes of stock, days and open things.
pub(super) struct Made {
    projector: Projector,
    live: BTreeMap<String, BTreeSet<u64>>,
    /// One lane of several: its entries alone do not make the stock.
    is_lane: bool,
}

/// Gives what the replay needs of the past; it may also tell of what comes later.
pub(super) type Past<'a> = dyn FnMut(Wants) -> Result<Supply, StoreError> + 'a;

impl Made {
    pub(super) fn new(is_lane: bool) -> Self {
        let projector = Projector::new(Stock::present().seen_by_look_ups(), BTreeMap::new());
        Self { projector, live: BTreeMap::new(), is_lane }
    }

    /// Adds an entry; reports where it does not fit the stock. `told` is whether the entry has a
    /// finding already, of which this would only be the consequence.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        told: bool,
        past: &mut Past<'_>,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let live = entry.live();
        for key in &live.closes {
            self.live.remove(key);
        }
        for key in live.touches {
            self.live.entry(key).or_default().insert(entry.seq);
        }
        if self.is_lane { Ok(()) } else { self.apply_stock(entry, told, past, findings) }
    }

    /// The part of `apply` that is about stock.
    pub(super) fn apply_stock(
        &mut self,
        entry: &Entry,
        told: bool,
        past: &mut Past<'_>,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let stock = &mut self.projector.stock;
        let mut asked = false;
        loop {
            let needs = stock.needs(entry);
            if needs.is_empty() {
                break;
            }
            asked = true;
            let mut supply = past(needs)?;
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
        if asked {
            self.projector.stock.forget_past();
        }
        Ok(())
    }

    /// Compares all tables.
    pub(super) fn compare(
        mut self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare_live(source, findings)?;
        if self.is_lane {
            return Ok(());
        }
        self.compare_days(source, findings)?;
        self.compare_stock(source, findings)
    }

    /// Compares the tables of the stock.
    pub(super) fn compare_stock(
        &self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare_balances(source, findings)?;
        self.compare_pools(source, findings)?;
        self.compare_things(source, findings)?;
        self.compare_lots(source, findings)
    }

    fn compare_live(
        &mut self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let live = &mut self.live;
        source.rows(Table::Live, false, &mut |row| {
            let (key, seq) = (row[0].text(), row[1].int());
            let place = u64::try_from(seq).unwrap_or(u64::MAX);
            let known = live.get_mut(key).is_some_and(|seqs| seqs.remove(&place));
            if !known && !findings.about(place) {
                let message =
                    format!("entry {seq}: live says it keeps {key} open, but it does not");
                findings.add(Some(place), What::Live, message);
            }
            Ok(())
        })?;
        for (key, seqs) in live {
            for seq in seqs.iter().filter(|seq| !findings.about(**seq)).collect::<Vec<_>>() {
                let message = format!("entry {seq}: it keeps {key} open, but live does not say so");
                findings.add(Some(*seq), What::Live, message);
            }
        }
        Ok(())
    }

    fn compare_days(&self, source: &dyn Source, findings: &mut Findings) -> Result<(), StoreError> {
        let journal = self.projector.days().iter().map(|(day, (seq, counted))| {
            let counted = counted.map_or("none".to_owned(), |seq| format!("entry {seq}"));
            let words = format!("its first entry is {seq}, its first that counts {counted}");
            (day.to_string(), words)
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
            table.row(day, words, findings);
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
        let journal = self.projector.stock.sites().flat_map(|(site, there)| {
            there.pools.iter().map(move |(key, pool)| {
                let text = pool_text(pool);
                let key = (site.item.as_str(), site.location.as_str(), key);
                (pool_name(key.0, key.1, key.2), words(text.quantity, text.value, &text.layers))
            })
        });
        let mut table = Listing::new("pool", What::Pool, journal.collect());
        source.rows(Table::Pool, false, &mut |row| {
            let key = PoolKey { lot: some(row[2].text()), owner: some(row[3].text()) };
            let name = pool_name(row[0].text(), row[1].text(), &key);
            table.row(name, words(row[4].int(), row[5].int(), row[6].text()), findings);
            Ok(())
        })?;
        table.finish(findings);
        Ok(())
    }

    fn compare_things(
        &self,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let journal = self
            .projector
            .stock
            .things()
            .map(|(key, facts)| (format!("thing {key}"), rows::thing_words(facts)));
        let mut table = Listing::new("thing", What::Thing, journal.collect());
        source.rows(Table::Thing, false, &mut |row| {
            let name = |at: usize| if row[at].text().is_empty() { "none" } else { row[at].text() };
            let words = format!(
                "item {}, lot {}, serial {}, place {}, unit {}, commissioned {}, entry {}",
                name(1),
                name(2),
                name(3),
                name(4),
                name(5),
                row[6].int(),
                row[7].int()
            );
            table.row(format!("thing {}", row[0].text()), words, findings);
            Ok(())
        })?;
        table.finish(findings);
        Ok(())
    }

    fn compare_lots(&self, source: &dyn Source, findings: &mut Findings) -> Result<(), StoreError> {
        let words = |expires: &str, seq: i64| {
            let expires = if expires.is_empty() { "none" } else { expires };
            format!("last day {expires}, entry {seq}")
        };
        let journal = self.projector.stock.lots().map(|(item, lot, facts)| {
            let expires = facts.expires.map(|day| day.to_string()).unwrap_or_default();
            (format!("lot {lot} of {item}"), words(&expires, crate::projection::number(facts.seq)))
        });
        let mut table = Listing::new("lot", What::Lot, journal.collect());
        source.rows(Table::Lot, false, &mut |row| {
            let name = format!("lot {} of {}", row[1].text(), row[0].text());
            table.row(name, words(row[2].text(), row[3].int()), findings);
            Ok(())
        })?;
        table.finish(findings);
        Ok(())
    }
}

/// A table of few rows, compared as words under names.
struct Listing {
    table: &'static str,
    what: What,
    journal: BTreeMap<String, String>,
}

impl Listing {
    fn new(table: &'static str, what: What, journal: BTreeMap<String, String>) -> Self {
        Self { table, what, journal }
    }

    fn row(&mut self, name: String, stored: String, findings: &mut Findings) {
        let table = self.table;
        let message = match self.journal.remove(&name) {
            Some(words) if words == stored => return,
            Some(words) => format!("{name}: {table} says {stored}; the journal says {words}"),
            None => format!("{name}: {table} says {stored}; the journal knows of none"),
        };
        findings.add(None, self.what, message);
    }

    fn finish(self, findings: &mut Findings) {
        for (name, words) in self.journal {
            let message =
                format!("{name}: it is missing in {}, the journal says {words}", self.table);
            findings.add(None, self.what, message);
        }
    }
}

fn balance_name(site: &Site, bucket: &Bucket) -> String {
    let of = |label: &str, part: &Option<String>| {
        part.as_ref().map(|part| format!(" {label} {part}")).unwrap_or_default()
    };
    let status = match bucket.status {
        gatewarden_model::StockStatus::Available => String::new(),
        status => format!(" in status {}", status.name()),
    };
    let parts =
        [of("lot", &bucket.lot), of("of", &bucket.owner), status, of("in unit", &bucket.unit)];
    format!("stock of {}{} at {}", site.item, parts.concat(), site.location)
}

fn pool_name(item: &str, location: &str, key: &PoolKey) -> String {
    let of = |label: &str, part: &Option<String>| {
        part.as_ref().map(|part| format!(" {label} {part}")).unwrap_or_default()
    };
    format!("pool of {item}{}{} at {location}", of("lot", &key.lot), of("of", &key.owner))
}
